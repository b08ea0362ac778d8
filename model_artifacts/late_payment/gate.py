"""The gate: what a trained model must show on later data before it is deployed.

On the ledger it is for, cut in time, late at all, at issue:

- as good as the best plain rival: Brier score no more than one standard error above the lowest rival's, AUC no more
  than one standard error below the highest;
- better than each customer's own ratio, in Brier score;
- calibrated: slope from 0.8 to 1.25, calibration error at most 0.08;
- days late: mean absolute error (clipped) no worse than the customer's own median;
- the 80 % interval covers 74 to 86 % (the target is 78 to 82; on some hundred invoices that is within noise).

And always: every input is one that was looked at (`REVIEWED`), and none is, or stands for, what the law forbids
(`dunwell.scoring.forbidden`); exported and scikit-learn's answers agree within 1e-5, and the file is the one on record.
A model that takes figures beside the ledger shows all this with them and without, since a customer may have none, and
the figures do not make its answers after the cut worse.

A challenger that is to be served passes the same gate, by the same build. Whether it is the better one of the two is
found out in service, on the same invoices, and shown (`dunwell.scoring.care.Challenge`); a person promotes it.
"""

from math import sqrt
from typing import Any

from dunwell.figures import OF_CUSTOMERS, SERIES
from dunwell.scoring.features import FEATURE_NAMES
from dunwell.scoring.forbidden import forbidden_among

PARITY = 1e-5
SLOPES = (0.8, 1.25)
CALIBRATION_ERROR = 0.08
COVERAGE = (0.74, 0.86)
REVIEWED = frozenset((*FEATURE_NAMES, *OF_CUSTOMERS, *SERIES))
"""What a model may ask for: what its customer owed and paid, when, of what amount, on which terms and how billed
(`dunwell.scoring.features` says why each), and the figures beside the ledger that an operator can switch on."""
LEARNT = ("logistic_regression", "gradient_boosting")


def refusals(record: dict[str, Any]) -> list[str]:
    """Why the model on this record may not be deployed; empty when it may. Without an evaluation it may not."""
    asked = [*record["feature_names"], *_outside(record)]
    by_law = forbidden_among(asked)
    forbidden = [f"It asks for what the law forbids: {one}." for one in by_law]
    forbidden += [
        f"It asks for {one}, which nobody has reviewed: see REVIEWED in gate.py."
        for one in asked
        if one not in REVIEWED and one not in by_law
    ]
    found = forbidden + _on_later_data(record.get("evaluation") or {})
    if _outside(record):
        without = _on_later_data(record.get("evaluation_without_figures") or {})
        found += [f"Without figures: {reason}" for reason in without] + _of_figures(record["outside"])
    parity = record.get("parity", {}).get("largest_difference", 1.0)
    if parity > PARITY:
        found.append(f"The exported model differs from scikit-learn's by {parity:.1e}.")
    return found


def _on_later_data(evaluation: dict[str, Any]) -> list[str]:
    at_issue = evaluation.get("late_0", {}).get("at_issue")
    if not at_issue:
        return [
            "It was not evaluated on a later part of a ledger with at least 30 late invoices in it (CUT=YYYY-MM-DD)."
        ]
    found = _against_rivals(at_issue) + _calibration(at_issue["model"])
    days = evaluation["days_late"]
    if days and days["model"]["mae_clipped"] > days["customers_median"]["mae_clipped"]:
        found.append(f"Days late: {_than(days, 'customers_median', 'mae_clipped')}.")
    coverage = evaluation["interval_80"].get("at_issue", {}).get("coverage")
    if coverage is not None and not COVERAGE[0] <= coverage <= COVERAGE[1]:
        found.append(f"The 80 % interval covers {coverage:.1%}.")
    return found


def _of_figures(outside: dict[str, Any]) -> list[str]:
    gain = outside.get("gain_after_the_cut")
    if gain is None:
        return ["What its figures are worth was not measured after the cut."]
    if gain["mean"] < 0:
        return [f"With its figures the log loss after the cut is higher by {-gain['mean']} ± {gain['standard_error']}."]
    return []


def _outside(record: dict[str, Any]) -> list[str]:
    """The names of the inputs beside the ledger."""
    return [one["name"] for one in (record.get("outside") or {}).get("inputs", ())]


def _against_rivals(at_issue: dict[str, Any]) -> list[str]:
    model = at_issue["model"]
    rivals = {name: at_issue[name] for name in LEARNT if name in at_issue}
    found = []
    if rivals:
        best = max(rival["auc"] for rival in rivals.values())
        if model["auc"] < best - model["auc_se"]:
            found.append(f"AUC {model['auc']} is more than a standard error below a plain rival's {best}.")
        lowest = min(rival["brier"] for rival in rivals.values())
        if model["brier"] > lowest + _brier_error(model):
            found.append(f"Brier {model['brier']} is more than a standard error above a plain rival's {lowest}.")
    if model["brier"] >= at_issue["customers_ratio"]["brier"]:
        found.append(f"Late at all: {_than(at_issue, 'customers_ratio', 'brier')}.")
    return found


def _brier_error(model: dict[str, Any]) -> float:
    """A cautious standard error: squared errors lie between 0 and 1, and their spread is about their mean."""
    return float(model["brier"] / sqrt(model["rows"]))


def _calibration(model: dict[str, Any]) -> list[str]:
    found = []
    slope = model["calibration_slope"]
    if slope is None or not SLOPES[0] <= slope <= SLOPES[1]:
        found.append(f"The calibration slope is {slope}.")
    if model["calibration_error"] > CALIBRATION_ERROR:
        found.append(f"The calibration error is {model['calibration_error']}.")
    return found


def _than(measured: dict[str, Any], rival: str, measure: str) -> str:
    ours, other = measured["model"][measure], measured[rival][measure]
    return f"{measure} {ours} is no better than the {rival.replace('_', ' ')}'s {other}"
