"""CSV files that are safe to open in a spreadsheet."""

import csv
import io
from collections.abc import Iterable, Sequence

_STARTS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r")


class Number(str):
    """A cell that is a plain decimal number and is written as it is, sign and all."""

    __slots__ = ()


def csv_text(columns: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    """A header and lines as CSV (RFC 4180).

    A text cell that a spreadsheet would run as a formula gets a leading apostrophe: names come from outside, and
    ``=HYPERLINK(…)`` is a name that somebody may choose. Cells that are ``Number`` stay as they are.
    """
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\r\n")
    writer.writerow(columns)
    writer.writerows([_safe(cell) for cell in line] for line in lines)
    return file.getvalue()


def _safe(cell: str) -> str:
    if isinstance(cell, Number) or not cell.startswith(_STARTS_A_FORMULA):
        return cell
    return f"'{cell}"
