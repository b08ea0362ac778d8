"""A file's bytes, in pieces: what they are, in which encoding, and their lines."""

import codecs
import io
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Protocol

from dunwell.ingestion.reading.errors import UnreadableFileError

PIECE_BYTES = 256 * 1024
SAMPLE_BYTES = 1024 * 1024
"""What is looked at before anything is read: the encoding, the header, and the formats of a column."""
LONGEST_LINE_BYTES = 8 * 1024 * 1024

_FOREIGN = {
    b"%PDF": "a PDF document",
    b"\x1f\x8b": "a gzip archive",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook",
    b"\x89PNG": "a picture",
}
ZIP = b"PK\x03\x04"
UTF_8 = "utf-8"
_WESTERN = ("cp1252", "latin-1")
_UTF_16_MARKS = (b"\xff\xfe", b"\xfe\xff")


class Readable(Protocol):
    """An open file, or what S3 answers with."""

    def read(self, size: int = -1, /) -> bytes: ...


Content = bytes | Readable | Iterable[bytes]
"""A file: whole, open, or in pieces."""


def pieces(content: Content) -> Iterator[bytes]:
    """The bytes in pieces of bounded size."""
    if isinstance(content, bytes | bytearray | memoryview):
        content = io.BytesIO(content)
    if hasattr(content, "read"):
        while piece := content.read(PIECE_BYTES):
            yield piece
    else:
        yield from (piece for piece in content if piece)


def peeked(stream: Iterator[bytes], size: int = SAMPLE_BYTES) -> tuple[bytes, Iterator[bytes]]:
    """The first bytes, and the stream with them still to come."""
    taken: list[bytes] = []
    count = 0
    for piece in stream:
        taken.append(piece)
        count += len(piece)
        if count >= size:
            break
    return b"".join(taken)[:size], chain(taken, stream)


def refuse_foreign(sample: bytes) -> None:
    """Say what a file is that is no text, and what to do.

    Raises:
        UnreadableFileError: it is empty, or of another kind.
    """
    if not sample.strip():
        raise UnreadableFileError("the file is empty; export it again")
    for signature, kind in _FOREIGN.items():
        if sample.startswith(signature):
            raise UnreadableFileError(f"the file is {kind}, not a CSV file; export it as CSV in UTF-8")
    if sample.startswith(ZIP):
        raise UnreadableFileError("the file is a ZIP archive, not a CSV file; unpack it and send what is in it")


def encoding_of(sample: bytes, declared: str = "") -> str:
    """The encoding of a text file: declared, by its mark, UTF-8 when it is, else that of western Windows.

    Raises:
        UnreadableFileError: it is no text, or its lines cannot be told apart.
    """
    if b"\r" in sample and b"\n" not in sample:
        raise UnreadableFileError("the lines end as on an old Macintosh; save the file as CSV in UTF-8")
    if declared:
        return declared
    if sample.startswith(_UTF_16_MARKS):
        return "utf-16"
    if b"\x00" in sample:
        return _utf_16_without_mark(sample)
    if _decodes(sample, UTF_8):
        return UTF_8
    return next(one for one in _WESTERN if _decodes(sample, one))


def _utf_16_without_mark(sample: bytes) -> str:
    """Western text in UTF-16 has a zero in nearly every pair of bytes, always on the same side."""
    zeros = sample[0::2].count(0), sample[1::2].count(0)
    half = len(sample) // 2
    if zeros[0] < half // 20 and zeros[1] > half // 2:
        return "utf-16-le"
    if zeros[1] < half // 20 and zeros[0] > half // 2:
        return "utf-16-be"
    raise UnreadableFileError("the file is not text (it holds zero bytes); save it as CSV in UTF-8")


def _decodes(sample: bytes, encoding: str) -> bool:
    try:
        codecs.getincrementaldecoder(encoding)().decode(sample, len(sample) < SAMPLE_BYTES)
    except UnicodeDecodeError:
        return False
    return True


def text_of(sample: bytes, encoding: str) -> str:
    """A sample as text, as far as it goes."""
    text = codecs.getincrementaldecoder(encoding)("replace").decode(sample)
    return text.removeprefix("\ufeff")


def line_blocks(stream: Iterable[bytes], encoding: str) -> Iterator[list[str]]:
    """The text's lines, with their ends, some thousand at a time; only ``\\n`` ends a line.

    Bytes that the encoding does not know become lone surrogates, for the reader of rows to refuse.

    Raises:
        UnreadableFileError: a line is longer than any table's.
    """
    decoder = codecs.getincrementaldecoder(encoding)("surrogateescape")
    rest, first = "", True
    for piece in stream:
        text = rest + decoder.decode(piece)
        if first and text:
            text, first = text.removeprefix("\ufeff"), False
        whole, newline, rest = text.rpartition("\n")
        if newline:
            yield list(io.StringIO(whole + newline, newline="\n"))
        elif len(rest) > LONGEST_LINE_BYTES:
            raise UnreadableFileError("a line is longer than 8 MB; the file is no table, or its lines have no ends")
    rest += decoder.decode(b"", final=True)
    if rest:
        yield list(io.StringIO(rest.removeprefix("\ufeff") if first else rest, newline="\n"))


def damaged(text: str) -> bool:
    """Whether the text holds bytes that its encoding does not know."""
    if text.isascii():
        return False
    try:
        text.encode()
    except UnicodeEncodeError:
        return True
    return False
