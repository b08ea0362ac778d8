"""What the model said at the moments it was trained for, kept so that it can be held to it later.

An invoice is logged on each of its first days until it is past due, ten days before due and at some days past due while
open, and never while it is in dispute, with the features the model saw. Whoever knows later how it ended can measure
the model, and ask another model the same questions, without guessing what was known then. A line holds ids, dates and
numbers; no name.

The first of an invoice's lines is the answer "at issue": the day on which it was scored first, however late it was
imported (`first_of_each_kind`). Later than `ISSUE_DAYS` after issue there is none: who pays promptly has paid by then.

Of a large portfolio a sample is kept (`Sample`).
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from hashlib import blake2s
from typing import Any

from dunwell.ledger.ports import SHARDS, shard_of
from dunwell.scoring.score import CustomerScore, InvoiceScore

LOGGED_AT_DAYS_PAST_DUE = frozenset({-10, 1, 8, 16, 31, 46, 61})
BEFORE_DUE_DAYS = 10
ISSUE_DAYS = 10
WEEK_DAYS = 7
KINDS = ("at_issue", "before_due", "past_due_week", "past_due_longer")
PLACES = 2**32
MOST_A_DAY = 6_400  # of all workers together, each its part of it


@dataclass(frozen=True, slots=True)
class LoggedMoment:
    """One question and its answer. `row` holds the features; `probabilities` follow the model's horizons; where it
    named no day both are None. `model` is the identity of the model that answered (`ModelVersion.identity`).
    """

    customer_id: str
    invoice_id: str
    as_of: date
    issued_on: date
    due_on: date
    row: tuple[float, ...]
    probabilities: tuple[float, ...]
    earliest_on: date | None
    latest_on: date | None
    model: str

    @property
    def kind(self) -> str:
        """One of `KINDS`."""
        past_due_days = (self.as_of - self.due_on).days
        if past_due_days > 0:
            return "past_due_longer" if past_due_days > WEEK_DAYS else "past_due_week"
        is_before_due = past_due_days == -BEFORE_DUE_DAYS and self.as_of > self.issued_on
        return "before_due" if is_before_due else "at_issue"

    @property
    def place(self) -> int:
        """Where the invoice stands, from 0 to `PLACES`: a sample of one in so many holds all below that part of it.

        By the customer's shard first, so that a small sample stands in the files of few workers; by customer and
        invoice within that.
        """
        key = blake2s(f"{self.customer_id}/{self.invoice_id}".encode(), digest_size=4).digest()
        return (shard_of(self.customer_id) * PLACES + int.from_bytes(key)) // SHARDS


def in_sample(place: int, one_in: int) -> bool:
    """Whether a place is in the sample of one in so many; what is in a smaller sample is in every larger one."""
    return place * one_in < PLACES


class Sample:
    """What one worker keeps of the moments it sees: one in 1, 2, 4, ... invoices, the same ones every day.

    `one_in` is doubled whenever more than `one_in` times the worker's part of `MOST_A_DAY` have been seen. Customers
    are spread over the workers by a hash, so each sees about as much as another and the whole stays near the bound
    without any of them knowing of another. They need not find the same number: whoever reads takes the largest, and
    leaves out of all the others what it would have left out.

    Args:
        workers: among how many the portfolio is divided.
        seen: how many moments the worker has seen that day already.
    """

    def __init__(self, workers: int, seen: int = 0) -> None:
        self._most = max(1, MOST_A_DAY // workers)
        self._kept: list[tuple[int, LoggedMoment]] = []
        self.seen = seen
        self.one_in = 1

    def add(self, moments: Sequence[LoggedMoment]) -> None:
        """Look at some more moments."""
        self.seen += len(moments)
        before = self.one_in
        while self.seen > self._most * self.one_in:
            self.one_in *= 2
        if self.one_in != before:
            self._kept = [one for one in self._kept if in_sample(one[0], self.one_in)]
        self._kept += [(place, one) for one in moments if in_sample(place := one.place, self.one_in)]

    @property
    def kept(self) -> list[LoggedMoment]:
        """The moments in the sample, by place: a reader of a smaller sample stops where that ends."""
        return [one for _, one in sorted(self._kept, key=lambda one: one[0])]


def moments_to_log(customer_id: str, score: CustomerScore) -> list[LoggedMoment]:
    """The customer's invoices that stand at one of the moments today."""
    return [
        LoggedMoment(
            customer_id=customer_id,
            invoice_id=one.invoice_id,
            as_of=score.as_of,
            issued_on=one.issued_on,
            due_on=one.due_on,
            row=tuple([round(value, 6) for value in one.row]),
            probabilities=tuple([round(value, 5) for value in one.probabilities]),
            earliest_on=one.earliest_on,
            latest_on=one.latest_on,
            model=score.model.identity,
        )
        for one in score.invoices
        if not one.held and (one.days_past_due in LOGGED_AT_DAYS_PAST_DUE or _is_new(one, score.as_of))
    ]


def _is_new(invoice: InvoiceScore, as_of: date) -> bool:
    return invoice.days_past_due <= 0 and (as_of - invoice.issued_on).days <= ISSUE_DAYS


def log_lines(moments: Iterable[LoggedMoment]) -> str:
    """One line of JSON a moment."""
    return "".join(json.dumps(_plain(moment), separators=(",", ":")) + "\n" for moment in moments)


def read_line(line: str) -> LoggedMoment | None:
    """The moment of a line, None when it cannot be read."""
    try:
        return _moment(json.loads(line))
    except (ValueError, KeyError, TypeError):
        return None


_DATES = ("as_of", "issued_on", "due_on")
_DATES_OR_NONE = ("earliest_on", "latest_on")
_TEXTS = ("customer_id", "invoice_id", "model")
_NUMBERS = ("row", "probabilities")


def _plain(moment: LoggedMoment) -> dict[str, Any]:
    plain: dict[str, Any] = {name: getattr(moment, name) for name in (*_TEXTS, *_NUMBERS)}
    days = {name: getattr(moment, name) for name in (*_DATES, *_DATES_OR_NONE)}
    return plain | {name: day.isoformat() if day else None for name, day in days.items()}


def _moment(plain: dict[str, Any]) -> LoggedMoment:
    fields: dict[str, Any] = {name: str(plain[name]) for name in _TEXTS}
    fields |= {name: tuple(map(float, plain[name])) for name in _NUMBERS}
    fields |= {name: date.fromisoformat(plain[name]) for name in _DATES}
    fields |= {name: date.fromisoformat(day) if (day := plain[name]) else None for name in _DATES_OR_NONE}
    return LoggedMoment(**fields)


def first_of_each_kind(moments: Sequence[LoggedMoment]) -> list[LoggedMoment]:
    """An invoice counts once a kind: its first line. A day scored twice leaves two, of which the last one counts."""
    found: dict[tuple[str, str, str], LoggedMoment] = {}
    for moment in moments:
        key = (moment.customer_id, moment.invoice_id, moment.kind)
        known = found.get(key)
        if known is None or moment.as_of <= known.as_of:
            found[key] = moment
    return list(found.values())
