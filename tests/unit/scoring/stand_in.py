"""A scorer small enough to check by hand."""

from collections.abc import Sequence
from datetime import date
from math import exp

from dunwell.scoring.facts import InvoiceFacts
from dunwell.scoring.features import FEATURE_NAMES, NEUTRAL_VALUES
from dunwell.scoring.ports import Forecast, ModelVersion, Scorer
from dunwell.scoring.score import CustomerScore, score_customers

MODEL = ModelVersion("by_hand", "1", "0" * 64, "MC-TEST", FEATURE_NAMES, (0, 30, 90))
WEIGHTS = {"late_ratio": 4.0, "days_overdue": 0.05, "amount_ratio": 0.5, "has_history": -0.4}


class ByHandScorer:
    """Logistic in four features; each later horizon is two less on the log odds. Remembers each call."""

    model = MODEL

    def __init__(self) -> None:
        self.calls: list[int] = []

    def forecasts(self, rows: Sequence[Sequence[float]]) -> list[Forecast]:
        self.calls.append(len(rows))
        return [Forecast(self.one(row), (-1.0, 0.0, 1.0), self._effects(row)) for row in rows]

    def one(self, row: Sequence[float]) -> tuple[float, ...]:
        z = sum(weight * row[FEATURE_NAMES.index(name)] for name, weight in WEIGHTS.items()) - 2
        return tuple(1 / (1 + exp(2 * n - z)) for n in range(3))

    def _effects(self, row: Sequence[float]) -> list[list[float]]:
        now = self.one(row)
        without = [self.one([*row[:i], neutral, *row[i + 1 :]]) for i, neutral in enumerate(NEUTRAL_VALUES)]
        return [[now[column] - other[column] for other in without] for column in range(3)]


def score_customer(facts: Sequence[InvoiceFacts], as_of: date, scorer: Scorer) -> CustomerScore:
    """One customer's score."""
    return score_customers([facts], as_of, scorer)[0]
