"""What the model sees of an invoice, at a moment, from what was known at that moment.

Known at `as_of` are the invoices issued before it and the settlements made before it. An invoice settled
later counts as open. How an invoice was sent is known from the day of issue. Nothing here is, or stands for, sex,
age, marital status, name, address, language or a dispute: a dispute is the customer's right and holds collection
up, it does not lower a score. An invoice wholly in dispute is neither open nor past due, and days in dispute are no
days late (`InvoiceFacts.held`). What was credited is left out; what was written off as lost counts as long late.

Ratios and averages are shrunk towards a neutral value, so that one late invoice does not make a late
payer, and a customer without history sits at neutral with `has_history` 0 rather than at a zero that would
mean "always on time".
"""

from bisect import bisect_right
from calendar import monthrange
from collections.abc import Iterable, Sequence
from datetime import date
from itertools import compress
from math import log, log1p, sqrt
from operator import mul
from typing import NamedTuple

from dunwell.scoring.delivery import NO_OFFSETS, DeliveryOffsets, code_of
from dunwell.scoring.facts import InvoiceFacts
from dunwell.scoring.habit import (
    HABIT_INVOICES,
    MAX_TERMS_DAYS,
    UNKNOWN_HABIT,
    Habit,
    decayed,
    habit,
    root_lateness,
)
from dunwell.scoring.known import Known, is_open, known_at

NEUTRAL_LATE_RATIO = 0.3
NEUTRAL_LONG_LATE_RATIO = 0.05
NEUTRAL_SPREAD_DAYS = 6.0
NEUTRAL_SINCE_SETTLEMENT_DAYS = 30.0
SHRINK_INVOICES = 2.0  # how many neutral invoices stand beside a customer's own
RECENT_INVOICES = 3
RECENT_HISTORY = 30  # older ones weigh a thousandth by then
MONTH_END_DAYS = 3
SHORTEST_MONTH = 28
RECENCY_DECAY = 0.8  # each older invoice weighs this much of the next
LONG_LATE_DAYS = 30
HORIZONS_DAYS = (0, LONG_LATE_DAYS, 90)
_FROM_HERE = ("late_from_here", "long_late_from_here", "very_late_from_here")  # at these horizons

_NEUTRAL: dict[str, float] = {
    "has_history": 1.0,
    "settled_count": log1p(6),
    "late_ratio": NEUTRAL_LATE_RATIO,
    "recent_late_ratio": NEUTRAL_LATE_RATIO,
    "late_ratio_with_open": NEUTRAL_LATE_RATIO,
    "mean_days_late": 0.0,
    "median_days_late": 0.0,
    "recent_days_late": 0.0,
    "days_late_spread": NEUTRAL_SPREAD_DAYS,
    "days_late_trend": 0.0,
    "long_late_ratio": NEUTRAL_LONG_LATE_RATIO,
    "habit_level": UNKNOWN_HABIT.level,
    "recent_habit_level": UNKNOWN_HABIT.recent_level,
    "habit_spread": UNKNOWN_HABIT.spread,
    **dict(zip(_FROM_HERE, UNKNOWN_HABIT.log_odds_beyond(HORIZONS_DAYS, 30, 0), strict=True)),
    "days_since_settlement": NEUTRAL_SINCE_SETTLEMENT_DAYS,
    "amount_ratio": 0.0,
    "terms_days": 30.0,
    "due_at_month_end": 0.0,
    "due_on_weekend": 0.0,
    "days_to_due": 15.0,
    "days_overdue": 0.0,
    "other_open_count": log1p(1),
    "other_overdue_count": 0.0,
    "other_overdue_share": 0.0,
    "other_oldest_overdue_days": 0.0,
    # New ones come last: an older model, and a line of the log, hold the first so many.
    "delivery_log_odds": 0.0,
    "delivery_lateness": 0.0,
}
FEATURE_NAMES: tuple[str, ...] = tuple(_NEUTRAL)
NEUTRAL_VALUES: tuple[float, ...] = tuple(_NEUTRAL.values())
DAYS_OVERDUE = FEATURE_NAMES.index("days_overdue")
UNSAID_AT_NEUTRAL = frozenset({"delivery_log_odds", "delivery_lateness"})
"""Features that are neutral where the source says nothing: that is no sign that the portfolio has changed."""


class CustomerFeatures(NamedTuple):
    """What all of a customer's invoices share at `as_of`: computed once, used for each."""

    as_of: date
    settled_count: int
    history: tuple[float, ...]  # has_history … long_late_ratio, without late_ratio_with_open
    habit: Habit
    late_count: int
    given_up_count: int
    days_since_settlement: float
    log_amounts: dict[str, tuple[float, int]]  # by currency: sum and count
    open_count: int
    overdue_days: tuple[int, ...]  # of open invoices past due, descending
    offsets: DeliveryOffsets  # taken out of the habit
    through: date  # the last day of which anything is known


def customer_features(
    history: Iterable[InvoiceFacts], as_of: date, offsets: DeliveryOffsets = NO_OFFSETS
) -> CustomerFeatures:
    """Sums up a customer's history as known at `as_of`; one pass and one sort over it. `offsets` are the model's."""
    return features_of(known_at(history, as_of), offsets)


def features_of(known: Known, offsets: DeliveryOffsets = NO_OFFSETS) -> CustomerFeatures:
    """Sums up what is known of a customer, the habit free of how each invoice was sent."""
    as_of, settled = known.as_of, known.settled
    delays = [days if -90 < days < 180 else _clip(days) for _, days, _, _ in settled]
    by_size = sorted(delays)
    overdue = [days for invoice in known.open if (days := invoice.days_past_due(as_of)) > 0]
    since = (as_of - settled[-1][0]).days if settled else NEUTRAL_SINCE_SETTLEMENT_DAYS
    return CustomerFeatures(
        as_of=as_of,
        settled_count=len(settled),
        history=_history(delays, by_size, len(known.given_up)),
        habit=habit(
            [  # as root_lateness does, which a call apiece would cost more than the roots themselves
                sqrt(late + allowed) - sqrt(allowed) - offsets[sent]
                if 0 <= allowed <= MAX_TERMS_DAYS and late + allowed >= 0
                else root_lateness(late + allowed, allowed) - offsets[sent]
                for _, late, allowed, sent in settled[-HABIT_INVOICES:]
            ]
        ),
        late_count=_beyond(by_size, 0),
        given_up_count=len(known.given_up),
        days_since_settlement=min(365.0, since),
        log_amounts=_log_amounts(known.invoices),
        open_count=len(known.open),
        overdue_days=tuple(sorted(overdue, reverse=True)),
        offsets=offsets,
        through=known.through,
    )


def invoice_features(invoice: InvoiceFacts, customer: CustomerFeatures) -> tuple[float, ...]:
    """The model's input for one open invoice of this customer, in the order of `FEATURE_NAMES`."""
    due_on = invoice.due_on
    days_past_due = _clip(invoice.days_past_due(customer.as_of))
    counted = invoice.issued_on <= customer.through  # then the customer's sums hold this invoice too
    counted_open = counted and is_open(invoice, customer.through)
    has_history, settled_count, late_ratio, recent_late_ratio, *days_late = customer.history
    overdue_count, oldest = _others_overdue(customer, days_past_due if counted_open else 0)
    open_count = customer.open_count - counted_open
    terms = min(MAX_TERMS_DAYS, max(0, (due_on - invoice.issued_on).days))
    open_days = terms + days_past_due
    unpaid_count = overdue_count + customer.given_up_count
    shift = 0.0 if invoice.delivery is None else customer.offsets[code_of(invoice.delivery)]
    return (
        has_history,
        settled_count,
        late_ratio,
        recent_late_ratio,
        _shrunk(customer.late_count + unpaid_count, customer.settled_count + unpaid_count),
        *days_late,
        customer.habit.level,
        customer.habit.recent_level,
        customer.habit.spread,
        *customer.habit.log_odds_beyond(HORIZONS_DAYS, terms, open_days),
        customer.days_since_settlement,
        _amount_ratio(invoice, customer, counted),
        float(terms),
        float(_is_at_month_end(due_on)),
        float(due_on.weekday() >= 5),
        float(max(0, -days_past_due)),
        float(max(0, days_past_due)),
        log1p(open_count),
        log1p(overdue_count),
        overdue_count / open_count if open_count else 0.0,
        float(oldest),
        customer.habit.log_odds_of(shift) if shift else 0.0,
        shift,
    )


def features(
    invoice: InvoiceFacts, history: Sequence[InvoiceFacts], as_of: date, offsets: DeliveryOffsets = NO_OFFSETS
) -> tuple[float, ...]:
    """One invoice's features in one call. For many of one customer, share `customer_features`. `history`
    holds the customer's invoices, this one among them or not.
    """
    others = [other for other in history if other.invoice_id != invoice.invoice_id]
    return invoice_features(invoice, customer_features([*others, invoice], as_of, offsets))


def _clip(days: int) -> int:
    return -90 if days < -90 else 180 if days > 180 else days


def _is_at_month_end(day: date) -> bool:
    """Whether it is one of the last days of its month; none of the first 25 ever is."""
    return day.day > SHORTEST_MONTH - MONTH_END_DAYS and day.day + MONTH_END_DAYS > monthrange(day.year, day.month)[1]


def _log_amount(invoice: InvoiceFacts) -> float:
    return log(invoice.amount_minor or 1)


def _log_amounts(invoices: list[InvoiceFacts]) -> dict[str, tuple[float, int]]:
    """By currency: the sum of the logs of the amounts, and how many they are."""
    logs = [log(invoice.amount_minor or 1) for invoice in invoices]
    if invoices and [invoice.currency for invoice in invoices].count(invoices[0].currency) == len(invoices):
        return {invoices[0].currency: (sum(logs), len(logs))}
    found: dict[str, list[float]] = {}
    for invoice, one in zip(invoices, logs, strict=True):
        found.setdefault(invoice.currency, []).append(one)
    return {currency: (sum(own), len(own)) for currency, own in found.items()}


def _shrunk(part: float, whole: float, neutral: float = NEUTRAL_LATE_RATIO) -> float:
    return (part + SHRINK_INVOICES * neutral) / (whole + SHRINK_INVOICES)


_RECENCY_WEIGHTS, _RECENCY_WEIGHT_OF = decayed(RECENCY_DECAY, RECENT_HISTORY)
_NO_HISTORY = (
    0.0,
    0.0,
    *(_NEUTRAL[name] for name in FEATURE_NAMES[2:4]),
    *(_NEUTRAL[name] for name in FEATURE_NAMES[5:10]),
)


def _history(delays: list[int], by_size: list[int], given_up: int) -> tuple[float, ...]:
    """Has history, count, late ratio and recent late ratio; then mean, median, recent, spread and trend of
    days late, and the long late ratio. `delays` in order of settlement, `by_size` the same in order of size; so many
    were `given_up` besides.
    """
    count = len(delays)
    long_late = _shrunk(_beyond(by_size, LONG_LATE_DAYS) + given_up, count + given_up, NEUTRAL_LONG_LATE_RATIO)
    if not count:
        return (*_NO_HISTORY, long_late)
    own = count / (count + SHRINK_INVOICES)
    mean = sum(delays) / count
    recent = delays[-RECENT_INVOICES:]
    recent_mean = sum(recent) / len(recent)
    variance = sum(map(mul, delays, delays)) / count - mean * mean
    trend = recent_mean - sum(delays[: -len(recent)]) / (count - len(recent)) if count > len(recent) else 0.0
    return (
        1.0,
        log1p(count),
        _shrunk(_beyond(by_size, 0), count),
        _recent_late_ratio(delays),
        mean * own,
        _median(by_size) * own,
        recent_mean * len(recent) / (len(recent) + 1),
        sqrt((max(0.0, variance) * count + NEUTRAL_SPREAD_DAYS**2 * SHRINK_INVOICES) / (count + SHRINK_INVOICES)),
        trend * own,
        long_late,
    )


def _beyond(by_size: list[int], days: int) -> int:
    """How many of these, in order of size, are more than so many days."""
    return len(by_size) - bisect_right(by_size, days)


def _recent_late_ratio(delays: list[int]) -> float:
    were_late = [delay > 0 for delay in delays[: -RECENT_HISTORY - 1 : -1]]
    return _shrunk(sum(compress(_RECENCY_WEIGHTS, were_late)), _RECENCY_WEIGHT_OF[len(were_late)])


def _median(ordered: list[int]) -> float:
    middle = len(ordered) // 2
    return float(ordered[middle]) if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2


def _others_overdue(customer: CustomerFeatures, own_days: int) -> tuple[int, int]:
    """How many other invoices are overdue, and for how many days the oldest is (at most 180)."""
    overdue = customer.overdue_days
    if own_days <= 0 or not overdue:
        return len(overdue), _clip(overdue[0]) if overdue else 0
    oldest_is_own = _clip(overdue[0]) == own_days
    rest = overdue[1:2] if oldest_is_own else overdue[:1]
    return len(overdue) - 1, _clip(rest[0]) if rest else 0


def _amount_ratio(invoice: InvoiceFacts, customer: CustomerFeatures, counted: bool) -> float:
    """Log of the amount against the customer's usual (geometric mean) in this currency, neutral without
    others.
    """
    total, count = customer.log_amounts.get(invoice.currency, (0.0, 0))
    own = _log_amount(invoice)
    if counted:
        total, count = total - own, count - 1
    return max(-4.0, min(4.0, (own - total / count) * count / (count + SHRINK_INVOICES))) if count > 0 else 0.0


def said(name: str, values: Iterable[float]) -> list[float]:
    """A feature's values without those that only stand for what no source said."""
    return [value for value in values if value or name not in UNSAID_AT_NEUTRAL]
