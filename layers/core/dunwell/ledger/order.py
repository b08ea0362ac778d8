"""The order in which facts take effect: as they happened, whatever the order they arrived in."""

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from dunwell.ledger.entry import CHARGES, OF_AN_INVOICE, Entry, EntryKind

if TYPE_CHECKING:
    from dunwell.ledger.model import Invoice

RANK = {
    kind: rank
    for rank, kind in enumerate(
        (
            EntryKind.DEBIT_NOTE,
            EntryKind.FEE,
            EntryKind.INTEREST,
            EntryKind.DISPUTE,
            EntryKind.DISPUTE_END,
            EntryKind.CREDIT_NOTE,
            EntryKind.PAYMENT,
            EntryKind.SETTLEMENT,
            EntryKind.WRITE_OFF,
            EntryKind.REVERSAL,
        ),
        start=1,
    )
}
_CHAIN = 8
"""Reversals of reversals go no deeper; beyond it an id chain is a mistake."""
DAWN = datetime.min.replace(tzinfo=UTC)
_DUSK = datetime.max.replace(tzinfo=UTC)
Place = tuple[date, datetime, int, int, int, str]
"""Day, instant, what a source told first, kind, what it is about first, id."""


def effective_on(entries: Mapping[str, Entry], entry: Entry) -> date:
    """When an entry takes effect: never before the entry that it is about."""
    return max(about.on for about in _chain(entries, entry))


def _chain(entries: Mapping[str, Entry], entry: Entry) -> Iterator[Entry]:
    """An entry, what it is about, and so on; an announcement has no effect that its payment would have to wait for."""
    for _ in range(_CHAIN):
        yield entry
        about = entries.get(entry.of)
        if about is None or about.kind is EntryKind.PENDING:
            return
        entry = about


def place_of(invoices: Mapping[str, "Invoice"], entries: Mapping[str, Entry], entry: Entry) -> Place:
    """Where an entry stands in the order of facts: after what it is about."""
    if not entry.of:  # most are about no other entry: the same as below for a chain of one
        on, instant = entry.on, _instant(entry)
        if entry.directed_to and entry.kind in OF_AN_INVOICE:
            invoice = invoices.get(entry.directed_to[0].invoice_id)
            if invoice and invoice.issued_on > on:
                on, instant = invoice.issued_on, DAWN
        return on, instant, entry.told, RANK.get(entry.kind, 0), 1, entry.entry_id
    chain = list(_chain(entries, entry))
    issued = [
        invoices[about.directed_to[0].invoice_id].issued_on
        for about in chain
        if about.kind in OF_AN_INVOICE and about.directed_to and about.directed_to[0].invoice_id in invoices
    ]
    on = max([about.on for about in chain] + issued)
    instant = max((_instant(about) for about in chain if about.on == on), default=DAWN)
    # A charge that is taken back at its own moment is netted before any credit flows to it.
    ranked = chain[-1:] if chain[-1].kind in CHARGES else chain
    rank = max(RANK.get(about.kind, 0) for about in ranked)
    return on, instant, max(about.told for about in chain), rank, len(chain), entry.entry_id


def _instant(entry: Entry) -> datetime:
    """Without a time of its own a fact is of the morning; a settlement of the evening, after the day's payments."""
    return entry.at or (_DUSK if entry.kind is EntryKind.SETTLEMENT else DAWN)
