"""Days on which banks work, and counting of business days. Banks are closed on Saturdays and Sundays everywhere here.

A holiday is named by its calendar only when it closes the banks of a place: contact rules have calendars of their own
(``dunwell.compliance.holidays``).
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import date, timedelta
from functools import lru_cache

from dunwell.errors import InvalidInputError

MONDAY, THURSDAY, SATURDAY, SUNDAY = 0, 3, 5, 6
_DAY = timedelta(days=1)

# The holidays of a year.
Holidays = Callable[[int], frozenset[date]]


def easter_sunday(year: int) -> date:
    """Gregorian Easter (the anonymous computus)."""
    century, in_century = divmod(year, 100)
    epact = (19 * (year % 19) + century - century // 4 - (century - (century + 8) // 25 + 1) // 3 + 15) % 30
    weekday = (32 + 2 * (century % 4) + 2 * (in_century // 4) - epact - in_century % 4) % 7
    correction = (year % 19 + 11 * epact + 22 * weekday) // 451
    month, day = divmod(epact + weekday - 7 * correction + 114, 31)
    return date(year, month, day + 1)


def nth_weekday(year: int, month: int, weekday: int, nth: int) -> date:
    """The nth given weekday of a month, 1 being the first."""
    first = date(year, month, 1)
    return first + timedelta(days=(weekday - first.weekday()) % 7 + 7 * (nth - 1))


def last_monday_before(day: date) -> date:
    """The last Monday strictly before a day."""
    return day - timedelta(days=(day.weekday() - MONDAY - 1) % 7 + 1)


def month_end(day: date) -> date:
    """The last day of a day's month."""
    return (day.replace(day=28) + timedelta(days=4)).replace(day=1) - _DAY


@lru_cache(maxsize=64)
def fed_holidays(year: int) -> frozenset[date]:
    """Days on which the Federal Reserve Banks are closed (rule ACH-CAL).

    A holiday on a Sunday is kept on Monday; one on a Saturday is not moved, whatever federal offices do.
    """
    fixed = [date(year, 1, 1), date(year, 6, 19), date(year, 7, 4), date(year, 11, 11), date(year, 12, 25)]
    moving = [
        nth_weekday(year, 1, MONDAY, 3),
        nth_weekday(year, 2, MONDAY, 3),
        last_monday_before(date(year, 6, 1)),
        nth_weekday(year, 9, MONDAY, 1),
        nth_weekday(year, 10, MONDAY, 2),
        nth_weekday(year, 11, THURSDAY, 4),
    ]
    return frozenset([*moving, *(day + _DAY if day.weekday() == SUNDAY else day for day in fixed)])


@lru_cache(maxsize=64)
def target2_holidays(year: int) -> frozenset[date]:
    """Days on which the euro's settlement system is closed; none is ever moved."""
    fixed = {date(year, 1, 1), date(year, 5, 1), date(year, 12, 25), date(year, 12, 26)}
    return frozenset(fixed | _easter(year))


_UK_MOVED = {
    date(2020, 5, 4): date(2020, 5, 8),
    date(2022, 5, 30): date(2022, 6, 2),
}
_UK_ADDED = (date(2022, 6, 3), date(2022, 9, 19), date(2023, 5, 8))
"""Proclaimed once; the years from 2020 on."""


@lru_cache(maxsize=64)
def uk_holidays(year: int) -> frozenset[date]:
    """Bank holidays of England and Wales; what falls on a weekend is kept on the next weekday that is free."""
    mondays = [
        nth_weekday(year, 5, MONDAY, 1),
        last_monday_before(date(year, 6, 1)),
        last_monday_before(date(year, 9, 1)),
    ]
    regular = {_UK_MOVED.get(day, day) for day in mondays} | _easter(year)
    kept = _substituted([date(year, 1, 1), date(year, 12, 25), date(year, 12, 26)])
    return frozenset(regular | set(kept) | {day for day in _UK_ADDED if day.year == year})


@lru_cache(maxsize=64)
def canadian_bank_holidays(year: int) -> frozenset[date]:
    """Days on which Canadian payments are not settled; what falls on a weekend is kept on the next free weekday."""
    fixed = [(1, 1), (7, 1), (9, 30), (11, 11), (12, 25), (12, 26)]
    moving = {
        easter_sunday(year) - timedelta(days=2),
        last_monday_before(date(year, 5, 25)),
        nth_weekday(year, 9, MONDAY, 1),
        nth_weekday(year, 10, MONDAY, 2),
    }
    return frozenset(moving | set(_substituted([date(year, month, day) for month, day in fixed])))


def _easter(year: int) -> set[date]:
    """Good Friday and Easter Monday."""
    return {easter_sunday(year) - timedelta(days=2), easter_sunday(year) + _DAY}


def _substituted(days: Iterable[date]) -> Iterator[date]:
    """Holidays with the weekday that each is kept on; two next to each other take two weekdays."""
    wanted = list(days)
    taken = {day for day in wanted if day.weekday() < SATURDAY}
    for day in wanted:
        kept = day
        while kept.weekday() >= SATURDAY or (kept != day and kept in taken):
            kept += _DAY
        taken.add(kept)
        yield from (day, kept)


CALENDARS: dict[str, Holidays] = {
    "us": fed_holidays,
    "target2": target2_holidays,
    "uk": uk_holidays,
    "ca": canadian_bank_holidays,
}
"""Banking calendars by the name that policies call them."""


def banking_calendar(name: str) -> Holidays:
    """The holidays of a banking calendar.

    Raises:
        InvalidInputError: there is no such calendar; says which there are.
    """
    try:
        return CALENDARS[name]
    except KeyError:
        known = ", ".join(sorted(CALENDARS))
        raise InvalidInputError(
            f"{name!r} is not a banking calendar; choose one of {known}", field="calendar"
        ) from None


def is_business_day(day: date, holidays: Holidays) -> bool:
    """Whether it is from Monday to Friday and no holiday."""
    return day.weekday() < SATURDAY and day not in holidays(day.year)


def following(day: date, holidays: Holidays) -> date:
    """The day itself, or the first business day after it."""
    while not is_business_day(day, holidays):
        day += _DAY
    return day


def preceding(day: date, holidays: Holidays) -> date:
    """The day itself, or the last business day before it."""
    while not is_business_day(day, holidays):
        day -= _DAY
    return day


def modified_following(day: date, holidays: Holidays) -> date:
    """As ``following``, but never into the next month: then as ``preceding``."""
    moved = following(day, holidays)
    return moved if moved.month == day.month else preceding(day, holidays)


def add_business_days(start: date, days: int, holidays: Holidays) -> date:
    """The day that is some business days after a start, which is not counted."""
    day = start
    while days > 0:
        day += _DAY
        if is_business_day(day, holidays):
            days -= 1
    return day
