"""Reading a file, whatever it is, into canonical records: the one way in."""

from collections.abc import Iterator, Sequence

from dunwell.ingestion.mapping import SourceMapping, with_styles
from dunwell.ingestion.reading.batch import Batch, Reading
from dunwell.ingestion.reading.content import (
    SAMPLE_BYTES,
    ZIP,
    Content,
    encoding_of,
    line_blocks,
    peeked,
    pieces,
    refuse_foreign,
    text_of,
)
from dunwell.ingestion.reading.errors import UnreadableFileError
from dunwell.ingestion.reading.layout import Format, Layout
from dunwell.ingestion.reading.object_tables import object_batches, read_objects
from dunwell.ingestion.reading.objects import object_blocks
from dunwell.ingestion.reading.recognise import candidates
from dunwell.ingestion.reading.sheets import read_workbook
from dunwell.ingestion.reading.text_tables import read_delimited, row_batches
from dunwell.ingestion.reading.workbook import Workbook


def read_rows(
    content: Content, mappings: Sequence[SourceMapping], *, source: str = "", workbook: Workbook | None = None
) -> Reading:
    """Look at a file's beginning, and be ready to read the whole.

    Args:
        content: bytes, an open file, or an iterable of bytes; read once, piece by piece.
        mappings: the sources that Dunwell knows; source: only this one.
        workbook: opens workbooks; without it they are refused.

    Raises:
        UnreadableFileError: no mapping understands the file; says what it is instead and what to do. While batches
            are read, only for what the beginning could not show.
    """
    tables = candidates(mappings, source)
    sample, stream = peeked(pieces(content))
    if sample.startswith(ZIP) and workbook:
        return read_workbook(workbook(stream), tables)
    refuse_foreign(sample)
    declared = {table.encoding for _, table in tables} if source else {""}
    encoding = encoding_of(sample, declared.pop() if len(declared) == 1 else "")
    text = text_of(sample, encoding)
    if not text.strip():
        raise UnreadableFileError("the file is empty; export it again")
    if len(sample) >= SAMPLE_BYTES and "\n" in text:
        text = text[: text.rindex("\n") + 1]
    reader = read_objects if text.lstrip().startswith(("{", "[")) else read_delimited
    return reader(text, encoding, stream, tables)


def read_part(content: Content, mappings: Sequence[SourceMapping], layout: Layout, first_line: int) -> Iterator[Batch]:
    """The rows of a range of a file (``record_boundaries``), as ``read_rows`` would read them.

    Args:
        content: the range's bytes; first_line: the number of its first line in the file.

    Raises:
        UnreadableFileError: no mapping has the layout's source.
        InvalidInputError: the source has no such table.
    """
    source, _ = candidates(mappings, layout.source)[0]
    tables = [with_styles(source.table(name), layout.styles) for name in layout.tables]
    blocks = line_blocks(pieces(content), layout.encoding)
    if layout.format is Format.JSON_LINES:
        return object_batches(object_blocks(blocks, first_line), tables)
    return row_batches(blocks, tables[0], layout, first_line)
