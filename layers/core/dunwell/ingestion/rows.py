"""What a mapping makes of one row: the definition. ``columns`` does the same for many rows at once, faster."""

import re
from collections import Counter
from collections.abc import Mapping
from datetime import date
from typing import Any

from dunwell.accounts.model import CustomerKind
from dunwell.figures import OF_CUSTOMERS, WORDS, Figure, fault_of, word
from dunwell.ingestion.cells import Field, PairsField, Row, SumField, external_ids, fields_of
from dunwell.ingestion.fields import RecordKind
from dunwell.ingestion.mapping import TableMapping
from dunwell.ingestion.records import (
    CreditNoteRecord,
    CustomerRecord,
    FigureRecord,
    InvoiceRecord,
    PaymentRecord,
    Receivable,
    Record,
    RejectedRowError,
)
from dunwell.ingestion.regions import region_code
from dunwell.ingestion.values import RefusedValueError, ZeroAmountError

DELETED_AT = "_sdc_deleted_at"
"""Column in which Singer taps say that the source deleted a row."""

_TWO_DATES = "correct one of the two dates"
EARLIEST_ISSUE = date(1970, 1, 1)
"""Before, an invoice's date is a slip of the keyboard, or stands for one that is not known."""
_TWO_AMOUNTS = "correct one of the two amounts"
_PLAIN_DEFAULTS: dict[str, Any] = {
    "customer_kind": CustomerKind.BUSINESS,
    "sms_consent": False,
    "disputed": False,
    "settled_on": None,
    "delivery": None,
    "refunded_on": None,
    "pending": False,
    "failed": False,
    "removed": False,
    "pays": (),
    "instalments": (),
    "credit_limit": None,
    "tax": None,
    "disputed_amount": None,
    "open_amount": None,
    "refunded": None,
    "credit_score_on": None,
    "customer_since": None,
}


class FieldRefusedError(Exception):
    """A value that contradicts another one of its row."""

    def __init__(self, field: str, reason: str, fix: str) -> None:
        super().__init__(reason)
        self.field, self.fix = field, fix


class SkippedRowError(Exception):
    """A row that the mapping leaves out."""


class RowReader:
    """Reads rows of one table, whose inferred options are settled.

    Attributes:
        left: column → which rows the mapping leaves out by it.
        left_out: column → how many unreadable values were left out so far, where a rule says so.
    """

    def __init__(self, table: TableMapping) -> None:
        self.table = table
        self.fields = fields_of(table)
        self.left_out: Counter[str] = Counter()
        self.left = {column: re.compile(pattern, re.DOTALL) for column, pattern in table.leave_out.items()}
        self._by_name = {field.name: field for field in self.fields}

    def wanted(self, row: Row) -> bool:
        """Whether the mapping takes rows such as this one."""
        if not all((row.get(column) or "").strip() in allowed for column, allowed in self.table.only.items()):
            return False
        return not any(found.fullmatch((row.get(column) or "").strip()) for column, found in self.left.items())

    def read(self, line: int, row: Row) -> Receivable | Record:
        """One row as a record.

        Raises:
            RejectedRowError: with the column, the reason and the fix.
            SkippedRowError: the mapping leaves the row out.
        """
        found: dict[str, Any] = {}
        for field in self.fields:
            try:
                found[field.name] = self._value(field, row, found)
            except ZeroAmountError as error:
                if self.table.skip_zero:
                    raise SkippedRowError from None
                raise RejectedRowError(field.reject(line, row, error)) from None
            except RefusedValueError as error:
                raise RejectedRowError(field.reject(line, row, error)) from None
        try:
            return make(self.table.makes, line, found, deleted=bool(row.get(DELETED_AT)))
        except FieldRefusedError as error:
            refused = RefusedValueError(str(error), error.fix)
            raise RejectedRowError(self._by_name[error.field].reject(line, row, refused)) from None

    def _value(self, field: Field, row: Row, found: Mapping[str, Any]) -> Any:
        if isinstance(field, PairsField):
            return field.pairs(row, found["currency"], found["amount"])
        raw = field.raw(row)
        if field.money:
            code = found["credit_currency" if field.name == "credit_limit" else "currency"]
            if isinstance(field, SumField):
                return field.total(row, code)
            if raw.strip() and not code:
                raise RefusedValueError("has no currency beside it", "fill in the currency")
            return field.amount(raw, code)
        value = field.value(raw)
        if field.rule.if_bad == "empty" and not value and raw.strip():
            self.left_out[field.rule.source_columns[0]] += 1
        return value


def make(kind: RecordKind, line: int, found: Mapping[str, Any], *, deleted: bool = False) -> Receivable | Record:
    """A record of a row's values.

    Args:
        found: canonical field → value; what is not there has its default.
        deleted: the source deleted it.

    Raises:
        FieldRefusedError: two values contradict each other.
    """
    if kind is RecordKind.CUSTOMER:
        return _customer(line, found, deleted)
    if kind is RecordKind.INVOICE:
        return _invoice(line, found, deleted)
    if kind is RecordKind.CREDIT_NOTE:
        return _credit_note(line, found, deleted)
    if kind is RecordKind.PAYMENT:
        return _payment(line, found, deleted)
    if kind is RecordKind.FIGURE:
        return _figure(line, found)
    invoice = _invoice(line, found, deleted)
    return Receivable(_customer(line, found, False), invoice)


def value_of(found: Mapping[str, Any], name: str) -> Any:
    """A field's value, or what it is when no rule gives it."""
    return found[name] if name in found else _PLAIN_DEFAULTS.get(name, "")


def _customer(line: int, found: Mapping[str, Any], deleted: bool) -> CustomerRecord:
    number = found["customer_number"]
    receivable = "invoice_number" in found
    return CustomerRecord(
        line=line,
        customer_number=number,
        customer_name=value_of(found, "customer_name") or number,
        customer_kind=value_of(found, "customer_kind"),
        email=value_of(found, "email"),
        phone=value_of(found, "phone"),
        street=value_of(found, "street"),
        city=value_of(found, "city"),
        postcode=value_of(found, "postcode"),
        region=region_code(value_of(found, "region"), value_of(found, "country")),
        country=value_of(found, "country"),
        language=value_of(found, "language"),
        timezone=value_of(found, "timezone"),
        channel=value_of(found, "channel"),
        hours=value_of(found, "hours"),
        sms_consent=value_of(found, "sms_consent"),
        parent_number=value_of(found, "parent_number"),
        legal_entity=value_of(found, "legal_entity"),
        group=value_of(found, "group"),
        credit_limit_minor=value_of(found, "credit_limit"),
        credit_currency=value_of(found, "credit_currency"),
        credit_score=value_of(found, "credit_score"),
        credit_score_on=value_of(found, "credit_score_on"),
        credit_score_by=value_of(found, "credit_score_by"),
        industry=value_of(found, "industry"),
        size=value_of(found, "size"),
        customer_since=value_of(found, "customer_since"),
        external_ids=external_ids(found),
        version=value_of(found, "version"),
        removed=not receivable and (value_of(found, "removed") or deleted),
    )


def _invoice(line: int, found: Mapping[str, Any], deleted: bool) -> InvoiceRecord:
    amount_minor, issued_on, due_on = found["amount"], found["issued_on"], found["due_on"]
    settled_on, tax_minor = value_of(found, "settled_on"), value_of(found, "tax") or 0
    if issued_on < EARLIEST_ISSUE:
        raise FieldRefusedError("issued_on", f"is before {EARLIEST_ISSUE.year}", "correct the date")
    if due_on < issued_on:
        raise FieldRefusedError("due_on", "is before the invoice was issued", _TWO_DATES)
    if settled_on and settled_on < issued_on:
        raise FieldRefusedError("settled_on", "is before the invoice was issued", _TWO_DATES)
    if tax_minor > amount_minor:
        raise FieldRefusedError("tax", "is more than the invoice", _TWO_AMOUNTS)
    instalments = value_of(found, "instalments")
    if instalments and sum(part for _, part in instalments) != amount_minor:
        raise FieldRefusedError("instalments", "do not add up to the invoice", "correct the instalments or the amount")
    return InvoiceRecord(
        line=line,
        customer_number=found["customer_number"],
        invoice_number=found["invoice_number"],
        currency=found["currency"],
        amount_minor=amount_minor,
        issued_on=issued_on,
        due_on=due_on,
        tax_minor=tax_minor,
        terms=value_of(found, "terms"),
        instalments=instalments,
        disputed_minor=_disputed(found, amount_minor),
        settled_on=settled_on,
        open_minor=_open(found, amount_minor),
        delivery=value_of(found, "delivery"),
        version=value_of(found, "version"),
        removed=value_of(found, "removed") or deleted,
    )


def _open(found: Mapping[str, Any], amount_minor: int) -> int | None:
    """What the source says is still owed."""
    part: int | None = value_of(found, "open_amount")
    if part is not None and part > amount_minor:
        raise FieldRefusedError("open_amount", "is more than the invoice", _TWO_AMOUNTS)
    return part


def _disputed(found: Mapping[str, Any], amount_minor: int) -> int:
    """The part in dispute; a yes without an amount is the whole."""
    part: int | None = value_of(found, "disputed_amount")
    if part is None:
        return amount_minor if value_of(found, "disputed") else 0
    if part > amount_minor:
        raise FieldRefusedError("disputed_amount", "is more than the invoice", _TWO_AMOUNTS)
    return part if value_of(found, "disputed") or "disputed" not in found else 0


def _credit_note(line: int, found: Mapping[str, Any], deleted: bool) -> CreditNoteRecord:
    return CreditNoteRecord(
        line=line,
        customer_number=found["customer_number"],
        credit_number=found["credit_number"],
        currency=found["currency"],
        amount_minor=found["amount"],
        issued_on=found["issued_on"],
        invoice_number=value_of(found, "invoice_number"),
        version=value_of(found, "version"),
        removed=value_of(found, "removed") or deleted,
    )


def _payment(line: int, found: Mapping[str, Any], deleted: bool) -> PaymentRecord:
    amount_minor, refunded_minor, pays = found["amount"], value_of(found, "refunded") or 0, value_of(found, "pays")
    if refunded_minor > amount_minor:
        raise FieldRefusedError("refunded", "is more than the payment", _TWO_AMOUNTS)
    if sum(part for _, part in pays) > amount_minor:
        raise FieldRefusedError("pays", "adds up to more than the payment", "correct the parts or the amount")
    return PaymentRecord(
        line=line,
        customer_number=found["customer_number"],
        reference=found["reference"],
        currency=found["currency"],
        amount_minor=amount_minor,
        received_on=found["received_on"],
        pays=pays,
        refunded_minor=refunded_minor,
        refunded_on=value_of(found, "refunded_on") if refunded_minor else None,
        pending=value_of(found, "pending"),
        failed=value_of(found, "failed") or deleted,
        method=value_of(found, "method"),
        version=value_of(found, "version"),
    )


def _figure(line: int, found: Mapping[str, Any]) -> FigureRecord:
    name, about, value = found["name"].lower(), value_of(found, "about"), found["value"]
    of_customer = name in OF_CUSTOMERS
    figure = Figure(
        name=name,
        period=found["period"],
        published_on=found["published_on"],
        value=word(value) if name in WORDS else value,
        about=about if of_customer else word(about),
        told_by=value_of(found, "told_by"),
    )
    if fault := fault_of(figure):
        raise FieldRefusedError(fault.attribute if fault.attribute in found else "name", fault.reason, fault.fix)
    return FigureRecord(
        line=line,
        customer_number=about if of_customer else "",
        name=name,
        period=figure.period,
        published_on=figure.published_on,
        value=figure.value,
        industry="" if of_customer else figure.about,
        told_by=figure.told_by,
        customer_source=value_of(found, "source") if of_customer else "",
    )
