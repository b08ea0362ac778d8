"""Reading files: rows a second from bytes to validated records, on one core."""

import csv
import io
import os
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field

from dunwell.ingestion.reading import read_rows
from dunwell.money import exponent
from dunwell.timezones import zone
from tests.bench.measure import Entry, Result, Skipped, rates
from tests.bench.portfolio import mappings, portfolio
from tests.support.template import ROOT

IBM = (
    Path(os.environ.get("DUNWELL_SHARED", ROOT.parent / "shared"))
    / "data"
    / "ibm_late_payment"
    / "WA_Fn-UseC_-Accounts-Receivable.csv"
)
TIMES = 10
"""The IBM file is short: its rows are read so many times over."""
ROWS_A_SECOND = 50_000

PLAIN = "csv.DictReader and one pydantic model a row, with the same checks"


def bench(repetitions: int) -> list[Result]:
    """Both files, each in turn with its plain way."""
    made = portfolio()
    found: list[Result] = [_entry("parse_receivables", made.content, made.rows, PlainReceivable, repetitions)]
    if not IBM.exists():
        return [*found, Skipped("parse_ibm", f"{IBM.name} is not here; name its folder with DUNWELL_SHARED")]
    header, rows = IBM.read_bytes().split(b"\n", 1)
    count = rows.count(b"\n") * TIMES
    found.append(_entry("parse_ibm", header + b"\n" + rows * TIMES, count, PlainIbm, repetitions))
    return found


def _entry(name: str, content: bytes, rows: int, model: type[BaseModel], repetitions: int) -> Entry:
    ours, plain = rates(rows, repetitions, _counted(lambda: _ours(content), rows), lambda: _plain(content, model))
    missed = () if ours.median >= ROWS_A_SECOND else (f"{ours.median:,.0f} rows/s, {ROWS_A_SECOND:,} wanted",)
    return Entry(
        name=name,
        what="a CSV file recognised, read, mapped and validated into canonical records, in batches",
        unit="rows/s",
        ours=ours,
        alternative=PLAIN,
        plain=plain,
        cost=f"{1_000_000 / ours.median:.0f} microseconds of one core a row; memory does not grow with the file",
        flags=missed,
    )


def _counted(work: Callable[[], int], rows: int) -> Callable[[], int]:
    """The work, which must have made a record of every row."""

    def checked() -> int:
        if (found := work()) != rows:
            raise RuntimeError(f"{found} records of {rows} rows")
        return found

    return checked


def _ours(content: bytes) -> int:
    return sum(len(batch.records) for batch in read_rows(content, mappings()).batches)


def _plain(content: bytes, model: type[BaseModel]) -> int:
    return len([model.model_validate(row) for row in csv.DictReader(io.StringIO(content.decode()))])


def _currency(text: str) -> str:
    exponent(text)
    return text


def _zone(text: str) -> str:
    if text:
        zone(text)
    return text


def _month_first(text: Any) -> date:
    return datetime.strptime(text, "%m/%d/%Y").date()


Number = Annotated[str, Field(min_length=1, max_length=500)]
Text = Annotated[str, Field(max_length=500)]
Day = Annotated[date, BeforeValidator(_month_first)]


class PlainReceivable(BaseModel):
    """The template, as one would write it."""

    customer_number: Number
    customer_name: Text
    customer_kind: Literal["person", "business", ""]
    email: Annotated[str, Field(pattern=r"^([^@\s]+@[^@\s]+\.[^@\s.]+)?$")]
    phone: Annotated[str, Field(pattern=r"^(\+[1-9][0-9]{6,14})?$")]
    language: Text
    country: Annotated[str, Field(pattern="^([A-Z]{2})?$")]
    region: Text
    postcode: Text
    timezone: Annotated[str, AfterValidator(_zone)]
    sms_consent: bool
    invoice_number: Number
    currency: Annotated[str, AfterValidator(_currency)]
    amount: Annotated[Decimal, Field(gt=0, decimal_places=2)]
    issued_on: date
    due_on: date
    disputed: bool
    settled_on: Annotated[date | None, BeforeValidator(lambda text: text or None)]


class PlainIbm(BaseModel):
    """IBM's columns, as one would write them."""

    customerID: Number  # noqa: N815 - the file's own name
    invoiceNumber: Number  # noqa: N815
    InvoiceAmount: Annotated[Decimal, Field(gt=0, decimal_places=2)]
    InvoiceDate: Day
    DueDate: Day
    Disputed: bool
    SettledDate: Day
