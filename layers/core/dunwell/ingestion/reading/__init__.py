"""Reading files: bytes in, canonical records and rejects out, in batches, with flat memory."""

from dunwell.ingestion.reading.batch import Batch, Reading, Streams
from dunwell.ingestion.reading.content import Content
from dunwell.ingestion.reading.errors import UnreadableFileError
from dunwell.ingestion.reading.layout import Format, Layout
from dunwell.ingestion.reading.ranges import Range, record_boundaries
from dunwell.ingestion.reading.read import read_part, read_rows
from dunwell.ingestion.reading.workbook import Sheet, Workbook

__all__ = [
    "Batch",
    "Content",
    "Format",
    "Layout",
    "Range",
    "Reading",
    "Sheet",
    "Streams",
    "UnreadableFileError",
    "Workbook",
    "read_part",
    "read_rows",
    "record_boundaries",
]
