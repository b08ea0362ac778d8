"""Dividing a debt into instalments."""

from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dunwell.arrangements.apr import actuarial_percent
from dunwell.arrangements.policy import Frequency, PlanPolicy
from dunwell.arrangements.schedule import Draft, PlanTerms, draft
from dunwell.calendars import CALENDARS, banking_calendar, is_business_day, month_end
from dunwell.errors import InvalidInputError

NEW_YEAR = date(2027, 1, 1)
DAYS = st.dates(date(2024, 1, 1), date(2035, 12, 31))


def made(debt_minor: int, instalments: int, first_on: date, as_of: date = NEW_YEAR, **changes: Any) -> Draft:
    policy = PlanPolicy({}, **{key: changes.pop(key) for key in tuple(changes) if key in PlanPolicy.__slots__})
    terms: dict[str, Any] = {"currency": "USD", "frequency": Frequency.MONTHLY} | changes
    return draft(PlanTerms(instalments=instalments, first_on=first_on, **terms), debt_minor, as_of, policy)


def amounts(found: Draft) -> list[int]:
    return [one.amount_minor for one in found.instalments]


def days(found: Draft) -> list[str]:
    return [one.due_on.isoformat() for one in found.instalments]


def test_a_hundred_in_three_parts_adds_up_to_the_cent() -> None:
    assert amounts(made(100_00, 3, NEW_YEAR)) == [33_34, 33_33, 33_33]


def test_yen_are_not_divided_below_one() -> None:
    assert amounts(made(100, 3, NEW_YEAR, currency="JPY")) == [34, 33, 33]


def test_a_first_payment_of_ones_choice_leaves_the_rest_in_equal_parts() -> None:
    assert amounts(made(100_00, 3, NEW_YEAR, first_minor=50_01)) == [50_01, 25_00, 24_99]


def test_the_thirty_first_comes_back_after_february() -> None:
    # 31 January 2027 is a Sunday, 28 February too: at a month's end days move back, and never from one another.
    assert days(made(100_00, 5, date(2027, 1, 31))) == [
        "2027-01-29",
        "2027-02-26",
        "2027-03-31",
        "2027-04-30",
        "2027-05-28",
    ]
    assert days(made(100_00, 3, date(2028, 1, 31))) == ["2028-01-31", "2028-02-29", "2028-03-31"]


def test_a_first_day_at_a_months_end_is_not_moved_into_the_past() -> None:
    saturday = date(2026, 1, 31)
    assert days(made(100_00, 1, saturday, saturday)) == ["2026-02-02"]


def test_later_instalments_fall_on_paydays_at_least_half_a_period_on() -> None:
    friday = date(2027, 1, 15)
    found = made(100_00, 3, date(2027, 1, 11), frequency=Frequency.TWO_WEEKS, anchor_on=friday)
    assert days(found) == ["2027-01-11", "2027-01-29", "2027-02-12"]
    found = made(100_00, 3, date(2027, 1, 4), anchor_on=date(2026, 12, 25))
    assert days(found) == ["2027-01-04", "2027-01-25", "2027-02-25"]


def test_interest_runs_on_what_is_left_by_the_days_and_the_fee_is_in_the_first_part() -> None:
    found = made(
        1200_00, 2, date(2027, 2, 1), interest_percent=Decimal(12), setup_fee_minor={"USD": 10_00}, calendar="target2"
    )
    # 1,200 for 31 days, then 600 for 28 days, at 12 % of 365.
    assert [one.charges_minor for one in found.instalments] == [12_23 + 10_00, 5_52]
    assert amounts(found) == [622_23, 605_52]
    assert (found.charges_minor, found.setup_fee_minor, found.total_minor) == (27_75, 10_00, 1227_75)


def test_without_charges_the_rate_is_nothing() -> None:
    assert made(100_00, 4, NEW_YEAR).apr_permille == 0


def test_twelve_percent_without_a_fee_is_stated_as_about_twelve_percent() -> None:
    found = made(1200_00, 12, date(2027, 2, 1), interest_percent=Decimal(12))
    assert 118 <= found.apr_permille <= 122


def test_the_rate_is_that_of_the_examples_of_regulation_z() -> None:
    """Appendix J (c)(1)(i): 5,000 in 24 months at 230; (ii): 6,000 in 36 at 200, the first in a month and 19 days."""
    regular = [(Decimal(number), 230_00) for number in range(1, 25)]
    assert round(actuarial_percent(5000_00, regular, 12), 2) == Decimal("9.69")
    odd = [(1 + Decimal(19) / 30 + number, 200_00) for number in range(36)]
    assert round(actuarial_percent(6000_00, odd, 12), 2) == Decimal("11.82")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"instalments": 0}, "between 1 and"),
        ({"instalments": 121}, "between 1 and"),
        ({"debt_minor": 2}, "too small"),
        ({"first_on": NEW_YEAR - timedelta(days=1)}, "has passed"),
        ({"first_minor": 0}, "more than zero"),
        ({"first_minor": 99_99}, "leave something"),
        ({"instalments": 1, "first_minor": 50_00}, "leave something"),
    ],
)
def test_what_cannot_be_divided_so_is_refused_with_a_reason(changes: dict[str, Any], words: str) -> None:
    asked: dict[str, Any] = {"debt_minor": 100_00, "instalments": 3, "first_on": NEW_YEAR} | changes
    with pytest.raises(InvalidInputError, match=words):
        made(**asked)


@given(
    debt=st.integers(120, 10**9),
    instalments=st.integers(1, 60),
    as_of=DAYS,
    first_in=st.integers(0, 40),
    anchor_in=st.one_of(st.none(), st.integers(-40, 40)),
    frequency=st.sampled_from(list(Frequency)),
    calendar=st.sampled_from(sorted(CALENDARS)),
    percent=st.sampled_from((Decimal(0), Decimal("7.5"), Decimal(36))),
    share=st.one_of(st.none(), st.integers(1, 9)),
)
def test_every_plan_adds_up_on_increasing_business_days_that_do_not_drift(
    debt: int,
    instalments: int,
    as_of: date,
    first_in: int,
    anchor_in: int | None,
    frequency: Frequency,
    calendar: str,
    percent: Decimal,
    share: int | None,
) -> None:
    anchor_on = None if anchor_in is None else as_of + timedelta(days=anchor_in)
    first_minor = debt * share // 20 if share and instalments > 1 else None
    first_on = as_of + timedelta(days=first_in)
    found = made(
        debt,
        instalments,
        first_on,
        as_of,
        frequency=frequency,
        anchor_on=anchor_on,
        first_minor=first_minor,
        calendar=calendar,
        interest_percent=percent,
    )
    parts, holidays = found.instalments, banking_calendar(calendar)
    assert [one.number for one in parts] == list(range(1, instalments + 1))
    assert sum(one.amount_minor - one.charges_minor for one in parts) == debt
    assert sum(one.amount_minor for one in parts) == found.total_minor
    assert all(one.amount_minor > 0 for one in parts)
    assert all(is_business_day(one.due_on, holidays) for one in parts)
    assert all(one.due_on < other.due_on for one, other in pairwise(parts))
    assert parts[0].due_on >= as_of
    for one in parts[1:]:
        assert near_anchor(one.due_on, anchor_on or first_on, frequency)


def near_anchor(day: date, anchor: date, frequency: Frequency) -> bool:
    """Whether a day is at most a long weekend away from the anchor's own day of its month or fortnight."""
    if frequency is Frequency.MONTHLY:
        wished = day.replace(day=min(anchor.day, month_end(day).day))
        return abs((day - wished).days) <= 5
    step = 7 if frequency is Frequency.WEEKLY else 14
    return (day - anchor).days % step <= 5
