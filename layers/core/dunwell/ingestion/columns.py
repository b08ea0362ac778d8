"""What ``rows`` defines, for many rows at once: each column by itself, each distinct value read once.

A row in which anything is wrong is handed to the definition, so that there is one place that says what and why. What
is fast is therefore only the way of good rows.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import compress, repeat
from operator import lt
from typing import Any

from dunwell.ingestion.building import records_of
from dunwell.ingestion.cells import Field, ListField
from dunwell.ingestion.fields import EXTERNAL_ID, RecordKind
from dunwell.ingestion.mapping import TableMapping
from dunwell.ingestion.plain import plain_amounts, plain_texts
from dunwell.ingestion.records import Receivable, Record, Reject, RejectedRowError
from dunwell.ingestion.rows import DELETED_AT, EARLIEST_ISSUE, RowReader, SkippedRowError
from dunwell.ingestion.values import RefusedValueError

REMEMBERED = 10_000
"""Distinct values of a column that are kept between chunks: enough for dates and codes, and memory stays flat."""

_REFUSED = object()
_NOT_COLUMNWISE = frozenset({"disputed_amount", "open_amount", "refunded", "refunded_on", "credit_limit"})


@dataclass(frozen=True, slots=True)
class Chunk:
    """Some rows of a table by column.

    Attributes:
        lines: the line of each row in its file.
        columns: column or path → cell of each row; columns that the file does not have are not here.
    """

    lines: Sequence[int]
    columns: Mapping[str, Sequence[Any]]

    def row(self, at: int) -> dict[str, Any]:
        """One row, as the definition reads it."""
        return {name: cells[at] for name, cells in self.columns.items()}

    def chosen(self, keep: Sequence[bool]) -> "Chunk":
        """The rows that are marked."""
        columns = {name: list(compress(cells, keep)) for name, cells in self.columns.items()}
        return Chunk(list(compress(self.lines, keep)), columns)


@dataclass(slots=True)
class Converted:
    """What became of a chunk; ``records``, ``rejects`` and ``skipped`` add up to its rows.

    Attributes:
        skipped: rows that the mapping leaves out.
        left_out: column → unreadable values that the mapping says to leave out.
    """

    records: list[Receivable | Record] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)
    skipped: int = 0
    left_out: dict[str, int] = field(default_factory=dict)


class _Known(dict[Any, Any]):
    """Raw value → value, read when first met; remembers whether any was refused or left out."""

    __slots__ = ("read", "trouble")

    def __init__(self, read: Callable[[Any], Any]) -> None:
        super().__init__()
        self.read = read
        self.trouble = False

    def __missing__(self, raw: Any) -> Any:
        try:
            value = self.read(raw)
        except RefusedValueError:
            value = _REFUSED
            self.trouble = True
        self[raw] = value
        return value


class ColumnReader:
    """Reads chunks of one table, whose inferred options are settled. Keep one for a whole file."""

    def __init__(self, table: TableMapping) -> None:
        self._table = table
        self._rows = RowReader(table)
        self._simple = [one for one in self._rows.fields if _is_simple(one)]
        self._others = frozenset(
            column for one in self._rows.fields if not _is_simple(one) for column in one.rule.source_columns
        )
        self._by_columns = table.makes is not RecordKind.FIGURE  # some hundred rows, each checked by itself
        self._known = {one.name: _Known(_reading(one)) for one in self._simple if not one.money}
        self._amounts: dict[str, dict[str, _Known]] = {}

    def read(self, chunk: Chunk, *, exactly: bool = False) -> Converted:
        """Records, in the order of the rows, and rejects.

        Args:
            exactly: the cells may be ``Exact``, so that equal texts need not be equal values.
        """
        done = Converted()
        if self._table.only or self._table.leave_out:
            keep = self._wanted(chunk)
            done.skipped = len(keep) - sum(keep)
            chunk = chunk if all(keep) else chunk.chosen(keep)
        if chunk.lines:
            if (
                self._by_columns
                and not exactly
                and DELETED_AT not in chunk.columns
                and not self._others & chunk.columns.keys()
            ):
                self._by_column(chunk, done)
            else:
                self._one_by_one(chunk, range(len(chunk.lines)), done)
        return done

    def _wanted(self, chunk: Chunk) -> list[bool]:
        keep = [True] * len(chunk.lines)
        for column, allowed in self._table.only.items():
            accepted = frozenset(allowed)
            cells = chunk.columns.get(column) or repeat("", len(keep))
            keep = [kept and (cell or "").strip() in accepted for kept, cell in zip(keep, cells, strict=True)]
        for column, pattern in self._rows.left.items():
            cells = chunk.columns.get(column) or repeat("", len(keep))
            keep = [
                kept and not pattern.fullmatch((cell or "").strip()) for kept, cell in zip(keep, cells, strict=True)
            ]
        return keep

    def _one_by_one(self, chunk: Chunk, places: Iterable[int], done: Converted) -> None:
        before = self._rows.left_out.copy()
        for at in places:
            try:
                done.records.append(self._rows.read(chunk.lines[at], chunk.row(at)))
            except SkippedRowError:
                done.skipped += 1
            except RejectedRowError as error:
                done.rejects.append(error.reject)
        for column, count in (self._rows.left_out - before).items():
            done.left_out[column] = done.left_out.get(column, 0) + count

    def _by_column(self, chunk: Chunk, done: Converted) -> None:
        found, trouble = self._values(chunk)
        trouble |= _contradictions(self._table.makes, found, trouble, len(chunk.lines))
        if not trouble:
            done.records = records_of(self._table.makes, chunk.lines, found)
            return
        keep = [at not in trouble for at in range(len(chunk.lines))]
        good = {name: list(compress(column, keep)) for name, column in found.items()}
        fast = iter(records_of(self._table.makes, list(compress(chunk.lines, keep)), good))
        for at, kept in enumerate(keep):
            if kept:
                done.records.append(next(fast))
            else:
                self._one_by_one(chunk, (at,), done)

    def _values(self, chunk: Chunk) -> tuple[dict[str, Sequence[Any]], set[int]]:
        """Field → value of each row, and the rows in which one was refused or left out."""
        found: dict[str, Sequence[Any]] = {}
        trouble: set[int] = set()
        for one in self._simple:
            column, doubtful = (
                self._amounts_of(one, chunk, found["currency"]) if one.money else self._column(one, chunk)
            )
            if doubtful and _REFUSED in column:
                trouble.update(at for at, value in enumerate(column) if value is _REFUSED)
            found[one.name] = column
        return found, trouble

    def _column(self, one: Field, chunk: Chunk) -> tuple[Sequence[Any], bool]:
        """A field's value in each row, and whether one may be refused."""
        known = self._known[one.name]
        if len(known) > REMEMBERED:
            known.clear()
        if one.rule.column and one.rule.column in chunk.columns:
            raw = chunk.columns[one.rule.column]
            if (texts := plain_texts(one, raw)) is not None:
                return texts, False
            column = list(map(known.__getitem__, raw))
        elif names := _places(one, chunk):
            cells = (chunk.columns.get(name) or repeat("", len(chunk.lines)) for name in names)
            column = list(map(known.__getitem__, zip(*cells, strict=True)))
        else:
            column = [known[one.rule.value]] * len(chunk.lines)
        return column, known.trouble

    def _amounts_of(self, one: Field, chunk: Chunk, currencies: Sequence[Any]) -> tuple[Sequence[Any], bool]:
        """An amount in each row, and whether one may be refused."""
        raw = _raw_amounts(one, chunk)
        if (amounts := plain_amounts(one, raw, currencies)) is not None:
            return amounts, False
        by_currency = self._amounts.setdefault(one.name, {})
        for code in set(currencies):
            if code not in by_currency:
                by_currency[code] = _Known(_amount_reading(one, code))
            elif len(by_currency[code]) > REMEMBERED:
                by_currency[code].clear()
        return [by_currency[code][text] for code, text in zip(currencies, raw, strict=True)], True


def _is_simple(one: Field) -> bool:
    """Whether columns can read the field; of the others, only constants and columns that are not there go unread."""
    return not (isinstance(one, ListField) or one.name in _NOT_COLUMNWISE or one.name.startswith(EXTERNAL_ID))


def _reading(one: Field) -> Callable[[Any], Any]:
    """Reads a raw cell, or the cells of the columns that make one up.

    A value that would be left out is refused, so that the definition counts it.
    """
    lenient, names = one.rule.if_bad == "empty", one.rule.source_columns

    def read(raw: Any) -> Any:
        text = one.raw(dict(zip(names, raw, strict=True))) if isinstance(raw, tuple) else raw or ""
        value = one.value(text)
        if lenient and not value and text.strip():
            raise RefusedValueError("is left out")
        return value

    return read


def _amount_reading(one: Field, code: Any) -> Callable[[str | None], Any]:
    def read(raw: str | None) -> Any:
        if not isinstance(code, str):
            raise RefusedValueError("has no currency beside it")
        return one.amount(raw or "", code)

    return read


def _places(one: Field, chunk: Chunk) -> tuple[str, ...]:
    """The columns that together make the field's text, when it has several and any of them is there."""
    names = () if one.rule.column else one.rule.source_columns
    return () if chunk.columns.keys().isdisjoint(names) else names


def _raw_amounts(one: Field, chunk: Chunk) -> Sequence[str]:
    rule, count = one.rule, len(chunk.lines)
    if rule.column:
        return chunk.columns.get(rule.column) or [""] * count
    names = _places(one, chunk)
    if not names:
        return [rule.value] * count
    rows = zip(*(chunk.columns.get(name) or repeat("", count) for name in names), strict=True)
    return [one.raw(dict(zip(names, cells, strict=True))) for cells in rows]


def _contradictions(kind: RecordKind, found: Mapping[str, Sequence[Any]], trouble: set[int], count: int) -> set[int]:
    """Rows whose values may contradict each other, among those without trouble: the definition says whether."""
    if kind not in (RecordKind.RECEIVABLE, RecordKind.INVOICE):
        return set()
    nothing = [None] * count
    issued, due, amounts = found["issued_on"], found["due_on"], found["amount"]
    settled, taxes = found.get("settled_on", nothing), found.get("tax", nothing)
    dated_wrongly = not trouble and (min(issued, default=EARLIEST_ISSUE) < EARLIEST_ISSUE or any(map(lt, due, issued)))
    if not (trouble or dated_wrongly or _any_less(settled, issued) or _any_less(amounts, taxes)):
        return set()
    rows = zip(issued, due, settled, amounts, taxes, strict=True)
    return {
        at
        for at, (issued_on, due_on, settled_on, amount_minor, tax_minor) in enumerate(rows)
        if at not in trouble
        and (
            issued_on < EARLIEST_ISSUE
            or due_on < issued_on
            or (settled_on is not None and settled_on < issued_on)
            or (tax_minor is not None and tax_minor > amount_minor)
        )
    }


def _any_less(some: Sequence[Any], others: Sequence[Any]) -> bool:
    """Whether one of some is less than the other of its row, where both are there."""
    if not (any(some) and any(others)):
        return False
    both = ((one, other) for one, other in zip(some, others, strict=True) if one is not None and other is not None)
    return any(one < other for one, other in both)
