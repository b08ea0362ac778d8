"""Making the interval of the settlement date cover what it says, at each moment of an invoice's life.

Split conformal calibration of quantile regressions (Romano, Patterson and Candès 2019), moment by moment: on folds
before the cut, heads trained on what was known at the fold's start forecast what was issued in the 60 days after. Each
end is calibrated by itself, so that one in ten settlements comes before the earliest day and one in ten after the
latest: on the root scale the two halves of an interval are of unlike width. An end moves by a share of its own half
(Sesia and Candès 2020), so that a vague forecast is corrected by more days than a sharp one.

For each moment there is a largest share by which an end can move inwards and the interval still cover the settlement
as it is served: in whole days, from today on. The narrowing of a kind of moment is the one that nine in ten of them
bear. Before the due date it changes evenly with the share of the terms that has passed. Past due, a kind of which
there are too few moments is calibrated together with the other.

Only the latest eight months before the cut count, since customers change; and only moments that were followed for long
enough for most upper ends to have passed. Nothing here looks at the test part. What the ledger has too few moments for is left
as it was fitted.
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

# Chosen on eight earlier cuts, 30 days apart, of which all outcomes were known by the cut.
FOLDS = 4
FOLD_DAYS = 60
YOUNGEST_FOLD_DAYS = 90  # before the cut: later ones have too few moments that were followed for long enough
FOLLOWED_DAYS = 45  # after the due date or, past due, after the moment: by then most upper ends have passed
FEWEST = 100
NARROWEST_HALF = 0.05  # on the root scale: an end that was fitted onto the middle can still be moved away from it
WEEK_DAYS = 7
CLIPPED_DAYS = 90  # more days to due are not told apart by the features
BY_END = {"earliest": 1 - SETTLEMENT_QUANTILES[0], "latest": SETTLEMENT_QUANTILES[-1]}  # the share it has to hold for

_OVERDUE, _TO_DUE, _TERMS = (FEATURE_NAMES.index(name) for name in ("days_overdue", "days_to_due", "terms_days"))
KINDS = ("at_issue", "before_due", "past_due_week", "past_due_longer")
Table = NDArray[Any]


@dataclass(frozen=True, slots=True)
class Narrowing:
    """By which share of its half an end of the interval moves inwards (negative: outwards; at 1 it is at the middle).

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


@dataclass(frozen=True, slots=True)
class Narrowings:
    """Those of both ends."""

    earliest: Narrowing = Narrowing()
    latest: Narrowing = Narrowing()

    def applied(self, X: Table, lateness: Floats) -> Floats:
        """Quantiles of lateness with the ends moved, never past the middle."""
        low, middle, high = lateness.T
        up = self.earliest.of(X) * np.maximum(middle - low, NARROWEST_HALF)
        down = self.latest.of(X) * np.maximum(high - middle, NARROWEST_HALF)
        return np.column_stack([np.minimum(low + up, middle), middle, np.maximum(high - down, middle)])


def terms_passed(X: Table) -> Floats:
    """The share of the days allowed that has passed, from 0 to 1."""
    allowed = np.clip(X[:, _TERMS], 1, CLIPPED_DAYS)
    return np.asarray(np.clip(1 - X[:, _TO_DUE] / allowed, 0, 1), dtype=np.float64)


def folds(ledger: Ledger, cut: date) -> list[tuple[list[Moment], list[Moment]]]:
    """What was known at the start of each fold, and what was issued in it, as far as it was followed long enough."""
    found = []
    for number in range(FOLDS):
        start = cut - timedelta(days=YOUNGEST_FOLD_DAYS + number * FOLD_DAYS)
        until = start + timedelta(days=FOLD_DAYS)
        issued = [m for m in moments(ledger, cut, issued_from=start) if m.invoice.issued_on < until]
        later = [m for m in issued if (cut - max(m.day, m.invoice.due_on)).days > FOLLOWED_DAYS]
        if later:
            found.append((moments(ledger, start), later))
    return found


def bearable(moment: Moment, lateness: Sequence[float], cut: date) -> tuple[float, float]:
    """The largest narrowings of the earliest and of the latest end at which the interval as served still holds the
    settlement; infinite when any does. What is open at the cut counts as settled then.
    """
    invoice = moment.invoice
    taken = (min(invoice.settled_on or cut, cut) - invoice.issued_on).days
    allowed = min(MAX_TERMS_DAYS, max(0, (invoice.due_on - invoice.issued_on).days)) ** 0.5
    low, middle, high = lateness
    earliest_by = (taken + 0.5) ** 0.5 - allowed
    below = (earliest_by - low) / max(middle - low, NARROWEST_HALF) if middle > earliest_by else float("inf")
    if taken <= (moment.day - invoice.issued_on).days:  # settled on the day of asking: no latest day is before it
        return below, float("inf")
    latest_from = (taken - 0.5) ** 0.5 - allowed
    above = (high - latest_from) / max(high - middle, NARROWEST_HALF) if middle < latest_from else float("inf")
    return below, above


Asked = Sequence[tuple[Moment, tuple[float, float]]]


def calibrated(asked: Asked) -> tuple[Narrowings, dict[str, Any]]:
    """The narrowings that these moments bear, kind by kind, and what they rest on."""
    earliest, latest = (
        _narrowing([(moment, bears[column]) for moment, bears in asked], share)
        for column, share in enumerate(BY_END.values())
    )
    found = Narrowings(earliest, latest)
    kinds = {kind: [bears for moment, bears in asked if kind_of(moment) == kind] for kind in KINDS}
    covered = {kind: _share([min(bears) >= 0 for bears in one]) for kind, one in kinds.items()}
    counts = {kind: len(one) for kind, one in kinds.items()}
    return found, {"narrowing": asdict(found), "moments": counts, "coverage_without": covered}


def _narrowing(asked: Sequence[tuple[Moment, float]], share: float) -> Narrowing:
    """Of one end."""
    kinds = {kind: [(moment, bears) for moment, bears in asked if kind_of(moment) == kind] for kind in KINDS}
    borne_by = {kind: [bears for _, bears in one] for kind, one in kinds.items()}
    at_issue = _borne(borne_by["at_issue"], share)
    slopes = [(bears - at_issue) / passed for m, bears in kinds["before_due"] if (passed := _passed(m)) > 0]
    week, longer = borne_by["past_due_week"], borne_by["past_due_longer"]
    return Narrowing(
        at_issue=at_issue,
        over_terms=_borne(slopes, share, at_most=1 - at_issue),
        overdue_week=_borne(week if len(week) >= FEWEST else week + longer, share),
        overdue_longer=_borne(longer if len(longer) >= FEWEST else week + longer, share),
    )


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


def _borne(bearable_by_each: Sequence[float], share: float, at_most: float = 1.0) -> float:
    """The narrowing that this share bears, with the correction for a finite number; 0 when there are few."""
    if len(bearable_by_each) < FEWEST:
        return 0.0
    covered = ceil(share * (len(bearable_by_each) + 1))
    found = float(np.sort(bearable_by_each)[::-1][min(covered, len(bearable_by_each)) - 1])
    return round(min(found, at_most), 4)


def _share(found: Sequence[bool]) -> float | None:
    return round(sum(found) / len(found), 4) if found else None
