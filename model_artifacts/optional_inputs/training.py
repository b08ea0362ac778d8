"""A head for a model that was just trained, learnt on the owner's own ledger and figures; and whether it is used.

Which inputs are used is decided before the cut alone: learnt on the earlier part of what was known, judged on the rest
by held-out log loss (`head.choose`). The model's own answers, which saw both parts, are flattered by that and the
figures are not: an input that passes is worth at least so much. What is used then learns from all before the cut.
"""

from collections.abc import Collection, Sequence
from dataclasses import asdict
from datetime import date
from typing import Any

from dunwell.figures import PROXIES, SERIES
from model_artifacts.late_payment.dataset import Ledger, Moment, moments
from model_artifacts.late_payment.ledger_csv import LedgerFile
from model_artifacts.late_payment.model import LatePayment, rows_of
from model_artifacts.optional_inputs.figures import Published
from model_artifacts.optional_inputs.graph import with_head
from model_artifacts.optional_inputs.head import (
    Asked,
    cells,
    choose,
    fit_head,
    gained,
    inputs_in,
    told_rows,
)

EARLIER_SHARE = 0.7
FEWEST_MOMENTS = 500
ENOUGH_MONTHS = 24  # to judge a series by: it wanders, and over a few months anything that wanders seems to explain


def add_head(
    content: bytes,
    model: LatePayment,
    file: LedgerFile,
    before: date,
    published: Published,
    proxies: Collection[str] = (),
) -> tuple[bytes, dict[str, Any]]:
    """The exported model with a head where figures are worth it, else as it is; and what is to be kept on record.

    Args:
        before: what was known by then is learnt from; what was issued later, if anything, only measures it.
        proxies: those of `dunwell.figures.PROXIES` that may be tried.
    """
    ledger = file.ledger
    record: dict[str, Any] = {"inputs": [], "tried": [], "proxies": sorted(proxies)}
    found = moments(ledger, before, model.delivery)
    if len(found) < FEWEST_MOMENTS:
        return content, record | {"why_not": f"fewer than {FEWEST_MOMENTS} moments to learn from"}
    issued = sorted(moment.invoice.issued_on for moment in found)
    split = issued[int(EARLIER_SHARE * len(issued))]
    earlier = asked(model, ledger, moments(ledger, split, model.delivery))
    after = moments(ledger, before, model.delivery, issued_from=split)
    later = asked(model, ledger, [one for one in after if one.day >= split])
    inputs = inputs_in([(earlier, published)], proxies)
    if len(set(later.months)) < ENOUGH_MONTHS:
        record["too_few_months_for"] = [one.name for one in inputs if one.name in SERIES]
        inputs = tuple(one for one in inputs if one.name not in SERIES)
    record |= {"tried": [one.name for one in inputs], "judged_from": split.isoformat()}
    if not inputs or not len(cells(later).at):
        return content, record | {"why_not": "too little is known of any input, or nothing after the split"}
    X, Z = (told_rows(part, published, inputs, proxies) for part in (earlier, later))
    choice = choose(earlier, X, later, Z, inputs)
    record |= {"worth": choice.worth, "gain": choice.together}
    if not choice.inputs:
        return content, record | {"why_not": "no input is worth more than twice its standard error on later invoices"}
    whole = asked(model, ledger, found)
    head = fit_head(whole, told_rows(whole, published, choice.inputs, proxies), choice.inputs)
    record |= {
        "inputs": [asdict(one) for one in choice.inputs],
        "weights": head.weights.round(4).tolist(),
        "fading": head.fading.round(4).tolist(),
        "horizon_factors": head.horizon_factors.round(4).tolist(),
        "lateness_factor": round(head.lateness_factor, 4),
        "used_proxies": {one.name: PROXIES[one.name] for one in choice.inputs if one.name in PROXIES},
    }
    unseen = moments(ledger, file.end, model.delivery, issued_from=before) if before < file.end else []
    if unseen and (test := asked(model, ledger, unseen)).moments:
        shifts = head.shifts(test, told_rows(test, published, choice.inputs, proxies))
        of_series = any(one.name in SERIES for one in choice.inputs)
        record["gain_after_the_cut"] = gained(test, 0 * shifts, shifts, of_series=of_series)
    return with_head(content, head), record


def asked(model: LatePayment, ledger: Ledger, found: Sequence[Moment]) -> Asked:
    """Moments of a ledger, with the model's own answers."""
    owner = {one.invoice_id: customer for customer, facts in ledger.items() for one in facts}
    rows = rows_of(found)
    return Asked(
        found,
        [owner[moment.invoice.invoice_id] for moment in found],
        [f"{moment.invoice.issued_on:%Y-%m}" for moment in found],
        model.probabilities(rows),
        model.quantiles(rows),
    )
