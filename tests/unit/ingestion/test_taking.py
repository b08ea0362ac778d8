"""Rows of customers that were merged, pages of several customers, and records of pulled sources."""

from datetime import timedelta

import pytest

from dunwell.accounts.merging import merge_customers
from dunwell.errors import ConflictError
from dunwell.ingestion.importing import Origin, customer_id
from dunwell.ingestion.known import NothingKnown
from dunwell.ingestion.records import CustomerRecord, InvoiceRecord, PaymentRecord, Record
from dunwell.ingestion.sink import LedgerSink
from dunwell.ingestion.taking import CustomerRows, Importer, customer_key
from dunwell.ledger.change import Change
from tests.support.memory import InMemoryKnownFacts, InMemoryLedger
from tests.support.receivables import AT, TODAY

ORIGIN = Origin("example", "erp", TODAY, AT)
ANNA, BERT = (customer_id("example", "erp", number) for number in ("C-1", "C-2"))


def invoice(customer: str, number: str, amount_minor: int = 100) -> InvoiceRecord:
    return InvoiceRecord(2, customer, number, "USD", amount_minor, TODAY, TODAY)


def payment(customer: str, reference: str) -> PaymentRecord:
    return PaymentRecord(2, customer, reference, "USD", 30, TODAY)


def take(ledger: InMemoryLedger, *records: Record) -> None:
    groups = {customer_key(one, ORIGIN): [] for one in records}  # type: ignore[var-annotated]
    for one in records:
        groups[customer_key(one, ORIGIN)].append(one)
    Importer(ledger, "example", NothingKnown()).take([CustomerRows(*group) for group in groups.items()], ORIGIN)


def merged(*records: Record) -> InMemoryLedger:
    """Bert became part of Anna, with all that he owes."""
    ledger = InMemoryLedger()
    take(ledger, CustomerRecord(2, "C-1", "Anna"), CustomerRecord(3, "C-2", "Bert"), *records)
    anna, bert = ledger.accounts[ANNA], ledger.accounts[BERT]
    kept, gone = merge_customers(anna.customer, bert.customer, AT, "ada")
    ledger.commit(Change(anna, kept, bert.invoices, bert.entries), Change(bert, gone))
    return ledger


def test_rows_of_a_merged_customer_go_to_the_one_that_it_is_part_of_now() -> None:
    ledger = merged(invoice("C-1", "A-1"))
    take(ledger, CustomerRecord(2, "C-2", "Bert & Sons"), invoice("C-2", "B-1"))
    assert ledger.accounts[ANNA].balances == {"USD": 200}
    assert ledger.accounts[ANNA].customer.name == "Anna", "her own source describes her"
    assert ledger.accounts[BERT].invoices == {}


def test_what_was_imported_before_a_merger_is_known_after_it() -> None:
    ledger = merged(invoice("C-2", "B-1"), payment("C-2", "P-1"))
    before = ledger.accounts[ANNA]
    take(ledger, invoice("C-2", "B-1"), payment("C-2", "P-1"))
    assert ledger.accounts[ANNA] == before
    assert before.balances == {"USD": 70}


def test_a_page_takes_every_customer_with_one_look_at_what_is_known() -> None:
    known = InMemoryKnownFacts()
    rows = [CustomerRows(customer_key(one, ORIGIN), [one]) for one in (invoice(f"C-{n}", "1") for n in range(9))]
    tallies = Importer(InMemoryLedger(), "example", known).take(rows, ORIGIN)
    assert ([one.written for one in tallies], known.loads) == ([1] * 9, 1)


def sink(ledger: InMemoryLedger) -> LedgerSink:
    return LedgerSink(Importer(ledger, "example", InMemoryKnownFacts()), lambda: AT, "America/New_York")


def test_pulled_records_are_written_once() -> None:
    ledger = InMemoryLedger()
    taking = sink(ledger)
    first = taking.take("erp", [CustomerRecord(0, "C-1", "Anna"), invoice("C-1", "A-1")])
    again = taking.take("erp", [invoice("C-1", "A-1"), payment("C-1", "P-1")])
    assert ((first.written, first.unchanged), (again.written, again.unchanged)) == ((2, 0), (1, 1))
    assert ledger.accounts[ANNA].balances == {"USD": 70}


def test_records_for_a_named_account_go_there_and_do_not_describe_it() -> None:
    ledger = InMemoryLedger()
    take(ledger, CustomerRecord(2, "C-1", "Anna"))
    told = sink(ledger).take("stripe", [CustomerRecord(0, "cus_9", "A. Nonymous"), payment("cus_9", "pi_1")], ANNA)
    assert told.written == 1
    assert (ledger.accounts[ANNA].customer.name, ledger.accounts[ANNA].unapplied) == ("Anna", {"USD": 30})
    assert len(ledger.accounts) == 1


def test_a_named_account_that_is_not_there_is_rejected() -> None:
    (reject,) = sink(InMemoryLedger()).take("stripe", [payment("cus_9", "pi_1")], "cus_nobody").rejects
    assert reject.value == "cus_nobody"


def test_a_record_of_a_later_day_is_told_and_not_lost_in_silence() -> None:
    later = InvoiceRecord(0, "C-1", "A-1", "USD", 100, TODAY + timedelta(days=2), TODAY + timedelta(days=9))
    (reject,) = sink(InMemoryLedger()).take("erp", [later]).rejects
    assert "after today" in reject.reason


def test_a_merger_that_goes_in_a_circle_is_a_mistake_and_not_an_endless_search() -> None:
    ledger = merged()
    anna, bert = ledger.accounts[ANNA], ledger.accounts[BERT]
    _, gone = merge_customers(bert.customer.__class__(BERT, "example", "erp", "C-2", bert.customer.kind, "Bert"),
                              anna.customer, AT, "ada")  # fmt: skip
    ledger.commit(Change(anna, gone))
    with pytest.raises(ConflictError):
        take(ledger, invoice("C-2", "B-1"))
