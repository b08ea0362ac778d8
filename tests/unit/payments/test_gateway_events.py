"""What the gateway's reports do to the ledger."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dunwell.errors import NotFoundError
from dunwell.events import PAYMENT_APPLIED, PAYMENT_FAILED
from dunwell.payments.gateway_events import GatewayEvent, GatewayEventKind, GatewayEvents, Outcome
from dunwell.payments.order import OrderStatus
from dunwell.payments.ports import PaymentStatus
from dunwell.remittance.gateway_money import GatewayMoney
from tests.support.cash import CashWorld
from tests.support.portal import NOW
from tests.support.shop import Shop

SUCCEEDED = GatewayEvent("evt_1", GatewayEventKind.PAYMENT_SUCCEEDED, "pi_1")
FAILED = GatewayEvent("evt_2", GatewayEventKind.PAYMENT_FAILED, "pi_1")
PROCESSING = GatewayEvent("evt_3", GatewayEventKind.PAYMENT_PROCESSING, "pi_1")
OTHER = GatewayEvent("evt_4", GatewayEventKind.OTHER)


@pytest.fixture
def shop() -> Shop:
    shop = Shop()
    shop.start("inv_a2", "inv_a1")
    return shop


def test_a_payment_that_succeeded_settles_the_invoices_it_was_for(shop: Shop) -> None:
    shop.gateway.pays(shop.order())
    assert shop.events.apply(SUCCEEDED, NOW) is Outcome.POSTED
    account = shop.ledger.accounts["cus_anna"]
    assert account.balances == {"EUR": 700}
    (payment,) = account.payments.values()
    assert payment.reference == "pi_1#succeeded"
    assert [part.invoice_id for part in account.allocations(payment.entry_id)] == ["inv_a2", "inv_a1"]
    assert shop.order().status is OrderStatus.PAID


def test_a_payment_reported_twice_counts_once(shop: Shop) -> None:
    shop.gateway.pays(shop.order())
    shop.events.apply(SUCCEEDED, NOW)
    version = shop.ledger.accounts["cus_anna"].version
    shop.events.apply(replace(SUCCEEDED, event_id="evt_other"), NOW)
    assert shop.ledger.accounts["cus_anna"].version == version
    assert [event.name for event in shop.ledger.events] == [PAYMENT_APPLIED]


def test_the_amount_received_counts_and_what_is_over_becomes_credit(shop: Shop) -> None:
    shop.gateway.pays(shop.order(), amount_minor=13_000)
    shop.events.apply(SUCCEEDED, NOW)
    assert shop.ledger.accounts["cus_anna"].unapplied == {"USD": 450}


def test_a_late_failure_after_success_changes_nothing(shop: Shop) -> None:
    shop.gateway.pays(shop.order())
    shop.events.apply(SUCCEEDED, NOW)
    shop.events.apply(FAILED, NOW)
    assert [event.name for event in shop.ledger.events] == [PAYMENT_APPLIED]
    assert shop.order().status is OrderStatus.PAID


def test_a_success_whose_own_report_was_lost_is_posted_by_any_other(shop: Shop) -> None:
    shop.gateway.pays(shop.order())
    assert shop.events.apply(PROCESSING, NOW) is Outcome.POSTED


def test_a_failed_try_is_told_once_with_its_codes_and_leaves_the_page_open(shop: Shop) -> None:
    shop.gateway.pays(
        shop.order(),
        status=PaymentStatus.FAILED,
        amount_minor=0,
        failure_code="card_declined",
        decline_code="insufficient_funds",
        advice="try_again_later",
    )
    shop.events.apply(FAILED, NOW)
    shop.events.apply(FAILED, NOW)
    (event,) = shop.ledger.events
    assert event.name == PAYMENT_FAILED
    assert event.data["decline_code"] == "insufficient_funds"
    assert event.data["failure_code"] == "card_declined"
    assert shop.order().status is OrderStatus.OPEN
    # and another failed try of the same payment is another fact
    shop.gateway.payments["pi_1"] = replace(shop.gateway.payments["pi_1"], try_reference="ch_2")
    shop.events.apply(FAILED, NOW)
    assert len({event.event_id for event in shop.ledger.events}) == 2


def test_a_bank_debit_under_way_is_pending_not_paid(shop: Shop) -> None:
    shop.gateway.pays(shop.order(), status=PaymentStatus.PROCESSING, amount_minor=0)
    shop.events.apply(PROCESSING, NOW)
    assert shop.order().status is OrderStatus.PROCESSING
    assert shop.ledger.accounts["cus_anna"].balances["USD"] == 12_550


def test_other_reports_are_acknowledged_and_change_nothing(shop: Shop) -> None:
    assert shop.events.apply(OTHER, NOW) is Outcome.IGNORED
    assert shop.ledger.events == []


def test_a_payment_that_is_not_ours_is_left_alone(shop: Shop) -> None:
    shop.gateway.pays(shop.order(), customer_id="", order_id="")
    assert shop.events.apply(SUCCEEDED, NOW) is Outcome.IGNORED
    assert shop.ledger.events == []


def test_money_for_an_unknown_customer_is_told_apart(shop: Shop) -> None:
    shop.gateway.pays(shop.order(), customer_id="cus_nobody")
    assert shop.events.apply(SUCCEEDED, NOW) is Outcome.UNMATCHED


def test_a_payment_without_its_order_is_posted_to_the_oldest_invoices(shop: Shop) -> None:
    shop.gateway.pays(shop.order(), order_id="ord_gone", amount_minor=10_000)
    shop.events.apply(SUCCEEDED, NOW)
    assert shop.ledger.accounts["cus_anna"].balances["USD"] == 2_550


def test_a_report_about_a_payment_the_gateway_does_not_know_is_an_error(shop: Shop) -> None:
    with pytest.raises(NotFoundError):
        shop.events.apply(SUCCEEDED, NOW)


@given(st.lists(st.sampled_from([SUCCEEDED, FAILED, PROCESSING, OTHER]), min_size=1, max_size=12))
def test_any_sequence_of_reports_about_a_payment_ends_in_the_same_ledger(reports: list[GatewayEvent]) -> None:
    shop = Shop()
    shop.start()
    shop.gateway.pays(shop.order())
    for report in [*reports, SUCCEEDED]:
        shop.events.apply(report, NOW)
    account = shop.ledger.accounts["cus_anna"]
    assert account.balances == {"EUR": 700}
    assert len(account.payments) == 1
    assert shop.order().status is OrderStatus.PAID
    assert [event.name for event in shop.ledger.events] == [PAYMENT_APPLIED]


def test_money_for_an_unknown_customer_goes_to_suspense_once_and_to_the_customer_when_it_is_known() -> None:
    shop, world = Shop(), CashWorld()
    shop.start("inv_a1")
    unknown = GatewayMoney(replace(world.cash, ledger=shop.ledger))
    events = GatewayEvents(shop.ledger, shop.orders, shop.gateway, unknown=unknown)
    world.ledger = shop.ledger
    paid = shop.gateway.pays(shop.order())
    anna = shop.ledger.accounts.pop("cus_anna")
    for number in range(2):
        event = GatewayEvent(f"evt_{number}", GatewayEventKind.PAYMENT_SUCCEEDED, paid.reference)
        assert events.apply(event, NOW) is Outcome.UNMATCHED
    assert world.unclear() == {"USD": paid.amount_minor}

    shop.ledger.accounts["cus_anna"] = anna
    again = GatewayEvent("evt_9", GatewayEventKind.PAYMENT_SUCCEEDED, paid.reference)
    assert [events.apply(again, NOW) for _ in range(2)] == [Outcome.POSTED] * 2
    assert (world.unclear(), world.placed()) == ({}, {f"{paid.reference}#succeeded": paid.amount_minor})
    assert shop.ledger.accounts["cus_anna"].open_minor("inv_a1") == 0
