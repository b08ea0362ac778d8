"""Excel workbooks: real dates and numbers, whatever the mapping says of text."""

import io
import zipfile
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

import openpyxl
import pytest

from dunwell.ingestion.cells import Exact
from dunwell.ingestion.fields import RecordKind
from dunwell.ingestion.mapping import FieldRule, SourceMapping, TableMapping
from dunwell.ingestion.reading import UnreadableFileError, read_rows
from dunwell_aws.workbook import open_workbook, text_of
from tests.support.receivables import GOOD, mappings


def workbook(**sheets: Sequence[Sequence[Any]]) -> bytes:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for title, rows in sheets.items():
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(list(row))
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def read(content: bytes, sources: tuple[SourceMapping, ...] = mappings()) -> tuple[list[Any], list[Any]]:
    batches = list(read_rows(content, sources, workbook=open_workbook).batches)
    records = [record for batch in batches for record in batch.records]
    return records, [reject for batch in batches for reject in batch.rejects]


def test_the_template_as_a_workbook_is_the_template() -> None:
    typed = GOOD | {"amount": 1234.5, "issued_on": datetime(2026, 10, 1), "due_on": date(2026, 10, 31)}
    broken = GOOD | {"amount": "n/a"}
    records, rejects = read(
        workbook(Sheet1=[["Open items"], [], list(GOOD), list(typed.values()), [], list(broken.values())])
    )
    (receivable,) = records
    assert (receivable.invoice.amount_minor, receivable.invoice.due_on) == (123_450, date(2026, 10, 31))
    assert receivable.customer.line == 4
    assert [(one.line, one.column, one.value) for one in rejects] == [(6, "amount", "n/a")]


def test_typed_cells_are_read_as_typed_and_text_as_the_mapping_says() -> None:
    rules = {
        "customer_number": FieldRule(column="Kunde"),
        "invoice_number": FieldRule(column="Nr"),
        "currency": FieldRule(value="EUR"),
        "amount": FieldRule(column="Betrag", decimal=",", thousands="."),
        "issued_on": FieldRule(column="Datum", date="%d.%m.%Y"),
        "due_on": FieldRule(column="Datum", date="%d.%m.%Y"),
    }
    source = SourceMapping("erp", (TableMapping("invoices", RecordKind.INVOICE, rules, sheet="Daten"),))
    rows: list[list[Any]] = [
        ["Kunde", "Nr", "Betrag", "Datum"],
        [1001, 1, 1.234e3, datetime(2026, 1, 2)],
        ["1002", "2", "1.234,00", "02.01.2026"],
        [1003, 3, 0.1 + 0.2, datetime(2026, 1, 2)],
    ]
    records, rejects = read(workbook(Andere=[["x"]], Daten=rows), (source,))
    assert [(one.customer_number, one.amount_minor, one.issued_on) for one in records] == [
        ("1001", 123_400, date(2026, 1, 2)),
        ("1002", 123_400, date(2026, 1, 2)),
        ("1003", 30, date(2026, 1, 2)),
    ]
    assert rejects == []


def test_every_sheet_that_a_source_knows_is_read() -> None:
    customers = [["customer_number", "customer_name"], ["C-1", "Anna"]]
    payments: list[list[Any]] = [
        ["customer_number", "payment_reference", "currency", "amount", "received_on"],
        ["C-1", "P-1", "USD", 5, date(2026, 10, 1)],
    ]
    records, _ = read(workbook(Notes=[["hello"]], Customers=customers, Payments=payments))
    assert [type(one).__name__ for one in records] == ["CustomerRecord", "PaymentRecord"]


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        (None, ""),
        (True, "true"),
        (7, "7"),
        (19.99, "19.99"),
        (0.1 + 0.2, "0.3"),
        (1e15, "1000000000000000"),
        (1e-7, "0.0000001"),
        (datetime(2026, 1, 2), "2026-01-02"),
        (datetime(2026, 1, 2, 3, 4), "2026-01-02T03:04:00"),
        ("1.5", "1.5"),
    ],
)
def test_a_cell_is_text_as_excel_shows_it(cell: object, text: str) -> None:
    assert text_of(cell) == text
    assert isinstance(text_of(cell), Exact) == isinstance(cell, float | int | datetime) or isinstance(cell, bool)


def archive() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as file:
        file.writestr("invoices.csv", "a,b\n")
    return out.getvalue()


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"PK\x03\x04...", "a ZIP archive, not an Excel workbook"),
        (archive(), "a ZIP archive, not an Excel workbook"),
        (workbook(Sheet1=[["a", "b"], [1, 2]]), "no sheet of the workbook has the columns of a known source"),
    ],
)
def test_an_archive_that_is_no_workbook_is_refused(content: bytes, says: str) -> None:
    with pytest.raises(UnreadableFileError, match=says):
        read(content)
