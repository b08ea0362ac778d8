"""What the model said at the moments it was trained for, kept so that it can be held to it later.

An invoice is logged the day after issue, ten days before due and at some days past due while open: at most eight lines
in its life, none while it is in dispute, with the features the model saw. Whoever knows later how it ended can measure
the model, and ask another model the same questions, without guessing what was known then. A line holds ids, dates and
numbers; no name.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from dunwell.scoring.score import CustomerScore

LOGGED_AT_DAYS_PAST_DUE = frozenset({-10, 1, 8, 16, 31, 46, 61})
WEEK_DAYS = 7
KINDS = ("at_issue", "before_due", "past_due_week", "past_due_longer")


@dataclass(frozen=True, slots=True)
class LoggedMoment:
    """One question and its answer. `row` holds the features; `probabilities` follow the model's horizons; where it
    named no day both are None.
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
    model_version: str

    @property
    def kind(self) -> str:
        """One of `KINDS`."""
        past_due_days = (self.as_of - self.due_on).days
        if past_due_days > 0:
            return "past_due_longer" if past_due_days > WEEK_DAYS else "past_due_week"
        return "at_issue" if (self.as_of - self.issued_on).days <= 1 else "before_due"


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
            model_version=score.model.version,
        )
        for one in score.invoices
        if not one.held and (one.days_past_due in LOGGED_AT_DAYS_PAST_DUE or (score.as_of - one.issued_on).days == 1)
    ]


def log_lines(moments: Iterable[LoggedMoment]) -> str:
    """One line of JSON a moment."""
    return "".join(json.dumps(_plain(moment), separators=(",", ":")) + "\n" for moment in moments)


def read_log(text: str) -> tuple[list[LoggedMoment], int]:
    """The moments of a log, and how many lines could not be read."""
    found, unreadable = [], 0
    for line in text.splitlines():
        try:
            found.append(_moment(json.loads(line)))
        except (ValueError, KeyError, TypeError):
            unreadable += 1
    return found, unreadable


_DATES = ("as_of", "issued_on", "due_on")
_DATES_OR_NONE = ("earliest_on", "latest_on")
_TEXTS = ("customer_id", "invoice_id", "model_version")
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
