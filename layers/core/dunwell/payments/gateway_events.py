"""What the gateway's reports do to the ledger. Reports come late, twice and out of order: each is only a hint to look.

The payment is fetched again before anything is done, so only its present state counts. Money is posted at one point,
when a payment succeeded, under a key of the payment itself.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import TypedDict

from dunwell.errors import ConflictError, NotFoundError
from dunwell.events import PAYMENT_FAILED, Event
from dunwell.ids import stable_id
from dunwell.ledger.change import Change
from dunwell.ledger.entry import Direction
from dunwell.ledger.model import Account
from dunwell.ledger.ports import Ledger
from dunwell.ledger.posting import post_payment
from dunwell.ledger.update import update
from dunwell.payments.order import CheckoutOrder, OrderStatus
from dunwell.payments.ports import GatewayPayment, OrderStore, PaymentGateway, PaymentStatus, UnknownMoney

_RACES = 8


class _Key(TypedDict):
    """What names a payment received."""

    method: str
    reference: str
    currency: str
    amount_minor: int


class GatewayEventKind(StrEnum):
    """What a report is about; everything else is acknowledged and changes nothing."""

    PAYMENT_SUCCEEDED = "payment_succeeded"
    PAYMENT_PROCESSING = "payment_processing"
    PAYMENT_FAILED = "payment_failed"
    CHECKOUT_CLOSED = "checkout_closed"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class GatewayEvent:
    """A verified report.

    Attributes:
        payment_reference: the payment it is about, if any.
        customer_id, order_key: what a report about a hosted page carries: whose, and which order and attempt.
    """

    event_id: str
    kind: GatewayEventKind
    payment_reference: str = ""
    customer_id: str = ""
    order_key: str = ""


class Outcome(StrEnum):
    """What became of a report."""

    POSTED = "posted"
    NOTED = "noted"
    IGNORED = "ignored"
    UNMATCHED = "unmatched"


class GatewayEvents:
    """Applies reports to the ledger and to the orders.

    Args:
        unknown: keeps the money of customers who are not known; without it such a payment is only reported.
    """

    def __init__(
        self,
        ledger: Ledger,
        orders: OrderStore,
        gateway: PaymentGateway,
        method: str = "stripe",
        unknown: UnknownMoney | None = None,
    ) -> None:
        self._unknown = unknown
        self._ledger = ledger
        self._orders = orders
        self._gateway = gateway
        self._method = method

    def apply(self, event: GatewayEvent, now: datetime) -> Outcome:
        """Do what a report calls for, once however often it comes.

        Args:
            now: in the creditor's time zone; its date is the date of a payment posted.

        Raises:
            UnavailableError, ConflictError: later tries may work; the gateway reports again.
        """
        if event.kind is GatewayEventKind.CHECKOUT_CLOSED:
            return self._close(event)
        if event.kind is GatewayEventKind.OTHER or not event.payment_reference:
            return Outcome.IGNORED
        payment = self._gateway.payment(event.payment_reference)
        if not payment.customer_id:
            return Outcome.IGNORED
        if payment.status is PaymentStatus.SUCCEEDED:
            return self._post(payment, now)
        if payment.status is PaymentStatus.PROCESSING:
            return self._note(payment, _processing)
        if payment.status is PaymentStatus.FAILED and event.kind is GatewayEventKind.PAYMENT_FAILED:
            return self._fail(payment, now)
        return Outcome.IGNORED

    def _post(self, payment: GatewayPayment, now: datetime) -> Outcome:
        order = self._orders.order(payment.customer_id, payment.order_id)
        directed_to = [Direction(line.invoice_id, line.amount_minor) for line in order.lines] if order else []

        key: _Key = {
            "method": self._method,
            "reference": f"{payment.reference}#succeeded",
            "currency": payment.currency,
            "amount_minor": payment.amount_minor,
        }

        def decide(account: Account) -> Change:
            return post_payment(account, **key, received_at=now, directed_to=directed_to)

        try:
            update(self._ledger, payment.customer_id, decide)
        except NotFoundError:
            if self._unknown:
                self._unknown.keep_unknown(**key, received_at=now)
            return Outcome.UNMATCHED
        if self._unknown:
            self._unknown.settle_known(**key, customer_id=payment.customer_id, at=now)
        self._note(payment, lambda order: _paid(order, payment.reference))
        return Outcome.POSTED

    def _fail(self, payment: GatewayPayment, now: datetime) -> Outcome:
        failure = payment.try_reference or payment.reference
        order = self._orders.order(payment.customer_id, payment.order_id)
        if order and order.last_failure == failure:
            return Outcome.NOTED
        failed = Event(
            event_id=stable_id("evt", PAYMENT_FAILED, payment.reference, failure),
            name=PAYMENT_FAILED,
            customer_id=payment.customer_id,
            occurred_at=now,
            data={
                "payment_reference": payment.reference,
                "order_id": payment.order_id,
                "failure_code": payment.failure_code,
                "decline_code": payment.decline_code,
                "advice": payment.advice,
            },
        )
        try:
            update(self._ledger, payment.customer_id, lambda account: Change(account, events=(failed,)))
        except NotFoundError:
            return Outcome.UNMATCHED
        return self._note(payment, lambda order: replace(order, last_failure=failure))

    def _close(self, event: GatewayEvent) -> Outcome:
        order_id, _, attempt = event.order_key.rpartition(".")
        if not (event.customer_id and order_id):
            return Outcome.IGNORED
        return self._change(event.customer_id, order_id, lambda order: _closed(order, attempt))

    def _note(self, payment: GatewayPayment, decide: Callable[[CheckoutOrder], CheckoutOrder]) -> Outcome:
        return self._change(payment.customer_id, payment.order_id, decide)

    def _change(self, customer_id: str, order_id: str, decide: Callable[[CheckoutOrder], CheckoutOrder]) -> Outcome:
        """Change an order, decided afresh after a lost race; a payment without an order needs no note."""
        for _ in range(_RACES):
            order = self._orders.order(customer_id, order_id) if order_id else None
            if order is None or (after := decide(order)) == order:
                return Outcome.NOTED
            try:
                self._orders.save(replace(after, version=order.version + 1))
            except ConflictError:
                continue
            return Outcome.NOTED
        raise ConflictError("the order was changed too often at once")


def _processing(order: CheckoutOrder) -> CheckoutOrder:
    return replace(order, status=OrderStatus.PROCESSING) if order.status is OrderStatus.OPEN else order


def _paid(order: CheckoutOrder, reference: str) -> CheckoutOrder:
    return replace(order, status=OrderStatus.PAID, payment_reference=reference)


def _closed(order: CheckoutOrder, attempt: str) -> CheckoutOrder:
    """An attempt that failed for good; a report about an earlier attempt, or on a paid order, changes nothing."""
    if str(order.attempt) != attempt or order.status is OrderStatus.PAID:
        return order
    return replace(order, status=OrderStatus.CLOSED)
