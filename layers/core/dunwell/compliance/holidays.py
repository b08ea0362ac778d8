"""Public holidays that the contact rules name; those of banks are in ``dunwell.calendars``."""

from datetime import date, timedelta
from functools import lru_cache

from dunwell.calendars import MONDAY, SATURDAY, SUNDAY, THURSDAY, easter_sunday, last_monday_before, nth_weekday


def _victoria_day(year: int) -> date:
    return last_monday_before(date(year, 5, 25))


@lru_cache(maxsize=64)
def us_federal_holidays(year: int) -> frozenset[date]:
    """Legal public holidays of 5 USC 6103(a), both the day itself and the weekday it is observed on."""
    fixed = [date(year, 1, 1), date(year, 6, 19), date(year, 7, 4), date(year, 11, 11), date(year, 12, 25)]
    moving = [
        nth_weekday(year, 1, MONDAY, 3),
        nth_weekday(year, 2, MONDAY, 3),
        last_monday_before(date(year, 6, 1)),
        nth_weekday(year, 9, MONDAY, 1),
        nth_weekday(year, 10, MONDAY, 2),
        nth_weekday(year, 11, THURSDAY, 4),
    ]
    # New Year's Day of the next year, when a Saturday, is observed on the last day of this one.
    observed = [_observed(day) for day in [*fixed, date(year + 1, 1, 1)]]
    return frozenset(fixed + moving + [day for day in observed if day.year == year])


def _observed(day: date) -> date:
    if day.weekday() == SATURDAY:
        return day - timedelta(days=1)
    return day + timedelta(days=1) if day.weekday() == SUNDAY else day


@lru_cache(maxsize=64)
def ontario_holidays(year: int) -> frozenset[date]:
    """Ontario's public holidays."""
    return frozenset(
        {
            date(year, 1, 1),
            nth_weekday(year, 2, MONDAY, 3),
            easter_sunday(year) - timedelta(days=2),
            _victoria_day(year),
            date(year, 7, 1),
            nth_weekday(year, 9, MONDAY, 1),
            nth_weekday(year, 10, MONDAY, 2),
            date(year, 12, 25),
            date(year, 12, 26),
        }
    )


@lru_cache(maxsize=64)
def quebec_holidays(year: int) -> frozenset[date]:
    """The days on which Quebec's consumer office forbids collection agents to make contact, besides Sundays."""
    canada_day = date(year, 7, 1)
    return frozenset(
        {
            date(year, 1, 1),
            easter_sunday(year) - timedelta(days=2),
            easter_sunday(year) + timedelta(days=1),
            _victoria_day(year),
            date(year, 6, 24),
            canada_day if canada_day.weekday() != SUNDAY else date(year, 7, 2),
            nth_weekday(year, 9, MONDAY, 1),
            nth_weekday(year, 10, MONDAY, 2),
            date(year, 12, 25),
        }
    )


@lru_cache(maxsize=64)
def british_columbia_holidays(year: int) -> frozenset[date]:
    """British Columbia's statutory holidays."""
    return frozenset(
        {
            date(year, 1, 1),
            nth_weekday(year, 2, MONDAY, 3),
            easter_sunday(year) - timedelta(days=2),
            _victoria_day(year),
            date(year, 7, 1),
            nth_weekday(year, 8, MONDAY, 1),
            nth_weekday(year, 9, MONDAY, 1),
            date(year, 9, 30),
            nth_weekday(year, 10, MONDAY, 2),
            date(year, 11, 11),
            date(year, 12, 25),
        }
    )
