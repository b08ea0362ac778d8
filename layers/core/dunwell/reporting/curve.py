"""The geometry of a small curve of shares over days, in whole units of its own coordinate system."""

from collections.abc import Sequence
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
