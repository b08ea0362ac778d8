"""A payment at the gateway, followed by an account."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from dunwell.accounts.merging import merge_customers
from dunwell.dates import business_date
from dunwell.errors import InvalidInputError
from dunwell.events import DEBIT_FAILED, PAYMENT_DISPUTED, PAYMENT_FAILED
from dunwell.ledger.change import Change
from dunwell.ledger.debits import AttemptStatus, MethodKind, MethodStatus
from dunwell.ledger.entry import EntryKind
from dunwell.ledger.model import Account
from dunwell.ledger.moving import split
from dunwell.ledger.posting import post
from dunwell.payments.gateway_events import GatewayEvent, GatewayEventKind, Outcome
from dunwell.payments.order import OrderStatus
from dunwell.payments.ports import GatewayDispute, GatewayPayment, PaymentStatus
from tests.support.agreements import attempt, method
from tests.support.portal import NOW, customer
from tests.support.shop import Shop

LATER = NOW + timedelta(days=1)
LOOK = GatewayEvent("evt_look", GatewayEventKind.PAYMENT_DISPUTED, "pi_1")


@pytest.fixture
def shop() -> Shop:
    shop = Shop()
    shop.start("inv_a2", "inv_a1")
    return shop


def look(shop: Shop, at: datetime = NOW, **changes: Any) -> Outcome:
    """The payment of the order is like this now, and somebody looks."""
    known = shop.gateway.payments.get("pi_1") or shop.gateway.pays(shop.order())
    version = f"{int(known.version or 0) + 1:04}"
    shop.gateway.payments["pi_1"] = replace(known, version=version, **changes)
    return shop.events.apply(LOOK, at)


def mine(shop: Shop) -> Account:
    return shop.ledger.accounts["cus_anna"]


def dispute(status: str = "needs_response", taken: int = 12_550, reason: str = "fraudulent", **more: Any) -> Any:
    return GatewayDispute("du_1", 12_550, taken, reason, status, NOW, NOW, **more)


def test_a_payment_is_dated_by_the_gateway_however_late_it_is_told_in_the_creditors_calendar(shop: Shop) -> None:
    late_evening = datetime(2026, 11, 20, 3, 30, tzinfo=UTC)
    look(shop, tried_at=late_evening)
    (payment,) = mine(shop).payments.values()
    assert payment.on == business_date(late_evening, "UTC")


def test_a_payment_from_the_future_is_dated_now(shop: Shop) -> None:
    look(shop, tried_at=NOW + timedelta(days=3))
    (payment,) = mine(shop).payments.values()
    assert (payment.on, payment.at) == (NOW.date(), NOW)


def test_another_amount_under_the_same_key_is_told_and_not_posted(shop: Shop) -> None:
    look(shop)
    with pytest.raises(InvalidInputError):
        look(shop, amount_minor=1)


def test_all_that_one_look_finds_is_one_write(shop: Shop) -> None:
    before = mine(shop).version
    look(shop, refunded_minor=50, disputes=(dispute(taken=12_500),))
    assert mine(shop).version == before + 1
    kinds = [(one.kind.value, one.reason) for one in mine(shop).entries.values()]
    assert kinds == [
        ("payment", ""),
        ("dispute", "chargeback_open"),
        ("dispute", "chargeback_open"),
        ("reversal", "refund"),
        ("reversal", "chargeback"),
    ]
    assert mine(shop).balances["USD"] == 12_550


def test_a_dispute_freezes_what_the_payment_was_for_and_tells_once(shop: Shop) -> None:
    look(shop)
    for _ in range(3):
        look(shop, disputes=(dispute(),))
    assert (mine(shop).disputed_minor("inv_a1"), mine(shop).disputed_minor("inv_a2")) == (10_000, 2_550)
    assert [one.name for one in shop.ledger.events].count(PAYMENT_DISPUTED) == 1


def test_a_part_that_is_disputed_freezes_that_part(shop: Shop) -> None:
    look(shop, disputes=(replace(dispute(taken=3_000), amount_minor=3_000),))
    assert (mine(shop).disputed_minor("inv_a2"), mine(shop).disputed_minor("inv_a1")) == (2_550, 450)


def test_what_a_person_ended_is_not_frozen_again_until_the_bank_says_something_new(shop: Shop) -> None:
    look(shop, disputes=(dispute(),))
    for one in [one for one in mine(shop).entries.values() if one.kind is EntryKind.DISPUTE]:
        end = replace(one, entry_id=f"end_{one.entry_id}", kind=EntryKind.DISPUTE_END, of=one.entry_id, reference="ada")
        shop.ledger.commit(post(mine(shop), end, LATER))
    look(shop, LATER, disputes=(dispute(),))
    assert mine(shop).disputed_minor("inv_a1") == 0
    look(shop, LATER, disputes=(dispute("lost"),))
    assert mine(shop).disputed_minor("inv_a1") == 10_000


def test_an_older_reading_of_a_dispute_changes_nothing(shop: Shop) -> None:
    look(shop, disputes=(dispute("won", 0),))
    look(shop, disputes=(dispute(),))
    look(shop, disputes=(dispute("won", 0),))
    shop.gateway.payments["pi_1"] = replace(shop.gateway.payments["pi_1"], version="0002", disputes=(dispute(),))
    before = mine(shop)
    shop.events.apply(LOOK, LATER)
    assert mine(shop) == before


def test_a_debit_that_was_returned_is_no_dispute_and_tells_the_banks_code(shop: Shop) -> None:
    back = dispute("lost", reason="insufficient_funds", code="R01")
    look(shop, is_debit=True)
    look(shop, is_debit=True, disputes=(back,))
    look(shop, is_debit=True, disputes=(back,))
    assert (mine(shop).balances["USD"], mine(shop).disputed_minor("inv_a1")) == (12_550, 0)
    (failed,) = [one for one in shop.ledger.events if one.name == PAYMENT_FAILED]
    assert (failed.data["failure_code"], failed.data["decline_code"]) == ("insufficient_funds", "R01")


def test_a_failed_debit_closes_its_order_and_not_a_later_attempt_at_it(shop: Shop) -> None:
    failed: dict[str, Any] = {"status": PaymentStatus.FAILED, "amount_minor": 0, "is_debit": True, "asked_minor": 1}
    shop.orders.save(replace(shop.order(), attempt=2, version=shop.order().version + 1))
    look(shop, order_key=f"{shop.order().order_id}.1", failure_code="account_closed", **failed)
    assert shop.order().status is OrderStatus.OPEN
    look(shop, order_key=shop.order().key, try_reference="py_2", **failed)
    assert shop.order().status is OrderStatus.CLOSED


def test_a_try_is_brought_to_where_its_payment_is_in_the_same_write() -> None:
    shop = Shop()
    started = attempt("agr_1#1#1", lines=(("inv_a1", 10_000),), amount_minor=10_000)
    saved = method("pmt_1", kind=MethodKind.BANK_DEBIT)
    start = replace(mine(shop), attempts={started.attempt_id: started}, methods={"pmt_1": saved})
    shop.ledger.accounts["cus_anna"] = start
    payment = GatewayPayment("pi_1", PaymentStatus.PROCESSING, "USD", 0, "cus_anna", attempt_id=started.attempt_id)
    steps: list[tuple[dict[str, Any], AttemptStatus, str]] = [
        ({"asked_minor": 10_000, "is_debit": True}, AttemptStatus.PROCESSING, ""),
        ({"status": PaymentStatus.SUCCEEDED, "amount_minor": 10_000}, AttemptStatus.SUCCEEDED, ""),
        (
            {"disputes": (replace(dispute("lost", 10_000, "debit_not_authorized", code="R10"), amount_minor=10_000),)},
            AttemptStatus.FAILED,
            "R10",
        ),
    ]
    for number, (changes, status, code) in enumerate(steps, start=1):
        payment = replace(payment, version=str(number), **changes)
        shop.gateway.payments["pi_1"] = payment
        version = mine(shop).version
        shop.events.apply(LOOK, NOW)
        shop.events.apply(LOOK, NOW)
        kept = mine(shop).attempts[started.attempt_id]
        assert (kept.status, kept.code, mine(shop).version) == (status, code, version + 1)
    assert mine(shop).methods["pmt_1"].status is MethodStatus.UNUSABLE
    assert [one.name for one in shop.ledger.events].count(DEBIT_FAILED) == 1
    assert mine(shop).open_minor("inv_a1") == 10_000


def test_a_refund_of_a_payment_that_went_to_another_account_is_posted_there(shop: Shop) -> None:
    look(shop)
    parting, new = split(mine(shop), ["inv_a1", "inv_a2"], "C-2", NOW, "ada")
    shop.ledger.commit(parting, new)
    there = new.applied().customer.customer_id
    look(shop, LATER, refunded_minor=1_000)
    assert shop.ledger.accounts[there].balances == {"USD": 1_000}
    assert "USD" not in mine(shop).balances


def test_a_refund_after_a_merger_is_posted_where_the_payment_is(shop: Shop) -> None:
    look(shop)
    other = customer("cus_bert")
    kept, gone = merge_customers(other, mine(shop).customer, NOW, "ada")
    bert = shop.ledger.accounts["cus_bert"]
    shop.ledger.accounts["cus_bert"] = replace(
        Change(bert, customer=kept, invoices=mine(shop).invoices, entries=mine(shop).entries).applied()
    )
    shop.ledger.accounts["cus_anna"] = replace(mine(shop), customer=gone)
    look(shop, LATER, refunded_minor=1_000)
    held = shop.ledger.accounts["cus_bert"]
    assert (len(held.payments), held.open_minor("inv_a1")) == (1, 1_000)
