"""What customers say they can pay: how much, how often, and on which days their money comes.

The one rule that matters most: nothing beyond what they said is ever recommended. Where a period does not divide into
another evenly, the smaller amount is taken: a month may hold five Fridays, so what somebody can spare a month is five
weekly parts.
"""

from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import count

from dunwell.arrangements.policy import Frequency
from dunwell.errors import InvalidInputError

WEEK_DAYS = 7
PERIOD_DAYS = {Frequency.WEEKLY: 7, Frequency.TWO_WEEKS: 14, Frequency.MONTHLY: 30}
LAST_WEEKDAY, LAST_MONTHDAY = 6, 31

# How often one period may come within another, at most, and how often at least.
_MOST_WITHIN = {
    (Frequency.MONTHLY, Frequency.WEEKLY): 5,
    (Frequency.MONTHLY, Frequency.TWO_WEEKS): 3,
    (Frequency.TWO_WEEKS, Frequency.WEEKLY): 2,
}
_LEAST_WITHIN = {
    (Frequency.MONTHLY, Frequency.WEEKLY): 4,
    (Frequency.MONTHLY, Frequency.TWO_WEEKS): 2,
    (Frequency.TWO_WEEKS, Frequency.WEEKLY): 2,
}


@dataclass(frozen=True, slots=True)
class Payday:
    """When a customer's money comes.

    Attributes:
        frequency: how often. day: of the month from 1 to 31 (the last day where a month is shorter); otherwise of the
            week, 0 being Monday.
        known_on: any payday, which says in which of two weeks it falls; None where it does not matter or is not known.

    Raises:
        InvalidInputError: on creation, when there is no such day.
    """

    frequency: Frequency
    day: int
    known_on: date | None = None

    def __post_init__(self) -> None:
        monthly = self.frequency is Frequency.MONTHLY
        least, most = (1, LAST_MONTHDAY) if monthly else (0, LAST_WEEKDAY)
        if not least <= self.day <= most:
            words = "a day of the month from 1 to 31" if monthly else "a day of the week from 0 (Monday) to 6"
            raise InvalidInputError(f"the payday is not {words}", field="payday.day", code="means")
        if self.known_on and not monthly and self.known_on.weekday() != self.day:
            raise InvalidInputError(
                "known_on is not on the payday's day of the week", field="payday.known_on", code="means"
            )

    def on_or_after(self, day: date) -> Iterator[date]:
        """Paydays from a day on, without end and as the calendar has them: banks may be closed."""
        if self.frequency is Frequency.MONTHLY:
            months = (anchored(day, months, self.day) for months in count())
            yield from (found for found in months if found >= day)
        step = PERIOD_DAYS[self.frequency]
        first = day + timedelta(days=(self.day - day.weekday()) % WEEK_DAYS)
        if self.known_on and (first - self.known_on).days % step:
            first += timedelta(days=WEEK_DAYS)
        yield from (first + timedelta(days=step * number) for number in count())


def anchored(start: date, months: int, day: int) -> date:
    """A day of the month so many months after that of a start, or the last where the month is shorter."""
    year, month = divmod(start.year * 12 + start.month - 1 + months, 12)
    return date(year, month + 1, min(day, monthrange(year, month + 1)[1]))


@dataclass(frozen=True, slots=True)
class Needs:
    """What a customer said, each part of it as far as they said it (minor units of the debt's currency).

    Attributes:
        amount_minor: what they can pay each period; per: which period that, the income and the outgoings are of.
        income_minor, outgoings_minor: what comes in and what they have to spend; together or not at all.
        payday: when their money comes: parts fall on such days.
        first_on: the first day on which they can pay anything.

    Raises:
        InvalidInputError: on creation, when an amount is negative, or one of income and outgoings is missing.
    """

    amount_minor: int | None = None
    per: Frequency = Frequency.MONTHLY
    income_minor: int | None = None
    outgoings_minor: int | None = None
    payday: Payday | None = None
    first_on: date | None = None

    def __post_init__(self) -> None:
        for name in ("amount_minor", "income_minor", "outgoings_minor"):
            if (getattr(self, name) or 0) < 0:
                raise InvalidInputError(f"{name} is an amount of zero or more", field=name, code="means")
        if (self.income_minor is None) != (self.outgoings_minor is None):
            missing = "outgoings_minor" if self.outgoings_minor is None else "income_minor"
            raise InvalidInputError("income and outgoings are told together or not at all", field=missing, code="means")

    @property
    def spare_minor(self) -> int | None:
        """What they can pay each period: as they said, and never more than is left of their income; None: not said."""
        told = [] if self.amount_minor is None else [self.amount_minor]
        if self.income_minor is not None and self.outgoings_minor is not None:
            told.append(max(0, self.income_minor - self.outgoings_minor))
        return min(told, default=None)

    def most_minor(self, frequency: Frequency) -> int | None:
        """The most that one part of so many may be; None: they did not say."""
        spare = self.spare_minor
        if spare is None or frequency is self.per:
            return spare
        if fewer := _MOST_WITHIN.get((self.per, frequency)):
            return spare // fewer
        return spare * _LEAST_WITHIN[frequency, self.per]

    def fits(self, frequency: Frequency) -> bool:
        """Whether such parts fall on paydays: as often as money comes, or every other time of a weekly one."""
        return (
            self.payday is None
            or frequency is self.payday.frequency
            or (frequency is Frequency.TWO_WEEKS and self.payday.frequency is Frequency.WEEKLY)
        )


NOTHING_SAID = Needs()
