"""Ingest: rows a second from a file's bytes to accounts."""

import csv
import io
from decimal import Decimal

from tests.bench.measure import Entry, Result, rates
from tests.bench.portfolio import DictLedger, import_file, portfolio


def bench(repetitions: int) -> list[Result]:
    """The core alone: a ledger in memory, so that no store is timed."""
    made = portfolio()
    ours, plain = rates(
        made.rows,
        repetitions,
        lambda: import_file(made.content, DictLedger()),
        lambda: plain_import(made.content),
    )
    return [
        Entry(
            name="ingest_core",
            what="a file read, mapped, validated and imported into accounts with allocated payments, in memory",
            unit="rows/s",
            ours=ours,
            alternative="csv.DictReader into dicts by customer: no validation, no ids, no rejects, no allocation",
            plain=plain,
            cost=f"{1000 / ours.median:.3f} ms of one core a row; no round trips",
        )
    ]


def plain_import(content: bytes) -> dict[str, dict[str, dict[str, object]]]:
    """What a script of ten lines does, and all it does."""
    customers: dict[str, dict[str, dict[str, object]]] = {}
    for row in csv.DictReader(io.StringIO(content.decode())):
        invoices = customers.setdefault(row["customer_number"], {})
        amount_minor = int(Decimal(row["amount"]) * 100)
        invoices[row["invoice_number"]] = dict(row) | {"amount_minor": amount_minor, "open": not row["settled_on"]}
    return customers
