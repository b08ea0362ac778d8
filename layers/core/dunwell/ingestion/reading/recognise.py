"""Which of the known tables a file is, by its columns."""

import csv
import io
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from itertools import islice

from dunwell.ingestion.mapping import SourceMapping, TableMapping
from dunwell.ingestion.paths import shape
from dunwell.ingestion.reading.errors import UnreadableFileError

DELIMITERS = ",;\t|"
LINES_BEFORE_HEADER = 10
"""Reports carry a title above their columns; the header is looked for in this many lines."""

LINES_OF_HEADER = 20
"""Column names may have line breaks in them."""

Candidate = tuple[SourceMapping, TableMapping]


@dataclass(frozen=True, slots=True)
class Header:
    """A header line that a mapping understands: its columns, its line in the file, and the lines it takes."""

    source: SourceMapping
    table: TableMapping
    columns: tuple[str, ...]
    delimiter: str = ","
    line: int = 1
    lines: int = 1


def candidates(mappings: Iterable[SourceMapping], source: str = "") -> list[Candidate]:
    """Every table of the mappings, or of the named source alone.

    Raises:
        UnreadableFileError: no source has that name.
    """
    found = [(one, table) for one in mappings if source in ("", one.name) for table in one.tables]
    if not found:
        known = ", ".join(one.name for one in mappings)
        raise UnreadableFileError(f"there is no source {source!r}; known are {known}")
    return found


def find_header(text: str, tables: Sequence[Candidate]) -> Header:
    """The header line of delimited text and the table that reads the most of its columns.

    Args:
        text: the beginning of the file.

    Raises:
        UnreadableFileError: no table's columns are all there; says which come nearest.
    """
    lines = list(islice(io.StringIO(text, newline="\n"), LINES_BEFORE_HEADER + LINES_OF_HEADER))
    for at in range(min(LINES_BEFORE_HEADER, len(lines))):
        found = [
            header
            for delimiter in DELIMITERS
            for header in _headers(lines, at, delimiter, tables)
            if _fits(header.table, set(header.columns))
        ]
        if found:
            best = max(found, key=lambda header: len(header.table.read_columns & set(header.columns)))
            refuse_twins(best)
            return best
    _refuse_broken(lines)
    raise UnreadableFileError(_what_is_missing(lines, tables))


def best_table(
    columns: Collection[str], tables: Iterable[Candidate], seen_as: Callable[[str], str] = str
) -> Candidate | None:
    """The table that reads the most of some columns and has all that it needs.

    Args:
        seen_as: how a mapping's column is among them: as it is in tables, as ``shape`` or ``head`` of objects.
    """
    known = set(columns)

    def of(paths: Iterable[str]) -> set[str]:
        return {path if path in known else seen_as(path) for path in paths}

    fitting = [one for one in tables if of(one[1].required_columns) <= known and known.isdisjoint(one[1].without)]
    return max(fitting, key=lambda one: len(of(one[1].read_columns) & known), default=None)


def _fits(table: TableMapping, columns: set[str]) -> bool:
    return table.required_columns <= columns and columns.isdisjoint(table.without)


def what_objects_lack(columns: Collection[str], tables: Sequence[Candidate]) -> str:
    """Why no table reads objects of these shapes."""
    known = set(columns)
    source, table = max(tables, key=lambda one: len({shape(path) for path in one[1].required_columns} & known))
    missing = sorted(path for path in table.required_columns if shape(path) not in known)
    if len(missing) == len(table.required_columns):
        names = ", ".join(dict.fromkeys(one.name for one, _ in tables))
        return f"the objects fit no known source ({names}); see infra/sources for what each expects"
    return f"the objects are nearest to table {table.name!r} of source {source.name!r} and lack {', '.join(missing)}"


def _headers(lines: Sequence[str], at: int, delimiter: str, tables: Sequence[Candidate]) -> Iterable[Header]:
    declared = [one for one in tables if one[1].delimiter in ("", delimiter)]
    cells, taken = _cells(lines[at:], delimiter)
    columns = tuple(name.strip() for name in cells)
    for source, table in declared:
        yield Header(source, table, columns, delimiter, at + 1, taken)


def _cells(lines: Sequence[str], delimiter: str) -> tuple[list[str], int]:
    """The first row of some lines, and how many of them it takes."""
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    try:
        return next(reader, []), reader.line_num
    except csv.Error:
        return [], 1


def _refuse_broken(lines: Sequence[str]) -> None:
    try:
        next(csv.reader(lines, strict=True))
    except csv.Error as error:
        raise UnreadableFileError(f"the header line cannot be read: {error}") from None


def refuse_twins(header: Header) -> None:
    """Refuse a header that names a column twice which is read."""
    twice = sorted(name for name in header.table.read_columns if header.columns.count(name) > 1)
    if twice:
        raise UnreadableFileError(f"the header line names columns twice: {', '.join(twice)}")


def _what_is_missing(lines: Sequence[str], tables: Sequence[Candidate]) -> str:
    """The nearest table and what it lacks, by the line that has the most of anyone's columns."""
    heads = [
        (delimiter, {name.strip() for name in _cells(lines[at:], delimiter)[0]})
        for at in range(min(LINES_BEFORE_HEADER, len(lines)))
        for delimiter in DELIMITERS
    ]
    choices = [(delimiter, columns, one) for delimiter, columns in heads for one in tables]
    choices = [choice for choice in choices if choice[1].isdisjoint(choice[2][1].without)] or choices
    delimiter, columns, (source, table) = max(
        choices, key=lambda choice: (len(choice[2][1].required_columns & choice[1]), len(choice[1]))
    )
    missing = sorted(table.required_columns - columns)
    if not missing:
        shown = {"\t": "a tab"}.get(delimiter, repr(delimiter))
        return f"columns are separated by {shown}, source {source.name!r} expects {table.delimiter!r}"
    if len(missing) == len(table.required_columns):
        known = ", ".join(dict.fromkeys(one.name for one, _ in tables))
        return f"the header line fits no known source ({known}); see infra/sources for what each expects"
    named = f"table {table.name!r} of source {source.name!r}"
    lacks = f"the header line is nearest to {named} and lacks the columns {', '.join(missing)}"
    money = table.fields.get("currency")
    if money and missing == [money.column]:
        rule = f"currency: {{column: {money.column}, default: USD}}"
        return f"{lacks}; if all is in one currency, say so in the mapping: {rule}"
    return lacks
