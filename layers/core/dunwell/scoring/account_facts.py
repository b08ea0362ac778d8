"""An account's invoices as scoring sees them: who ended each and when, and when it was in dispute."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from itertools import zip_longest

from dunwell.ledger.adjusting import CreditReason, WriteOffReason
from dunwell.ledger.books import Debt, Part
from dunwell.ledger.entry import CHARGES, CREDITS, RECEIPTS, Entry, EntryKind
from dunwell.ledger.model import Account, Invoice
from dunwell.ledger.order import effective_on
from dunwell.scoring.facts import Held, InvoiceFacts

_TOO_SMALL = frozenset({WriteOffReason.UNECONOMIC, WriteOffReason.SMALL_BALANCE})
"""Why nobody asks any more, though nobody thinks that the customer would not have paid."""


def as_known(account: Account, as_of: date) -> Account:
    """The account as it was known at the end of a day: what took effect later is left out."""
    later = (one.on for one in account.entries.values())
    issued = (one.issued_on for one in account.invoices.values())
    return account.at(as_of) if any(on > as_of for on in later) or any(on > as_of for on in issued) else account


def invoice_facts(account: Account) -> list[InvoiceFacts]:
    """Every invoice of an account, as the account's facts make it; of an earlier day with `as_known`."""
    if account.customer.merged_into:
        return []
    closings, held, moved = _closings(account), _held(account), account.moved
    return [
        _facts(account, invoice, closings.get(invoice_id), held.get(invoice_id, ()))
        for invoice_id, invoice in account.invoices.items()
        if invoice_id not in moved
    ]


@dataclass(slots=True)
class _Closing:
    """What covered an invoice that not payments alone have covered."""

    received_on: date | None = None
    last_on: date = date.min
    lost: bool = False
    settled_for_less: bool = False

    def take(self, entry: Entry, on: date, left_minor: int) -> None:
        """`left_minor`: what is still written off of the invoice."""
        self.last_on = max(self.last_on, on)
        if entry.kind in RECEIPTS:
            self.received_on = max(self.received_on or on, on)
        elif entry.kind is EntryKind.WRITE_OFF:
            self.lost = self.lost or (left_minor > 0 and entry.reason not in _TOO_SMALL)
        else:
            self.lost = self.lost or entry.reason == CreditReason.FORGIVENESS
            self.settled_for_less = self.settled_for_less or entry.reason == CreditReason.SETTLEMENT


def _facts(account: Account, invoice: Invoice, closing: _Closing | None, held: tuple[Held, ...]) -> InvoiceFacts:
    invoice_id = invoice.invoice_id
    closed_on = account.settlement_dates.get(invoice_id)
    settled_on, given_up_on, cancelled_on = closed_on, None, None
    if closing and (closed_on or account.books.written_off_minor(invoice_id)) and not account.open_minor(invoice_id):
        received_on = closing.received_on
        settled_on = min(received_on, closed_on or received_on) if received_on else None
        if closing.lost or (closing.settled_for_less and settled_on is None):
            settled_on, given_up_on = None, closed_on or closing.last_on
        elif settled_on is None:
            cancelled_on = closed_on or closing.last_on
    contested_minor = account.disputed_minor(invoice_id)
    return InvoiceFacts(
        invoice_id,
        invoice.issued_on,
        invoice.due_on,
        invoice.amount_minor,
        invoice.currency,
        settled_on,
        contested_minor > 0,
        invoice.delivery,
        cancelled_on,
        given_up_on,
        held,
        contested_minor,
    )


def _closings(account: Account) -> dict[str, _Closing]:
    """By invoice what covered it, of those that were credited, written off or relieved of a charge, even in part."""
    entries = account.entries
    told = {one.kind for one in entries.values()}
    if not told & {EntryKind.CREDIT_NOTE, EntryKind.WRITE_OFF, EntryKind.REVERSAL}:
        return {}  # most are paid and nothing else
    found: dict[str, _Closing] = {}
    covering = list(_covering(account))
    for entry, invoice_id in covering:
        if entry.kind not in RECEIPTS:
            found[invoice_id] = _Closing()
    for entry, invoice_id in covering:
        if invoice_id in found and entry.kind not in CHARGES:
            on = max(effective_on(entries, entry), account.invoices[invoice_id].issued_on)
            found[invoice_id].take(entry, on, account.books.written_off_minor(invoice_id))
    return found


def _covering(account: Account) -> Iterator[tuple[Entry, str]]:
    """Every payment, credit note and write-off that stands, and every charge that was waived, with its invoice."""
    entries = account.entries
    for entry_id, entry in entries.items():
        if entry.kind in CREDITS:
            yield from ((entry, part.invoice_id) for part in account.allocations(entry_id))
        elif entry.kind is EntryKind.WRITE_OFF and account.books.standing_minor(entry_id):
            yield entry, entry.directed_to[0].invoice_id
        elif entry.kind is EntryKind.REVERSAL and account.books.standing_minor(entry_id):
            about = entries.get(entry.of)
            if about and about.kind in CHARGES and about.directed_to:
                yield about, about.directed_to[0].invoice_id


def _held(account: Account) -> dict[str, tuple[Held, ...]]:
    """By invoice the days on which all that was open of it was in dispute."""
    contested = {
        part.invoice_id
        for entry in account.entries.values()
        if entry.kind is EntryKind.DISPUTE
        for part in entry.directed_to
    }
    if not contested:
        return {}
    replay = account.replay()
    changes: dict[str, list[date]] = {one: [] for one in contested}  # held, free, held …
    while day := replay.next_on:
        replay.through(day)
        for invoice_id, days in changes.items():
            debt = replay.books.debts.get(invoice_id)
            if (debt is not None and _is_held(debt)) != len(days) % 2:
                days.append(day)
    return {i: tuple(zip_longest(days[::2], days[1::2])) for i, days in changes.items()}


def _is_held(debt: Debt) -> bool:
    """Whether the customer contests all that is open, or all of what was billed: charges follow it."""
    return 0 < (debt.owed[Part.PRINCIPAL] or debt.open_minor) <= debt.disputed
