"""Paying a part, saved payment methods, messages and reasons, as a customer's browser meets them."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from dunwell.accounts.holds import Hold
from dunwell.accounts.model import Channel
from dunwell.errors import UnavailableError
from dunwell.ledger.debits import AttemptStatus, MethodStatus
from dunwell.ledger.model import Account
from dunwell.outreach.contact import ContactStatus
from dunwell.outreach.notices import Notice
from dunwell.payments.due import due_debits
from dunwell.payments.gateway_events import GatewayEventKind
from dunwell.payments.ports import PaymentStatus
from dunwell.payments.stops import Hours
from dunwell.scoring.assessment import Assessment, ScoreReason
from dunwell_aws.agreed import PolicyArrangements
from functions.portal import app as portal_app
from tests.support.agreements import method
from tests.support.browser import text
from tests.support.ledger import paid
from tests.support.outreach import sent
from tests.support.portal import NOW, account, changed, customer, invoice
from tests.support.portal_app import PortalWorld
from tests.support.portal_deals import agreed_plan, followed, forms, proposed_plan, send


@pytest.fixture
def world() -> Iterator[PortalWorld]:
    yield PortalWorld()
    portal_app.use(None)


def anna(world: PortalWorld) -> Account:
    return world.ledger.accounts["cus_anna"]


def pay_part(world: PortalWorld, browser: Any, currency: str = "USD", **fields: Any) -> Any:
    return send(browser, browser.get(f"/part?currency={currency}"), "/part", **fields)


# --- a part ---


def test_a_part_is_paid_for_the_oldest_invoices_first() -> None:
    two = account(invoice("A1", 10_000, date(2026, 10, 31)), invoice("A2", 10_000, date(2026, 9, 30)))
    world = PortalWorld(two)
    browser = world.signed_in()
    assert pay_part(world, browser, amount="150").headers["Location"] == "https://checkout.example/1"
    (order,) = world.orders.orders("cus_anna")
    assert [(line.number, line.amount_minor) for line in order.lines] == [("A2", 10_000), ("A1", 5_000)]
    world.gateway.pays(order)
    world.arrives()
    assert anna(world).balances == {"USD": 5_000}
    portal_app.use(None)


def test_a_part_is_paid_for_the_invoice_that_was_chosen_even_a_disputed_one(world: PortalWorld) -> None:
    pay_part(world, world.signed_in(), amount="20", invoice="inv_a2")
    (order,) = world.orders.orders("cus_anna")
    assert [(line.number, line.amount_minor) for line in order.lines] == [("A2", 2_000)]


def test_a_double_click_on_a_part_is_one_page_and_one_charge(world: PortalWorld) -> None:
    browser = world.signed_in()
    pages = {pay_part(world, browser, amount="100").headers["Location"] for _ in range(2)}
    assert len(pages) == len(world.gateway.calls) == 1


@pytest.mark.parametrize(
    ("amount", "said"),
    [
        ("", "Enter an amount"),
        ("0", "greater than zero"),
        ("0.00", "greater than zero"),
        ("-5", "greater than zero"),
        ("ten", "as a number"),
        ("1.2.3", "as a number"),
        ("0.001", "no smaller unit than $0.01"),
        ("€50", "is in USD"),
        ("50 EUR", "is in USD"),
        ("1234.51", "more than the $1,234.50"),
        ("99999999999999999999", "as a number"),
        ("0.10", "least that can be paid online"),
    ],
)
def test_an_amount_that_cannot_be_is_told_beside_what_was_typed(world: PortalWorld, amount: str, said: str) -> None:
    refused = pay_part(world, world.signed_in(), amount=amount)
    assert refused.status_code == 400
    assert said in text(refused)
    assert f'value="{amount}"' in refused.body.decode()
    assert world.gateway.calls == []


def test_more_than_the_chosen_invoices_hold_is_told(world: PortalWorld) -> None:
    refused = pay_part(world, world.signed_in(), amount="30", invoice="inv_a2")
    assert "add up to $25.50" in text(refused)
    assert world.gateway.calls == []


@pytest.mark.parametrize(("invoice_id", "status"), [("inv_e1", 400), ("inv_b1", 400), ("x", 400)])
def test_an_invoice_of_another_currency_or_customer_pays_nothing(
    world: PortalWorld, invoice_id: str, status: int
) -> None:
    refused = pay_part(world, world.signed_in(), amount="10", invoice=invoice_id)
    assert refused.status_code in (status, 404)
    assert world.gateway.calls == []


def test_a_part_of_what_was_paid_meanwhile_is_told(world: PortalWorld) -> None:
    browser = world.signed_in()
    page = browser.get("/part?currency=EUR")
    world.pay(browser, currency="EUR")
    (order,) = world.orders.orders("cus_anna")
    world.gateway.pays(order)
    world.arrives()
    refused = send(browser, page, "/part", amount="10")
    assert refused.status_code == 403
    assert "nothing to pay here any more" in text(refused)


def test_a_session_that_ended_in_mid_payment_leads_back_to_the_account(world: PortalWorld) -> None:
    browser = world.signed_in()
    page = browser.get("/part?currency=USD")
    world.clock.moves(minutes=31)
    ended = send(browser, page, "/part", amount="10")
    assert ended.status_code == 401
    assert "open the link in our message" in text(ended)
    assert world.gateway.calls == []
    assert "You owe" in text(world.signed_in().get("/account"))


def test_a_hold_that_forbids_to_ask_forbids_parts_plans_and_promises(world: PortalWorld) -> None:
    hold = Hold("bankruptcy", None, world.clock.now(), placed_by="test")
    world.ledger.accounts["cus_anna"] = replace(anna(world), customer=changed(customer(), holds=(hold,)))
    browser = world.signed_in()
    pages = [browser.get(f"/{path}?currency=USD") for path in ("part", "options", "plan", "promise")]
    assert {page.status_code for page in pages} == {403}
    assert "Pay a part" not in text(browser.get("/account"))


def test_a_part_never_pays_an_invoice_that_is_on_hold() -> None:
    held = Hold("identity_theft", "inv_a1", NOW, placed_by="test")
    world = PortalWorld(account(invoice("A1", 10_000), invoice("A2", 5_000), who=changed(customer(), holds=(held,))))
    browser = world.signed_in()
    assert "Enter at most $50.00" in text(pay_part(world, browser, amount="60"))
    assert pay_part(world, browser, amount="10", invoice="inv_a1").status_code in (400, 403)
    pay_part(world, browser, amount="50")
    (order,) = world.orders.orders("cus_anna")
    assert [line.number for line in order.lines] == ["A2"]
    portal_app.use(None)


# --- saved methods ---


def saved(world: PortalWorld, **changes: Any) -> None:
    world.ledger.accounts["cus_anna"] = replace(anna(world), methods={"pmt_1": method(words="kept", **changes)})


def test_a_method_is_saved_with_the_words_that_were_shown(world: PortalWorld) -> None:
    browser = world.signed_in()
    page = browser.get("/methods")
    assert send(browser, page, "/methods/add").headers["Location"].startswith("https://checkout.example/")
    (order,) = world.orders.orders("cus_anna")
    assert order.only_saves
    assert order.consent
    assert order.consent.words in text(page)
    assert send(browser, page, "/methods/add", shown="other").status_code == 409


def test_a_method_saved_for_a_plan_is_saved_with_the_plans_words(world: PortalWorld) -> None:
    browser = world.signed_in()
    path, _ = agreed_plan(browser)
    send(browser, browser.get(f"/methods?plan={path.rpartition('/')[2]}"), "/methods/add")
    (order,) = world.orders.orders("cus_anna")
    assert order.agreement_id in path
    assert order.consent
    assert "I authorise" in order.consent.words
    assert "$205.75 on December 1, 2026" in order.consent.words


def test_automatic_payment_is_switched_on_with_its_words_and_off_without(world: PortalWorld) -> None:
    saved(world)
    browser = world.signed_in()
    page = browser.get("/methods")
    followed(browser, send(browser, page, "/methods/pmt_1/autopay", switch="on"))
    kept = anna(world).methods["pmt_1"]
    assert kept.autopay
    assert kept.words.startswith("kept")
    assert "each of my invoices" in kept.words
    assert send(browser, page, "/methods/pmt_1/autopay", shown="x", switch="on").status_code == 409
    off = followed(browser, send(browser, browser.get("/methods"), "/methods/pmt_1/autopay", switch="off"))
    assert "Automatic payment is off" in text(off)
    assert not anna(world).methods["pmt_1"].autopay


def test_a_coming_debit_is_stopped_once_and_the_debt_stays(world: PortalWorld) -> None:
    saved(world)
    browser = world.signed_in()
    path, review = proposed_plan(browser)
    followed(browser, send(browser, review, f"{path}/agree"))
    page = browser.get("/methods")
    first = path.rpartition("/")[2] + "#1"
    for _ in range(2):
        stopped = followed(browser, send(browser, page, "/methods/stop", debit=first))
    assert "The debit is stopped" in text(stopped)
    (attempt,) = anna(world).attempts.values()
    assert (attempt.status, attempt.code, attempt.next_on) == (AttemptStatus.FAILED, "stopped_by_customer", None)
    assert first not in [one.get("debit") for one in forms(stopped, "/methods/stop")]
    assert anna(world).open_minor("inv_a1") == 123_450
    assert send(browser, page, "/methods/stop", debit="agr_x#1").status_code == 403


def test_a_plan_that_the_customer_changes_is_debited_on_the_day_that_they_authorised(world: PortalWorld) -> None:
    saved(world)
    browser = world.signed_in()
    path, review = proposed_plan(browser)
    followed(browser, send(browser, review, f"{path}/agree"))
    first = date(2026, 11, 24)
    change = browser.get(f"{path}/change?count=2&frequency=monthly&first={first}")
    world.clock.instant += timedelta(minutes=1)
    followed(browser, send(browser, change, f"{path}/change", -1))
    (plan,) = [one for one in anna(world).agreements.values() if one.is_standing]
    agreed = PolicyArrangements(world.policy)
    morning = datetime(2026, 11, 24, 10, tzinfo=plan.made_at.tzinfo)
    found = due_debits(anna(world), agreed.unpaid, Hours(agreed.works, 9, 17), morning)
    assert [one.amount_minor for one in found.started] == [plan.instalments[0].amount_minor]
    assert not found.refusals


def test_every_debit_to_come_is_listed_with_a_button_that_names_it_and_no_day_in_the_past(world: PortalWorld) -> None:
    """Automatic payment of many invoices that were due long ago: none of them on a day before today's notice."""
    bills = (invoice(f"N{n:02}", 1_000 + n, NOW.date() - timedelta(days=n + 1)) for n in range(9))
    many = {one.invoice_id: one for one in bills}
    words = method(words="kept", autopay=True)
    world.ledger.accounts["cus_anna"] = replace(anna(world), invoices=many, methods={"pmt_1": words})
    page = world.signed_in().get("/methods").body.decode()
    names = re.findall(r'aria-label="(Stop this debit: [^"]*)"', page)
    assert len(set(names)) == 9
    assert all(name.endswith(" on December 2, 2026") for name in names), names


def test_a_method_is_removed_here_even_when_the_gateway_is_down(world: PortalWorld) -> None:
    saved(world)
    browser = world.signed_in()
    page = browser.get("/methods")
    removed = followed(browser, send(browser, page, "/methods/pmt_1/remove"))
    assert "Visa •••• 4242" not in text(removed)
    assert anna(world).methods["pmt_1"].status is MethodStatus.REMOVED


def test_a_gateway_that_is_down_is_a_page_when_a_method_is_saved(world: PortalWorld) -> None:
    browser = world.signed_in()
    page = browser.get("/methods")
    world.gateway.error = UnavailableError("The payment service does not answer.")
    assert send(browser, page, "/methods/add").status_code == 503


# --- messages and reasons ---


def test_messages_show_notices_and_what_was_sent_and_nothing_that_was_not(world: PortalWorld) -> None:
    mailed = replace(sent("due", 3, status=ContactStatus.DELIVERED), invoice_ids=("inv_a1",))
    refused = replace(sent("final", 1), contact_id="con_no", status=ContactStatus.REFUSED)
    shown = replace(sent("firm", 2, channel=Channel.PORTAL), contact_id="con_portal")
    world.contacts.contacts = {one.contact_id: one for one in (mailed, refused, shown)}
    world.notices.write_notice(Notice("con_portal", "cus_anna", "Please look", "Now <b>.", world.clock.now()))
    page = world.signed_in().get("/messages")
    assert "Please look" in text(page)
    assert "Now &lt;b&gt;." in page.body.decode()
    assert "Reminder of an overdue invoice" in text(page)
    assert "By e-mail · Invoice A1" in text(page)
    assert "Last reminder" not in text(page)
    assert "Second reminder" not in text(page)


def test_why_tells_the_models_own_reasons_and_how_to_reach_a_person(world: PortalWorld) -> None:
    said = ("Past invoices were often paid after their due date.", "The time allowed to pay is short.", "A new one.")
    kept = (ScoreReason(said[0], "late_ratio", 90), ScoreReason(said[1], "terms_days", -20), ScoreReason(said[2]))
    world.contacts.assessments["cus_anna"] = Assessment(
        "cus_anna", date(2026, 11, 22), 900, "s", (), (), "v", "h", "c", risk_reasons=kept
    )
    page = text(world.signed_in().get("/why?currency=USD"))
    assert f"more likely: {said[0]} What makes late payment less likely: {said[1]} {said[2]}" in page
    assert "A person decides that" in page
    assert "Contact a person" in page
    assert "900" not in page


def test_why_says_nothing_of_an_old_score_once_all_is_paid() -> None:
    bill = invoice("A1", 1_000)
    world = PortalWorld(account(bill, paid(bill)))
    said = ("The last payment was some time ago.",)
    kept = (ScoreReason(said[0], "days_since_settlement", 30),)
    world.contacts.assessments["cus_anna"] = Assessment(
        "cus_anna", date(2026, 11, 22), 900, "s", (), (), "v", "h", "c", risk_reasons=kept
    )
    page = text(world.signed_in().get("/why?currency=USD"))
    assert said[0] not in page
    assert "There is no score for your account." in page
    portal_app.use(None)


def test_why_tells_the_models_reasons_in_the_customers_language(world: PortalWorld) -> None:
    said = ("Past invoices were often paid after their due date.", "A figure of the creditor's own.")
    kept = (ScoreReason(said[0], "late_ratio", 90), ScoreReason(said[1], "credit_score", -20))
    world.contacts.assessments["cus_anna"] = Assessment(
        "cus_anna", date(2026, 11, 22), 900, "s", (), (), "v", "h", "c", risk_reasons=kept
    )
    browser = world.signed_in()
    browser.cookies["dunwell_language"] = "de"
    page = text(browser.get("/why?currency=USD"))
    assert "wahrscheinlicher: Frühere Rechnungen wurden oft nach ihrer Fälligkeit bezahlt." in page
    assert said[0] not in page
    assert said[1] in page


@pytest.mark.parametrize(
    ("language", "certain", "usual"),
    [
        ("en", "An invoice is already more than 30 days past due.", "Nothing on your account stands out"),
        ("de", "Eine Rechnung ist schon mehr als 30 Tage überfällig.", "Bei Ihrem Konto sticht nichts hervor"),
        ("es", "Una factura venció hace ya más de 30 días.", "Nada destaca en su cuenta"),
        ("fr", "Une facture est déjà échue depuis plus de 30 jours.", "Rien ne ressort sur votre compte"),
    ],
)
def test_why_names_what_is_certain_and_is_never_empty(
    world: PortalWorld, language: str, certain: str, usual: str
) -> None:
    said = "An invoice is already more than 30 days past due."
    score = Assessment("cus_anna", date(2026, 11, 22), 60, "s", (), (), "v", "h", "c")
    browser = world.signed_in()
    browser.cookies["dunwell_language"] = language
    world.contacts.assessments["cus_anna"] = score
    assert usual in text(browser.get("/why?currency=USD"))
    kept = (ScoreReason(said, "days_overdue", 950),)
    world.contacts.assessments["cus_anna"] = replace(score, risk_permille=1000, risk_reasons=kept)
    page = text(browser.get("/why?currency=USD"))
    assert certain in page
    assert usual not in page


def test_why_tells_what_stands_in_the_way_of_a_plan() -> None:
    world = PortalWorld(account(invoice("A1", 1_000)))
    page = text(world.signed_in().get("/why?currency=USD"))
    assert "Plans are for debts of $50.00 and more." in page
    portal_app.use(None)


@pytest.mark.parametrize("language", ["es", "fr", "de"])
def test_every_page_speaks_the_customers_language(world: PortalWorld, language: str) -> None:
    saved(world)
    browser = world.signed_in()
    browser.cookies["dunwell_language"] = language
    path, plan = agreed_plan(browser, amount="250,00")
    pages = [
        plan,
        *(
            browser.get(one)
            for one in (
                "/account",
                "/part?currency=USD",
                "/options?currency=EUR",
                "/plan?currency=EUR",
                "/promise?currency=EUR",
                "/methods",
                "/messages",
                "/why?currency=USD",
                f"{path}/change?count=3&frequency=weekly&first=2026-12-03",
            )
        ),
    ]
    assert {page.status_code for page in pages} == {200}
    assert all(f'<html lang="{language}' in page.body.decode() for page in pages)
    assert all("December" not in text(page) for page in pages)


def test_a_debit_under_way_for_an_instalment_is_shown_and_not_asked_for_again(world: PortalWorld) -> None:
    browser = world.signed_in()
    path, plan = agreed_plan(browser)
    send(browser, plan, f"{path}/pay")
    (order,) = world.orders.orders("cus_anna")
    world.gateway.pays(order, status=PaymentStatus.PROCESSING, amount_minor=0)
    world.arrives(GatewayEventKind.PAYMENT_PROCESSING)
    assert "on its way from your bank" in text(browser.get(path))
    assert send(browser, plan, f"{path}/pay").status_code == 403
