"""Dividing a file into ranges of whole rows, so that each can be read by another function at the same time."""

from dataclasses import dataclass
from itertools import pairwise

from dunwell.ingestion.reading.content import Content, pieces
from dunwell.ingestion.reading.errors import UnreadableFileError
from dunwell.ingestion.reading.layout import Format, Layout

FARTHEST_BYTES = 1024 * 1024
"""How far behind its place a boundary is looked for; without one there a quote was lost, and any line end serves."""


@dataclass(frozen=True, slots=True)
class Range:
    """Whole rows: the bytes from ``offset`` on, and the number of their first line in the file."""

    offset: int
    length: int
    first_line: int


def record_boundaries(content: Content, range_bytes: int, layout: Layout) -> list[Range]:
    """Ranges of about so many bytes, in order, that cover every row once; the header is in none.

    The file is read once from its beginning and not kept. A line end inside quotes is no boundary.

    Raises:
        UnreadableFileError: the file's format cannot be divided: read it as a whole.
    """
    if not layout.splittable:
        raise UnreadableFileError(f"a file of format {layout.format} in {layout.encoding} is read as a whole")
    cutter = _Cutter(range_bytes, layout.first_line, quoted=layout.format is Format.DELIMITED)
    for piece in pieces(content):
        cutter.take(piece)
    cuts = [*cutter.cuts, (cutter.offset, 0)]
    return [Range(offset, end - offset, line) for (offset, line), (end, _) in pairwise(cuts) if end > offset]


class _Cutter:
    """Finds the places where ranges begin: ``cuts`` has each one's offset and line."""

    def __init__(self, range_bytes: int, first_line: int, *, quoted: bool) -> None:
        self.offset = 0
        self._range_bytes, self._first_line, self._quoted = range_bytes, first_line, quoted
        self._line = 1
        self._inside = False
        self.cuts: list[tuple[int, int]] = [(0, 1)] if first_line == 1 else []

    def take(self, piece: bytes) -> None:
        """The next piece of the file."""
        place = 0
        while place < len(piece):
            found = piece.find(b"\n", max(place, self._sought() - self.offset))
            end = found + 1 or len(piece)
            self._line += piece.count(b"\n", place, end)
            if self._quoted and self.cuts:
                self._inside ^= piece.count(b'"', place, end) % 2 == 1
            place = end
            if found >= 0:
                self._line_ended(self.offset + end)
        self.offset += len(piece)

    def _sought(self) -> int:
        """The offset from which on a line end is looked for; before the first row, every one."""
        return self.cuts[-1][0] + self._range_bytes - 1 if self.cuts else 0

    def _line_ended(self, offset: int) -> None:
        if not self.cuts:
            if self._line == self._first_line:
                self.cuts.append((offset, self._line))
        elif not self._inside or offset > self._sought() + FARTHEST_BYTES:
            self.cuts.append((offset, self._line))
            self._inside = False
