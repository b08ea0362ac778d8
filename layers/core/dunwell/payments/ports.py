"""What paying needs from outside."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Protocol

from dunwell.errors import RefusedError
from dunwell.ledger.debits import DebitAttempt, MethodKind, PaymentMethod
from dunwell.ledger.entry import Entry
from dunwell.payments.order import CheckoutOrder


class DebitRefusedError(RefusedError):
    """The gateway did not take a debit: there is no payment. ``code`` says why, in its words or ours."""

    def __init__(self, code: str) -> None:
        super().__init__(f"the payment gateway did not take the debit ({code})")
        self.code = code


class PaymentStatus(StrEnum):
    """What the gateway says of a payment now."""

    SUCCEEDED = "succeeded"
    PROCESSING = "processing"
    FAILED = "failed"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class GatewayDispute:
    """A bank's doubt about a payment, as the gateway has it now.

    Attributes:
        reference: the gateway's name for it, such as ``du_…``.
        amount_minor: how much of the payment it is about.
        withdrawn_minor: how much of it the bank has now.
        fee_minor: what the gateway took for it, in ``fee_currency``: the creditor's cost and no debt of the customer.
        reason, status: in the gateway's words; code: the bank's own, such as ``R10``; may be empty.
        opened_at: when; moved_at: when money last moved because of it.
    """

    reference: str
    amount_minor: int
    withdrawn_minor: int
    reason: str
    status: str
    opened_at: datetime
    moved_at: datetime
    code: str = ""
    fee_minor: int = 0
    fee_currency: str = ""


@dataclass(frozen=True, slots=True)
class GatewayPayment:
    """A payment as the gateway has it now, in the ledger's minor units.

    Attributes:
        reference: the gateway's name for it, such as ``pi_…``.
        amount_minor: what was received; 0 until it succeeded.
        customer_id, order_id, attempt_id: what we told the gateway; empty for payments that are not ours. An order's
            payment has no attempt, a debit of a saved method no order.
        order_key: names the attempt at the order.
        try_reference: the gateway's name of the last try of the payment.
        failure_code, decline_code, advice: why the last try failed, in the gateway's words; empty when it did not. For
            a bank debit the decline code is the bank's own, such as ``R01``, where the gateway tells it.
        asked_minor: what was to be paid.
        is_debit: whether a bank account is debited, which takes days and may come back.
        tried_at: when the last try began; None where the gateway does not say.
        refunded_minor: how much of it we gave back so far; refunded_at: when last; reclaimed_at: when a refund last
            came back to us.
        disputes: every dispute there was about it.
        version: the instant before it was read, as text: a later reading is newer. Empty: it is not known.
    """

    reference: str
    status: PaymentStatus
    currency: str
    amount_minor: int
    customer_id: str = ""
    order_id: str = ""
    try_reference: str = ""
    failure_code: str = ""
    decline_code: str = ""
    advice: str = ""
    attempt_id: str = ""
    order_key: str = ""
    asked_minor: int = 0
    is_debit: bool = False
    tried_at: datetime | None = None
    refunded_minor: int = 0
    refunded_at: datetime | None = None
    reclaimed_at: datetime | None = None
    disputes: tuple[GatewayDispute, ...] = ()
    version: str = ""


@dataclass(frozen=True, slots=True)
class SavedMethod:
    """A payment method as the gateway keeps it for a customer.

    Attributes:
        reference, owner: the gateway's names for it and for the customer there.
        label: brand or bank and last digits only; expires_on: the last day of a card's last month.
        mandate: the gateway's name of the debit mandate; empty for cards.
        customer_id, order_id: what we told the gateway of the payment or page that saved it; empty when it is not ours.
        is_attached: whether it can still be debited: the customer there has it.
        saved_at: when the payment or page that saved it began; None for a method by itself.
    """

    reference: str
    owner: str
    kind: MethodKind
    label: str
    expires_on: date | None = None
    mandate: str = ""
    customer_id: str = ""
    order_id: str = ""
    is_attached: bool = True
    saved_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class HostedPage:
    """A page of the gateway's: its address, and the gateway's name for it."""

    url: str
    reference: str


class PaymentGateway(Protocol):
    """Takes money. No card data passes through us."""

    def start_checkout(self, order: CheckoutOrder, success_url: str, cancel_url: str, email: str = "") -> HostedPage:
        """A hosted page on which to pay an order; one without lines only saves a payment method.

        The same order and attempt give the same page. With consent the method is kept for later debits.

        Args:
            email: where the gateway sends its receipt, filled in for the customer.

        Raises:
            RefusedError: the amount or currency cannot be charged.
            UnavailableError: the gateway does not answer.
        """
        ...

    def end_checkout(self, reference: str) -> bool:
        """Let a hosted page take no payment any more; again does nothing. False: it was used, money is on its way.

        Raises:
            NotFoundError: the gateway has none of this name. UnavailableError: it does not answer.
        """
        ...

    def least_minor(self, currency: str) -> int:
        """The least amount that can be charged in a currency, in the ledger's minor units.

        Raises:
            RefusedError: nothing can be charged in this currency.
        """
        ...

    def payment(self, reference: str, *, contested: bool = False) -> GatewayPayment:
        """A payment as it is now.

        Args:
            contested: there is, or was, a dispute about it, whatever the payment itself says.

        Raises:
            NotFoundError: the gateway has none of this name. UnavailableError: it does not answer.
        """
        ...

    def saved_method(self, reference: str) -> SavedMethod | None:
        """The method that a payment or a page saved, or a method itself, by the gateway's name; None: none was kept.

        Raises:
            NotFoundError: the gateway has none of this name. UnavailableError: it does not answer.
        """
        ...

    def claim(self, method: SavedMethod, customer_id: str) -> None:
        """Let the gateway note with a method whose it is: what it tells of the method later names nobody else.

        Raises:
            UnavailableError: the gateway does not answer.
        """
        ...

    def ended_mandate(self, reference: str) -> SavedMethod | None:
        """The method of a debit mandate that is not in force any more; None while it is.

        Raises:
            NotFoundError: the gateway has none of this name. UnavailableError: it does not answer.
        """
        ...

    def detach(self, method: PaymentMethod) -> None:
        """Let the gateway forget a method; again does nothing.

        Raises:
            UnavailableError: the gateway does not answer.
        """
        ...


class DebitGateway(Protocol):
    """Debits saved methods while the customer is away."""

    def debit(self, customer_id: str, attempt: DebitAttempt, method: PaymentMethod) -> GatewayPayment:
        """Debit once for an attempt: its id is the key, and asking again gives the same payment, refused ones too.

        Raises:
            DebitRefusedError: the gateway did not take the request; nothing was charged.
            ConflictError: the same attempt is being made at this moment.
            UnavailableError: the gateway does not answer: it may have been charged.
        """
        ...

    def find_debit(self, attempt: DebitAttempt, method: PaymentMethod) -> GatewayPayment | None:
        """The payment of an attempt whose answer was lost, however long ago; None: the gateway was never asked.

        Raises:
            UnavailableError: the gateway does not answer.
        """
        ...


class OrderStore(Protocol):
    """Checkout orders by customer."""

    def order(self, customer_id: str, order_id: str) -> CheckoutOrder | None:
        """One order of one customer; nobody else's."""
        ...

    def orders(self, customer_id: str) -> list[CheckoutOrder]:
        """A customer's recent orders."""
        ...

    def save(self, order: CheckoutOrder) -> None:
        """Write an order if the stored one is the version before it (none before version 1).

        Raises:
            ConflictError: it was changed meanwhile.
        """
        ...


class UnknownMoney(Protocol):
    """Keeps money that was received for a customer who is not known; a payment is named by its method and reference."""

    def keep(self, money: Entry) -> None:
        """Put it in suspense, once."""
        ...

    def claim(self, money: Entry, customer_id: str, at: datetime) -> str:
        """Take it out of suspense for a customer, if they are known and nobody else was chosen; who has it now.

        Returns:
            The id of an account, one in suspense or a customer's; empty for money that never was there.

        Raises:
            ConflictError: somebody decides about it at this moment.
        """
        ...

    def held_by(self, money: Entry) -> str:
        """As ``claim``, and changes nothing."""
        ...

    def lessen(self, money: Entry) -> bool:
        """Keep how much is left of it in suspense; whether that is where it is.

        Raises:
            ConflictError: somebody decides about it at this moment.
        """
        ...
