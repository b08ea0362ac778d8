"""An agent on a phone: a customer's page, every form of it opened, a hold placed and lifted, two records compared."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.test_agent import sign_in
from tests.support.chromium import problems
from tests.support.debtors import new_number, row
from tests.support.deployment import Deployment

_UNSEEN = "document.querySelectorAll('[data-seen]').forEach(one => one.removeAttribute('data-seen'))"
"""A walk over the page by keyboard marks what it saw; the opened forms are walked over anew."""


@pytest.fixture(scope="module")
def numbers(deployed: Deployment) -> tuple[str, str]:
    """Two customers, the first with a long name."""
    one, two = new_number(), new_number()
    name = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft mbH"
    deployed.owe(
        row(one, "1", customer_name=name, amount="234567.89"), row(one, "2", customer_name=name, disputed="yes")
    )
    deployed.owe(row(two))
    return one, two


def test_an_agent_finds_a_customer_and_holds_and_compares(
    deployed: Deployment, phone: Page, numbers: tuple[str, str]
) -> None:
    one, two = numbers
    sign_in(phone, deployed)
    expect(phone.get_by_role("heading", level=1)).to_have_text("Worklist")
    phone.get_by_label("Customer number").fill("nobody")
    phone.keyboard.press("Enter")
    expect(phone.get_by_role("status")).to_contain_text("No customer has the number nobody")
    wrong = problems(phone)
    phone.get_by_label("Customer number").fill(one)
    phone.keyboard.press("Enter")

    expect(phone.get_by_role("heading", level=1)).to_contain_text("Donaudampf")
    wrong += problems(phone)
    for summary in phone.locator("summary").all():
        summary.press("Enter")
    phone.evaluate(_UNSEEN)
    wrong += problems(phone)
    phone.get_by_label("Why").select_option("attorney")
    phone.get_by_label("Note").fill("Letter of Monday")
    phone.get_by_role("button", name="Place the hold").press("Enter")
    expect(phone.get_by_role("status")).to_contain_text("The hold is placed.")
    wrong += problems(phone)
    phone.get_by_role("button", name="Lift the hold: Attorney").press("Enter")
    expect(phone.get_by_role("status")).to_contain_text("The hold is lifted.")

    phone.get_by_label("Number of the other record").fill(two)
    phone.keyboard.press("Enter")
    expect(phone.get_by_role("heading", level=1)).to_have_text("Are they one customer?")
    wrong += problems(phone)
    assert not wrong, "\n".join(wrong)
    (hold,) = deployed.account(one).customer.holds
    assert (hold.note, hold.lifted_at is not None) == ("Letter of Monday", True)
