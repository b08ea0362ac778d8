"""What Stripe's objects become, where the sandbox does not get to: currencies, tax, prior shapes, gone customers."""

from datetime import date
from typing import Any

import pytest

from dunwell.accounts.model import CustomerKind
from dunwell.ingestion.records import CreditNoteRecord, InvoiceRecord, PaymentRecord, RejectedRowError
from dunwell_aws.stripe_records import (
    Reading,
    credit_note_records,
    customer_behind,
    customer_record,
    invoice_records,
    payment_records,
)

READING = Reading("2026-11-22T15:00:00.000000+00:00", "America/New_York")
LATE_EVENING = 1_790_000_000  # 2026-09-21, 13:33 in New York
JUST_AFTER_MIDNIGHT_UTC = 1_790_040_600  # 2026-09-22, 00:50 UTC: still the 21st in New York


def bill(**changes: Any) -> dict[str, Any]:
    return {
        "id": "in_1",
        "number": "A-1",
        "status": "open",
        "customer": {"id": "cus_1", "name": "Anna"},
        "currency": "usd",
        "amount_due": 12_000,
        "pre_payment_credit_notes_amount": 0,
        "created": LATE_EVENING,
        "effective_at": None,
        "due_date": None,
        "status_transitions": {"finalized_at": JUST_AFTER_MIDNIGHT_UTC, "paid_at": None},
        "total_taxes": [{"amount": 1_000}, {"amount": 50}],
    } | changes


def charge(**changes: Any) -> dict[str, Any]:
    return {
        "id": "ch_1",
        "status": "succeeded",
        "customer": {"id": "cus_1"},
        "payment_intent": {"id": "pi_1", "amount_received": 12_000, "latest_charge": "ch_1"},
        "payment_method_details": {"type": "card"},
        "currency": "usd",
        "amount": 12_000,
        "amount_captured": 12_000,
        "amount_refunded": 0,
        "captured": True,
        "created": LATE_EVENING,
        "refunds": {"data": []},
    } | changes


def invoice(**changes: Any) -> InvoiceRecord:
    (record, *_) = invoice_records(bill(**changes), READING)
    assert isinstance(record, InvoiceRecord)
    return record


def payment(*, disputes: tuple[dict[str, Any], ...] = (), **changes: Any) -> PaymentRecord:
    (record,) = payment_records(charge(**changes), READING, (), disputes)
    assert isinstance(record, PaymentRecord)
    return record


def test_dates_are_those_of_the_creditors_calendar() -> None:
    assert invoice().issued_on == date(2026, 9, 21)
    assert invoice(due_date=JUST_AFTER_MIDNIGHT_UTC + 86_400).due_on == date(2026, 9, 22)


def test_an_invoice_without_a_due_date_or_with_an_earlier_one_is_due_at_once() -> None:
    assert invoice().due_on == invoice().issued_on
    assert invoice(due_date=LATE_EVENING - 864_000).due_on == invoice().issued_on


def test_the_amount_is_what_was_asked_before_credit_notes_with_its_tax() -> None:
    lowered = invoice(amount_due=9_000, pre_payment_credit_notes_amount=3_000)
    assert (lowered.amount_minor, lowered.tax_minor) == (12_000, 1_050)


@pytest.mark.parametrize(("currency", "at_stripe", "here"), [("jpy", 500, 500), ("isk", 50_000, 500), ("kwd", 10, 10)])
def test_amounts_are_counted_as_the_ledger_counts(currency: str, at_stripe: int, here: int) -> None:
    assert invoice(currency=currency, amount_due=at_stripe, total_taxes=[]).amount_minor == here
    assert payment(currency=currency, payment_intent={"id": "pi_1", "amount_received": at_stripe}).amount_minor == here


def test_an_amount_finer_than_the_ledger_counts_is_rejected_by_name() -> None:
    with pytest.raises(RejectedRowError) as refused:
        invoice(currency="isk", amount_due=50_001)
    assert (refused.value.reject.column, refused.value.reject.value) == ("amount", "A-1")


@pytest.mark.parametrize("changes", [{"status": "draft"}, {"amount_due": 0}, {"amount_due": -500}])
def test_what_asks_for_no_money_is_no_invoice(changes: dict[str, Any]) -> None:
    assert invoice_records(bill(**changes), READING) == []


def test_a_void_invoice_is_removed_and_an_uncollectible_one_still_owed() -> None:
    assert invoice(status="void").removed
    assert not invoice(status="uncollectible").removed


def test_what_was_paid_outside_stripe_is_a_payment_of_that_invoice() -> None:
    transitions = {"finalized_at": LATE_EVENING, "paid_at": LATE_EVENING + 86_400}
    paid = bill(status="paid", amount_paid_off_stripe=700, status_transitions=transitions)
    (_, record) = invoice_records(paid, READING)
    assert isinstance(record, PaymentRecord)
    assert (record.reference, record.pays) == ("in_1#off_stripe", (("A-1", 700),))
    assert record.received_on == date(2026, 9, 22)


def test_a_credit_note_counts_what_it_took_off_and_what_was_refunded_and_not_the_balance() -> None:
    note = {
        "status": "issued",
        "number": "A-1-CN-01",
        "currency": "usd",
        "customer": {"id": "cus_1"},
        "invoice": {"id": "in_1", "number": "A-1"},
        "pre_payment_amount": 200,
        "post_payment_amount": 1_000,
        "refunds": [{"amount_refunded": 300}],
        "created": LATE_EVENING,
    }
    (record,) = credit_note_records(note, READING)
    assert isinstance(record, CreditNoteRecord)
    assert (record.amount_minor, record.invoice_number, record.removed) == (500, "A-1", False)
    assert credit_note_records({**note, "pre_payment_amount": 0, "refunds": []}, READING) == []


def test_the_key_of_a_payment_is_its_intent_and_without_one_the_charge() -> None:
    assert payment().reference == "pi_1#succeeded"
    assert payment(payment_intent=None).reference == "ch_1#succeeded"


def test_what_is_only_reserved_or_was_refused_is_no_payment() -> None:
    reserved = charge(captured=False, amount_captured=0, payment_intent={"id": "pi_1", "amount_received": 0})
    assert payment_records(reserved, READING) == []
    assert payment_records(charge(status="failed"), READING) == []


def test_of_a_part_that_was_captured_the_rest_is_not_a_refund() -> None:
    part = payment(
        amount_captured=9_000, amount_refunded=3_500, payment_intent={"id": "pi_1", "amount_received": 9_000}
    )
    assert (part.amount_minor, part.refunded_minor) == (9_000, 500)


def test_a_debit_that_came_to_nothing_is_told_unless_it_was_tried_again() -> None:
    debit: Any = {"status": "failed", "payment_method_details": {"type": "us_bank_account"}}
    assert payment(**debit).failed
    again = {"id": "pi_1", "amount_received": 12_000, "latest_charge": "ch_2"}
    assert payment_records(charge(**debit, payment_intent=again), READING) == []


def test_what_a_bank_took_back_is_told_beside_the_refunds_and_only_while_it_is_away() -> None:
    dispute = {"amount": 12_000, "created": LATE_EVENING + 86_400, "balance_transactions": [{"amount": -12_500}]}
    away = payment(disputes=(dispute,))
    assert (away.taken_back_minor, away.taken_back_on, away.refunded_minor) == (12_000, date(2026, 9, 22), 0)
    won = {**dispute, "balance_transactions": [{"amount": -12_500}, {"amount": 12_500}]}
    assert (payment(disputes=(won,)).taken_back_minor, payment(disputes=(won,)).taken_back_on) == (0, None)
    inquiry = {**dispute, "balance_transactions": []}
    assert payment(disputes=(inquiry,)).taken_back_minor == 0


def test_no_more_is_taken_back_than_came() -> None:
    dispute = {"amount": 12_500, "created": LATE_EVENING, "balance_transactions": [{"amount": -12_000}]}
    both = payment(amount_refunded=2_000, disputes=(dispute,))
    assert (both.refunded_minor, both.taken_back_minor) == (2_000, 12_000)


def test_a_customer_is_a_person_only_where_stripe_says_so() -> None:
    person = customer_record({"id": "cus_1", "individual_name": "Ada", "name": "Shop"}, READING)
    firm = customer_record({"id": "cus_1", "individual_name": "Ada", "business_name": "Ada Ltd"}, READING)
    assert (person.customer_kind, person.customer_name) == (CustomerKind.PERSON, "Ada")
    assert (firm.customer_kind, firm.customer_name) == (CustomerKind.BUSINESS, "Ada Ltd")
    assert customer_record({"id": "cus_1"}, READING).customer_name == "cus_1"


def test_of_a_customer_that_is_gone_the_invoice_still_tells() -> None:
    gone = bill(customer={"id": "cus_1", "deleted": True}, customer_name="Anna", customer_email="a@x.example")
    record = customer_behind(gone, READING)
    assert record
    assert (record.customer_name, record.email, record.removed) == ("Anna", "a@x.example", True)
    assert customer_behind(charge(customer=None), READING) is None
