"""A habit: a survival curve from however few settlements, wider the fewer there are."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dunwell.scoring.habit import UNKNOWN_HABIT, habit, root_lateness

LATENESS = st.lists(st.floats(-13, 13), max_size=40)
HORIZONS = (0, 30, 90)


def test_paying_on_the_due_date_is_no_lateness_whatever_the_terms() -> None:
    assert [root_lateness(days, days) for days in (0, 7, 30, 90)] == [0.0] * 4


def test_a_day_late_counts_less_the_longer_the_invoice_has_run() -> None:
    assert root_lateness(8, 7) > root_lateness(31, 30) > root_lateness(91, 90) > 0


def test_a_settlement_before_issue_counts_as_one_on_the_day_of_issue() -> None:
    assert root_lateness(-5, 30) == root_lateness(0, 30)


def test_the_spread_to_expect_shrinks_as_settlements_come_in() -> None:
    spreads = [habit([0.1, -0.1] * count).expected_spread for count in (0, 1, 3, 10)]
    assert spreads == sorted(spreads, reverse=True)
    assert spreads[0] == UNKNOWN_HABIT.expected_spread


def test_about_a_third_of_what_unknown_customers_owe_is_expected_late() -> None:
    assert UNKNOWN_HABIT.log_odds_beyond((0,), 30, 0)[0] == pytest.approx(-0.69, abs=0.02)


def test_the_last_few_settlements_show_in_the_recent_level_first() -> None:
    slipping = habit([-1.0] * 12 + [1.0] * 3)
    assert slipping.recent_level > slipping.level > -1.0


@given(LATENESS, st.integers(0, 180), st.integers(0, 400))
def test_later_horizons_are_never_likelier_and_waiting_never_makes_lateness_less_likely(
    lateness: list[float], terms: int, open_days: int
) -> None:
    found = habit(lateness).log_odds_beyond(HORIZONS, terms, open_days)
    assert found == sorted(found, reverse=True)
    later = habit(lateness).log_odds_beyond(HORIZONS, terms, open_days + 1)
    assert all(after >= before - 1e-9 for before, after in zip(found, later, strict=True))


@given(LATENESS, st.floats(-2, 2))
def test_what_a_shift_adds_to_the_log_odds_is_what_the_shifted_habit_says_at_issue(
    lateness: list[float], shift: float
) -> None:
    own = habit(lateness)
    plain, shifted = (one.log_odds_beyond((0,), 30, 0)[0] for one in (own, own.shifted(shift)))
    if abs(plain) < 6 and abs(shifted) < 6:  # beyond, log odds are cut off
        assert shifted - plain == pytest.approx(own.log_odds_of(shift), abs=1e-6)
