"""Balances from facts: a pure function of the set of invoices and entries.

Facts take effect in the order they happened (value date, instant, kind, id), whatever the order they arrived in, so the
same facts always make the same ledger; a fact about another one that is not known yet waits without effect.

Order of allocation (rule PAY-ORDER): the payer's direction first, then what is not disputed, oldest due first; within
an invoice interest, fees, principal. What remains is unapplied credit, and flows on to the next invoice by itself.
Money directed at an invoice that is not issued yet is kept for it.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from operator import itemgetter
from typing import TYPE_CHECKING

from dunwell.ledger.books import Books, Part
from dunwell.ledger.effects import Effects
from dunwell.ledger.entry import Entry, EntryKind
from dunwell.ledger.order import DAWN, RANK, Place, place_of

if TYPE_CHECKING:
    from dunwell.ledger.model import Invoice


PART_ORDER = (Part.INTEREST, Part.FEES, Part.PRINCIPAL)
"""The default of rule PAY-ORDER; contracts and statutes differ."""
_FIRST_CREDIT = RANK[EntryKind.CREDIT_NOTE]
_MOVED = EntryKind.MOVED
_PLACE = itemgetter(0)


def fold(
    invoices: Mapping[str, "Invoice"], entries: Mapping[str, Entry], part_order: Sequence[Part] = PART_ORDER
) -> Books:
    """All balances of an account."""
    replay = Replay(invoices, entries, part_order)
    replay.through(date.max)
    return replay.books


class Replay:
    """The facts in the order in which they happened, taken as far as is asked; ``books`` are the balances so far."""

    def __init__(
        self,
        invoices: Mapping[str, "Invoice"],
        entries: Mapping[str, Entry],
        part_order: Sequence[Part] = PART_ORDER,
        leave_out: Collection[str] = (),
    ) -> None:
        """Args: leave_out: ids of entries that are not taken, as if they had not happened."""
        self.books = Books()
        gone = {*moved_facts(entries), *leave_out}
        self._entries = {i: entry for i, entry in entries.items() if i not in gone} if gone else dict(entries)
        facts: list[tuple[Place, Invoice | Entry]] = [
            ((invoice.issued_on, DAWN, 0, 0, 0, i), invoice) for i, invoice in invoices.items() if i not in gone
        ]
        facts += [
            (place_of(invoices, entries, entry), entry)
            for i, entry in entries.items()
            if entry.kind in RANK and i not in gone
        ]
        facts.sort(key=_PLACE, reverse=True)
        self._ahead = facts
        self._run = Effects(self.books, self._entries, part_order, gone)
        self._before: Place | None = None

    @property
    def next_on(self) -> date | None:
        """The day of the next fact; None after the last."""
        return self._ahead[-1][0][0] if self._ahead else None

    @property
    def next_fact(self) -> "Invoice | Entry | None":
        """The next fact; None after the last."""
        return self._ahead[-1][1] if self._ahead else None

    @property
    def days(self) -> set[date]:
        """The days of the facts that are not taken yet."""
        return {place[0] for place, _ in self._ahead}

    def step(self) -> "Invoice | Entry":
        """Take the next fact, and say which it was. Raises IndexError after the last."""
        _, fact = self._ahead[-1]
        self._take(1)
        return fact

    def through(self, on: date, before: datetime | None = None) -> None:
        """Take every fact up to a day, that day included: all of it, or what is before an instant."""
        ahead, count = self._ahead, 0
        if ahead and ahead[0][0][0] <= on and not before:
            count = len(ahead)  # as for the balances of today
        else:
            for place, _ in reversed(ahead):
                if place[0] > on or (before and place[:2] >= (on, before)):
                    break
                count += 1
        self._take(count)
        self._run.money.flow()

    def _take(self, count: int) -> None:
        ahead, run, money, before = self._ahead, self._run, self._run.money, self._before
        for _ in range(count):
            place, fact = ahead.pop()
            # What is billed and contested at one moment is known before any credit of that moment flows.
            if money.stirred and (place[3] >= _FIRST_CREDIT or before is None or place[:2] != before[:2]):
                money.flow()
            run.take(fact, place[0])
            before = place
        self._before = before

    def add(self, entry: Entry) -> None:
        """Take an entry that is not among the facts, as the latest of what has happened so far."""
        self._entries[entry.entry_id] = entry
        self._run.take(entry, entry.on)
        self._run.money.flow()


def moved_facts(entries: Mapping[str, Entry]) -> dict[str, str]:
    """Ids of the invoices and entries that belong to another account now, and to which; not those that came back."""
    moved = [(i, entry) for i, entry in entries.items() if entry.kind is _MOVED]
    if not moved:
        return {}
    back = {entry.of for entry in entries.values() if entry.kind is EntryKind.REVERSAL}
    return {entry.of: entry.reference for i, entry in moved if i not in back}
