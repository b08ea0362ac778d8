"""A whole file into the ledger: every row is accounted for."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dunwell.errors import ConflictError
from dunwell.ingestion.records import Reject
from dunwell.ingestion.run import RunRecord
from dunwell.ledger.change import Change
from dunwell.ledger.update import ATTEMPTS
from dunwell_aws.uploads import in_threads
from tests.support.files import take_file
from tests.support.memory import InMemoryLedger
from tests.support.receivables import GOOD, TODAY, csv_file

TOMORROW = (TODAY + timedelta(days=1)).isoformat()


def run(ledger: InMemoryLedger, content: bytes) -> tuple[RunRecord, list[Reject]]:
    return take_file(ledger, content)


def total(ledger: InMemoryLedger) -> int:
    return sum(account.balances.get("USD", 0) for account in ledger.accounts.values())


def test_the_record_adds_up_and_counts_each_reason() -> None:
    record, rejects = run(
        InMemoryLedger(),
        csv_file(
            {},
            {"invoice_number": "A-2", "amount": "1,5"},
            {"invoice_number": "A-3", "amount": "2,5"},
            {"invoice_number": "A-4", "issued_on": TOMORROW, "due_on": TOMORROW},
            {"customer_number": "C-2", "invoice_number": "B-1"},
            {"amount": "1.00"},
        ),
    )
    assert (record.rows, record.in_ledger, record.rejected, record.later) == (6, 2, 3, 1)
    assert (record.status, record.source, record.business_date) == ("done", "dunwell_receivables", TODAY)
    assert (record.counts, record.amounts_minor) == ({"invoice USD": 2}, {"invoice USD": 2 * 123_450})
    assert dict(record.rejects_by_reason) == {
        "is not an amount such as 1234.50": 2,
        "this invoice number is known with another amount, currency or issue date": 1,
    }
    assert [reject.line for reject in rejects] == [3, 4, 7]


def test_a_contradiction_blames_the_sources_own_column() -> None:
    header = "customerID,invoiceNumber,InvoiceAmount,InvoiceDate,DueDate,Disputed,SettledDate"
    rows = ("C1,I1,5.00,1/2/2026,2/1/2026,No,", "C1,I1,6.00,1/2/2026,2/1/2026,No,")
    _, (reject,) = run(InMemoryLedger(), "\n".join([header, *rows]).encode())
    assert (reject.line, reject.column, reject.value) == (3, "invoiceNumber", "I1")


def test_a_file_imported_twice_is_in_the_ledger_once() -> None:
    ledger, content = InMemoryLedger(), csv_file({}, {"invoice_number": "A-2"}, {"customer_number": "C-2"})
    first, _ = run(ledger, content)
    events = len(ledger.events)
    assert run(ledger, content)[0] == replace(first, written=0)
    assert (len(ledger.events), total(ledger)) == (events, 3 * 123_450)


def test_customers_are_imported_the_same_in_parallel() -> None:
    content = csv_file(*({"customer_number": f"C-{n}"} for n in range(40)))
    alone, together = InMemoryLedger(), InMemoryLedger()
    record, _ = run(alone, content)
    parallel = take_file(together, content, in_parallel=in_threads, threads=4)
    assert parallel == (record, [])
    assert together.accounts == alone.accounts


def test_an_import_that_loses_a_race_is_compared_again_with_the_newer_account() -> None:
    ledger = InMemoryLedger()

    def overtaken(_: Change) -> None:
        ledger.before_commit = lambda change: None
        run(ledger, csv_file({}))

    ledger.before_commit = overtaken
    record, _ = run(ledger, csv_file({}, {"invoice_number": "A-2"}))
    assert (record.in_ledger, total(ledger)) == (2, 2 * 123_450)


def test_an_import_that_always_loses_the_race_is_left_to_the_next_delivery() -> None:
    ledger, tried = InMemoryLedger(), []

    def lost(change: Change) -> None:
        tried.append(change)
        raise ConflictError("lost")

    ledger.before_commit = lost
    with pytest.raises(ConflictError):
        run(ledger, csv_file({}))
    assert len(tried) == ATTEMPTS


CELLS = {
    "customer_number": st.sampled_from(["C-1", "C-2", ""]),
    "invoice_number": st.sampled_from(["A-1", "A-2", "A-3", ""]),
    "currency": st.sampled_from(["USD", "EUR", "XXX"]),
    "amount": st.sampled_from(["1.00", "2.00", "-1", "x"]),
    "issued_on": st.sampled_from(["2026-10-01", "2026-12-01", "soon"]),
    "due_on": st.sampled_from(["2026-10-31", "2026-12-31"]),
    "settled_on": st.sampled_from(["", "2026-11-01", "2026-12-31"]),
    "customer_name": st.sampled_from(["Anna", "a\nb", 'quote"d', "x" * 600]),
}


@given(st.lists(st.fixed_dictionaries(CELLS), max_size=12), st.integers(0, 60))
def test_every_row_of_any_file_is_in_the_ledger_rejected_or_later(rows: list[dict[str, str]], cut: int) -> None:
    content = csv_file(*rows)
    content = content[: max(len(",".join(GOOD)) + 1, len(content) - cut)]
    ledger = InMemoryLedger()
    record, rejects = run(ledger, content)
    assert record.rows == record.in_ledger + record.rejected + record.later
    assert record.rejected == len(rejects) == sum(count for _, count in record.rejects_by_reason)
    assert sum(len(account.invoices) for account in ledger.accounts.values()) <= record.in_ledger
    again, _ = run(ledger, content)
    assert again == replace(record, written=0)
