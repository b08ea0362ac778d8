"""A customer with a phone: from the mail to the settled account."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.support.chromium import problems, problems_at_both_sizes
from tests.support.debtors import new_number, row
from tests.support.deployment import WAIT_SECONDS, Deployment
from tests.support.emulator import eventually

LONG_NAME = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft mbH"


@pytest.fixture(scope="module")
def number(deployed: Deployment) -> str:
    """A customer with two invoices, reminded by mail."""
    number = new_number()
    deployed.owe(row(number, "1", customer_name=LONG_NAME), row(number, "2", amount="234567.89"))
    deployed.remind(number)
    return number


def code_in_mail(deployed: Deployment, address: str, earlier: int) -> str:
    """The sign-in code of the mail after the earlier ones."""
    mail = eventually(lambda: deployed.mails(address)[earlier:], WAIT_SECONDS)[0]
    found = re.search(r"\b(\d{3}) ?(\d{3})\b", mail["text"])
    assert found
    return found[1] + found[2]


def type_and_enter(page: Page, label: str, text: str) -> None:
    """Fill in a field by keyboard and send its form."""
    page.get_by_label(label).focus()
    page.keyboard.type(text)
    page.keyboard.press("Enter")


def test_a_reminded_customer_pays_with_the_keyboard_alone(deployed: Deployment, phone: Page, number: str) -> None:
    address = deployed.account(number).customer.email
    wrong: list[str] = []

    phone.goto(f"{deployed.stack.ses_endpoint}/?to={address}")
    wrong += problems(phone)
    phone.locator("ul.messages a").first.click()
    wrong += problems(phone)
    with phone.expect_popup() as opened:
        phone.frame_locator("iframe.mail").get_by_role("link", name="See your account and pay").click()
    portal = opened.value
    portal.set_viewport_size({"width": 375, "height": 812})

    expect(portal.get_by_role("heading", level=1)).to_have_text("Confirm that it is you")
    wrong += problems_at_both_sizes(portal)
    earlier = len(deployed.mails(address))
    type_and_enter(portal, "Customer number or postcode", number)

    expect(portal.get_by_role("heading", level=1)).to_have_text("Enter your code")
    wrong += problems_at_both_sizes(portal)
    type_and_enter(portal, "Six-digit code", code_in_mail(deployed, address, earlier))

    expect(portal.get_by_role("heading", level=1)).to_have_text("Your account")
    wrong += problems_at_both_sizes(portal)
    portal.get_by_role("button", name="Pay all $234,687.89").focus()
    portal.keyboard.press("Enter")

    portal.wait_for_url(f"{deployed.stack.stripe_endpoint}/c/**")
    wrong += problems(portal)
    portal.get_by_label("Full name").fill("Pat Example")
    portal.get_by_label("Card number").fill("4242 4242 4242 4242")
    portal.get_by_label(re.compile("Expir")).fill("12 / 40")
    type_and_enter(portal, re.compile("CVC|Security code"), "123")  # type: ignore[arg-type]

    portal.wait_for_url(f"{deployed.view.urls['portal']}/paid**")
    # The page looks again by itself until the webhook has come.
    expect(portal.get_by_role("heading", level=1)).to_have_text("We have your payment", timeout=60_000)
    wrong += problems_at_both_sizes(portal)
    portal.get_by_role("link", name="Back to your account").click()
    expect(portal.get_by_text("Nothing is open.")).to_be_visible()
    wrong += problems_at_both_sizes(portal)

    assert not wrong, "\n".join(wrong)
    assert deployed.account(number).balances == {}


def test_the_page_that_stops_mail_asks_first_and_then_confirms(deployed: Deployment, phone: Page, number: str) -> None:
    phone.goto(f"{deployed.view.urls['portal']}/stop/{deployed.issue_link(number, 'stop')}")
    wrong = problems_at_both_sizes(phone)
    phone.get_by_role("button", name="Stop e-mail").click()
    expect(phone.get_by_role("heading", level=1)).not_to_have_text("Stop e-mail from us?")
    wrong += problems_at_both_sizes(phone)

    assert not wrong, "\n".join(wrong)
    assert deployed.account(number).customer.opted_out == {"email"}


def test_a_wrong_code_is_told_on_a_page_that_works(deployed: Deployment, refused_phone: Page) -> None:
    page = refused_phone
    page.goto(f"{deployed.view.urls['portal']}/code")
    type_and_enter(page, "Six-digit code", "000000")

    expect(page.get_by_role("alert")).to_contain_text("That code did not work.")
    assert problems(page) == []
