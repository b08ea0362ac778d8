"""What customers say they can pay is never exceeded, however periods and months fall."""

from datetime import date, timedelta
from itertools import islice, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dunwell.arrangements.affordability import NOTHING_SAID, Needs, Payday
from dunwell.arrangements.policy import Frequency
from dunwell.errors import InvalidInputError

MONTHLY, WEEKLY, TWO_WEEKS = Frequency.MONTHLY, Frequency.WEEKLY, Frequency.TWO_WEEKS


def first(payday: Payday, day: date, count: int = 4) -> list[date]:
    return list(islice(payday.on_or_after(day), count))


def test_a_payday_on_the_31st_is_the_last_day_of_shorter_months() -> None:
    found = first(Payday(MONTHLY, 31), date(2027, 1, 31))
    assert found == [date(2027, 1, 31), date(2027, 2, 28), date(2027, 3, 31), date(2027, 4, 30)]


def test_a_monthly_payday_that_has_passed_is_next_months() -> None:
    assert first(Payday(MONTHLY, 5), date(2026, 12, 6), 2) == [date(2027, 1, 5), date(2027, 2, 5)]


def test_every_other_friday_goes_by_a_payday_that_is_known() -> None:
    known = date(2026, 11, 20)
    assert first(Payday(TWO_WEEKS, 4, known), date(2026, 11, 23), 2) == [date(2026, 12, 4), date(2026, 12, 18)]
    assert first(Payday(TWO_WEEKS, 4), date(2026, 11, 23), 1) == [date(2026, 11, 27)]
    assert first(Payday(WEEKLY, 0), date(2026, 11, 23), 2) == [date(2026, 11, 23), date(2026, 11, 30)]


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: Payday(MONTHLY, 0),
        lambda: Payday(MONTHLY, 32),
        lambda: Payday(WEEKLY, 7),
        lambda: Payday(TWO_WEEKS, 4, date(2026, 11, 23)),
        lambda: Needs(-1),
        lambda: Needs(income_minor=100),
        lambda: Needs(outgoings_minor=100),
    ],
)
def test_what_cannot_be_is_refused(wrong: object) -> None:
    with pytest.raises(InvalidInputError) as found:
        wrong()  # type: ignore[operator]
    assert found.value.field


def test_no_more_than_is_left_of_the_income_can_be_paid_whatever_was_said() -> None:
    assert Needs(300_00, income_minor=1000_00, outgoings_minor=900_00).spare_minor == 100_00
    assert Needs(50_00, income_minor=1000_00, outgoings_minor=900_00).spare_minor == 50_00
    assert Needs(income_minor=800_00, outgoings_minor=900_00).spare_minor == 0
    assert NOTHING_SAID.most_minor(MONTHLY) is None


@given(st.integers(0, 10**7), st.sampled_from(list(Frequency)), st.sampled_from(list(Frequency)), st.dates())
def test_parts_of_a_frequency_never_add_up_to_more_than_was_said_for_a_period(
    said_minor: int, per: Frequency, frequency: Frequency, start: date
) -> None:
    most = Needs(said_minor, per).most_minor(frequency)
    assert most is not None
    step, period = ({WEEKLY: 7, TWO_WEEKS: 14, MONTHLY: 31}[one] for one in (frequency, per))
    if step <= period:
        within = 1 if frequency is per else -(-period // step)
        assert most * within <= said_minor
    else:
        shortest = 28 if frequency is MONTHLY else step
        assert most <= said_minor * (shortest // period)


@given(st.dates(date(2000, 1, 1), date(2100, 1, 1)), st.sampled_from(list(Frequency)), st.data())
def test_paydays_are_on_their_day_and_none_is_left_out(start: date, frequency: Frequency, data: st.DataObject) -> None:
    monthly = frequency is MONTHLY
    day = data.draw(st.integers(1, 31) if monthly else st.integers(0, 6))
    found = first(Payday(frequency, day), start, 6)
    assert start <= found[0] < start + timedelta(days=32)
    for one, after in pairwise(found):
        gap = (after - one).days
        assert 28 <= gap <= 31 if monthly else gap == {WEEKLY: 7, TWO_WEEKS: 14}[frequency]
        assert one.day == day or (one + timedelta(days=1)).day == 1 if monthly else one.weekday() == day
