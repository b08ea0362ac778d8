"""JSON Lines: one object a line. Numbers keep the digits that the file has."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from dunwell.ingestion.cells import Row
from dunwell.ingestion.mapping import TableMapping
from dunwell.ingestion.paths import members, text_at
from dunwell.ingestion.reading.content import damaged
from dunwell.ingestion.records import Reject
from dunwell.ingestion.rows import DELETED_AT
from dunwell.ingestion.values import plain_decimal

_FIX = "write one JSON object a line"


@dataclass(slots=True)
class Objects:
    """The objects of a block of lines, the line of each, and what was wrong with others."""

    lines: list[int] = field(default_factory=list)
    values: list[dict[str, Any]] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)


def object_blocks(blocks: Iterable[list[str]], first_line: int) -> Iterator[Objects]:
    """The objects of a text's lines, a block at a time."""
    line = first_line
    for block in blocks:
        found = Objects()
        for at, text in enumerate(block, line):
            value = read_object(text)
            if isinstance(value, dict):
                found.lines.append(at)
                found.values.append(value)
            elif value is not None:
                found.rejects.append(Reject(at, "", "", value, _FIX))
        line += len(block)
        yield found


def read_object(text: str) -> dict[str, Any] | str | None:
    """The object of a line; None for a blank line; text says why there is none."""
    if not text.strip():
        return None
    try:
        value = json.loads(text, parse_float=plain_decimal, parse_int=str, parse_constant=_no_number)
    except (ValueError, RecursionError):
        return "the line is not JSON"
    if not isinstance(value, dict):
        return "the line is JSON but no object"
    return "the line is not text in the file's encoding" if damaged(text) else value


def _no_number(text: str) -> Any:
    raise ValueError(text)


def rows_for(table: TableMapping, values: Sequence[dict[str, Any]]) -> dict[str, list[Any]]:
    """The cells of some objects by the paths that a table reads."""
    lists = {rule.each for rule in table.fields.values() if rule.each}
    columns: dict[str, list[Any]] = {
        path: [members(value, path) if path in lists else text_at(value, path) for value in values]
        for path in table.read_columns | set(table.only)
    }
    if any(value.get(DELETED_AT) for value in values):
        columns[DELETED_AT] = [text_at(value, DELETED_AT) for value in values]
    return columns


def takes(table: TableMapping, value: Row) -> bool:
    """Whether an object is one of a table's by the values that the table asks for."""
    return all(text_at(value, path) in allowed for path, allowed in table.only.items())
