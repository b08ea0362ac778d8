"""Workbooks from their sheets to batches."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice

from dunwell.ingestion.columns import Chunk, ColumnReader
from dunwell.ingestion.mapping import with_styles
from dunwell.ingestion.reading.batch import Batch, Reading, batch_of
from dunwell.ingestion.reading.errors import UnreadableFileError
from dunwell.ingestion.reading.infer import settle
from dunwell.ingestion.reading.layout import Format, Layout
from dunwell.ingestion.reading.recognise import LINES_BEFORE_HEADER, Candidate, Header, best_table, refuse_twins
from dunwell.ingestion.reading.workbook import Sheet

SAMPLE_ROWS = 5_000
ROWS_A_BATCH = 2_000
SheetRow = tuple[int, Sequence[str]]


def read_workbook(sheets: Iterable[Sheet], tables: Sequence[Candidate]) -> Reading:
    """Every sheet whose header a mapping understands; the first says which source it is."""
    found = _found(sheets, tables)
    first = next(found, None)
    if first is None:
        names = ", ".join(dict.fromkeys(one.name for one, _ in tables))
        raise UnreadableFileError(f"no sheet of the workbook has the columns of a known source ({names})")
    source = first[0].source
    others = (rows for header, rows in found if header.source is source)
    batches = chain(first[1], chain.from_iterable(others))
    unread = tuple(name for name in first[0].columns if name and name not in first[0].table.read_columns)
    return Reading(source, Layout(Format.WORKBOOK, source.name, (first[0].table.name,)), batches, unread)


def _found(sheets: Iterable[Sheet], tables: Sequence[Candidate]) -> Iterator[tuple[Header, Iterator[Batch]]]:
    for sheet in sheets:
        rows = enumerate(sheet.rows, 1)
        ahead = list(islice(rows, SAMPLE_ROWS))
        header = _header(sheet.name, ahead[:LINES_BEFORE_HEADER], tables)
        if header:
            refuse_twins(header)
            sample = _chunk(header.columns, ahead[header.line :])
            styles = settle(header.table, sample.columns)
            yield header, _batches(header, styles, chain(ahead[header.line :], rows))


def _batches(header: Header, styles: dict[str, dict[str, str]], rows: Iterator[SheetRow]) -> Iterator[Batch]:
    table = with_styles(header.table, styles)
    reader = ColumnReader(table)
    while part := list(islice(rows, ROWS_A_BATCH)):
        yield batch_of(table.name, reader.read(_chunk(header.columns, part), exactly=True))


def _header(name: str, rows: Sequence[SheetRow], tables: Sequence[Candidate]) -> Header | None:
    """The header among a sheet's first rows."""
    fitting = [one for one in tables if one[1].sheet in ("", name)]
    for line, cells in rows:
        columns = tuple(cell.strip() for cell in cells)
        found = best_table(columns, fitting)
        if found:
            return Header(*found, columns, line=line)
    return None


def _chunk(header: Sequence[str], rows: Sequence[SheetRow]) -> Chunk:
    """Rows of a sheet by column; a row without any cell is none, a short one has empty cells at its end."""
    filled = [(line, cells) for line, cells in rows if any(cell.strip() for cell in cells)]
    columns = {
        name: [cells[at] if at < len(cells) else "" for _, cells in filled] for at, name in enumerate(header) if name
    }
    return Chunk([line for line, _ in filled], columns)
