"""How a customer pays, as one curve over time.

A settlement's lateness is taken on the root scale: the root of the days taken less the root of the days
allowed. On it payments spread alike for quick and slow payers (days spread with their mean), and one very
late payment does not drown the rest. A level and a spread then give the chance of any lateness at any age of
an invoice, in closed form: a survival curve for each customer, from however few settlements there are.
"""

from collections.abc import Sequence
from math import exp, log, sqrt
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
    """The habit behind settlements on the root scale, given in their order (the last `HABIT_INVOICES`)."""
    weight, weights, total = 1.0, SHRINK_INVOICES, SHRINK_INVOICES * UNKNOWN_LEVEL
    recent_weight, recent_weights, recent_total = 1.0, SHRINK_INVOICES, 0.0
    for value in reversed(lateness):
        total += weight * value
        weights += weight
        recent_total += recent_weight * value
        recent_weights += recent_weight
        weight *= HABIT_DECAY
        recent_weight *= RECENT_HABIT_DECAY
    level = total / weights
    squares = sum([(value - level) ** 2 for value in lateness])
    variance = (squares + SHRINK_INVOICES * UNKNOWN_VARIANCE) / (len(lateness) + SHRINK_INVOICES)
    recent = (recent_total + SHRINK_INVOICES * level) / recent_weights
    return Habit(level, recent, sqrt(variance), sqrt(variance + UNKNOWN_VARIANCE / weights))


UNKNOWN_HABIT = habit(())
