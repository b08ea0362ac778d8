"""Canonical records from columns of values that are sound, many at once."""

from collections.abc import Mapping, Sequence
from dataclasses import field, fields, make_dataclass
from functools import cache
from typing import Any

from dunwell.ingestion.fields import RecordKind
from dunwell.ingestion.records import (
    CreditNoteRecord,
    CustomerRecord,
    InvoiceRecord,
    PaymentRecord,
    Receivable,
    Record,
)
from dunwell.ingestion.regions import region_code
from dunwell.ingestion.rows import value_of

# Field of the record → canonical field, where they differ.
_NAMES = {"amount_minor": "amount", "tax_minor": "tax", "credit_limit_minor": "credit_limit"}
Columns = Mapping[str, Sequence[Any]]


def records_of(kind: RecordKind, lines: Sequence[int], found: Columns) -> list[Receivable | Record]:
    """What ``rows.make`` makes of each row.

    Args:
        lines: the line of each row; found: canonical field → its value in each row.
    """
    if kind is RecordKind.CUSTOMER:
        return _customers(lines, found)
    if kind is RecordKind.INVOICE:
        return _invoices(lines, found)
    if kind is RecordKind.CREDIT_NOTE:
        return _built(CreditNoteRecord, lines, found, {})
    if kind is RecordKind.PAYMENT:
        return _built(PaymentRecord, lines, found, {})
    without_history = {name: column for name, column in found.items() if name != "removed"}
    parts = {"customer": _customers(lines, without_history), "invoice": _invoices(lines, found)}
    return _filled(Receivable, parts, ())


def _customers(lines: Sequence[int], found: Columns) -> list[Any]:
    names = found.get("customer_name") or found["customer_number"]
    numbers = found["customer_number"]
    named = names if all(names) else [name or number for name, number in zip(names, numbers, strict=True)]
    computed: dict[str, Sequence[Any]] = {"customer_name": named}
    if "region" in found:
        countries = found.get("country") or [value_of({}, "country")] * len(lines)
        known = {pair: region_code(*pair) for pair in set(zip(found["region"], countries, strict=True))}
        computed["region"] = [known[pair] for pair in zip(found["region"], countries, strict=True)]
    return _built(CustomerRecord, lines, found, computed)


def _invoices(lines: Sequence[int], found: Columns) -> list[Any]:
    computed: dict[str, Sequence[Any]] = {}
    if "disputed" in found:
        pairs = zip(found["disputed"], found["amount"], strict=True)
        computed["disputed_minor"] = [amount if disputed else 0 for disputed, amount in pairs]
    if "tax" in found:
        computed["tax_minor"] = [tax or 0 for tax in found["tax"]]
    return _built(InvoiceRecord, lines, found, computed)


def _built(record: type[Any], lines: Sequence[int], found: Columns, computed: Columns) -> list[Any]:
    """Records from columns; a field without a column is in all of them what it is when no rule gives it."""
    columns: dict[str, Sequence[Any]] = {}
    defaults: list[tuple[str, Any]] = []
    for one in fields(record):
        name = _NAMES.get(one.name, one.name)
        if one.name == "line":
            columns[one.name] = lines
        elif one.name in computed:
            columns[one.name] = computed[one.name]
        elif name in found:
            columns[one.name] = found[name]
        elif one.name == "external_ids":
            defaults.append((one.name, ()))
        else:
            defaults.append((one.name, one.default if one.name.endswith("_minor") else value_of({}, name)))
    return _filled(record, columns, tuple(defaults))


def _filled(record: type[Any], columns: Columns, defaults: tuple[tuple[str, Any], ...]) -> list[Any]:
    """Records from columns.

    A frozen dataclass sets each of its fields through ``object.__setattr__``, which costs more than reading the row.
    So they are made as objects of a class that has the same slots and is not frozen, and turned into records.
    """
    twin = _twin(record.__qualname__, tuple(columns), defaults)
    made: list[Any] = list(map(twin, *columns.values()))
    for one in made:
        one.__class__ = record
    return made


@cache
def _twin(name: str, names: tuple[str, ...], defaults: tuple[tuple[str, Any], ...]) -> type[Any]:
    """A class of a record's slots: it takes the named fields by position and has the defaults for the others."""
    members: list[Any] = [(one, Any) for one in names]
    members += [(one, Any, field(default=value)) for one, value in defaults]
    return make_dataclass(name, members, slots=True)
