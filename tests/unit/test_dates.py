"""Business dates (rule AGING)."""

from datetime import UTC, date, datetime

import pytest

from dunwell.dates import business_date, days_past_due
from dunwell.errors import InvalidInputError


@pytest.mark.parametrize(
    ("due_on", "as_of", "days"),
    [
        (date(2026, 3, 1), date(2026, 3, 31), 30),
        (date(2026, 3, 1), date(2026, 4, 1), 31),
        (date(2026, 3, 1), date(2026, 3, 1), 0),
        (date(2026, 3, 5), date(2026, 3, 10), 5),  # the clocks changed on the 8th
        (date(2026, 3, 2), date(2026, 3, 1), -1),
        (date(2027, 12, 31), date(2028, 3, 1), 61),
    ],
)
def test_days_past_due_are_whole_calendar_days(due_on: date, as_of: date, days: int) -> None:
    assert days_past_due(due_on, as_of) == days


@pytest.mark.parametrize(
    ("instant", "zone", "expected"),
    [
        (datetime(2026, 4, 1, 3, 59, tzinfo=UTC), "America/New_York", date(2026, 3, 31)),
        (datetime(2026, 4, 1, 4, 0, tzinfo=UTC), "America/New_York", date(2026, 4, 1)),
        (datetime(2026, 11, 1, 4, 30, tzinfo=UTC), "America/New_York", date(2026, 11, 1)),
        (datetime(2026, 3, 31, 12, 0, tzinfo=UTC), "Pacific/Auckland", date(2026, 4, 1)),
    ],
)
def test_the_business_date_is_the_creditors(instant: datetime, zone: str, expected: date) -> None:
    assert business_date(instant, zone) == expected


def test_a_zone_that_does_not_exist_is_named() -> None:
    with pytest.raises(InvalidInputError, match="Mars/Olympus"):
        business_date(datetime(2026, 1, 1, tzinfo=UTC), "Mars/Olympus")
