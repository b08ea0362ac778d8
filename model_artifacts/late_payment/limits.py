"""Whether a measured result is the method's or the ledger's: rolling cuts, learning curves, and a ceiling."""

from collections.abc import Sequence
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

import numpy as np
from scipy.stats import norm
from sklearn.metrics import brier_score_loss, roc_auc_score

from dunwell.scoring.facts import InvoiceFacts
from dunwell.scoring.habit import root_lateness
from dunwell.scoring.score import settlement
from model_artifacts.late_payment import measures, rivals
from model_artifacts.late_payment.conformal import kind_of
from model_artifacts.late_payment.dataset import KNOWN_AFTER_DUE_DAYS, Moment, moments
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
CEILING_DRAWS = 300
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
    train = moments(file.ledger, cut)
    until = cut + timedelta(days=ROLLING_TEST_DAYS)
    issued = moments(file.ledger, file.end, issued_from=cut, only_at_issue=True)
    test = [m for m in issued if m.day < until and m.labels[0] is not None]
    y = table(test, 0)[1]
    if min(y.sum(), (1 - y).sum()) < 10 or not table(train, 0)[1].any():
        return {}
    at_issue = [m for m in train if m.at_issue]
    forecasts = {"model": late_head(train, made, 0, BEFORE).predict_proba(rows_of(test))[:, 1]}
    forecasts |= rivals.late(at_issue, test, 0)
    if file.has_disputes:
        forecasts["with_disputes_not_served"] = late_with_disputes(train, test, file.ledger, cut)
    found = {name: measures.classification(y, p) for name, p in forecasts.items()}
    return {"cut": cut.isoformat(), **{name: {key: one[key] for key in KEPT} for name, one in found.items()}}


def rolling_intervals(file: LedgerFile, cut: date, made: Sequence[Moment]) -> dict[str, Any]:
    """How often the 80 % interval covered the settlement at the same cuts together, over all moments, by kind and by
    cut, as fitted and as calibrated on what came before each cut.
    """
    covered: dict[str, list[tuple[bool, bool]]] = {}
    for days in ROLLING_CUTS_DAYS:
        at = cut + timedelta(days=days)
        test = [m for m in moments(file.ledger, file.end, issued_from=at) if _compared(m, at, file)]
        if not test:
            continue
        fitted = LatePayment([], lateness_heads(moments(file.ledger, at), made[::MADE_UP_STEP]))
        served, _ = with_intervals(fitted, file.ledger, at, made[::MADE_UP_STEP])
        rows = rows_of(test)
        for m, before, after in zip(test, fitted.quantiles(rows), served.quantiles(rows), strict=True):
            for group in ("all", *groups_of(m), f"from_{at}"):
                covered.setdefault(group, []).append((_covers(m, before), _covers(m, after)))
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


def _covers(moment: Moment, lateness: Floats) -> bool:
    earliest, _, latest = settlement(moment.invoice, moment.day, lateness.tolist())
    return moment.invoice.settled_on is not None and earliest <= moment.invoice.settled_on <= latest


def what_the_data_allow(file: LedgerFile, cut: date, made: Sequence[Moment]) -> dict[str, Any]:
    """Learning curves by training moments and by the customer's history, and a ceiling for this test part."""
    test = [m for m in moments(file.ledger, file.end, issued_from=cut, only_at_issue=True) if m.labels[0] is not None]
    train = moments(file.ledger, cut)
    thinned = made[::MADE_UP_STEP]
    p = late_head(train, thinned, 0, BEFORE).predict_proba(rows_of(test))[:, 1]
    return {
        "by_training_moments": [_with_part(train, test, thinned, part) for part in PARTS],
        "by_settled_invoices_of_the_customer": _by_history(test, p),
        "if_customers_were_known": _ceiling(file, cut, [m.invoice for m in test]),
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


def _ceiling(file: LedgerFile, cut: date, test: Sequence[InvoiceFacts]) -> dict[str, Any]:
    """What a forecast could reach on this test part if each customer's level, its share of disputes and the spread of
    one invoice were known exactly, and payments came from nothing else: outcomes are drawn from that many times.
    """
    levels, shares, delay, spread = _measured(file, cut)
    known = [(levels[c], shares[c], invoice) for c, invoice in _customers(file, test) if c in levels]
    level, share = np.array([one[0] for one in known]), np.array([one[1] for one in known])
    allowed = [(one[2].due_on - one[2].issued_on).days for one in known]
    due = np.array([root_lateness(days + 1, days) for days in allowed])  # the first late day
    rng = np.random.default_rng(0)
    found: dict[str, list[tuple[float, float]]] = {"without_disputes": [], "with_disputes": []}
    for _ in range(CEILING_DRAWS):
        disputed = rng.random(len(known)) < share
        late = level + delay * disputed + rng.normal(0, spread, len(known)) >= due
        plain, shifted = _beyond(due, level, spread), _beyond(due, level + delay, spread)
        for name, p in (
            ("without_disputes", share * shifted + (1 - share) * plain),
            ("with_disputes", np.where(disputed, shifted, plain)),
        ):
            found[name].append((float(roc_auc_score(late, p)), float(brier_score_loss(late, p))))
    return {name: _mean_and_spread(draws) for name, draws in found.items()}


def _mean_and_spread(draws: list[tuple[float, float]]) -> dict[str, float]:
    means, spreads = np.mean(draws, axis=0).round(4), np.std(draws, axis=0).round(4)
    names = ("auc", "brier")
    return {
        **dict(zip(names, means.tolist(), strict=True)),
        **dict(zip(("auc_spread", "brier_spread"), spreads.tolist(), strict=True)),
    }


def _beyond(due: Floats, level: Floats, spread: float) -> Floats:
    found: Floats = norm.sf((due - level) / spread)
    return found


def _customers(file: LedgerFile, invoices: Sequence[InvoiceFacts]) -> list[tuple[str, InvoiceFacts]]:
    owner = {invoice.invoice_id: customer for customer, all_of in file.ledger.items() for invoice in all_of}
    return [(owner[invoice.invoice_id], invoice) for invoice in invoices]


def _measured(file: LedgerFile, cut: date) -> tuple[dict[str, float], dict[str, float], float, float]:
    """By customer level on the root scale and share of disputes; what a dispute adds; the spread of one invoice."""
    owners, disputed, lateness = [], [], []
    for customer, invoices in file.ledger.items():
        for one in invoices:
            if one.settled_on is not None and one.settled_on < cut:
                allowed = (one.due_on - one.issued_on).days
                owners.append(customer)
                disputed.append(float(one.disputed))
                lateness.append(root_lateness(allowed + one.days_late(), allowed))
    names, index = np.unique(owners, return_inverse=True)
    counts = np.bincount(index)
    d, y = np.array(disputed), np.array(lateness)
    d_mean, y_mean = (np.bincount(index, values) / counts for values in (d, y))
    d_within, y_within = d - d_mean[index], y - y_mean[index]
    delay = float(d_within @ y_within) / max(float(d_within @ d_within), 1e-9)
    rest = y_within - delay * d_within
    spread = float(np.sqrt(rest @ rest / max(1, len(y) - len(names) - 1)))
    levels, shares = y_mean - delay * d_mean, (counts * d_mean + 0.4) / (counts + 2)
    return dict(zip(names, levels, strict=True)), dict(zip(names, shares, strict=True)), delay, spread
