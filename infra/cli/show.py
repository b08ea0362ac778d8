"""Records and rejects as tables for a terminal."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from typing import Any

from dunwell.ingestion.records import Receivable, Record, Reject
from dunwell.money import format_money

WIDEST = 28


def table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Aligned columns."""
    cells = [[str(one).replace("\n", " ") for one in row] for row in (header, *rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = ["  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip() for row in cells]
    return "\n".join(f"  {line}" for line in lines)


def records_table(records: Sequence[Receivable | Record]) -> str:
    """Records as they land: the fields that any of them has."""
    rows = [_cells(record) for record in records]
    names = [name for name in dict.fromkeys(name for row in rows for name in row) if any(row.get(name) for row in rows)]
    return table(names, [[_cut(row.get(name, "")) for name in names] for row in rows])


def rejects_table(rejects: Sequence[Reject]) -> str:
    """Where, what and why."""
    return table(("line", "column", "value", "reason"), [(r.line, r.column, _cut(r.value), r.reason) for r in rejects])


def _cells(record: Receivable | Record) -> dict[str, str]:
    parts = (record.customer, record.invoice) if isinstance(record, Receivable) else (record,)
    found: dict[str, str] = {}
    for part in parts:
        values: Mapping[str, Any] = {one.name: getattr(part, one.name) for one in fields(part)}
        currency = values.get("currency") or values.get("credit_currency")
        for name, value in values.items():
            if name.endswith("_minor") and value is not None:
                found[name.removesuffix("_minor")] = format_money(value, currency) if value and currency else ""
            elif name != "currency":
                found[name] = "" if value in (None, False, (), "") else str(value)
    return found


def _cut(text: str) -> str:
    return text if len(text) <= WIDEST else text[: WIDEST - 1] + "…"
