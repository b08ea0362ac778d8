"""Finding out from a column how it writes dates and amounts. What a column leaves open is refused, never guessed."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from dunwell.ingestion.day import day_reader
from dunwell.ingestion.fields import ValueType, canonical
from dunwell.ingestion.mapping import INFER, ISO, TableMapping
from dunwell.ingestion.reading.errors import UnreadableFileError
from dunwell.ingestion.values import RefusedValueError

DATE_FORMATS = (
    ISO,
    "%d/%m/%Y",
    "%m/%d/%Y",
    "%d.%m.%Y",
    "%d-%m-%Y",
    "%m-%d-%Y",
    "%Y/%m/%d",
    "%Y.%m.%d",
    "%Y%m%d",
    "%d/%m/%y",
    "%m/%d/%y",
    "%d.%m.%y",
    "%d %b %Y",
    "%d %B %Y",
    "%d-%b-%Y",
    "%d-%b-%y",
    "%b %d, %Y",
    "%B %d, %Y",
    "%d/%m/%Y %H:%M",
    "%m/%d/%Y %H:%M",
    "%d/%m/%Y %H:%M:%S",
    "%m/%d/%Y %H:%M:%S",
    "%m/%d/%Y %I:%M %p",
)
MOST_VALUES = 5_000
_DIRTY = 0.02
"""Fewer exceptions than this share are mistakes in single rows, not another format."""
_SPACES = (" ", "'", "\u00a0", "\u202f")
_DIGITS = re.compile(r"[0-9](?:[0-9.,' \u00a0\u202f]*[0-9])?")
Style = dict[str, str]


def settle(table: TableMapping, columns: Mapping[str, Sequence[Any]]) -> dict[str, Style]:
    """Field → options, for the fields of which the mapping says ``infer``.

    Args:
        columns: a sample of the file by column.

    Raises:
        UnreadableFileError: a column fits several formats, or none; says which, and what to write into the mapping.
    """
    found: dict[str, Style] = {}
    for name, rule in table.fields.items():
        known = canonical(table.makes, name)
        cells = [text for column in rule.source_columns for text in _distinct(columns.get(column, ()))]
        if known is None or not rule.source_columns:
            continue
        if known.type is ValueType.DATE and rule.date == INFER:
            found[name] = {"date": _decided(date_formats(cells), name, rule.source_columns[0], cells)}
        elif known.type is ValueType.AMOUNT and rule.decimal == INFER:
            found[name] = _decided_amount(amount_styles(cells), name, rule.source_columns[0], cells)
    return found


def leaves_open(table: TableMapping) -> bool:
    """Whether anything of a table is to be inferred."""
    return any(INFER in (rule.date, rule.decimal) for rule in table.fields.values())


def date_formats(values: Sequence[str]) -> list[str]:
    """The formats that fit a column's values, the only one when it is decided; ISO for an empty column."""
    if not values:
        return [ISO]
    fitting = {form: {text for text in values if _is_date(text, form)} for form in DATE_FORMATS}
    most = max(len(texts) for texts in fitting.values())
    if most < len(values) / 2:
        return []
    best = [form for form, texts in fitting.items() if len(texts) == most]
    tolerated = _DIRTY * len(values)
    rivals = [form for form, texts in fitting.items() if form not in best and len(texts - fitting[best[0]]) > tolerated]
    return best + rivals


def amount_styles(values: Sequence[str]) -> list[tuple[str, str]]:
    """The decimal and thousands separators that fit a column's values, the only pair when it is decided."""
    numbers = [found[0] for text in values if (found := _DIGITS.search(text))]
    space = next((one for one in _SPACES for text in numbers if one in text), "")
    styles = [(".", space or ","), (",", space or ".")]
    if not any(mark in text for text in numbers for mark in ".,"):
        return styles[:1]
    with_point, with_comma = ({text for text in numbers if _fits(text, *style)} for style in styles)
    tolerated = _DIRTY * len(numbers)
    if len(with_point - with_comma) > tolerated >= len(with_comma - with_point):
        return styles[:1]
    if len(with_comma - with_point) > tolerated >= len(with_point - with_comma):
        return styles[1:]
    return styles


def _fits(text: str, point: str, thousands: str) -> bool:
    mark = re.escape(thousands)
    return re.fullmatch(f"([0-9]+|[0-9]{{1,3}}({mark}[0-9]{{3}})+)({re.escape(point)}[0-9]{{1,3}})?", text) is not None


def _is_date(text: str, form: str) -> bool:
    try:
        day_reader(form)(text)
    except RefusedValueError:
        return False
    return True


def _distinct(cells: Sequence[Any]) -> list[str]:
    texts = dict.fromkeys(cell.strip() for cell in cells if isinstance(cell, str))
    return [text for text in texts if text][:MOST_VALUES]


def _decided(formats: Sequence[str], name: str, column: str, cells: Sequence[str]) -> str:
    if len(formats) == 1:
        return formats[0]
    example = cells[0] if cells else ""
    if not formats:
        raise UnreadableFileError(
            f"column {column!r} holds no dates that Dunwell knows (such as {example!r}); "
            f"write its format into the mapping: {name}: {{column: {column}, date: ...}}"
        )
    raise UnreadableFileError(
        f"the dates of column {column!r} (such as {example!r}) fit {' and '.join(formats)}; "
        f'write the right one into the mapping: {name}: {{column: {column}, date: "{formats[0]}"}}'
    )


def _decided_amount(styles: Sequence[tuple[str, str]], name: str, column: str, cells: Sequence[str]) -> Style:
    if len(styles) == 1:
        return {"decimal": styles[0][0], "thousands": styles[0][1]}
    example = next((text for text in cells if "." in text or "," in text), "")
    raise UnreadableFileError(
        f"the amounts of column {column!r} (such as {example!r}) may have a decimal point or a decimal comma; "
        f'write the right one into the mapping: {name}: {{column: {column}, decimal: "."}} or decimal: ","'
    )
