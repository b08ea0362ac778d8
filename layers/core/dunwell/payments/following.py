"""The ledger follows a payment at the gateway: from its present state alone to the entries that make the account agree.

Whatever was reported of it before, late, twice, out of order or never, the same state comes to the same books: money is
posted once under a key of the payment itself, and what went back of it is followed by its cumulative amount.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from dunwell.errors import InvalidInputError
from dunwell.events import PAYMENT_FAILED, Event
from dunwell.ids import stable_id
from dunwell.ledger.entry import Direction, Entry, EntryKind
from dunwell.ledger.model import Account
from dunwell.ledger.posting import failure_id, known_as, payment_id, pending_id
from dunwell.ledger.undoing import UndoneBy, WentBack, followed
from dunwell.payments.contesting import follow_disputes, is_return
from dunwell.payments.draft import Draft
from dunwell.payments.ports import GatewayPayment, PaymentStatus


def payment_key(payment: GatewayPayment) -> str:
    """The reference under which a payment is posted, whoever tells of it."""
    return f"{payment.reference}#succeeded"


def posted_as(account: Account, payment: GatewayPayment, method: str) -> str:
    """The id that a payment has, or will have, among the account's entries."""
    key = payment_key(payment)
    return known_as(account, EntryKind.PAYMENT, method, key) or payment_id(account.customer.customer_id, method, key)


def follow_payment(
    draft: Draft, payment: GatewayPayment, method: str, directed_to: Sequence[Direction], now: datetime
) -> None:
    """Make the books agree with a payment as the gateway has it.

    Args:
        method: the gateway's name among the entries, such as ``stripe``.
        directed_to: the invoices it was made for.
        now: in the creditor's time zone.

    Raises:
        InvalidInputError: it is on the account with another amount or currency.
    """
    match payment.status:
        case PaymentStatus.SUCCEEDED:
            _receive(draft, payment, method, directed_to, now)
        case PaymentStatus.PROCESSING:
            _announce(draft, payment, method, directed_to, now)
        case PaymentStatus.FAILED if payment.is_debit:
            _fail(draft, payment, method, directed_to, now)


def received_entry(payment: GatewayPayment, method: str, directed_to: Sequence[Direction], now: datetime) -> Entry:
    """A payment as an entry, of no account yet. Its date is that of the try, by the creditor's calendar."""
    tried_at = min(payment.tried_at.astimezone(now.tzinfo), now) if payment.tried_at else now
    return Entry(
        entry_id="",
        kind=EntryKind.PAYMENT,
        currency=payment.currency,
        amount_minor=payment.amount_minor or payment.asked_minor,
        on=tried_at.date(),
        at=tried_at,
        method=method,
        reference=payment_key(payment),
        directed_to=tuple(directed_to),
    )


def _pending_id(account: Account, payment: GatewayPayment, method: str) -> str:
    key = payment_key(payment)
    return known_as(account, EntryKind.PENDING, method, key) or pending_id(account.customer.customer_id, method, key)


def _announce(
    draft: Draft, payment: GatewayPayment, method: str, directed_to: Sequence[Direction], now: datetime
) -> str:
    """A debit is on its way: not money yet, but reminders wait. Nothing when the money is there already."""
    pending = _pending_id(draft.account, payment, method)
    if payment.asked_minor > 0 and posted_as(draft.account, payment, method) not in draft.account.entries:
        entry = received_entry(payment, method, directed_to, now)
        draft.post(replace(entry, entry_id=pending, kind=EntryKind.PENDING, amount_minor=payment.asked_minor), now)
    return pending


def _fail(draft: Draft, payment: GatewayPayment, method: str, directed_to: Sequence[Direction], now: datetime) -> None:
    """A debit came to nothing; with the bank's own reason."""
    pending = _announce(draft, payment, method, directed_to, now)
    announced = draft.account.entries.get(pending)
    if announced is None or posted_as(draft.account, payment, method) in draft.account.entries:
        return
    failed = replace(
        announced,
        entry_id=failure_id(draft.account.customer.customer_id, method, payment_key(payment)),
        kind=EntryKind.FAILURE,
        on=now.date(),
        at=now,
        of=pending,
        reason=payment.decline_code or payment.failure_code,
    )
    draft.post(failed, now)


def _receive(
    draft: Draft, payment: GatewayPayment, method: str, directed_to: Sequence[Direction], now: datetime
) -> None:
    entry_id = posted_as(draft.account, payment, method)
    known = draft.account.entries.get(entry_id)
    if known is None:
        pending = _pending_id(draft.account, payment, method)
        of = pending if pending in draft.account.entries else ""
        known = replace(received_entry(payment, method, directed_to, now), entry_id=entry_id, of=of)
        if known.amount_minor <= 0:
            raise InvalidInputError("a payment must be more than zero", field="amount")
        draft.post(known, now)
    elif (known.amount_minor, known.currency) != (payment.amount_minor, payment.currency):
        raise InvalidInputError(f"payment {entry_id} is already posted with another amount", field="amount")
    follow_disputes(draft, known, payment, now)
    if _go_back(draft, known, payment, now) and not payment.attempt_id:
        draft.tell(_returned_event(draft.account.customer.customer_id, payment, now))


def _go_back(draft: Draft, entry: Entry, payment: GatewayPayment, now: datetime) -> bool:
    """Refunds, chargebacks and returned debits, each by how much went back so far; whether a debit came back now."""
    known = draft.account.entries

    def about(entry_id: str) -> list[Entry]:
        return [one for one in known.values() if one.of == entry_id and one.kind is EntryKind.REVERSAL]

    came_back = False
    for one in followed(draft.account.customer.customer_id, entry, about, _went_back(payment, now), now):
        came_back = (draft.post(one, now) and one.reason == UndoneBy.RETURNED) or came_back
    return came_back


def _went_back(payment: GatewayPayment, now: datetime) -> list[WentBack]:
    def day(moment: datetime | None) -> datetime:
        return min(moment.astimezone(now.tzinfo), now) if moment else now

    returned = [one for one in payment.disputes if is_return(payment, one)]
    contested = [one for one in payment.disputes if one not in returned]
    refunded_on, again_on = day(payment.refunded_at).date(), day(payment.reclaimed_at).date()
    found = [WentBack(UndoneBy.REFUND, payment.refunded_minor, refunded_on, again_on, payment.version)]
    for reason, disputes in ((UndoneBy.CHARGEBACK, contested), (UndoneBy.RETURNED, returned)):
        taken = [one for one in disputes if one.withdrawn_minor]
        on = max((day(one.moved_at) for one in taken), default=now).date()
        again = max((day(one.moved_at) for one in disputes), default=now).date()
        minor = sum(one.withdrawn_minor for one in taken)
        found.append(WentBack(reason, minor, on, again, payment.version))
    return found


def failed_event(customer_id: str, payment: GatewayPayment, now: datetime) -> Event:
    """Says that a try to pay failed, with the gateway's words; the same try is the same event."""
    words = (payment.failure_code, payment.decline_code, payment.advice)
    return _failed(customer_id, payment, payment.try_reference or payment.reference, words, now)


def _returned_event(customer_id: str, payment: GatewayPayment, now: datetime) -> Event:
    """Says that a debit that had succeeded came back, with the bank's reason."""
    last = [one for one in payment.disputes if is_return(payment, one)][-1]
    return _failed(customer_id, payment, last.reference, (last.reason, last.code, ""), now)


def _failed(customer_id: str, payment: GatewayPayment, what: str, words: tuple[str, str, str], now: datetime) -> Event:
    failure_code, decline_code, advice = words
    return Event(
        event_id=stable_id("evt", PAYMENT_FAILED, payment.reference, what),
        name=PAYMENT_FAILED,
        customer_id=customer_id,
        occurred_at=now,
        data={
            "payment_reference": payment.reference,
            "order_id": payment.order_id,
            "failure_code": failure_code,
            "decline_code": decline_code,
            "advice": advice,
        },
    )
