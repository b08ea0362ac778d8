"""The geometry of small pictures over days, in whole units of their own coordinate system."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

WIDTH, HEIGHT = 300, 72
_EDGE = 6  # so that the last point is not cut


@dataclass(frozen=True, slots=True)
class Curve:
    """A curve from 0 (below) to 1000 permille (above); each point is x and y."""

    points: tuple[tuple[int, int], ...]
    first_on: date
    last_on: date

    @property
    def line(self) -> str:
        """The points as SVG writes them."""
        return " ".join(f"{x},{y}" for x, y in self.points)


def curve(values: Sequence[tuple[date, int]]) -> Curve | None:
    """A curve through these days' permilles, in their order; None for fewer than two days."""
    if len(values) < 2:
        return None
    first_on, last_on = values[0][0], values[-1][0]
    days = max(1, (last_on - first_on).days)
    return Curve(
        tuple(
            (
                _EDGE + (day - first_on).days * (WIDTH - 2 * _EDGE) // days,
                HEIGHT - _EDGE - permille * (HEIGHT - 2 * _EDGE) // 1000,
            )
            for day, permille in values
        ),
        first_on,
        last_on,
    )


@dataclass(frozen=True, slots=True)
class Span:
    """Days of one thing on a scale that it shares with others; each is the x of a day."""

    earliest: int
    expected: int
    latest: int


@dataclass(frozen=True, slots=True)
class Spans:
    """Spans by what they are of, on one scale from ``first_on`` (left) to ``last_on`` (right)."""

    by_id: Mapping[str, Span]
    first_on: date
    last_on: date


def spans(values: Mapping[str, tuple[date, date, date]], today: date) -> Spans | None:
    """Spans of (earliest, expected, latest) days on a scale that begins today; None for none.

    A day before the first is drawn on the first: what was to come by then has not.
    """
    if not values:
        return None
    last_on = max(today, *(latest for _, _, latest in values.values()))
    days = max(1, (last_on - today).days)

    def x(day: date) -> int:
        return _EDGE + max(0, (day - today).days) * (WIDTH - 2 * _EDGE) // days

    return Spans({of: Span(x(a), x(b), x(c)) for of, (a, b, c) in values.items()}, today, last_on)
