"""Days on which banks work."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dunwell.calendars import (
    CALENDARS,
    add_business_days,
    banking_calendar,
    following,
    is_business_day,
    modified_following,
    month_end,
    preceding,
)
from dunwell.errors import InvalidInputError

US = banking_calendar("us")


def closed(name: str, year: int) -> set[date]:
    """The weekdays of a year on which banks are closed."""
    return {day for day in banking_calendar(name)(year) if day.weekday() < 5 and day.year == year}


def test_a_saturday_holiday_is_not_moved_to_friday_by_the_banks() -> None:
    independence_day = date(2026, 7, 4)
    assert preceding(independence_day, US) == date(2026, 7, 3)
    assert following(independence_day, US) == date(2026, 7, 6)
    assert is_business_day(date(2026, 7, 3), US)


def test_a_sunday_holiday_is_kept_on_monday_by_the_banks() -> None:
    assert not is_business_day(date(2027, 7, 5), US)
    assert following(date(2027, 7, 4), US) == date(2027, 7, 6)


# As the institutions publish them: federalreserve.gov, ecb.europa.eu, gov.uk/bank-holidays, payments.ca.
@pytest.mark.parametrize(
    ("name", "year", "days"),
    [
        ("us", 2026, "01-01 01-19 02-16 05-25 06-19 09-07 10-12 11-11 11-26 12-25"),
        ("target2", 2026, "01-01 04-03 04-06 05-01 12-25"),
        ("uk", 2026, "01-01 04-03 04-06 05-04 05-25 08-31 12-25 12-28"),
        ("uk", 2022, "01-03 04-15 04-18 05-02 06-02 06-03 08-29 09-19 12-26 12-27"),
        ("uk", 2027, "01-01 03-26 03-29 05-03 05-31 08-30 12-27 12-28"),
        ("uk", 2020, "01-01 04-10 04-13 05-08 05-25 08-31 12-25 12-28"),
        ("ca", 2026, "01-01 04-03 05-18 07-01 09-07 09-30 10-12 11-11 12-25 12-28"),
    ],
)
def test_a_calendar_has_the_holidays_that_are_published(name: str, year: int, days: str) -> None:
    assert closed(name, year) == {date.fromisoformat(f"{year}-{day}") for day in days.split()}


def test_modified_following_stays_in_the_month() -> None:
    assert modified_following(date(2026, 1, 31), US) == date(2026, 1, 30)
    assert modified_following(date(2026, 2, 7), US) == date(2026, 2, 9)


def test_an_unknown_calendar_is_refused_with_the_known_ones() -> None:
    with pytest.raises(InvalidInputError, match="ca, target2, uk, us"):
        banking_calendar("mars")


@pytest.mark.parametrize(("day", "end"), [(date(2028, 2, 1), 29), (date(2026, 2, 28), 28), (date(2026, 12, 31), 31)])
def test_a_month_ends_on_its_last_day(day: date, end: int) -> None:
    assert month_end(day) == day.replace(day=end)


@given(st.sampled_from(sorted(CALENDARS)), st.dates(date(2020, 1, 1), date(2045, 12, 31)), st.integers(0, 30))
def test_moving_and_adding_always_end_on_business_days(name: str, day: date, days: int) -> None:
    holidays = banking_calendar(name)
    later, earlier, kept = following(day, holidays), preceding(day, holidays), modified_following(day, holidays)
    assert earlier <= day <= later
    assert (kept.year, kept.month) == (day.year, day.month)
    assert all(is_business_day(one, holidays) for one in (later, earlier, kept))
    added = add_business_days(day, days, holidays)
    between = sum(is_business_day(day + timedelta(days=n), holidays) for n in range(1, (added - day).days + 1))
    assert between == days
