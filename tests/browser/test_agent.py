"""An agent at the console on a phone: sign in, the worklist, a case, an outcome."""

from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Page, expect

from infra.local.demo import steps
from tests.support.chromium import problems
from tests.support.debtors import new_number, row
from tests.support.deployment import Deployment


@pytest.fixture(scope="module")
def waiting(deployed: Deployment) -> str:
    """The number of a customer whose case waits for an agent."""
    number = new_number()
    deployed.owe(row(number, "1", overdue_days=45, amount="98765.43"), row(number, "2", overdue_days=12))
    deployed.remind(number)
    deployed.escalate(number)
    return number


def sign_in(page: Page, deployed: Deployment, password: str = steps.AGENT_PASSWORD) -> None:
    """By keyboard: the address, Tab, the password, Enter."""
    page.goto(f"{deployed.view.urls['console']}/sign-in")
    page.get_by_label("E-mail address").focus()
    page.keyboard.type(steps.AGENT_EMAIL)
    page.keyboard.press("Tab")
    page.keyboard.type(password)
    page.keyboard.press("Enter")


def test_an_agent_signs_in_and_records_what_came_of_a_case(deployed: Deployment, phone: Page, waiting: str) -> None:
    name = f"Customer {waiting}"
    phone.goto(f"{deployed.view.urls['console']}/sign-in")
    wrong = problems(phone)

    sign_in(phone, deployed)
    expect(phone.get_by_role("heading", level=1)).to_have_text("Worklist")
    wrong += problems(phone)
    phone.get_by_role("link", name=name).focus()
    phone.keyboard.press("Enter")

    expect(phone.get_by_role("heading", level=1)).to_have_text(name)
    wrong += problems(phone)
    phone.get_by_role("button", name="Assign to me").click()
    expect(phone.get_by_role("status")).to_have_text("The case is yours.")
    phone.get_by_label("Reached the customer").focus()
    phone.keyboard.press("Space")
    phone.get_by_label("They called, and we talked").focus()
    phone.keyboard.press("Space")
    phone.get_by_label("Note").fill("Will call back on Thursday")
    phone.get_by_role("button", name="Record").focus()
    phone.keyboard.press("Enter")

    expect(phone.get_by_role("status")).to_contain_text("Your note is kept.")
    wrong += problems(phone)
    assert not wrong, "\n".join(wrong)
    (case,) = deployed.cases(waiting)
    assert case.assigned_to == steps.AGENT_EMAIL
    assert [entry.note for entry in case.history] == ["Will call back on Thursday"]


def test_an_agent_keeps_a_promise_made_on_the_phone(deployed: Deployment, phone: Page) -> None:
    number = new_number()
    deployed.owe(row(number, "1", overdue_days=12, amount="150.00"))
    sign_in(phone, deployed)
    phone.get_by_label("Customer number").fill(number)
    phone.keyboard.press("Enter")
    phone.get_by_role("link", name="Agreements").click()
    expect(phone.get_by_role("heading", level=1)).to_have_text(f"Agreements with Customer {number}")
    wrong = problems(phone)

    phone.get_by_text("Promise to pay").click()
    phone.get_by_label("By", exact=True).fill((datetime.now(UTC).date() + timedelta(days=5)).isoformat())
    phone.get_by_role("button", name="Keep the promise").click()

    expect(phone.get_by_role("status")).to_contain_text("The promise is kept.")
    wrong += problems(phone)
    assert not wrong, "\n".join(wrong)


def test_a_wrong_password_is_told_on_a_page_that_works(deployed: Deployment, refused_phone: Page) -> None:
    page = refused_phone
    sign_in(page, deployed, password="Not-the-password-1")

    expect(page.get_by_role("alert")).to_be_visible()
    assert problems(page) == []


@pytest.mark.parametrize("area", ["Tasks", "Messages"])
def test_every_area_fits_a_phone_and_a_screen_reader(deployed: Deployment, phone: Page, area: str) -> None:
    sign_in(phone, deployed)
    phone.get_by_role("link", name=area, exact=True).click()
    expect(phone.get_by_role("heading", level=1)).to_have_text(area)
    assert not problems(phone)
