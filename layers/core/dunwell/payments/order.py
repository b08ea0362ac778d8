"""A checkout order: which invoices a customer set out to pay, and how far that has come."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from dunwell.ids import stable_id

SESSION_LIFE = timedelta(hours=23)
"""How long a hosted checkout page is offered again; the gateway ends it after 24 hours."""


class OrderStatus(StrEnum):
    """Where an order is.

    open → processing (the bank debit is under way) → paid
    open, processing → closed (failed for good, or the page expired): paying again makes a new attempt
    paid → open in a new attempt, when the payment was reversed and the same amounts are owed again
    """

    OPEN = "open"
    PROCESSING = "processing"
    PAID = "paid"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class OrderLine:
    """An invoice and what was owed on it when the order was made (minor units of the order's currency)."""

    invoice_id: str
    number: str
    amount_minor: int


@dataclass(frozen=True, slots=True)
class Consent:
    """The customer lets us keep the payment method.

    Attributes:
        words: exactly as they stood beside the button.
        autopay: whether invoices are to be debited from it when they fall due.
    """

    words: str
    autopay: bool = False


@dataclass(frozen=True, slots=True)
class CheckoutOrder:
    """What one press of a pay button, or of one that saves a payment method, means.

    Attributes:
        order_id: made from all that was ordered: the invoices and amounts, the instalment, the consent. Two presses are
            one order, and one that comes after a payment is another.
        lines: what is paid; empty where a payment method is only saved.
        attempt: counts hosted pages; a new one only after the one before was closed or has expired.
        checkout_url, page_reference: the gateway's page of this attempt, and its name there; empty until the gateway
            answered.
        payment_reference: the gateway's name for the payment, once it was posted.
        last_failure: the gateway's name of the last failed try, so that its report counts once.
        consent: given to keep the payment method; None: it is used for this payment only.
        agreement_id, instalment: the instalment of an agreement that is paid; empty and 0 for none. A method that is
            saved with it may be debited for the others.
        owner: the gateway's name for the customer, where it knows them already.
        language: of the customer, for the gateway's page.
    """

    order_id: str
    customer_id: str
    currency: str
    lines: tuple[OrderLine, ...]
    started_at: datetime
    attempt: int = 1
    status: OrderStatus = OrderStatus.OPEN
    checkout_url: str = ""
    payment_reference: str = ""
    last_failure: str = ""
    version: int = 1
    consent: Consent | None = None
    agreement_id: str = ""
    instalment: int = 0
    owner: str = ""
    page_reference: str = ""
    language: str = ""

    @property
    def amount_minor(self) -> int:
        """What is to be paid (minor units)."""
        return sum(line.amount_minor for line in self.lines)

    @property
    def only_saves(self) -> bool:
        """Whether it pays nothing and saves a payment method."""
        return not self.lines

    @property
    def key(self) -> str:
        """Names the attempt to the gateway: the same key never makes a second page or a second charge."""
        return f"{self.order_id}.{self.attempt}"

    @property
    def invoice_ids(self) -> tuple[str, ...]:
        """Which invoices the money is for, in the customer's order."""
        return tuple(line.invoice_id for line in self.lines)

    def is_current(self, now: datetime) -> bool:
        """Whether its attempt still stands: to press again leads to the same page."""
        return self.status is not OrderStatus.CLOSED and (
            self.status is not OrderStatus.OPEN or now < self.started_at + SESSION_LIFE
        )


def identified(order: CheckoutOrder) -> CheckoutOrder:
    """An order under its id; the sequence of its lines does not matter."""
    owed = sorted(f"{line.invoice_id}={line.amount_minor}" for line in order.lines)
    parts = [order.customer_id, order.currency, *owed]
    if order.agreement_id:
        parts.append(f"for {order.agreement_id}#{order.instalment}")
    if order.consent:
        parts.append(f"saving {order.consent.autopay} {order.consent.words}")
    return replace(order, order_id=stable_id("ord", *parts))
