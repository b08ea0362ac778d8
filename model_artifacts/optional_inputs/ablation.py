"""Does a model find what optional inputs say? `python -m model_artifacts.optional_inputs.ablation --out FILE`.

A made-up portfolio in which it is known what each input does: payments are shifted by `EFFECT_DAYS`. Each input is
then withheld from training and test in turn. What it is worth is how much the log loss on later invoices rises without
it; an input without an effect must be worth nothing.
"""

import argparse
import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, timedelta
from math import log1p
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dunwell.scoring.facts import InvoiceFacts
from dunwell.scoring.features import FEATURE_NAMES
from model_artifacts.late_payment.dataset import PORTFOLIO_AS_OF, Ledger, Moment, made_up, moments
from model_artifacts.late_payment.measures import classification
from model_artifacts.late_payment.model import rows_of
from model_artifacts.late_payment.rivals import logistic
from model_artifacts.optional_inputs.features import GROUPS, INDUSTRIES, REGIONS, columns_of, optional_features
from model_artifacts.optional_inputs.figures import Figure, Figures

Floats = NDArray[np.float64]

# Days that one step of each input adds to the time to payment. Those that are not here do nothing.
EFFECT_DAYS = {"credit_score": -7.0, "industry": 6.0, "tenure_years": -3.0, "industry_payment_trend": 6.0}
SLOW_INDUSTRIES = {"construction", "transport"}
SEEDS = tuple(range(301, 309))
FEW_SETTLED = 3
_SETTLED = FEATURE_NAMES.index("settled_count")
TEST_DAYS, KNOWN_DAYS = 240, 60
PUBLICATION_DAYS = 40  # a month's figure comes out this long after the month has ended
START = PORTFOLIO_AS_OF - timedelta(days=1_100)
MONTHS = 37


def portfolio(seed: int, customers: int = 400) -> tuple[Ledger, Figures]:
    """A made-up portfolio whose payments the figures move, and the figures."""
    rng = random.Random(f"{seed}/outside")
    rows = list(_series(rng))
    trend = {(one.about, one.period): float(one.value) for one in rows if one.name == "industry_payment_trend"}
    ledger: Ledger = {}
    for number, facts in made_up(seed, customers).items():
        about = list(_about(number, rng))
        rows += about
        ledger[number] = [_moved(one, about, trend) for one in facts]
    return ledger, Figures(rows)


def _series(rng: random.Random) -> Iterator[Figure]:
    """Monthly figures that wander: one for each industry, two for everybody."""
    series = [(industry, "industry_payment_trend") for industry in INDUSTRIES]
    for about, name in [*series, ("", "insolvency_rate"), ("", "unemployment")]:
        value = rng.gauss(0, 1)
        for month in range(MONTHS):
            first = _month(START, month)
            value = 0.85 * value + rng.gauss(0, 0.53)
            published_on = _month(START, month + 1) + timedelta(days=PUBLICATION_DAYS)
            yield Figure(about, name, f"{first:%Y-%m}", published_on, f"{value:.3f}")


def _about(number: str, rng: random.Random) -> Iterator[Figure]:
    """A customer: a credit score that changes every quarter, and what stays."""
    yield Figure(number, "industry", "2020-01-01", START, rng.choice(INDUSTRIES))
    yield Figure(number, "region", "2020-01-01", START, rng.choice(REGIONS))
    yield Figure(number, "size", "2020-01-01", START, f"{rng.gauss(3, 1):.2f}")
    yield Figure(number, "tenure_years", "2020-01-01", START, f"{rng.uniform(0, 10):.1f}")
    score = rng.gauss(650, 80)
    for quarter in range(MONTHS // 3):
        day = START + timedelta(days=91 * quarter)
        yield Figure(number, "credit_score", day.isoformat(), day + timedelta(days=2), f"{score:.0f}")
        score += rng.gauss(0, 35)


def _moved(invoice: InvoiceFacts, about: Sequence[Figure], trend: dict[tuple[str, str], float]) -> InvoiceFacts:
    """The invoice, paid when its customer's score, industry, tenure and the industry's month of issue make it."""
    if invoice.settled_on is None:
        return invoice
    word = {one.name: one.value for one in about if one.published_on < invoice.issued_on}
    steps = {
        "credit_score": (float(word["credit_score"]) - 650) / 100,
        "industry": float(word["industry"] in SLOW_INDUSTRIES),
        "tenure_years": (float(word["tenure_years"]) - 5) / 5,
        "industry_payment_trend": trend[word["industry"], f"{_month(invoice.issued_on, -2):%Y-%m}"],
    }
    days = round(sum(EFFECT_DAYS[name] * step for name, step in steps.items()))
    settled_on = max(invoice.issued_on + timedelta(days=1), invoice.settled_on + timedelta(days=days))
    return replace(invoice, settled_on=settled_on if settled_on <= PORTFOLIO_AS_OF else None)


def _month(day: date, later: int) -> date:
    """The first of a month so many months later."""
    months = day.year * 12 + day.month - 1 + later
    return date(months // 12, months % 12 + 1, 1)


def ablation(seeds: Sequence[int], customers: int = 400) -> dict[str, Any]:
    """What each input is worth on invoices issued later than those learned from, with the standard error of the
    difference, paired by invoice.
    """
    train, test = _rows(seeds, customers)
    own, young = _losses(train, test), test[0][:, _SETTLED] < log1p(FEW_SETTLED + 0.5)
    inputs = {}
    for name in GROUPS:
        more = _losses(train, test, name) - own
        inputs[name] = {
            "effect_days": EFFECT_DAYS.get(name, 0.0),
            "weights": _weights(train)[columns_of(name)].round(2).tolist(),
            "log_loss_without_it": _mean(more),
            "of_new_customers": _mean(more[young]),
        }
    return {
        "seeds": list(seeds),
        "train": len(train[2]),
        "test": len(test[2]),
        "test_of_new_customers": int(young.sum()),
        "with_all": _measured(train, test),
        "with_the_ledger_only": _measured(train, test, *GROUPS),
        "inputs": inputs,
    }


def _mean(values: Floats) -> dict[str, float]:
    error = float(values.std() / np.sqrt(len(values)))
    return {"mean": round(float(values.mean()), 5), "standard_error": round(error, 5)}


Rows = tuple[Floats, Floats, NDArray[np.int64]]


def _rows(seeds: Sequence[int], customers: int) -> tuple[Rows, Rows]:
    cut = PORTFOLIO_AS_OF - timedelta(days=TEST_DAYS)
    train: list[tuple[Moment, list[float]]] = []
    test: list[tuple[Moment, list[float]]] = []
    for seed in seeds:
        ledger, figures = portfolio(seed, customers)
        owner = {one.invoice_id: number for number, facts in ledger.items() for one in facts}
        for part, end, since in ((train, cut, date.min), (test, PORTFOLIO_AS_OF, cut)):
            for one in moments(ledger, end, issued_from=since, only_at_issue=True):
                if one.labels[0] is not None and one.invoice.due_on + timedelta(days=KNOWN_DAYS) < end:
                    part.append((one, optional_features(owner[one.invoice.invoice_id], figures, one.day)))
    return _table(train), _table(test)


def _table(rows: Sequence[tuple[Moment, list[float]]]) -> Rows:
    labels = np.array([int(bool(one.labels[0])) for one, _ in rows], dtype=np.int64)
    return rows_of([one for one, _ in rows]).astype(np.float64), np.array([more for _, more in rows]), labels


def _weights(train: Rows) -> Floats:
    """Of the optional inputs, a step each, with everything else there too."""
    model = logistic().fit(np.hstack(train[:2]), train[2])
    found: Floats = (model[-1].coef_[0] / model[0].scale_)[len(FEATURE_NAMES) :]
    return found


def _forecast(train: Rows, test: Rows, *withheld: str) -> Floats:
    def features(rows: Rows) -> Floats:
        more = rows[1].copy()
        for name in withheld:
            more[:, columns_of(name)] = 0.0
        return np.hstack([rows[0], more])

    found: Floats = logistic().fit(features(train), train[2]).predict_proba(features(test))[:, 1]
    return found


def _losses(train: Rows, test: Rows, *withheld: str) -> Floats:
    chance = np.clip(_forecast(train, test, *withheld), 1e-6, 1 - 1e-6)
    losses: Floats = -np.where(test[2] == 1, np.log(chance), np.log(1 - chance))
    return losses


def _measured(train: Rows, test: Rows, *withheld: str) -> dict[str, Any]:
    found = classification(test[2], _forecast(train, test, *withheld))
    return {name: found[name] for name in ("rows", "late_share", "auc", "brier", "calibration_slope")}


def main(argv: list[str] | None = None) -> None:
    """Parses the command line and writes what was measured."""
    parser = argparse.ArgumentParser(prog="python -m model_artifacts.optional_inputs.ablation", description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="the JSON file to write")
    args = parser.parse_args(argv)
    args.out.write_text(json.dumps(ablation(SEEDS), indent=2) + "\n", encoding="utf-8")
    print(f"Wrote {args.out}.")


if __name__ == "__main__":
    main()
