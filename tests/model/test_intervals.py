"""The interval of the settlement date: calibrated before the cut, held to on what came later."""

import json
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dunwell.scoring.features import FEATURE_NAMES, NEUTRAL_VALUES
from dunwell.scoring.score import settlement
from model_artifacts.late_payment.conformal import Narrowing, bearable, calibrated, folds, kind_of, terms_passed
from model_artifacts.late_payment.dataset import PORTFOLIO_AS_OF, Moment, made_up, moments

RECORD = Path(__file__).parents[2] / "model_artifacts" / "late_payment" / "metrics.json"
LEDGER = made_up(71, 60)
SETTLED = [m for m in moments(LEDGER, PORTFOLIO_AS_OF) if m.invoice.settled_on and m.lateness is not None]


@pytest.fixture(scope="module")
def record() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(RECORD.read_text(encoding="utf-8"))
    return found


def covers(moment: Moment, lateness: tuple[float, float, float], inwards: float) -> bool:
    low, middle, high = lateness
    moved = (min(low + inwards, middle), middle, max(high - inwards, middle))
    earliest, _, latest = settlement(moment.invoice, moment.day, moved)
    return moment.invoice.settled_on is not None and earliest <= moment.invoice.settled_on <= latest


@pytest.mark.parametrize("lateness", [(-1.2, 0.1, 1.4), (0.3, 0.4, 0.5), (-4.0, -3.0, 3.0)])
def test_what_a_settlement_bears_is_where_the_interval_as_served_stops_covering_it(
    lateness: tuple[float, float, float],
) -> None:
    for moment in SETTLED[::11]:
        bears = bearable(moment, lateness, PORTFOLIO_AS_OF)
        if bears == float("inf"):
            assert covers(moment, lateness, 99.0)
        else:
            assert covers(moment, lateness, bears - 0.001)
            assert not covers(moment, lateness, bears + 0.001)


def test_four_in_five_bear_the_narrowing_of_their_kind() -> None:
    rng = np.random.default_rng(1)
    asked = [(m, float(rng.normal())) for m in SETTLED]
    found, said = calibrated(asked)
    rows = np.array([m.features for m, _ in asked])
    borne = found.of(rows) <= np.array([bears for _, bears in asked])
    for kind, count in said["moments"].items():
        share = np.mean([one for one, (m, _) in zip(borne, asked, strict=True) if kind_of(m) == kind])
        assert count > 100
        assert 0.79 <= share <= 0.82, kind


def test_a_kind_with_few_moments_is_left_as_it_was_fitted() -> None:
    found, _ = calibrated([(m, 1.0) for m in SETTLED[:50]])
    assert found == Narrowing()


def test_folds_know_nothing_from_after_the_cut_and_teach_nothing_from_after_their_start() -> None:
    cut = PORTFOLIO_AS_OF - timedelta(days=200)
    found = folds(LEDGER, cut)
    assert len(found) == 5
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


def test_on_later_data_the_interval_covers_what_it_says_before_the_due_date(record: dict[str, Any]) -> None:
    found = record["evaluation"]["interval_80"]
    for kind in ("at_issue", "before_due"):
        assert 0.78 <= found[kind]["coverage"] <= 0.82


def test_past_due_it_covers_what_it_says_within_two_standard_errors(record: dict[str, Any]) -> None:
    found = record["evaluation"]["interval_80"]["past_due"]
    assert abs(found["coverage"] - 0.8) < 2 * (0.8 * 0.2 / found["rows"]) ** 0.5


def test_over_all_cuts_together_past_due_is_nearer_to_four_in_five_than_as_fitted(record: dict[str, Any]) -> None:
    for kind in ("past_due_week", "past_due_longer"):
        found = record["rolling_intervals"][kind]
        assert abs(found["calibrated"] - 0.8) < abs(found["as_fitted"] - 0.8)


def test_the_folds_end_long_before_the_test_part(record: dict[str, Any]) -> None:
    cut = date.fromisoformat(record["evaluation"]["cut"])
    assert date.fromisoformat(record["trained_on"]["ledger_before"]) == cut
    assert sum(record["intervals"]["moments"].values()) > 2_000
