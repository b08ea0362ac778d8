"""JSON Lines and Singer messages from their bytes to batches."""

from collections.abc import Iterable, Iterator, Sequence

from dunwell.ingestion.columns import Chunk, ColumnReader
from dunwell.ingestion.mapping import TableMapping, with_styles
from dunwell.ingestion.paths import shape, shapes
from dunwell.ingestion.reading import singer
from dunwell.ingestion.reading.batch import Batch, Reading, Streams, batch_of
from dunwell.ingestion.reading.content import UTF_8, line_blocks
from dunwell.ingestion.reading.errors import UnreadableFileError
from dunwell.ingestion.reading.infer import settle
from dunwell.ingestion.reading.layout import Format, Layout
from dunwell.ingestion.reading.objects import Objects, object_blocks, rows_for, takes
from dunwell.ingestion.reading.recognise import Candidate, best_table, what_objects_lack

SAMPLE_OBJECTS = 1_000


def read_objects(text: str, encoding: str, stream: Iterator[bytes], tables: Sequence[Candidate]) -> Reading:
    """JSON Lines, or Singer messages when they are.

    Args:
        text: whole lines of the file's beginning; stream: the whole file.
    """
    if text.lstrip().startswith("["):
        raise UnreadableFileError("the file is one JSON list; write one object a line (jq -c '.[]' does it)")
    sample = [
        value
        for block in object_blocks(line_blocks([text.encode(UTF_8, "replace")], UTF_8), 1)
        for value in block.values
    ]
    if not sample:
        raise UnreadableFileError("the file begins as JSON, but its lines are no objects; write one object a line")
    blocks = object_blocks(line_blocks(stream, encoding), 1)
    if singer.is_singer(sample[0]):
        return _singer(blocks, sample, encoding, tables)
    columns = shapes(sample[:SAMPLE_OBJECTS])
    found = best_table(columns, tables, shape)
    if found is None:
        raise UnreadableFileError(what_objects_lack(columns, tables))
    chosen = _siblings(found, columns)
    styles = settle(found[1], rows_for(found[1], sample)) if len(chosen) == 1 else {}
    names = tuple(table.name for table in chosen)
    layout = Layout(Format.JSON_LINES, found[0].name, names, encoding, styles=styles)
    return Reading(found[0], layout, object_batches(blocks, [with_styles(table, styles) for table in chosen]))


def _siblings(found: Candidate, columns: set[str]) -> list[TableMapping]:
    """The tables that objects of one file may be: those of the found one's source that tell theirs by a value."""
    source, best = found
    if not best.only:
        return [best]
    return [table for table in source.tables if table.only and best_table(columns, [(source, table)], shape)]


def object_batches(blocks: Iterable[Objects], tables: Sequence[TableMapping]) -> Iterator[Batch]:
    """Each object goes to the first table that takes it; one that none takes is counted."""
    readers = [(table, ColumnReader(table)) for table in tables]
    for block in blocks:
        left = list(zip(block.lines, block.values, strict=True))
        if block.rejects:
            yield Batch("", [], block.rejects)
        for table, reader in readers:
            mine = [one for one in left if takes(table, one[1])]
            left = [one for one in left if not takes(table, one[1])] if len(mine) < len(left) else []
            if mine:
                cells = rows_for(table, [value for _, value in mine])
                yield batch_of(table.name, reader.read(Chunk([line for line, _ in mine], cells)))
        if left:
            yield Batch("", [], [], len(left))


def _singer(
    blocks: Iterator[Objects], sample: list[dict[str, object]], encoding: str, tables: Sequence[Candidate]
) -> Reading:
    source = singer.source_of(sample, tables)
    if source is None:
        known = ", ".join(sorted({name for _, table in tables for name in table.stream_names}))
        sent = ", ".join(sorted({str(message["stream"]) for message in sample if "stream" in message})) or "none"
        raise UnreadableFileError(f"no mapping reads the streams that this tap begins with ({sent}); known are {known}")
    streams = Streams()
    layout = Layout(Format.SINGER, source.name, encoding=encoding)
    return Reading(source, layout, singer.SingerReader(source, streams).batches(blocks), streams=streams)
