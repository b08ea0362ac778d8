"""Source mappings: how a system's columns become canonical receivables. Mappings are data, this reads them.

A field is given by a column, a template over columns or a constant, with an optional map of values and a default::

    due_on: {column: DueDate, date: "%m/%d/%Y"}
    currency: {value: USD}
    email: {template: "billing+{customerID}@example.com"}
    disputed: {column: Disputed, values: {"Yes": "yes", "No": "no"}}
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from dunwell.accounts.model import CustomerKind
from dunwell.errors import InvalidInputError
from dunwell.ingestion.records import CustomerRecord, InvoiceRecord, Receivable, Reject, RejectedRowError
from dunwell.money import exponent, parse_amount
from dunwell.timezones import zone

REQUIRED = ("customer_number", "invoice_number", "currency", "amount", "issued_on", "due_on")
PERSONAL = frozenset({"customer_name", "email", "phone", "postcode"})
FIELDS = frozenset(
    (
        "customer_number",
        "customer_name",
        "customer_kind",
        "invoice_number",
        "currency",
        "amount",
        "issued_on",
        "due_on",
        "settled_on",
        "disputed",
        "email",
        "phone",
        "language",
        "country",
        "region",
        "postcode",
        "timezone",
        "sms_consent",
    )
)

LONGEST_TEXT = 500
"""Longer cells are mistakes, such as a lost quote; a customer must fit into one item of the ledger."""

_ISO_DATE = "%Y-%m-%d"
_E164 = re.compile(r"\+(1[2-9][0-9]{9}|[2-9][0-9]{6,14})")
_COUNTRY = re.compile(r"[A-Z]{2}|")
_EMAIL = re.compile(r"[^@\s,;<>\"]+@[^@\s,;<>\"]+\.[^@\s,;<>\".]+")
_TRUE_FALSE = {"yes": True, "no": False, "true": True, "false": False, "1": True, "0": False, "": False}


@dataclass(frozen=True, slots=True)
class FieldRule:
    """Where one canonical field comes from.

    Attributes:
        column: the source's column; template: text with ``{column}`` places; value: a constant. Exactly one is set.
        values: source value → canonical value; a value that is not listed is rejected.
        date: strptime format of a date column.
        default: what an empty source value means.
    """

    column: str = ""
    template: str = ""
    value: str = ""
    values: Mapping[str, str] = field(default_factory=dict)
    date: str = _ISO_DATE
    default: str = ""

    @property
    def source_columns(self) -> tuple[str, ...]:
        """The columns that this rule reads."""
        return (self.column,) if self.column else tuple(re.findall(r"{(\w+)}", self.template))


@dataclass(frozen=True, slots=True)
class SourceMapping:
    """A named source: which columns make which canonical fields, in which delimiter."""

    name: str
    fields: Mapping[str, FieldRule]
    delimiter: str = ","

    def __post_init__(self) -> None:
        unknown = sorted(set(self.fields) - FIELDS)
        missing = [name for name in REQUIRED if name not in self.fields]
        if unknown or missing:
            raise InvalidInputError(f"mapping {self.name}: unknown fields {unknown}, missing fields {missing}")

    @property
    def required_columns(self) -> frozenset[str]:
        """Columns that a file must have for this mapping to read it."""
        return frozenset(column for rule in self.fields.values() for column in rule.source_columns)

    def column_of(self, name: str) -> str:
        """The source's own name for a canonical field, or the field's when no column gives it."""
        return self.fields.get(name, FieldRule()).column or name

    def read(self, line: int, row: Mapping[str, str]) -> Receivable:
        """One row as a receivable.

        Raises:
            RejectedRowError: with the column, the reason and the fix.
        """
        return _Row(self, line, row).receivable()


class _Row:
    """One row on its way; knows which source column to blame."""

    def __init__(self, mapping: SourceMapping, line: int, row: Mapping[str, str]) -> None:
        self._mapping, self._line, self._row = mapping, line, row

    def receivable(self) -> Receivable:
        currency = self._parsed("currency", _currency)
        issued_on, due_on = self._date("issued_on"), self._date("due_on")
        if due_on < issued_on:
            raise self._rejected("due_on", "is before the invoice was issued", "correct one of the two dates")
        settled_on = self._date("settled_on") if self._text("settled_on") else None
        if settled_on and settled_on < issued_on:
            raise self._rejected("settled_on", "is before the invoice was issued", "correct one of the two dates")
        number = self._required("customer_number")
        amount_minor = self._parsed("amount", lambda text: _positive(parse_amount(text, currency)))
        return Receivable(
            CustomerRecord(
                line=self._line,
                customer_number=number,
                customer_name=self._text("customer_name") or number,
                customer_kind=self._parsed("customer_kind", _kind),
                email=self._parsed("email", _email),
                phone=self._parsed("phone", _phone),
                language=self._text("language").lower() or "en",
                country=self._parsed("country", _country),
                region=self._text("region").upper(),
                postcode=self._text("postcode"),
                timezone=self._parsed("timezone", _timezone),
                sms_consent=self._parsed("sms_consent", _boolean),
            ),
            InvoiceRecord(
                line=self._line,
                customer_number=number,
                invoice_number=self._required("invoice_number"),
                currency=currency,
                amount_minor=amount_minor,
                issued_on=issued_on,
                due_on=due_on,
                settled_on=settled_on,
                disputed_minor=amount_minor if self._parsed("disputed", _boolean) else 0,
            ),
        )

    def _text(self, name: str) -> str:
        rule = self._mapping.fields.get(name)
        if rule is None:
            return ""
        if rule.column:
            text = (self._row[rule.column] or "").strip() or rule.default
        elif rule.template:
            text = rule.template.format_map(self._row)
        else:
            text = rule.value
        if len(text) > LONGEST_TEXT:
            raise self._rejected(name, f"is longer than {LONGEST_TEXT} characters", "shorten it, or add a lost quote")
        if not rule.values or not text:
            return text
        if text not in rule.values:
            raise self._rejected(name, "is not a value that the mapping knows", f"use one of {sorted(rule.values)}")
        return rule.values[text]

    def _required(self, name: str) -> str:
        text = self._text(name)
        if not text:
            raise self._rejected(name, "is empty", "every row needs a value here")
        return text

    def _date(self, name: str) -> date:
        rule = self._mapping.fields[name]
        try:
            return datetime.strptime(self._required(name), rule.date).date()  # noqa: DTZ007 - a date has no zone
        except ValueError:
            raise self._rejected(name, "is not a date", f"write dates as {rule.date}") from None

    def _parsed(self, name: str, parse: Callable[[str], Any]) -> Any:
        text = self._required(name) if name in REQUIRED else self._text(name)
        try:
            return parse(text)
        except InvalidInputError as error:
            raise self._rejected(name, str(error), "correct the value") from None

    def _rejected(self, name: str, reason: str, fix: str) -> RejectedRowError:
        column = self._mapping.column_of(name)
        value = self._row.get(column) or ""
        shown = "***" if name in PERSONAL and value else value[:60]
        return RejectedRowError(Reject(self._line, column, shown, reason, fix))


def _currency(text: str) -> str:
    try:
        exponent(text.upper())
    except InvalidInputError:
        raise InvalidInputError("is not an ISO 4217 currency code such as USD") from None
    return text.upper()


def _country(text: str) -> str:
    if not _COUNTRY.fullmatch(text.upper()):
        raise InvalidInputError("is not a two-letter ISO 3166 country code such as US")
    return text.upper()


def _timezone(text: str) -> str:
    if text:
        try:
            zone(text)
        except InvalidInputError:
            raise InvalidInputError("is not an IANA time zone such as America/Chicago") from None
    return text


def _positive(amount_minor: int) -> int:
    if amount_minor <= 0:
        raise InvalidInputError("an invoice must be more than zero; send credits as credit notes")
    return amount_minor


def _kind(text: str) -> CustomerKind:
    kind = {"": CustomerKind.BUSINESS, "person": CustomerKind.PERSON, "business": CustomerKind.BUSINESS}.get(
        text.lower()
    )
    if kind is None:
        raise InvalidInputError("is neither person nor business")
    return kind


def _boolean(text: str) -> bool:
    try:
        return _TRUE_FALSE[text.lower()]
    except KeyError:
        raise InvalidInputError("is neither yes nor no") from None


def _email(text: str) -> str:
    if text and not _EMAIL.fullmatch(text):
        raise InvalidInputError("is not an e-mail address")
    return text


def _phone(text: str) -> str:
    if text and not _E164.fullmatch(text):
        raise InvalidInputError("is not a telephone number in the form +12125550123")
    return text
