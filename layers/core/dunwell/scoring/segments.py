"""Which kind of payer a customer is, by written thresholds, with the facts that say so.

The first rule that holds decides, from the most specific to the most general:

new            fewer than 3 paid, and the first one issued within the last 120 days (or none paid at all)
gone_quiet     paid at least 3, one now 30 days or more past due, and no payment for 45 days
disputing      at least 2 and 20 % of the invoices of the last year disputed
cash_strapped  a quarter or more of the last 12 paid over 30 days late; or 15 late on average and erratic
deteriorating  the last 3 paid 8 days later than before, and late
slow_but_sure  70 % or more paid late
forgetful      25 % or more paid late
reliable       the rest
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from math import sqrt
from typing import NamedTuple

from dunwell.scoring.facts import InvoiceFacts
from dunwell.scoring.known import Known, known_at

SEGMENT_NAMES = (
    "new",
    "gone_quiet",
    "disputing",
    "cash_strapped",
    "deteriorating",
    "slow_but_sure",
    "forgetful",
    "reliable",
)

FEW_PAID = 3
NEW_DAYS = 120
QUIET_PAST_DUE_DAYS = 30
QUIET_SINCE_PAYMENT_DAYS = 45
DISPUTED_COUNT, DISPUTED_SHARE = 2, 0.20
LAST_PAID = 12
LONG_LATE_DAYS, LONG_LATE_SHARE = 30, 0.25
ERRATIC_MEAN_DAYS, ERRATIC_SPREAD_DAYS = 15.0, 18.0
RECENT_PAID = 3
SLIPPED_DAYS = 8.0
SLOW_SHARE, FORGETFUL_SHARE = 0.70, 0.25


@dataclass(frozen=True, slots=True)
class Segment:
    """A kind of payer, one of `SEGMENT_NAMES`, and the two or three facts that put the customer there."""

    name: str
    facts: tuple[str, ...]


class _Known(NamedTuple):
    invoices: Sequence[InvoiceFacts]
    delays_days: Sequence[int]  # in order of settlement
    since_payment_days: int | None
    oldest_past_due_days: int
    as_of: date


def segment(facts: Sequence[InvoiceFacts], as_of: date) -> Segment:
    """The customer's segment from what was known at `as_of`."""
    return segment_of(known_at(facts, as_of))


def segment_of(history: Known) -> Segment:
    """The customer's segment from what is known."""
    known = _known(history)
    for rule in (_new, _gone_quiet, _disputing, _cash_strapped, _deteriorating):
        if found := rule(known):
            return found
    return _by_late_share(known)


def _known(history: Known) -> _Known:
    as_of, settled = history.as_of, history.settled
    oldest_due_on = min([invoice.due_on for invoice in history.open], default=as_of)
    return _Known(
        invoices=history.invoices,
        delays_days=[days for _, days, _ in settled],
        since_payment_days=(as_of - settled[-1][0]).days if settled else None,
        oldest_past_due_days=max(0, (as_of - oldest_due_on).days),
        as_of=as_of,
    )


def _new(known: _Known) -> Segment | None:
    paid = len(known.delays_days)
    if paid >= FEW_PAID:
        return None
    first = min([invoice.issued_on for invoice in known.invoices], default=known.as_of)
    age_days = (known.as_of - first).days
    if paid and age_days > NEW_DAYS:
        return None
    if not paid and age_days > NEW_DAYS and known.oldest_past_due_days >= QUIET_PAST_DUE_DAYS:
        quiet = f"The oldest open invoice is {known.oldest_past_due_days} days past due."
        return Segment("gone_quiet", ("No invoice has been paid yet.", quiet))
    return Segment("new", (f"The first invoice is {age_days} days old.", f"{_count(paid)} paid so far."))


def _gone_quiet(known: _Known) -> Segment | None:
    since = known.since_payment_days
    if (
        len(known.delays_days) < FEW_PAID
        or since is None
        or since < QUIET_SINCE_PAYMENT_DAYS
        or known.oldest_past_due_days < QUIET_PAST_DUE_DAYS
    ):
        return None
    return Segment(
        "gone_quiet",
        (
            f"The last payment was {since} days ago.",
            f"The oldest open invoice is {known.oldest_past_due_days} days past due.",
            f"{_count(len(known.delays_days))} paid before that.",
        ),
    )


def _disputing(known: _Known) -> Segment | None:
    since = known.as_of - timedelta(days=365)
    recent = [invoice for invoice in known.invoices if invoice.issued_on >= since]
    disputed = sum([invoice.disputed for invoice in recent])
    if disputed < DISPUTED_COUNT or disputed < DISPUTED_SHARE * len(recent):
        return None
    share = f"That is {_percent(disputed, len(recent))} of them."
    return Segment("disputing", (f"{disputed} of {len(recent)} invoices of the last year were disputed.", share))


def _cash_strapped(known: _Known) -> Segment | None:
    last = known.delays_days[-LAST_PAID:]
    if not last:
        return None
    long_late = sum(days > LONG_LATE_DAYS for days in last)
    average, spread = _mean(last), _spread(last)
    often = long_late >= 2 and long_late >= LONG_LATE_SHARE * len(last)
    if not often and (average < ERRATIC_MEAN_DAYS or spread < ERRATIC_SPREAD_DAYS):
        return None
    return Segment(
        "cash_strapped",
        (
            f"{long_late} of the last {_count(len(last))} paid came more than {LONG_LATE_DAYS} days late.",
            f"On average they were paid {_late(average)}.",
            f"Payment times vary by about {spread:.0f} days.",
        ),
    )


def _deteriorating(known: _Known) -> Segment | None:
    earlier, recent = known.delays_days[:-RECENT_PAID], known.delays_days[-RECENT_PAID:]
    if len(earlier) < FEW_PAID or _mean(recent) <= 0 or _mean(recent) - _mean(earlier) < SLIPPED_DAYS:
        return None
    return Segment(
        "deteriorating",
        (
            f"The last {RECENT_PAID} invoices were paid {_late(_mean(recent))}.",
            f"Before, invoices were paid {_late(_mean(earlier))}.",
        ),
    )


def _by_late_share(known: _Known) -> Segment:
    delays = known.delays_days
    late = sum(days > 0 for days in delays)
    facts = (f"{late} of {_count(len(delays))} were paid late.", f"On average, {_late(_mean(delays))}.")
    if late >= SLOW_SHARE * len(delays):
        return Segment("slow_but_sure", facts)
    return Segment("forgetful" if late >= FORGETFUL_SHARE * len(delays) else "reliable", facts)


def _mean(days: Sequence[int]) -> float:
    return sum(days) / len(days)


def _spread(days: Sequence[int]) -> float:
    """Standard deviation; the statistics module's is exact and fifty times slower."""
    mean = _mean(days)
    return sqrt(sum((day - mean) ** 2 for day in days) / len(days))


def _count(invoices: int) -> str:
    return "1 invoice" if invoices == 1 else f"{invoices} invoices"


def _percent(part: int, whole: int) -> str:
    return f"{100 * part / whole:.0f} %"


def _late(days: float) -> str:
    if abs(days) < 0.5:
        return "on the due date"
    return f"{abs(days):.0f} days {'late' if days > 0 else 'early'}"
