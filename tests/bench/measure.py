"""Timing two ways of doing the same work, turn by turn, so that a busy machine is busy for both."""

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

Work = Callable[[], object]


@dataclass(frozen=True, slots=True)
class Spread:
    """Repetitions of one measurement in its unit."""

    median: float
    minimum: float
    maximum: float
    repetitions: int


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the results.

    Attributes:
        name: short and stable, for comparing runs; what: a sentence.
        unit: of ``ours`` and ``plain``.
        alternative: what ``plain`` is, empty without one; ratio: ``ours`` over ``plain``, medians.
        cost: round trips, read and write units, and Lambda time for one account, message or request.
        flags: budgets that were missed.
        usage: the cost in numbers, for the reckoning of a month.
    """

    name: str
    what: str
    unit: str
    ours: Spread
    alternative: str = ""
    plain: Spread | None = None
    cost: str = ""
    flags: tuple[str, ...] = ()
    usage: dict[str, float] = field(default_factory=dict)

    @property
    def ratio(self) -> float | None:
        return self.ours.median / self.plain.median if self.plain and self.plain.median else None

    def as_json(self) -> dict[str, Any]:
        return asdict(self) | {"ratio": self.ratio}


@dataclass(frozen=True, slots=True)
class Skipped:
    """A measurement that could not be made here, and why."""

    name: str
    reason: str


Result = Entry | Skipped


def spread(values: Sequence[float]) -> Spread:
    """Median and range of repetitions."""
    return Spread(statistics.median(values), min(values), max(values), len(values))


def rates(
    items: int, repetitions: int, ours: Work, plain: Work, clock: Callable[[], float] = time.perf_counter
) -> tuple[Spread, Spread]:
    """Items a second of both, measured in turn after one round that warms up.

    Args:
        clock: ``time.process_time`` for work of one core, which then does not depend on what else the machine does.
    """
    ours(), plain()
    turns = [(_rate(items, ours, clock), _rate(items, plain, clock)) for _ in range(repetitions)]
    return spread([mine for mine, _ in turns]), spread([other for _, other in turns])


def rate(items: int, repetitions: int, work: Work) -> Spread:
    """Items a second, after one round that warms up."""
    work()
    return spread([_rate(items, work) for _ in range(repetitions)])


def cpu_ms(items: int, work: Work) -> float:
    """Milliseconds of processor time an item, all threads together."""
    started = time.process_time()
    work()
    return 1000 * (time.process_time() - started) / items


def _rate(items: int, work: Work, clock: Callable[[], float] = time.perf_counter) -> float:
    started = clock()
    work()
    return items / (clock() - started)
