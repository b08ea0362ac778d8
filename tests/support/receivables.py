"""Receivables files and rows for tests."""

import csv
import io
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from functools import cache
from typing import Any

from dunwell.accounts.model import CustomerKind
from dunwell.ingestion.mapping import INFER, SourceMapping, TableMapping, with_styles
from dunwell.ingestion.records import CustomerRecord, InvoiceRecord, Receivable
from dunwell_aws.documents import folder, read_mappings

TODAY = date(2026, 11, 20)
AT = datetime(2026, 11, 20, 15, 0, tzinfo=UTC)
SETTLED = {"date": "iso", "decimal": ".", "thousands": ","}
GOOD = {
    "customer_number": "C-1",
    "customer_name": "Anna's Bakery",
    "customer_kind": "business",
    "email": "anna@bakery.example",
    "phone": "+12125550123",
    "language": "en",
    "country": "US",
    "region": "NY",
    "postcode": "10001",
    "timezone": "America/New_York",
    "sms_consent": "no",
    "invoice_number": "A-1",
    "currency": "USD",
    "amount": "1234.50",
    "issued_on": "2026-10-01",
    "due_on": "2026-10-31",
    "disputed": "no",
    "settled_on": "",
}


@cache
def mappings() -> tuple[SourceMapping, ...]:
    """The mappings that are shipped."""
    return tuple(read_mappings(folder("infra")))


def mapping(name: str = "dunwell_receivables") -> SourceMapping:
    """A shipped mapping."""
    return next(one for one in mappings() if one.name == name)


def settled_tables() -> list[TableMapping]:
    """Every table that is shipped; what is inferred from a file is settled as a file of ISO dates would."""
    return [
        with_styles(table, {name: SETTLED for name, rule in table.fields.items() if INFER in (rule.date, rule.decimal)})
        for source in mappings()
        for table in source.tables
    ]


def csv_file(*rows: Mapping[str, str], header: Iterable[str] = tuple(GOOD)) -> bytes:
    """A file in Dunwell's own template; each row is a good one with changes."""
    out = io.StringIO()
    writer = csv.DictWriter(out, list(header), lineterminator="\n")
    writer.writeheader()
    writer.writerows({**GOOD, **row} for row in rows)
    return out.getvalue().encode()


def receivable(number: str = "A-1", amount_minor: int = 10_000, **changes: Any) -> Receivable:
    """One validated row; ``disputed=True`` contests all of it."""
    customer = CustomerRecord(
        line=2,
        customer_number="C-1",
        customer_name="Anna's Bakery",
        customer_kind=CustomerKind.BUSINESS,
        email="anna@bakery.example",
        language="en",
        country="US",
    )
    invoice = InvoiceRecord(
        line=2,
        customer_number="C-1",
        invoice_number=number,
        currency="USD",
        amount_minor=amount_minor,
        issued_on=date(2026, 10, 1),
        due_on=date(2026, 10, 31),
    )
    return changed(Receivable(customer, invoice), **changes)


def changed(row: Receivable, **changes: Any) -> Receivable:
    """A row with some of its fields, of the customer or the invoice, changed."""
    if changes.pop("disputed", False):
        changes["disputed_minor"] = changes.get("amount_minor", row.invoice.amount_minor)
    customer = {name: value for name, value in changes.items() if name in CustomerRecord.__dataclass_fields__}
    invoice = {name: value for name, value in changes.items() if name in InvoiceRecord.__dataclass_fields__}
    unknown = changes.keys() - customer.keys() - invoice.keys()
    if unknown:
        raise TypeError(f"a row has no {sorted(unknown)}")
    return Receivable(replace(row.customer, **customer), replace(row.invoice, **invoice))
