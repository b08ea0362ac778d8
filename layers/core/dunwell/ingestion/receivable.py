"""The canonical receivable: one invoice with its customer and, when it is paid, its settlement."""

from dataclasses import dataclass
from datetime import date

from dunwell.accounts.model import CustomerKind


@dataclass(frozen=True, slots=True)
class Receivable:
    """One row of a receivables file, validated.

    Attributes:
        line: the row's line in the file, for messages.
        amount_minor: minor units of ``currency``, more than zero.
        settled_on: when it was paid in full, or None while it is open.
    """

    line: int
    customer_number: str
    customer_name: str
    customer_kind: CustomerKind
    invoice_number: str
    currency: str
    amount_minor: int
    issued_on: date
    due_on: date
    settled_on: date | None = None
    disputed: bool = False
    email: str = ""
    phone: str = ""
    language: str = "en"
    country: str = ""
    region: str = ""
    postcode: str = ""
    timezone: str = ""
    sms_consent: bool = False


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
