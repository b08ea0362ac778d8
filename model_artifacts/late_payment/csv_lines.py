"""CSV files without line breaks in their cells: every line is a row, and a lost quotation mark costs its own alone."""

import codecs
import csv
from collections.abc import Iterator
from pathlib import Path

from dunwell.errors import InvalidInputError

LONGEST_LINE = 100_000  # characters


def lines_of(path: Path, refusal: type[Exception]) -> Iterator[tuple[int, str]]:
    """The lines that are not blank, with their numbers. `refusal`: what is raised when the file cannot be read."""
    try:
        with path.open("rb") as file:
            if file.read(2) in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
                raise refusal(f"{path} is in UTF-16: save it as CSV in UTF-8.")
        with path.open(encoding="utf-8-sig") as text:
            yield from ((number, line) for number, line in enumerate(text, start=1) if line.strip())
    except OSError as error:
        raise refusal(f"{path} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise refusal(f"{path} is not in UTF-8 ({error}): save it as CSV in UTF-8.") from error


def cells_of(line: str) -> list[str]:
    """The cells of a line. InvalidInputError when it has lost a quotation mark, or is too long for a row."""
    if len(line) > LONGEST_LINE:
        raise InvalidInputError(f"the line is longer than {LONGEST_LINE} characters: is a line break missing?")
    try:
        return [cell.strip() for cell in next(csv.reader([line], strict=True))]
    except csv.Error:
        raise InvalidInputError(
            "a cell opens with a quotation mark and does not end with one in its line: take the mark out, or the line "
            "break that is in the cell"
        ) from None
