"""The receivables file of a demo: the user's, or a generated portfolio."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from dunwell.errors import InvalidInputError
from dunwell.ingestion.reading import Reading, read_rows
from dunwell.ingestion.records import CreditNoteRecord, InvoiceRecord, PaymentRecord, Receivable, Record
from dunwell_aws.documents import read_mappings
from dunwell_aws.workbook import open_workbook
from infra.local.errors import LocalStackError
from infra.local.portfolio import generate
from infra.local.stack import ROOT

GENERATED_AS_OF = date(2026, 6, 30)
CUSTOMERS, SEED, DIRTY_ROWS = 300, 7, 5


@dataclass(frozen=True)
class Source:
    """A file, the day it is looked at on, and how many rows it has (0 when it cannot be read as a table)."""

    path: Path
    as_of: date
    rows: int


def generated(folder: Path, as_of: date | None) -> Source:
    """A portfolio from the project's own generator, written to a folder."""
    day = as_of or GENERATED_AS_OF
    path = folder / "portfolio.csv"
    folder.mkdir(parents=True, exist_ok=True)
    rows = list(generate(CUSTOMERS, SEED, day, DIRTY_ROWS))
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return Source(path, day, len(rows))


def given(path: Path, as_of: date | None) -> Source:
    """The user's file; as of the last date in it unless another day is asked for.

    Raises:
        LocalStackError: there is no such file. One that cannot be read as a table is the stack's to refuse.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise LocalStackError(f"cannot read DATA={path}: {error.strerror}") from None
    try:
        reading = read_rows(content, read_mappings(ROOT / "infra"), workbook=open_workbook)
        last, rows = _last_date(reading)
    except InvalidInputError:
        return Source(path, as_of or GENERATED_AS_OF, 0)
    return Source(path, as_of or last or GENERATED_AS_OF, rows)


def _last_date(reading: Reading) -> tuple[date | None, int]:
    """The last day on which the file says that something happened, and its number of rows."""
    last: date | None = None
    rows = 0
    for batch in reading.batches:
        rows += batch.rows
        days = [day for record in batch.records for day in _days(record)]
        last = max([last, *days] if last else days, default=None)
    return last, rows


def _days(record: Receivable | Record) -> Iterator[date]:
    """When a row says that something happened."""
    told = record.invoice if isinstance(record, Receivable) else record
    if isinstance(told, InvoiceRecord | CreditNoteRecord):
        yield told.issued_on
    if isinstance(told, InvoiceRecord) and told.settled_on:
        yield told.settled_on
    if isinstance(told, PaymentRecord):
        yield told.received_on
