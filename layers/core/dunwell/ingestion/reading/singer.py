"""Singer messages, as any tap writes them: SCHEMA, RECORD, STATE, ACTIVATE_VERSION; others are passed over."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from dunwell.ingestion.columns import Chunk, ColumnReader
from dunwell.ingestion.fields import canonical
from dunwell.ingestion.mapping import INFER, SourceMapping, TableMapping
from dunwell.ingestion.paths import head
from dunwell.ingestion.reading.batch import Batch, Streams, batch_of
from dunwell.ingestion.reading.errors import UnreadableFileError
from dunwell.ingestion.reading.objects import Objects, rows_for
from dunwell.ingestion.reading.recognise import Candidate, best_table
from dunwell.ingestion.records import Reject

MESSAGES = frozenset({"SCHEMA", "RECORD", "STATE", "ACTIVATE_VERSION", "BATCH"})
ROWS_A_BATCH = 2_000


def is_singer(value: Mapping[str, Any]) -> bool:
    """Whether an object is a Singer message."""
    kind = value.get("type")
    return kind in MESSAGES and (kind == "STATE" or "stream" in value)


def table_of(stream: str, properties: Iterable[str], tables: Sequence[Candidate]) -> Candidate | None:
    """The table that reads a stream of this name and these properties best, if any does."""
    named = [one for one in tables if stream in one[1].stream_names]
    return best_table(list(properties), named, head)


def source_of(messages: Sequence[Mapping[str, Any]], tables: Sequence[Candidate]) -> SourceMapping | None:
    """The source that reads the most columns of the streams that a tap announces, or begins with."""
    seen: dict[str, set[str]] = {}
    for message in messages:
        members = (message.get("schema") or {}).get("properties") or message.get("record")
        if isinstance(members, dict):
            seen.setdefault(str(message.get("stream", "")), set()).update(members)
    scores: dict[str, int] = {}
    for source, table in tables:
        for stream, columns in seen.items():
            if table_of(stream, columns, [(source, table)]):
                read = {head(path) for path in table.read_columns}
                scores[source.name] = scores.get(source.name, 0) + len(read & columns)
    best = max(scores, key=lambda name: scores[name], default="")
    return next((source for source, _ in tables if source.name == best), None)


class SingerReader:
    """Reads messages into batches; one batch is of one stream."""

    def __init__(self, source: SourceMapping, streams: Streams) -> None:
        self._source = source
        self._streams = streams
        self._of_stream: dict[str, TableMapping | None] = {}
        self._readers: dict[str, ColumnReader] = {}
        self._stream = ""
        self._waiting = Objects()
        self._skipped = 0

    def batches(self, blocks: Iterable[Objects]) -> Iterator[Batch]:
        """Batches in the order of the messages; a batch ends where the stream changes or a bookmark comes."""
        for block in blocks:
            for line, message in zip(block.lines, block.values, strict=True):
                yield from self._take(line, message)
            if block.rejects:
                yield Batch("", [], block.rejects)
        yield from self._flushed()

    def _take(self, line: int, message: Mapping[str, Any]) -> Iterator[Batch]:
        kind, stream = message.get("type"), str(message.get("stream", ""))
        if kind == "RECORD":
            yield from self._record(line, stream, message.get("record"))
        elif kind == "SCHEMA":
            self._schema(stream, message)
        elif kind == "STATE":
            self._streams.state = message.get("value")
            yield from self._flushed(bookmark=True)
        elif kind == "ACTIVATE_VERSION":
            self._streams.activated[stream] = _version(message.get("version"))
        else:
            yield Batch("", [], [_unknown_message(line, str(kind))])

    def _schema(self, stream: str, message: Mapping[str, Any]) -> None:
        keys = message.get("key_properties") or ()
        self._streams.keys[stream] = tuple(str(key) for key in keys)
        properties = (message.get("schema") or {}).get("properties")
        if properties:
            self._decide(stream, properties)

    def _decide(self, stream: str, properties: Iterable[str]) -> TableMapping | None:
        """The table of a stream: of its name, and with all that the table needs; none means records are counted."""
        found = table_of(stream, properties, [(self._source, table) for table in self._source.tables])
        self._of_stream[stream] = found[1] if found else None
        if found:
            self._streams.tables[stream] = found[1].name
        return self._of_stream[stream]

    def _record(self, line: int, stream: str, record: Any) -> Iterator[Batch]:
        if not isinstance(record, dict):
            yield Batch("", [], [Reject(line, "", "", "the message has no record", "look at the tap that wrote it")])
            return
        if stream != self._stream or len(self._waiting.lines) >= ROWS_A_BATCH:
            yield from self._flushed()
            self._stream = stream
        found = self._of_stream[stream] if stream in self._of_stream else self._decide(stream, record)
        if found is None:
            self._streams.unknown[stream] += 1
            self._skipped += 1
        else:
            self._waiting.lines.append(line)
            self._waiting.values.append(record)

    def _flushed(self, *, bookmark: bool = False) -> Iterator[Batch]:
        waiting, skipped, self._waiting, self._skipped = self._waiting, self._skipped, Objects(), 0
        state = self._streams.state if bookmark else None
        found = self._of_stream.get(self._stream)
        if waiting.lines and found:
            reader = self._reader(found)
            done = reader.read(Chunk(waiting.lines, rows_for(found, waiting.values)))
            yield replace(batch_of(found.name, done), state=state)
        elif skipped or bookmark:
            yield Batch("", [], [], skipped, state=state)

    def _reader(self, table: TableMapping) -> ColumnReader:
        if table.name not in self._readers:
            _refuse_inference(table)
            self._readers[table.name] = ColumnReader(table)
        return self._readers[table.name]


def _refuse_inference(table: TableMapping) -> None:
    for name, rule in table.fields.items():
        known = canonical(table.makes, name)
        if known and INFER in (rule.date, rule.decimal):
            raise UnreadableFileError(f"table {table.name}: a stream's formats are declared: write {name}'s down")


def _version(value: Any) -> int:
    return int(value) if str(value).isdecimal() else 0


def _unknown_message(line: int, kind: str) -> Reject:
    return Reject(line, "type", kind[:60], "is no message of the Singer specification", "look at the tap that wrote it")
