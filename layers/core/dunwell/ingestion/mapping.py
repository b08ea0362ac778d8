"""Source mappings: which of a system's columns become which canonical fields. Mappings are data, this is their form.

A source has one or several tables, and each makes records of one kind. A field of a record is given by a rule::

    due_on: {column: DueDate, date: "%m/%d/%Y"}
    currency: {value: USD}
    email: {template: "billing+{customerID}@example.com"}
    disputed: {column: Disputed, values: {"Yes": "yes", "No": "no"}}
    phone: {first: [Mobile.FreeFormNumber, PrimaryPhone.FreeFormNumber], calling_code: "1", if_bad: empty}
    pays: {each: linked_invoices, key: invoice_id, amount: applied_amount, unit: minor}

A column is a header of a table, or a path into a JSON object (see ``paths``).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, ClassVar

from dunwell.errors import InvalidInputError
from dunwell.ingestion.fields import (
    EXTERNAL_ID,
    FIELDS,
    LISTS,
    CanonicalField,
    RecordKind,
    ValueType,
    canonical,
    required_fields,
)
from dunwell.timezones import zone

ISO = "iso"
"""A date, or the date of a timestamp as it is written, in ISO 8601."""
UNIX, UNIX_MS, DOTNET = "unix", "unix_ms", "dotnet"
"""Instants: seconds or milliseconds since 1970 (or the timestamp that taps make of them), or .NET's
``/Date(1488338552390+0000)/``."""
INFER = "infer"
"""Found out from the column itself; a file that leaves it open is refused."""

CREDITOR = "creditor"
"""The creditor's own time zone, which is put in when mappings are read."""
MINOR, STRIPE, MAJOR = "minor", "stripe", "major"
ANY_OTHER = "*"
"""In a map of values: every value that is not listed."""

_PLACE = re.compile(r"{([^{}]+)}")
_A_MOMENT = datetime(2026, 11, 23)  # noqa: DTZ001 - to try a format on
_CHOICES = {
    "decimal": (".", ",", INFER),
    "thousands": ("", ",", ".", " ", "'", "\u00a0", "\u202f"),
    "unit": (MAJOR, MINOR, STRIPE),
    "country": ("code", "name"),
    "if_bad": ("reject", "empty"),
}
_FORBID_OTHERS = {"extra": "forbid"}


@dataclass(frozen=True, slots=True)
class FieldRule:
    """Where one canonical field comes from, and how it is read.

    Attributes:
        column: the source's column; first: the first of these columns that is not empty; template: text with
            ``{column}`` places; value: a constant; sum: columns whose amounts are added up, empty ones being nothing.
            Exactly one of them is set, or ``key`` for a list, or ``each`` for the sum of a list.
        each: the path of a list whose members give a pair each, empty when the row itself gives one pair; key: the
            invoice number or due date in it; amount: its amount, empty when the whole amount is meant. Without a key
            the amounts are added up.
        default: what an empty source value means.
        part: a regular expression; where it is found in the value, its first group is what is meant.
        values: source value → canonical value, ``*`` for any other; without ``*`` a value not listed is rejected.
        date: strptime format, or ``iso``, ``unix``, ``unix_ms``, ``dotnet`` or ``infer``; zone: whose calendar
            instants are read in, ``creditor`` for the creditor's.
        decimal, thousands: of an amount; unit: ``minor`` when it counts the smallest unit, ``stripe`` as Stripe does.
        country: ``name`` when countries are written out.
        calling_code: of telephone numbers without one, such as ``44``.
        if_bad: ``empty`` leaves an unreadable value out, and counts it, where it would cost the row.
    """

    column: str = ""
    first: tuple[str, ...] = ()
    template: str = ""
    value: str = ""
    sum: tuple[str, ...] = ()
    each: str = ""
    key: str = ""
    amount: str = ""
    default: str = ""
    part: str = ""
    values: Mapping[str, str] = field(default_factory=dict)
    date: str = "%Y-%m-%d"
    zone: str = "UTC"
    decimal: str = "."
    thousands: str = ""
    unit: str = MAJOR
    country: str = "code"
    calling_code: str = ""
    if_bad: str = "reject"

    __pydantic_config__: ClassVar[dict[str, str]] = _FORBID_OTHERS

    @property
    def source_columns(self) -> tuple[str, ...]:
        """The columns that this rule reads, the likeliest to blame first."""
        if self.each:
            return (self.each,)
        if self.key:
            return (self.key, self.amount) if self.amount else (self.key,)
        if self.column:
            return (self.column,)
        return self.first or self.sum or tuple(_PLACE.findall(self.template))


@dataclass(frozen=True, slots=True)
class TableMapping:
    """One table, sheet or stream of a source.

    Attributes:
        name: unique in the source; makes: what each row becomes.
        columns: columns without which a file is not this table, beside those of the fields every row needs.
        without: columns with which a file is another table, such as an amount in a list of customers.
        streams: names under which Singer taps send it; empty: the table's own name.
        sheet: the workbook's sheet; empty: any whose header fits.
        only: column → values; rows with another value are left out and counted; skip_zero: so are those of amount
            zero; leave_out: column → regular expression of the values whose rows are left out and counted, such as the
            totals of a report.
        delimiter, encoding: of a text file; empty: found out.
    """

    name: str
    makes: RecordKind
    fields: Mapping[str, FieldRule]
    columns: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    streams: tuple[str, ...] = ()
    sheet: str = ""
    only: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    skip_zero: bool = False
    leave_out: Mapping[str, str] = field(default_factory=dict)
    delimiter: str = ""
    encoding: str = ""

    __pydantic_config__: ClassVar[dict[str, str]] = _FORBID_OTHERS

    def __post_init__(self) -> None:
        problems = [
            f"field {name} {problem}"
            for name, rule in self.fields.items()
            if (known := canonical(self.makes, name))
            for problem in _problems(rule, known)
        ]
        unknown = [name for name in self.fields if canonical(self.makes, name) is None]
        if unknown:
            known_names = ", ".join(FIELDS[self.makes])
            problems.append(f"unknown fields {sorted(unknown)}: a record of kind {self.makes} has {known_names}")
        missing = [name for name in required_fields(self.makes) if name not in self.fields]
        if missing:
            problems.append(f"missing fields {missing}")
        if "credit_limit" in self.fields and "credit_currency" not in self.fields:
            problems.append("field credit_limit needs credit_currency")
        problems += _problems_of_text(self.delimiter, self.encoding)
        problems += [
            f"leave_out {column} is no regular expression"
            for column, pattern in self.leave_out.items()
            if _groups_of(pattern) is None
        ]
        if problems:
            raise InvalidInputError(f"table {self.name}: {'; '.join(problems)}")

    @property
    def required_columns(self) -> frozenset[str]:
        """Columns that a file must have to be this table."""
        found = set(self.columns) | set(self.only)
        for name in required_fields(self.makes):
            rule = self.fields[name]
            if rule.first:
                found.add(rule.first[-1])
            elif rule.sum:
                found.add(rule.sum[0])
            elif not rule.default:
                found.update(rule.source_columns)
        return frozenset(found)

    @property
    def read_columns(self) -> frozenset[str]:
        """Every column that is read when it is there."""
        read = {column for rule in self.fields.values() for column in rule.source_columns}
        return frozenset(read) | frozenset(self.leave_out) | self.required_columns

    @property
    def stream_names(self) -> tuple[str, ...]:
        """What Singer taps call this table."""
        return self.streams or (self.name,)

    def column_of(self, name: str) -> str:
        """The source's own name for a canonical field, or the field's when no column gives it."""
        rule = self.fields.get(name)
        columns = rule.source_columns if rule else ()
        return columns[0] if columns else name

    def external_ids(self) -> list[str]:
        """The fields that give the customer's numbers in other sources."""
        return [name for name in self.fields if name.startswith(EXTERNAL_ID)]


@dataclass(frozen=True, slots=True)
class SourceMapping:
    """A named source and its tables; ``about`` says which export or API it reads."""

    name: str
    tables: tuple[TableMapping, ...]
    about: str = ""

    __pydantic_config__: ClassVar[dict[str, str]] = _FORBID_OTHERS

    def __post_init__(self) -> None:
        names = [table.name for table in self.tables]
        if not names or len(set(names)) < len(names):
            raise InvalidInputError(f"source {self.name}: needs tables, each of another name; it has {names}")

    def table(self, name: str) -> TableMapping:
        """A table by name.

        Raises:
            InvalidInputError: there is none.
        """
        for table in self.tables:
            if table.name == name:
                return table
        raise InvalidInputError(f"source {self.name} has no table {name!r}")


def _problems(rule: FieldRule, known: CanonicalField) -> list[str]:
    """What is wrong with the rule of a field, as the ends of sentences."""
    found = _problems_of_origin(rule, known)
    for name, choices in _CHOICES.items():
        if getattr(rule, name) not in choices:
            found.append(f"{name} is one of {', '.join(repr(one) for one in choices)}")
    if rule.decimal == rule.thousands:
        found.append("decimal and thousands are the same")
    if known.type in (ValueType.DATE, ValueType.INSTALMENTS) and not _is_date_format(rule.date):
        found.append(f"date {rule.date!r} is no format: write one such as %d/%m/%Y, or iso, unix, infer")
    if rule.calling_code and not re.fullmatch(r"[1-9][0-9]{0,2}", rule.calling_code):
        found.append("calling_code is the digits alone, such as '1' or '44'")
    if rule.part and not _groups_of(rule.part):
        found.append("part is a regular expression with a group around what is meant")
    if rule.if_bad == "empty" and (known.required or known.type is ValueType.AMOUNT):
        found.append("if_bad: empty is not for amounts and what every row needs")
    try:
        zone(rule.zone if rule.zone != CREDITOR else "UTC")
    except InvalidInputError as error:
        found.append(str(error))
    return found


def _problems_of_origin(rule: FieldRule, known: CanonicalField) -> list[str]:
    given = [name for name in ("column", "first", "template", "value", "sum", "key") if getattr(rule, name)]
    if rule.each and not rule.key:
        given.append("each")
    found = []
    if len(given) != 1:
        found.append(f"needs exactly one of column, first, template, value, sum; it has {', '.join(given) or 'none'}")
    if bool(rule.key) != (known.type in LISTS):
        found.append("key, with each and amount, is for pays and instalments, and they need it")
    if rule.sum and known.type is not ValueType.AMOUNT:
        found.append("sum adds up amounts")
    if rule.each and not rule.key and (known.type is not ValueType.AMOUNT or not rule.amount):
        found.append("each without key adds up an amount: it is for amounts, and names amount")
    return found


def _problems_of_text(delimiter: str, encoding: str) -> list[str]:
    found = []
    if len(delimiter) > 1:
        found.append("delimiter is one character")
    try:
        "".encode(encoding or "utf-8")
    except LookupError:
        found.append(f"encoding {encoding!r} is unknown: write one such as utf-8 or cp1252")
    return found


def _groups_of(pattern: str) -> int | None:
    """How many groups a regular expression has, None when it is none."""
    try:
        return re.compile(pattern).groups
    except re.error:
        return None


def _is_date_format(text: str) -> bool:
    if text in (ISO, UNIX, UNIX_MS, DOTNET, INFER):
        return True
    try:
        return datetime.strptime(_A_MOMENT.strftime(text), text) == _A_MOMENT  # noqa: DTZ007 - a date has no zone
    except ValueError:
        return False


def with_styles(table: TableMapping, styles: Mapping[str, Mapping[str, Any]]) -> TableMapping:
    """The table with options of some fields replaced: what was found out from a file."""
    changed = {name: replace(table.fields[name], **style) for name, style in styles.items()}
    return replace(table, fields={**table.fields, **changed}) if changed else table


def in_zone(source: SourceMapping, zone_name: str) -> SourceMapping:
    """The source with the creditor's time zone put in where its rules ask for it."""

    def table_in_zone(table: TableMapping) -> TableMapping:
        asked = [name for name, rule in table.fields.items() if rule.zone == CREDITOR]
        return with_styles(table, {name: {"zone": zone_name} for name in asked})

    return replace(source, tables=tuple(map(table_in_zone, source.tables)))
