"""What needs no model, or only a plain one: each trained on the same moments before the cut as ours."""

from collections.abc import Sequence
from datetime import date
from functools import cache
from statistics import median
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from dunwell.scoring.facts import InvoiceFacts
from dunwell.scoring.features import FEATURE_NAMES
from model_artifacts.late_payment.dataset import Ledger, Moment
from model_artifacts.late_payment.measures import Floats
from model_artifacts.late_payment.model import rows_of, table

_RATIO = {0: FEATURE_NAMES.index("late_ratio")}
_RATIO[30] = _RATIO[90] = FEATURE_NAMES.index("long_late_ratio")


def late(train: Sequence[Moment], test: Sequence[Moment], horizon_days: int) -> dict[str, Floats]:
    """Each rival's probabilities for the test moments; those that must learn only where there is both to learn from."""
    X, y, _ = table(train, horizon_days)
    rows = rows_of(test)
    found = {"always_on_time": np.zeros(len(test)), "base_rate": np.full(len(test), y.mean() if len(y) else 0.0)}
    found["customers_ratio"] = rows[:, _RATIO[horizon_days]].astype(np.float64)
    if len(np.unique(y)) > 1:
        found["logistic_regression"] = logistic().fit(X, y).predict_proba(rows)[:, 1]
        boosted = HistGradientBoostingClassifier(random_state=0).fit(X, y)
        found["gradient_boosting"] = boosted.predict_proba(rows)[:, 1]
    return found


def days_late(train: Sequence[Moment], test: Sequence[Moment], ledger: Ledger, cut: date) -> dict[str, Floats]:
    """Each rival's days late for the test moments. Those that learn do so from what was settled before the cut."""
    settled = [m for m in train if m.at_issue and m.invoice.settled_on is not None and m.invoice.settled_on < cut]
    found = {"always_on_time": np.zeros(len(test)), "customers_median": _customers_median(settled, test, ledger)}
    if settled:
        X, y = rows_of(settled), days_of([moment.invoice for moment in settled])
        found["ridge"] = make_pipeline(StandardScaler(), Ridge(10.0)).fit(X, y).predict(rows_of(test))
        boosted = HistGradientBoostingRegressor(loss="absolute_error", random_state=0)
        found["gradient_boosting"] = boosted.fit(X, y).predict(rows_of(test))
    return found


def days_of(invoices: Sequence[InvoiceFacts]) -> Floats:
    """Days late of settled invoices."""
    return np.array([invoice.days_late() for invoice in invoices], dtype=np.float64)


def logistic(inverse_penalty: float = 0.1) -> Any:
    """The plain logistic regression."""
    return make_pipeline(StandardScaler(), LogisticRegression(C=inverse_penalty, max_iter=2000))


def _customers_median(train: Sequence[Moment], test: Sequence[Moment], ledger: Ledger) -> NDArray[np.float64]:
    """The median of what the customer had paid by the test moment; of everybody's when there is none."""
    everybody = median(moment.invoice.days_late() for moment in train) if train else 0.0
    owner = {invoice.invoice_id: customer for customer, invoices in ledger.items() for invoice in invoices}
    at = cache(lambda customer, day: _median(ledger[customer], day, everybody))
    return np.array([at(owner[moment.invoice.invoice_id], moment.day) for moment in test])


def _median(invoices: Sequence[InvoiceFacts], day: date, otherwise: float) -> float:
    known = [one.days_late() for one in invoices if one.settled_on is not None and one.settled_on < day]
    return float(median(known)) if known else otherwise
