"""What figures beside the ledger add to a late payment model: an adjustment of its log odds.

The model itself stays as it is. An invoice's adjustment is a weighted sum of what figures say of its customer (the
columns of `dunwell.scoring.outside`, each zero where nothing is known); without figures it is exactly nothing. A part
of each weight fades as the customer's history grows, which tells by itself what does not change. A factor a horizon
says how much of the adjustment counts there, and one more how far it moves the expected day and its interval. Weights
cannot take the sign that would make a reason absurd: a better credit score or a longer standing never raises a risk, a
worse series never lowers it. The form was chosen by measurement (`forms` in `metrics.json`).
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize, minimize_scalar
from scipy.special import expit

from dunwell.figures import OF_CUSTOMERS, PROXIES, SERIES, WORDS
from dunwell.scoring.features import FEATURE_NAMES
from dunwell.scoring.outside import OutsideInput
from model_artifacts.late_payment.dataset import HORIZONS_DAYS, Moment
from model_artifacts.late_payment.model import DECIMALS, LATER_MOMENT_WEIGHT, PENALTY
from model_artifacts.optional_inputs.figures import Published, Telling

Floats = NDArray[np.float64]
Bound = tuple[float | None, float | None]

NEVER_RAISES = {"credit_score", "customer_since"}
NEVER_LOWERS = set(SERIES)
ENOUGH_KNOWN = 100  # moments at which a number is known, or a word is this one
STANDARD_ERRORS = 2.0
LARGEST_FACTOR = 5.0
_OVERDUE = FEATURE_NAMES.index("days_overdue")
_SETTLED = FEATURE_NAMES.index("settled_count")


class Asked(NamedTuple):
    """Moments with the model's own answers, and whose they are. `months`: in which month of which economy each invoice
    was issued, since what a series says is the same for all of them.
    """

    moments: Sequence[Moment]
    customers: Sequence[str]
    months: Sequence[str]
    probabilities: Floats
    quantiles: Floats

    def at(self, places: Sequence[int]) -> "Asked":
        """Some of them."""
        return Asked(
            [self.moments[at] for at in places],
            [self.customers[at] for at in places],
            [self.months[at] for at in places],
            self.probabilities[places],
            self.quantiles[places],
        )


def together(parts: Sequence[Asked]) -> Asked:
    """The moments of several economies."""
    return Asked(
        [moment for part in parts for moment in part.moments],
        [customer for part in parts for customer in part.customers],
        [month for part in parts for month in part.months],
        np.concatenate([part.probabilities for part in parts]),
        np.concatenate([part.quantiles for part in parts]),
    )


@dataclass(frozen=True)
class Head:
    """The fitted adjustment.

    Attributes:
        weights, fading: of each column; the second as far as the customer has no history (`newness`).
        horizon_factors: how much of it counts at each horizon, 1 at the first; lateness_factor: what a unit of it adds
            to the quantiles of lateness on the root scale.
    """

    inputs: tuple[OutsideInput, ...]
    weights: Floats
    fading: Floats
    horizon_factors: Floats
    lateness_factor: float

    def adjustments(self, asked: Asked, X: Floats) -> Floats:
        """What is added to the log odds of the first horizon at each moment, given its columns."""
        found: Floats = X @ self.weights + (X @ self.fading) * newness(asked)
        return found

    def parameters(self, columns: Sequence[int]) -> Floats:
        """What was fitted of some of the columns."""
        return np.concatenate([self.weights[columns], self.fading[columns], self.horizon_factors[1:]])

    def shifts(self, asked: Asked, X: Floats) -> Floats:
        """The same for each cell of the moments, at its own horizon."""
        found = cells(asked)
        return self.adjustments(asked, X)[found.at] * self.horizon_factors[found.column]


def newness(asked: Asked) -> Floats:
    """1 for a customer of whom no settlement is known, a half after one, a third after two."""
    found: Floats = np.exp(-np.array([moment.features[_SETTLED] for moment in asked.moments]))
    return found


def told_rows(asked: Asked, published: Published, inputs: Sequence[OutsideInput], proxies: Collection[str]) -> Floats:
    """The columns of the inputs at each moment: what serving would have been told then."""
    telling = Telling(published, inputs, proxies)
    rows = [
        telling.of(customer, moment.day).row for moment, customer in zip(asked.moments, asked.customers, strict=True)
    ]
    return np.array(rows).reshape(len(rows), sum(one.columns for one in inputs))


Known = Sequence[tuple[Asked, Published]]
"""Moments, and what was published in their economy."""


def inputs_in(known: Known, proxies: Collection[str]) -> tuple[OutsideInput, ...]:
    """The inputs of which enough is known at these moments, with what is usual of each; proxies only as allowed."""
    found = []
    for name in OF_CUSTOMERS + SERIES:
        if name in PROXIES and name not in proxies:
            continue
        one = OutsideInput(name, by_industry=name in SERIES and "industry" in proxies)
        complete = _with_words(one, known) if name in WORDS else _with_scale(one, known, proxies)
        found += [complete] if complete else []
    return tuple(found)


def _with_scale(one: OutsideInput, known: Known, proxies: Collection[str]) -> OutsideInput | None:
    told = (
        Telling(published, [one], proxies).of(customer, moment.day).value(one)
        for asked, published in known
        for moment, customer in zip(asked.moments, asked.customers, strict=True)
    )
    values = np.array([value for value in told if value is not None])
    if len(values) < ENOUGH_KNOWN or values.std() == 0:
        return None
    usual, step = (float(f"{number:.4g}") for number in (values.mean(), values.std()))
    return replace(one, usual=usual, step=step)


def _with_words(one: OutsideInput, known: Known) -> OutsideInput | None:
    told = (
        published.of(customer).newest(one.name, moment.day)
        for asked, published in known
        for moment, customer in zip(asked.moments, asked.customers, strict=True)
    )
    counts = Counter(word for word in told if word)
    words = tuple(sorted(word for word, count in counts.items() if count >= ENOUGH_KNOWN))
    total = sum(counts[word] for word in words)
    shares = tuple(round(counts[word] / total, 4) for word in words)
    return replace(one, words=words, shares=shares) if len(words) > 1 else None


class Cells(NamedTuple):
    """What is asked of the model, one a moment and horizon whose answer is known and was not yet a fact: the moment's
    place, the model's log odds, what happened and what it weighs.
    """

    at: NDArray[np.int64]
    column: NDArray[np.int64]
    log_odds: Floats
    late: Floats
    weight: Floats


def cells(asked: Asked) -> Cells:
    """The cells of these moments."""
    found = [
        (at, column, moment.labels[column], 1.0 if moment.at_issue else LATER_MOMENT_WEIGHT[horizon])
        for at, moment in enumerate(asked.moments)
        for column, horizon in enumerate(HORIZONS_DAYS)
        if moment.labels[column] is not None and moment.features[_OVERDUE] <= horizon
    ]
    at, column = (np.array([one[place] for one in found], dtype=np.int64) for place in (0, 1))
    p = np.clip(asked.probabilities[at, column], 1e-9, 1 - 1e-9)
    late, weight = (np.array([float(one[place] or 0) for one in found]) for place in (2, 3))
    return Cells(at, column, np.log(p / (1 - p)), late, weight)


def fit_head(asked: Asked, X: Floats, inputs: Sequence[OutsideInput], start: Floats | None = None) -> Head:
    """The adjustment of least log loss over the model's own log odds. `start`: where to look for it, as
    `Head.parameters` of much the same inputs; it saves time and changes nothing.
    """
    bounds = [bound for one in inputs for bound in [bounds_of(one.name)] * one.columns]
    weights, factors = fit_weights(cells(asked), fading_too(asked, X), [*bounds, *bounds], start=start)
    lasting, fading = np.split(weights, 2)
    head = Head(tuple(inputs), lasting, fading, factors, 0.0)
    return replace(head, lateness_factor=_lateness_factor(asked, head.adjustments(asked, X)))


def fading_too(asked: Asked, X: Floats) -> Floats:
    """The columns, and beside them what fades of each."""
    return np.hstack([X, X * newness(asked)[:, None]])


def fit_weights(
    found: Cells,
    X: Floats,
    bounds: Sequence[Bound],
    factor_bounds: Bound = (0.0, 1.0),
    start: Floats | None = None,
) -> tuple[Floats, Floats]:
    """Weights of columns, a row of them a moment, within their bounds and with an L2 penalty; and a factor a horizon,
    1 for the first.
    """
    rows, width = X[found.at], X.shape[1]
    of_horizon = [found.column == column for column in range(1, len(HORIZONS_DAYS))]

    def loss(theta: Floats) -> tuple[float, Floats]:
        weights, factor = theta[:width], np.append(1.0, theta[width:])[found.column]
        said = rows @ weights
        z = found.log_odds + said * factor
        slack = found.weight * (expit(z) - found.late)
        value = found.weight @ (np.logaddexp(0, z) - found.late * z) + 0.5 * PENALTY * weights @ weights
        of_factors = [float((slack * said)[own].sum()) for own in of_horizon]
        return float(value), np.concatenate([rows.T @ (slack * factor) + PENALTY * weights, of_factors])

    if start is None:
        start = np.append(np.zeros(width), np.full(len(of_horizon), factor_bounds[1] or 0.0))
    limits = [*bounds, *([factor_bounds] * len(of_horizon))]
    answer = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=limits, options={"maxiter": 1000})
    if not answer.success:
        raise RuntimeError(f"The adjustment did not converge: {answer.message}")
    found_at = answer.x.round(DECIMALS)
    return found_at[:width], np.append(1.0, found_at[width:])


def bounds_of(name: str) -> Bound:
    """The least and largest weight that an input may have."""
    return 0.0 if name in NEVER_LOWERS else None, 0.0 if name in NEVER_RAISES else None


def _lateness_factor(asked: Asked, adjustments: Floats) -> float:
    """By how much the expected day moves a unit of adjustment: the least absolute error."""
    known = [at for at, moment in enumerate(asked.moments) if moment.lateness is not None]
    left = np.array([asked.moments[at].lateness for at in known]) - asked.quantiles[known, 1]
    moved = adjustments[known]
    if not moved.any():
        return 0.0
    found = minimize_scalar(
        lambda factor: np.abs(left - factor * moved).mean(), bounds=(0, LARGEST_FACTOR), method="bounded"
    )
    return round(float(found.x), DECIMALS)


def losses(found: Cells, shifts: Floats) -> Floats:
    """The weighted log loss of each cell with its log odds shifted."""
    z = found.log_odds + shifts
    loss: Floats = found.weight * (np.logaddexp(0, z) - found.late * z)
    return loss


def gained(
    asked: Asked,
    without: Floats,
    with_it: Floats,
    only: NDArray[np.bool_] | None = None,
    *,
    of_series: bool = False,
) -> dict[str, float]:
    """By how much the mean log loss (of `only` some moments) falls from one set of shifts to another, and its standard
    error. Invoices of one customer are no independent witnesses, so it is over customers; and where `of_series` is
    judged, which say the same of all invoices of a month, over months if that is larger.
    """
    found = cells(asked)
    counted = np.ones(len(found.at), dtype=bool) if only is None else only[found.at]
    gain = (losses(found, without) - losses(found, with_it)) * counted
    total = (found.weight * counted).sum()
    mean, errors = gain.sum() / total, []
    for names in (asked.customers, asked.months)[: 1 + of_series]:
        _, group = np.unique(np.array(names)[found.at], return_inverse=True)
        errors.append(np.linalg.norm(np.bincount(group, gain - mean * found.weight * counted)) / total)
    return {"mean": round(float(mean), 5), "standard_error": round(float(max(errors)), 5)}


def is_worth(gain: Mapping[str, float]) -> bool:
    """Whether a gain is above its noise."""
    return gain["mean"] > STANDARD_ERRORS * gain["standard_error"]


class Choice(NamedTuple):
    """The inputs that were kept, and what each is worth on the later part: its gain when the others are there, of
    those that were dropped when they were.
    """

    inputs: tuple[OutsideInput, ...]
    worth: dict[str, dict[str, float]]
    together: dict[str, float]


def choose(earlier: Asked, X: Floats, later: Asked, Z: Floats, inputs: Sequence[OutsideInput]) -> Choice:
    """Which inputs to use: learnt on earlier moments and their columns, judged on later ones. The one that is worth
    least goes, until each is worth more than twice its standard error.
    """

    nothing = np.zeros(len(cells(later).at))
    kept, worth = tuple(inputs), dict[str, dict[str, float]]()
    while kept:
        columns = columns_of(inputs, kept)
        head = fit_head(earlier, X[:, columns], kept)
        together, gains = head.shifts(later, Z[:, columns]), {}
        for one in kept:
            others = tuple(other for other in kept if other is not one)
            rest, start = columns_of(inputs, others), head.parameters(columns_of(kept, others))
            less = fit_head(earlier, X[:, rest], others, start).shifts(later, Z[:, rest]) if others else nothing
            gains[one.name] = gained(later, less, together, of_series=one.name in SERIES)
        worth |= gains
        least = min(gains, key=lambda name: gains[name]["mean"] / max(gains[name]["standard_error"], 1e-9))
        if is_worth(gains[least]):
            of_series = any(one.name in SERIES for one in kept)
            return Choice(kept, worth, gained(later, nothing, together, of_series=of_series))
        kept = tuple(one for one in kept if one.name != least)
    return Choice((), worth, gained(later, nothing, nothing))


def columns_of(inputs: Sequence[OutsideInput], chosen: Sequence[OutsideInput]) -> list[int]:
    """Where the columns of some inputs stand among those of all."""
    owner = [one.name for one in inputs for _ in range(one.columns)]
    names = {one.name for one in chosen}
    return [at for at, name in enumerate(owner) if name in names]
