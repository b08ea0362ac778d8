"""A customer pays on a phone: a part, with another card after a refusal, by bank debit. Each page on a desktop too."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.support.chromium import problems, problems_at_both_sizes
from tests.support.debtors import new_number, row
from tests.support.deployment import WAIT_SECONDS, Deployment
from tests.support.emulator import eventually

SignIn = Callable[[str], Page]
GOOD_CARD, REFUSED_CARD = "4242 4242 4242 4242", "4000 0000 0000 9995"


@pytest.fixture(scope="module")
def numbers(deployed: Deployment) -> tuple[str, str, str]:
    """Three customers with two invoices each."""
    numbers = (new_number(), new_number(), new_number())
    deployed.owe(*(row(number, invoice) for number in numbers for invoice in ("1", "2")))
    return numbers


def fill_in_card(page: Page, card: str) -> None:
    """Type a card into the gateway's page and send it."""
    page.get_by_label("Full name").fill("Pat Example")
    page.get_by_label("Card number").fill(card)
    page.get_by_label("Expiry").fill("12 / 40")
    page.get_by_label("Security code").fill("123")
    page.get_by_role("button", name=re.compile("^Pay")).click()


def wait_until_paid(page: Page) -> None:
    """The page looks again by itself until the webhook has come."""
    expect(page.get_by_role("heading", level=1)).to_have_text("We have your payment", timeout=60_000)


def test_a_refused_card_is_told_and_another_one_pays_the_chosen_invoice(
    deployed: Deployment, customer_on: SignIn, numbers: tuple[str, str, str]
) -> None:
    page = customer_on(numbers[1])
    page.get_by_label(f"{numbers[1]}-2").check()
    page.get_by_role("button", name="Pay chosen invoices").click()

    page.wait_for_url(f"{deployed.stack.stripe_endpoint}/c/**")
    fill_in_card(page, REFUSED_CARD)
    expect(page.get_by_role("alert")).to_contain_text("insufficient funds")
    wrong = problems(page)
    fill_in_card(page, GOOD_CARD)

    page.wait_for_url(f"{deployed.view.urls['portal']}/paid**")
    wait_until_paid(page)
    wrong += problems_at_both_sizes(page)
    assert not wrong, "\n".join(wrong)
    account = deployed.account(numbers[1])
    assert account.balances == {"USD": 12_000}
    assert [one.invoice.number for one in account.open_invoices] == [f"{numbers[1]}-1"]


def test_a_bank_debit_waits_for_the_bank_and_settles_days_later(
    deployed: Deployment, customer_on: SignIn, numbers: tuple[str, str, str]
) -> None:
    number = numbers[2]
    page = customer_on(number)
    page.get_by_role("button", name="Pay all $240.00").click()
    page.get_by_label("US bank account").check()
    page.get_by_label("Full name").fill("Pat Example")
    page.get_by_label("Routing number").fill("110000000")
    page.get_by_label("Account number").fill("000123456789")
    page.get_by_role("button", name=re.compile("^Pay")).click()

    expect(page.get_by_role("heading", level=1)).to_have_text("Your bank is confirming the payment", timeout=60_000)
    wrong = problems_at_both_sizes(page)
    page.get_by_role("link", name="Back to your account").click()
    expect(page.get_by_text("is on its way from your bank")).to_be_visible()
    wrong += problems_at_both_sizes(page)
    assert deployed.account(number).balances == {"USD": 24_000}, "money that is on its way is not there"

    deployed.settle_debit(number)
    eventually(lambda: deployed.account(number).balances == {}, WAIT_SECONDS)
    page.reload()
    expect(page.get_by_text("Nothing is open.")).to_be_visible()
    wrong += problems_at_both_sizes(page)
    assert not wrong, "\n".join(wrong)
