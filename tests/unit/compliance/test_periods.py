"""Dates that follow from a notice; holidays; readings of clocks that are skipped or repeated."""

from datetime import UTC, date, datetime

import pytest

from dunwell.calendars import easter_sunday
from dunwell.compliance.holidays import ontario_holidays, quebec_holidays, us_federal_holidays
from dunwell.compliance.validation import assumed_receipt, revocation_deadline, validation_period_end
from dunwell.timezones import TZDATA_VERSION, first_instant, zone, zones_of_country


def test_a_validation_period_ends_thirty_days_after_assumed_receipt() -> None:
    assert assumed_receipt(date(2026, 3, 2)) == date(2026, 3, 9)
    assert validation_period_end(date(2026, 3, 2)) == date(2026, 4, 8)


def test_where_authorities_differ_about_an_observed_holiday_the_later_date_is_printed() -> None:
    assert assumed_receipt(date(2026, 6, 29)) == date(2026, 7, 7)
    assert validation_period_end(date(2026, 6, 29)) == date(2026, 8, 6)


def test_a_revocation_is_honoured_within_ten_business_days() -> None:
    assert revocation_deadline(date(2026, 12, 18)) == date(2027, 1, 5)


@pytest.mark.parametrize(("year", "easter"), [(2024, (3, 31)), (2025, (4, 20)), (2026, (4, 5)), (2038, (4, 25))])
def test_easter(year: int, easter: tuple[int, int]) -> None:
    assert easter_sunday(year) == date(year, *easter)


def test_federal_holidays_of_2026() -> None:
    days = [(1, 1), (1, 19), (2, 16), (5, 25), (6, 19), (7, 3), (7, 4), (9, 7), (10, 12), (11, 11), (11, 26), (12, 25)]
    assert us_federal_holidays(2026) == {date(2026, *day) for day in days}


def test_new_year_on_a_saturday_is_observed_in_the_old_year() -> None:
    assert date(2027, 12, 31) in us_federal_holidays(2027)


def test_canadian_holidays_of_2026() -> None:
    assert {date(2026, 2, 16), date(2026, 4, 3), date(2026, 5, 18), date(2026, 10, 12)} <= ontario_holidays(2026)
    assert {date(2026, 4, 6), date(2026, 5, 18), date(2026, 6, 24)} <= quebec_holidays(2026)
    assert date(2029, 7, 2) in quebec_holidays(2029)


def test_the_pinned_database_is_used_and_named() -> None:
    assert TZDATA_VERSION >= "2026f"
    winter = datetime(2026, 12, 2, 4, 30, tzinfo=UTC).astimezone(zone("America/Vancouver"))
    assert winter.strftime("%H:%M") == "21:30"


def test_a_country_lists_its_zones() -> None:
    assert zones_of_country("DE") == ("Europe/Berlin", "Europe/Busingen")
    assert zones_of_country("ZZ") == ()


NEW_YORK = zone("America/New_York")


@pytest.mark.parametrize(
    ("day", "minute", "after", "expected"),
    [
        (date(2026, 6, 15), 480, "2026-06-15T00:00", "2026-06-15T12:00"),
        (date(2026, 6, 15), 1440, "2026-06-15T12:00", "2026-06-16T04:00"),
        (date(2026, 3, 8), 150, "2026-03-08T06:00", "2026-03-08T07:00"),
        (date(2026, 11, 1), 90, "2026-11-01T05:00", "2026-11-01T05:30"),
        (date(2026, 11, 1), 90, "2026-11-01T06:10", "2026-11-01T06:30"),
    ],
)
def test_a_reading_of_the_clock_is_found_when_skipped_or_repeated(
    day: date, minute: int, after: str, expected: str
) -> None:
    asked_after = datetime.fromisoformat(after).replace(tzinfo=UTC)
    assert first_instant(NEW_YORK, day, minute, asked_after) == datetime.fromisoformat(expected).replace(tzinfo=UTC)
