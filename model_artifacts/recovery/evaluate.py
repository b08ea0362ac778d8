"""What recovery is worth: each invoice's chances beside plain rivals, an account's money, and the worklist's order."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from dunwell.scoring.recovery import ACTION_FEATURES, RECOVERY_DAYS, RecoveryModel
from model_artifacts.late_payment.measures import classification
from model_artifacts.recovery.dataset import Moment
from model_artifacts.recovery.learn import Floats, rows_of

BUCKET_DAYS = (30, 60, 90)
TOP = 0.2
Found = dict[str, Any]


def chances(moments: Sequence[Moment], model: RecoveryModel) -> Floats:
    """Of settlement within 30, 60 and 90 days, as served."""
    months = [rows_of(moments, month, np.array(model.neutral)) for month in range(3)]
    return np.array([model.within([list(one[row]) for one in months]) for row in range(len(moments))])


def without_actions(model: RecoveryModel) -> RecoveryModel:
    """The model blind to what was done: actions neither raise nor lower what it says."""
    count = len(ACTION_FEATURES)
    shifts = [sum(w * n for w, n in zip(row[-count:], model.neutral[-count:], strict=True)) for row in model.weights]
    return replace(
        model,
        intercepts=tuple(one + shift for one, shift in zip(model.intercepts, shifts, strict=True)),
        weights=tuple((*row[:-count], *(0.0,) * count) for row in model.weights),
    )


def constant(learned_from: Sequence[Moment]) -> Callable[[Sequence[Moment]], Floats]:
    """The plain rival: everybody pays at the same rate."""
    rates = [_rate(learned_from, column) for column in range(3)]
    return lambda moments: np.tile(rates, (len(moments), 1))


def roll_rates(learned_from: Sequence[Moment]) -> Callable[[Sequence[Moment]], Floats]:
    """The usual rival: the rate at which what was so old was paid, by ageing bucket."""
    by_bucket: dict[int, list[Moment]] = defaultdict(list)
    for one in learned_from:
        by_bucket[_bucket(one)].append(one)
    rates = {bucket: [_rate(some, column) for column in range(3)] for bucket, some in by_bucket.items()}
    return lambda moments: np.array([rates[_bucket(one)] for one in moments])


def _bucket(moment: Moment) -> int:
    return sum(moment.overdue_days > days for days in BUCKET_DAYS)


def _rate(moments: Sequence[Moment], column: int) -> float:
    known = [found for one in moments if (found := one.within(column)) is not None]
    return float(np.mean(known)) if known else 0.5


def by_invoice(moments: Sequence[Moment], forecasts: dict[str, Callable[[Sequence[Moment]], Floats]]) -> Found:
    """Measures by horizon, each forecast beside the others."""
    found: Found = {}
    for column, days in enumerate(RECOVERY_DAYS):
        known = [one for one in moments if one.within(column) is not None]
        y = np.array([int(bool(one.within(column))) for one in known])
        found[f"within_{days}_days"] = {
            name: classification(y, forecast(known)[:, column]) for name, forecast in forecasts.items()
        }
    return found


def by_account(moments: Sequence[Moment], forecasts: dict[str, Callable[[Sequence[Moment]], Floats]]) -> Found:
    """Money of an account and day within 90 days, each account scaled to what all owe on average: how far what was
    expected of all lay from what came, and the mean error of an account, both as parts of what was owed.
    """
    known = [one for one in moments if one.within(2) is not None]
    keys, amounts, came = _money(known)
    found = {}
    for name, forecast in forecasts.items():
        expected = np.bincount(keys, amounts * forecast(known)[:, 2])
        off = expected - np.bincount(keys, came)
        owed = np.bincount(keys, amounts)
        found[name] = {
            "accounts": len(owed),
            "expected_over_collected": round(float(expected.sum() / came.sum()), 3),
            "mean_error_of_an_account": round(float((np.abs(off) / owed).mean()), 3),
        }
    return found


GROUPS: dict[str, Callable[[Moment], bool]] = {
    "with_history": lambda one: one.has_paid,
    "without_history": lambda one: not one.has_paid,
    "over_30_days_past_due": lambda one: one.overdue_days > BUCKET_DAYS[0],
    "without_history_over_30_days_past_due": lambda one: not one.has_paid and one.overdue_days > BUCKET_DAYS[0],
}


def by_group(moments: Sequence[Moment], forecast: Callable[[Sequence[Moment]], Floats]) -> Found:
    """What was expected and what came of groups of invoices that a mean over all may hide, by horizon."""
    found: Found = {}
    for name, belongs in GROUPS.items():
        group = [one for one in moments if belongs(one)]
        found[name] = {}
        for column, days in enumerate(RECOVERY_DAYS):
            known = [one for one in group if one.within(column) is not None]
            if known:
                found[name][f"within_{days}_days"] = _held_against(known, forecast(known)[:, column], column)
    return found


def _held_against(known: Sequence[Moment], expected: Floats, column: int) -> Found:
    """The standard error takes an account's invoices as one: they are paid or not together."""
    came = np.array([bool(one.within(column)) for one in known])
    accounts: dict[str, int] = {}
    keys = [accounts.setdefault(one.account, len(accounts)) for one in known]
    off = np.bincount(keys, expected - came)
    return {
        "rows": len(known),
        "accounts": len(accounts),
        "forecast_mean": round(float(expected.mean()), 4),
        "came": round(float(came.mean()), 4),
        "standard_error": round(float(np.sqrt((off**2).sum()) / len(known)), 4),
    }


def order_of_the_worklist(moments: Sequence[Moment], model: RecoveryModel) -> Found:
    """Of the money that came in within 90 days from accounts 30 days or more past due, how much came from the first
    fifth of the list, by what it is ordered.
    """
    old = _old_accounts([one for one in moments if one.within(2) is not None])
    keys, amounts, came = _money(old)
    forecast = chances(old, model)
    owed, collected = np.bincount(keys, amounts), np.bincount(keys, came)
    orders = {
        "expected_value": np.bincount(keys, amounts * forecast[:, 2]),
        "amount": owed,
        "risk": -np.bincount(keys, amounts * forecast[:, 0]) / owed,
        "days_past_due": np.array([max(o.overdue_days for o, k in zip(old, keys, strict=True) if k == key)
                                   for key in range(len(owed))]),
    }  # fmt: skip
    first = max(1, int(TOP * len(owed)))
    shares = {
        name: round(float(collected[np.argsort(-order, kind="stable")[:first]].sum() / collected.sum()), 3)
        for name, order in orders.items()
    }
    return {"accounts": len(owed), "first": TOP, "share_of_money": shares}


def _old_accounts(moments: Sequence[Moment]) -> list[Moment]:
    old = {(one.account, one.day) for one in moments if one.overdue_days >= BUCKET_DAYS[0]}
    return [one for one in moments if (one.account, one.day) in old]


def _money(moments: Sequence[Moment]) -> tuple[Any, Floats, Floats]:
    """Which account and day each moment is of, what was owed, what of it came within 90 days."""
    numbers: dict[tuple[str, object], int] = {}
    keys = np.array([numbers.setdefault((one.account, one.day), len(numbers)) for one in moments])
    amounts = np.array([one.amount_minor for one in moments], dtype=np.float64)
    return keys, amounts, amounts * np.array([bool(one.within(2)) for one in moments])
