"""How customers pay: the latent habits behind the delays.

A habit is never written to the file; it only drives settlement. Numbers are days relative to the due date,
negative for early. Every habit adds a customer's own offset, noise, a season (slower in August and
December), a payday or payment-run effect, and an effect of the amount: what is large against the
customer's own usual invoice is paid later.
"""

import math
import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

MAX_DELAY_DAYS = 118  # whoever is later than this has been handed over and is no longer in the portfolio


@dataclass(frozen=True, slots=True)
class Habit:
    """One way of paying. `share` is its part of all customers; `amount_days` is the delay an invoice e
    times the customer's usual amount adds; `dispute_rate` is the share of invoices disputed; `delay(rng,
    age)` draws days late, where `age` runs from 0 (24 months ago) to 1 (as-of).
    """

    name: str
    share: float
    meaning: str
    offset_days: tuple[float, float]
    amount_days: float
    dispute_rate: float
    delay: Callable[[random.Random, float], float]


def _steady(spread: float) -> Callable[[random.Random, float], float]:
    return lambda rng, age: rng.gauss(0, spread)


def _forgets(rng: random.Random, age: float) -> float:
    return rng.expovariate(1 / 11) + 3 if rng.random() < 0.38 else rng.gauss(-5, 3)


def _worsens(rng: random.Random, age: float) -> float:
    return 52 * max(0.0, age - 0.55) / 0.45 + rng.gauss(0, 4 + 7 * age)


def _short_of_cash(rng: random.Random, age: float) -> float:
    return rng.lognormvariate(math.log(26), 0.9) - 14


HABITS: tuple[Habit, ...] = (
    Habit("reliable", 0.34, "pays a few days early, hardly ever late", (-12, -2), 0.8, 0.02, _steady(4)),
    Habit("forgetful", 0.19, "pays on time unless it slips, then within weeks", (-3, 3), 0.5, 0.02, _forgets),
    Habit("slow_but_sure", 0.14, "always late by about the same", (7, 24), 1.5, 0.03, _steady(4)),
    Habit("deteriorating", 0.08, "was good, slips further each month", (-8, 0), 2.5, 0.03, _worsens),
    Habit("cash_strapped", 0.08, "pays when it can, large ones last", (-4, 14), 6.0, 0.04, _short_of_cash),
    Habit("disputing", 0.05, "disputes a third of what it gets", (-4, 4), 2.0, 0.33, _steady(5)),
    Habit("gone_quiet", 0.05, "paid, and then stopped", (-10, 3), 1.0, 0.02, _steady(5)),
    Habit("new", 0.07, "first invoice within the last quarter", (-8, 12), 1.0, 0.02, _steady(6)),
)

DISPUTE_DELAY_DAYS = (12, 60)


def pick_habit(rng: random.Random) -> Habit:
    """Draws a habit by its share."""
    return rng.choices(HABITS, weights=[h.share for h in HABITS])[0]


def season_days(due_on: date) -> float:
    """Extra days in the slow months: holidays in August, year end in December."""
    return {8: 3.0, 12: 4.0, 1: 1.5}.get(due_on.month, 0.0)


def draw_delay_days(
    habit: Habit,
    rng: random.Random,
    *,
    offset: float,
    age: float,
    due_on: date,
    log_ratio: float,
    disputed: bool,
) -> int:
    """Days after (positive) or before the due date on which this invoice is paid, at most
    `MAX_DELAY_DAYS`.
    """
    days = offset + habit.delay(rng, age) + season_days(due_on) + habit.amount_days * log_ratio
    if disputed:
        days += rng.uniform(*DISPUTE_DELAY_DAYS)
    return min(MAX_DELAY_DAYS, round(days))
