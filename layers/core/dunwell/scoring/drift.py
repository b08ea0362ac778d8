"""Whether what the model sees now is spread as what it was trained on or saw first: the population stability index.

Chance alone moves a spread. Of two samples from one portfolio the index is spread as chi square, with a degree of
freedom for every group but one, times the sum of one over each sample's size; the mean and two standard deviations of
that are taken off. The size is counted in customers, since the rows of one are alike.
"""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import log, sqrt
from typing import Any

from dunwell.scoring.model_data import mapping_of, numbers_of

LEAST_SHARE = 1e-4  # an empty tenth would make the index infinite
DIGITS = 4  # the model reads numbers in single precision: what differs later is the same number
WATCH, ACT = 0.10, 0.25  # the field's customary bounds
CHANCE_ERRORS = 2.0
FEWEST_CUSTOMERS = 100  # below, groups are so small that chance may give twice of what is taken off for it


@dataclass(frozen=True, slots=True)
class Spread:
    """How a feature or score was spread: the upper edges of all groups but the last, and the share in each."""

    up_to: tuple[float, ...]
    shares: tuple[float, ...]

    def shares_of(self, values: Sequence[float]) -> tuple[float, ...]:
        """The shares of these values in the same groups."""
        counts = [0] * len(self.shares)
        for value in values:
            counts[bisect_left(self.up_to, round(value, DIGITS))] += 1
        return tuple(count / max(1, len(values)) for count in counts)


def spread_of(values: Sequence[float]) -> Spread:
    """How these are spread over their own tenths; fewer groups where many are the same. ValueError when empty."""
    if not values:
        raise ValueError("Nothing has no spread.")
    ordered = sorted(round(value, DIGITS) for value in values)
    edges = tuple(sorted({ordered[len(ordered) * tenth // 10] for tenth in range(1, 10)}))
    return Spread(edges, Spread(edges, (0.0,) * (len(edges) + 1)).shares_of(values))


@dataclass(frozen=True, slots=True)
class Drift:
    """One feature or score then and now. `index` is the stability index beyond what chance may give, None when there
    are too few customers to say.
    """

    name: str
    index: float | None
    then: tuple[float, ...]
    now: tuple[float, ...]

    @property
    def level(self) -> str:
        """``steady``, ``watch``, ``act`` or ``unknown``."""
        if self.index is None:
            return "unknown"
        return "act" if self.index > ACT else "watch" if self.index > WATCH else "steady"


def read_spreads(plain: Any) -> dict[str, Spread]:
    """The spreads, by name, of a reference as it is kept or stands on a model's record; empty where there are none.

    Raises:
        ValueError: it has another form.
    """
    spread = mapping_of(mapping_of(plain, "the reference").get("spread", {}), "spread")
    return {name: _read_spread(name, mapping_of(one, name)) for name, one in spread.items()}


def _read_spread(name: str, plain: Mapping[str, Any]) -> Spread:
    up_to = numbers_of(plain.get("up_to"), f"the edges of {name}")
    if list(up_to) != sorted(up_to):
        raise ValueError(f"the edges of {name} are not in their order")
    return Spread(up_to, numbers_of(plain.get("shares"), f"the shares of {name}", len(up_to) + 1, 0))


def drifts(
    reference: Mapping[str, Spread], columns: Mapping[str, Sequence[float]], customers: tuple[int, int]
) -> list[Drift]:
    """Every column that the reference knows, the largest index first.

    Args:
        customers: how many the reference is made of, and how many the columns are; 0: too many for chance to count.
    """
    found = [_drift(name, reference[name], values, customers) for name, values in columns.items() if name in reference]
    return sorted(found, key=lambda one: -(one.index or 0.0))


def _drift(name: str, then: Spread, values: Sequence[float], customers: tuple[int, int]) -> Drift:
    now = then.shares_of(values)
    index = None
    if customers[1] >= FEWEST_CUSTOMERS:
        index = round(max(0.0, stability_index(then.shares, now) - _by_chance(len(then.shares), customers)), 4)
    return Drift(name, index, then.shares, tuple(round(share, 4) for share in now))


def _by_chance(groups: int, customers: tuple[int, int]) -> float:
    freedom = groups - 1
    return (freedom + CHANCE_ERRORS * sqrt(2 * freedom)) * sum(1 / count for count in customers if count)


def stability_index(then: Sequence[float], now: Sequence[float]) -> float:
    """The population stability index of two spreads over the same groups: 0 when they are alike."""
    pairs = [(max(a, LEAST_SHARE), max(b, LEAST_SHARE)) for a, b in zip(then, now, strict=True)]
    return sum((b - a) * log(b / a) for a, b in pairs)
