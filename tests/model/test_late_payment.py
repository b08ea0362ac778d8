"""The committed model: what is served is what was trained, measured and allowed."""

import hashlib
import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dunwell.scoring.features import FEATURE_NAMES, NEUTRAL_VALUES, features
from dunwell.scoring.score import score_customers
from dunwell_onnx.scorer import OnnxScorer
from model_artifacts.late_payment.dataset import (
    HORIZONS_DAYS,
    PORTFOLIO_AS_OF,
    Ledger,
    made_up,
    moments,
    read_ibm,
)
from model_artifacts.late_payment.evaluate import evaluate_ibm, evaluate_made_up, rivals_ibm
from model_artifacts.late_payment.model import NEVER_LOWERS, NEVER_RAISES, fit, probabilities
from model_artifacts.late_payment.train import train

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "model_artifacts" / "late_payment"
SHARED = Path(os.environ.get("DUNWELL_SHARED", ROOT.parent / "shared"))
IBM = SHARED / "data" / "ibm_late_payment" / "WA_Fn-UseC_-Accounts-Receivable.csv"
SMALL_SEED, SMALL = 31, 60


@pytest.fixture(scope="module")
def record() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((FOLDER / "metrics.json").read_text(encoding="utf-8"))
    return found


@pytest.fixture(scope="module")
def scorer() -> OnnxScorer:
    return OnnxScorer(FOLDER)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model trained on one small portfolio, without the real ledger."""
    out = tmp_path_factory.mktemp("small")
    train(out, None, seeds=(SMALL_SEED,), customers=SMALL)
    return out


@pytest.fixture(scope="module")
def ibm() -> Ledger:
    if not IBM.exists():
        pytest.skip(f"IBM's receivables sample is not at {IBM}: DUNWELL_SHARED says where.")
    return read_ibm(IBM)


def test_what_is_served_agrees_with_scikit_learn_on_every_row(small: Path) -> None:
    model = fit([], moments(made_up(SMALL_SEED, SMALL), PORTFOLIO_AS_OF))
    rows = np.array([m.features for m in moments(made_up(41, 150), PORTFOLIO_AS_OF)], dtype=np.float32)
    served = np.array(OnnxScorer(small).probabilities(rows.tolist()))
    assert len(rows) > 5_000
    assert np.abs(served - probabilities(model, rows)).max() < 1e-5


def test_training_again_gives_the_same_file(small: Path, tmp_path: Path) -> None:
    train(tmp_path, None, seeds=(SMALL_SEED,), customers=SMALL)
    assert (tmp_path / "model.onnx").read_bytes() == (small / "model.onnx").read_bytes()
    assert (tmp_path / "metrics.json").read_text() == (small / "metrics.json").read_text()


def test_the_record_describes_the_committed_file(record: dict[str, Any], scorer: OnnxScorer) -> None:
    assert record["sha256"] == hashlib.sha256((FOLDER / "model.onnx").read_bytes()).hexdigest()
    assert scorer.model.feature_names == FEATURE_NAMES
    assert scorer.model.horizons_days == HORIZONS_DAYS


def test_the_card_names_the_committed_model(record: dict[str, Any]) -> None:
    card = (FOLDER / "card.md").read_text(encoding="utf-8")
    assert record["card_id"] in card
    assert record["version"] in card
    assert record["sha256"] in card


def test_the_card_has_every_section_a_model_card_must_have() -> None:
    card = (FOLDER / "card.md").read_text(encoding="utf-8").lower()
    needed = (
        "purpose, owner, data window, target, exclusions, leakage checks, metrics, segments, fairness, "
        "limits, monitoring, champion and challenger, version, approval, rollback"
    )
    assert [name for name in needed.split(", ") if f"\n## {name}" not in card] == []


def test_the_ibm_measures_on_record_are_reproduced(record: dict[str, Any], scorer: OnnxScorer, ibm: Ledger) -> None:
    found = {**evaluate_ibm(scorer, ibm), **rivals_ibm(ibm)}
    for name, measures in found.items():
        assert measures == pytest.approx(record["ibm_after_cut"][name], abs=2e-3), name


def test_on_ibm_the_model_is_no_worse_than_the_best_plain_method_within_noise(scorer: OnnxScorer, ibm: Ledger) -> None:
    measures = evaluate_ibm(scorer, ibm)["model"]
    assert measures["rows"] == 635
    assert (measures["auc"] or 0) >= 0.876
    assert (measures["brier"] or 1) <= 0.127
    assert 0.8 < (measures["calibration_slope"] or 0) < 1.2


def test_the_made_up_measures_on_record_are_reproduced_and_beat_the_plain_methods(
    record: dict[str, Any], scorer: OnnxScorer
) -> None:
    for horizon, groups in evaluate_made_up(scorer).items():
        for group, measures in groups.items():
            assert measures == pytest.approx(record["made_up_hold_out"][horizon][group], abs=2e-3)
        for group in {"at_issue", "past_due"} & set(groups):
            model, ratio = groups[group], groups[f"{group}_customers_late_ratio"]
            assert (model["auc"] or 0) > (ratio["auc"] or 0)
            assert (model["brier"] or 1) < (groups[f"{group}_base_rate"]["brier"] or 0)


@pytest.mark.parametrize("name", sorted(NEVER_LOWERS))
def test_more_lateness_never_lowers_a_risk(scorer: OnnxScorer, name: str) -> None:
    assert_never_falls(scorer, name, sign=1)


@pytest.mark.parametrize("name", sorted(NEVER_RAISES))
def test_more_history_and_more_time_never_raise_a_risk(scorer: OnnxScorer, name: str) -> None:
    assert_never_falls(scorer, name, sign=-1)


def assert_never_falls(scorer: OnnxScorer, name: str, sign: int) -> None:
    index = FEATURE_NAMES.index(name)
    for base in (m.features for m in moments(made_up(51, 8), PORTFOLIO_AS_OF)[::7]):
        steps = [(*base[:index], base[index] + sign * step, *base[index + 1 :]) for step in (0, 0.2, 1, 5, 30)]
        found = np.array(scorer.probabilities(steps))
        assert (np.diff(found, axis=0) >= -1e-6).all()


def test_neutralising_a_reason_of_the_real_model_moves_its_score_as_stated(scorer: OnnxScorer) -> None:
    ledger = list(made_up(61, 80).values())
    checked = 0
    for facts, customer in zip(ledger, score_customers(ledger, PORTFOLIO_AS_OF, scorer), strict=True):
        by_id = {invoice.invoice_id: invoice for invoice in facts}
        for invoice in customer.invoices:
            row = features(by_id[invoice.invoice_id], facts, PORTFOLIO_AS_OF)
            for reason in invoice.reasons:
                index = FEATURE_NAMES.index(reason.feature)
                neutral = (*row[:index], NEUTRAL_VALUES[index], *row[index + 1 :])
                before, after = scorer.probabilities([row, neutral])
                column = HORIZONS_DAYS.index(invoice.horizon_days or 0)
                assert before[column] - after[column] == pytest.approx(reason.effect, abs=1e-6)
                assert (reason.direction == "raises") == (after[column] < before[column])
                checked += 1
    assert checked > 50


def test_a_reason_that_speaks_of_lateness_never_lowers_the_risk(scorer: OnnxScorer) -> None:
    ledger = list(made_up(62, 150).values())
    scored = score_customers(ledger, PORTFOLIO_AS_OF, scorer)
    reasons = [r for customer in scored for invoice in customer.invoices for r in invoice.reasons]
    often_late = [r for r in reasons if "often paid after" in r.words or "past its due date" in r.words]
    assert often_late
    assert {reason.direction for reason in often_late} == {"raises"}


def test_a_new_customer_is_neither_good_nor_bad(scorer: OnnxScorer) -> None:
    row = list(NEUTRAL_VALUES)
    row[FEATURE_NAMES.index("has_history")] = row[FEATURE_NAMES.index("settled_count")] = 0.0
    late = scorer.probabilities([row])[0]
    assert 0.1 < late[0] < 0.7
    assert late[0] > late[1] > late[2]
