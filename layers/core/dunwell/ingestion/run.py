"""A file into the ledger: batches of rows taken window by window, every row accounted for, memory flat."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from math import ceil
from typing import Any, Protocol

from dunwell.ingestion.importing import Origin
from dunwell.ingestion.records import (
    CreditNoteRecord,
    FigureRecord,
    InvoiceRecord,
    PaymentRecord,
    Receivable,
    Reject,
    Row,
    group_of,
)
from dunwell.ingestion.taking import CustomerRows, Importer, customer_key
from dunwell.ingestion.tally import Tally
from dunwell.ingestion.totals import Totals

WINDOW_ROWS = 20_000
"""Rows taken together: the more, the fewer looks at a customer; two windows are in memory at a time."""
PAGE = 100
"""Customers whose caches are read in one request."""

Pages = Iterable[Sequence[CustomerRows]]
InParallel = Callable[[Callable[[Sequence[CustomerRows]], list[Tally]], Pages], Iterable[list[Tally]]]
TakeRejects = Callable[[Sequence[Reject]], None]
ColumnOf = Callable[[str, str], str]


class Batch(Protocol):
    """Some rows of a file, as reading gives them (``ingestion.reading``)."""

    @property
    def table(self) -> str: ...
    @property
    def records(self) -> Sequence[Row]: ...
    @property
    def rejects(self) -> Sequence[Reject]: ...
    @property
    def skipped(self) -> int: ...
    @property
    def left_out(self) -> Mapping[str, int]: ...
    @property
    def state(self) -> Any: ...


@dataclass(frozen=True, slots=True)
class RunRecord:
    """What became of a file. ``rows`` = ``in_ledger`` + ``rejected`` + ``later``; see ``Totals``.

    Attributes:
        status: ``done``; ``skipped`` when the same content was imported before, as ``same_as``; ``failed`` when the
            file could not be read, or not to its end; ``failure`` says why.
        rejects_by_reason: how many rows each reason cost, most first.
        content: names the content, whatever the file's name.
    """

    status: str
    file: str
    source: str
    business_date: date
    rows: int = 0
    in_ledger: int = 0
    written: int = 0
    later: int = 0
    waiting: int = 0
    rejected: int = 0
    skipped: int = 0
    rejects_by_reason: tuple[tuple[str, int], ...] = ()
    counts: dict[str, int] = field(default_factory=dict)
    amounts_minor: dict[str, int] = field(default_factory=dict)
    left_out: dict[str, int] = field(default_factory=dict)
    state: Any = None
    failure: str = ""
    content: str = ""
    same_as: str = ""

    @property
    def is_final(self) -> bool:
        """Whether importing the same content on another day would do nothing more."""
        return not self.later and not self.waiting


def record_of(totals: Totals, file: str, source: str, today: date, content: str = "") -> RunRecord:
    """The record of a file that was read to its end."""
    by_count = sorted(totals.reasons.items(), key=lambda one: (-one[1], one[0]))
    return RunRecord(
        status="done",
        file=file,
        source=source,
        business_date=today,
        rows=totals.rows,
        in_ledger=totals.in_ledger,
        written=totals.written,
        later=totals.later,
        waiting=totals.waiting,
        rejected=totals.rejected,
        skipped=totals.skipped,
        rejects_by_reason=tuple(by_count),
        counts=totals.counts,
        amounts_minor=totals.amounts_minor,
        left_out=totals.left_out,
        state=totals.state,
        content=content,
    )


class FileImport:
    """Imports streams of rows into a ledger.

    Args:
        in_parallel: like ``map``, and may begin before its results are asked for; customers of different pages are
            independent of each other. ``threads``: how many pages it works on at once.
    """

    def __init__(self, importer: Importer, in_parallel: InParallel = map, threads: int = 1) -> None:
        self._importer = importer
        self._in_parallel = in_parallel
        self._threads = threads

    @property
    def creditor_id(self) -> str:
        """To whom the money is owed."""
        return self._importer.creditor_id

    def run(
        self,
        batches: Iterable[Batch],
        origin: Origin,
        take_rejects: TakeRejects,
        column_of: ColumnOf = lambda name, table: name,
        window_rows: int = WINDOW_ROWS,
    ) -> Totals:
        """Import rows as of a business date. While one window is written, the next one is read.

        Args:
            take_rejects: is given the rejects in the order of their lines, a window's at a time.
            column_of: the source's own name for a canonical field of a table.

        Raises:
            ConflictError: a race for an account was lost every time; what was taken stays, and run again takes the
                rest.
        """
        totals = Totals()
        columns = _Columns(column_of)

        def finish(window: "_Window", tallies: Iterable[list[Tally]]) -> None:
            rejects = window.rejects
            for tally in (one for page in tallies for one in page):
                totals.take(tally, origin.today)
                rejects.extend(replace(one, column=columns.of(one.column)) for one in tally.rejects)
            rejects.sort(key=lambda reject: reject.line)
            totals.reject(rejects)
            if rejects:
                take_rejects(rejects)

        under_way: tuple[_Window, Iterable[list[Tally]]] | None = None
        for window in _windows(batches, totals, columns, window_rows):
            if under_way:
                finish(*under_way)
            pages = _pages(window.rows, origin, self._threads)
            under_way = window, self._in_parallel(lambda page: self._importer.take(page, origin), pages)
        if under_way:
            finish(*under_way)
        return totals


@dataclass(slots=True)
class _Window:
    """Rows that are taken together, and what reading rejected among them."""

    rows: list[Row] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)


class _Columns:
    """The source's own names of the columns that a comparison with the ledger blames."""

    def __init__(self, column_of: ColumnOf) -> None:
        self._column_of = column_of
        self._table: dict[str, str] = {}

    def saw(self, batch: Batch) -> None:
        """Remember which table tells of which kind of record."""
        for record in batch.records[:1]:
            self._table.update(dict.fromkeys(_blamed(record), batch.table))

    def of(self, name: str) -> str:
        """The source's name for a canonical field."""
        return self._column_of(name, self._table.get(name, "")) if name else name


def _blamed(record: Row) -> tuple[str, ...]:
    match record:
        case Receivable() | InvoiceRecord():
            return ("invoice_number",)
        case CreditNoteRecord():
            return ("credit_number",)
        case PaymentRecord():
            return ("reference",)
        case FigureRecord():
            return ("about", "value")
    return ("customer_number",)


def _windows(batches: Iterable[Batch], totals: Totals, columns: _Columns, most: int) -> Iterator[_Window]:
    window = _Window()
    for batch in batches:
        window.rows.extend(batch.records)
        window.rejects.extend(batch.rejects)
        columns.saw(batch)
        totals.add(Totals(skipped=batch.skipped, left_out=dict(batch.left_out), state=batch.state))
        if len(window.rows) + len(window.rejects) >= most:
            yield window
            window = _Window()
    if window.rows or window.rejects:
        yield window


def _pages(rows: Sequence[Row], origin: Origin, threads: int) -> Iterator[Sequence[CustomerRows]]:
    """The rows by customer, some customers at a time: enough pages that all threads have one."""
    found: dict[tuple[str, str, str], list[Row]] = {}
    for row in rows:
        found.setdefault(group_of(row), []).append(row)
    groups = [CustomerRows(customer_key(group[0], origin), group) for group in found.values()]
    size = max(1, min(PAGE, ceil(len(groups) / threads)))
    return (groups[at : at + size] for at in range(0, len(groups), size))
