"""Small receivables files in Dunwell's own template, a line an invoice."""

import csv
import io
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from itertools import count
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
SOURCE = "dunwell_receivables"
TODAY = date(2026, 6, 30)
"""The business date of the deployed stack's tests: a Tuesday without a holiday."""

_MAPPING = yaml.safe_load((ROOT / "infra" / "sources" / f"{SOURCE}.yaml").read_text(encoding="utf-8"))
COLUMNS = tuple(rule["column"] for rule in _MAPPING["tables"][0]["fields"].values())
_numbers = count(1)


def new_number() -> str:
    """A customer number that no other test has."""
    return f"T{next(_numbers):05}"


def row(number: str, invoice: str = "1", *, overdue_days: int = 5, **cells: str) -> dict[str, str]:
    """One open invoice of a business in New York, reachable by e-mail alone, unless cells say otherwise."""
    due_on = TODAY - timedelta(days=overdue_days)
    usual = {
        "customer_number": number,
        "customer_name": f"Customer {number}",
        "customer_kind": "business",
        "email": f"{number.lower()}@example.net",
        "language": "en",
        "country": "US",
        "region": "NY",
        "postcode": "10001",
        "timezone": "America/New_York",
        "sms_consent": "no",
        "invoice_number": f"{number}-{invoice}",
        "currency": "USD",
        "amount": "120.00",
        "issued_on": (due_on - timedelta(days=30)).isoformat(),
        "due_on": due_on.isoformat(),
        "disputed": "no",
    }
    return usual | cells


def csv_file(rows: Iterable[Mapping[str, str]], delimiter: str = ",", columns: Iterable[str] = COLUMNS) -> bytes:
    """The rows as a file in UTF-8."""
    out = io.StringIO()
    writer = csv.DictWriter(out, list(columns), delimiter=delimiter, extrasaction="ignore", restval="")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode()
