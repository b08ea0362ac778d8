"""Delimited text: lines to rows. A quote that is lost costs its own line, not all that follow."""

import csv
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice, repeat

from dunwell.ingestion.reading.content import damaged
from dunwell.ingestion.records import Reject

MOST_LINES_OF_A_ROW = 2_000
"""A row of more lines has lost its closing quote."""
FEWEST_COLUMNS = 5
"""With fewer, an address of two lines may have as many delimiters as a row."""
_CUT_OFF = "the file may be cut off, or a quote or delimiter is missing"


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows of the right width, and what was wrong with the shape of others.

    Attributes:
        lines: the line that each row begins in.
        by_place: for each place in a row, its cell of every row.
    """

    lines: Sequence[int]
    by_place: Sequence[Sequence[str]]
    rejects: list[Reject]

    def columns(self, header: Sequence[str], wanted: frozenset[str]) -> dict[str, Sequence[str]]:
        """The cells by column, of the columns that are read."""
        return {name: self.by_place[at] for at, name in enumerate(header) if name in wanted} if self.lines else {}


@dataclass(slots=True)
class _Gathered:
    """Rows one after the other."""

    lines: list[int] = field(default_factory=list)
    cells: list[list[str]] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)

    def add(self, line: int, cells: list[str]) -> None:
        self.lines.append(line)
        self.cells.append(cells)

    def rows(self) -> Rows:
        return Rows(self.lines, list(zip(*self.cells, strict=True)), self.rejects)


def row_blocks(blocks: Iterable[list[str]], delimiter: str, width: int, first_line: int) -> Iterator[Rows]:
    """Rows of a text's lines, a block at a time.

    Args:
        blocks: lines with their ends.
        first_line: the number of the first of them in the file, the file's first being 1.
    """
    waiting: list[str] = []
    line = first_line
    for block in blocks:
        lines = waiting + block if waiting else block
        text = "".join(lines)
        damage = damaged(text)
        plain = None if damage else _plain_rows(lines, text, delimiter, width, line)
        if plain:
            waiting = []
            line += len(lines)
            yield plain
            continue
        gathered, used = _gathered(lines, delimiter, width, line, more_to_come=True)
        waiting = lines[used:]
        line += used
        yield _sound(gathered).rows() if damage else gathered.rows()
    if waiting:
        gathered, _ = _gathered(waiting, delimiter, width, line, more_to_come=False)
        yield _sound(gathered).rows()


def _plain_rows(lines: list[str], text: str, delimiter: str, width: int, line: int) -> Rows | None:
    """What the csv module makes of lines without a quote, each a row of the right width; None when they are not.

    Most files are such lines, and cutting the text into cells at once takes a fraction of the time.
    """
    if "\r" in text:
        text = text.replace("\r\n", "\n")
    if '"' in text or "\r" in text or set(map(str.count, lines, repeat(delimiter))) != {width - 1}:
        return None
    nothing = delimiter * (width - 1)
    body = text.removesuffix("\n")
    if f"\n{nothing}\n" in f"\n{body}\n" or max(map(len, lines)) > csv.field_size_limit():
        return None
    cells = body.replace("\n", delimiter).split(delimiter)
    return Rows(range(line, line + len(lines)), [cells[at::width] for at in range(width)], [])


def _gathered(lines: list[str], delimiter: str, width: int, line: int, *, more_to_come: bool) -> tuple[_Gathered, int]:
    """The rows of some lines, and how many lines they took: the rest may go on in the next."""
    rows = _Gathered()
    at = 0
    while at < len(lines):
        reader = csv.reader(islice(lines, at, None), delimiter=delimiter, strict=True)
        read = 0
        try:
            for cells in reader:
                if reader.line_num > read + 1 and len(cells) == width and holds_rows(cells, delimiter):
                    rows.rejects.append(_swallowed(line + at + read, reader.line_num - read))
                    read += 1
                    break
                if len(cells) == width:
                    if any(cells):
                        rows.add(line + at + read, cells)
                elif any(cells):
                    rows.rejects.append(_wrong_width(line + at + read, len(cells), width))
                    if reader.line_num > read + 1:
                        read += 1
                        break
                read = reader.line_num
        except csv.Error as error:
            unfinished = at + reader.line_num >= len(lines) and "unexpected end" in str(error)
            if unfinished and more_to_come and len(lines) - at - read <= MOST_LINES_OF_A_ROW:
                return rows, at + read
            rows.rejects.append(_unreadable(line + at + read, error))
            read += 1
        at += read
    return rows, at


def _sound(rows: _Gathered) -> _Gathered:
    """The rows without those that hold bytes of another encoding."""
    sound = _Gathered(rejects=rows.rejects)
    for line, cells in zip(rows.lines, rows.cells, strict=True):
        if damaged("".join(cells)):
            reason = "the row is not text in the file's encoding"
            sound.rejects.append(Reject(line, "", "", reason, "save the file as CSV in UTF-8, or name its encoding"))
        else:
            sound.add(line, cells)
    return sound


def holds_rows(cells: Sequence[str], delimiter: str) -> bool:
    """Whether a cell has as many delimiters for its line breaks as whole rows would: two quotes were lost."""
    return len(cells) >= FEWEST_COLUMNS and any(
        (breaks := cell.count("\n")) and cell.count(delimiter) == breaks * (len(cells) - 1) for cell in cells
    )


def _swallowed(line: int, lines: int) -> Reject:
    return Reject(line, "", "", f"a quote makes one row of {lines} lines that are rows of their own", _CUT_OFF)


def _wrong_width(line: int, found: int, width: int) -> Reject:
    return Reject(line, "", "", f"the row has {found} columns, the header {width}", _CUT_OFF)


def _unreadable(line: int, error: csv.Error) -> Reject:
    return Reject(line, "", "", f"the row cannot be read: {error}", _CUT_OFF)
