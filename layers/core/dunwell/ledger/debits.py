"""Payment methods that a customer saved, and our tries to debit them. No card or bank number is ever kept."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

STOPPED_BY_CUSTOMER = "stopped_by_customer"
"""The code of a try that was never started: the customer stopped this debit."""


class MethodKind(StrEnum):
    """How the gateway moves the money."""

    CARD = "card"
    BANK_DEBIT = "bank_debit"


class MethodStatus(StrEnum):
    """Whether it may be debited.

    active → unusable (the bank or card network says never again, or the mandate ended) → active (saved anew)
    active, unusable → removed (the customer took it away)
    """

    ACTIVE = "active"
    UNUSABLE = "unusable"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class PaymentMethod:
    """A method that the customer saved with consent.

    Attributes:
        method_id: ours, made from the gateway's reference.
        reference, owner: the gateway's names for the method and for the customer at the gateway.
        label: how the customer knows it, such as ``Visa •••• 4242``; brand and last digits only.
        expires_on: the last day of a card's last month; None for bank accounts.
        saved_at, words: the consent: when, and exactly what was shown.
        mandate: the gateway's name of the debit mandate; empty for cards.
        autopay: whether invoices are debited from it when they fall due; at most one method of a customer.
        why: a code for its status, such as ``lost_card``; empty while it is active.
    """

    method_id: str
    reference: str
    owner: str
    kind: MethodKind
    label: str
    status: MethodStatus
    saved_at: datetime
    words: str = ""
    expires_on: date | None = None
    mandate: str = ""
    autopay: bool = False
    why: str = ""

    @property
    def is_usable(self) -> bool:
        """Whether it may be debited at all."""
        return self.status is MethodStatus.ACTIVE


class AttemptStatus(StrEnum):
    """Where a try to debit is. It is stored before the gateway is asked.

    announced is no try yet: the customer was told the amount and the day of an automatic debit
    started → succeeded | processing (bank debits) | failed
    processing → succeeded | failed; succeeded → failed (a bank debit came back)
    """

    ANNOUNCED = "announced"
    STARTED = "started"
    PROCESSING = "processing"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class DebitAttempt:
    """One try to debit a saved method.

    Attributes:
        attempt_id: ``agreement#instalment#attempt``, or ``autopay#invoice#due date#attempt``: the gateway's idempotency
            key, so that one try is one charge whatever is repeated. Tries count from 1; 0 is what was announced.
        purpose: the same without the attempt's number: what all its tries are for.
        lines: the invoices and amounts (minor units) it was meant for, as ``(invoice_id, amount_minor)``.
        payment_reference: the gateway's name of the payment, once it answered.
        code: why it failed, in the gateway's words (``insufficient_funds``, ``R01``); empty when it did not.
        started_at: of what was announced, when the customer was told.
        next_on: the day of the next try, or of the debit announced; None when there will be none.
    """

    attempt_id: str
    purpose: str
    method_id: str
    currency: str
    amount_minor: int
    lines: tuple[tuple[str, int], ...]
    started_at: datetime
    status: AttemptStatus
    payment_reference: str = ""
    code: str = ""
    next_on: date | None = None
