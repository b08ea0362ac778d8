"""Figures beside the ledger: found where they say something, worth nothing where they do not, nothing when absent."""

import copy
import csv
import hashlib
import json
import random
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.special import expit

from dunwell.figures import Figure
from dunwell.scoring.delivery import NO_OFFSETS
from dunwell.scoring.features import FEATURE_NAMES
from dunwell.scoring.outside import Outside, OutsideInput
from dunwell.scoring.score import score_customers
from dunwell_onnx.scorer import ModelFileError, OnnxScorer
from model_artifacts import evaluate as evaluate_command
from model_artifacts.late_payment.dataset import PORTFOLIO_AS_OF, Ledger, made_up, moments
from model_artifacts.late_payment.gate import refusals
from model_artifacts.late_payment.ledger_csv import read_ledger
from model_artifacts.late_payment.model import rows_of
from model_artifacts.late_payment.train import train
from model_artifacts.optional_inputs.ablation import TEST_DAYS, ablation, portfolio
from model_artifacts.optional_inputs.figures import FiguresError, read_figures
from model_artifacts.optional_inputs.graph import with_head
from model_artifacts.optional_inputs.head import Head

FOLDER = Path(__file__).parents[2] / "model_artifacts"
SERVED = FOLDER / "late_payment"
RECORD = json.loads((FOLDER / "optional_inputs" / "metrics.json").read_text(encoding="utf-8"))
COLUMNS = ("about", "name", "period", "published_on", "value")
WITHOUT_EFFECT = {"size", "region", "insolvency_rate", "unemployment"}
CHANGING = ["credit_score", "industry_payment_trend"]
INPUTS = (
    OutsideInput("credit_score", 650, 80),
    OutsideInput("industry", words=("retail", "transport"), shares=(0.5, 0.5)),
)
HEAD = Head(INPUTS, np.array([-0.7, 0.2, -0.2]), np.array([-0.4, 0.1, -0.1]), np.array([1.0, 0.5, 0.1]), 0.4)


# --- the inputs that do something, and those that do not ---


def test_the_gate_keeps_the_inputs_that_change_and_say_something_and_none_without_an_effect() -> None:
    assert RECORD["kept"] == CHANGING
    gain = RECORD["gain"]
    assert gain["mean"] > 3 * gain["standard_error"]
    assert RECORD["with_what_is_kept"]["brier"] < RECORD["with_the_ledger_only"]["brier"]
    assert RECORD["with_what_is_kept"]["interval_coverage"] > RECORD["with_the_ledger_only"]["interval_coverage"] - 0.02
    for name in WITHOUT_EFFECT:
        worth = RECORD["inputs"][name]["worth"]
        assert worth["mean"] < 2 * worth["standard_error"] + 1e-5


def test_the_ablation_finds_the_same_again() -> None:
    found = ablation(RECORD["seeds"], forms=False)
    assert found["model"] == RECORD["model"], "run the ablation again: another model is in service"
    assert found["kept"] == CHANGING
    for name in CHANGING:
        again, before = found["inputs"][name]["worth"], RECORD["inputs"][name]["worth"]
        assert again["mean"] == pytest.approx(before["mean"], abs=0.0005)


def test_the_weights_have_the_signs_of_the_effects() -> None:
    inputs = RECORD["inputs"]
    for name, sign in (("credit_score", -1), ("customer_since", -1), ("industry_payment_trend", 1)):
        weights = [*inputs[name]["weights"], *inputs[name]["fading"]]
        assert all(sign * weight >= 0 for weight in weights)
        assert sign * sum(weights) > 3 * abs(inputs["size"]["weights"][0])
    construction, retail, services, transport = inputs["industry"]["fading"]
    assert min(construction, transport) > 0 > max(retail, services)


def test_the_form_in_use_is_the_one_that_was_measured_best() -> None:
    used = RECORD["forms"]["and_fading_with_history"]["all_horizons"]
    assert used == min(one["all_horizons"] for one in RECORD["forms"].values() if "all_horizons" in one)


# --- the graph ---


@pytest.fixture(scope="module")
def headed(tmp_path_factory: pytest.TempPathFactory) -> OnnxScorer:
    return written(tmp_path_factory.mktemp("headed"), (SERVED / "model.onnx").read_bytes(), HEAD)


def written(folder: Path, content: bytes, head: Head) -> OnnxScorer:
    """The model in service with a head, as a folder that is served."""
    record = json.loads((SERVED / "metrics.json").read_text(encoding="utf-8"))
    content = with_head(content, head)
    (folder / "model.onnx").write_bytes(content)
    record |= {"sha256": hashlib.sha256(content).hexdigest()}
    record["outside"] = {"inputs": [asdict(one) for one in head.inputs]}
    (folder / "metrics.json").write_text(json.dumps(record), encoding="utf-8")
    return OnnxScorer(folder)


@pytest.fixture(scope="module")
def rows() -> Any:
    return rows_of(moments(made_up(7, 60), PORTFOLIO_AS_OF, NO_OFFSETS))


def test_without_figures_every_answer_is_bit_for_bit_the_models_own(headed: OnnxScorer, rows: Any) -> None:
    base, width = OnnxScorer(SERVED), len(FEATURE_NAMES)
    absent = np.hstack([rows, np.zeros((len(rows), 3), np.float32)])
    for asked in (rows.tolist(), absent.tolist()):
        assert headed.probabilities(asked) == base.probabilities(asked if asked[0] is None else rows.tolist())
        for own, other in zip(headed.forecasts(asked), base.forecasts(rows.tolist()), strict=True):
            assert own.lateness == other.lateness
            assert [each[:width] for each in own.effects] == other.effects
            assert [each[width:] for each in own.effects] == [[0.0, 0.0]] * 3


def test_the_graph_adjusts_log_odds_as_the_head_says_and_stays_coherent(headed: OnnxScorer, rows: Any) -> None:
    outside = np.tile(np.array([[-1.5, 0.5, -0.5]], np.float32), (len(rows), 1))
    served = np.array(headed.probabilities(np.hstack([rows, outside]).tolist()))
    base = np.array(OnnxScorer(SERVED).probabilities(rows.tolist()))
    new = np.exp(-rows[:, FEATURE_NAMES.index("settled_count")].astype(np.float64))
    shift = outside @ HEAD.weights + (outside @ HEAD.fading) * new
    overdue = rows[:, FEATURE_NAMES.index("days_overdue")]
    first = overdue <= 0
    expected = expit(np.log(base[first, 0] / (1 - base[first, 0])) + shift[first])
    assert np.abs(served[first, 0] - expected).max() < 1e-5
    assert (served[first, 1] <= served[first, 0] + 1e-6).all()
    assert (served[overdue <= 30, 2] <= served[overdue <= 30, 1] + 1e-6).all()


def test_neutralising_an_outside_input_moves_the_score_as_its_reason_says(headed: OnnxScorer, rows: Any) -> None:
    told = np.tile(np.array([[-1.5, 0.5, -0.5]], np.float32), (len(rows), 1))
    without_score, without_industry = told * [0, 1, 1], told * [1, 0, 0]
    full = headed.forecasts(np.hstack([rows, told]).tolist())
    for place, less in enumerate((without_score, without_industry)):
        left = headed.probabilities(np.hstack([rows, less]).astype(np.float32).tolist())
        for found, other in zip(full, left, strict=True):
            effects = [one[len(FEATURE_NAMES) + place] for one in found.effects]
            moved = [own - one for own, one in zip(found.probabilities, other, strict=True)]
            assert effects == pytest.approx(moved, abs=1e-5)


def test_a_worse_credit_score_never_lowers_a_risk(headed: OnnxScorer, rows: Any) -> None:
    worse = [np.hstack([rows, np.tile([[step, 0, 0]], (len(rows), 1))]) for step in (1.0, 0.0, -1.0)]
    answers = [np.array(headed.probabilities(one.astype(np.float32).tolist())) for one in worse]
    assert (answers[0] <= answers[1] + 1e-7).all()
    assert (answers[1] <= answers[2] + 1e-7).all()


def test_a_record_that_tells_of_other_inputs_than_the_graph_has_is_not_served(tmp_path: Path) -> None:
    written(tmp_path, (SERVED / "model.onnx").read_bytes(), HEAD)
    record = json.loads((tmp_path / "metrics.json").read_text(encoding="utf-8"))
    told = record["outside"]["inputs"]
    for inputs in ([*told[:0]], told[:1]):
        changed = record | {"outside": {"inputs": inputs}}
        (tmp_path / "metrics.json").write_text(json.dumps(changed), encoding="utf-8")
        with pytest.raises(ModelFileError, match="other outside inputs"):
            _ = OnnxScorer(tmp_path).model


def test_an_input_that_the_law_forbids_is_refused_by_the_gate() -> None:
    record = json.loads((SERVED / "metrics.json").read_text(encoding="utf-8"))
    assert refusals(record) == []
    refused = refusals(record | {"outside": {"inputs": [{"name": "marital_status"}]}})
    assert refused[0] == "It asks for what the law forbids: marital_status."


def test_figures_reach_a_served_score_with_their_reason_and_proxies_only_with_leave(headed: OnnxScorer) -> None:
    facts = next(iter(made_up(7, 5).values()))
    facts = [replace(facts[-1], settled_on=None, issued_on=PORTFOLIO_AS_OF - timedelta(days=5))]
    day = PORTFOLIO_AS_OF - timedelta(days=40)
    own = [Figure("credit_score", f"{day}", day, "480"), Figure("industry", f"{day}", day, "retail")]

    def scored(figures: Sequence[Figure], *proxies: str) -> Any:
        told = Outside(lambda name: [], proxies).told([figures], headed.model.outside, PORTFOLIO_AS_OF)
        (found,) = score_customers([facts], PORTFOLIO_AS_OF, headed, told)
        return found.invoices[0]

    without, with_score, with_both = scored([]), scored(own), scored(own, "industry")
    assert with_both.probabilities[0] > with_score.probabilities[0] > without.probabilities[0]
    assert with_score.expected_on >= without.expected_on
    assert "The credit score is low." in [one.words for one in with_score.reasons]
    assert "industry" not in [one.feature for one in with_score.reasons]


def test_the_model_in_service_has_no_inputs_beside_the_ledger() -> None:
    assert OnnxScorer(SERVED).model.outside == ()


# --- training on an owner's data ---


CUT = PORTFOLIO_AS_OF - timedelta(days=TEST_DAYS)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model trained with a cut on a ledger and figures, which are beside it, by a bureau that knows something."""
    folder = tmp_path_factory.mktemp("trained")
    ledger, figures = portfolio(301, 320)
    rows: list[tuple[str, ...]] = [
        (who or one.about, one.name, one.period, f"{one.published_on}", one.value)
        for who, one in figures
        if one.name != "credit_score"
    ]
    rows += knowing_bureau(ledger)
    write(folder / "ledger.csv", LEDGER_COLUMNS, ledger_rows(ledger))
    write(folder / "figures.csv", COLUMNS, rows)
    file, published = read_ledger(folder / "ledger.csv"), read_figures(folder / "figures.csv")
    train(folder / "out", file, CUT, (101,), 60, published)
    return folder


def record_of(trained: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((trained / "out" / "metrics.json").read_text(encoding="utf-8"))
    return found


def test_training_with_figures_uses_what_is_worth_it_and_serves_it(trained: Path) -> None:
    outside = record_of(trained)["outside"]
    assert outside["tried"] == ["credit_score", "customer_since"]
    assert outside["too_few_months_for"] == ["insolvency_rate", "unemployment"]
    assert [one["name"] for one in outside["inputs"]] == ["credit_score"]
    assert outside["weights"][0] + outside["fading"][0] < 0
    assert outside["gain"]["mean"] > 2 * outside["gain"]["standard_error"]
    assert [one.name for one in OnnxScorer(trained / "out").model.outside] == ["credit_score"]


def test_what_is_measured_after_the_cut_is_the_model_with_its_figures_and_without_them(trained: Path) -> None:
    record = record_of(trained)
    with_figures, without = record["evaluation"], record["evaluation_without_figures"]
    assert with_figures["figures"]["inputs"] == ["credit_score"]
    assert with_figures["figures"]["invoices_told_of"] > 0.9 * with_figures["test_invoices"]
    assert without["figures"]["invoices_told_of"] == 0
    ours, plain = (one["late_0"]["at_issue"]["model"] for one in (with_figures, without))
    assert ours["auc"] > plain["auc"] + plain["auc_se"]
    assert ours["brier"] < plain["brier"]
    assert record["outside"]["gain_after_the_cut"]["mean"] > 0


def test_evaluate_takes_the_figures_and_finds_what_training_found(trained: Path, tmp_path: Path) -> None:
    record, out = record_of(trained), tmp_path / "found.json"
    command = ["--model", str(trained / "out"), "--data", str(trained / "ledger.csv"), "--cut", str(CUT)]
    given = ["--figures", str(trained / "figures.csv")]
    for figures, wanted in (([], "evaluation_without_figures"), (given, "evaluation")):
        evaluate_command.main([*command, *figures, "--out", str(out)])
        found = json.loads(out.read_text(encoding="utf-8"))
        del found["model"]
        assert found == record[wanted]


def test_the_gate_refuses_figures_that_make_later_answers_worse_and_those_that_were_not_measured(
    trained: Path,
) -> None:
    record = record_of(trained)
    outside, without = record["outside"], record["evaluation_without_figures"]
    passing = refusals(record)
    worse = record | {"outside": outside | {"gain_after_the_cut": {"mean": -0.002, "standard_error": 0.003}}}
    assert refusals(worse) == [*passing, "With its figures the log loss after the cut is higher by 0.002 ± 0.003."]
    unknown = record | {"outside": {name: outside[name] for name in outside if name != "gain_after_the_cut"}}
    assert refusals(unknown) == [*passing, "What its figures are worth was not measured after the cut."]
    blind = copy.deepcopy(without)
    blind["late_0"]["at_issue"]["model"]["calibration_error"] = 0.2
    said = "Without figures: The calibration error is 0.2."
    assert said in refusals(record | {"evaluation_without_figures": blind})
    assert any(
        one.startswith("Without figures: It was not") for one in refusals(record | {"evaluation_without_figures": None})
    )


def knowing_bureau(ledger: Ledger) -> Iterator[tuple[str, ...]]:
    """A score each quarter that knows how late the invoices of that quarter will be paid, more or less."""
    rng = random.Random(7)
    for customer, facts in ledger.items():
        quarters = defaultdict(list)
        for one in facts:
            if one.settled_on:
                quarters[date(one.issued_on.year, one.issued_on.month - (one.issued_on.month - 1) % 3, 1)].append(one)
        for day, own in quarters.items():
            late = sum(max(-30, min(60, one.days_late())) for one in own) / len(own)
            published = day - timedelta(days=1)
            yield customer, "credit_score", f"{published}", f"{published}", f"{650 - 4 * late + rng.gauss(0, 30):.0f}"


LEDGER_COLUMNS = ("customer_id", "invoice_id", "issue_date", "due_date", "amount", "currency", "settled_date")


def ledger_rows(ledger: Ledger) -> list[tuple[str, ...]]:
    return [
        (
            customer,
            one.invoice_id,
            f"{one.issued_on}",
            f"{one.due_on}",
            f"{one.amount_minor}",
            "JPY",
            f"{one.settled_on or ''}",
        )
        for customer, facts in ledger.items()
        for one in facts
    ]


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (("C1", "credit_score", "2026-01-01", "2026-01-02", "nan"), "line 2: value is not a plain number"),
        (("", "unemployment", "2026-13", "2026-01-02", "1"), "line 2: period is neither"),
        (("", "unemployment", "2026-05", "2026-04-02", "1"), "line 2: published_on is before"),
    ],
)
def test_a_wrong_row_is_refused_with_its_line(tmp_path: Path, row: tuple[str, ...], said: str) -> None:
    write(tmp_path / "figures.csv", COLUMNS, [row])
    with pytest.raises(FiguresError, match=said):
        read_figures(tmp_path / "figures.csv")


def test_a_file_that_is_none_of_figures_is_refused(tmp_path: Path) -> None:
    write(tmp_path / "figures.csv", COLUMNS[:2], [])
    with pytest.raises(FiguresError, match="lacks the columns"):
        read_figures(tmp_path / "figures.csv")


def write(path: Path, header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([header, *rows])
