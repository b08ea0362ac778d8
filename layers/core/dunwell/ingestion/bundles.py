"""Facts that go into the ledger together or not at all."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from dunwell.ledger.entry import Entry
from dunwell.ledger.model import Invoice

Fact = TypeVar("Fact")


@dataclass(slots=True)
class Bundle:
    """Facts that belong together: an invoice and what the same row says of it."""

    invoices: dict[str, Invoice] = field(default_factory=dict)
    entries: dict[str, Entry] = field(default_factory=dict)

    @property
    def size(self) -> int:
        return len(self.invoices) + len(self.entries)


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
