"""What a customer can pay and agree to while other money is on its way, in other tabs, in dispute or under a hold."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from dunwell.accounts.holds import Hold
from dunwell.arrangements.desk import ArrangementDesk
from dunwell.arrangements.incentives import OfferTerms
from dunwell.arrangements.policy import Authority, OfferRule
from dunwell.ledger.agreements import AgreementKind
from dunwell.ledger.entry import EntryKind
from dunwell.ledger.model import Account
from dunwell.ledger.posting import charge
from dunwell.payments.gateway_events import GatewayEventKind
from dunwell.payments.order import OrderStatus
from dunwell.payments.ports import PaymentStatus
from dunwell_aws.rates import WRITES_A_MINUTE
from functions.portal import app as portal_app
from tests.functions.test_portal_api import signed_in as api_of
from tests.support.browser import text
from tests.support.portal import NOW, account, invoice
from tests.support.portal_app import PortalWorld
from tests.support.portal_deals import forms, send


@pytest.fixture
def world() -> Iterator[PortalWorld]:
    yield PortalWorld(account(invoice("A1", 100_000), invoice("A2", 50_000)))
    portal_app.use(None)


def anna(world: PortalWorld) -> Account:
    return world.ledger.accounts["cus_anna"]


def holds(world: PortalWorld, kind: str, invoice_id: str | None = None) -> None:
    held = anna(world).customer.with_hold(Hold(kind, invoice_id, NOW))
    world.ledger.accounts["cus_anna"] = replace(anna(world), customer=held)


def debited(world: PortalWorld, browser: Any, **fields: Any) -> None:
    """A bank debit for what was chosen is on its way."""
    world.pay(browser, **fields)
    order = world.orders.orders("cus_anna")[-1]
    world.gateway.pays(order, status=PaymentStatus.PROCESSING, amount_minor=0, is_debit=True)
    world.arrives(GatewayEventKind.PAYMENT_PROCESSING)


def disputes(browser: Any, invoice_id: str, amount: str) -> Any:
    page = browser.get(f"/invoices/{invoice_id}/dispute")
    return send(
        browser, page, f"/invoices/{invoice_id}/dispute", reason="wrong_amount", part="part", amount=amount, text="See."
    )


# --- in dispute ---


@pytest.mark.parametrize(
    ("language", "typed", "amount_minor"),
    [("en", "1,000", 100_000), ("en", "1,000.50", 100_050), ("de", "1.000", 100_000), ("fr", "1 000,50", 100_050)],
)
def test_the_contested_part_is_read_as_the_customers_language_writes_it(
    language: str, typed: str, amount_minor: int
) -> None:
    world = PortalWorld(account(invoice("A1", 200_000)))
    world.ledger.accounts["cus_anna"] = replace(anna(world), customer=replace(anna(world).customer, language=language))
    assert disputes(world.signed_in(), "inv_a1", typed).status_code == 303
    (entry,) = (one for one in anna(world).entries.values() if one.kind is EntryKind.DISPUTE)
    assert entry.amount_minor == amount_minor
    portal_app.use(None)


@pytest.mark.parametrize("typed", ["", "x", "0", "-1", "1,000.01"])
def test_a_part_that_cannot_be_contested_is_refused_with_the_form(typed: str) -> None:
    world = PortalWorld(account(invoice("A1", 100_000)))
    answer = disputes(world.signed_in(), "inv_a1", typed)
    assert answer.status_code == 400
    assert 'role="alert"' in answer.body.decode()
    assert not [one for one in anna(world).entries.values() if one.kind is EntryKind.DISPUTE]
    portal_app.use(None)


def test_paying_all_leaves_out_the_part_that_is_in_dispute(world: PortalWorld) -> None:
    browser = world.signed_in()
    disputes(browser, "inv_a1", "400")
    assert "$1,100.00" in text(browser.get("/account"))
    world.pay(browser)
    (order,) = world.orders.orders("cus_anna")
    assert [(line.number, line.amount_minor) for line in order.lines] == [("A1", 60_000), ("A2", 50_000)]


def test_choosing_a_disputed_invoice_pays_all_of_it(world: PortalWorld) -> None:
    browser = world.signed_in()
    disputes(browser, "inv_a1", "400")
    world.pay(browser, what="chosen", invoice="inv_a1")
    (order,) = world.orders.orders("cus_anna")
    assert order.amount_minor == 100_000


# --- on its way ---


def test_what_is_on_its_way_can_be_paid_again_by_no_way_at_all(world: PortalWorld) -> None:
    browser = world.signed_in()
    debited(world, browser)
    page = text(browser.get("/account"))
    assert "$1,000.00 on its way" in page
    assert "Pay" not in [button["what"] for button in forms(browser.get("/account"), "/pay") if "what" in button]
    for answer in (
        world.pay(browser),
        world.pay(browser, what="chosen", invoice="inv_a2"),
        browser.get("/part?currency=USD"),
    ):
        assert answer.status_code == 403
        assert "on its way" in text(answer)
    assert len(world.orders.orders("cus_anna")) == 1


def test_what_is_on_its_way_for_one_invoice_leaves_the_others_to_pay(world: PortalWorld) -> None:
    browser = world.signed_in()
    debited(world, browser, what="chosen", invoice="inv_a1")
    world.pay(browser)
    assert world.orders.orders("cus_anna")[-1].invoice_ids == ("inv_a2",)


def test_nothing_is_promised_or_given_up_for_what_is_on_its_way(world: PortalWorld) -> None:
    browser = world.signed_in()
    debited(world, browser)
    desk: ArrangementDesk = world.portal.arrangements()
    with pytest.raises(Exception, match="on its way"):
        desk.promise(
            "cus_anna",
            "USD",
            150_000,
            date(2026, 11, 30),
            who="customer",
            authority=Authority.CUSTOMER,
            at=world.clock.now(),
        )


def test_a_debit_that_came_to_nothing_can_be_paid_again(world: PortalWorld) -> None:
    browser = world.signed_in()
    debited(world, browser)
    order = world.orders.orders("cus_anna")[0]
    world.gateway.pays(order, status=PaymentStatus.FAILED, amount_minor=0, is_debit=True, decline_code="R01")
    world.arrives(GatewayEventKind.PAYMENT_FAILED)
    assert world.pay(browser).status_code == 303


# --- two tabs ---


def test_a_page_opened_for_the_same_invoices_ends_the_one_in_the_other_tab(world: PortalWorld) -> None:
    browser = world.signed_in()
    world.pay(browser)
    (first,) = world.orders.orders("cus_anna")
    world.pay(browser, what="chosen", invoice="inv_a2")
    assert world.gateway.ended_pages == [first.page_reference]
    assert [one.status for one in world.orders.orders("cus_anna")] == [OrderStatus.CLOSED, OrderStatus.OPEN]


def test_pages_for_different_invoices_stay_open_beside_each_other(world: PortalWorld) -> None:
    browser = world.signed_in()
    world.pay(browser, what="chosen", invoice="inv_a1")
    world.pay(browser, what="chosen", invoice="inv_a2")
    assert world.gateway.ended_pages == []


def test_a_page_that_was_paid_a_moment_ago_keeps_another_one_from_being_opened(world: PortalWorld) -> None:
    browser = world.signed_in()
    world.pay(browser)
    world.gateway.used_pages.add(world.orders.orders("cus_anna")[0].page_reference)
    answer = world.pay(browser, what="chosen", invoice="inv_a2")
    assert answer.status_code == 403
    assert len(world.gateway.calls) == 1


# --- the API keeps the same rules ---


@pytest.mark.parametrize("body", [{"currency": "USD"}, {"currency": "USD", "invoice_ids": ["inv_a2"]}])
def test_the_api_takes_no_payment_under_a_hold_that_forbids_to_ask(world: PortalWorld, body: dict[str, Any]) -> None:
    app = api_of(world)
    holds(world, "bankruptcy")
    answer = app.ask("POST", "/checkouts", body, Idempotency_Key="intent-0001")
    assert (answer.status_code, json.loads(answer.body)["code"]) == (403, "no_demand")
    assert not world.orders.orders("cus_anna")


def test_a_hold_on_one_invoice_leaves_it_out_of_all_that_the_api_pays(world: PortalWorld) -> None:
    app = api_of(world)
    holds(world, "identity_theft", "inv_a1")
    assert app.ask("POST", "/checkouts", {"currency": "USD"}, Idempotency_Key="intent-0001").status_code == 201
    assert world.orders.orders("cus_anna")[0].invoice_ids == ("inv_a2",)


def test_nobody_is_shown_an_offer_that_waits_for_approval(world: PortalWorld) -> None:
    rule = OfferRule("old", {Authority.AGENT: 200, Authority.SUPERVISOR: 400}, 0, 999, {"USD": 100})
    world.policy = replace(world.policy, settlements=(rule,))
    terms = OfferTerms(AgreementKind.SETTLEMENT, "USD", "old", 58_000, date(2026, 12, 1))
    desk = world.portal.arrangements()
    made = desk.propose_offer("cus_anna", terms, who="agent:jo", authority=Authority.AGENT, at=world.clock.now())
    assert made.approval
    app, browser = api_of(world), world.signed_in()
    assert app.get("/agreements")["items"] == []
    for path in (f"/agreements/{made.agreement_id}",):
        assert app.ask("GET", path).status_code == 404
    assert browser.get(f"/offers/{made.agreement_id}").status_code == 404
    assert "580.00" not in text(browser.get("/account")) + text(browser.get("/options?currency=USD"))


# --- putting off ---


def test_who_puts_a_promise_off_again_and_again_talks_to_a_person(world: PortalWorld) -> None:
    desk = world.portal.arrangements()

    def promise(days: int) -> None:
        at = world.clock.now()
        desk.promise(
            "cus_anna",
            "USD",
            1,
            at.date() + timedelta(days=days),
            who="customer",
            authority=Authority.CUSTOMER,
            at=at,
        )

    for _ in range(2):
        promise(5)
        (standing,) = (one for one in anna(world).agreements.values() if one.is_standing)
        desk.cancel("cus_anna", standing.agreement_id, who="customer", at=world.clock.now())
        world.clock.moves(days=1)
    with pytest.raises(Exception, match="contact us"):
        promise(5)


# --- the address changed ---


def test_a_session_ends_when_the_address_that_opened_it_is_changed(world: PortalWorld) -> None:
    browser, app = world.signed_in(), api_of(world)
    customer = anna(world).customer.with_address("new@bakery.example", world.clock.now())
    world.ledger.accounts["cus_anna"] = replace(anna(world), customer=customer)
    assert browser.get("/account").status_code == 401
    assert app.ask("GET", "/account").status_code == 401


# --- what a customer reads ---


def test_a_payment_that_went_back_is_neither_thanked_for_nor_called_credit(world: PortalWorld) -> None:
    browser = world.signed_in()
    world.pay(browser)
    (order,) = world.orders.orders("cus_anna")
    world.gateway.pays(order)
    world.arrives()
    world.gateway.pays(order, refunded_minor=150_000, refunded_at=world.clock.now())
    world.arrives(GatewayEventKind.PAYMENT_REFUNDED)
    for page in ("/account", "/payments", f"/paid?order={order.order_id}"):
        shown = text(browser.get(page))
        assert "Taken back since: $1,500.00" in shown
        assert "Kept as credit" not in shown
        assert "Thank you" not in shown


def test_an_invoice_with_a_fee_is_not_said_to_be_left_of_less() -> None:
    owed = account(invoice("A1", 100_000))
    with_fee = charge(owed, EntryKind.FEE, "inv_a1", 5_000, key="f", on=NOW.date(), at=NOW, reason="late").applied()
    world = PortalWorld(replace(with_fee, version=1))
    browser = world.signed_in()
    for page in ("/account", "/invoices"):
        assert "left of" not in text(browser.get(page))
    portal_app.use(None)


def test_pages_take_no_more_changes_a_minute_than_the_api(world: PortalWorld) -> None:
    browser = world.signed_in()
    answers = [disputes(browser, "inv_a1", "x").status_code for _ in range(WRITES_A_MINUTE + 1)]
    assert set(answers[:-1]) == {400}
    assert answers[-1] == 429
    assert "thirty changes" in text(disputes(browser, "inv_a1", "x"))


def test_the_bare_address_leads_to_the_account(world: PortalWorld) -> None:
    assert world.browser().get("/").headers["Location"].endswith("/account")
