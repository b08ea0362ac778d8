"""A customer agrees, promises, disputes and changes the language on a phone. Each page on a desktop too."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect

from tests.browser.test_customer_pays import fill_in_card, wait_until_paid
from tests.support.chromium import problems_at_both_sizes
from tests.support.debtors import new_number, row
from tests.support.deployment import WAIT_SECONDS, Deployment
from tests.support.emulator import eventually

SignIn = Callable[[str], Page]
CARD = "4242 4242 4242 4242"
A_WEEK = timedelta(days=7)


@pytest.fixture(scope="module")
def numbers(deployed: Deployment) -> tuple[str, str]:
    """Two customers with two invoices each."""
    numbers = (new_number(), new_number())
    deployed.owe(*(row(number, invoice, amount="300.00") for number in numbers for invoice in ("1", "2")))
    return numbers


@pytest.fixture(scope="module")
def disputing(deployed: Deployment) -> str:
    """A customer with one invoice."""
    number = new_number()
    deployed.owe(row(number))
    return number


def in_a_week(deployed: Deployment) -> str:
    """A day that people may name; by the deployment's clock, which other tests move on."""
    return (deployed.now() + A_WEEK).date().isoformat()


def heading(page: Page, words: str) -> None:
    """The page is the one with this heading."""
    expect(page.get_by_role("heading", level=1)).to_have_text(words)


def test_a_plan_is_found_agreed_to_and_its_first_instalment_paid_and_the_card_kept(
    deployed: Deployment, customer_on: SignIn, numbers: tuple[str, str]
) -> None:
    page = customer_on(numbers[0])
    wrong = problems_at_both_sizes(page)
    page.get_by_role("link", name="I can't pay all now").click()
    heading(page, "I can't pay all now")
    wrong += problems_at_both_sizes(page)

    page.get_by_role("link", name="Find a plan").click()
    heading(page, "Find a plan you can keep")
    wrong += problems_at_both_sizes(page)
    page.get_by_label("How much can you pay each time").fill("200")
    page.get_by_label("Every month").check()
    page.get_by_label("When is your next payday?").fill(in_a_week(deployed))
    page.get_by_role("button", name="Show plans").click()

    heading(page, "Plans for you")
    expect(page.get_by_text("Fits best")).to_be_visible()
    wrong += problems_at_both_sizes(page)
    page.get_by_role("button", name=re.compile("^Choose 3 payments")).click()

    heading(page, "Check your plan")
    expect(page.get_by_text(re.compile("I agree to pay \\$600.00")).first).to_be_visible()
    wrong += problems_at_both_sizes(page)
    page.get_by_role("button", name="Agree and pay $200.00 now").click()
    fill_in_card(page, CARD)
    wait_until_paid(page)

    agreement = eventually(lambda: _debited(deployed, numbers[0]), WAIT_SECONDS)
    page.goto(f"{deployed.view.urls['portal']}/plan/{agreement}")
    heading(page, "Your payment plan")
    expect(page.get_by_text("$200.00 of $600.00 paid")).to_be_visible()
    expect(page.get_by_text("It will be debited from Visa")).to_be_visible()
    wrong += problems_at_both_sizes(page)
    page.get_by_role("link", name="Payment methods").click()
    heading(page, "Saved payment methods")
    wrong += problems_at_both_sizes(page)
    assert not wrong, "\n".join(wrong)
    assert deployed.account(numbers[0]).balances == {"USD": 40_000}


def _debited(deployed: Deployment, number: str) -> str | None:
    """The customer's plan, once its instalments are debited from a saved method."""
    (plan,) = deployed.account(number).agreements.values()
    return plan.agreement_id if plan.authorisation and plan.authorisation.method_id else None


def test_a_promise_is_made_and_stops_reminders(
    deployed: Deployment, customer_on: SignIn, numbers: tuple[str, str]
) -> None:
    page = customer_on(numbers[1])
    page.get_by_role("link", name="I can't pay all now").click()
    page.get_by_role("link", name="Promise a day").click()
    heading(page, "Promise a day")
    page.get_by_label("Amount in USD").fill("9999")
    page.get_by_label("By which day?").fill(in_a_week(deployed))
    wrong = problems_at_both_sizes(page)
    page.get_by_label("Amount in USD").fill("600")
    page.get_by_role("button", name="I promise to pay this").click()

    heading(page, "Your promise")
    expect(page.get_by_role("status")).to_contain_text("Your promise is noted")
    wrong += problems_at_both_sizes(page)
    (promise,) = deployed.account(numbers[1]).agreements.values()
    assert deployed.account(numbers[1]).paused_invoices(deployed.now().date()) == frozenset(promise.invoice_ids)

    page.get_by_role("link", name="Messages").click()
    heading(page, "Messages")
    wrong += problems_at_both_sizes(page)
    page.goto(f"{deployed.view.urls['portal']}/why?currency=USD")
    heading(page, "Why am I offered this?")
    wrong += problems_at_both_sizes(page)
    assert not wrong, "\n".join(wrong)


def test_the_language_is_changed_at_the_foot_of_the_page(
    deployed: Deployment, customer_on: SignIn, numbers: tuple[str, str]
) -> None:
    page = customer_on(numbers[1])
    page.get_by_role("button", name="Deutsch").click()

    heading(page, "Ihr Konto")
    expect(page.locator("html")).to_have_attribute("lang", re.compile("^de"))
    page.get_by_role("link", name="Einen Teil zahlen").click()
    heading(page, "Einen Teil zahlen")
    wrong = problems_at_both_sizes(page)
    page.get_by_label("Betrag in USD").fill("12,50")
    page.get_by_role("button", name="Weiter zur Zahlung").click()
    page.wait_for_url(f"{deployed.stack.stripe_endpoint}/c/**")
    expect(page.get_by_role("heading", level=1)).to_have_text("$12.50")
    assert not wrong, "\n".join(wrong)
    assert deployed.account(numbers[1]).customer.language == "de"


def test_an_invoice_is_disputed_in_part_and_the_page_says_what_follows(
    deployed: Deployment, customer_on: SignIn, disputing: str
) -> None:
    page = customer_on(disputing)
    page.get_by_role("link", name=f"Invoice {disputing}-1").click()
    wrong = problems_at_both_sizes(page)
    page.get_by_role("link", name="Something is wrong with this invoice").click()
    heading(page, "Something is wrong with this invoice")
    wrong += problems_at_both_sizes(page)
    page.get_by_label("The amount is wrong").check()
    page.get_by_label("A part of it").check()
    page.get_by_label("Amount of the part").fill("40")
    page.get_by_label("What happened?").fill("Two boxes were missing.")
    page.get_by_role("button", name="Send the dispute").click()

    expect(page.get_by_role("status")).to_contain_text("We have your dispute")
    wrong += problems_at_both_sizes(page)
    (item,) = deployed.account(disputing).open_invoices
    assert item.disputed_minor == 4_000

    page.get_by_role("link", name="Contact us").click()
    page.wait_for_url("**/contact")
    wrong += problems_at_both_sizes(page)
    page.get_by_role("link", name="Preferences").click()
    page.wait_for_url("**/preferences")
    wrong += problems_at_both_sizes(page)
    assert not wrong, "\n".join(wrong)
