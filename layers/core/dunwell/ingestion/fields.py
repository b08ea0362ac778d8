"""The canonical fields: what a mapping may fill in, for each kind of record."""

from dataclasses import dataclass
from enum import StrEnum


class RecordKind(StrEnum):
    """What a row of a source becomes; a receivable is a customer and an invoice in one row."""

    RECEIVABLE = "receivable"
    CUSTOMER = "customer"
    INVOICE = "invoice"
    CREDIT_NOTE = "credit_note"
    PAYMENT = "payment"
    FIGURE = "figure"


class ValueType(StrEnum):
    """How the text of a field is read."""

    TEXT = "text"
    UPPER = "upper"
    DATE = "date"
    AMOUNT = "amount"
    NUMBER = "number"
    CURRENCY = "currency"
    COUNTRY = "country"
    TIMEZONE = "timezone"
    EMAIL = "email"
    PHONE = "phone"
    CUSTOMER_KIND = "customer_kind"
    CHANNEL = "channel"
    PART_OF_DAY = "part_of_day"
    DELIVERY = "delivery"
    BOOLEAN = "boolean"
    LANGUAGE = "language"
    VERSION = "version"
    PAYS = "pays"
    INSTALMENTS = "instalments"


LISTS = frozenset({ValueType.PAYS, ValueType.INSTALMENTS})
"""Several values from one row."""

EXTERNAL_ID = "external_ids."
"""A field of this beginning gives the same customer's number in the source that it goes on to name."""


@dataclass(frozen=True, slots=True)
class CanonicalField:
    """One field.

    Attributes:
        positive: of an amount: zero is a mistake.
        personal: masked in rejects.
    """

    type: ValueType
    required: bool = False
    personal: bool = False
    positive: bool = False


_TEXT = CanonicalField(ValueType.TEXT)
_KEY = CanonicalField(ValueType.TEXT, required=True)
_PERSONAL = CanonicalField(ValueType.TEXT, personal=True)
_FLAG = CanonicalField(ValueType.BOOLEAN)
_AMOUNT = CanonicalField(ValueType.AMOUNT)
_NUMBER = CanonicalField(ValueType.NUMBER)
_WHOLE_AMOUNT = CanonicalField(ValueType.AMOUNT, required=True, positive=True)
_CURRENCY = CanonicalField(ValueType.CURRENCY, required=True)
_DATE = CanonicalField(ValueType.DATE)
_DAY = CanonicalField(ValueType.DATE, required=True)

_CUSTOMER = {
    "customer_number": _KEY,
    "customer_name": _PERSONAL,
    "customer_kind": CanonicalField(ValueType.CUSTOMER_KIND),
    "email": CanonicalField(ValueType.EMAIL, personal=True),
    "phone": CanonicalField(ValueType.PHONE, personal=True),
    "street": _PERSONAL,
    "city": _PERSONAL,
    "postcode": _PERSONAL,
    "region": CanonicalField(ValueType.UPPER),
    "country": CanonicalField(ValueType.COUNTRY),
    "language": CanonicalField(ValueType.LANGUAGE),
    "timezone": CanonicalField(ValueType.TIMEZONE),
    "channel": CanonicalField(ValueType.CHANNEL),
    "hours": CanonicalField(ValueType.PART_OF_DAY),
    "sms_consent": _FLAG,
    "parent_number": _TEXT,
    "legal_entity": _TEXT,
    "group": _TEXT,
    "credit_currency": CanonicalField(ValueType.CURRENCY),
    "credit_limit": _AMOUNT,
    "credit_score": _NUMBER,
    "credit_score_on": _DATE,
    "credit_score_by": _TEXT,
    "industry": _TEXT,
    "size": _NUMBER,
    "customer_since": _DATE,
}
_VERSION = CanonicalField(ValueType.VERSION)
_HISTORY = {"version": _VERSION, "removed": _FLAG}
_INVOICE = {
    "customer_number": _KEY,
    "invoice_number": _KEY,
    "currency": _CURRENCY,
    "amount": _WHOLE_AMOUNT,
    "issued_on": _DAY,
    "due_on": _DAY,
    "tax": _AMOUNT,
    "terms": _TEXT,
    "delivery": CanonicalField(ValueType.DELIVERY),
    "instalments": CanonicalField(ValueType.INSTALMENTS),
    "disputed": _FLAG,
    "disputed_amount": _AMOUNT,
    "settled_on": _DATE,
    "open_amount": _AMOUNT,
}
_CREDIT_NOTE = {
    "customer_number": _KEY,
    "credit_number": _KEY,
    "currency": _CURRENCY,
    "amount": _WHOLE_AMOUNT,
    "issued_on": _DAY,
    "invoice_number": _TEXT,
}
_PAYMENT = {
    "customer_number": _KEY,
    "reference": _KEY,
    "currency": _CURRENCY,
    "amount": _WHOLE_AMOUNT,
    "received_on": _DAY,
    "pays": CanonicalField(ValueType.PAYS),
    "refunded": _AMOUNT,
    "refunded_on": _DATE,
    "pending": _FLAG,
    "failed": _FLAG,
    "method": _TEXT,
    "version": _VERSION,
}
_FIGURE = {
    "about": _TEXT,
    "source": _TEXT,
    "name": _KEY,
    "period": _KEY,
    "published_on": _DAY,
    "value": _KEY,
    "told_by": _TEXT,
}

FIELDS: dict[RecordKind, dict[str, CanonicalField]] = {
    RecordKind.RECEIVABLE: _CUSTOMER | _INVOICE | _HISTORY,
    RecordKind.CUSTOMER: _CUSTOMER | _HISTORY,
    RecordKind.INVOICE: _INVOICE | _HISTORY,
    RecordKind.CREDIT_NOTE: _CREDIT_NOTE | _HISTORY,
    RecordKind.PAYMENT: _PAYMENT,
    RecordKind.FIGURE: _FIGURE,
}
"""Kind → field → what is known of it. A row with several faults is told of the first in this order."""


def canonical(kind: RecordKind, name: str) -> CanonicalField | None:
    """A field of a kind of record, or None when there is none of that name."""
    if name.startswith(EXTERNAL_ID) and "customer_name" in FIELDS[kind]:
        return _TEXT if name != EXTERNAL_ID else None
    return FIELDS[kind].get(name)


def required_fields(kind: RecordKind) -> list[str]:
    """What every mapping of a kind must fill in."""
    return [name for name, field in FIELDS[kind].items() if field.required]
