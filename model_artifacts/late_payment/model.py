"""The estimator: one head a horizon, exported as one ONNX graph.

Late at all, and more than 90 days late: logistic regression, which the real ledger's few thousand rows carry
best. More than 30 days late: shallow boosted trees, since what matters before the due date and after it
differs too much for one line. Features that measure lateness can never lower a risk, nor can history or time
left raise it (bounded coefficients, monotonic trees): two that say nearly the same could otherwise take
opposite signs, and a reason would read "past invoices were paid late, which lowers the risk". Both forms end
in a logistic link fitted on log loss: that is the calibration, smooth and in the graph.
"""

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.multioutput import MultiOutputClassifier
from sklearn.preprocessing import StandardScaler

from dunwell.scoring.features import FEATURE_NAMES
from model_artifacts.late_payment.dataset import HORIZONS_DAYS, Moment

Floats = NDArray[np.float64]

NEVER_LOWERS = {
    "late_ratio",
    "recent_late_ratio",
    "late_ratio_with_open",
    "mean_days_late",
    "median_days_late",
    "recent_days_late",
    "late_ratio_from_here",
    "long_late_ratio_from_here",
    "amount_ratio",
    "days_overdue",
    "other_overdue_count",
    "other_overdue_share",
    "other_oldest_overdue_days",
}
NEVER_RAISES = {"has_history", "settled_count", "days_to_due"}
PENALTY = 100.0  # L2, against this total weight: on folds before the cut, 30 and 100 do equally well
TOTAL_WEIGHT = 20_000.0
LATER_MOMENT_WEIGHT = {0: 0.2, 30: 1.0, 90: 1.0}  # for the first, what counts is the answer at issue
REAL_SHARE = {0: 0.88, 90: 0.0}  # of the weight; the real ledger has no settlement beyond 45 days late
TREE_HORIZONS_DAYS = {30}

OUTPUT = "late_probabilities"
_OVERDUE = FEATURE_NAMES.index("days_overdue")


def table(moments: Sequence[Moment], horizon_days: int) -> tuple[NDArray[np.float32], NDArray[np.int64], Floats]:
    """Features, labels and weights of the moments whose answer for this horizon is known by the end of the
    ledger and was not yet a fact at the moment.
    """
    column = HORIZONS_DAYS.index(horizon_days)
    kept = [m for m in moments if m.labels[column] is not None and m.features[_OVERDUE] <= horizon_days]
    return (
        np.array([m.features for m in kept], dtype=np.float32).reshape(len(kept), len(FEATURE_NAMES)),
        np.array([m.labels[column] for m in kept], dtype=np.int64),
        np.array([1.0 if m.at_issue else LATER_MOMENT_WEIGHT[horizon_days] for m in kept]),
    )


def fit(real: Sequence[Moment], made_up: Sequence[Moment]) -> MultiOutputClassifier:
    """Trains on a real ledger (may be empty) and made-up ones."""
    heads = MultiOutputClassifier(LogisticRegression())
    heads.estimators_ = [
        _tree_head(made_up, horizon) if horizon in TREE_HORIZONS_DAYS else _linear_head(real, made_up, horizon)
        for horizon in HORIZONS_DAYS
    ]
    heads.classes_ = [np.array([0, 1])] * len(HORIZONS_DAYS)
    heads.n_features_in_ = len(FEATURE_NAMES)
    return heads


def _linear_head(real: Sequence[Moment], made_up: Sequence[Moment], horizon: int) -> LogisticRegression:
    (Xr, yr, wr), (Xm, ym, wm) = table(real, horizon), table(made_up, horizon)
    share = REAL_SHARE[horizon] if len(yr) else 0.0
    weights = [w * part * TOTAL_WEIGHT / max(w.sum(), 1e-9) for w, part in ((wr, share), (wm, 1 - share))]
    X = np.concatenate([Xr, Xm])
    scaler = StandardScaler().fit(X)
    scaled = scaler.transform(X).astype(np.float64)
    head = logistic(scaled, np.concatenate([yr, ym]), np.concatenate(weights))
    # The scaling goes into the coefficients: the head then reads the same raw features as the trees do.
    head.coef_ = head.coef_ / scaler.scale_
    head.intercept_ = head.intercept_ - head.coef_ @ scaler.mean_
    return head


def _tree_head(made_up: Sequence[Moment], horizon: int) -> HistGradientBoostingClassifier:
    X, y, weights = table(made_up, horizon)
    trees = HistGradientBoostingClassifier(
        max_iter=80,
        learning_rate=0.07,
        max_leaf_nodes=8,
        min_samples_leaf=min(200, max(20, len(y) // 100)),
        monotonic_cst=[(n in NEVER_LOWERS) - (n in NEVER_RAISES) for n in FEATURE_NAMES],
        early_stopping=False,
        random_state=0,
    )
    return trees.fit(X, y, sample_weight=weights)


def logistic(X: Floats, y: NDArray[np.int64], weights: Floats) -> LogisticRegression:
    """L2-penalised logistic regression with the coefficients of `NEVER_LOWERS` held at or above zero and
    those of `NEVER_RAISES` at or below.
    scikit-learn has no such bound, so scipy finds the optimum and scikit-learn carries it.
    """

    def loss(theta: Floats) -> tuple[float, Floats]:
        z = X @ theta[:-1] + theta[-1]
        penalty = np.append(PENALTY * theta[:-1], 0.0)
        value = weights @ (np.logaddexp(0, z) - y * z) + 0.5 * penalty @ theta
        slack = weights * (expit(z) - y)
        return float(value), np.append(X.T @ slack, slack.sum()) + penalty

    bounds = [(0.0 if name in NEVER_LOWERS else None, 0.0 if name in NEVER_RAISES else None) for name in FEATURE_NAMES]
    start = np.zeros(len(FEATURE_NAMES) + 1)
    found = minimize(
        loss, start, jac=True, method="L-BFGS-B", bounds=[*bounds, (None, None)], options={"maxiter": 2000}
    )
    if not found.success:
        raise RuntimeError(f"The logistic regression did not converge: {found.message}")
    head = LogisticRegression()
    head.coef_, head.intercept_ = found.x[None, :-1], found.x[-1:]
    head.classes_, head.n_features_in_ = np.array([0, 1]), len(FEATURE_NAMES)
    return head


def probabilities(model: MultiOutputClassifier, X: NDArray[np.float32]) -> Floats:
    """scikit-learn's own answer, one column a horizon: what the exported graph must agree with."""
    return np.column_stack([found[:, 1] for found in model.predict_proba(X)])


def to_onnx(model: MultiOutputClassifier) -> bytes:
    """The model as one graph: `features` (float32, rows by features) to `late_probabilities` (rows by
    horizons).
    """
    from onnx import TensorProto, helper
    from skl2onnx import convert_sklearn
    from skl2onnx.common.data_types import FloatTensorType

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # deprecations inside the converter, not ours to act on
        graph: Any = convert_sklearn(
            model,
            name="late_payment",
            initial_types=[("features", FloatTensorType([None, len(FEATURE_NAMES)]))],
            options={id(model): {"zipmap": False}},
            target_opset={"": 18, "ai.onnx.ml": 3},
        )
    # The converter answers with a sequence of (rows, 2) tables, one a head; keep each one's second column.
    sequence = graph.graph.output[1].name
    graph.graph.initializer.append(helper.make_tensor("late", TensorProto.INT64, [], [1]))
    graph.graph.node.extend(
        [
            helper.make_node("ConcatFromSequence", [sequence], ["by_head"], axis=1, new_axis=1),
            helper.make_node("Gather", ["by_head", "late"], [OUTPUT], axis=2),
        ]
    )
    del graph.graph.output[:]
    shape = [None, len(HORIZONS_DAYS)]
    graph.graph.output.append(helper.make_tensor_value_info(OUTPUT, TensorProto.FLOAT, shape))
    return bytes(graph.SerializeToString())
