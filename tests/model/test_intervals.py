"""The interval of the settlement date: calibrated before the cut, held to on what came later."""

import json
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from onnxruntime import InferenceSession

from dunwell.scoring.delivery import NO_OFFSETS
from dunwell.scoring.features import FEATURE_NAMES, NEUTRAL_VALUES
from dunwell.scoring.score import settlement
from dunwell_onnx.scorer import EXPLAIN, INPUT, LATENESS
from model_artifacts.late_payment.conformal import (
    KINDS,
    Narrowing,
    Shares,
    bearable,
    calibrated,
    folds,
    kind_of,
    terms_passed,
)
from model_artifacts.late_payment.dataset import PORTFOLIO_AS_OF, Moment, made_up, moments
from model_artifacts.late_payment.export import to_onnx
from model_artifacts.late_payment.measures import share_between
from model_artifacts.late_payment.model import fit, rows_of

FOLDER = Path(__file__).parents[2] / "model_artifacts" / "late_payment"
RECORD, CARD = FOLDER / "metrics.json", FOLDER / "card.md"
LEDGER = made_up(71, 60)
FAR = 40.0
SETTLED = [m for m in moments(LEDGER, PORTFOLIO_AS_OF, NO_OFFSETS) if m.invoice.settled_on and m.lateness is not None]


@pytest.fixture(scope="module")
def record() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(RECORD.read_text(encoding="utf-8"))
    return found


def holds(moment: Moment, lateness: tuple[float, float, float], end: int, inwards: float) -> bool:
    """Whether the settlement is on the right side of this end of the interval as served, moved by so much."""
    narrowing = Narrowing(Shares(inwards), Shares(inwards), overdue_week=inwards, overdue_longer=inwards)
    moved = narrowing.applied(np.array([moment.features]), np.array([lateness]))[0]
    low, middle, high = moved.tolist()
    # The other end is far away: an interval of one day is not served at all.
    days = settlement(moment.invoice, moment.day, (low, middle, FAR) if end == 0 else (-FAR, middle, high))
    settled_on = moment.invoice.settled_on
    earliest, _, latest = days or (moment.day,) * 3
    return settled_on is not None and (settled_on >= earliest if end == 0 else settled_on <= latest)


@pytest.mark.parametrize("end", [0, 1])
@pytest.mark.parametrize("lateness", [(-1.2, 0.1, 1.4), (0.3, 0.4, 0.5), (-4.0, -3.0, 3.0), (0.2, 0.2, 0.2)])
def test_what_a_settlement_bears_is_where_the_interval_as_served_stops_holding_it(
    lateness: tuple[float, float, float], end: int
) -> None:
    for moment in SETTLED[::11]:
        bears = bearable(moment, lateness, PORTFOLIO_AS_OF)[end]
        if bears == float("inf"):
            assert holds(moment, lateness, end, 99.0)
        else:
            assert holds(moment, lateness, end, bears - 0.001)
            assert not holds(moment, lateness, end, bears + 0.001)


def test_a_settlement_on_the_day_of_issue_is_before_an_interval_that_starts_later() -> None:
    moment = next(m for m in SETTLED if m.at_issue and m.invoice.due_on > m.invoice.issued_on)
    at_once = replace(moment, invoice=replace(moment.invoice, settled_on=moment.invoice.issued_on))
    earliest, latest = bearable(at_once, (-0.5, 0.1, 1.0), PORTFOLIO_AS_OF)
    assert earliest < 0
    assert latest == float("inf")


def test_each_end_before_the_due_date_and_both_together_past_due_hold_for_what_was_promised() -> None:
    rng = np.random.default_rng(1)
    asked = [(m, (float(rng.normal()), float(rng.normal()))) for m in SETTLED]
    found, said = calibrated(asked)
    assert min(said["moments"].values()) > 100
    for kind in said["moments"]:
        of_kind = [(m, bears) for m, bears in asked if kind_of(m) == kind]
        rows, bears = np.array([m.features for m, _ in of_kind]), np.array([bears for _, bears in of_kind])
        if kind.startswith("past_due"):
            step = found.overdue_week if kind == "past_due_week" else found.overdue_longer
            assert 0.79 <= np.mean(bears.min(axis=1) >= step) <= 0.82, kind
        else:
            for end, shares in enumerate((found.earliest, found.latest)):
                assert 0.895 <= np.mean(bears[:, end] >= shares.of(rows)) <= 0.91, (kind, end)


def test_past_due_a_kind_with_few_moments_is_calibrated_together_with_the_other() -> None:
    week = [m for m in SETTLED if kind_of(m) == "past_due_week"][:200]
    longer = [m for m in SETTLED if kind_of(m) == "past_due_longer"][:20]
    found, _ = calibrated([(m, (0.3, 0.3)) for m in week] + [(m, (-0.1, 0.3)) for m in longer])
    assert (found.overdue_week, found.overdue_longer) == (0.3, 0.3)


def test_an_end_that_all_settlements_bear_anywhere_goes_to_the_middle_and_no_further() -> None:
    anywhere = float("inf")
    found, _ = calibrated([(m, (anywhere, anywhere)) for m in SETTLED])
    assert found.earliest == found.latest == Shares(1.0, 0.0)
    rows = np.array([m.features for m in SETTLED])
    moved = found.applied(rows, np.tile([-1.0, 0.0, 2.0], (len(rows), 1)))
    assert np.array_equal(moved, np.zeros_like(moved))


def test_the_exported_graph_moves_the_ends_as_training_does() -> None:
    model = replace(
        fit([], SETTLED[::3]),
        narrowing=Narrowing(Shares(-0.15, 0.41), Shares(0.18, -0.6), overdue_week=0.3, overdue_longer=-0.2),
    )
    asked_at = moments(made_up(72, 60), PORTFOLIO_AS_OF, NO_OFFSETS)
    rows = rows_of(asked_at)
    asked = {INPUT: rows, EXPLAIN: np.array(True)}
    (served,) = InferenceSession(to_onnx(model), providers=["CPUExecutionProvider"]).run([LATENESS], asked)
    expected = model.quantiles(rows)
    assert {kind_of(m) for m in asked_at} == set(KINDS)
    assert np.abs(served - expected).max() < 1e-5
    assert np.abs(expected - replace(model, narrowing=Narrowing()).quantiles(rows)).max() > 0.1


def test_a_kind_with_few_moments_is_left_as_it_was_fitted() -> None:
    found, _ = calibrated([(m, (1.0, 1.0)) for m in SETTLED[:50]])
    assert found == Narrowing()


def test_folds_know_nothing_from_after_the_cut_and_teach_nothing_from_after_their_start() -> None:
    cut = PORTFOLIO_AS_OF - timedelta(days=200)
    found = folds(LEDGER, cut)
    assert len(found) == 4
    shorter = {
        customer: [
            replace(one, settled_on=one.settled_on if one.settled_on and one.settled_on < cut else None)
            for one in invoices
            if one.issued_on < cut
        ]
        for customer, invoices in LEDGER.items()
    }
    assert [[(m.features, m.lateness) for m in part] for pair in folds(shorter, cut) for part in pair] == [
        [(m.features, m.lateness) for m in part] for pair in found for part in pair
    ]
    for known, later in found:
        start = min(m.invoice.issued_on for m in later)
        assert all(m.day < start or m.invoice.issued_on < start for m in known)


@pytest.mark.parametrize(
    ("terms", "to_due", "passed"), [(30, 30, 0), (30, 10, 2 / 3), (30, 0, 1), (0, 0, 1), (120, 90, 0)]
)
def test_the_share_of_the_terms_that_has_passed(terms: float, to_due: float, passed: float) -> None:
    row = list(NEUTRAL_VALUES)
    row[FEATURE_NAMES.index("terms_days")], row[FEATURE_NAMES.index("days_to_due")] = terms, to_due
    assert terms_passed(np.array([row]))[0] == pytest.approx(passed)


def test_in_the_test_part_no_kind_of_moment_is_covered_less_often_than_said_nor_much_more(
    record: dict[str, Any],
) -> None:
    """Its payments are spread less than those of the year before, on which the interval is calibrated: see the card."""
    found = record["evaluation"]["interval_80"]
    for kind in ("all", "at_issue", "before_due", "past_due", "past_due_week", "past_due_longer"):
        assert 0.78 <= found[kind]["coverage"] <= 0.865, kind


def test_over_all_cuts_together_the_interval_covers_what_it_says(record: dict[str, Any]) -> None:
    found = record["rolling_intervals"]
    for kind in ("all", "at_issue"):
        assert 0.78 <= found[kind]["calibrated"] <= 0.82
    for kind in ("at_issue", "before_due", "past_due_week", "past_due_longer"):
        assert found[kind]["calibrated_from"] <= 0.8 <= found[kind]["calibrated_to"], kind


def test_over_all_cuts_together_past_due_is_nearer_to_four_in_five_than_as_fitted(record: dict[str, Any]) -> None:
    for kind in ("past_due_week", "past_due_longer", "past_due"):
        found = record["rolling_intervals"][kind]
        assert abs(found["calibrated"] - 0.8) < abs(found["as_fitted"] - 0.8)


def test_the_cuts_together_are_the_sum_of_their_kinds_and_of_each_cut(record: dict[str, Any]) -> None:
    found = {group: (one["moments"], one["calibrated"]) for group, one in record["rolling_intervals"].items()}
    for parts in (("at_issue", "before_due", "past_due"), [group for group in found if group.startswith("from_")]):
        assert sum(found[part][0] for part in parts) == found["all"][0]
        assert sum(found[part][0] * found[part][1] for part in parts) == pytest.approx(
            found["all"][0] * found["all"][1], abs=1
        )


def test_the_interval_of_a_share_is_the_exact_one() -> None:
    """Clopper and Pearson's own by hand: of no hits in ten, 1 - .025 ** (1 / 10)."""
    assert share_between(0, 10) == pytest.approx((0, 1 - 0.025**0.1))
    assert share_between(81, 263)[0] < 81 / 263 < share_between(81, 263)[1]


CARD_ROWS = {
    "all": "all",
    "at issue": "at_issue",
    "ten days before due": "before_due",
    "past due": "past_due",
    "past due, up to a week": "past_due_week",
    "past due, longer": "past_due_longer",
}


@pytest.mark.parametrize(("row", "kind"), CARD_ROWS.items())
def test_the_cards_table_of_coverage_is_what_is_on_record(record: dict[str, Any], row: str, kind: str) -> None:
    (line,) = [line for line in CARD.read_text(encoding="utf-8").splitlines() if line.startswith(f"| {row} |")]
    at_cut, rolling = record["evaluation"]["interval_80"][kind], record["rolling_intervals"][kind]
    shown = [
        f"{at_cut['rows']:,}",
        _shown(at_cut["coverage"], at_cut["coverage_from"], at_cut["coverage_to"]),
        f"{at_cut['width_days']:.1f}",
        f"{rolling['moments']:,}",
        _shown(rolling["calibrated"], rolling["calibrated_from"], rolling["calibrated_to"]),
        f"{100 * rolling['as_fitted']:.1f} %",
    ]
    assert [cell.strip() for cell in line.split("|")[2:-1]] == shown


def _shown(share: float, low: float, high: float) -> str:
    return f"{100 * share:.1f} % ({100 * low:.1f}-{100 * high:.1f})"


def test_the_folds_end_long_before_the_test_part(record: dict[str, Any]) -> None:
    cut = date.fromisoformat(record["evaluation"]["cut"])
    assert date.fromisoformat(record["trained_on"]["ledger_before"]) == cut
    assert sum(record["intervals"]["moments"].values()) > 1_500
