"""The second portfolio: measured without what may never be known."""

import json
import os
from pathlib import Path

import numpy as np
import pytest

from model_artifacts.credit_default.evaluate import evaluate
from model_artifacts.credit_default.features import COLUMNS, NEVER, CreditFileError, features, read
from model_artifacts.credit_default.groups import read_labels

ROOT = Path(__file__).parents[2]
RECORD = ROOT / "model_artifacts" / "credit_default" / "metrics.json"
SHARED = Path(os.environ.get("DUNWELL_SHARED", ROOT.parent / "shared"))
UCI = SHARED / "data" / "uci_credit_default" / "default.csv"


def test_sex_education_marital_status_and_age_are_never_an_input() -> None:
    assert not NEVER & set(COLUMNS)
    assert {"SEX", "EDUCATION", "MARRIAGE", "AGE"} == NEVER


def test_labels_are_read_in_the_order_of_the_accounts_and_codes_that_nobody_explained_are_not_said(
    tmp_path: Path,
) -> None:
    path = tmp_path / "default.csv"
    path.write_text("X\nSEX,EDUCATION,MARRIAGE,AGE\n2,3,1,29\n1,6,0,62\n", encoding="utf-8")
    assert read_labels(path) == {
        "SEX": {"0": "female", "1": "male"},
        "EDUCATION": {"0": "high school", "1": "other or not said"},
        "MARRIAGE": {"0": "married", "1": "not said"},
        "AGE": {"0": "under 30", "1": "62 and over"},
    }


def test_features_are_finite_for_accounts_without_bills_or_payments() -> None:
    columns = np.zeros((3, len(COLUMNS)))
    columns[:, 0] = (1, 10_000, 10**9)
    columns[1, 7:13] = -500
    assert np.isfinite(features(columns)).all()


def test_a_file_that_lacks_columns_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "default.csv"
    path.write_text("X1,X2\nLIMIT_BAL,SEX\n1,2\n", encoding="utf-8")
    with pytest.raises(CreditFileError, match="lacks PAY_0"):
        read(path)


def test_the_measures_on_record_are_reproduced_and_reach_the_goal() -> None:
    if not UCI.exists():
        pytest.skip(f"UCI's credit card clients are not at {UCI}: DUNWELL_SHARED says where.")
    found, record = evaluate(UCI), json.loads(RECORD.read_text(encoding="utf-8"))
    assert found["model"]["auc"] == pytest.approx(record["model"]["auc"], abs=1e-3)
    assert found["model"]["auc"] >= 0.785
    sexes = found["adverse_impact"]["SEX"]["below"]["0.15"]
    assert sum(one["count"] for one in sexes.values()) == 30_000
    assert sexes["male"]["ratio"] == pytest.approx(
        record["adverse_impact"]["SEX"]["below"]["0.15"]["male"]["ratio"], abs=0.01
    )
    assert found["model"]["auc"] > found["gradient_boosting"]["auc"] > found["logistic_regression"]["auc"]
