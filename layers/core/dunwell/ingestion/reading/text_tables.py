"""Delimited text from its bytes to batches."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from dunwell.ingestion.columns import Chunk, ColumnReader, Converted
from dunwell.ingestion.mapping import TableMapping, with_styles
from dunwell.ingestion.reading.batch import Batch, Reading, batch_of
from dunwell.ingestion.reading.content import UTF_8, line_blocks
from dunwell.ingestion.reading.delimited import row_blocks
from dunwell.ingestion.reading.infer import leaves_open, settle
from dunwell.ingestion.reading.layout import Format, Layout
from dunwell.ingestion.reading.recognise import Candidate, find_header


def read_delimited(text: str, encoding: str, stream: Iterator[bytes], tables: Sequence[Candidate]) -> Reading:
    """Delimited text, with its header.

    Args:
        text: whole lines of the file's beginning; stream: the whole file.
    """
    header = find_header(text, tables)
    layout = Layout(
        Format.DELIMITED,
        header.source.name,
        (header.table.name,),
        header.table.encoding or encoding,
        header.delimiter,
        header.columns,
        header.line + header.lines,
    )
    if leaves_open(header.table):
        layout = replace(layout, styles=settle(header.table, sample_columns(text, layout)))
    blocks = _after(line_blocks(stream, layout.encoding), layout.first_line - 1)
    batches = row_batches(blocks, with_styles(header.table, layout.styles), layout, layout.first_line)
    unread = tuple(name for name in header.columns if name and name not in header.table.read_columns)
    return Reading(header.source, layout, batches, unread)


def sample_columns(text: str, layout: Layout) -> dict[str, Sequence[str]]:
    """The cells of a text's rows by column."""
    blocks = _after(line_blocks([text.encode(UTF_8, "replace")], UTF_8), layout.first_line - 1)
    sample: dict[str, list[str]] = {}
    for rows in row_blocks(blocks, layout.delimiter, len(layout.header), layout.first_line):
        for name, cells in rows.columns(layout.header, frozenset(layout.header)).items():
            sample.setdefault(name, []).extend(cells)
    return {**sample}


def row_batches(blocks: Iterable[list[str]], table: TableMapping, layout: Layout, first_line: int) -> Iterator[Batch]:
    """The batches of a text's lines behind the header."""
    reader = ColumnReader(table)
    for rows in row_blocks(blocks, layout.delimiter, len(layout.header), first_line):
        done = Converted()
        if rows.lines:
            done = reader.read(Chunk(rows.lines, rows.columns(layout.header, table.read_columns)))
        if rows.lines or rows.rejects:
            yield batch_of(table.name, done, rows.rejects)


def _after(blocks: Iterable[list[str]], count: int) -> Iterator[list[str]]:
    """The lines that follow the first so many."""
    for block in blocks:
        if count < len(block):
            yield block[count:] if count else block
        count = max(0, count - len(block))
