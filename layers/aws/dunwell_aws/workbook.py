"""Excel workbooks (XLSX) behind the core's port. Rows come one by one, so that a long sheet fits into little memory."""

import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any
from xml.etree.ElementTree import ParseError
from zipfile import BadZipFile

import openpyxl

from dunwell.ingestion.cells import Exact
from dunwell.ingestion.reading import Sheet, UnreadableFileError

IN_MEMORY_BYTES = 8 * 1024 * 1024
_NO_WORKBOOK = "the file is a ZIP archive, not an Excel workbook; unpack it, or export it as CSV in UTF-8"


def open_workbook(content: Iterable[bytes]) -> Iterator[Sheet]:
    """The visible sheets of a workbook, each to be read before the next.

    Raises:
        UnreadableFileError: it is no workbook.
    """
    with tempfile.SpooledTemporaryFile(IN_MEMORY_BYTES) as file:
        for piece in content:
            file.write(piece)
        file.seek(0)
        try:
            book = openpyxl.load_workbook(file, read_only=True, data_only=True)
        except (BadZipFile, KeyError, ValueError, OSError, ParseError):
            raise UnreadableFileError(_NO_WORKBOOK) from None
        with closing(book):
            for sheet in book.worksheets:
                if sheet.sheet_state == "visible":
                    yield Sheet(sheet.title, _rows(sheet))


def _rows(sheet: Any) -> Iterator[Sequence[str]]:
    sheet.reset_dimensions()
    for cells in sheet.iter_rows(values_only=True):
        yield [text_of(cell) for cell in cells]


def text_of(cell: object) -> str:
    """A cell as text: dates in ISO 8601, numbers in plain digits as Excel shows them, to fifteen places."""
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, int):
        return Exact(cell)
    if isinstance(cell, float):
        return Exact(format(Decimal(f"{cell:.15g}"), "f"))
    if isinstance(cell, datetime):
        return Exact(cell.isoformat() if cell.time() != time.min else cell.date().isoformat())
    return Exact(cell.isoformat()) if isinstance(cell, date) else str(cell)
