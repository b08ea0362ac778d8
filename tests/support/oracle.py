"""What an account must add up to, reckoned the slow and simple way, without the fold.

Sums only: every entry's standing amount from the reversals that came after it, and per currency

    open + written off - unapplied  =  invoices + charges that stand - credits that stand

which holds wherever the money was allocated. A write-off moves what is owed and changes no sum.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime

from dunwell.ledger.books import Part
from dunwell.ledger.entry import Entry, EntryKind
from dunwell.ledger.itemising import itemised
from dunwell.ledger.model import Account, Invoice, InvoiceStatus

CREDIT_KINDS = (EntryKind.PAYMENT, EntryKind.CREDIT_NOTE)
RECEIVED = (*CREDIT_KINDS, EntryKind.SETTLEMENT)
CHARGE_KINDS = (EntryKind.FEE, EntryKind.INTEREST, EntryKind.DEBIT_NOTE)


@dataclass
class Sums:
    """Amounts by id or currency (minor units)."""

    standing: dict[str, int] = field(default_factory=dict)
    charged: dict[str, int] = field(default_factory=dict)
    net: dict[str, int] = field(default_factory=dict)
    disputed: dict[str, int] = field(default_factory=dict)


def sums(account: Account) -> Sums:
    """The account's sums from its facts alone."""
    moved = {entry.of for entry in account.entries.values() if entry.kind is EntryKind.MOVED}
    invoices = {i: one for i, one in account.invoices.items() if i not in moved}
    entries = {i: one for i, one in account.entries.items() if i not in moved}
    made = Sums(_standing(account, invoices, entries))
    for entry in _standing_disputes(entries):
        if _invoice(invoices, entry):
            _add(made.disputed, entry.directed_to[0].invoice_id, entry.amount_minor)
    for invoice in invoices.values():
        _add(made.net, invoice.currency, invoice.amount_minor)
    for entry in entries.values():
        stands = made.standing.get(entry.entry_id, 0)
        if entry.kind in CHARGE_KINDS:
            _add(made.net, entry.currency, stands)
            _add(made.charged, entry.directed_to[0].invoice_id, stands)
        elif entry.kind in RECEIVED:
            _add(made.net, entry.currency, -stands)
    return made


def _standing(account: Account, invoices: Mapping[str, Invoice], entries: Mapping[str, Entry]) -> dict[str, int]:
    """What of each entry was not reversed."""
    standing: dict[str, int] = {}
    for entry in entries.values():
        if entry.kind is EntryKind.SETTLEMENT:  # what it covers of what was open then, only the fold can tell
            standing[entry.entry_id] = account.books.standing_minor(entry.entry_id)
            assert standing[entry.entry_id] >= 0
        elif entry.kind in CREDIT_KINDS or (entry.kind in CHARGE_KINDS and _invoice(invoices, entry)):
            standing[entry.entry_id] = entry.amount_minor
    for reversal in sorted(_reversals(entries), key=lambda entry: _order(invoices, entries, entry)):
        _reverse(standing, entries, reversal)
    return standing


def check(account: Account) -> None:
    """What is true of every account at every moment.

    Raises:
        AssertionError: it is not.
    """
    made, books = sums(account), account.books
    moved = {entry.of for entry in account.entries.values() if entry.kind is EntryKind.MOVED}
    applied: dict[str, int] = {}
    for entry in account.entries.values():
        if entry.kind not in RECEIVED:
            continue
        allocations = account.allocations(entry.entry_id)
        total = sum(allocation.amount_minor for allocation in allocations)
        assert books.standing_minor(entry.entry_id) == made.standing.get(entry.entry_id, 0)
        assert total + books.unapplied_minor(entry.entry_id) == made.standing.get(entry.entry_id, 0)
        assert books.unapplied_minor(entry.entry_id) >= 0
        if entry.kind is EntryKind.SETTLEMENT:
            named = {(entry.directed_to[0].invoice_id, Part.PRINCIPAL)}
            assert {(one.invoice_id, one.part) for one in allocations} <= named, "a source speaks of what it billed"
            assert not books.unapplied_minor(entry.entry_id), "a statement is no money"
        for allocation in allocations:
            assert allocation.amount_minor > 0
            assert account.invoices[allocation.invoice_id].currency == entry.currency
            _add(applied, allocation.invoice_id, allocation.amount_minor)
    net: dict[str, int] = {}
    for invoice_id, invoice in account.invoices.items():
        owed = [books.part_minor(invoice_id, part) for part in Part]
        assert min(owed) >= 0
        assert books.disputed_minor(invoice_id) == made.disputed.get(invoice_id, 0)
        if invoice_id not in moved:
            billed = invoice.amount_minor + made.charged.get(invoice_id, 0)
            assert sum(owed) == billed - applied.get(invoice_id, 0)
            assert books.billed_minor(invoice_id) == billed
        assert account.open_minor(invoice_id) == sum(owed) - books.written_off_minor(invoice_id)
        assert (account.status(invoice_id) in SETTLED) == (account.open_minor(invoice_id) == 0)
        _add(net, invoice.currency, sum(owed))
    for currency, amount_minor in account.unapplied.items():
        assert amount_minor > 0
        _add(net, currency, -amount_minor)
    assert _nonzero(net) == _nonzero(made.net)
    assert account.balances == _nonzero(_open(account))
    _check_nothing_idle(account)
    for item in itemised(account, [one.invoice.invoice_id for one in account.open_invoices]):  # it refuses other sums
        parts = (item.then_minor, item.interest_minor, item.fees_minor, item.paid_minor, item.credited_minor)
        assert min(parts) >= 0
        assert item.now_minor == account.open_minor(item.invoice.invoice_id)


SETTLED = (InvoiceStatus.PAID, InvoiceStatus.WRITTEN_OFF)


def _check_nothing_idle(account: Account) -> None:
    """Unapplied credit lies idle only while nothing collectable is open, or it is for an invoice to come."""
    kept: dict[str, int] = {}
    for entry in account.entries.values():
        for direction in entry.directed_to if entry.kind in CREDIT_KINDS else ():
            if direction.invoice_id not in account.books.debts:
                _add(kept, entry.currency, direction.amount_minor)
    for item in account.open_invoices:
        free = account.unapplied.get(item.invoice.currency, 0) - kept.get(item.invoice.currency, 0)
        assert not item.is_collectable or free <= 0


def _open(account: Account) -> dict[str, int]:
    totals: dict[str, int] = {}
    for invoice_id, invoice in account.invoices.items():
        _add(totals, invoice.currency, account.open_minor(invoice_id))
    return totals


def _reversals(entries: Mapping[str, Entry]) -> list[Entry]:
    return [entry for entry in entries.values() if entry.kind is EntryKind.REVERSAL]


def _standing_disputes(entries: Mapping[str, Entry]) -> list[Entry]:
    ended = {(entry.of, entry.currency) for entry in entries.values() if entry.kind is EntryKind.DISPUTE_END}
    disputes = (entry for entry in entries.values() if entry.kind is EntryKind.DISPUTE)
    return [entry for entry in disputes if (entry.entry_id, entry.currency) not in ended]


def _order(
    invoices: Mapping[str, Invoice], entries: Mapping[str, Entry], entry: Entry
) -> tuple[date, datetime, int, str]:
    """When a reversal happens: not before what it is about, nor before the invoice that is about."""
    chain = _chain(entries, entry)
    days = [one.on for one in chain]
    if chain[-1].kind not in CREDIT_KINDS and (invoice := _invoice(invoices, chain[-1])):
        days.append(invoice.issued_on)
    on = max(days)
    instants = [one.at for one in chain if one.at and one.on == on]
    return on, max(instants, default=datetime.min.replace(tzinfo=UTC)), len(chain), entry.entry_id


def _reverse(standing: dict[str, int], entries: Mapping[str, Entry], reversal: Entry) -> None:
    about = entries.get(reversal.of)
    if about is None or about.currency != reversal.currency or _root(entries, reversal).kind is EntryKind.SETTLEMENT:
        return
    amount = min(reversal.amount_minor, standing.get(about.entry_id, 0))
    standing[reversal.entry_id] = amount
    if about.entry_id in standing:
        standing[about.entry_id] -= amount
    sign = 1
    while about.kind is EntryKind.REVERSAL and amount:  # what it undid stands again, what that undid does not, ...
        about = entries[about.of]
        standing[about.entry_id] += sign * amount
        sign = -sign


def _chain(entries: Mapping[str, Entry], entry: Entry) -> list[Entry]:
    chain = [entry]
    while chain[-1].of in entries:
        chain.append(entries[chain[-1].of])
    return chain


def _root(entries: Mapping[str, Entry], entry: Entry) -> Entry:
    return _chain(entries, entry)[-1]


def _invoice(invoices: Mapping[str, Invoice], entry: Entry) -> Invoice | None:
    """The invoice that an entry is on, when it is known and in the entry's currency."""
    invoice = invoices.get(entry.directed_to[0].invoice_id) if entry.directed_to else None
    return invoice if invoice and invoice.currency == entry.currency else None


def _add(totals: dict[str, int], key: str, amount_minor: int) -> None:
    totals[key] = totals.get(key, 0) + amount_minor


def _nonzero(totals: Mapping[str, int]) -> dict[str, int]:
    return {key: amount for key, amount in totals.items() if amount}
