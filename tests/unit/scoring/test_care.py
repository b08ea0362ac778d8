"""Looking after a model: the log of its answers, drift, calibration, intervals, and a challenger."""

import random
from dataclasses import replace
from datetime import date, timedelta
from math import log

import pytest

from dunwell.scoring.care import ModelReport, examine
from dunwell.scoring.drift import Spread, drifts, read_reference, spread_of, stability_index
from dunwell.scoring.moment_log import (
    LoggedMoment,
    first_of_each_kind,
    log_lines,
    moments_to_log,
    read_log,
)
from tests.unit.scoring.given import AS_OF, invoice
from tests.unit.scoring.stand_in import ByHandScorer, score_customer

TODAY = date(2026, 6, 30)
NAMES, HORIZONS = ("habit",), (0, 30, 90)
REFERENCE = {"habit": Spread((0.25, 0.5, 0.75), (0.25, 0.25, 0.25, 0.25))}


def moment(number: int = 0, p: float = 0.3, days_ago: int = 160, **more: object) -> LoggedMoment:
    """Asked the day after issue, with thirty days to pay."""
    issued_on = TODAY - timedelta(days=days_ago + 1)
    due_on = issued_on + timedelta(days=30)
    made = LoggedMoment(
        f"cus_{number}", f"inv_{number}", issued_on + timedelta(days=1), issued_on, due_on, (0.5,),
        (p, p / 3, p / 9), due_on - timedelta(days=10), due_on + timedelta(days=10), "2",
    )  # fmt: skip
    return replace(made, **more)  # type: ignore[arg-type]


def world(rows: int, came_true: float = 1.0, seed: int = 3) -> tuple[list[LoggedMoment], dict[tuple[str, str], date]]:
    """Invoices that come late as often as forecast, times `came_true`."""
    rng = random.Random(seed)
    moments = [moment(n, rng.uniform(0.05, 0.6), row=(rng.random(),)) for n in range(rows)]

    def days_late(probabilities: tuple[float, ...]) -> int:
        chance, late, late_30, late_90 = rng.random(), *(p * came_true for p in probabilities)
        if chance >= late:
            return -15 if rng.random() < 0.12 else -5
        return 95 if chance < late_90 else 35 if chance < late_30 else 5

    ends = {
        (one.customer_id, one.invoice_id): one.due_on + timedelta(days=days_late(one.probabilities)) for one in moments
    }
    return moments, ends


def report(moments: list[LoggedMoment], ends: dict[tuple[str, str], date], **more: object) -> ModelReport:
    return examine(("late_payment", "2"), TODAY, moments, ends, REFERENCE, (NAMES, HORIZONS), **more)  # type: ignore[arg-type]


def test_invoices_are_logged_at_the_moments_the_model_was_trained_for_and_read_back_as_they_were() -> None:
    ages = {0: -1, 1: -5, 2: -20, 3: -31, 4: -33, 5: -38}  # today; open; ten days to due; 1, 3 and 8 days past due
    score = score_customer([invoice(n, issued=issued) for n, issued in ages.items()], AS_OF, ByHandScorer())
    logged = moments_to_log("cus_1", score)
    assert {one.invoice_id: one.kind for one in logged} == {
        "I0": "at_issue",
        "I2": "before_due",
        "I3": "past_due_week",
        "I5": "past_due_longer",
    }
    assert read_log(log_lines(logged)) == (logged, 0)


@pytest.mark.parametrize("line", ["{", "[]", "{}", '{"customer_id": "c"}', "null", '"text"'])
def test_a_line_that_cannot_be_read_costs_only_itself(line: str) -> None:
    assert read_log(log_lines([moment()]) + line + "\n" + log_lines([moment(1)])) == ([moment(), moment(1)], 1)


def test_an_invoice_counts_once_a_kind_and_a_day_scored_twice_by_its_last_answer() -> None:
    first, later = moment(), moment(as_of=moment().due_on + timedelta(days=1))
    again = replace(later, as_of=later.as_of + timedelta(days=3))
    corrected = replace(first, probabilities=(0.9, 0.5, 0.1))
    assert first_of_each_kind([first, later, again, corrected]) == [corrected, later]


def test_the_stability_index_is_nothing_for_the_same_and_large_for_another_portfolio() -> None:
    assert stability_index((0.5, 0.5), (0.5, 0.5)) == 0
    assert stability_index((0.5, 0.5), (0.9, 0.1)) == pytest.approx(0.4 * 2.1972, abs=1e-3)
    assert stability_index((1.0, 0.0), (0.0, 1.0)) == pytest.approx(2 * 0.9999 * log(1e4), abs=1e-3)


def test_drift_is_unknown_from_few_rows_and_acts_on_many() -> None:
    (few,) = drifts(REFERENCE, {"habit": [0.9] * 199})
    (many,) = drifts(REFERENCE, {"habit": [0.9] * 200, "not in the reference": [1.0]})
    assert (few.level, few.index) == ("unknown", None)
    assert (many.level, many.now) == ("act", (0.0, 0.0, 0.0, 1.0))


def test_a_record_without_a_reference_knows_no_drift() -> None:
    assert read_reference({"version": "1"}) == {}


def test_a_calibrated_model_raises_no_alarm() -> None:
    found = report(*world(3_000))
    at_all = found.calibration[0]
    assert found.alarms == ()
    assert at_all.rows == 3_000
    assert at_all.slope == pytest.approx(1, abs=0.15)
    assert at_all.forecast_mean == pytest.approx(at_all.late_share, abs=0.03)


def test_a_model_that_forecasts_too_much_is_said_to() -> None:
    found = report(*world(3_000, came_true=0.5))
    assert any("Late by more than 0 days" in alarm and "came true" in alarm for alarm in found.alarms)


def test_forecasts_turned_round_are_found_by_their_slope() -> None:
    moments, ends = world(2_000)
    turned = [replace(one, probabilities=(0.65 - one.probabilities[0], 0.0, 0.0)) for one in moments]
    assert any("calibration slope is -" in alarm for alarm in report(turned, ends).alarms)


def test_an_answer_counts_only_once_all_of_its_age_are_known() -> None:
    """Else the prompt payers would be known and the late ones not yet."""
    young = [moment(n, days_ago=25) for n in range(50)]
    paid_early = {(one.customer_id, one.invoice_id): one.issued_on + timedelta(days=3) for one in young}
    assert report(young, paid_early).calibration == ()
    assert report(young, paid_early).coverage == ()


def test_an_invoice_that_the_ledger_no_longer_knows_is_left_out_and_an_open_one_is_late() -> None:
    gone, still_open = moment(1), moment(2)
    found = report([gone, still_open], {("cus_2", "inv_2"): None})  # type: ignore[dict-item]
    assert (found.calibration[0].rows, found.calibration[0].late_share) == (1, 1.0)
    assert (found.coverage[0].after, found.coverage[0].covered) == (1.0, 0.0)


def test_another_versions_answers_are_not_held_against_this_one() -> None:
    moments, ends = world(300)
    assert report([replace(one, model_version="1") for one in moments], ends).moments == 0


def test_an_interval_that_misses_too_often_is_said_to() -> None:
    moments, ends = world(300)
    narrow = [replace(one, earliest_on=one.due_on, latest_on=one.due_on) for one in moments]
    assert any("interval covered 0%" in alarm for alarm in report(narrow, ends).alarms)


def test_where_no_day_was_named_none_is_read_back_and_none_is_held_against_the_model() -> None:
    moments, ends = world(300)
    unsaid = [replace(one, earliest_on=None, latest_on=None) for one in moments]
    assert read_log(log_lines(unsaid)) == (unsaid, 0)
    assert report(unsaid, ends).coverage == ()
    (half,) = report([*moments[:100], *unsaid[100:]], ends).coverage
    assert half == report(moments[:100], ends).coverage[0]
    assert report(unsaid, ends).calibration == report(moments, ends).calibration


def test_a_sharper_challenger_wins_and_an_equal_one_does_not() -> None:
    moments, ends = world(600)
    sharper = [(0.9,) if ends[one.customer_id, one.invoice_id] > one.due_on else (0.1,) for one in moments]
    won = report(moments, ends, challenger=("3", sharper)).challenge
    same = report(moments, ends, challenger=("3", [one.probabilities for one in moments])).challenge
    assert won is not None
    assert won.challenger_wins
    assert won.challenger_brier == pytest.approx(0.01)
    assert same is not None
    assert not same.challenger_wins


def test_a_challenger_does_not_win_on_a_handful() -> None:
    moments, ends = world(99)
    sharper = [(0.9,) if ends[one.customer_id, one.invoice_id] > one.due_on else (0.1,) for one in moments]
    found = report(moments, ends, challenger=("3", sharper)).challenge
    assert found is not None
    assert not found.challenger_wins


def test_what_went_wrong_in_serving_is_said_first() -> None:
    assert (
        report(*world(3_000, came_true=0.4), served=("The champion is served.",)).alarms[0] == "The champion is served."
    )


def test_a_spread_is_over_its_own_tenths_and_of_equal_values_over_fewer() -> None:
    even = spread_of([float(number) for number in range(1_000)])
    assert len(even.shares) == 10
    assert even.shares == pytest.approx([0.1] * 10, abs=0.002)
    few = spread_of([0.0] * 95 + [1.0] * 5)
    assert (few.up_to, few.shares) == ((0.0,), (0.95, 0.05))
    with pytest.raises(ValueError, match="no spread"):
        spread_of([])
