"""How a customer pays, as one curve over time.

A settlement's lateness is taken on the root scale: the root of the days taken less the root of the days
allowed. On it payments spread alike for quick and slow payers (days spread with their mean), and one very
late payment does not drown the rest. A level and a spread then give the chance of any lateness at any age of
an invoice, in closed form: a survival curve for each customer, from however few settlements there are.
"""

from collections.abc import Sequence
from itertools import accumulate, repeat
from math import exp, log, sqrt
from operator import mul
from typing import NamedTuple

MAX_TERMS_DAYS = 180
HABIT_INVOICES = 60  # older ones weigh under a twentieth by then
HABIT_DECAY = 0.95  # each older settlement weighs this much of the next
RECENT_HABIT_DECAY = 0.8

# What stands in for an unknown customer, and beside the few settlements of a young one, is what populations
# look like on the root scale: a third late, and as different from each other as one customer's own invoices.
SHRINK_INVOICES = 0.5
UNKNOWN_LEVEL, UNKNOWN_VARIANCE = -0.4, 0.4

LOGISTIC_SCALE = 1.702  # makes a logistic curve follow a normal one; its tails are longer, as payments' are
MIN_ODDS, MAX_ODDS = 1e-3, 1e3
MAX_EXPONENT = 50.0


def decayed(by: float, count: int) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """What each of up to `count` settlements weighs, the latest first, and what the latest so many weigh together."""
    weights = tuple(accumulate(repeat(by, count - 1), mul, initial=1.0))
    return weights, tuple(accumulate(weights, initial=0.0))


_WEIGHTS, _WEIGHT_OF = decayed(HABIT_DECAY, HABIT_INVOICES)
_RECENT_WEIGHTS, _RECENT_WEIGHT_OF = decayed(RECENT_HABIT_DECAY, HABIT_INVOICES)


class Habit(NamedTuple):
    """A customer's settlements on the root scale: their level and spread, the level of the last few, and the
    spread to expect of the next (which an unsure level widens).
    """

    level: float
    recent_level: float
    spread: float
    expected_spread: float

    def log_odds_beyond(self, horizons_days: Sequence[int], terms_days: int, open_days: int) -> list[float]:
        """Log odds of settlement more than each of the horizons past due, for an invoice that was due after
        `terms_days` and has been open for `open_days`.
        """
        allowed = sqrt(terms_days)
        passed = self._odds_within(open_days, allowed)
        found = []
        for horizon in horizons_days:
            beyond = self._odds_within(terms_days + horizon, allowed)
            odds = (1 + passed) / (beyond - passed) if beyond > passed else MAX_ODDS
            found.append(log(MIN_ODDS if odds < MIN_ODDS else MAX_ODDS if odds > MAX_ODDS else odds))
        return found

    def log_odds_of(self, shift: float) -> float:
        """What paying later by so much on the root scale adds to the log odds of being late, at issue."""
        return LOGISTIC_SCALE * shift / self.expected_spread

    def shifted(self, shift: float) -> "Habit":
        """The habit with its level moved by so much on the root scale."""
        return self._replace(level=self.level + shift) if shift else self

    def _odds_within(self, days: int, root_of_terms: float) -> float:
        """Odds of settlement within so many days of issue; none before the first is over."""
        if days <= 0:
            return 0.0
        scaled = LOGISTIC_SCALE * (sqrt(days + 0.5) - root_of_terms - self.level) / self.expected_spread
        return exp(scaled if scaled < MAX_EXPONENT else MAX_EXPONENT)


def root_lateness(taken_days: int, allowed_days: int) -> float:
    """Lateness on the root scale; a settlement before issue counts as one on the day of issue."""
    if 0 <= allowed_days <= MAX_TERMS_DAYS and taken_days >= 0:
        return sqrt(taken_days) - sqrt(allowed_days)
    return sqrt(max(0, taken_days)) - sqrt(min(MAX_TERMS_DAYS, max(0, allowed_days)))


def habit(lateness: Sequence[float]) -> Habit:
    """The habit behind settlements on the root scale, in their order; no more than the last `HABIT_INVOICES` count."""
    latest_first = lateness[: -HABIT_INVOICES - 1 : -1]
    count = len(latest_first)
    weights = SHRINK_INVOICES + _WEIGHT_OF[count]
    level = (SHRINK_INVOICES * UNKNOWN_LEVEL + sum(map(mul, latest_first, _WEIGHTS))) / weights
    off_level = [value - level for value in latest_first]
    variance = (sum(map(mul, off_level, off_level)) + SHRINK_INVOICES * UNKNOWN_VARIANCE) / (count + SHRINK_INVOICES)
    recent_total = sum(map(mul, latest_first, _RECENT_WEIGHTS)) + SHRINK_INVOICES * level
    recent = recent_total / (SHRINK_INVOICES + _RECENT_WEIGHT_OF[count])
    return Habit(level, recent, sqrt(variance), sqrt(variance + UNKNOWN_VARIANCE / weights))


UNKNOWN_HABIT = habit(())
