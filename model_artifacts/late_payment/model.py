"""The estimators: what is fitted, and on which moments.

Lateness beyond a horizon is a logistic regression a phase: one for an invoice not yet past due, one for an
invoice past due, since what matters before and after differs. The time to settlement is a linear quantile
regression a phase, on the root scale (`dunwell.scoring.habit`). The shape of the curves sits in the features,
which hold a survival curve for each customer; so the part that is learnt can stay linear, and every feature's
effect on a score is exact. The logistic link is fitted on log loss: that is the calibration, smooth and in the
graph.

Features that measure lateness can never lower a risk, nor can history or time left raise it (bounded
coefficients): two that say nearly the same could otherwise take opposite signs, and a reason would read "past
invoices were paid late, which lowers the risk".
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.preprocessing import StandardScaler

from dunwell.scoring.delivery import NO_OFFSETS, DeliveryOffsets
from dunwell.scoring.features import FEATURE_NAMES
from dunwell.scoring.ports import SETTLEMENT_QUANTILES
from model_artifacts.late_payment.conformal import Narrowing, bearable, calibrated, folds
from model_artifacts.late_payment.dataset import HORIZONS_DAYS, Ledger, Moment

Floats = NDArray[np.float64]
Rows = NDArray[np.float32]

_DELIVERY = ("delivery_log_odds", "delivery_lateness")  # the same in the unit of each kind of head, which takes its own
NEVER_LOWERS = {
    "late_ratio",
    "recent_late_ratio",
    "late_ratio_with_open",
    "mean_days_late",
    "median_days_late",
    "recent_days_late",
    "days_late_trend",
    "days_since_settlement",
    "long_late_ratio",
    "habit_level",
    "recent_habit_level",
    *_DELIVERY,
    "late_from_here",
    "long_late_from_here",
    "very_late_from_here",
    "amount_ratio",
    "days_overdue",
    "other_overdue_count",
    "other_overdue_share",
    "other_oldest_overdue_days",
}
NEVER_RAISES = {"has_history", "settled_count", "days_to_due"}


def _bounds(unused: str) -> list[tuple[float | None, float | None]]:
    never_raises = NEVER_RAISES | {unused}
    return [(0.0 if n in NEVER_LOWERS else None, 0.0 if n in never_raises else None) for n in FEATURE_NAMES]


LATE_BOUNDS, LATENESS_BOUNDS = map(_bounds, reversed(_DELIVERY))

# Chosen on five folds before the cut; from 300 to 2,000 made-up invoices, and from 3 to 30, do equally well there.
MADE_UP_INVOICES = 1_000.0  # what all made-up ones together weigh: the more real ones there are, the less they count
PENALTY = 10.0  # L2
LATER_MOMENT_WEIGHT = {0: 0.2, 30: 1.0, 90: 1.0}  # for the first, what counts is the answer at issue
ENOUGH_LATE = 50  # late and not late moments: below, a ledger says nothing about a horizon
QUANTILE_SMOOTHING = 0.05
DECIMALS = 5
"""Of coefficients of standardised features. The last digits that the search finds depend on the order in which threads
add up; without them the same data give the same file, bit for bit."""

BEFORE, OVERDUE = 0, 1  # the phases
_OVERDUE = FEATURE_NAMES.index("days_overdue")


@dataclass
class LatePayment:
    """What was fitted: `late[phase][horizon's column]` and `lateness[phase][quantile's column]`, and by how much the
    ends of the interval move for it to cover what it says. `delivery` is what its features take out for how invoices
    were sent.
    """

    late: list[list[LogisticRegression]]
    lateness: list[list[LinearRegression]]
    narrowing: Narrowing = field(default_factory=Narrowing)
    delivery: DeliveryOffsets = NO_OFFSETS

    def probabilities(self, X: Rows) -> Floats:
        """scikit-learn's own answer, one column a horizon: what the exported graph must agree with. A later
        horizon is never likelier than an earlier one that has not passed yet.
        """
        phases = [np.column_stack([head.predict_proba(X)[:, 1] for head in heads]) for heads in self.late]
        late, late_30, late_90 = _by_phase(X, phases).T
        overdue = X[:, _OVERDUE]
        late_30 = np.where(overdue > HORIZONS_DAYS[0], late_30, np.minimum(late, late_30))
        late_90 = np.where(overdue > HORIZONS_DAYS[1], late_90, np.minimum(late_30, late_90))
        return np.column_stack([late, late_30, late_90])

    def quantiles(self, X: Rows) -> Floats:
        """Quantiles of lateness on the root scale, never crossing."""
        return self.narrowing.applied(X, _quantiles(self.lateness, X))


def _quantiles(lateness: Sequence[Sequence[LinearRegression]], X: Rows) -> Floats:
    low, middle, high = _by_phase(X, [np.column_stack([head.predict(X) for head in heads]) for heads in lateness]).T
    return np.column_stack([np.minimum(low, middle), middle, np.maximum(middle, high)])


def _by_phase(X: Rows, phases: Sequence[Floats]) -> Floats:
    return np.where(X[:, [_OVERDUE]] > 0, phases[OVERDUE], phases[BEFORE])


def table(moments: Sequence[Moment], horizon_days: int) -> tuple[Rows, NDArray[np.int64], Floats]:
    """Features, labels and weights of the moments whose answer for this horizon is known by the end of the
    ledger and was not yet a fact at the moment.
    """
    column = HORIZONS_DAYS.index(horizon_days)
    kept = [m for m in moments if m.labels[column] is not None and m.features[_OVERDUE] <= horizon_days]
    labels = np.array([m.labels[column] for m in kept], dtype=np.int64)
    return rows_of(kept), labels, np.array([1.0 if m.at_issue else LATER_MOMENT_WEIGHT[horizon_days] for m in kept])


def rows_of(moments: Sequence[Moment]) -> Rows:
    """The moments' features as a table."""
    return np.array([m.features for m in moments], dtype=np.float32).reshape(len(moments), len(FEATURE_NAMES))


def fit(real: Sequence[Moment], made_up: Sequence[Moment], offsets: DeliveryOffsets = NO_OFFSETS) -> LatePayment:
    """Trains on a real ledger's moments (may be none) and made-up ones, with the offsets of their features."""
    return LatePayment(
        late=[[late_head(real, made_up, horizon, phase) for horizon in HORIZONS_DAYS] for phase in (BEFORE, OVERDUE)],
        lateness=lateness_heads(real, made_up),
        delivery=offsets,
    )


def lateness_heads(real: Sequence[Moment], made_up: Sequence[Moment]) -> list[list[LinearRegression]]:
    """The quantiles of lateness in each phase."""
    return [[_quantile_head(real, made_up, tau, phase) for tau in SETTLEMENT_QUANTILES] for phase in (BEFORE, OVERDUE)]


def with_intervals(
    model: LatePayment, ledger: Ledger, cut: date, made_up: Sequence[Moment]
) -> tuple[LatePayment, dict[str, Any]]:
    """The model with its intervals calibrated on folds of the ledger before the cut, and what that rests on."""
    asked = []
    for known, later in folds(ledger, cut):
        lateness = _quantiles(lateness_heads(known, made_up), rows_of(later))
        asked += [(m, bearable(m, quantiles, cut)) for m, quantiles in zip(later, lateness.tolist(), strict=True)]
    narrowing, found = calibrated(asked)
    return replace(model, narrowing=narrowing), found


def late_head(real: Sequence[Moment], made_up: Sequence[Moment], horizon: int, phase: int) -> LogisticRegression:
    """One horizon's probabilities in one phase."""
    if horizon == HORIZONS_DAYS[0]:
        phase = BEFORE  # nobody asks whether an overdue invoice will be late
    (Xr, yr, wr), (Xm, ym, wm) = (_in_phase(*table(moments, horizon), phase) for moments in (real, made_up))
    if min(yr.sum(), (1 - yr).sum()) < ENOUGH_LATE:
        wr = 0 * wr
    X, y, weights = np.concatenate([Xr, Xm]), np.concatenate([yr, ym]), _mixed(wr, wm)
    scaler = StandardScaler().fit(X)
    theta = logistic(scaler.transform(X).astype(np.float64), y, weights)
    head = LogisticRegression()
    head.classes_, head.n_features_in_ = np.array([0, 1]), len(FEATURE_NAMES)
    coefficients, intercept = _unscaled(theta, scaler)
    head.coef_, head.intercept_ = coefficients[None, :], np.array([intercept])
    return head


def _quantile_head(real: Sequence[Moment], made_up: Sequence[Moment], tau: float, phase: int) -> LinearRegression:
    (Xr, yr, wr), (Xm, ym, wm) = (_in_phase(*lateness_table(moments), phase) for moments in (real, made_up))
    X, y, weights = np.concatenate([Xr, Xm]), np.concatenate([yr, ym]), _mixed(wr, wm)
    scaler = StandardScaler().fit(X)
    theta = quantile(scaler.transform(X).astype(np.float64), y, weights, tau)
    head = LinearRegression()
    head.coef_, head.intercept_ = _unscaled(theta, scaler)
    head.n_features_in_ = len(FEATURE_NAMES)
    return head


def lateness_table(moments: Sequence[Moment]) -> tuple[Rows, Floats, Floats]:
    """Features, lateness on the root scale and weights of the moments old enough for it to be known."""
    kept = [m for m in moments if m.lateness is not None]
    weights = np.array([1.0 if m.at_issue else LATER_MOMENT_WEIGHT[0] for m in kept])
    return rows_of(kept), np.array([m.lateness for m in kept], dtype=np.float64), weights


def _in_phase(X: Rows, y: Any, weights: Floats, phase: int) -> tuple[Rows, Any, Floats]:
    kept = (X[:, _OVERDUE] > 0) == (phase == OVERDUE)
    return X[kept], y[kept], weights[kept]


def _mixed(real: Floats, made_up: Floats) -> Floats:
    """Weights beside each other: a real moment as it is, all made-up ones as `MADE_UP_INVOICES`."""
    return np.concatenate([real, made_up * MADE_UP_INVOICES / max(made_up.sum(), 1e-9)])


def _unscaled(theta: Floats, scaler: StandardScaler) -> tuple[Floats, float]:
    """Coefficients and intercept for features as they are, so that nothing scales them at serving."""
    coefficients = theta[:-1] / scaler.scale_
    return coefficients, float(theta[-1] - coefficients @ scaler.mean_)


def logistic(X: Floats, y: NDArray[np.int64], weights: Floats) -> Floats:
    """Coefficients, then intercept, of L2-penalised logistic regression within `LATE_BOUNDS`.
    scikit-learn has no such bounds, so scipy finds the optimum and scikit-learn carries it.
    """

    def loss(theta: Floats) -> tuple[float, Floats]:
        z = X @ theta[:-1] + theta[-1]
        penalty = np.append(PENALTY * theta[:-1], 0.0)
        slack = weights * (expit(z) - y)
        value = weights @ (np.logaddexp(0, z) - y * z) + 0.5 * penalty @ theta
        return float(value), np.append(X.T @ slack, slack.sum()) + penalty

    return _minimum(loss, LATE_BOUNDS)


def quantile(X: Floats, y: Floats, weights: Floats, tau: float) -> Floats:
    """Coefficients, then intercept, of quantile regression within `LATENESS_BOUNDS`, with the corner of its loss
    rounded so that it has a gradient everywhere.
    """

    def loss(theta: Floats) -> tuple[float, Floats]:
        over = y - X @ theta[:-1] - theta[-1]
        penalty = np.append(PENALTY * theta[:-1], 0.0)
        rounded = QUANTILE_SMOOTHING * np.logaddexp(0, -over / QUANTILE_SMOOTHING)
        slack = -weights * (tau - expit(-over / QUANTILE_SMOOTHING))
        value = weights @ (tau * over + rounded) + 0.5 * penalty @ theta
        return float(value), np.append(X.T @ slack, slack.sum()) + penalty

    return _minimum(loss, LATENESS_BOUNDS)


def _minimum(loss: Any, bounds: Sequence[tuple[float | None, float | None]]) -> Floats:
    found = minimize(
        loss,
        np.zeros(len(FEATURE_NAMES) + 1),
        jac=True,
        method="L-BFGS-B",
        bounds=[*bounds, (None, None)],
        options={"maxiter": 5000},
    )
    if not found.success:
        raise RuntimeError(f"The regression did not converge: {found.message}")
    theta: Floats = found.x.round(DECIMALS)
    return theta
