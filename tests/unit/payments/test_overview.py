"""What a customer is shown."""

from dataclasses import replace
from datetime import date

from dunwell.ledger.debits import AttemptStatus
from dunwell.ledger.entry import Entry, EntryKind
from dunwell.ledger.posting import post_payment
from dunwell.payments.overview import overview
from tests.support.agreements import attempt
from tests.support.ledger import in_dispute
from tests.support.portal import NOW, account, invoice

TODAY = date(2026, 11, 22)


def test_currencies_are_shown_apart_and_disputes_left_out_of_pay_all() -> None:
    shown = overview(
        account(
            invoice("A1", 1_000, due_on=date(2026, 11, 12)),
            in_dispute(invoice("A2", 200, due_on=date(2026, 12, 1))),
            invoice("J1", 30, currency="JPY", due_on=TODAY),
        ),
        NOW,
        TODAY,
    )
    yen, dollars = shown.sections
    assert (yen.currency, yen.open_minor, yen.past_due_minor) == ("JPY", 30, 0)
    assert (dollars.open_minor, dollars.past_due_minor, dollars.payable_minor) == (1_200, 1_000, 1_000)
    assert [line.days_past_due for line in dollars.invoices] == [10, -9]
    assert not shown.is_settled


def test_a_settled_account_shows_its_payments_and_credit() -> None:
    owed = account(invoice("A1", 1_000))
    paid = post_payment(owed, method="bank", reference="1", currency="USD", amount_minor=1_500, received_at=NOW)
    shown = overview(paid.applied(), NOW, TODAY)
    assert shown.is_settled
    assert shown.sections[0].credit_minor == 500
    assert [[one.number for one, _ in receipt.parts] for receipt in shown.payments] == [["A1"]]


def test_a_debit_on_its_way_is_pending_once_however_it_is_known() -> None:
    debit = Entry("pen_1", EntryKind.PENDING, "USD", 1_000, TODAY, method="stripe", reference="pi_1")
    tried = replace(attempt(status=AttemptStatus.PROCESSING, amount_minor=1_000), payment_reference="pi_1")
    owed = replace(account(invoice("A1", 1_000)), entries={"pen_1": debit}, attempts={tried.attempt_id: tried})
    arrived = Entry("pay_1", EntryKind.PAYMENT, "USD", 1_000, TODAY, of="pen_1")
    paid = replace(owed, entries={**owed.entries, "pay_1": arrived}, attempts={})
    assert overview(owed, NOW, TODAY).sections[0].pending_minor == 1_000
    assert not overview(paid, NOW, TODAY).sections
