"""Disputes: a customer contests an invoice, whole or in part, and may take that back.

A written dispute counts as one within the validation period, whenever it comes: what is contested is not asked for
until an agent records that what shows that it is owed was sent, or what was wrong is corrected. That is the stricter of
the two ways (rule HOLD-DISPUTE). To ask who the original creditor is stops the same, until that was answered.
"""

from dataclasses import replace
from datetime import date, datetime
from enum import StrEnum

from dunwell.accounts.holds import Hold
from dunwell.errors import ConflictError, InvalidInputError, NotFoundError
from dunwell.hold_kinds import HoldKind
from dunwell.ids import stable_id
from dunwell.ledger.change import Change
from dunwell.ledger.entry import Entry, EntryKind
from dunwell.ledger.holding import hold, lift
from dunwell.ledger.model import Account
from dunwell.ledger.posting import charge, post

HOLD = HoldKind.DISPUTE_WRITTEN.value
BY_CUSTOMER = "portal"
"""Who placed the hold of a dispute that a customer raised on a page of ours; what its entry's key begins with."""
BY_AGENT = "agent"
"""What the entry's key begins with of a dispute that came by post or otherwise, and that an agent entered."""


class DisputeReason(StrEnum):
    """Why a customer contests an invoice."""

    NOT_MINE = "not_mine"
    WRONG_AMOUNT = "wrong_amount"
    NOT_RECEIVED = "not_received"
    DEFECTIVE = "defective"
    RETURNED = "returned"
    ALREADY_PAID = "already_paid"
    ORIGINAL_CREDITOR = "original_creditor"
    """It is asked who the original creditor is."""
    OTHER = "other"


class DisputeEnd(StrEnum):
    """Why a dispute ended that the customer did not take back."""

    VERIFIED = "verified"
    """What shows that it is owed, or who the original creditor is, was sent."""
    CORRECTED = "corrected"
    """What was wrong is put right."""


def standing_disputes(account: Account, invoice_id: str) -> list[Entry]:
    """The disputes about an invoice that nobody ended, oldest first."""
    ended = {entry.of for entry in account.entries.values() if entry.kind is EntryKind.DISPUTE_END}
    found = [
        entry
        for entry_id, entry in account.entries.items()
        if entry.kind is EntryKind.DISPUTE and entry_id not in ended and entry_id not in account.moved
    ]
    return sorted((one for one in found if _is_about(one, invoice_id)), key=lambda one: (one.on, one.entry_id))


def contestable_minor(account: Account, invoice_id: str) -> int:
    """What is open of an invoice and not contested yet.

    Raises:
        NotFoundError: it is not on the account.
    """
    invoice = account.invoices.get(invoice_id)
    if invoice is None or invoice.removed or invoice_id in account.moved or account.customer.merged_into:
        raise NotFoundError("This invoice is not on your account.", code="no_invoice")
    return max(0, account.open_minor(invoice_id) - account.disputed_minor(invoice_id))


def dispute(
    account: Account,
    invoice_id: str,
    amount_minor: int | None,
    reason: DisputeReason,
    *,
    key: str,
    note: str,
    on: date,
    at: datetime,
    agent: str = "",
) -> Change:
    """Contest an invoice; a hold on it stops all asking when nothing uncontested is left. The same key again: nothing.

    Args:
        amount_minor: None for all that is open.
        key: names this dispute for good. note: the customer's words, kept with the hold.
        agent: who entered it; empty: the customer by themselves.

    Raises:
        NotFoundError: the invoice is not on the account. ConflictError: nothing of it is open and uncontested.
        InvalidInputError: the amount is not more than zero, or more than that.
    """
    free_minor = contestable_minor(account, invoice_id)
    named = f"{BY_AGENT if agent else BY_CUSTOMER}#{key}"
    if stable_id("ent", EntryKind.DISPUTE, invoice_id, named) in account.entries:
        return Change(account)
    if not free_minor:
        raise ConflictError("Nothing of this invoice is open and not in dispute.", code="nothing_to_dispute")
    contested = free_minor if amount_minor is None else amount_minor
    if not 0 < contested <= free_minor:
        raise InvalidInputError("Dispute an amount up to what is open.", field="amount", code="dispute_amount")
    change = charge(account, EntryKind.DISPUTE, invoice_id, contested, key=named, on=on, at=at, reason=reason)
    if contested < free_minor:
        return change
    placed = hold(account, Hold(HOLD, invoice_id, at, None, agent or BY_CUSTOMER, note), at)
    return replace(change, customer=placed.customer, events=change.events + placed.events)


def withdraw_dispute(account: Account, entry_id: str, *, on: date, at: datetime) -> Change:
    """Take back a dispute that the customer raised by themselves, and lift its hold; again changes nothing.

    Raises:
        NotFoundError: there is no such dispute of theirs on the account.
    """
    about = account.entries.get(entry_id)
    if about is None or not is_withdrawable(about) or entry_id in account.moved:
        raise NotFoundError("This dispute is not on your account.", code="no_dispute")
    (direction,) = about.directed_to
    if entry_id not in {one.entry_id for one in standing_disputes(account, direction.invoice_id)}:
        return Change(account)
    ended = post(account, _end(about, "withdrawn", on), at)
    return _without_holds(ended, direction.invoice_id, at, BY_CUSTOMER, placed_by=BY_CUSTOMER)


def endable_disputes(account: Account, invoice_id: str) -> list[Entry]:
    """The standing disputes about an invoice that customers raised, themselves or through an agent."""
    ours = (BY_CUSTOMER, BY_AGENT)
    return [one for one in standing_disputes(account, invoice_id) if one.reference.partition("#")[0] in ours]


def end_disputes(
    account: Account, invoice_id: str, outcome: DisputeEnd, *, agent: str, on: date, at: datetime
) -> Change:
    """End what customers contest of an invoice and lift its holds: collecting goes on. Again changes nothing.

    What the gateway or a source contests is for them to end.

    Raises:
        NotFoundError: the invoice is not on the account.
    """
    if invoice_id not in account.invoices or invoice_id in account.moved:
        raise NotFoundError("This invoice is not on the account any more.", code="no_invoice")
    change = Change(account)
    for about in endable_disputes(account, invoice_id):
        change = change.then(post(change.applied(), _end(about, outcome, on), at))
    return _without_holds(change, invoice_id, at, agent)


def is_withdrawable(entry: Entry) -> bool:
    """Whether a dispute is one that the customer raised, and may take back."""
    return entry.kind is EntryKind.DISPUTE and entry.reference.startswith(f"{BY_CUSTOMER}#")


def _end(about: Entry, why: str, on: date) -> Entry:
    reference = f"{about.reference}#{why}"
    return Entry(
        entry_id=stable_id("ent", EntryKind.DISPUTE_END, about.directed_to[0].invoice_id, reference),
        kind=EntryKind.DISPUTE_END,
        currency=about.currency,
        amount_minor=about.amount_minor,
        on=on,
        reference=reference,
        directed_to=about.directed_to,
        of=about.entry_id,
        reason=why,
    )


def _without_holds(change: Change, invoice_id: str, at: datetime, who: str, placed_by: str = "") -> Change:
    """The change, and the invoice's disputes stop nothing any more. Args: placed_by: only what they placed."""
    in_force = change.account.customer.holds_in_force(at)
    theirs = [one for one in in_force if (one.kind, one.invoice_id) == (HOLD, invoice_id)]
    lifted = lift(change.account, [one.hold_id for one in theirs if placed_by in ("", one.placed_by)], at, who)
    return replace(change, customer=lifted.customer, events=change.events + lifted.events)


def _is_about(entry: Entry, invoice_id: str) -> bool:
    return any(one.invoice_id == invoice_id for one in entry.directed_to)
