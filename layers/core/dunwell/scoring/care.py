"""How the model does on live invoices: drift, calibration, intervals, and a challenger beside it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from math import exp, log, sqrt

from dunwell.scoring.drift import FEWEST_CUSTOMERS, Drift, Spread, drifts, spread_of
from dunwell.scoring.features import said
from dunwell.scoring.moment_log import KINDS, LoggedMoment, first_of_each_kind

SETTLED_BY_DAYS = 60  # past due: by then nearly all are settled, and the rest is known to be late
RECENT_DAYS = 28  # whole weeks, as the first ones are: many import once a week
FIRST_DAYS = 28  # of a model in service: what later weeks are held against
GROWING = frozenset({"settled_count"})  # only ever rises while a portfolio stands as it was
GROUPS = 5
FEWEST_OUTCOMES = 200
SLOPES = (0.8, 1.25)
SLOPE_OUTCOMES = 500
COVERAGE = (0.74, 0.86)
GAP, GAP_ERRORS = 0.05, 3.0
CHALLENGER_OUTCOMES = 100
NAMED = 3
_HORIZON_KINDS = {0: ("at_issue",)}  # what counts for "late at all" is the answer at issue

Outcomes = Mapping[tuple[str, str], date | None]
"""By customer and invoice: the day of settlement, None while open. One that is missing is no longer known."""


@dataclass(frozen=True, slots=True)
class Reference:
    """How features and scores were spread, by name, and over how many customers. `since`: in the weeks from a day on,
    in service; None: in training, which no portfolio is like: it is shown and raises no alarm.
    """

    spread: Mapping[str, Spread]
    customers: int = 0
    since: date | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """Forecasts of like height: how many, their mean, and the share that came true."""

    rows: int
    forecast: float
    came_true: float


@dataclass(frozen=True, slots=True)
class Calibration:
    """Forecasts for a horizon against what happened. An invoice counts with each of its `rows`, the answers given at
    its moments; bounds count its `invoices`, since the answers for one invoice are not independent. `slope`, with its
    standard error, is None while too few are known.
    """

    horizon_days: int
    rows: int
    invoices: int
    forecast_mean: float
    late_share: float
    brier: float
    slope: float | None
    slope_error: float | None
    groups: tuple[Group, ...]


@dataclass(frozen=True, slots=True)
class Coverage:
    """How often the settlement fell into the 80 % interval, by kind of moment; of each an invoice has one."""

    kind: str
    rows: int
    covered: float
    before: float
    after: float


@dataclass(frozen=True, slots=True)
class Challenge:
    """Champion and challenger on the same invoices, once each; `version` is the challenger's identity. `gain` is by how
    much the challenger's Brier score is lower, with its standard error; the challenger wins when the gain is larger
    than that and enough outcomes are known.
    """

    version: str
    rows: int
    champion_brier: float
    challenger_brier: float
    gain: float
    gain_error: float

    @property
    def challenger_wins(self) -> bool:
        """Whether the written gate's last rule lets the challenger pass."""
        return self.rows >= CHALLENGER_OUTCOMES and self.gain > self.gain_error


@dataclass(frozen=True, slots=True)
class ModelReport:
    """What was found about a model as of a day. `alarms` say in plain words what somebody should look at.

    Attributes:
        version: the model's identity (`identity_of`): an answer of the same version trained again is another model's.
        moments: answers that were looked at, `recent_moments` of the last `RECENT_DAYS`; an invoice has up to four.
        invoices: whose answers these are; outcomes: those of them of which something is known by now.
        one_in: of how many invoices one was looked at: all counts are those of such a sample.
    """

    model: str
    version: str
    as_of: date
    moments: int
    recent_moments: int
    invoices: int
    outcomes: int
    drift: tuple[Drift, ...]
    calibration: tuple[Calibration, ...]
    coverage: tuple[Coverage, ...]
    challenge: Challenge | None
    alarms: tuple[str, ...]
    reference_from: date | None = None
    one_in: int = 1


def examine(
    model: tuple[str, str],
    as_of: date,
    moments: Sequence[LoggedMoment],
    outcomes: Outcomes,
    reference: Reference,
    columns: tuple[Sequence[str], Sequence[int]],
    challenger: "tuple[str, Sequence[Sequence[float]]] | None" = None,
    served: Sequence[str] = (),
    one_in: int = 1,
) -> ModelReport:
    """What is to be known on `as_of`.

    Args:
        model: name and identity of the champion.
        moments: its own answers.
        columns: names of the features, and the horizons, both in the model's order.
        challenger: its identity and its probabilities for each of `moments`.
        served: what went wrong in serving, said before all else.
        reference: what the last weeks are held against.
        one_in: of how many invoices `moments` holds one.
    """
    names, horizons = columns
    chosen = first_of_each_kind(moments)
    recent = [one for one in chosen if (as_of - one.as_of).days < RECENT_DAYS]
    known = [one for one in chosen if (one.customer_id, one.invoice_id) in outcomes]
    found = drifts(reference.spread, _columns(recent, names, horizons), (reference.customers, _customers(recent)))
    calibration = tuple(
        measured
        for column, horizon in enumerate(horizons)
        if (measured := _calibration(known, outcomes, as_of, column, horizon))
    )
    coverage = tuple(one for kind in KINDS if (one := _coverage(known, outcomes, as_of, kind)))
    challenge = _challenge(moments, known, outcomes, as_of, challenger) if challenger else None
    return ModelReport(
        model=model[0],
        version=model[1],
        as_of=as_of,
        moments=len(chosen),
        recent_moments=len(recent),
        invoices=_invoices(chosen),
        outcomes=max((one.invoices for one in calibration), default=0),
        drift=tuple(found),
        calibration=calibration,
        coverage=coverage,
        challenge=challenge,
        alarms=(*served, *_drift_alarms(found, reference.since), *_outcome_alarms(calibration, coverage)),
        reference_from=reference.since,
        one_in=one_in,
    )


def first_weeks(
    moments: Sequence[LoggedMoment], columns: tuple[Sequence[str], Sequence[int]], as_of: date
) -> Reference | None:
    """How features and scores were spread in the weeks from a model's first day in the log on, of which `moments` are
    the answers. None while they are not over, or where they hold too little.
    """
    own = first_of_each_kind(moments)
    since = min((one.as_of for one in own), default=as_of)
    early = [one for one in own if (one.as_of - since).days < FIRST_DAYS]
    if (as_of - since).days < FIRST_DAYS or _customers(early) < FEWEST_CUSTOMERS:
        return None
    spread = {name: spread_of(values) for name, values in _columns(early, *columns).items() if len(values)}
    return Reference({name: one for name, one in spread.items() if name not in GROWING}, _customers(early), since)


def _invoices(moments: Iterable[LoggedMoment]) -> int:
    """How many invoices these are about."""
    return len({(one.customer_id, one.invoice_id) for one in moments})


def _customers(moments: Iterable[LoggedMoment]) -> int:
    return len({one.customer_id for one in moments})


def _columns(
    moments: Sequence[LoggedMoment], names: Sequence[str], horizons: Sequence[int]
) -> dict[str, Sequence[float]]:
    columns: dict[str, Sequence[float]] = {
        name: said(name, [one.row[i] for one in moments if i < len(one.row)]) for i, name in enumerate(names)
    }
    return columns | {f"late_{h}": [one.probabilities[i] for one in moments] for i, h in enumerate(horizons)}


def _judged(
    moments: Sequence[LoggedMoment], outcomes: Outcomes, as_of: date, horizon_days: int
) -> list[tuple[LoggedMoment, int]]:
    """Moments with the answer for a horizon, where it was open then and is known for all of an age now."""
    kinds = _HORIZON_KINDS.get(horizon_days, KINDS)
    found = []
    for one in moments:
        last_day = one.due_on + timedelta(days=horizon_days)
        if one.kind in kinds and one.as_of <= last_day < as_of:
            settled_on = outcomes[one.customer_id, one.invoice_id]
            found.append((one, int(settled_on is None or settled_on > last_day)))
    return found


def _calibration(
    known: Sequence[LoggedMoment], outcomes: Outcomes, as_of: date, column: int, horizon_days: int
) -> Calibration | None:
    moments = _judged(known, outcomes, as_of, horizon_days)
    if not moments:
        return None
    judged = [(one.probabilities[column], late) for one, late in moments]
    rows, invoices = len(judged), _invoices(one for one, _ in moments)
    slope, slope_error = (_slope(judged, rows / invoices) if invoices >= SLOPE_OUTCOMES else None) or (None, None)
    return Calibration(
        horizon_days=horizon_days,
        rows=rows,
        invoices=invoices,
        forecast_mean=round(sum(p for p, _ in judged) / rows, 4),
        late_share=round(sum(late for _, late in judged) / rows, 4),
        brier=round(sum((p - late) ** 2 for p, late in judged) / rows, 4),
        slope=slope,
        slope_error=slope_error,
        groups=_groups(judged),
    )


def _groups(judged: Sequence[tuple[float, int]]) -> tuple[Group, ...]:
    ordered, count = sorted(judged), min(GROUPS, len(judged))
    edges = [len(ordered) * number // count for number in range(count + 1)]
    parts = [ordered[start:end] for start, end in pairwise(edges)]
    return tuple(
        Group(
            len(part),
            round(sum(p for p, _ in part) / len(part), 4),
            round(sum(late for _, late in part) / len(part), 4),
        )
        for part in parts
    )


def _slope(judged: Sequence[tuple[float, int]], answers_each: float) -> tuple[float, float] | None:
    """Slope of the outcome's log odds on the forecast's and its standard error; None when one outcome is missing.
    By Newton's method. The error is as large as if the `answers_each` for one invoice told no more than one of them.
    """
    if len({late for _, late in judged}) < 2:
        return None
    points = [(log(q / (1 - q)), late) for p, late in judged if (q := min(max(p, 1e-6), 1 - 1e-6))]
    intercept, slope, error = 0.0, 1.0, 0.0
    for _ in range(25):
        g0 = g1 = h00 = h01 = h11 = 0.0
        for x, late in points:
            p = 1 / (1 + exp(-min(max(intercept + slope * x, -35.0), 35.0)))
            weight = p * (1 - p)
            g0, g1 = g0 + late - p, g1 + (late - p) * x
            h00, h01, h11 = h00 + weight, h01 + weight * x, h11 + weight * x * x
        determinant = h00 * h11 - h01 * h01
        if determinant < 1e-9:
            return None
        step0, step1 = (h11 * g0 - h01 * g1) / determinant, (h00 * g1 - h01 * g0) / determinant
        intercept, slope, error = intercept + step0, slope + step1, sqrt(h00 / determinant)
        if abs(step0) + abs(step1) < 1e-8:
            break
    return round(slope, 4), round(error * sqrt(answers_each), 4)


def _coverage(known: Sequence[LoggedMoment], outcomes: Outcomes, as_of: date, kind: str) -> Coverage | None:
    """Of the moments for which days were named."""
    old = [one for one in known if one.kind == kind and (as_of - one.due_on).days > SETTLED_BY_DAYS]
    ends = [
        (one.earliest_on, one.latest_on, outcomes[one.customer_id, one.invoice_id])
        for one in old
        if one.earliest_on and one.latest_on
    ]
    if not ends:
        return None
    before = sum(day is not None and day < earliest for earliest, _, day in ends) / len(ends)
    after = sum((day or as_of) > latest for _, latest, day in ends) / len(ends)
    return Coverage(kind, len(ends), round(max(0.0, 1 - before - after), 4), round(before, 4), round(after, 4))


def _challenge(
    moments: Sequence[LoggedMoment],
    known: Sequence[LoggedMoment],
    outcomes: Outcomes,
    as_of: date,
    challenger: "tuple[str, Sequence[Sequence[float]]]",
) -> Challenge | None:
    """Both on late at all, at issue: what the gate compares."""
    version, answers = challenger
    answer_of = {id(one): answer for one, answer in zip(moments, answers, strict=True)}
    judged = [(one.probabilities[0], answer_of[id(one)][0], late) for one, late in _judged(known, outcomes, as_of, 0)]
    if not judged:
        return None
    rows = len(judged)
    gains = [(champion - late) ** 2 - (other - late) ** 2 for champion, other, late in judged]
    gain = sum(gains) / rows
    return Challenge(
        version=version,
        rows=rows,
        champion_brier=round(sum((p - late) ** 2 for p, _, late in judged) / rows, 4),
        challenger_brier=round(sum((p - late) ** 2 for _, p, late in judged) / rows, 4),
        gain=round(gain, 5),
        gain_error=round(sqrt(sum((one - gain) ** 2 for one in gains) / rows / rows), 5),
    )


def _drift_alarms(found: Sequence[Drift], since: date | None) -> list[str]:
    """One for all: they tend to come together."""
    if since is None:
        return []
    moved = [f"{one.name.replace('_', ' ')} ({one.index:.2f})" for one in found if one.level == "act"]
    if not moved:
        return []
    more = f" and {len(moved) - NAMED} more" if len(moved) > NAMED else ""
    return [
        f"Spread otherwise than in the weeks from {since} on, by stability index: {', '.join(moved[:NAMED])}{more}. "
        "Look at what changed in the portfolio; train again if it lasts."
    ]


def _is_outside(slope: float, doubt: float) -> bool:
    """Whether a slope is out of bounds by more than chance."""
    return slope + doubt < SLOPES[0] or slope - doubt > SLOPES[1]


def _outcome_alarms(calibration: Sequence[Calibration], coverage: Sequence[Coverage]) -> list[str]:
    found = []
    for one in calibration:
        late = f"Late by more than {one.horizon_days} days"
        if one.slope is not None and _is_outside(one.slope, 2 * (one.slope_error or 0.0)):
            found.append(f"{late}: the calibration slope is {one.slope:.2f} on {one.invoices} invoices. Train again.")
        error = sqrt(max(one.late_share * (1 - one.late_share), 1e-4) / one.invoices)
        gap = one.forecast_mean - one.late_share
        if one.invoices >= FEWEST_OUTCOMES and abs(gap) > max(GAP, GAP_ERRORS * error):
            found.append(f"{late}: {one.forecast_mean:.0%} were forecast, {one.late_share:.0%} came true. Train again.")
    for kind in coverage:
        if kind.rows >= FEWEST_OUTCOMES and not COVERAGE[0] <= kind.covered <= COVERAGE[1]:
            when = kind.kind.replace("_", " ")
            found.append(f"The 80 % interval covered {kind.covered:.0%}, asked {when}. Calibrate it again.")
    return found
