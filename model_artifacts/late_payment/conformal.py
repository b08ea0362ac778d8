"""Making the interval of the settlement date cover what it says, at each moment of an invoice's life.

Split conformal calibration of quantile regressions (Romano, Patterson and Candès 2019), moment by moment: on folds
before the cut, heads trained on what was known at the fold's start forecast what was issued in the 60 days after. For
each of these moments there is a largest narrowing at which the interval still holds the settlement as it is served: in
whole days, from today on. The narrowing of a kind of moment is the one that the promised share of them bears.

- Before the due date each end is calibrated by itself, so that one in ten comes before it and one in ten after: the two
  halves are of unlike width. An end moves by a share of its half (Sesia and Candès 2020), so that a vague forecast is
  corrected by more days than a sharp one, and the share changes evenly with the part of the terms that has passed.
- Past due both ends move by the same step on the root scale, which four in five have to bear. By itself the upper end
  would be moved to where this ledger's longest delays are, and be wrong on any with longer ones. Up to a week and
  longer are two kinds; one with too few moments is calibrated together with the other.

Only the latest nine months before the cut count, since customers change, and only moments that were followed for long
enough for most upper ends to have passed. Nothing here looks at the test part. What the ledger has too few moments for
is left as it was fitted.
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
from dunwell.scoring.score import is_foreseen
from model_artifacts.late_payment.dataset import Ledger, Moment, moments
from model_artifacts.late_payment.delivery import learned
from model_artifacts.late_payment.measures import Floats

# Chosen on eight earlier cuts, 30 days apart, of which all outcomes were known by the cut.
FOLDS = 4
FOLD_DAYS = 60
YOUNGEST_FOLD_DAYS = 90  # before the cut: later ones have too few moments that were followed for long enough
FOLLOWED_DAYS = 45  # after the due date or, past due, after the moment: by then most upper ends have passed
FEWEST = 100
MOST = 100.0  # any narrowing is borne when it is beyond the middle
NARROWEST_HALF = 0.05  # on the root scale: an end that was fitted onto the middle can still be moved away from it
WEEK_DAYS = 7
CLIPPED_DAYS = 90  # more days to due are not told apart by the features
COVERAGE = SETTLEMENT_QUANTILES[-1] - SETTLEMENT_QUANTILES[0]

_OVERDUE, _TO_DUE, _TERMS = (FEATURE_NAMES.index(name) for name in ("days_overdue", "days_to_due", "terms_days"))
KINDS = ("at_issue", "before_due", "past_due_week", "past_due_longer")
Table = NDArray[Any]


@dataclass(frozen=True, slots=True)
class Shares:
    """By which share of its half an end moves inwards before the due date (negative: outwards; 1: to the middle).

    Attributes:
        at_issue: on the day of issue.
        over_terms: what is added to it by the due date.
    """

    at_issue: float = 0.0
    over_terms: float = 0.0

    def of(self, X: Table) -> Floats:
        """One number a row of features."""
        return self.at_issue + self.over_terms * terms_passed(X)


@dataclass(frozen=True, slots=True)
class Narrowing:
    """By how much the ends of the interval move inwards.

    Attributes:
        earliest, latest: each end, before the due date.
        overdue_week: both ends up to a week past due, on the root scale (negative: outwards); overdue_longer: later.
    """

    earliest: Shares = Shares()
    latest: Shares = Shares()
    overdue_week: float = 0.0
    overdue_longer: float = 0.0

    def applied(self, X: Table, lateness: Floats) -> Floats:
        """Quantiles of lateness with the ends moved, never past the middle."""
        low, middle, high = lateness.T
        overdue = np.where(X[:, _OVERDUE] > WEEK_DAYS, self.overdue_longer, self.overdue_week)
        up, down = (
            np.where(X[:, _OVERDUE] > 0, overdue, shares.of(X) * np.maximum(half, NARROWEST_HALF))
            for shares, half in ((self.earliest, middle - low), (self.latest, high - middle))
        )
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
        offsets, _ = learned(ledger, start)
        issued = [m for m in moments(ledger, cut, offsets, issued_from=start) if m.invoice.issued_on < until]
        issued = [m for m in issued if is_served(m)]
        later = [m for m in issued if (cut - max(m.day, m.invoice.due_on)).days > FOLLOWED_DAYS]
        if later:
            found.append((moments(ledger, start, offsets), later))
    return found


def is_served(moment: Moment) -> bool:
    """Whether an interval is served at this moment by a model that was taught such terms."""
    invoice = moment.invoice
    terms_days, past_due_days = (invoice.due_on - invoice.issued_on).days, invoice.days_past_due(moment.day)
    return is_foreseen(terms_days, past_due_days, MAX_TERMS_DAYS)


def bearable(moment: Moment, lateness: Sequence[float], cut: date) -> tuple[float, float]:
    """The largest narrowings of the earliest and of the latest end at which the interval as served still holds the
    settlement, in the unit of its kind of moment; infinite when any does. What is open at the cut counts as settled
    then.
    """
    invoice = moment.invoice
    taken = (min(invoice.settled_on or cut, cut) - invoice.issued_on).days
    allowed = min(MAX_TERMS_DAYS, max(0, (invoice.due_on - invoice.issued_on).days)) ** 0.5
    low, middle, high = lateness
    earliest_by = (taken + 0.5) ** 0.5 - allowed
    below = (earliest_by - low) / _unit(moment, middle - low) if middle > earliest_by else float("inf")
    if taken <= (moment.day - invoice.issued_on).days:  # settled on the day of asking: no latest day is before it
        return below, float("inf")
    latest_from = (taken - 0.5) ** 0.5 - allowed
    above = (high - latest_from) / _unit(moment, high - middle) if middle < latest_from else float("inf")
    return below, above


def _unit(moment: Moment, half: float) -> float:
    return 1.0 if moment.features[_OVERDUE] > 0 else max(half, NARROWEST_HALF)


def calibrated(asked: Sequence[tuple[Moment, tuple[float, float]]]) -> tuple[Narrowing, dict[str, Any]]:
    """The narrowing that these moments bear, kind by kind, and what it rests on."""
    kinds = {kind: [one for one in asked if kind_of(one[0]) == kind] for kind in KINDS}
    before = kinds["at_issue"] + kinds["before_due"]
    earliest, latest = (_shares([(moment, bears[end]) for moment, bears in before]) for end in (0, 1))
    week, longer = ([min(bears) for _, bears in kinds[kind]] for kind in KINDS[2:])
    found = Narrowing(
        earliest,
        latest,
        overdue_week=_borne(week if len(week) >= FEWEST else week + longer, COVERAGE),
        overdue_longer=_borne(longer if len(longer) >= FEWEST else week + longer, COVERAGE),
    )
    covered = {kind: _share([min(bears) >= 0 for _, bears in one]) for kind, one in kinds.items()}
    counts = {kind: len(one) for kind, one in kinds.items()}
    return found, {"narrowing": asdict(found), "moments": counts, "coverage_without": covered}


def _shares(asked: Sequence[tuple[Moment, float]]) -> Shares:
    """Of one end, which half of those that the interval may miss are beyond."""
    each = (1 + COVERAGE) / 2
    at_issue = min(1.0, _borne([bears for moment, bears in asked if moment.at_issue], each))
    later = [(bears, _passed(moment)) for moment, bears in asked if not moment.at_issue]
    over_terms = _borne([(bears - at_issue) / passed for bears, passed in later if passed > 0], each)
    return Shares(at_issue, min(round(1 - at_issue, 4), over_terms))


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


def _borne(bearable_by_each: Sequence[float], share: float) -> float:
    """The narrowing that this share bears, with the correction for a finite number; 0 when there are few."""
    if len(bearable_by_each) < FEWEST:
        return 0.0
    covered = ceil(share * (len(bearable_by_each) + 1))
    found = float(np.sort(bearable_by_each)[::-1][min(covered, len(bearable_by_each)) - 1])
    return round(min(found, MOST), 4)


def _share(found: Sequence[bool]) -> float | None:
    return round(sum(found) / len(found), 4) if found else None
