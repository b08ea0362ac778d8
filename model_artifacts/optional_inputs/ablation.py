"""Does a model find what optional inputs say? `python -m model_artifacts.optional_inputs.ablation --out FILE`.

A made-up portfolio in which it is known what each input does: payments are shifted by `EFFECT_DAYS`. The model in
service answers from the ledger, and an adjustment of its log odds (`head.py`) is learnt from the figures. What an input
is worth is how much the log loss on later invoices falls with it; an input without an effect must be worth nothing.
"""

import argparse
import json
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from math import log1p
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit
from sklearn.linear_model import LogisticRegression

from dunwell.figures import OF_CUSTOMERS, PROXIES, SERIES, Figure
from dunwell.scoring.delivery import NO_OFFSETS
from dunwell.scoring.facts import InvoiceFacts
from dunwell.scoring.features import FEATURE_NAMES
from dunwell.scoring.outside import OutsideInput
from dunwell_onnx.scorer import OnnxScorer
from model_artifacts.late_payment.dataset import HORIZONS_DAYS, PORTFOLIO_AS_OF, Ledger, Moment, made_up, moments
from model_artifacts.late_payment.measures import classification
from model_artifacts.late_payment.model import rows_of
from model_artifacts.late_payment.rivals import logistic
from model_artifacts.optional_inputs.figures import Published, published
from model_artifacts.optional_inputs.head import (
    Asked,
    Bound,
    Cells,
    Head,
    bounds_of,
    cells,
    choose,
    columns_of,
    fading_too,
    fit_head,
    fit_weights,
    gained,
    inputs_in,
    losses,
    together,
    told_rows,
)

Floats = NDArray[np.float64]

SERVED = Path(__file__).parents[1] / "late_payment"
INDUSTRIES = ("construction", "retail", "services", "transport")
REGIONS = ("east", "north", "south", "west")

# Days that one step of each input adds to the time to payment. Those that are not here do nothing.
EFFECT_DAYS = {"credit_score": -7.0, "industry": 6.0, "customer_since": -3.0, "industry_payment_trend": 6.0}
SLOW_INDUSTRIES = {"construction", "transport"}
SEEDS = tuple(range(301, 309))
FEW_SETTLED = 3
_SETTLED = FEATURE_NAMES.index("settled_count")
TEST_DAYS = 240
PUBLICATION_DAYS = 40  # a month's figure comes out this long after the month has ended
UNKNOWN_SHARE = 0.2  # of customers, for each of the figures about them
HALF_A_DAY = 0.05  # on the root scale, at a month
START = PORTFOLIO_AS_OF - timedelta(days=1_100)
MONTHS = 37


def portfolio(
    seed: int, customers: int = 400, effects: Mapping[str, float] = EFFECT_DAYS
) -> tuple[Ledger, list[tuple[str, Figure]]]:
    """A made-up portfolio whose payments the figures move, and the figures, each with its customer. Some of them no
    source tells, and they move payments all the same.
    """
    rng = random.Random(f"{seed}/outside")
    rows = [("", one) for one in _series(rng)]
    trend = {(one.about, one.period): float(one.value) for _, one in rows if one.name == "industry_payment_trend"}
    ledger: Ledger = {}
    for number, facts in made_up(seed, customers).items():
        about = list(_about(rng))
        unknown = {name for name in OF_CUSTOMERS if rng.random() < UNKNOWN_SHARE}
        rows += [(f"{seed}/{number}", one) for one in about if one.name not in unknown]
        ledger[f"{seed}/{number}"] = [_moved(one, about, trend, effects) for one in facts]
    return ledger, rows


def _series(rng: random.Random) -> Iterator[Figure]:
    """Monthly figures that wander: one for each industry, two for everybody."""
    series = [(industry, "industry_payment_trend") for industry in INDUSTRIES]
    for about, name in [*series, ("", "insolvency_rate"), ("", "unemployment")]:
        value = rng.gauss(0, 1)
        for month in range(MONTHS):
            first = _month(START, month)
            value = 0.85 * value + rng.gauss(0, 0.53)
            published_on = _month(START, month + 1) + timedelta(days=PUBLICATION_DAYS)
            yield Figure(name, f"{first:%Y-%m}", published_on, f"{value:.3f}", about)


def _about(rng: random.Random) -> Iterator[Figure]:
    """A customer: a credit score that changes every quarter, and what stays."""
    since = START - timedelta(days=round(rng.uniform(0, 10) * 365))
    yield Figure("industry", "2020-01-01", START, rng.choice(INDUSTRIES))
    yield Figure("region", "2020-01-01", START, rng.choice(REGIONS))
    yield Figure("size", "2020-01-01", START, f"{10 ** rng.gauss(1.5, 0.6):.0f}")
    yield Figure("customer_since", "2020-01-01", START, since.isoformat())
    score = rng.gauss(650, 80)
    for quarter in range(MONTHS // 3):
        day = START + timedelta(days=91 * quarter)
        yield Figure("credit_score", day.isoformat(), day + timedelta(days=2), f"{score:.0f}")
        score += rng.gauss(0, 35)


def _moved(
    invoice: InvoiceFacts,
    about: Sequence[Figure],
    trend: Mapping[tuple[str, str], float],
    effects: Mapping[str, float],
) -> InvoiceFacts:
    """The invoice, paid when its customer's score, industry, tenure and the industry's month of issue make it."""
    if invoice.settled_on is None:
        return invoice
    word = {one.name: one.value for one in about if one.published_on < invoice.issued_on}
    steps = {
        "credit_score": (float(word["credit_score"]) - 650) / 100,
        "industry": float(word["industry"] in SLOW_INDUSTRIES),
        "customer_since": ((invoice.issued_on - date.fromisoformat(word["customer_since"])).days / 365 - 6.5) / 5,
        "industry_payment_trend": trend[word["industry"], f"{_month(invoice.issued_on, -2):%Y-%m}"],
    }
    days = round(sum(effects.get(name, 0.0) * step for name, step in steps.items()))
    settled_on = max(invoice.issued_on + timedelta(days=1), invoice.settled_on + timedelta(days=days))
    return replace(invoice, settled_on=settled_on if settled_on <= PORTFOLIO_AS_OF else None)


def _month(day: date, later: int) -> date:
    """The first of a month so many months later."""
    months = day.year * 12 + day.month - 1 + later
    return date(months // 12, months % 12 + 1, 1)


def ablation(seeds: Sequence[int], customers: int = 400, *, forms: bool = True) -> dict[str, Any]:
    """What each input is worth, over the model in service, on invoices issued later than those learned from."""
    scorer = OnnxScorer(SERVED)
    parts = [_part(scorer, seed, customers) for seed in seeds]
    inputs = inputs_in([(train, published) for train, _, published in parts], PROXIES)
    train, X = _rows([(asked, figures) for asked, _, figures in parts], inputs)
    test, Z = _rows([(asked, figures) for _, asked, figures in parts], inputs)
    train, test = _calibrated(train, train), _calibrated(test, train)
    choice = choose(train, X, test, Z, inputs)
    columns = columns_of(inputs, choice.inputs)
    every, head = fit_head(train, X, inputs), fit_head(train, X[:, columns], choice.inputs)
    return {
        "seeds": list(seeds),
        "model": scorer.model.version,
        "train": len(train.moments),
        "test": len(test.moments),
        "test_of_new_customers": int(_new(test).sum()),
        "kept": [one.name for one in choice.inputs],
        "gain": choice.together,
        "horizon_factors": head.horizon_factors.round(3).tolist(),
        "lateness_factor": round(head.lateness_factor, 3),
        "with_the_ledger_only": _measured(test, np.zeros(len(Z)), 0.0),
        "with_what_is_kept": _measured(test, head.adjustments(test, Z[:, columns]), head.lateness_factor),
        "inputs": {
            one.name: {
                "effect_days": EFFECT_DAYS.get(one.name, 0.0),
                "words": list(one.words),
                "weights": every.weights[columns_of(inputs, [one])].round(3).tolist(),
                "fading": every.fading[columns_of(inputs, [one])].round(3).tolist(),
                "worth": choice.worth[one.name],
                "worth_of_new_customers": _worth_of_new(every, train, X, test, Z, one),
            }
            for one in inputs
        },
        "forms": _forms(train, X, test, Z, inputs) if forms else {},
    }


def _new(asked: Asked) -> NDArray[np.bool_]:
    found: NDArray[np.bool_] = rows_of(asked.moments)[:, _SETTLED] < log1p(FEW_SETTLED + 0.5)
    return found


Part = tuple[Asked, Asked, Published]


def _part(scorer: OnnxScorer, seed: int, customers: int) -> Part:
    """One economy: what was known by the cut, what was issued from then on, and its figures."""
    cut = PORTFOLIO_AS_OF - timedelta(days=TEST_DAYS)
    ledger, figures = portfolio(seed, customers)
    train = moments(ledger, cut, NO_OFFSETS, only_at_issue=True)
    test = moments(ledger, PORTFOLIO_AS_OF, NO_OFFSETS, issued_from=cut, only_at_issue=True)
    owner = {one.invoice_id: number for number, facts in ledger.items() for one in facts}
    return _asked(scorer, train, owner, seed), _asked(scorer, test, owner, seed), published(figures)


def _asked(scorer: OnnxScorer, found: Sequence[Moment], owner: Mapping[str, str], seed: int) -> Asked:
    known = [moment for moment in found if moment.labels[0] is not None]
    forecasts = scorer.forecasts(rows_of(known).tolist())
    return Asked(
        known,
        [owner[moment.invoice.invoice_id] for moment in known],
        [f"{seed} {moment.invoice.issued_on:%Y-%m}" for moment in known],
        np.array([one.probabilities for one in forecasts]),
        np.array([one.lateness for one in forecasts]),
    )


def _rows(parts: Sequence[tuple[Asked, Published]], inputs: Sequence[OutsideInput]) -> tuple[Asked, Floats]:
    """The moments of all economies, and what figures said at each."""
    rows = [told_rows(asked, figures, inputs, PROXIES) for asked, figures in parts]
    return together([asked for asked, _ in parts]), np.concatenate(rows)


def _calibrated(asked: Asked, known: Asked) -> Asked:
    """The model's answers as a model trained on these portfolios would give them on average: slope and level of each
    horizon's log odds, and the level of lateness, fitted on what was known.
    """
    found, columns = cells(known), []
    p = np.clip(asked.probabilities, 1e-9, 1 - 1e-9)
    for column in range(len(HORIZONS_DAYS)):
        own = found.column == column
        fitted = LogisticRegression(C=np.inf).fit(found.log_odds[own, None], found.late[own])
        columns.append(expit(fitted.intercept_[0] + fitted.coef_[0, 0] * np.log(p / (1 - p))[:, column]))
    aged = [at for at, moment in enumerate(known.moments) if moment.lateness is not None]
    level = np.median([known.moments[at].lateness - known.quantiles[at, 1] for at in aged])
    return asked._replace(probabilities=np.column_stack(columns), quantiles=asked.quantiles + level)


def _worth_of_new(every: Head, train: Asked, X: Floats, test: Asked, Z: Floats, one: OutsideInput) -> dict[str, float]:
    """What an input is worth beside all others for customers with few settlements."""
    others = tuple(other for other in every.inputs if other is not one)
    rest = columns_of(every.inputs, others)
    without = fit_head(train, X[:, rest], others, every.parameters(rest)).shifts(test, Z[:, rest])
    return gained(test, without, every.shifts(test, Z), _new(test), of_series=one.name in SERIES)


def _forms(train: Asked, X: Floats, test: Asked, Z: Floats, inputs: Sequence[OutsideInput]) -> dict[str, Any]:
    """Mean log loss on later invoices, at all horizons and of being late at all, by the form of the adjustment; then
    that of a regression which learns the ledger's features anew, without figures and together with them.
    """
    bounds = [bound for one in inputs for bound in [bounds_of(one.name)] * one.columns]
    found, later = cells(train), cells(test)
    first = later.column == 0
    free: list[Bound] = [(None, None)] * (2 * X.shape[1])

    def said(shifts: Floats) -> dict[str, float]:
        loss = losses(later, shifts)
        of_all, of_first = loss.sum() / later.weight.sum(), loss[first].sum() / later.weight[first].sum()
        return {"all_horizons": round(float(of_all), 5), "late_at_all": round(float(of_first), 5)}

    def of(learnt: Floats, asked: Floats, within: Sequence[Bound], factors: Bound = (0.0, 1.0)) -> dict[str, float]:
        weights, by_horizon = fit_weights(found, learnt, within, factors)
        return said((asked @ weights)[later.at] * by_horizon[later.column])

    each = np.zeros(len(later.at))
    for column in range(len(HORIZONS_DAYS)):
        weights, _ = fit_weights(Cells(*(one[found.column == column] for one in found)), X, bounds, (1.0, 1.0))
        each[later.column == column] = (Z @ weights)[later.at[later.column == column]]
    fading, faded = fading_too(train, X), fading_too(test, Z)
    return {
        "ledger_only": said(0 * each),
        "the_same_for_all_horizons": of(X, Z, bounds, (1.0, 1.0)),
        "one_for_each_horizon": said(each),
        "a_factor_for_each_horizon": of(X, Z, bounds),
        "and_fading_with_history": of(fading, faded, [*bounds, *bounds]),
        "and_without_bounds": of(fading, faded, free),
        "and_a_weight_for_being_known": of(
            np.hstack([fading, X != 0]), np.hstack([faded, Z != 0]), [*bounds, *bounds, *free[: X.shape[1]]]
        ),
        "learnt_anew_ledger_only": {"late_at_all": _learnt_anew(train, 0 * X, test, 0 * Z)},
        "learnt_anew_together": {"late_at_all": _learnt_anew(train, X, test, Z)},
    }


def _learnt_anew(train: Asked, X: Floats, test: Asked, Z: Floats) -> float:
    """Mean log loss of being late at all."""
    known, late = (np.array([one.labels[0] for one in asked.moments]) for asked in (train, test))
    model = logistic().fit(np.hstack([rows_of(train.moments), X]), known)
    z = model.decision_function(np.hstack([rows_of(test.moments), Z]))
    return round(float((np.logaddexp(0, z) - late * z).mean()), 5)


def _measured(test: Asked, adjustments: Floats, lateness_factor: float) -> dict[str, Any]:
    """Of being late at all, of the expected day (root scale) and of the interval."""
    late = np.array([moment.labels[0] for moment in test.moments], dtype=np.int64)
    p = np.clip(test.probabilities[:, 0], 1e-9, 1 - 1e-9)
    found = classification(late, expit(np.log(p / (1 - p)) + adjustments))
    known = [at for at, moment in enumerate(test.moments) if moment.lateness is not None]
    lateness = np.array([test.moments[at].lateness for at in known])
    low, middle, high = (test.quantiles[known] + lateness_factor * adjustments[known, None]).T
    wanted = ("rows", "late_share", "auc", "brier", "calibration_slope", "calibration_error")
    return {name: found[name] for name in wanted} | {
        "interval_coverage": round(float(((lateness >= low - HALF_A_DAY) & (lateness <= high + HALF_A_DAY)).mean()), 4),
        "error_of_the_expected_day": round(float(np.abs(lateness - middle).mean()), 4),
    }


def main(argv: list[str] | None = None) -> None:
    """Parses the command line and writes what was measured."""
    parser = argparse.ArgumentParser(prog="python -m model_artifacts.optional_inputs.ablation", description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="the JSON file to write")
    args = parser.parse_args(argv)
    args.out.write_text(json.dumps(ablation(SEEDS), indent=2) + "\n", encoding="utf-8")
    print(f"Wrote {args.out}.")


if __name__ == "__main__":
    main()
