"""Learning recovery: three logistic regressions, one a month, in the core's own features."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit

from dunwell.scoring.recovery import ACTION_FEATURES, RECOVERY_DAYS, RECOVERY_FEATURES, RecoveryModel
from model_artifacts.recovery.dataset import Moment

Floats = NDArray[np.float64]
Labels = NDArray[np.int64]

VERSION = "1.1.0"
CARD_ID = "MC-RECOVERY-1"
PENALTY = 3.0
CONVERGED = {"maxiter": 5_000, "ftol": 1e-15, "gtol": 1e-9}  # far below the rounding, so that it is the same each time
DIGITS = 3
NEVER_LOWERS = {"own_pace", "fresh_contact", "promise_open", "promises_kept"}
NEVER_RAISES = {
    *("overdue_months", "silence", "unpaid_months", "other_overdue_share"),
    *("messages", "warned", "in_case", "no_answers", "promises_broken"),
}
_SILENCE, _UNPAID = map(RECOVERY_FEATURES.index, ("silence", "unpaid_months"))
_ACTIONS = slice(RECOVERY_FEATURES.index(ACTION_FEATURES[0]), None)


def learn(moments: Sequence[Moment]) -> RecoveryModel:
    """The model."""
    neutral = neutral_of(moments)
    intercepts, weights = [], []
    for month in range(len(RECOVERY_DAYS)):
        kept = [one for one in moments if one.settled[month] is not None]
        fitted = _fit(rows_of(kept, month, neutral), np.array([int(bool(one.settled[month])) for one in kept]))
        intercepts.append(fitted[0])
        weights.append(fitted[1])
    return RecoveryModel(VERSION, CARD_ID, tuple(neutral.tolist()), tuple(intercepts), tuple(weights))


def neutral_of(moments: Sequence[Moment]) -> Floats:
    """The features' averages where what was done is known; whatever is not known is set to them."""
    known = [one for one in moments if one.knows_actions]
    usual: Floats = np.mean([one.months[0] for one in known], axis=0)
    usual[_SILENCE] = np.mean([one.months[0][_SILENCE] for one in known if one.has_paid])
    usual[_UNPAID] = 0.0  # of who has paid it says nothing
    return np.round(usual, 4)


def rows_of(moments: Sequence[Moment], month: int, neutral: Floats) -> Floats:
    """The features at the start of a month."""
    rows = np.array([one.months[month] for one in moments], dtype=np.float64)
    unknown = np.array([not one.knows_actions for one in moments])
    rows[unknown, _ACTIONS] = neutral[_ACTIONS]
    rows[[not one.has_paid for one in moments], _SILENCE] = neutral[_SILENCE]
    return rows


def _fit(rows: Floats, settled: Labels) -> tuple[float, tuple[float, ...]]:
    """An intercept and weights, by logistic regression with an L2 penalty on standardised features. No weight may
    contradict its words; scikit-learn has no such bounds.
    """
    centre, scale = rows.mean(axis=0), rows.std(axis=0)
    scale[scale == 0] = 1.0
    X = (rows - centre) / scale

    def loss(theta: Floats) -> tuple[float, Floats]:
        z = X @ theta[:-1] + theta[-1]
        penalty = np.append(PENALTY * theta[:-1], 0.0)
        slack = expit(z) - settled
        value = (np.logaddexp(0, z) - settled * z).sum() + 0.5 * penalty @ theta
        return float(value) / len(X), (np.append(X.T @ slack, slack.sum()) + penalty) / len(X)

    start = np.zeros(len(RECOVERY_FEATURES) + 1)
    bounds = [*map(_bound, RECOVERY_FEATURES), (None, None)]
    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds, options=CONVERGED)
    if not found.success:
        raise RuntimeError(f"The regression did not converge: {found.message}")
    weights = found.x[:-1] / scale
    intercept = float(found.x[-1] - weights @ centre)
    return round(intercept, DIGITS), tuple(round(float(one), DIGITS) + 0.0 for one in weights)


def _bound(feature: str) -> tuple[float | None, float | None]:
    return (0.0 if feature in NEVER_LOWERS else None, 0.0 if feature in NEVER_RAISES else None)
