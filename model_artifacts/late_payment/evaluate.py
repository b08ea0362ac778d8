"""How good the model is on later data, beside what needs no model."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score, brier_score_loss, roc_auc_score, roc_curve
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from dunwell.scoring.features import FEATURE_NAMES
from dunwell.scoring.ports import Scorer
from model_artifacts.late_payment.dataset import (
    HORIZONS_DAYS,
    IBM_CUT,
    PORTFOLIO_AS_OF,
    Ledger,
    Moment,
    made_up,
    moments,
)
from model_artifacts.late_payment.model import table

Floats = NDArray[np.float64]
Labels = NDArray[np.int64]
Measures = dict[str, float | int | None]

HOLD_OUT_SEEDS = (201, 202)  # never trained on
LEDGER_END = date.max - timedelta(days=200)  # every invoice of the IBM sample is settled: all answers are known
_LATE_RATIO = FEATURE_NAMES.index("late_ratio")


def measures(y: Labels, p: Floats) -> Measures:
    """AUC, PR-AUC, KS, Brier, calibration slope and intercept (None for a constant forecast), accuracy at
    one half, with the number of rows and the share late.
    """
    varied = len(np.unique(p)) > 1
    slope, intercept = _calibration(y, p) if varied else (None, None)
    far, tpr, _ = roc_curve(y, p)
    found = {
        "rows": len(y),
        "late_share": y.mean(),
        "auc": roc_auc_score(y, p),
        "pr_auc": average_precision_score(y, p),
        "ks": (tpr - far).max(),
        "brier": brier_score_loss(y, p),
        "calibration_slope": slope,
        "calibration_intercept": intercept,
        "accuracy": ((p > 0.5) == y).mean(),
    }
    return {k: v if v is None or isinstance(v, int) else round(float(v), 4) for k, v in found.items()}


def _calibration(y: Labels, p: Floats) -> tuple[float, float]:
    """Slope and intercept of the outcome's log odds on the forecast's: 1 and 0 when calibrated."""
    clipped = np.clip(p, 1e-6, 1 - 1e-6)
    fitted = LogisticRegression(C=np.inf, max_iter=1000).fit(np.log(clipped / (1 - clipped))[:, None], y)
    return float(fitted.coef_[0, 0]), float(fitted.intercept_[0])


def ibm_test(ledger: Ledger) -> list[Moment]:
    """The invoices issued from the cut on, at issue, with the history of that day."""
    return moments(ledger, LEDGER_END, issued_from=IBM_CUT, only_at_issue=True)


def evaluate_ibm(scorer: Scorer, ledger: Ledger) -> dict[str, Measures]:
    """The model's measures on the IBM sample after the cut."""
    rows, y, _ = table(ibm_test(ledger), 0)
    return {"model": measures(y, _late(scorer, rows, 0))}


def rivals_ibm(ledger: Ledger) -> dict[str, Measures]:
    """Plain methods on the same test rows: trained on the same moments at issue before the cut."""
    train = [m for m in moments(ledger, IBM_CUT, only_at_issue=True) if m.labels[0] is not None]
    test = ibm_test(ledger)
    (X, y, _), (Xt, yt, _) = table(train, 0), table(test, 0)
    disputed, disputed_test = (np.array([[m.disputed] for m in ms], dtype=np.float32) for ms in (train, test))
    with_disputed = _logistic().fit(np.hstack([X, disputed]), y)
    boosted = HistGradientBoostingClassifier(random_state=0).fit(X, y)
    return {
        "always_on_time": measures(yt, np.zeros(len(yt))),
        "base_rate": measures(yt, np.full(len(yt), y.mean())),
        "customers_late_ratio": measures(yt, Xt[:, _LATE_RATIO].astype(np.float64)),
        "logistic_regression": measures(yt, _logistic().fit(X, y).predict_proba(Xt)[:, 1]),
        "gradient_boosting": measures(yt, boosted.predict_proba(Xt)[:, 1]),
        "logistic_regression_with_disputed": measures(
            yt, with_disputed.predict_proba(np.hstack([Xt, disputed_test]))[:, 1]
        ),
    }


def evaluate_made_up(scorer: Scorer) -> dict[str, dict[str, Measures]]:
    """The model's measures on portfolios it was not trained on, by horizon: at issue, and while past due."""
    held_out = [m for seed in HOLD_OUT_SEEDS for m in moments(made_up(seed), PORTFOLIO_AS_OF)]
    return {f"late_{horizon}": _by_age(scorer, held_out, horizon) for horizon in HORIZONS_DAYS}


def _by_age(scorer: Scorer, held_out: Sequence[Moment], horizon: int) -> dict[str, Measures]:
    groups: Mapping[str, list[Moment]] = {
        "at_issue": [m for m in held_out if m.at_issue],
        "past_due": [m for m in held_out if m.features[FEATURE_NAMES.index("days_overdue")] > 0],
    }
    found: dict[str, Measures] = {}
    for name, group in groups.items():
        rows, y, _ = table(group, horizon)
        if len(y):
            found[name] = measures(y, _late(scorer, rows, horizon))
            ratio = rows[:, _LATE_RATIO].astype(np.float64)
            found[f"{name}_customers_late_ratio"] = measures(y, ratio)
            found[f"{name}_base_rate"] = measures(y, np.full(len(y), y.mean()))
    return found


def _late(scorer: Scorer, rows: NDArray[np.float32], horizon: int) -> Floats:
    column = scorer.model.horizons_days.index(horizon)
    return np.array([found[column] for found in scorer.probabilities(rows.tolist())])


def _logistic() -> Any:
    return make_pipeline(StandardScaler(), LogisticRegression(C=0.1, max_iter=2000))
