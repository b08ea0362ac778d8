"""Looking after a model: the log of its answers, drift, calibration, intervals, and a challenger."""

import random
from dataclasses import replace
from datetime import date, timedelta
from math import log
from typing import Any

import pytest

from dunwell.ledger.ports import shard_of
from dunwell.scoring.care import ModelReport, Reference, examine
from dunwell.scoring.drift import Spread, drifts, read_spreads, spread_of, stability_index
from dunwell.scoring.moment_log import (
    MOST_A_DAY,
    LoggedMoment,
    Sample,
    first_of_each_kind,
    in_sample,
    log_lines,
    moments_to_log,
    read_line,
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
        (p, p / 3, p / 9), due_on - timedelta(days=10), due_on + timedelta(days=10), "2+0123456789ab",
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


def report(moments: list[LoggedMoment], ends: dict[tuple[str, str], date], **more: Any) -> ModelReport:
    model, columns = ("late_payment", "2+0123456789ab"), (NAMES, HORIZONS)
    return examine(model, TODAY, moments, ends, Reference(REFERENCE), columns, **more)


def test_invoices_are_logged_at_the_moments_the_model_was_trained_for_and_read_back_as_they_were() -> None:
    ages = {0: -1, 1: -11, 2: -20, 3: -31, 4: -33, 5: -38}  # new; open; ten days to due; 1, 3 and 8 days past due
    score = score_customer([invoice(n, issued=issued) for n, issued in ages.items()], AS_OF, ByHandScorer())
    logged = moments_to_log("cus_1", score)
    assert {one.invoice_id: one.kind for one in logged} == {
        "I0": "at_issue",
        "I2": "before_due",
        "I3": "past_due_week",
        "I5": "past_due_longer",
    }
    assert [read_line(line) for line in log_lines(logged).splitlines()] == logged


@pytest.mark.parametrize("line", ["{", "[]", "{}", '{"customer_id": "c"}', "null", '"text"'])
def test_a_line_that_cannot_be_read_says_so(line: str) -> None:
    assert read_line(line) is None


def test_an_invoice_counts_once_a_kind_and_a_day_scored_twice_by_its_last_answer() -> None:
    first, later = moment(), moment(as_of=moment().due_on + timedelta(days=1))
    again = replace(later, as_of=later.as_of + timedelta(days=3))
    corrected = replace(first, probabilities=(0.9, 0.5, 0.1))
    assert first_of_each_kind([first, later, again, corrected]) == [corrected, later]


def test_an_invoice_is_logged_on_each_of_its_first_days_and_the_first_one_there_is_its_answer_at_issue() -> None:
    """It may become known late, as with an import once a week: then the first day on which it is scored counts."""
    issued, terms = -30, 30
    known_from = 6
    lines = [
        one
        for age in range(known_from, 60)
        for one in moments_to_log(
            "cus_1",
            score_customer(
                [invoice(1, issued=issued, terms=terms)], AS_OF + timedelta(days=issued + age), ByHandScorer()
            ),
        )
    ]
    assert [(one.as_of - one.issued_on).days for one in lines] == [6, 7, 8, 9, 10, 20, 31, 38, 46]
    assert [((one.as_of - one.issued_on).days, one.kind) for one in first_of_each_kind(lines)] == [
        (6, "at_issue"),
        (20, "before_due"),
        (31, "past_due_week"),
        (38, "past_due_longer"),
    ]


def test_of_short_terms_the_first_days_end_with_the_due_date() -> None:
    on_each_day = [
        moments_to_log("cus_1", score_customer([invoice(1, issued=-age, terms=5)], AS_OF, ByHandScorer()))
        for age in range(12)
    ]
    assert [age for age, found in enumerate(on_each_day) for one in found if one.kind == "at_issue"] == [
        0,
        1,
        2,
        3,
        4,
        5,
    ]


@pytest.mark.parametrize("workers", [1, 16, 64])
@pytest.mark.parametrize("a_day", [100, 9_000, 40_000])
def test_workers_that_do_not_know_of_each_other_keep_a_bound_together_and_every_smaller_sample_is_in_each(
    workers: int, a_day: int
) -> None:
    samples = {number: Sample(workers) for number in range(workers)}
    for number in range(a_day):
        one = moment(number)
        samples[shard_of(one.customer_id) % workers].add([one])
    kept = [one for sample in samples.values() for one in sample.kept]
    assert len(kept) <= 1.1 * MOST_A_DAY
    one_in = max(sample.one_in for sample in samples.values())
    assert one_in == 1 or one_in <= 4 * a_day / MOST_A_DAY
    common = {one.invoice_id for one in kept if in_sample(one.place, one_in)}
    assert common == {one.invoice_id for one in map(moment, range(a_day)) if in_sample(one.place, one_in)}
    assert len(common) == pytest.approx(a_day / one_in, rel=0.15)


def test_a_worker_that_goes_on_in_another_invocation_does_not_begin_anew() -> None:
    first, seen = Sample(64), 0
    first.add([moment(number) for number in range(90)])
    for _ in range(20):
        later = Sample(64, seen or first.seen)
        later.add([moment(number) for number in range(90)])
        seen = later.seen
    assert first.one_in == 1
    assert (seen, later.one_in) == (1_890, 32)
    assert [one.place for one in later.kept] == sorted(one.place for one in later.kept)


def test_the_stability_index_is_nothing_for_the_same_and_large_for_another_portfolio() -> None:
    assert stability_index((0.5, 0.5), (0.5, 0.5)) == 0
    assert stability_index((0.5, 0.5), (0.9, 0.1)) == pytest.approx(0.4 * 2.1972, abs=1e-3)
    assert stability_index((1.0, 0.0), (0.0, 1.0)) == pytest.approx(2 * 0.9999 * log(1e4), abs=1e-3)


def test_drift_is_unknown_from_few_rows_and_acts_on_many() -> None:
    (few,) = drifts(REFERENCE, {"habit": [0.9] * 400}, (0, 99))
    (many,) = drifts(REFERENCE, {"habit": [0.9] * 400, "not in the reference": [1.0]}, (0, 100))
    assert (few.level, few.index) == ("unknown", None)
    assert (many.level, many.now) == ("act", (0.0, 0.0, 0.0, 1.0))


def test_what_chance_moves_between_two_samples_of_one_portfolio_is_no_drift() -> None:
    """Every customer with ten rows that are all alike: a tenth of the rows would be as telling."""
    rng = random.Random(11)

    def sample(customers: int) -> list[float]:
        return [value for value in (rng.random() for _ in range(customers)) for _ in range(10)]

    found = []
    for _ in range(40):
        first = sample(120)
        found += drifts({"habit": spread_of(first)}, {"habit": sample(120)}, (120, 120))
    indices = [one.index or 0.0 for one in found]
    assert sum(indices) / len(indices) < 0.05
    assert {one.level for one in found} <= {"steady", "watch"}
    (moved,) = drifts({"habit": spread_of(sample(120))}, {"habit": [v**3 for v in sample(120)]}, (120, 120))
    assert moved.level == "act"


def test_a_record_without_a_reference_knows_no_drift() -> None:
    assert read_spreads({}) == {}


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


def test_several_answers_for_an_invoice_do_not_make_the_bounds_surer() -> None:
    """Each invoice asked at issue, ten days before due, past due by a day and by 8: the same end four times."""
    moments, ends = world(600)
    days = [one.due_on + timedelta(days=after) for one in moments for after in (-29, -10, 1, 8)]
    often = [replace(one, as_of=day) for one, day in zip((one for one in moments for _ in range(4)), days, strict=True)]
    once, found = report(moments, ends), report(often, ends)
    assert (found.moments, found.invoices, found.outcomes) == (2_400, 600, 600)
    assert (once.moments, once.invoices, once.outcomes) == (600, 600, 600)
    late_30, late_30_once = found.calibration[1], once.calibration[1]
    assert (late_30.rows, late_30.invoices) == (2_400, 600)
    assert late_30.slope == pytest.approx(late_30_once.slope, abs=1e-3)
    assert late_30.slope_error == pytest.approx(late_30_once.slope_error, rel=1e-2)


def test_four_answers_each_for_fewer_invoices_than_a_bound_asks_for_pass_none() -> None:
    moments, ends = world(190, came_true=0.3)
    days = [one.due_on + timedelta(days=after) for one in moments for after in (-29, -10, 1, 8)]
    often = [replace(one, as_of=day) for one, day in zip((one for one in moments for _ in range(4)), days, strict=True)]
    found = report(often, ends)
    assert found.calibration[1].rows == 760
    assert found.alarms == ()
    assert report(*world(400, came_true=0.3)).alarms != ()


def test_an_interval_that_misses_too_often_is_said_to() -> None:
    moments, ends = world(300)
    narrow = [replace(one, earliest_on=one.due_on, latest_on=one.due_on) for one in moments]
    assert any("interval covered 0%" in alarm for alarm in report(narrow, ends).alarms)


def test_where_no_day_was_named_none_is_read_back_and_none_is_held_against_the_model() -> None:
    moments, ends = world(300)
    unsaid = [replace(one, earliest_on=None, latest_on=None) for one in moments]
    assert [read_line(line) for line in log_lines(unsaid).splitlines()] == unsaid
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
