"""Posting: one fact to an account, once. Every function gives an empty change for a fact that is there already."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime

from dunwell.errors import InvalidInputError, NotFoundError, RefusedError
from dunwell.events import ENTRY_POSTED, PAYMENT_APPLIED, Event, Scalar
from dunwell.ids import stable_id
from dunwell.ledger.change import Change
from dunwell.ledger.entry import Direction, Entry, EntryKind
from dunwell.ledger.model import Account
from dunwell.money import exponent


def post(account: Account, entry: Entry, at: datetime) -> Change:
    """Add an entry to an account.

    Args:
        at: the instant of the posting, with a time zone: when the event says it happened.

    Raises:
        InvalidInputError: the amount is not positive or the currency unknown; the entry is on the account with another
            amount or currency; a reversal or a write-off is of more than stands.
        RefusedError: the customer is part of another one (``update.followed``).
    """
    if account.customer.merged_into:
        raise RefusedError(f"this customer is part of {account.customer.merged_into}: post it there")
    known = account.entries.get(entry.entry_id)
    if known:
        if (known.amount_minor, known.currency) != (entry.amount_minor, entry.currency):
            raise InvalidInputError(
                f"{entry.kind} {entry.entry_id} is already posted with another amount", field="amount"
            )
        return Change(account)
    exponent(entry.currency)
    if entry.amount_minor <= 0:
        raise InvalidInputError(f"a {entry.kind.replace('_', ' ')} must be more than zero", field="amount")
    _refuse_what_exceeds(account, entry)
    change = Change(account, entries={entry.entry_id: entry})
    return replace(change, events=(posted(change.applied(), entry, at),))


def post_payment(
    account: Account,
    *,
    method: str,
    reference: str,
    currency: str,
    amount_minor: int,
    received_at: datetime,
    directed_to: Sequence[Direction] = (),
    of: str = "",
) -> Change:
    """Post money received, once: a payment already on the account gives an empty change.

    Args:
        method, reference: together the payment's business key, such as ``stripe`` and ``pi_…#succeeded``.
        received_at: with the creditor's time zone; its date is the payment's date.
        directed_to: what the payer said it is for.
        of: the pending payment that it settles.

    Raises:
        InvalidInputError: see ``post``.
    """
    payment = Entry(
        entry_id=known_as(account, EntryKind.PAYMENT, method, reference)
        or payment_id(account.customer.customer_id, method, reference),
        kind=EntryKind.PAYMENT,
        currency=currency,
        amount_minor=amount_minor,
        on=received_at.date(),
        at=received_at,
        method=method,
        reference=reference,
        directed_to=tuple(directed_to),
        of=of,
    )
    return post(account, payment, received_at)


def known_as(account: Account, kind: EntryKind, method: str, reference: str) -> str:
    """The id under which a fact came from an account that is part of this one; empty when it did not.

    Ids are made from the customer's, so that what the other account has known under its own would be posted again.
    """
    if not account.customer.relations:
        return ""
    key = (kind, method, reference)
    return next((i for i, e in account.entries.items() if (e.kind, e.method, e.reference) == key), "")


def payment_id(customer_id: str, method: str, reference: str) -> str:
    """The id of a payment, the same whoever reports it: webhook, sync or file."""
    return stable_id("pay", customer_id, method, reference)


def charge(
    account: Account,
    kind: EntryKind,
    invoice_id: str,
    amount_minor: int,
    *,
    key: str,
    on: date,
    at: datetime,
    reason: str,
) -> Change:
    """Put a fee, interest, a debit note, a dispute or a write-off on an invoice.

    Args:
        key: names it for good, such as ``late_fee`` or ``interest#2026-07-31``: the same key is the same entry, also
            when the invoice has moved to another account since.

    Raises:
        NotFoundError: the invoice is not on the account. InvalidInputError: see ``post``.
    """
    invoice = account.invoices.get(invoice_id)
    entry_id = stable_id("ent", kind, invoice_id, key)
    if invoice is None or (invoice_id in account.moved and entry_id not in account.entries):
        raise NotFoundError("this invoice is not on the account")
    entry = Entry(
        entry_id=entry_id,
        kind=kind,
        currency=invoice.currency,
        amount_minor=amount_minor,
        on=on,
        reference=key,
        directed_to=(Direction(invoice_id, amount_minor),),
        reason=reason,
    )
    return post(account, entry, at)


def reverse(
    account: Account,
    entry_id: str,
    amount_minor: int,
    *,
    method: str,
    reference: str,
    reversed_at: datetime,
    reason: str,
) -> Change:
    """Undo an entry, or part of one: refund, chargeback, waiver, correction. What it did is undone exactly.

    Args:
        method, reference: together the reversal's business key, such as ``stripe`` and ``re_…``.

    Raises:
        NotFoundError: no such entry on the account. InvalidInputError: see ``post``.
    """
    about = account.entries.get(entry_id)
    if about is None:
        raise NotFoundError("this entry is not on the account")
    entry = Entry(
        entry_id=known_as(account, EntryKind.REVERSAL, method, reference)
        or stable_id("rev", account.customer.customer_id, method, reference),
        kind=EntryKind.REVERSAL,
        currency=about.currency,
        amount_minor=amount_minor,
        on=reversed_at.date(),
        at=reversed_at,
        method=method,
        reference=reference,
        of=entry_id,
        reason=reason,
    )
    return post(account, entry, reversed_at)


def pending_id(customer_id: str, method: str, reference: str) -> str:
    """The id of the announcement of a payment, the same whoever tells of it."""
    return stable_id("pen", customer_id, method, reference)


def failure_id(customer_id: str, method: str, reference: str) -> str:
    """The id of the end of an announced payment that did not arrive."""
    return stable_id("fai", customer_id, method, reference)


def _refuse_what_exceeds(account: Account, entry: Entry) -> None:
    """A mistake is told to whoever makes it; what comes out of order is left to the fold, which never goes below 0."""
    stands = entry.amount_minor
    if entry.kind is EntryKind.REVERSAL and entry.of in account.entries:
        stands = account.books.standing_minor(entry.of)
    elif entry.kind is EntryKind.WRITE_OFF:
        stands = account.open_minor(entry.directed_to[0].invoice_id)
    if entry.amount_minor > stands:
        raise InvalidInputError(f"this {entry.kind.replace('_', ' ')} is of more than stands now", field="amount")


def posted(account: Account, entry: Entry, at: datetime) -> Event:
    """The event of an entry, from the account after it."""
    is_payment = entry.kind is EntryKind.PAYMENT
    name = PAYMENT_APPLIED if is_payment else ENTRY_POSTED
    common: dict[str, Scalar] = {
        "currency": entry.currency,
        "amount_minor": entry.amount_minor,
        "open_minor": account.balances.get(entry.currency, 0),
    }
    own: dict[str, Scalar] = (
        {"payment_id": entry.entry_id, "unapplied_minor": account.books.unapplied_minor(entry.entry_id)}
        if is_payment
        else {"entry_id": entry.entry_id, "kind": entry.kind.value, "of": entry.of, "reason": entry.reason}
    )
    return Event(
        event_id=stable_id("evt", name, entry.entry_id),
        name=name,
        customer_id=account.customer.customer_id,
        occurred_at=at,
        data=common | own,
    )
