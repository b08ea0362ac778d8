"""Making the interval of the settlement date cover what it says, at each moment of an invoice's life.

Split conformal calibration of quantile regressions (Romano, Patterson and Candès 2019), moment by moment: on folds
before the cut, heads trained on what was known at the fold's start forecast what was issued in the 60 days after. For
each of these moments there is a largest narrowing (on the root scale, the same at both ends) at which the interval
still covers the settlement as it is served: in whole days, from today on. The narrowing of a kind of moment is the
one that four in five of them bear. Before the due date it changes evenly with the share of the terms that has passed.

Nothing here looks at the test part. A kind of which the ledger has too few moments is left as it was fitted.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from math import ceil
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dunwell.scoring.features import FEATURE_NAMES
from dunwell.scoring.habit import MAX_TERMS_DAYS
from dunwell.scoring.ports import SETTLEMENT_QUANTILES
from model_artifacts.late_payment.dataset import Ledger, Moment, moments
from model_artifacts.late_payment.measures import Floats

FOLDS = 5
FOLD_DAYS = 60
YOUNGEST_FOLD_DAYS = 2 * FOLD_DAYS  # before the cut: by then most of what was issued in it is due long since
FEWEST = 100
WEEK_DAYS = 7
CLIPPED_DAYS = 90  # more days to due are not told apart by the features
COVERAGE = SETTLEMENT_QUANTILES[-1] - SETTLEMENT_QUANTILES[0]

_OVERDUE, _TO_DUE, _TERMS = (FEATURE_NAMES.index(name) for name in ("days_overdue", "days_to_due", "terms_days"))
Table = NDArray[Any]


@dataclass(frozen=True, slots=True)
class Narrowing:
    """By how much both ends of the interval move inwards, on the root scale (negative: outwards).

    Attributes:
        at_issue: on the day of issue; over_terms: what is added to it by the due date.
        overdue_week: up to a week past due; overdue_longer: later.
    """

    at_issue: float = 0.0
    over_terms: float = 0.0
    overdue_week: float = 0.0
    overdue_longer: float = 0.0

    def of(self, X: Table) -> Floats:
        """One number a row of features."""
        overdue = np.where(X[:, _OVERDUE] > WEEK_DAYS, self.overdue_longer, self.overdue_week)
        before = self.at_issue + self.over_terms * terms_passed(X)
        return np.asarray(np.where(X[:, _OVERDUE] > 0, overdue, before), dtype=np.float64)

    def applied(self, X: Table, lateness: Floats) -> Floats:
        """Quantiles of lateness with the ends moved, never past the middle."""
        low, middle, high = lateness.T
        inwards = self.of(X)
        return np.column_stack([np.minimum(low + inwards, middle), middle, np.maximum(high - inwards, middle)])


def terms_passed(X: Table) -> Floats:
    """The share of the days allowed that has passed, from 0 to 1."""
    allowed = np.clip(X[:, _TERMS], 1, CLIPPED_DAYS)
    return np.asarray(np.clip(1 - X[:, _TO_DUE] / allowed, 0, 1), dtype=np.float64)


def folds(ledger: Ledger, cut: date) -> list[tuple[list[Moment], list[Moment]]]:
    """What was known at the start of each fold, and what was issued in it, as far as it is old enough at the cut."""
    found = []
    for number in range(FOLDS):
        start = cut - timedelta(days=YOUNGEST_FOLD_DAYS + number * FOLD_DAYS)
        issued = moments(ledger, cut, issued_from=start)
        until = start + timedelta(days=FOLD_DAYS)
        later = [m for m in issued if m.invoice.issued_on < until and m.lateness is not None]
        if later:
            found.append((moments(ledger, start), later))
    return found


def bearable(moment: Moment, lateness: Sequence[float], cut: date) -> float:
    """The largest narrowing at which the interval as served still covers the settlement; infinite when any does."""
    invoice = moment.invoice
    taken = (min(invoice.settled_on or cut, cut) - invoice.issued_on).days
    allowed = min(MAX_TERMS_DAYS, max(0, (invoice.due_on - invoice.issued_on).days)) ** 0.5
    low, middle, high = lateness
    if (
        taken <= (moment.day - invoice.issued_on).days
    ):  # settled on the day of asking, which is never before the interval
        return float("inf")
    earliest_by, latest_from = (taken + 0.5) ** 0.5 - allowed, (taken - 0.5) ** 0.5 - allowed
    below = float("inf") if middle <= earliest_by else earliest_by - low
    above = float("inf") if middle >= latest_from else high - latest_from
    return min(below, above)


def calibrated(asked: Sequence[tuple[Moment, float]]) -> tuple[Narrowing, dict[str, Any]]:
    """The narrowing that four in five of these moments bear, kind by kind, and what it rests on."""
    kinds: dict[str, list[tuple[Moment, float]]] = {"at_issue": [], "before_due": [], "past_due_week": []}
    kinds["past_due_longer"] = []
    for moment, bears in asked:
        kinds[kind_of(moment)].append((moment, bears))
    at_issue = _borne([bears for _, bears in kinds["at_issue"]])
    slopes = [(bears - at_issue) / passed for m, bears in kinds["before_due"] if (passed := _passed(m)) > 0]
    found = Narrowing(
        at_issue=at_issue,
        over_terms=_borne(slopes),
        overdue_week=_borne([bears for _, bears in kinds["past_due_week"]]),
        overdue_longer=_borne([bears for _, bears in kinds["past_due_longer"]]),
    )
    covered = {kind: _share([bears >= 0 for _, bears in one]) for kind, one in kinds.items()}
    counts = {kind: len(one) for kind, one in kinds.items()}
    return found, {"narrowing": asdict(found), "moments": counts, "coverage_without": covered}


def kind_of(moment: Moment) -> str:
    """Which kind of moment this is: at issue, before due, up to a week past due, or longer."""
    if moment.at_issue:
        return "at_issue"
    overdue = moment.features[_OVERDUE]
    if overdue <= 0:
        return "before_due"
    return "past_due_longer" if overdue > WEEK_DAYS else "past_due_week"


def _passed(moment: Moment) -> float:
    return float(terms_passed(np.array([moment.features]))[0])


def _borne(bearable_by_each: Sequence[float]) -> float:
    """The narrowing that the promised share bears, with the correction for a finite number; 0 when there are few."""
    if len(bearable_by_each) < FEWEST:
        return 0.0
    covered = ceil(COVERAGE * (len(bearable_by_each) + 1))
    return round(float(np.sort(bearable_by_each)[::-1][min(covered, len(bearable_by_each)) - 1]), 4)


def _share(found: Sequence[bool]) -> float | None:
    return round(sum(found) / len(found), 4) if found else None
