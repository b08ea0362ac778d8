"""Measures of a forecast against what happened."""

from math import sqrt

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binomtest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score, roc_auc_score, roc_curve

Floats = NDArray[np.float64]
Labels = NDArray[np.int64]
Measures = dict[str, float | int | None]

CALIBRATION_BINS = 10


def classification(y: Labels, p: Floats) -> Measures:
    """AUC with its standard error, PR-AUC, KS, Brier, calibration slope, intercept and error, accuracy at one half,
    with the number of rows and the share late. What a constant forecast or a single outcome leaves open is None.
    """
    both, varied = len(np.unique(y)) > 1, len(np.unique(p)) > 1
    found: dict[str, float | int | None] = {"rows": len(y), "late_share": y.mean(), "forecast_mean": p.mean()}
    found |= dict.fromkeys(("auc", "auc_se", "pr_auc", "ks", "calibration_slope", "calibration_intercept"))
    if both:
        found["auc"] = auc = float(roc_auc_score(y, p))
        found["auc_se"] = _auc_error(auc, int(y.sum()), int((1 - y).sum()))
        found["pr_auc"] = average_precision_score(y, p)
        false, true, _ = roc_curve(y, p)
        found["ks"] = (true - false).max()
    if both and varied:
        found["calibration_slope"], found["calibration_intercept"] = _calibration(y, p)
    found["brier"] = ((p - y) ** 2).mean()
    found["calibration_error"] = _calibration_error(y, p)
    found["accuracy"] = ((p > 0.5) == y).mean()
    return _rounded(found)


def days_late(actual: Floats, forecast: Floats) -> Measures:
    """Mean absolute error of days late: signed (early counts as early) and clipped at the due date."""
    clipped = np.abs(np.maximum(0, actual) - np.maximum(0, forecast))
    return _rounded(
        {"rows": len(actual), "mae_clipped": clipped.mean(), "mae_signed": np.abs(actual - forecast).mean()}
    )


def interval(actual: Floats, earliest: Floats, latest: Floats) -> Measures:
    """Share of the settlements from the earliest to the latest day with its 95 % interval, shares before and after,
    and mean width.
    """
    before, after = (actual < earliest).mean(), (actual > latest).mean()
    low, high = share_between(int(((actual >= earliest) & (actual <= latest)).sum()), len(actual))
    return _rounded(
        {
            "rows": len(actual),
            "coverage": 1 - before - after,
            "coverage_from": low,
            "coverage_to": high,
            "before": before,
            "after": after,
            "width_days": (latest - earliest).mean(),
        }
    )


def share_between(hits: int, rows: int) -> tuple[float, float]:
    """The exact 95 % interval of a share, so many out of so many independent ones (Clopper and Pearson 1934)."""
    found = binomtest(hits, rows).proportion_ci(0.95)
    return float(found.low), float(found.high)


def _auc_error(auc: float, late: int, not_late: int) -> float:
    """Standard error of an AUC after Hanley and McNeil."""
    pair, other = auc / (2 - auc), 2 * auc**2 / (1 + auc)
    spread = auc * (1 - auc) + (late - 1) * (pair - auc**2) + (not_late - 1) * (other - auc**2)
    return sqrt(max(0.0, spread) / (late * not_late))


def _calibration(y: Labels, p: Floats) -> tuple[float, float]:
    """Slope and intercept of the outcome's log odds on the forecast's: 1 and 0 when calibrated."""
    clipped = np.clip(p, 1e-6, 1 - 1e-6)
    fitted = LogisticRegression(C=np.inf, max_iter=1000).fit(np.log(clipped / (1 - clipped))[:, None], y)
    return float(fitted.coef_[0, 0]), float(fitted.intercept_[0])


def _calibration_error(y: Labels, p: Floats) -> float:
    """Mean distance of forecast and outcome over ten groups of like forecasts and equal size."""
    groups = np.array_split(np.argsort(p, kind="stable"), min(CALIBRATION_BINS, len(p)))
    return float(sum(len(group) * abs(p[group].mean() - y[group].mean()) for group in groups) / len(p))


def _rounded(found: dict[str, float | int | None]) -> Measures:
    return {k: v if v is None or isinstance(v, int) else round(float(v), 4) for k, v in found.items()}
