"""What the gateway's reports do to the ledger. Reports come late, twice and out of order: each is only a hint to look.

What it is about is fetched again before anything is done, so only its present state counts (``following``). All that a
report does to an account (entries, events, methods, tries to debit) is one write.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum

from dunwell.errors import ConflictError, NotFoundError
from dunwell.ledger.change import Change
from dunwell.ledger.entry import Direction
from dunwell.ledger.model import Account
from dunwell.ledger.moving import handed_on
from dunwell.ledger.ports import Ledger
from dunwell.ledger.update import update
from dunwell.payments.attempts import follow_attempt, weekdays
from dunwell.payments.draft import Draft
from dunwell.payments.following import failed_event, follow_payment, payment_key, posted_as, received_entry
from dunwell.payments.methods import end_method, follow_card, method_id, save_from_order
from dunwell.payments.order import CheckoutOrder, OrderStatus
from dunwell.payments.ports import GatewayPayment, OrderStore, PaymentGateway, PaymentStatus, SavedMethod, UnknownMoney

_RACES = 8
_MOVES = 4


class GatewayEventKind(StrEnum):
    """What a report is about; everything else is acknowledged and changes nothing."""

    PAYMENT_SUCCEEDED = "payment_succeeded"
    PAYMENT_PROCESSING = "payment_processing"
    PAYMENT_FAILED = "payment_failed"
    PAYMENT_ACTION = "payment_action"
    PAYMENT_REFUNDED = "payment_refunded"
    PAYMENT_DISPUTED = "payment_disputed"
    CHECKOUT_COMPLETED = "checkout_completed"
    CHECKOUT_CLOSED = "checkout_closed"
    METHOD_SAVED = "method_saved"
    METHOD_CHANGED = "method_changed"
    MANDATE_CHANGED = "mandate_changed"
    PAYOUT = "payout"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class GatewayEvent:
    """A verified report.

    Attributes:
        payment_reference: the payment it is about, if any.
        customer_id, order_key: what a report about a hosted page carries: whose, and which order and attempt.
        subject: the gateway's name for what else it is about: a method, a mandate, a payout, what saved a method.
    """

    event_id: str
    kind: GatewayEventKind
    payment_reference: str = ""
    customer_id: str = ""
    order_key: str = ""
    subject: str = ""


class Outcome(StrEnum):
    """What became of a report."""

    POSTED = "posted"
    NOTED = "noted"
    IGNORED = "ignored"
    UNMATCHED = "unmatched"


class _MovedError(Exception):
    """The payment is on another account now."""

    def __init__(self, customer_id: str) -> None:
        super().__init__(customer_id)
        self.customer_id = customer_id


class GatewayEvents:
    """Applies reports to the ledger and to the orders.

    Args:
        unknown: keeps the money of customers who are not known; without it such a payment is only reported.
        payouts: takes note of a payout, so that the bank's line finds it; without it the next pull of the source does.
        works: whether banks work on a day.
    """

    def __init__(
        self,
        ledger: Ledger,
        orders: OrderStore,
        gateway: PaymentGateway,
        method: str = "stripe",
        unknown: UnknownMoney | None = None,
        payouts: Callable[[str], None] | None = None,
        works: Callable[[date], bool] = weekdays,
    ) -> None:
        self._unknown = unknown
        self._payouts = payouts
        self._works = works
        self._ledger = ledger
        self._orders = orders
        self._gateway = gateway
        self._method = method

    def apply(self, event: GatewayEvent, now: datetime) -> Outcome:
        """Do what a report calls for, once however often it comes.

        Args:
            now: in the creditor's time zone. A payment is dated by the gateway's own instant, where it tells one.

        Raises:
            UnavailableError, ConflictError: later tries may work; the gateway reports again.
        """
        match event.kind:
            case GatewayEventKind.OTHER:
                return Outcome.IGNORED
            case GatewayEventKind.CHECKOUT_CLOSED:
                return self._close(event, now)
            case GatewayEventKind.METHOD_SAVED:
                return self._save(event.subject, now)
            case GatewayEventKind.METHOD_CHANGED:
                return self._follow_method(self._gateway.saved_method(event.subject), now)
            case GatewayEventKind.MANDATE_CHANGED:
                ended = self._gateway.ended_mandate(event.subject)
                return self._follow_method(
                    replace(ended, is_attached=False) if ended else None, now, "mandate_inactive"
                )
            case GatewayEventKind.PAYOUT if self._payouts:
                self._payouts(event.subject)
                return Outcome.NOTED
        if not event.payment_reference:
            return Outcome.IGNORED
        contested = event.kind is GatewayEventKind.PAYMENT_DISPUTED
        return self.follow(self._gateway.payment(event.payment_reference, contested=contested), now)

    # --- payments ---

    def follow(self, payment: GatewayPayment, now: datetime) -> Outcome:
        """Make the ledger agree with a payment as the gateway has it, however often.

        Raises:
            ConflictError, UnavailableError: later tries may work.
        """
        if not payment.customer_id or payment.status is PaymentStatus.OTHER:
            return Outcome.IGNORED
        order = self._orders.order(payment.customer_id, payment.order_id) if payment.order_id else None
        received = payment.status is PaymentStatus.SUCCEEDED
        holder = self._place(payment, order, now)
        if not holder or (holder != payment.customer_id and self._lessen(payment, now)):
            return Outcome.UNMATCHED
        if received and order and order.consent:
            self._save(payment.reference, now)
        self._note(payment)
        return Outcome.POSTED if received else Outcome.NOTED

    def account_of(self, payment: GatewayPayment, now: datetime) -> Account | None:
        """The account that has a payment, in suspense or not; else the customer's, if they are known."""
        account = self._ledger.load(payment.customer_id)
        if self._unknown and (account is None or posted_as(account, payment, self._method) not in account.entries):
            holder = self._unknown.held_by(received_entry(payment, self._method, (), now))
            account = self._ledger.load(holder) if holder else account
        for _ in range(_MOVES):
            if account is None or not (owner := self._given_to(account, payment)):
                break
            account = self._ledger.load(owner)
        return account

    def _place(self, payment: GatewayPayment, order: CheckoutOrder | None, now: datetime) -> str:
        """Write on the account whose payment it is, in suspense when the customer is not known; its id.

        Returns:
            Empty when there is nowhere to write.
        """

        def decide(account: Account) -> Change:
            return self._decide(account, payment, order, now)

        unknown = self._unknown if payment.status is PaymentStatus.SUCCEEDED else None
        money = received_entry(payment, self._method, _meant(order), now)
        try:
            holder = unknown.claim(money, payment.customer_id, now) if unknown else ""
            self._write(holder or payment.customer_id, decide, payment)
        except NotFoundError:
            if unknown is None:
                return ""
            unknown.keep(money)
            holder = unknown.claim(money, payment.customer_id, now)
            self._write(holder, decide, payment)
        return holder or payment.customer_id

    def _lessen(self, payment: GatewayPayment, now: datetime) -> bool:
        """Keep how much of a payment is left in suspense; whether that is where it is."""
        money = received_entry(payment, self._method, (), now)
        return self._unknown is not None and self._unknown.lessen(money)

    def _decide(self, account: Account, payment: GatewayPayment, order: CheckoutOrder | None, now: datetime) -> Change:
        draft = Draft(account)
        attempt = account.attempts.get(payment.attempt_id)
        lines = attempt.lines if attempt else ()
        follow_payment(draft, payment, self._method, _meant(order) or [Direction(*line) for line in lines], now)
        if attempt:
            follow_attempt(draft, payment, now, self._works)
        elif payment.status is PaymentStatus.FAILED and not _is_told(draft, payment, order):
            draft.tell(failed_event(account.customer.customer_id, payment, now))
        return draft.change()

    def _write(
        self, customer_id: str, decide: Callable[[Account], Change], payment: GatewayPayment | None = None
    ) -> None:
        """Write on the account that has the payment now: it may have gone to another one with its invoices."""

        def here(account: Account) -> Change:
            owner = self._given_to(account, payment) if payment else ""
            if owner:
                raise _MovedError(owner)
            return decide(account)

        for _ in range(_MOVES):
            try:
                update(self._ledger, customer_id, here)
            except _MovedError as moved:
                customer_id = moved.customer_id
            else:
                return
        raise ConflictError("the payment was moved from account to account")

    def _given_to(self, account: Account, payment: GatewayPayment) -> str:
        """The customer who has a payment of an account now; empty: it is here, or was never."""
        here = posted_as(account, payment, self._method)
        return account.moved.get(here) or handed_on(account, self._method, payment_key(payment))

    # --- saved methods ---

    def _save(self, reference: str, now: datetime) -> Outcome:
        """Keep the method that a page or a payment saved, with the consent that the order holds."""
        saved = self._gateway.saved_method(reference)
        if saved is None or not (saved.customer_id and saved.is_attached):
            return Outcome.IGNORED
        order = self._orders.order(saved.customer_id, saved.order_id) if saved.order_id else None
        if order is None or order.consent is None:
            return Outcome.IGNORED
        saved_at = min(saved.saved_at, now) if saved.saved_at else now
        self._gateway.claim(saved, saved.customer_id)
        try:
            self._write(saved.customer_id, lambda account: save_from_order(account, order, saved, saved_at))
        except NotFoundError:
            return Outcome.UNMATCHED
        if order.only_saves:
            self._change(saved.customer_id, order.order_id, lambda stored: _paid(stored, reference))
        return Outcome.NOTED

    def _follow_method(self, saved: SavedMethod | None, now: datetime, why: str = "detached") -> Outcome:
        """A saved method changed: a new card came for it, or it cannot be debited any more."""
        if saved is None or not saved.customer_id:
            return Outcome.IGNORED

        def decide(account: Account) -> Change:
            known = method_id(saved.reference)
            if known not in account.methods:
                return Change(account)
            if not saved.is_attached:
                return end_method(account, known, why, now)
            return follow_card(account, saved.reference, saved.label, saved.expires_on, now)

        try:
            self._write(saved.customer_id, decide)
        except NotFoundError:
            return Outcome.UNMATCHED
        return Outcome.NOTED

    # --- orders ---

    def _close(self, event: GatewayEvent, now: datetime) -> Outcome:
        """A hosted page is over; what it was paid with, if anything, says the payment itself."""
        if event.payment_reference:
            self.follow(self._gateway.payment(event.payment_reference), now)
        order_id, _, attempt = event.order_key.rpartition(".")
        if not (event.customer_id and order_id):
            return Outcome.IGNORED
        return self._change(event.customer_id, order_id, lambda order: _closed(order, attempt))

    def _note(self, payment: GatewayPayment) -> None:
        """Note with the order how far its payment has come."""
        attempt = payment.order_key.rpartition(".")[2]

        def decide(order: CheckoutOrder) -> CheckoutOrder:
            if payment.status is PaymentStatus.SUCCEEDED:
                return _paid(order, payment.reference)
            if attempt and attempt != str(order.attempt):
                return order
            if payment.status is PaymentStatus.PROCESSING:
                return _processing(order)
            noted = replace(order, last_failure=_failure(payment))
            return _closed(noted, str(order.attempt)) if payment.is_debit else noted

        self._change(payment.customer_id, payment.order_id, decide)

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


def _meant(order: CheckoutOrder | None) -> list[Direction]:
    """The invoices that an order was for."""
    return [Direction(line.invoice_id, line.amount_minor) for line in order.lines] if order else []


def _failure(payment: GatewayPayment) -> str:
    return payment.try_reference or payment.reference


def _is_told(draft: Draft, payment: GatewayPayment, order: CheckoutOrder | None) -> bool:
    """Whether this failure was told before: the order remembers it, or the end of the announced debit."""
    if order and order.last_failure == _failure(payment):
        return True
    return payment.is_debit and draft.change().is_empty


def _processing(order: CheckoutOrder) -> CheckoutOrder:
    return replace(order, status=OrderStatus.PROCESSING) if order.status is OrderStatus.OPEN else order


def _paid(order: CheckoutOrder, reference: str) -> CheckoutOrder:
    return replace(order, status=OrderStatus.PAID, payment_reference=reference)


def _closed(order: CheckoutOrder, attempt: str) -> CheckoutOrder:
    """An attempt that failed for good; a report about an earlier attempt, or on a paid order, changes nothing."""
    if str(order.attempt) != attempt or order.status is OrderStatus.PAID:
        return order
    return replace(order, status=OrderStatus.CLOSED)
