"""How much sooner or later invoices are paid for the way they were sent, learned from a ledger.

Compared within customers, so that it does not matter who gets which: lateness on the root scale less the customer's own
mean, explained by the way it was sent, by whether it was contested, and by a trend over time that all have in common (a
portfolio that pays sooner every year while bills go electronic would else pass for an effect of theirs). The estimate
is drawn towards nothing as far as it is uncertain, and to nothing where it is within its error.
"""

from collections.abc import Sequence
from datetime import date
from typing import Any

import numpy as np

from dunwell.ledger.model import Delivery
from dunwell.scoring.delivery import NO_OFFSETS, DeliveryOffsets
from model_artifacts.late_payment.dataset import Ledger, lateness_by
from model_artifacts.late_payment.measures import Floats

FEWEST_CUSTOMERS = 10  # that got both: with fewer the error itself is not known
ERRORS = 2.0  # an estimate of fewer standard errors counts as nothing
DAYS_A_YEAR = 365.0
_ELECTRONIC = 0  # the column that is asked for


def learned(ledger: Ledger, cut: date) -> tuple[DeliveryOffsets, dict[str, Any]]:
    """What was known by the cut of each way, and what that rests on; nothing where that cannot tell."""
    customers = [found for invoices in ledger.values() if len(found := _rows(invoices, cut))]
    both = sum(0 < float(rows[:, _ELECTRONIC].mean()) < 1 for rows in customers)
    record: dict[str, Any] = {"customers_with_both": both, "electronic": None, "standard_error": None, "kept": 0.0}
    if both < FEWEST_CUSTOMERS:
        return NO_OFFSETS, record
    effect, error = _within([rows - rows.mean(axis=0) for rows in customers])
    kept = max(0.0, 1 - (ERRORS * error / effect) ** 2) if effect else 0.0
    share = float(np.mean(np.concatenate(customers)[:, _ELECTRONIC]))
    record |= {"electronic": round(effect, 4), "standard_error": round(error, 4), "kept": round(kept, 4)}
    electronic = kept * effect * (1 - share)
    return DeliveryOffsets(paper=round(electronic - kept * effect, 4), electronic=round(electronic, 4)), record


def _rows(invoices: Sequence[Any], cut: date) -> Floats:
    """Of the invoices whose way and lateness are known: electronic, contested, years, lateness."""
    return np.array(
        [
            (one.delivery is Delivery.ELECTRONIC, one.disputed, (one.issued_on - cut).days / DAYS_A_YEAR, lateness)
            for one in invoices
            if one.delivery is not None and (lateness := lateness_by(one, cut)) is not None
        ],
        dtype=np.float64,
    ).reshape(-1, 4)


def _within(customers: Sequence[Floats]) -> tuple[float, float]:
    """The effect of the first column on the last in least squares over all, and its standard error, for which a
    customer's invoices count as one observation (they are not independent).
    """
    every = np.concatenate(customers)
    X, y = every[:, :-1], every[:, -1]
    inverse = np.linalg.pinv(X.T @ X)
    weights = inverse @ (X.T @ y)
    scores = np.array([rows[:, :-1].T @ (rows[:, -1] - rows[:, :-1] @ weights) for rows in customers])
    spread = inverse @ (scores.T @ scores) @ inverse
    return float(weights[_ELECTRONIC]), float(np.sqrt(spread[_ELECTRONIC, _ELECTRONIC]))
