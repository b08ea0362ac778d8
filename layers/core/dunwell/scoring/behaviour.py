"""How a customer has lately behaved, in measures that people can read: what segments are learned from and given by.

A payment counts by its days late, negative when early. An open invoice counts as well once it is later than the
customer's payments usually were: it is known to be at least so late; so does one that was given up, on that day. Days
in dispute are no days late. One look back is the last 12 of these, or all of the last 90 days when those are more: a
customer with hundreds of invoices is not judged by one afternoon.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from datetime import timedelta
from math import log1p, sqrt
from operator import mul
from typing import NamedTuple

from dunwell.scoring.known import Known

FEW_PAID = 3
LAST_PAID = 12
MOST_PAID = 200  # more do not change the picture
LOOK_BACK_DAYS = 90
MOST_KEPT = MOST_PAID + 20  # enough to look back from some payments ago
RECENT_PAID = 3
RECENT_PART = 4  # of a long look back the recent ones are this part
LONG_LATE_DAYS = 30
MAX_DAYS = 180
TINY = 1e-9  # the difference of equal numbers may fall below nought
STEP_DAYS = 5.0  # differences below are small, above they count ever less: 40 and 60 days late are alike


class Behaviour(NamedTuple):
    """One look back.

    Attributes:
        paid: how many payments it covers, invoices included that are open and later than usual, or were given up.
        late, long_late: how many of them were late, and more than 30 days late.
        mean_days, spread_days: of days late; spread is their standard deviation.
        recent: how many of them are the latest ones: three, of many a quarter.
        recent_days, earlier_days: mean of the latest and of those before; alike when these are fewer than three.
    """

    paid: int
    late: int
    long_late: int
    mean_days: float
    spread_days: float
    recent: int
    recent_days: float
    earlier_days: float

    @property
    def measures(self) -> tuple[float, ...]:
        """The numbers that segments are made of, in the order of `MEASURES`, each from about -3 to 3."""
        return (
            self.late / self.paid,
            bent(self.mean_days),
            bent(self.spread_days),
            self.long_late / self.paid,
            bent(self.recent_days - self.earlier_days),
        )


MEASURES = ("late_share", "mean_days", "spread_days", "long_late_share", "slip_days")


def bent(days: float) -> float:
    """Days on a scale on which differences shrink as the days grow; keeps the sign."""
    return log1p(days / STEP_DAYS) if days >= 0 else -log1p(-days / STEP_DAYS)


def days_late_of(history: Known) -> list[int]:
    """Days late of the payments and of what was given up, in their order; then of open invoices already later than
    those, oldest due first.
    """
    settled = history.settled[-MOST_KEPT:]
    if history.given_up:
        ended = sorted([*[(day, late) for day, late, _, _ in settled], *history.given_up])
        paid = [_clip(late) for _, late in ended[-MOST_KEPT:]]
    else:
        paid = [late if -MAX_DAYS < late < MAX_DAYS else _clip(late) for _, late, _, _ in settled]
    if not history.open:
        return paid
    last, as_of = paid[-LAST_PAID:], history.as_of
    usual = sum(last) / len(last) if last else 0.0
    waiting = [days for one in history.open if (days := one.days_past_due(as_of)) > 0 and days > usual]
    return paid + [min(MAX_DAYS, days) for days in sorted(waiting, reverse=True)]


def _clip(days: int) -> int:
    return min(MAX_DAYS, max(-MAX_DAYS, days))


def all_came(history: Known, days_late: Sequence[int], window: int) -> bool:
    """Whether behind each of the last `window` of these (`days_late_of`) is a payment."""
    settled, given_up = history.settled, history.given_up
    if len(days_late) > min(MOST_KEPT, len(settled) + len(given_up)):
        return False  # some are open
    if not given_up:
        return True
    days = sorted([day for day, *_ in settled] + [day for day, _ in given_up])
    return given_up[-1][0] < days[-window:][0]


def look_back(history: Known) -> int:
    """How many payments a look back covers."""
    settled = history.settled
    since = history.as_of - timedelta(days=LOOK_BACK_DAYS) if history.as_of.year > 1 else history.as_of
    if len(settled) <= LAST_PAID or settled[-LAST_PAID][0] < since:
        return LAST_PAID
    return max(LAST_PAID, min(MOST_PAID, len(settled) - bisect_left(settled, (since,))))


def behaviour(days_late: Sequence[int], window: int = LAST_PAID) -> Behaviour:
    """The look back over the last `window` of these payments. ValueError when there is none."""
    last = days_late[-window:]
    count = len(last)
    if not count:
        raise ValueError("Without a payment there is no behaviour: call such a customer new.")
    by_size = sorted(last)
    total = sum(last)
    mean = total / count
    recent = RECENT_PAID if count < RECENT_PAID * RECENT_PART else count // RECENT_PART
    earlier = count - recent
    enough = earlier >= FEW_PAID
    recent_total = sum(last[earlier:]) if enough else 0
    return Behaviour(
        count,
        count - bisect_right(by_size, 0),
        count - bisect_right(by_size, LONG_LATE_DAYS),
        mean,
        sqrt(sum(map(mul, last, last)) / count - mean * mean + TINY),
        recent,
        recent_total / recent if enough else mean,
        (total - recent_total) / earlier if enough else mean,
    )
