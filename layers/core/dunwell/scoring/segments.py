"""Which kind of payer a customer is: behaviour segments, learned once and held steady, with the facts that say so.

new            fewer than 3 paid, and the first one issued within the last 120 days (or none paid at all)
gone_quiet     something long past due, and silent for longer than the customer ever was between payments
disputing      a large part of the last invoices disputed
then the nearest of five centroids of how invoices were lately paid (`dunwell.scoring.behaviour`):
cash_strapped  pays when it can: often more than 30 days late, and at very different times
deteriorating  pays later and later
slow_but_sure  nearly always late, by about the same
forgetful      now on time, now late
reliable       nearly always on time

Centroids and thresholds were learned by `model_artifacts.segments.train` and are kept as data (`segments.json`).
A segment changes only when several payments in a row say so (of disputes: invoices), so that no single invoice moves
a customer; silence is ended by a payment. Nothing is remembered from day to day: the same ledger gives the same
segment, whenever it was looked at before.
"""

import json
from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property, lru_cache
from math import inf
from operator import sub
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from dunwell.scoring.behaviour import (
    FEW_PAID,
    LAST_PAID,
    LONG_LATE_DAYS,
    Behaviour,
    all_came,
    behaviour,
    days_late_of,
    look_back,
)
from dunwell.scoring.facts import InvoiceFacts
from dunwell.scoring.known import Known, Settled, known_at
from dunwell.scoring.model_data import mapping_of, number_of, numbers_of, text_of, whole_of
from dunwell.scoring.ports import ModelDataError

SEGMENTS_FILE = Path(__file__).with_name("segments.json")
SEGMENT_NAMES = (
    "new",
    "gone_quiet",
    "disputing",
    "cash_strapped",
    "deteriorating",
    "slow_but_sure",
    "forgetful",
    "reliable",
)
BY_PAYMENTS = SEGMENT_NAMES[SEGMENT_NAMES.index("cash_strapped") :]
MEASURES = 5  # of a behaviour
LEAST_SCALE = 1e-6
NEW_DAYS = 120
DISPUTES = 2  # a single one is an accident
LOOK_BACK = 12  # how far to look for two in a row that agree
FACTS = 3
NO_WAIT = timedelta(0)
UNKNOWN_WAIT_DAYS = 90  # of who has paid on one or two days: somebody may well pay once a quarter

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Segment:
    """A kind of payer, one of `SEGMENT_NAMES`, and the two or three facts that put the customer there."""

    name: str
    facts: tuple[str, ...]


@dataclass(frozen=True)
class SegmentModel:
    """What was learned.

    Attributes:
        scales: what one step in each of the behaviour's measures is worth.
        centroids: of each kind of payer, in those measures.
        confirmations: how many payments in a row have to agree.
        disputed_share: of the last invoices, from which on a customer is disputing.
        quiet_past_due_days, quiet_days, quiet_waits: silent is who has something so long past due and has not paid
            for so long, and for so many times the longest wait between payments.
    """

    version: str
    card_id: str
    scales: tuple[float, ...]
    centroids: dict[str, tuple[float, ...]]
    confirmations: int
    disputed_share: float
    quiet_past_due_days: int
    quiet_days: int
    quiet_waits: float

    @cached_property
    def _distances(self) -> dict[str, list[tuple[float, float]]]:
        """By name and measure: a factor and a summand that turn the measure into its part of the distance to the
        centroid, in steps of the scales and squared, less what is common to all centroids.
        """
        return {
            name: [(-2 * one / scale**2, (one / scale) ** 2) for one, scale in zip(centre, self.scales, strict=True)]
            for name, centre in self.centroids.items()
        }

    @cached_property
    def _sums(self) -> list[tuple[str, tuple[float, ...]]]:
        """By name: the factors of all measures, then the sum of the summands."""
        return [(n, (*(by for by, _ in one), sum(plus for _, plus in one))) for n, one in self._distances.items()]

    @cached_property
    def _apart(self) -> dict[str, list[tuple[float, float]]]:
        """By name and measure: how a measure turns into what it is nearer to this centroid than to the others."""
        found = {}
        for name, own in self._distances.items():
            others = zip(*(one for other, one in self._distances.items() if other != name), strict=True)
            found[name] = [
                (sum(by for by, _ in rest) / len(rest) - own_by, sum(plus for _, plus in rest) / len(rest) - own_plus)
                for (own_by, own_plus), rest in zip(own, others, strict=True)
            ]
        return found

    def nearest(self, measures: Sequence[float]) -> str:
        """The kind of payer whose centroid is nearest; of equals the first."""
        a, b, c, d, e = measures
        best, least = "", inf
        for name, (f, g, h, i, j, summand) in self._sums:
            distance = a * f + b * g + c * h + d * i + e * j + summand
            if distance < least:
                best, least = name, distance
        return best

    def setting_apart(self, name: str, measures: Sequence[float]) -> list[int]:
        """The measures by which a customer is nearer to this kind of payer than to the others, on average, most
        telling first.
        """
        parts = [value * by + plus for value, (by, plus) in zip(measures, self._apart[name], strict=True)]
        telling = [index for index, part in enumerate(parts) if part > 0]
        return sorted(telling, key=parts.__getitem__, reverse=True)


@lru_cache(maxsize=1)
def learned() -> SegmentModel:
    """The model that is deployed. ModelDataError when it cannot be read."""
    return read_segments(SEGMENTS_FILE)


def read_segments(path: Path) -> SegmentModel:
    """A model from its file. ModelDataError when it cannot be read."""
    try:
        return _model(mapping_of(json.loads(path.read_text(encoding="utf-8")), "the model"))
    except (OSError, ValueError, KeyError, TypeError, ArithmeticError, RecursionError) as error:
        raise ModelDataError(f"{path} is no model of segments ({error}). Deploy it again.") from error


def _model(data: Mapping[str, Any]) -> SegmentModel:
    """ValueError when something has another form, KeyError or TypeError when it is missing or too much."""
    centroids = mapping_of(data["centroids"], "centroids")
    if set(centroids) != set(BY_PAYMENTS):
        raise ValueError(f"centroids has to hold {', '.join(BY_PAYMENTS)}")
    checked: dict[str, Any] = {
        "version": text_of(data["version"], "version"),
        "card_id": text_of(data["card_id"], "card_id"),
        "scales": numbers_of(data["scales"], "scales", MEASURES, LEAST_SCALE),
        "centroids": {name: numbers_of(centre, name, MEASURES) for name, centre in centroids.items()},
        "confirmations": whole_of(data["confirmations"], "confirmations", 1, LOOK_BACK),
        "disputed_share": number_of(data["disputed_share"], "disputed_share", 0, 1),
    }
    return SegmentModel(**checked | {name: number_of(data[name], name, 0) for name in data if name not in checked})


class Silence(NamedTuple):
    """How long nothing has come: since the last payment (None: never), the longest wait between two of the last 12 days
    of payment (None: too few to tell), and how long the oldest open invoice is past due (0: none is); days in dispute
    not counted. `held`: whether an unpaid invoice is or was wholly in dispute.

    Of days, since one transfer often pays many invoices, and the longest, since banks may split it over two of them.
    """

    since_payment_days: int | None
    longest_wait_days: int | None
    oldest_past_due_days: int
    held: bool = False


def segment(facts: Sequence[InvoiceFacts], as_of: date, model: SegmentModel | None = None) -> Segment:
    """The customer's segment from what was known at `as_of`."""
    return segment_of(known_at(facts, as_of), model)


def segment_of(history: Known, model: SegmentModel | None = None) -> Segment:
    """The customer's segment from what is known, by the deployed model unless another is given."""
    by = model or learned()
    silent = silence(history)
    return (
        _new(history, silent, by)
        or _gone_quiet(history, silent, by)
        or _disputing(history, by)
        or _by_payments(history, by)
    )


def silence(history: Known) -> Silence:
    """How long nothing has come from a customer."""
    as_of, settled = history.as_of, history.settled
    oldest_days = max([invoice.days_past_due(as_of) for invoice in history.open], default=0)
    days, wait = [one[0] for one in settled[-LAST_PAID:]], None
    waits = list(map(sub, days[1:], days))
    if NO_WAIT in waits:
        days = _days_of_payment(settled)
        waits = list(map(sub, days[1:], days))
    if len(days) >= FEW_PAID:
        wait = max(waits).days
    since = (as_of - days[-1]).days if days else None
    held = [one for one in history.open if one.held and one.held[0][0] <= history.through]
    return Silence(since, wait, max(0, oldest_days), bool(held or history.held))


def _days_of_payment(settled: Sequence[Settled]) -> list[date]:
    """The last 12 days on which something was paid, in their order, however many payments they had."""
    days = sorted({day for day, *_ in settled[-LAST_PAID:]})
    while len(days) < LAST_PAID and (before := bisect_left(settled, (days[0],))):
        days.insert(0, settled[before - 1][0])
    return days


def is_quiet(silent: Silence, model: SegmentModel) -> bool:
    """Whether a customer who used to pay has stopped to."""
    since, wait = silent.since_payment_days, silent.longest_wait_days
    if since is None or silent.oldest_past_due_days < model.quiet_past_due_days:
        return False
    return since >= model.quiet_days and since >= model.quiet_waits * (UNKNOWN_WAIT_DAYS if wait is None else wait)


def confirmed(at: Callable[[int], T], steps: int, confirmations: int) -> T:
    """The latest answer that held so many steps in a row, looking back from step 0 (now) to `steps`; when there is
    none, the earliest.
    """
    run, last = 1, at(0)
    for step in range(1, steps + 1):
        if run >= confirmations:
            return last
        found = at(step)
        run, last = (run + 1, last) if found == last else (1, found)
    return last


def disputed_share(invoices: Sequence[InvoiceFacts]) -> float:
    """The part of these that is disputed; nought when fewer than two are."""
    disputed = sum([invoice.disputed for invoice in invoices])
    return disputed / len(invoices) if disputed >= DISPUTES else 0.0


def _new(history: Known, silent: Silence, model: SegmentModel) -> Segment | None:
    paid = len(history.settled)
    if paid >= FEW_PAID:
        return None
    first = min([invoice.issued_on for invoice in history.invoices], default=history.as_of)
    age_days = (history.as_of - first).days
    if paid and age_days > NEW_DAYS:
        return None
    is_past_due = silent.oldest_past_due_days >= model.quiet_past_due_days
    if not paid and age_days > NEW_DAYS and (is_past_due or history.given_up):
        why = _oldest(silent) if is_past_due else f"{_count(len(history.given_up))} given up as lost."
        return Segment("gone_quiet", ("No invoice has been paid yet.", why))
    return Segment("new", (f"The first invoice is {_days(age_days)} old.", f"{_count(paid)} paid so far."))


def _gone_quiet(history: Known, silent: Silence, model: SegmentModel) -> Segment | None:
    if len(history.settled) < FEW_PAID or not is_quiet(silent, model):
        return None
    since = silent.since_payment_days or 0
    wait = silent.longest_wait_days
    usually = "" if wait is None else f", where no more than {_days(wait)} used to pass between payments"
    before = f"{_count(len(history.settled))} paid before that."
    return Segment("gone_quiet", (f"The last payment was {_days(since)} ago{usually}.", _oldest(silent), before))


def _disputing(history: Known, model: SegmentModel) -> Segment | None:
    if [invoice.disputed for invoice in history.invoices].count(True) < DISPUTES:
        return None
    issued = sorted(history.invoices, key=lambda one: (one.issued_on, one.invoice_id))
    steps = min(LOOK_BACK, len(issued) - 1)

    def disputes(step: int) -> bool:
        end = len(issued) - step
        return disputed_share(issued[max(0, end - LAST_PAID) : end]) >= model.disputed_share

    if not confirmed(disputes, steps, model.confirmations):
        return None
    last = issued[-LAST_PAID:]
    disputed = sum([invoice.disputed for invoice in last])
    share = f"That is {_percent(disputed, len(last))} of them."
    return Segment("disputing", (f"{disputed} of the last {_count(len(last))} were disputed.", share))


def _by_payments(history: Known, model: SegmentModel) -> Segment:
    days_late, window = days_late_of(history), look_back(history)
    seen = behaviour(days_late, window)

    def nearest(step: int) -> str:
        return model.nearest((behaviour(days_late[:-step], window) if step else seen).measures)

    steps = min(LOOK_BACK, max(0, len(days_late) - FEW_PAID))
    name = confirmed(nearest, steps, model.confirmations)
    return Segment(name, _facts(name, seen, model, all_came(history, days_late, window)))


def _facts(name: str, seen: Behaviour, model: SegmentModel, paid: bool) -> tuple[str, ...]:
    """The share of late payments, then what most sets the customer apart from the other kinds of payer."""
    told: list[str] = []
    for index in (0, *model.setting_apart(name, seen.measures), 1):
        text = _said(index, seen, paid)
        if text and text not in told:
            told.append(text)
            if len(told) == FACTS:
                break
    return tuple(told)


def _said(measure: int, seen: Behaviour, paid: bool) -> str:
    """`paid`: whether all of what is spoken of was paid; of an unpaid invoice nobody says that it came."""
    came = "came" if paid else "came or are"
    if measure == 0:
        return f"{seen.late or 'None'} of the last {_count(seen.paid)} {came} late."
    if measure == 1:
        return f"On average, {_late(seen.mean_days)}."
    if measure == 2:
        unpaid = "" if paid else ", unpaid invoices so far included"
        return f"Payment times vary by about {_days(round(seen.spread_days))}{unpaid}."
    if measure == 3:
        return f"{seen.long_late or 'None'} of them {came} more than {LONG_LATE_DAYS} days late."
    if seen.recent_days == seen.earlier_days:
        return ""
    return f"The last {seen.recent} {came} {_late(seen.recent_days)}, those before {_late(seen.earlier_days)}."


def _oldest(silent: Silence) -> str:
    apart = ", disputes left out" if silent.held else ""
    return f"The oldest open invoice is {_days(silent.oldest_past_due_days)} past due{apart}."


def _count(invoices: int) -> str:
    return "1 invoice" if invoices == 1 else f"{invoices} invoices"


def _days(days: int) -> str:
    return "1 day" if days == 1 else f"{days} days"


def _percent(part: int, whole: int) -> str:
    return f"{100 * part / whole:.0f} %"


def _late(days: float) -> str:
    if not (whole := round(abs(days))):
        return "on the due date"
    return f"{_days(whole)} {'late' if days > 0 else 'early'}"
