"""The demo's reconciliation: what a file says against what a ledger holds."""

import csv
import io
import os
from collections import Counter, defaultdict
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from dunwell.ingestion.importing import Origin
from dunwell.ingestion.reading import read_rows
from dunwell.ingestion.run import FileImport
from dunwell.ingestion.taking import Importer
from dunwell.ledger.model import Account
from dunwell_aws.documents import read_mappings
from infra.local.demo.reconcile import Reconciliation, Sum, shuffled, sums_of_file, sums_of_ledger
from infra.local.demo.steps import DemoError
from tests.support.debtors import ROOT, SOURCE, TODAY, csv_file, row
from tests.support.memory import InMemoryKnownFacts, InMemoryLedger

SHARED = Path(os.environ.get("DUNWELL_SHARED", ROOT.parent / "shared"))
IBM = SHARED / "data" / "ibm_late_payment" / "WA_Fn-UseC_-Accounts-Receivable.csv"
AT = datetime.fromisoformat("2026-06-30T15:00:00+00:00")
ROWS = [
    row("C-1", "1", amount="120.10"),
    row("C-1", "2", amount="0.05"),
    row("C-1", "3", amount="90", currency="EUR"),
    row("C-2", "1", amount="1000"),
    row("C-3", "1", amount="7", issued_on=(TODAY + timedelta(days=1)).isoformat(), due_on="2026-12-01"),
]


class Books:
    """A ledger that imports files of Dunwell's own template."""

    def __init__(self) -> None:
        self.ledger = InMemoryLedger()
        self._files = FileImport(Importer(self.ledger, "example", InMemoryKnownFacts()))

    def take(self, content: bytes, as_of: date = TODAY) -> list[int]:
        """Import a file; the lines that were refused."""
        refused: list[int] = []
        reading = read_rows(content, read_mappings(ROOT / "infra"))
        origin = Origin("example", reading.source.name, as_of, AT)
        self._files.run(reading.batches, origin, lambda found: refused.extend(one.line for one in found))
        return refused

    @property
    def accounts(self) -> list[Account]:
        return list(self.ledger.accounts.values())


def test_a_ledger_that_took_the_file_agrees_with_it_without_what_is_dated_later() -> None:
    books, content = Books(), csv_file(ROWS)
    books.take(content)
    found = Reconciliation(sums_of_file(content, TODAY), sums_of_ledger(books.accounts))
    assert found.differences == []
    found.check()
    assert found.in_file == {
        ("C-1", "USD"): Sum(2, 12_015),
        ("C-1", "EUR"): Sum(1, 9_000),
        ("C-2", "USD"): Sum(1, 100_000),
    }
    assert str(found) == "2 customers, 4 invoices, 90.00 EUR, 1,120.15 USD, 0 differences"


def test_a_cent_too_much_is_found_and_named() -> None:
    books, content = Books(), csv_file(ROWS)
    books.take(content)
    (account,) = [one for one in books.accounts if one.customer.number == "C-2"]
    (invoice,) = account.invoices.values()
    wrong = replace(account, invoices={invoice.invoice_id: replace(invoice, amount_minor=invoice.amount_minor + 1)})
    books.ledger.accounts[account.customer.customer_id] = wrong
    found = Reconciliation(sums_of_file(content, TODAY), sums_of_ledger(books.accounts))
    assert found.differences == [("C-2", "USD")]
    assert str(found).endswith("1 difference")
    with pytest.raises(DemoError, match="customer C-2: the file says"):
        found.check()
    assert found.report() == (
        "  customer C-2: the file says 1 invoice of 1,000.00 USD, the ledger holds 1 invoice of 1,000.01 USD"
    )


@pytest.mark.parametrize("number", ["C-1", "C-2"])
def test_a_customer_who_is_missing_on_either_side_is_a_difference(number: str) -> None:
    books, content = Books(), csv_file(ROWS)
    books.take(content)
    there = sums_of_ledger(books.accounts)
    less = {key: one for key, one in there.items() if key[0] != number}
    missing = sorted(there.keys() - less.keys())
    assert Reconciliation(sums_of_file(content, TODAY), less).differences == missing
    assert Reconciliation(less, there).differences == missing


def test_as_many_invoices_of_another_sum_or_as_much_in_other_invoices_differ() -> None:
    told = {("C-1", "USD"): Sum(2, 100)}
    assert Reconciliation(told, {("C-1", "USD"): Sum(2, 101)}).differences
    assert Reconciliation(told, {("C-1", "USD"): Sum(1, 100)}).differences
    assert Reconciliation(told, {("C-1", "EUR"): Sum(2, 100)}).differences == [("C-1", "EUR"), ("C-1", "USD")]


def test_refused_and_repeated_rows_count_as_the_import_counts_them() -> None:
    contradiction = {**ROWS[0], "amount": "999"}
    unreadable = {**ROWS[0], "invoice_number": "X", "amount": "many"}
    books, content = Books(), csv_file([*ROWS, contradiction, ROWS[1], unreadable])
    refused = books.take(content)
    assert len(refused) == 2
    assert Reconciliation(sums_of_file(content, TODAY, refused), sums_of_ledger(books.accounts)).differences == []
    assert Reconciliation(sums_of_file(content, TODAY), sums_of_ledger(books.accounts)).differences == [("C-1", "USD")]


def test_shuffling_keeps_the_header_and_every_row_also_one_of_two_lines() -> None:
    broken = {**ROWS[0], "customer_name": 'Two\nlines, "quoted"'}
    content = csv_file([broken, *ROWS[1:]])
    layout = read_rows(content, read_mappings(ROOT / "infra")).layout
    other = shuffled(content, layout)
    assert other is not None
    assert other != content
    before, after = (list(csv.reader(io.StringIO(text.decode(), newline=""))) for text in (content, other))
    assert after[0] == before[0]
    assert after[1:] != before[1:]
    assert Counter(map(tuple, after)) == Counter(map(tuple, before))


def test_a_shuffled_file_without_a_line_end_at_its_end_keeps_its_rows_apart() -> None:
    content = csv_file(ROWS)
    layout = read_rows(content, read_mappings(ROOT / "infra")).layout
    other = shuffled(content.rstrip(), layout)
    assert other is not None
    assert sums_of_file(other, TODAY) == sums_of_file(content, TODAY)
    assert layout.source == SOURCE


@pytest.mark.parametrize("as_of", [date(2013, 6, 1), date(2014, 1, 1)])
def test_the_sums_of_the_ibm_file_are_those_that_a_spreadsheet_makes(as_of: date) -> None:
    if not IBM.exists():
        pytest.skip(f"IBM's receivables sample is not at {IBM}: DUNWELL_SHARED says where.")
    plain: dict[str, list[Decimal]] = defaultdict(list)
    with IBM.open(newline="", encoding="utf-8") as file:
        for line in csv.DictReader(file):
            month, day, year = map(int, line["InvoiceDate"].split("/"))
            if date(year, month, day) <= as_of:
                plain[line["customerID"]].append(Decimal(line["InvoiceAmount"]))
    told = sums_of_file(IBM.read_bytes(), as_of)
    assert {key: (one.count, Decimal(one.amount_minor) / 100) for key, one in told.items()} == {
        (number, "USD"): (len(amounts), sum(amounts)) for number, amounts in plain.items()
    }
    books = Books()
    assert books.take(IBM.read_bytes(), as_of) == []
    assert Reconciliation(told, sums_of_ledger(books.accounts)).differences == []
