"""Canonical records: what any source's rows become before they touch the ledger."""

from dataclasses import dataclass
from datetime import date

from dunwell.accounts.model import CustomerKind
from dunwell.ledger.model import Delivery


@dataclass(frozen=True, slots=True)
class CustomerRecord:
    """A customer as a source describes them.

    Attributes:
        line: where in the file, for messages; 0 when it came from an API.
        version: orders descriptions of one record, such as a timestamp in ISO 8601; empty when the source has none.
        removed: the source deleted or archived it; it is flagged, never deleted.
        external_ids: the same customer's numbers in other sources, by source name.
        credit_limit_minor: minor units of ``credit_currency``, None when there is no limit.
        credit_score: a plain number; credit_score_on: since when it could be read, None: since now; credit_score_by:
            who says so. size: number of employees, a plain number. See ``dunwell.figures``.
    """

    line: int
    customer_number: str
    customer_name: str = ""
    customer_kind: CustomerKind = CustomerKind.BUSINESS
    email: str = ""
    phone: str = ""
    street: str = ""
    city: str = ""
    postcode: str = ""
    region: str = ""
    country: str = ""
    language: str = ""
    timezone: str = ""
    channel: str = ""
    hours: str = ""
    sms_consent: bool = False
    parent_number: str = ""
    legal_entity: str = ""
    group: str = ""
    credit_limit_minor: int | None = None
    credit_currency: str = ""
    credit_score: str = ""
    credit_score_on: date | None = None
    credit_score_by: str = ""
    industry: str = ""
    size: str = ""
    customer_since: date | None = None
    external_ids: tuple[tuple[str, str], ...] = ()
    version: str = ""
    removed: bool = False


@dataclass(frozen=True, slots=True)
class InvoiceRecord:
    """An invoice.

    Attributes:
        amount_minor: tax included, minor units of ``currency``, more than zero.
        instalments: due dates and amounts (minor units, together the invoice's amount); empty: all due on ``due_on``.
        disputed_minor: what the customer contests; the whole amount when the source only says yes.
        settled_on: when it was paid in full, where a source says only that.
        open_minor: what the source says is still owed, where it says neither when nor how the rest was paid.
        delivery: how it was sent, as known when it was issued; None where the source does not say.
    """

    line: int
    customer_number: str
    invoice_number: str
    currency: str
    amount_minor: int
    issued_on: date
    due_on: date
    tax_minor: int = 0
    terms: str = ""
    instalments: tuple[tuple[date, int], ...] = ()
    disputed_minor: int = 0
    settled_on: date | None = None
    open_minor: int | None = None
    delivery: Delivery | None = None
    version: str = ""
    removed: bool = False


@dataclass(frozen=True, slots=True)
class CreditNoteRecord:
    """A credit note; ``invoice_number`` empty: on account."""

    line: int
    customer_number: str
    credit_number: str
    currency: str
    amount_minor: int
    issued_on: date
    invoice_number: str = ""
    version: str = ""
    removed: bool = False


@dataclass(frozen=True, slots=True)
class PaymentRecord:
    """Money received or, where ``refunded_minor`` is set, partly or wholly given back.

    Attributes:
        reference: the source's own name for the payment: with the source, its business key.
        pays: invoice numbers and amounts (minor units) the payer named; empty: on account.
        method: how it came, where that is not the source's name: ``stripe`` for what the webhook posts too.
        refunded_minor: how much of it went back, cumulative.
        taken_back_minor: how much of it the payer's bank has taken back now; None where the source does not say.
        pending: announced (a debit on its way), not money yet.
    """

    line: int
    customer_number: str
    reference: str
    currency: str
    amount_minor: int
    received_on: date
    pays: tuple[tuple[str, int], ...] = ()
    refunded_minor: int = 0
    refunded_on: date | None = None
    taken_back_minor: int | None = None
    taken_back_on: date | None = None
    pending: bool = False
    failed: bool = False
    method: str = ""
    version: str = ""


@dataclass(frozen=True, slots=True)
class Receivable:
    """One row that tells of a customer, an invoice and perhaps its settlement."""

    customer: CustomerRecord
    invoice: InvoiceRecord


@dataclass(frozen=True, slots=True)
class FigureRecord:
    """A dated figure about a customer, an industry or everybody (``dunwell.figures``).

    Attributes:
        customer_number: whom it is about; empty for a series.
        customer_source: the source that knows them under this number; empty: the file's own.
        industry: what a series is about; empty for everybody, and for a customer's figure.
        published_on: the day on which it could first be read.
    """

    line: int
    customer_number: str
    name: str
    period: str
    published_on: date
    value: str
    industry: str = ""
    told_by: str = ""
    customer_source: str = ""


Record = CustomerRecord | InvoiceRecord | CreditNoteRecord | PaymentRecord | FigureRecord
"""What a source sends; a ``Receivable`` is two of them."""
Row = Receivable | Record


def is_series(row: Row) -> bool:
    """Whether a row is about no customer."""
    return isinstance(row, FigureRecord) and not row.customer_number


def group_of(row: Row) -> tuple[str, str, str]:
    """What rows are taken together by: the source that knows the customer, empty for the file's own, and their number
    there; or the name of a series.
    """
    if isinstance(row, FigureRecord):
        return row.customer_source, row.customer_number, "" if row.customer_number else row.name
    return "", row.customer.customer_number if isinstance(row, Receivable) else row.customer_number, ""


def dated(record: Record) -> date:
    """The day on which what a record tells of happened; a description is of any day."""
    if isinstance(record, InvoiceRecord | CreditNoteRecord):
        return record.issued_on
    if isinstance(record, FigureRecord):
        return record.published_on
    return record.received_on if isinstance(record, PaymentRecord) else date.min


@dataclass(frozen=True, slots=True)
class Reject:
    """A row that was not taken.

    Attributes:
        line: in the file, the header being line 1.
        column: the source's own column name, or empty when the row as a whole is at fault.
        value: what stood there, masked when it may be personal.
        reason: what is wrong; ``fix``: what to do about it.
    """

    line: int
    column: str
    value: str
    reason: str
    fix: str


class RejectedRowError(Exception):
    """Carries the reject of one row."""

    def __init__(self, reject: Reject) -> None:
        super().__init__(reject.reason)
        self.reject = reject
