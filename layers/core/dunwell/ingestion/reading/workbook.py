"""The port to workbooks: what the core needs of whatever opens them."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Sheet:
    """One sheet.

    Attributes:
        rows: each row's cells as text, from the first row on. What the workbook itself typed as a date or a number
            is ``cells.Exact``: an ISO date, or plain digits with a dot.
    """

    name: str
    rows: Iterator[Sequence[str]]


Workbook = Callable[[Iterable[bytes]], Iterable[Sheet]]
"""Opens a workbook from its bytes. Raises ``UnreadableFileError`` when it is none."""
