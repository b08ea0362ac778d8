"""Receivables one by one: a thin layer over ``reading`` for callers that want no batches."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from dunwell.ingestion.fields import RecordKind
from dunwell.ingestion.mapping import SourceMapping
from dunwell.ingestion.reading import Reading, UnreadableFileError, read_rows
from dunwell.ingestion.records import Receivable, RejectedRowError

__all__ = ["Table", "UnreadableFileError"]


@dataclass(frozen=True, slots=True)
class TableOfReceivables:
    """The mapping of a table, as callers of ``Table`` ask it."""

    name: str
    reading: Reading

    def column_of(self, field: str) -> str:
        """The source's own name for a canonical field."""
        return self.reading.column_of(field)

    def read(self, _line: int, row: Receivable) -> Receivable:
        """The row: it is read already."""
        return row


class Table:
    """A table of receivables.

    Raises:
        UnreadableFileError: says what the file is instead and what to do.
    """

    def __init__(self, content: bytes, mappings: Sequence[SourceMapping]) -> None:
        self._reading = read_rows(content, mappings)
        kinds = {self._reading.source.table(name).makes for name in self._reading.layout.tables}
        if kinds != {RecordKind.RECEIVABLE}:
            found = ", ".join(sorted(kinds)) or "a stream"
            raise UnreadableFileError(f"the file holds records of kind {found}; this import takes receivables alone")
        self.mapping = TableOfReceivables(self._reading.source.name, self._reading)

    def rows(self) -> Iterator[tuple[int, Receivable | RejectedRowError]]:
        """Each row with its line number, or what is wrong with it."""
        for batch in self._reading.batches:
            rows: list[tuple[int, Receivable | RejectedRowError]] = [
                (one.line, RejectedRowError(one)) for one in batch.rejects
            ]
            rows += [(one.invoice.line, one) for one in batch.records if isinstance(one, Receivable)]
            yield from sorted(rows, key=lambda pair: pair[0])
