"""Where rows went."""

from dataclasses import dataclass

from dunwell.ingestion.records import Reject, Row


@dataclass(frozen=True, slots=True)
class Tally:
    """Where a customer's rows went; ``in_ledger``, ``later`` and ``rejects`` add up to the rows given.

    Attributes:
        written: rows of ``in_ledger`` that brought something new.
        taken: the rows of ``in_ledger``.
        lasting: those of them that would change nothing if they came again, on whatever day.
    """

    in_ledger: int = 0
    later: int = 0
    rejects: tuple[Reject, ...] = ()
    written: int = 0
    taken: tuple[Row, ...] = ()
    lasting: tuple[Row, ...] = ()
