"""The beginning of a file that no mapping knows yet: its columns, and what stands in them."""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from dunwell.ingestion.paths import shapes, text_at
from dunwell.ingestion.reading import UnreadableFileError
from dunwell.ingestion.reading.content import (
    UTF_8,
    ZIP,
    encoding_of,
    line_blocks,
    peeked,
    pieces,
    refuse_foreign,
    text_of,
)
from dunwell.ingestion.reading.objects import object_blocks
from dunwell.ingestion.reading.recognise import DELIMITERS, LINES_BEFORE_HEADER
from dunwell_aws.workbook import open_workbook

ROWS = 2_000


@dataclass(frozen=True, slots=True)
class Sample:
    """Columns with their cells, of the first rows.

    Attributes:
        typed: dates and numbers are the file's own, as in workbooks and JSON.
    """

    columns: dict[str, list[str]]
    typed: bool = False


def sample_of(path: Path) -> Sample:
    """The beginning of a file.

    Raises:
        UnreadableFileError: it is no table.
    """
    with path.open("rb") as file:
        beginning, stream = peeked(pieces(file))
        if beginning.startswith(ZIP):
            return _of_workbook(stream)
    refuse_foreign(beginning)
    text = text_of(beginning, encoding_of(beginning))
    return _of_objects(text) if text.lstrip().startswith("{") else _of_text(text)


def _of_workbook(stream: object) -> Sample:
    for sheet in open_workbook(stream):  # type: ignore[arg-type]
        rows = [row for row in islice(sheet.rows, ROWS) if sum(1 for cell in row if cell.strip()) > 1]
        if rows:
            return Sample(_by_column(rows[0], rows[1:]), typed=True)
    raise UnreadableFileError("the workbook has no sheet with a table")


def _of_objects(text: str) -> Sample:
    blocks = object_blocks(line_blocks([text.encode(UTF_8, "replace")], UTF_8), 1)
    values = [value for block in blocks for value in block.values][:ROWS]
    if not values:
        raise UnreadableFileError("the file begins as JSON, but its lines are no objects; write one object a line")
    columns = {path: [text_at(value, path) for value in values] for path in sorted(shapes(values))}
    return Sample({path: cells for path, cells in columns.items() if any(cells)}, typed=True)


def _of_text(text: str) -> Sample:
    """The delimiter is the one that divides most lines into equally many cells; the header is the first such line."""
    lines = list(io.StringIO(text, newline="\n"))[:ROWS]
    tables = [_rows(lines, delimiter) for delimiter in DELIMITERS]
    rows = max(tables, key=lambda rows: (len(rows), len(rows[0])) if rows else (0, 0))
    if not rows:
        raise UnreadableFileError("the file is no table: its lines are not divided by commas, semicolons, tabs or bars")
    return Sample(_by_column(rows[0], rows[1:]))


def _rows(lines: Sequence[str], delimiter: str) -> list[list[str]]:
    """The rows of the commonest width, when they begin near the top and have more than one cell."""
    rows = []
    try:
        for row in csv.reader(lines, delimiter=delimiter):
            rows.append(row)
    except csv.Error:
        rows = rows or []
    widths = [len(row) for row in rows if len(row) > 1]
    width = max(set(widths), key=widths.count, default=0)
    chosen = [(at, row) for at, row in enumerate(rows) if len(row) == width and width]
    return [row for _, row in chosen] if chosen and chosen[0][0] < LINES_BEFORE_HEADER else []


def _by_column(header: Sequence[str], rows: Sequence[Sequence[str]]) -> dict[str, list[str]]:
    return {
        name.strip(): [row[at].strip() if at < len(row) else "" for row in rows]
        for at, name in enumerate(header)
        if name.strip()
    }
