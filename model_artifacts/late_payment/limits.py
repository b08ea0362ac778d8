"""Whether a measured result is the method's or the ledger's: rolling cuts and learning curves."""

from collections.abc import Sequence
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

import numpy as np
from sklearn.metrics import brier_score_loss, roc_auc_score

from dunwell.scoring.score import settlement
from model_artifacts.late_payment import measures, rivals
from model_artifacts.late_payment.conformal import kind_of
from model_artifacts.late_payment.dataset import KNOWN_AFTER_DUE_DAYS, Moment, longest_terms_days, moments
from model_artifacts.late_payment.delivery import learned
from model_artifacts.late_payment.disputes import late_with_disputes
from model_artifacts.late_payment.ledger_csv import LedgerFile
from model_artifacts.late_payment.measures import Floats
from model_artifacts.late_payment.model import (
    BEFORE,
    LatePayment,
    late_head,
    lateness_heads,
    rows_of,
    table,
    with_intervals,
)

ROLLING_CUTS_DAYS = (-240, -180, -120, -60, 0, 60, 120)
ROLLING_TEST_DAYS = 60
PARTS = (0.125, 0.25, 0.5, 1.0)
DRAWS = 5
MADE_UP_STEP = 8  # every eighth made-up moment: their weight is the same, and this is done thirty times
KEPT = ("rows", "late_share", "auc", "pr_auc", "brier", "calibration_slope", "calibration_error")


def rolling_origin(file: LedgerFile, cut: date, made: Sequence[Moment]) -> list[dict[str, Any]]:
    """At each of several cuts, this recipe trained on what was known then, and its rivals, on the next 60 days."""
    return [
        found
        for days in ROLLING_CUTS_DAYS
        if (found := _at_cut(file, cut + timedelta(days=days), made[::MADE_UP_STEP]))
    ]


def _at_cut(file: LedgerFile, cut: date, made: Sequence[Moment]) -> dict[str, Any]:
    offsets, _ = learned(file.ledger, cut)
    train = moments(file.ledger, cut, offsets)
    until = cut + timedelta(days=ROLLING_TEST_DAYS)
    issued = moments(file.ledger, file.end, offsets, issued_from=cut, only_at_issue=True)
    test = [m for m in issued if m.day < until and m.labels[0] is not None]
    y = table(test, 0)[1]
    if min(y.sum(), (1 - y).sum()) < 10 or not table(train, 0)[1].any():
        return {}
    at_issue = [m for m in train if m.at_issue]
    forecasts = {"model": late_head(train, made, 0, BEFORE).predict_proba(rows_of(test))[:, 1]}
    forecasts |= rivals.late(at_issue, test, 0)
    if file.has_disputes:
        forecasts["with_disputes_not_served"] = late_with_disputes(train, test, file.ledger, cut, offsets)
    found = {name: measures.classification(y, p) for name, p in forecasts.items()}
    return {"cut": cut.isoformat(), **{name: {key: one[key] for key in KEPT} for name, one in found.items()}}


def rolling_intervals(file: LedgerFile, cut: date, made: Sequence[Moment]) -> dict[str, Any]:
    """How often the 80 % interval covered the settlement at the same cuts together, over all moments, by kind and by
    cut, as fitted and as calibrated on what came before each cut.
    """
    covered: dict[str, list[tuple[bool, bool]]] = {}
    for days in ROLLING_CUTS_DAYS:
        at = cut + timedelta(days=days)
        offsets, _ = learned(file.ledger, at)
        test = [m for m in moments(file.ledger, file.end, offsets, issued_from=at) if _compared(m, at, file)]
        if not test:
            continue
        train = moments(file.ledger, at, offsets)
        longest = longest_terms_days([*train, *made])
        fitted = LatePayment([], lateness_heads(train, made[::MADE_UP_STEP]))
        served, _ = with_intervals(fitted, file.ledger, at, made[::MADE_UP_STEP])
        rows = rows_of(test)
        for m, before, after in zip(test, fitted.quantiles(rows), served.quantiles(rows), strict=True):
            if (calibrated := _covers(m, after, longest)) is None:
                continue
            for group in ("all", *groups_of(m), f"from_{at}"):
                covered.setdefault(group, []).append((bool(_covers(m, before, longest)), calibrated))
    return {group: _coverage(found) for group, found in sorted(covered.items())}


def groups_of(moment: Moment) -> list[str]:
    """Its kind, and past due as a whole."""
    kind = kind_of(moment)
    return [kind, "past_due"] if kind.startswith("past_due") else [kind]


def _coverage(found: Sequence[tuple[bool, bool]]) -> dict[str, Any]:
    calibrated = sum(after for _, after in found)
    low, high = measures.share_between(calibrated, len(found))
    return {
        "moments": len(found),
        "as_fitted": round(sum(before for before, _ in found) / len(found), 4),
        "calibrated": round(calibrated / len(found), 4),
        "calibrated_from": round(low, 4),
        "calibrated_to": round(high, 4),
    }


def _compared(moment: Moment, cut: date, file: LedgerFile) -> bool:
    """Issued within the test window, and settled; of what was due lately only the prompt ones would be."""
    invoice = moment.invoice
    known = (file.end - invoice.due_on).days > KNOWN_AFTER_DUE_DAYS
    return invoice.issued_on < cut + timedelta(days=ROLLING_TEST_DAYS) and known and invoice.settled_on is not None


def _covers(moment: Moment, lateness: Floats, longest: int) -> bool | None:
    """Whether the settlement is in the interval as served; None where none is."""
    days, settled_on = settlement(moment.invoice, moment.day, lateness.tolist(), longest), moment.invoice.settled_on
    if days is None:
        return None
    return settled_on is not None and days[0] <= settled_on <= days[2]


def what_the_data_allow(file: LedgerFile, cut: date, made: Sequence[Moment]) -> dict[str, Any]:
    """Learning curves by training moments and by the customer's history."""
    offsets, _ = learned(file.ledger, cut)
    issued = moments(file.ledger, file.end, offsets, issued_from=cut, only_at_issue=True)
    test, train = [m for m in issued if m.labels[0] is not None], moments(file.ledger, cut, offsets)
    thinned = made[::MADE_UP_STEP]
    p = late_head(train, thinned, 0, BEFORE).predict_proba(rows_of(test))[:, 1]
    return {
        "by_training_moments": [_with_part(train, test, thinned, part) for part in PARTS],
        "by_settled_invoices_of_the_customer": _by_history(test, p),
    }


def _with_part(train: Sequence[Moment], test: Sequence[Moment], made: Sequence[Moment], part: float) -> dict[str, Any]:
    """Means over draws of a part of the training moments."""
    known, y = [m for m in train if m.labels[0] is not None], table(test, 0)[1]
    found = []
    for draw in range(DRAWS if part < 1 else 1):
        kept = np.random.default_rng(draw).random(len(known)) < part
        head = late_head([m for m, keep in zip(known, kept, strict=True) if keep], made, 0, BEFORE)
        p = head.predict_proba(rows_of(test))[:, 1]
        found.append((roc_auc_score(y, p), brier_score_loss(y, p)))
    auc, brier = np.mean(found, axis=0)
    return {"part": part, "moments": round(part * len(known)), "auc": round(auc, 4), "brier": round(brier, 4)}


def _by_history(test: Sequence[Moment], p: Floats) -> list[dict[str, Any]]:
    """The model's measures on test invoices of customers with so many settled ones: what more history would bring."""
    counts = np.expm1(rows_of(test)[:, 1]).round()
    y = table(test, 0)[1]
    edges = np.unique(np.quantile(counts, (0, 0.25, 0.5, 0.75, 1)))
    found = []
    for number, (low, high) in enumerate(pairwise(edges)):
        chosen = (counts > low if number else counts >= low) & (counts <= high)
        measured = measures.classification(y[chosen], p[chosen])
        found.append({"settled_up_to": int(high), **{key: measured[key] for key in ("rows", "auc", "auc_se", "brier")}})
    return found
