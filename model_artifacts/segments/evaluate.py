"""What holds the segments steady, and what they are worth: measured on portfolios and days not learned from."""

import random
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise
from statistics import mean, median
from typing import Any

from sklearn.metrics import adjusted_rand_score

from dunwell.scoring.facts import InvoiceFacts
from dunwell.scoring.segments import SEGMENT_NAMES, SegmentModel, segment
from infra.local.portfolio import habit_of_customer
from model_artifacts.late_payment.dataset import Ledger
from model_artifacts.segments.learn import Floats, MeaningError, TrainingRows, centroids, measures_of

RESAMPLINGS = 30
WEEKS = 26
WORSENING_DAYS = 328
LONG_LATE_DAYS = 30
Found = dict[str, Any]


def resampled(rows: TrainingRows, measures: Floats, model: SegmentModel) -> Found:
    """Learning again from the training's customers drawn with repetition: how alike the names are that these other rows
    get. A drawing that would have lost a name (training stops then) is counted and left out.
    """
    learned_from = measures_of(rows.known)
    own = [model.nearest(row) for row in measures]
    indexes, same, lost = [], [], 0
    for seed in range(RESAMPLINGS):
        drawn = rows.drawn(seed)
        try:
            again = replace(model, centroids=centroids(learned_from[drawn], rows.weights[drawn]))
        except MeaningError:
            lost += 1
            continue
        names = [again.nearest(row) for row in measures]
        indexes.append(float(adjusted_rand_score(own, names)))
        same.append(mean(a == b for a, b in zip(own, names, strict=True)))
    return {
        "resamplings": RESAMPLINGS,
        "lost_a_name": lost,
        "rows": len(measures),
        "adjusted_rand_mean": round(mean(indexes or [0.0]), 3),
        "adjusted_rand_least": round(min(indexes, default=0.0), 3),
        "same_name_mean": round(mean(same or [0.0]), 4),
        "same_name_least": round(min(same, default=0.0), 4),
    }


def one_invoice_left_out(ledger: Ledger, day: date, model: SegmentModel) -> float:
    """Share of the customers whose segment stays when a random one of their invoices is unknown."""
    rng = random.Random(1)
    kept = []
    for facts in ledger.values():
        known = [one for one in facts if one.issued_on < day]
        if len(known) > 1:
            left_out = rng.randrange(len(known))
            rest = [one for index, one in enumerate(known) if index != left_out]
            kept.append(segment(known, day, model).name == segment(rest, day, model).name)
    return round(mean(kept), 4)


def changes_a_year(ledger: Ledger, last_day: date, model: SegmentModel) -> float:
    """Changes of segment a customer and year, looked at weekly for half a year; silence and its end, and the end of
    being new, are events and not counted.
    """
    days = [last_day - timedelta(weeks=back) for back in range(WEEKS, -1, -1)]
    changes = pairs = 0
    for facts in ledger.values():
        names = [segment(facts, day, model).name for day in days]
        for before, after in pairwise(names):
            if before != "new" and "gone_quiet" not in (before, after):
                pairs += 1
                changes += before != after
    return round(changes / pairs * 52, 2) if pairs else 0.0


def noticed(ledger: Ledger, seed: int, end: date, model: SegmentModel) -> Found:
    """Of the customers made to pay later and later from 328 days before the end on: how many are seen to by name
    (deteriorating, or cash-strapped already), and after how many days (median).
    """
    start = end - timedelta(days=WORSENING_DAYS)
    days = [start + timedelta(days=day) for day in range(0, WORSENING_DAYS, 7)]
    after = []
    worsening = [facts for number, facts in ledger.items() if habit_of_customer(number, seed) == "deteriorating"]
    for facts in worsening:
        found = (day for day in days if segment(facts, day, model).name in ("deteriorating", "cash_strapped"))
        if first := next(found, None):
            after.append((first - start).days)
    return {"customers": len(worsening), "noticed": len(after), "after_days": median(after) if after else None}


def later_payments(ledger: Ledger, day: date, end: date, model: SegmentModel) -> dict[str, Found]:
    """By the segment on a day: of the invoices issued from then on, how many were late and how late. Judged are
    those due more than 30 days before the end of the ledger.
    """
    issued: dict[str, list[InvoiceFacts]] = defaultdict(list)
    customers: Counter[str] = Counter()
    for facts in ledger.values():
        name = segment(facts, day, model).name
        customers[name] += 1
        judged = end - timedelta(days=LONG_LATE_DAYS)
        issued[name] += [one for one in facts if one.issued_on >= day and one.due_on < judged]
    return {name: _later(customers[name], issued[name], end) for name in SEGMENT_NAMES if customers[name]}


def _later(customers: int, invoices: Sequence[InvoiceFacts], end: date) -> Found:
    if not invoices:
        return {"customers": customers, "invoices": 0}
    late = [((one.settled_on or end) - one.due_on).days for one in invoices]
    return {
        "customers": customers,
        "invoices": len(invoices),
        "late": round(mean(days > 0 for days in late), 3),
        "over_30_days": round(mean(days > LONG_LATE_DAYS for days in late), 3),
        "days_late": round(mean(max(0, days) for days in late), 1),
    }


def spread_between(later: dict[str, Found]) -> float | None:
    """How much of the variance of being late lies between the segments (eta squared): 0 none, 1 all. None when it does
    not vary: no invoice was issued later, or all were late, or none.
    """
    rows: list[tuple[int, float]] = [
        (found["invoices"], found["late"]) for found in later.values() if found["invoices"]
    ]
    total = sum(count for count, _ in rows)
    overall = sum(count * late for count, late in rows) / max(1, total)
    if not 0 < overall < 1:
        return None
    between = sum(count * (late - overall) ** 2 for count, late in rows) / total
    return round(between / (overall * (1 - overall)), 3)


def agreement(ledger: Ledger, seed: int, day: date, model: SegmentModel) -> Found:
    """How often the segment is the latent habit that made the customer's payments, over all and habit by habit."""
    pairs = [(habit_of_customer(number, seed), segment(facts, day, model).name) for number, facts in ledger.items()]
    habits = Counter(habit for habit, _ in pairs)
    right = Counter(habit for habit, name in pairs if habit == name)
    by_habit = {habit: round(right[habit] / count, 3) for habit, count in sorted(habits.items())}
    return {"customers": len(pairs), "share": round(sum(right.values()) / len(pairs), 3), "by_habit": by_habit}
