"""What was found out about a file before its rows were read: enough to read any part of it by itself."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

from dunwell.errors import InvalidInputError


class Format(StrEnum):
    """How a file holds its rows."""

    DELIMITED = "delimited"
    JSON_LINES = "json_lines"
    SINGER = "singer"
    WORKBOOK = "workbook"


SPLITTABLE = frozenset({Format.DELIMITED, Format.JSON_LINES})
"""Formats of which any range of rows can be read by itself."""


@dataclass(frozen=True, slots=True)
class Layout:
    """How to read a file, without looking at its beginning again.

    Attributes:
        source, tables: the mapping that reads it, and which of its tables; of several, each row is the first's that
            takes it.
        header: the columns of delimited text; first_line: the line of the first row, the file's first line being 1.
        styles: canonical field → options that were inferred.
    """

    format: Format
    source: str
    tables: tuple[str, ...] = ()
    encoding: str = "utf-8"
    delimiter: str = ","
    header: tuple[str, ...] = ()
    first_line: int = 1
    styles: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    @property
    def table(self) -> str:
        """The only table, or empty when rows may be of several."""
        return self.tables[0] if len(self.tables) == 1 else ""

    @property
    def splittable(self) -> bool:
        """Whether ``record_boundaries`` can divide the file."""
        return self.format in SPLITTABLE and not self.encoding.startswith("utf-16")

    def as_json(self) -> dict[str, Any]:
        """For a state machine's input or a message."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Layout":
        """What ``as_json`` gave.

        Raises:
            InvalidInputError: something else.
        """
        try:
            lists = {name: tuple(data[name]) for name in ("tables", "header")}
            known = {**data, **lists, "format": Format(data["format"])}
            return cls(**known)
        except (KeyError, TypeError, ValueError) as error:
            raise InvalidInputError(f"this is no layout of a file: {error}") from None
