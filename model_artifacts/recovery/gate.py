"""The gate: what a trained recovery model must show on later data before it is deployed.

On portfolios never learned from, for each of 30, 60 and 90 days:

- better than the ageing-bucket roll rate: Brier score lower, and AUC higher, each by more than a standard error;
- calibrated: slope from 0.8 to 1.25, calibration error at most 0.05;
- calibrated for those who have paid before and those who have not, and for what is more than 30 days past due: what is
  expected is no more than 0.05 and a standard error away from what came.

In money: what is expected of all is from 0.9 to 1.1 of what came, and the mean error of an account is no more than the
roll rate's. On a ledger after the cut, where both outcomes were seen often enough: Brier score no more than a standard
error above the roll rate's. And always: no input is, or stands for, what the law forbids.
"""

from itertools import product
from math import sqrt
from typing import Any

from dunwell.scoring.forbidden import forbidden_among
from dunwell.scoring.recovery import RECOVERY_DAYS, RECOVERY_FEATURES

SLOPES = (0.8, 1.25)
CALIBRATION_ERROR = 0.05
GROUPS = ("with_history", "without_history", "over_30_days_past_due", "without_history_over_30_days_past_due")
OF_WHAT_CAME = (0.9, 1.1)
FEWEST = 30  # of either outcome
OURS, RIVAL = "this_model", "ageing_bucket_roll_rate"


def refusals(record: dict[str, Any]) -> list[str]:
    """Why the model on this record may not be deployed; empty when it may. Without an evaluation it may not."""
    found = [f"It asks for what the law forbids: {one}." for one in forbidden_among(RECOVERY_FEATURES)]
    held_out = record.get("simulated_hold_out") or {}
    by_invoice, by_account = held_out.get("by_invoice", {}), held_out.get("by_account", {})
    for days in RECOVERY_DAYS:
        measured = by_invoice.get(f"within_{days}_days", {})
        if OURS not in measured or RIVAL not in measured:
            return [*found, f"It was not measured beside the roll rate within {days} days."]
        found += [f"Within {days} days: {reason}" for reason in _on_held_out(measured[OURS], measured[RIVAL])]
    found += _in_groups(held_out.get("by_group", {}))
    if OURS not in by_account or RIVAL not in by_account:
        return [*found, "It was not measured by account."]
    return found + _in_money(by_account[OURS], by_account[RIVAL]) + _on_ledger(record.get("ledger_after_the_cut", {}))


def _on_held_out(ours: dict[str, Any], rival: dict[str, Any]) -> list[str]:
    found = []
    if ours["brier"] + _brier_error(ours) >= rival["brier"]:
        found.append(f"Brier {ours['brier']} is not better than the roll rate's {rival['brier']} by a standard error.")
    if ours["auc"] - ours["auc_se"] <= rival["auc"]:
        found.append(f"AUC {ours['auc']} is not better than the roll rate's {rival['auc']} by a standard error.")
    slope = ours["calibration_slope"]
    if slope is None or not SLOPES[0] <= slope <= SLOPES[1]:
        found.append(f"the calibration slope is {slope}.")
    if ours["calibration_error"] > CALIBRATION_ERROR:
        found.append(f"the calibration error is {ours['calibration_error']}.")
    return found


def _in_groups(by_group: dict[str, Any]) -> list[str]:
    found = []
    for group, horizon in product(GROUPS, (f"within_{days}_days" for days in RECOVERY_DAYS)):
        where = f"Of those {group}, {horizon}".replace("_", " ")
        if (one := by_group.get(group, {}).get(horizon)) is None:
            found.append(f"{where}: it was not measured.")
        elif abs(one["forecast_mean"] - one["came"]) > CALIBRATION_ERROR + one["standard_error"]:
            found.append(f"{where}: {one['forecast_mean']:.1%} was expected, {one['came']:.1%} came.")
    return found


def _in_money(ours: dict[str, Any], rival: dict[str, Any]) -> list[str]:
    found = []
    ratio, error = ours["expected_over_collected"], ours["mean_error_of_an_account"]
    if not OF_WHAT_CAME[0] <= ratio <= OF_WHAT_CAME[1]:
        found.append(f"It expects {ratio} of what came.")
    if error > rival["mean_error_of_an_account"]:
        found.append(f"The mean error of an account, {error}, is above the roll rate's.")
    return found


def _on_ledger(measured: dict[str, Any]) -> list[str]:
    found = []
    for horizon, by in measured.items():
        ours, rival = by[OURS], by[RIVAL]
        paid = ours["late_share"] * ours["rows"]  # the measures' name for what came true: here, payment
        if min(paid, ours["rows"] - paid) >= FEWEST and ours["brier"] - _brier_error(ours) > rival["brier"]:
            found.append(
                f"On the ledger, {horizon.replace('_', ' ')}: Brier {ours['brier']}, roll rate {rival['brier']}."
            )
    return found


def _brier_error(measured: dict[str, Any]) -> float:
    """A cautious standard error: squared errors lie between 0 and 1, and their spread is about their mean."""
    return float(measured["brier"] / sqrt(measured["rows"]))
