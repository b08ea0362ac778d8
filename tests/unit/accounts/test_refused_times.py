"""Times of the week in which a customer does not want to be contacted."""

from dataclasses import replace

import pytest

from dunwell.accounts.describing import redescribed
from dunwell.accounts.merging import merge_customers
from dunwell.accounts.refused_times import EVERY_DAY, WEEKDAYS, RefusedTime, merged_times, minute_of, with_time
from dunwell.errors import InvalidInputError
from dunwell.outreach.pseudonyms import without_personal_data
from tests.support.portal import NOW, customer

AT_WORK = RefusedTime(WEEKDAYS, 8 * 60, 17 * 60, "ada", NOW, "at work")
AT_NIGHT = RefusedTime(EVERY_DAY, 20 * 60, 9 * 60)


def test_a_time_is_kept_once_whoever_says_it() -> None:
    assert with_time((AT_WORK,), replace(AT_WORK, recorded_by="bob")) == (AT_WORK,)
    assert with_time((AT_WORK,), AT_NIGHT) == (AT_WORK, AT_NIGHT)
    assert AT_NIGHT.name == "Mon Tue Wed Thu Fri Sat Sun 20:00-09:00"


def test_a_source_does_not_forget_it_and_two_customers_who_are_one_refuse_both() -> None:
    busy = customer(refused_times=(AT_WORK,))
    assert redescribed(busy, customer(name="Anna Again")).refused_times == (AT_WORK,)
    other = customer("cus_b", number="C-2", refused_times=(AT_NIGHT,))
    assert merge_customers(busy, other, NOW, "ada")[0].refused_times == merged_times((AT_WORK,), (AT_NIGHT,))


def test_what_is_kept_for_years_has_the_time_and_not_the_words() -> None:
    (kept,) = without_personal_data(customer(refused_times=(AT_WORK,))).refused_times
    assert kept == RefusedTime(WEEKDAYS, 8 * 60, 17 * 60)


@pytest.mark.parametrize(
    ("days", "start", "end"),
    [((), 0, 60), ((7,), 0, 60), ((1, 0), 0, 60), ((0,), 60, 60), ((0,), 0, 1441)],
)
def test_what_is_no_time_of_the_week_is_refused(days: tuple[int, ...], start: int, end: int) -> None:
    with pytest.raises(InvalidInputError):
        RefusedTime(days, start, end)


@pytest.mark.parametrize("text", ["", "8", "8:5", "08:60", "ab:cd", "-1:00"])
def test_what_is_no_time_of_day_is_refused(text: str) -> None:
    assert minute_of("08:30") == 510
    with pytest.raises(InvalidInputError, match="08:30"):
        minute_of(text)
