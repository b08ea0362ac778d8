"""Reading a delimited text file that may not be what it says it is."""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence

from dunwell.errors import InvalidInputError
from dunwell.ingestion.mapping import SourceMapping
from dunwell.ingestion.records import Reject, RejectedRowError

_SIGNATURES = {
    b"%PDF": "a PDF document",
    b"PK\x03\x04": "a ZIP archive or an Excel workbook",
    b"\x1f\x8b": "a gzip archive",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook",
    b"\x89PNG": "a picture",
}
_DELIMITERS = ",;\t|"


class UnreadableFileError(InvalidInputError):
    """The file as a whole cannot be read; nothing of it was taken."""


class Table:
    """A text table whose header one of the mappings understands.

    Args:
        content: the file's bytes; UTF-8, with or without a byte order mark.
        mappings: the sources that Dunwell knows.

    Raises:
        UnreadableFileError: says what the file is instead and what to do.
    """

    def __init__(self, content: bytes, mappings: Sequence[SourceMapping]) -> None:
        self._text = _text(content)
        self.mapping = _mapping_for(self._text, mappings)

    def rows(self) -> Iterator[tuple[int, Mapping[str, str] | RejectedRowError]]:
        """Each row with its line number: the row by column, or what is wrong with its shape."""
        reader = csv.reader(io.StringIO(self._text), delimiter=self.mapping.delimiter, strict=True)
        header = _header(reader)
        line = reader.line_num + 1
        while True:
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                yield line, _bad_shape(line, f"the row cannot be read: {error}")
            else:
                if cells:
                    yield line, _by_column(line, header, cells)
            line = reader.line_num + 1


def _header(reader: Iterator[list[str]]) -> list[str]:
    try:
        header = [name.strip() for name in next(reader)]
    except csv.Error as error:
        raise UnreadableFileError(f"the header line cannot be read: {error}") from None
    twice = sorted({name for name in header if header.count(name) > 1 and name})
    if twice:
        raise UnreadableFileError(f"the header line names columns twice: {', '.join(twice)}")
    return header


def _by_column(line: int, header: list[str], cells: list[str]) -> Mapping[str, str] | RejectedRowError:
    if len(cells) == len(header):
        return dict(zip(header, cells, strict=True))
    return _bad_shape(line, f"the row has {len(cells)} columns, the header {len(header)}")


def _bad_shape(line: int, reason: str) -> RejectedRowError:
    return RejectedRowError(Reject(line, "", "", reason, "the file may be cut off, or a quote or delimiter is missing"))


def _text(content: bytes) -> str:
    if not content.strip():
        raise UnreadableFileError("the file is empty; export it again")
    for signature, kind in _SIGNATURES.items():
        if content.startswith(signature):
            raise UnreadableFileError(f"the file is {kind}, not a CSV file; export it as CSV in UTF-8")
    if b"\r" in content and b"\n" not in content:
        raise UnreadableFileError("the lines end as on an old Macintosh; save the file as CSV in UTF-8")
    if b"\x00" in content:
        raise UnreadableFileError("the file is not UTF-8 text (it may be UTF-16 or binary); save it as CSV in UTF-8")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        place = content.count(b"\n", 0, error.start) + 1
        raise UnreadableFileError(f"line {place} is not UTF-8 text; save the file as CSV in UTF-8") from None


def _mapping_for(text: str, mappings: Sequence[SourceMapping]) -> SourceMapping:
    """The mapping that reads the most of the header's columns; all that it needs must be there."""
    first_line = text.split("\n", 1)[0].strip("\r")
    fitting = [
        mapping
        for mapping in mappings
        if mapping.required_columns <= {name.strip() for name in _cells(first_line, mapping.delimiter)}
    ]
    if fitting:
        return max(fitting, key=lambda mapping: len(mapping.required_columns))
    raise UnreadableFileError(_what_is_missing(first_line, mappings))


def _what_is_missing(first_line: str, mappings: Sequence[SourceMapping]) -> str:
    delimiter = max(_DELIMITERS, key=first_line.count)
    header = {name.strip() for name in _cells(first_line, delimiter)}
    nearest = max(mappings, key=lambda mapping: len(mapping.required_columns & header))
    missing = sorted(nearest.required_columns - header)
    if not missing:
        shown = {"\t": "a tab"}.get(delimiter, repr(delimiter))
        return f"columns are separated by {shown}, source {nearest.name!r} expects {nearest.delimiter!r}"
    if len(missing) == len(nearest.required_columns):
        known = ", ".join(mapping.name for mapping in mappings)
        return f"the header line fits no known source ({known}); see infra/sources for what each expects"
    return f"the header line is nearest to source {nearest.name!r} and lacks the columns {', '.join(missing)}"


def _cells(line: str, delimiter: str) -> list[str]:
    try:
        return next(csv.reader([line], delimiter=delimiter), [])
    except csv.Error:
        return []
