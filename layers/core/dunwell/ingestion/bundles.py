"""Facts that go into the ledger together or not at all, and what is told of them."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

from dunwell.events import RECEIVABLES_IMPORTED, Event
from dunwell.figures import Figure
from dunwell.ids import stable_id
from dunwell.ledger.change import Change
from dunwell.ledger.entry import RECEIPTS, Entry
from dunwell.ledger.model import Account, Invoice

Fact = TypeVar("Fact")


@dataclass(slots=True)
class Bundle:
    """Facts that belong together: an invoice and what the same row says of it."""

    invoices: dict[str, Invoice] = field(default_factory=dict)
    entries: dict[str, Entry] = field(default_factory=dict)
    figures: list[Figure] = field(default_factory=list)

    @property
    def size(self) -> int:
        return len(self.invoices) + len(self.entries) + len(self.figures)


def in_changes(news: Sequence[Bundle], facts_per_change: int) -> Iterator[Sequence[Bundle]]:
    """The bundles in order, so many at a time that they hold no more than so many facts."""
    part: list[Bundle] = []
    used = 0
    for one in news:
        if part and used + one.size > facts_per_change:
            yield part
            part, used = [], 0
        part.append(one)
        used += one.size
    if part:
        yield part


def joined(parts: Iterable[Mapping[str, Fact]]) -> dict[str, Fact]:
    """All of the mappings in one."""
    return {key: fact for part in parts for key, fact in part.items()}


def without(facts: Mapping[str, Fact], ids: Collection[str]) -> dict[str, Fact]:
    """The others."""
    return {key: fact for key, fact in facts.items() if key not in ids}


def imported_event(after: Account, change: Change, at: datetime) -> Event:
    """What the world is told of a change that an import made."""
    customer = after.customer.customer_id
    return Event(
        event_id=stable_id("evt", RECEIVABLES_IMPORTED, customer, str(after.version)),
        name=RECEIVABLES_IMPORTED,
        customer_id=customer,
        occurred_at=at,
        data={
            "invoices": len(change.invoices),
            "payments": sum(entry.kind in RECEIPTS for entry in change.entries.values()),
            "version": after.version,
            "new_customer": after.version == 1,
        },
    )
