"""A scorer small enough to check by hand."""

from collections.abc import Sequence
from math import exp

from dunwell.scoring.features import FEATURE_NAMES
from dunwell.scoring.ports import ModelVersion

MODEL = ModelVersion("by_hand", "1", "0" * 64, "MC-TEST", FEATURE_NAMES, (0, 30, 90))
WEIGHTS = {"late_ratio": 4.0, "days_overdue": 0.05, "amount_ratio": 0.5, "has_history": -0.4}


class ByHandScorer:
    """Logistic in four features; each later horizon is two less on the log odds. Remembers each call."""

    model = MODEL

    def __init__(self) -> None:
        self.calls: list[int] = []

    def probabilities(self, rows: Sequence[Sequence[float]]) -> list[tuple[float, ...]]:
        self.calls.append(len(rows))
        return [self._one(row) for row in rows]

    def _one(self, row: Sequence[float]) -> tuple[float, ...]:
        z = sum(weight * row[FEATURE_NAMES.index(name)] for name, weight in WEIGHTS.items()) - 2
        return tuple(1 / (1 + exp(2 * n - z)) for n in range(3))
