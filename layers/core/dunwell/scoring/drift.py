"""Whether what the model sees now is spread as what it was trained on: the population stability index."""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import log
from typing import Any

LEAST_SHARE = 1e-4  # an empty tenth would make the index infinite
DIGITS = 4  # the model reads numbers in single precision: what differs later is the same number
WATCH, ACT = 0.10, 0.25  # the field's customary bounds
FEWEST_INVOICES = 200  # below, chance alone gives an index of about 0.05 and more


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
    """One feature or score then and now. `index` is None when there are too few rows to say."""

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


def read_reference(record: Mapping[str, Any]) -> dict[str, Spread]:
    """The training reference of a model's record, by name; empty for a model without one."""
    spread = record.get("reference", {}).get("spread", {})
    return {name: Spread(tuple(one["up_to"]), tuple(one["shares"])) for name, one in spread.items()}


def drifts(reference: Mapping[str, Spread], columns: Mapping[str, Sequence[float]], of: int) -> list[Drift]:
    """Every column that the reference knows, the largest index first. `of`: how many invoices the values are about;
    several of one are alike, and tell a change from chance no better than one.
    """
    found = [
        _drift(name, reference[name], values, is_enough=of >= FEWEST_INVOICES)
        for name, values in columns.items()
        if name in reference
    ]
    return sorted(found, key=lambda one: -(one.index or 0.0))


def _drift(name: str, then: Spread, values: Sequence[float], *, is_enough: bool) -> Drift:
    now = then.shares_of(values)
    index = round(stability_index(then.shares, now), 4) if is_enough else None
    return Drift(name, index, then.shares, tuple(round(share, 4) for share in now))


def stability_index(then: Sequence[float], now: Sequence[float]) -> float:
    """The population stability index of two spreads over the same groups: 0 when they are alike."""
    pairs = [(max(a, LEAST_SHARE), max(b, LEAST_SHARE)) for a, b in zip(then, now, strict=True)]
    return sum((b - a) * log(b / a) for a, b in pairs)
