"""One customer's rows against the account: new, known, contradicting, later, settled."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from dunwell.accounts.contact_points import PartOfDay
from dunwell.accounts.model import Channel, CustomerKind, Hold
from dunwell.events import RECEIVABLES_IMPORTED
from dunwell.ingestion.importing import Import, Origin, customer_id, import_records
from dunwell.ingestion.reading import read_rows
from dunwell.ingestion.records import PaymentRecord, Receivable, Row
from dunwell.ingestion.statements import METHOD
from dunwell.ledger.entry import EntryKind
from dunwell.ledger.model import Account, Delivery, InvoiceStatus
from dunwell.ledger.posting import post_payment
from dunwell.scoring.account_facts import invoice_facts
from tests.support import portal
from tests.support.receivables import AT, TODAY, changed, mappings, receivable

TOMORROW, YESTERDAY = TODAY + timedelta(days=1), TODAY - timedelta(days=1)


def take(account: Account | None, *rows: Row, facts: int = 96, today: date = TODAY) -> Import:
    return import_records(account, rows, Origin("example", "erp", today, AT), facts)


def after(made: Import) -> Account:
    return made.changes[-1].applied()


def stored(*rows: Receivable) -> Account:
    return after(take(None, *rows))


def test_a_new_customers_rows_make_an_account() -> None:
    made = take(None, receivable("A-1", 100), receivable("A-2", 200, settled_on=YESTERDAY))
    account = after(made)
    assert (made.tally.in_ledger, made.tally.later, made.tally.rejects) == (2, 0, ())
    assert account.customer.customer_id == customer_id("example", "erp", "C-1")
    assert (account.version, account.balances, account.unapplied) == (1, {"USD": 100}, {})
    (event,) = made.changes[0].events
    assert event.name == RECEIVABLES_IMPORTED
    assert dict(event.data) == {"invoices": 2, "payments": 1, "version": 1, "new_customer": True}


def test_a_file_that_brings_nothing_new_writes_nothing() -> None:
    rows = receivable("A-1"), receivable("A-2", settled_on=YESTERDAY)
    made = take(stored(*rows), *rows)
    assert (made.changes, made.tally.in_ledger) == ((), 2)


def test_a_changed_description_of_an_invoice_is_kept() -> None:
    made = take(stored(receivable()), receivable(due_on=TOMORROW, terms="net 50"))
    (invoice,) = after(made).invoices.values()
    assert (invoice.due_on, invoice.terms, made.tally.in_ledger) == (TOMORROW, "net 50", 1)


def test_a_dispute_that_a_file_tells_of_begins_and_ends_with_it() -> None:
    contested = after(take(stored(receivable()), receivable(disputed=True)))
    assert contested.status(next(iter(contested.invoices))) is InvoiceStatus.DISPUTED
    assert take(contested, receivable(disputed=True)).changes == ()
    ended = after(take(contested, receivable()))
    assert ended.status(next(iter(ended.invoices))) is InvoiceStatus.OPEN
    again = after(take(ended, receivable(disputed=True), today=TOMORROW))
    assert again.status(next(iter(again.invoices))) is InvoiceStatus.DISPUTED


def test_a_newer_version_corrects_the_amount_by_a_note_and_an_older_one_changes_nothing() -> None:
    first = stored(receivable("A-1", 100, version="2026-10-01"))
    lower = after(take(first, receivable("A-1", 80, version="2026-10-03")))
    assert (lower.balances, [e.kind for e in lower.entries.values()]) == ({"USD": 80}, [EntryKind.CREDIT_NOTE])
    assert take(lower, receivable("A-1", 100, version="2026-10-02")).changes == ()
    higher = after(take(lower, receivable("A-1", 130, version="2026-10-04")))
    assert higher.balances == {"USD": 130}
    settled = after(take(higher, receivable("A-1", 130, version="2026-10-05", settled_on=TODAY)))
    assert (settled.balances, settled.unapplied) == ({}, {})


@pytest.mark.parametrize("changes", [{"amount_minor": 9_999}, {"currency": "EUR"}, {"issued_on": YESTERDAY}])
def test_a_known_invoice_with_other_money_facts_is_rejected_and_the_ledger_stays(changes: dict[str, Any]) -> None:
    made = take(stored(receivable()), changed(receivable(), line=9, due_on=TOMORROW, **changes))
    (reject,) = made.tally.rejects
    assert (made.changes, made.tally.in_ledger) == ((), 0)
    assert (reject.line, reject.column, reject.value) == (9, "invoice_number", "A-1")
    assert "another amount" in reject.reason
    assert reject.fix == "send a credit note, or correct the number"


def test_of_two_rows_in_one_file_that_contradict_each_other_the_first_is_taken() -> None:
    made = take(None, receivable("A-1", 100), receivable("A-1", 200, line=3))
    assert after(made).balances == {"USD": 100}
    assert [reject.line for reject in made.tally.rejects] == [3]


def test_rows_of_later_days_are_left_out_and_come_when_their_day_does() -> None:
    rows = receivable("A-1"), receivable("A-2", issued_on=TOMORROW, due_on=TOMORROW)
    made = take(None, *rows)
    assert (made.tally.in_ledger, made.tally.later, len(after(made).invoices)) == (1, 1, 1)
    assert len(after(take(after(made), *rows, today=TOMORROW)).invoices) == 2


def test_a_customer_with_later_rows_alone_is_not_met_yet() -> None:
    made = take(None, receivable(issued_on=TOMORROW, due_on=TOMORROW))
    assert (made.changes, made.tally.later) == ((), 1)


def test_a_settlement_in_the_future_has_not_happened_yet() -> None:
    row = receivable(settled_on=TOMORROW)
    account = stored(row)
    assert account.balances == {"USD": 10_000}
    assert after(take(account, row, today=TOMORROW)).balances == {}


def test_an_invoice_that_is_settled_later_gets_its_payment_once() -> None:
    account = stored(receivable())
    settled = after(take(account, receivable(settled_on=YESTERDAY)))
    (payment,) = settled.payments.values()
    assert (settled.balances, payment.amount_minor, payment.on) == ({}, 10_000, YESTERDAY)
    assert take(settled, receivable(settled_on=YESTERDAY)).changes == ()


@pytest.mark.parametrize(("paid", "imported"), [(10_000, None), (4_000, 6_000)])
def test_who_paid_through_dunwell_is_not_paid_twice_by_the_next_file(paid: int, imported: int | None) -> None:
    owing = stored(receivable())
    posted = {"method": "stripe", "reference": "pi_1", "currency": "USD", "amount_minor": paid}
    after_payment = post_payment(owing, received_at=AT, **posted).applied()  # type: ignore[arg-type]
    account = after(take(after_payment, receivable(settled_on=TODAY)))
    assert [p.amount_minor for p in account.payments.values() if p.method == METHOD] == ([imported] if imported else [])
    assert (account.balances, account.unapplied) == ({}, {})


def test_a_payment_through_dunwell_after_the_file_settled_the_invoice_is_unapplied() -> None:
    settled = stored(receivable(settled_on=YESTERDAY))
    posted = {"method": "stripe", "reference": "pi_1", "currency": "USD", "amount_minor": 10_000}
    account = post_payment(settled, received_at=AT, **posted).applied()  # type: ignore[arg-type]
    assert (account.balances, account.unapplied) == ({}, {"USD": 10_000})


def test_many_rows_make_changes_of_the_stores_size_with_an_invoice_and_its_settlement_together() -> None:
    rows = [receivable(f"A-{n}", settled_on=YESTERDAY if n % 2 else None) for n in range(11)]
    made = take(None, *rows, facts=6)
    assert [len(change.invoices) for change in made.changes] == [4, 4, 3]
    for change in made.changes:
        assert len(change.invoices) + len(change.entries) <= 6
        paid = {direction.invoice_id for p in change.entries.values() for direction in p.directed_to}
        assert paid <= change.invoices.keys()
    assert [change.account.version for change in made.changes] == [0, 1, 2]
    assert [change.customer is not None for change in made.changes] == [True, False, False]


@pytest.mark.parametrize("done", range(3))
def test_an_import_that_ended_half_way_is_completed_by_the_next(done: int) -> None:
    rows = [receivable(f"A-{n}", settled_on=YESTERDAY if n % 2 else None) for n in range(11)]
    whole = take(None, *rows, facts=6)
    half = whole.changes[done - 1].applied() if done else None
    completed = after(take(half, *rows, facts=6))
    assert completed.balances == after(whole).balances
    assert completed.invoices == after(whole).invoices
    assert completed.entries == after(whole).entries


def test_a_new_description_of_the_customer_alone_is_one_change_without_an_event() -> None:
    made = take(stored(receivable()), receivable(customer_name="Anna & Co", email="new@bakery.example"))
    (change,) = made.changes
    assert (change.customer and change.customer.name, change.invoices, change.events) == ("Anna & Co", {}, ())


def test_what_contact_taught_us_is_never_imported_away() -> None:
    account = stored(receivable(sms_consent=True))
    hold = Hold("cease", None, AT)
    learnt = portal.changed(account.customer, refuses=[Channel.EMAIL], bounced=["anna@bakery.example"], holds=(hold,))
    made = take(replace(account, customer=learnt), receivable(customer_name="Anna & Co"))
    customer = after(made).customer
    assert (customer.opted_out, customer.suppressed, customer.holds) == (learnt.opted_out, learnt.suppressed, (hold,))
    assert customer.consent(Channel.SMS) is None  # the source says who consents, and says no more


def test_the_last_row_describes_the_customer() -> None:
    account = stored(receivable("A-1", customer_name="Old"), receivable("A-2", customer_kind=CustomerKind.PERSON))
    assert (account.customer.name, account.customer.kind) == ("Anna's Bakery", CustomerKind.PERSON)


def payment(refunded_minor: int, version: str = "") -> PaymentRecord:
    return PaymentRecord(
        2, "C-1", "P-1", "USD", 100, YESTERDAY, (("A-1", 100),), refunded_minor, TODAY, version=version
    )


def refunded(*records: PaymentRecord) -> Account:
    account = stored(receivable("A-1", 100))
    for hours, record in enumerate(records):
        made = import_records(account, [record], Origin("example", "erp", TODAY, AT + timedelta(hours=hours)))
        account = after(made) if made.changes else account
    return account


def test_a_refund_grows_with_what_a_source_reports_and_an_older_report_changes_nothing() -> None:
    reports = [payment(0, "1"), payment(30, "2"), payment(80, "4")]
    assert [refunded(*reports[:n]).balances for n in (1, 2, 3)] == [{}, {"USD": 30}, {"USD": 80}]
    assert refunded(*reports, payment(30, "3"), payment(80, "4")).balances == {"USD": 80}
    assert refunded(payment(0), payment(30), payment(80), payment(30)).balances == {"USD": 80}


def test_a_refund_that_failed_or_a_dispute_that_was_won_stands_again() -> None:
    reports = [payment(30, "1"), payment(80, "2"), payment(10, "3"), payment(10, "3"), payment(60, "4")]
    assert [refunded(*reports[:n]).balances["USD"] for n in (1, 2, 3, 4, 5)] == [30, 80, 10, 10, 60]
    assert refunded(*reports, payment(0, "5")).balances == {}


def test_a_source_that_says_only_what_is_left_settles_the_rest_on_the_day_it_says_so() -> None:
    def told(account: Account, left_minor: int, hours: int) -> Account:
        origin = Origin("example", "erp", TODAY, AT + timedelta(hours=hours))
        made = import_records(account, [receivable("A-1", 100, open_minor=left_minor)], origin)
        return after(made) if made.changes else account

    account = stored(receivable("A-1", 100, open_minor=60))
    assert account.balances == {"USD": 60}
    assert told(account, 60, 1) is account
    posted = {"method": "stripe", "reference": "pi_1", "currency": "USD", "amount_minor": 20}
    paid = post_payment(account, received_at=AT + timedelta(hours=1), **posted).applied()  # type: ignore[arg-type]
    same = told(paid, 40, 2)
    assert (same.balances, same.unapplied, len(same.payments)) == ({"USD": 40}, {}, 2), "the source knows of it now"
    closed = told(same, 0, 3)
    assert (closed.balances, closed.unapplied) == ({}, {})
    assert set(closed.settlement_dates.values()) == {TODAY}
    again = told(closed, 70, 4)
    assert (again.balances, again.unapplied) == ({"USD": 70}, {})
    assert told(again, 70, 5) is again
    assert told(again, 0, 5).balances == {}


def test_the_hours_in_which_a_customer_wants_to_be_written_to_are_stated_by_its_source() -> None:
    content = "customer_number,customer_name,hours\nC-1,Anna,evening\nC-2,Bert,midnight\n"
    [batch] = read_rows(content.encode(), mappings()).batches
    [row], [reject] = batch.records, batch.rejects
    made = import_records(None, [row], Origin("example", "erp", TODAY, AT)).changes[0].customer
    assert made
    assert made.preferred_hours is PartOfDay.EVENING
    assert (reject.column, reject.value) == ("hours", "midnight")


def test_how_an_invoice_was_first_sent_stands_and_is_told_to_scoring() -> None:
    unknown = stored(receivable())
    assert [one.delivery for one in invoice_facts(unknown)] == [None]
    mailed = after(take(unknown, receivable(delivery=Delivery.ELECTRONIC)))
    assert [one.delivery for one in invoice_facts(mailed)] == [Delivery.ELECTRONIC]
    assert take(mailed, receivable(delivery=Delivery.PAPER)).changes == ()
    assert take(mailed, receivable()).changes == ()


def test_a_file_says_how_each_invoice_was_sent_and_a_way_that_is_none_is_rejected() -> None:
    head = "customer_number,customer_name,invoice_number,currency,amount,issued_on,due_on,delivery\n"
    row = "C-1,Anna,A-{},USD,1.00,2026-10-01,2026-10-31,{}\n"
    content = head + "".join(row.format(n, sent) for n, sent in enumerate(("paper", "ELECTRONIC", "", "pigeon")))
    [batch] = read_rows(content.encode(), mappings()).batches
    sent = [row.invoice.delivery for row in batch.records if isinstance(row, Receivable)]
    assert sent == [Delivery.PAPER, Delivery.ELECTRONIC, None]
    assert [(one.column, one.value) for one in batch.rejects] == [("delivery", "pigeon")]
