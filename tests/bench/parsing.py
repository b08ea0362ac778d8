"""Reading files: rows a second of processor time from bytes to validated records, on one core."""

import csv
import io
import os
import time
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from dunwell.ingestion.reading import read_rows
from dunwell.ingestion.records import Receivable
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

PLAIN = "csv.DictReader and one pydantic model a row, with the same checks and the same amounts in minor units"


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


def _entry(name: str, content: bytes, rows: int, model: type["PlainRow"], repetitions: int) -> Entry:
    if (found := _facts(content)) != (wanted := _plain_facts(content, model)) or found[0] != rows:
        raise RuntimeError(f"{name}: {found} records and their sum, the plain way has {wanted}, of {rows} rows")
    ours, plain = rates(rows, repetitions, lambda: _ours(content), lambda: _plain(content, model), time.process_time)
    missed = [] if ours.median >= ROWS_A_SECOND else [f"{ours.median:,.0f} rows/s, {ROWS_A_SECOND:,} wanted"]
    if ours.median < plain.median:
        missed.append("slower than the plain way")
    return Entry(
        name=name,
        what="a CSV file recognised, read, mapped and validated into canonical records, in batches",
        unit="rows/s",
        ours=ours,
        alternative=PLAIN,
        plain=plain,
        cost=f"{1_000_000 / ours.median:.0f} microseconds of one core a row; memory does not grow with the file",
        flags=tuple(missed),
    )


def _ours(content: bytes) -> int:
    return sum(len(batch.records) for batch in read_rows(content, mappings()).batches)


def _plain(content: bytes, model: type["PlainRow"]) -> list["PlainRow"]:
    return [model.model_validate(row) for row in csv.DictReader(io.StringIO(content.decode()))]


def _facts(content: bytes) -> tuple[int, int]:
    """How many records, and the sum of their amounts in minor units."""
    amounts = [
        record.invoice.amount_minor
        for batch in read_rows(content, mappings()).batches
        for record in batch.records
        if isinstance(record, Receivable)
    ]
    return len(amounts), sum(amounts)


def _plain_facts(content: bytes, model: type["PlainRow"]) -> tuple[int, int]:
    found = _plain(content, model)
    return len(found), sum(one.amount_minor for one in found)


def _currency(text: str) -> str:
    exponent(text)
    return text


def _zone(text: str) -> str:
    if text:
        zone(text)
    return text


def _month_first(text: Any) -> date:
    return datetime.strptime(text, "%m/%d/%Y").date()


def _minor(amount: Decimal, currency: str) -> int:
    scaled = amount.scaleb(exponent(currency))
    if scaled != int(scaled):
        raise ValueError("is finer than the currency's smallest unit")
    return int(scaled)


Number = Annotated[str, Field(min_length=1, max_length=500)]
Text = Annotated[str, Field(max_length=500)]
Day = Annotated[date, BeforeValidator(_month_first)]
Amount = Annotated[Decimal, Field(gt=0, max_digits=18)]


class PlainRow(BaseModel):
    """What both files' rows have in common."""

    model_config = ConfigDict(str_strip_whitespace=True)
    amount_minor: int = 0

    def settle(self, amount: Decimal, currency: str, days: tuple[date, date, date | None]) -> None:
        """The amount in minor units, and the dates in order."""
        self.amount_minor = _minor(amount, currency)
        issued_on, due_on, settled_on = days
        if due_on < issued_on or (settled_on and settled_on < issued_on):
            raise ValueError("a date is before the invoice was issued")


class PlainReceivable(PlainRow):
    """The template, as one would write it."""

    customer_number: Number
    customer_name: Text
    customer_kind: Literal["person", "business", ""]
    email: Annotated[str, Field(pattern=r"^([^@\s,;<>\"]+@[^@\s,;<>\"]+\.[^@\s,;<>\".]+)?$")]
    phone: Annotated[str, Field(pattern=r"^(\+(1[2-9][0-9]{9}|[2-9][0-9]{6,14}))?$")]
    language: Text
    country: Annotated[str, Field(pattern="^([A-Z]{2})?$")]
    region: Text
    postcode: Text
    timezone: Annotated[str, AfterValidator(_zone)]
    sms_consent: bool
    invoice_number: Number
    currency: Annotated[str, AfterValidator(_currency)]
    amount: Amount
    issued_on: date
    due_on: date
    disputed: bool
    settled_on: Annotated[date | None, BeforeValidator(lambda text: text or None)]

    @model_validator(mode="after")
    def _together(self) -> Self:
        self.settle(self.amount, self.currency, (self.issued_on, self.due_on, self.settled_on))
        return self


class PlainIbm(PlainRow):
    """IBM's columns, as one would write them."""

    customerID: Number  # noqa: N815 - the file's own name
    invoiceNumber: Number  # noqa: N815
    InvoiceAmount: Amount
    InvoiceDate: Day
    DueDate: Day
    Disputed: bool
    SettledDate: Day

    @model_validator(mode="after")
    def _together(self) -> Self:
        self.settle(self.InvoiceAmount, "USD", (self.InvoiceDate, self.DueDate, self.SettledDate))
        return self
