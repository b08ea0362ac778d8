"""Disputes about payments: what they paid is frozen until somebody has looked; a returned debit is no dispute.

A dispute's money is followed with the refunds (``following``). Here the invoices that the payment was for are contested
in the ledger, so that nobody asks for them, debits or escalates them: while the bank decides, and when it decided for
its customer, until a person has looked. A dispute that was won ends it. So does a person, and then it stays ended.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from dunwell.events import PAYMENT_DISPUTED, Event
from dunwell.ids import stable_id
from dunwell.ledger.entry import Direction, Entry, EntryKind
from dunwell.ledger.model import Account
from dunwell.payments.draft import Draft
from dunwell.payments.ports import GatewayDispute, GatewayPayment

RETURNS = frozenset({"bank_cannot_process", "incorrect_account_details", "insufficient_funds"})
"""Reasons of disputes about bank debits that say: the money was not there. The customer contests nothing."""
_RELEASED = frozenset({"won", "warning_closed", "prevented"})
_OPEN, _LOST, _CLOSED = "open", "lost", ""
_REASON = "chargeback_"


def is_return(payment: GatewayPayment, dispute: GatewayDispute) -> bool:
    """Whether a dispute is how the gateway tells of a bank debit that came back."""
    return payment.is_debit and dispute.reason in RETURNS


def follow_disputes(draft: Draft, entry: Entry, payment: GatewayPayment, now: datetime) -> None:
    """Contest what a disputed payment was for, or end that, as each of its disputes stands now.

    Args:
        entry: the payment as it is posted.
    """
    for dispute in payment.disputes:
        if is_return(payment, dispute):
            continue
        changed = [
            _follow(draft, direction, dispute, entry.method, payment.version, now)
            for direction in _contested(draft.account, entry, dispute)
        ]
        if any(changed):
            draft.tell(_disputed(draft.account, entry, dispute, now))


def _contested(account: Account, entry: Entry, dispute: GatewayDispute) -> Iterator[Direction]:
    """The invoices a payment was for, or settles now, each with its part of what is disputed."""
    left = dispute.amount_minor
    parts = entry.directed_to or account.allocations(entry.entry_id)
    for part in parts:
        amount = min(left, part.amount_minor)
        invoice = account.invoices.get(part.invoice_id)
        if amount > 0 and invoice and invoice.currency == entry.currency and part.invoice_id not in account.moved:
            left -= amount
            yield Direction(part.invoice_id, amount)


def _phase(dispute: GatewayDispute) -> str:
    if dispute.status in _RELEASED:
        return _CLOSED
    return _LOST if dispute.status == _LOST else _OPEN


def _follow(draft: Draft, part: Direction, dispute: GatewayDispute, method: str, version: str, now: datetime) -> bool:
    """Begin, go on with or end the contest of one invoice; whether that changed anything.

    What is no newer than the last that was told of the dispute changes nothing.
    """
    key = f"{method}#{dispute.reference}#"
    last = _last_told(draft.account, key, part.invoice_id)
    was = last.reason.removeprefix(_REASON) if last and last.kind is EntryKind.DISPUTE else _CLOSED
    phase = _phase(dispute)
    if phase == was or (last and version and version <= _version(last)):
        return False
    entry = _told(part, dispute, method, f"{key}{phase}#{version}", draft.account)
    changed = False
    if last and last.kind is EntryKind.DISPUTE and not _is_ended(draft.account, last):
        changed = draft.post(_end(entry, last, dispute, now), now)
    if phase:
        since = entry if last is None else replace(entry, on=now.date(), at=now)
        opened = min(since.at, now).astimezone(now.tzinfo) if since.at else now
        begun = replace(since, reason=f"{_REASON}{phase}", on=opened.date(), at=opened)
        changed = draft.post(begun, now) or changed
    return changed


def _last_told(account: Account, key: str, invoice_id: str) -> Entry | None:
    """The last of our entries about a dispute of an invoice; of one reading, the one that begins a contest."""
    mine = (
        one
        for one in account.entries.values()
        if one.reference.startswith(key) and one.directed_to and one.directed_to[0].invoice_id == invoice_id
    )
    return max(mine, key=lambda one: (_version(one), one.kind is EntryKind.DISPUTE), default=None)


def _version(entry: Entry) -> str:
    return entry.reference.rpartition("#")[2]


def _is_ended(account: Account, contest: Entry) -> bool:
    entries = account.entries.values()
    return any(one.of == contest.entry_id and one.kind is EntryKind.DISPUTE_END for one in entries)


def _told(part: Direction, dispute: GatewayDispute, method: str, reference: str, account: Account) -> Entry:
    return Entry(
        entry_id=stable_id("ent", EntryKind.DISPUTE, part.invoice_id, reference),
        kind=EntryKind.DISPUTE,
        currency=account.invoices[part.invoice_id].currency,
        amount_minor=part.amount_minor,
        on=dispute.opened_at.date(),
        at=dispute.opened_at,
        method=method,
        reference=reference,
        directed_to=(part,),
    )


def _end(entry: Entry, last: Entry, dispute: GatewayDispute, now: datetime) -> Entry:
    """The end of a contest; who won is its reason."""
    return replace(
        entry,
        entry_id=stable_id("ent", EntryKind.DISPUTE_END, entry.directed_to[0].invoice_id, entry.reference),
        kind=EntryKind.DISPUTE_END,
        amount_minor=last.amount_minor,
        on=now.date(),
        at=now,
        of=last.entry_id,
        reason=dispute.status,
    )


def _disputed(account: Account, entry: Entry, dispute: GatewayDispute, now: datetime) -> Event:
    """Tells of a dispute; the gateway's fee is the creditor's cost, so it is told and not charged to the customer."""
    state = f"{dispute.status}#{dispute.withdrawn_minor}"
    return Event(
        event_id=stable_id("evt", PAYMENT_DISPUTED, dispute.reference, state),
        name=PAYMENT_DISPUTED,
        customer_id=account.customer.customer_id,
        occurred_at=now,
        data={
            "payment_id": entry.entry_id,
            "dispute_reference": dispute.reference,
            "reason": dispute.reason,
            "code": dispute.code,
            "status": dispute.status,
            "currency": entry.currency,
            "amount_minor": dispute.amount_minor,
            "withdrawn_minor": dispute.withdrawn_minor,
            "fee_currency": dispute.fee_currency,
            "fee_minor": dispute.fee_minor,
        },
    )
