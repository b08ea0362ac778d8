"""What reading gives: records and rejects, some thousand rows at a time."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from dunwell.ingestion.columns import Converted
from dunwell.ingestion.mapping import SourceMapping
from dunwell.ingestion.reading.layout import Layout
from dunwell.ingestion.records import Receivable, Record, Reject


@dataclass(frozen=True, slots=True)
class Batch:
    """Some rows of one table. Every row is a record, a reject, or counted in ``skipped``.

    Attributes:
        table: the mapping's table, empty for rows that are none's.
        rejects: in the order of their lines.
        skipped: rows that the mapping leaves out, and records of streams that no mapping knows.
        left_out: column → unreadable values that the mapping says to leave out.
        state: Singer's bookmark as of the end of this batch, when one came: keep it once the batch is stored.
    """

    table: str
    records: list[Receivable | Record]
    rejects: list[Reject]
    skipped: int = 0
    left_out: Mapping[str, int] = field(default_factory=dict)
    state: Any = None

    @property
    def rows(self) -> int:
        """How many rows it accounts for."""
        return len(self.records) + len(self.rejects) + self.skipped


@dataclass(frozen=True, slots=True)
class Reading:
    """A file that a mapping understands.

    Attributes:
        source: the mapping; layout: how any part of the file is read (``read_part``).
        batches: iterate once; no more than a batch of them is kept.
        unread: columns of the file that no field reads, where they are known beforehand.
        streams: what a Singer tap said beside records; fills up while batches are read.
    """

    source: SourceMapping
    layout: Layout
    batches: Iterator[Batch]
    unread: tuple[str, ...] = ()
    streams: "Streams | None" = None

    def column_of(self, field: str, table: str = "") -> str:
        """The source's own name for a canonical field of a table, for messages."""
        name = table or self.layout.table
        return self.source.table(name).column_of(field) if name else field


@dataclass(slots=True)
class Streams:
    """What a tap's messages said beside their records.

    Attributes:
        keys: stream → its key properties; tables: stream → the mapping's table that reads it.
        unknown: stream → records that no mapping reads.
        activated: stream → the version from which on older records are gone from the source.
        state: the last bookmark.
    """

    keys: dict[str, tuple[str, ...]] = field(default_factory=dict)
    tables: dict[str, str] = field(default_factory=dict)
    unknown: Counter[str] = field(default_factory=Counter)
    activated: dict[str, int] = field(default_factory=dict)
    state: Any = None


def batch_of(table: str, done: Converted, others: Sequence[Reject] = ()) -> Batch:
    """A batch of what was converted, and of rows whose shape was wrong."""
    rejects = sorted([*done.rejects, *others], key=lambda reject: reject.line) if others else done.rejects
    return Batch(table, done.records, rejects, done.skipped, done.left_out)
