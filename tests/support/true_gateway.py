"""A gateway in memory that holds the truth about payments, and tells of each change as Stripe does: by a hint."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from dunwell.payments.gateway_events import GatewayEvent, GatewayEventKind
from dunwell.payments.order import CheckoutOrder
from dunwell.payments.ports import GatewayDispute, GatewayPayment, PaymentStatus
from tests.support.portal import FakeGateway

Kind = GatewayEventKind
ZERO_HOUR = datetime(2026, 11, 1, 15, 0, tzinfo=UTC)


@dataclass
class TrueGateway(FakeGateway):
    """Payments as they are. ``payment`` reads them; everything else is what happens in the world.

    ``tell`` gets each report. ``readings`` orders what was read when.
    """

    tell: Callable[[GatewayEvent], None] = lambda event: None
    at: datetime = ZERO_HOUR
    readings: int = 0
    events: int = 0
    failed_refunds: dict[str, int] = field(default_factory=dict)

    def payment(self, reference: str, *, contested: bool = False) -> GatewayPayment:
        self.readings += 1
        found = super().payment(reference)
        was_disputed = any(not one.status.startswith("warning") for one in found.disputes)
        told = found.disputes if contested or was_disputed else ()
        return replace(found, version=f"{self.readings:08}", disputes=told)

    def passes(self, hours: int) -> None:
        """Time goes by."""
        self.at += timedelta(hours=hours)

    # --- what happens ---

    def is_paid(self, order: CheckoutOrder, *, attempt_id: str = "", declined: str = "") -> str:
        """A card pays an order, or a try to debit one; or is declined."""
        payment = self._begun(order, attempt_id, is_debit=False)
        if declined:
            self._fail(payment, "card_declined", declined)
        else:
            self._succeed(payment)
        return payment.reference

    def is_debited(self, order: CheckoutOrder, *, attempt_id: str = "") -> str:
        """A bank account is debited, which takes days."""
        payment = self._begun(order, attempt_id, is_debit=True)
        self._now(replace(payment, status=PaymentStatus.PROCESSING), Kind.PAYMENT_PROCESSING)
        return payment.reference

    def arrives(self, reference: str) -> None:
        """The debit arrived."""
        self._succeed(self.payments[reference])

    def bounces(self, reference: str, code: str) -> None:
        """The debit did not arrive."""
        self._fail(self.payments[reference], "insufficient_funds", code)

    def refunds(self, reference: str, amount_minor: int) -> None:
        """We give some of it back."""
        payment = self.payments[reference]
        given = payment.refunded_minor + amount_minor
        self._now(replace(payment, refunded_minor=given, refunded_at=self.at), Kind.PAYMENT_REFUNDED)

    def refund_fails(self, reference: str, amount_minor: int) -> None:
        """Some of what we gave back comes back to us."""
        payment = self.payments[reference]
        given = payment.refunded_minor - amount_minor
        self._now(replace(payment, refunded_minor=given, reclaimed_at=self.at), Kind.PAYMENT_REFUNDED)

    def is_disputed(self, reference: str, reason: str, code: str = "", *, inquiry: bool = False) -> None:
        """A bank contests a payment, or returns it after all; unless it only asks, it takes the money."""
        payment = self.payments[reference]
        status = "warning_needs_response" if inquiry else "needs_response"
        name = f"du_{reference}_{len(payment.disputes)}"
        left = payment.amount_minor - payment.refunded_minor - sum(one.withdrawn_minor for one in payment.disputes)
        taken = 0 if inquiry else left
        dispute = GatewayDispute(name, payment.amount_minor, taken, reason, status, self.at, self.at, code)
        self._now(replace(payment, disputes=(*payment.disputes, dispute)), Kind.PAYMENT_DISPUTED)

    def is_decided(self, reference: str, status: str) -> None:
        """The bank decides the last dispute of a payment, perhaps for a second time."""
        payment = self.payments[reference]
        *before, last = payment.disputes
        taken = 0
        if status == "lost":
            taken = payment.amount_minor - payment.refunded_minor - sum(one.withdrawn_minor for one in before)
        decided = replace(last, status=status, withdrawn_minor=taken, moved_at=self.at)
        self._now(replace(payment, disputes=(*before, decided)), Kind.PAYMENT_DISPUTED)

    # --- how it is told ---

    def _begun(self, order: CheckoutOrder, attempt_id: str, *, is_debit: bool) -> GatewayPayment:
        reference = f"pi_{len(self.payments) + 1}"
        self.payments[reference] = GatewayPayment(
            reference,
            PaymentStatus.OTHER,
            order.currency,
            0,
            order.customer_id,
            "" if attempt_id else order.order_id,
            try_reference=f"ch_{reference}",
            attempt_id=attempt_id,
            order_key="" if attempt_id else order.key,
            asked_minor=order.amount_minor,
            is_debit=is_debit,
            tried_at=self.at,
        )
        return self.payments[reference]

    def _succeed(self, payment: GatewayPayment) -> None:
        paid = replace(payment, status=PaymentStatus.SUCCEEDED, amount_minor=payment.asked_minor)
        self._now(paid, Kind.PAYMENT_SUCCEEDED)

    def _fail(self, payment: GatewayPayment, code: str, decline_code: str) -> None:
        failed = replace(payment, status=PaymentStatus.FAILED, failure_code=code, decline_code=decline_code)
        self._now(failed, Kind.PAYMENT_FAILED)

    def _now(self, payment: GatewayPayment, kind: GatewayEventKind) -> None:
        self.payments[payment.reference] = payment
        self.at += timedelta(seconds=1)
        self.events += 1
        self.tell(GatewayEvent(f"evt_{self.events}", kind, payment.reference))

    def reports(self) -> Iterator[GatewayEvent]:
        """A hint to look at every payment there ever was: what reconciliation does."""
        for reference in self.payments:
            yield GatewayEvent(f"look_{reference}", Kind.PAYMENT_DISPUTED, reference)
