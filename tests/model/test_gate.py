"""The promotion gate: the committed model passes it, and each way of being worse is refused."""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from model_artifacts.late_payment.gate import refusals

FOLDER = Path(__file__).parents[2] / "model_artifacts" / "late_payment"
Record = dict[str, Any]


@pytest.fixture
def record() -> Record:
    found: Record = json.loads((FOLDER / "metrics.json").read_text(encoding="utf-8"))
    return found


def test_the_committed_model_passes_the_gate(record: Record) -> None:
    assert refusals(record) == record["refused_because"] == []


def model(record: Record) -> Record:
    found: Record = record["evaluation"]["late_0"]["at_issue"]["model"]
    return found


@pytest.mark.parametrize(
    ("worse", "said"),
    [
        (lambda r: model(r).update(auc=0.84), "below a plain rival"),
        (lambda r: model(r).update(brier=0.139), "above a plain rival"),
        (lambda r: model(r).update(brier=0.139), "customers ratio"),
        (lambda r: model(r).update(calibration_slope=0.7), "slope is 0.7"),
        (lambda r: model(r).update(calibration_slope=None), "slope is None"),
        (lambda r: model(r).update(calibration_error=0.09), "calibration error"),
        (lambda r: r["evaluation"]["days_late"]["model"].update(mae_clipped=2.2), "Days late"),
        (lambda r: r["evaluation"]["interval_80"]["at_issue"].update(coverage=0.7), "covers 70.0%"),
        (lambda r: r["parity"].update(largest_difference=0.01), r"differs .* 1\.0e-02"),
        (lambda r: r.pop("parity"), "differs"),
        (lambda r: r.pop("evaluation"), "not evaluated"),
        (lambda r: r["evaluation"]["late_0"].pop("at_issue"), "not evaluated"),
    ],
)
def test_a_worse_or_unmeasured_model_is_refused_with_the_reason(
    record: Record, worse: Callable[[Record], object], said: str
) -> None:
    worsened = copy.deepcopy(record)
    worse(worsened)
    with pytest.raises(AssertionError, match=said):
        assert refusals(worsened) == [], refusals(worsened)


def test_a_model_that_asks_for_what_nobody_has_reviewed_is_refused_under_whatever_name(record: Record) -> None:
    record["feature_names"] = [*record["feature_names"], "segment_7"]
    assert refusals(record) == ["It asks for segment_7, which nobody has reviewed: see REVIEWED in gate.py."]


@pytest.mark.parametrize("name", ["sex", "age", "marital_status", "ethnicity", "first_name", "preferred_language"])
def test_a_model_that_asks_for_what_the_law_forbids_is_refused_however_good_it_is(record: Record, name: str) -> None:
    asking = record | {"feature_names": [*record["feature_names"], name]}
    assert refusals(asking) == [f"It asks for what the law forbids: {name}."]
    assert refusals(asking | {"evaluation": None})[0] == f"It asks for what the law forbids: {name}."
