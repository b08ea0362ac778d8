"""What has been done about a customer's debt, as recovery sees it: dated, so that a past day knows only its past."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import NamedTuple, Protocol

from dunwell.scoring.known import Known

REMEMBERED_DAYS = 90  # what was done earlier was about other debt, or is forgotten
LONG_AGO_DAYS = 60


class ActionKind(StrEnum):
    """What was done. A message that did not reach the customer is none."""

    MESSAGE = "message"
    WARNING = "warning"  # a message of the policy's last stage
    CASE = "case"  # handed to an agent
    SPOKEN = "spoken"
    NO_ANSWER = "no_answer"
    PROMISE = "promise"


class Action(NamedTuple):
    """One thing done on a day. `until` is the promised day of a promise, the last day of a case that was closed."""

    on: date
    kind: ActionKind
    until: date | None = None


class ActionHistory(Protocol):
    """Where it is known what was done."""

    def actions(self, customer_id: str) -> dict[str, list[Action]]:
        """What was done about a customer's debt, by currency, oldest first."""
        ...


@dataclass(frozen=True, slots=True)
class Actions:
    """What was done, as of a day.

    Attributes:
        messages: how many reached the customer in the last 90 days, warnings included.
        since_contact_days: since the last message or talk, at most 60.
        warned: whether the last stage's message was among them.
        in_case: whether an agent has it.
        no_answers: calls that nobody answered, of the last 90 days.
        promise_open: whether a promised day is still to come.
        promises_kept, promises_broken: of those whose day has passed; kept is one in whose time something was paid.
    """

    messages: int = 0
    since_contact_days: int = LONG_AGO_DAYS
    warned: bool = False
    in_case: bool = False
    no_answers: int = 0
    promise_open: bool = False
    promises_kept: int = 0
    promises_broken: int = 0


def actions_at(actions: Iterable[Action], known: Known) -> Actions:
    """Sums up what was done before the day of `known`."""
    as_of = known.as_of
    since = as_of - timedelta(days=REMEMBERED_DAYS)
    done = [one for one in actions if since <= one.on < as_of]
    messages = [one for one in done if one.kind in (ActionKind.MESSAGE, ActionKind.WARNING)]
    talks = [one for one in done if one.kind in (ActionKind.SPOKEN, ActionKind.PROMISE)]
    last = max((one.on for one in (*messages, *talks)), default=None)
    promises = [one for one in done if one.kind is ActionKind.PROMISE and one.until]
    passed = [one for one in promises if one.until and one.until < as_of]
    kept = sum(_kept(one, known) for one in passed)
    return Actions(
        messages=len(messages),
        since_contact_days=min(LONG_AGO_DAYS, (as_of - last).days) if last else LONG_AGO_DAYS,
        warned=any(one.kind is ActionKind.WARNING for one in messages),
        in_case=any(one.kind is ActionKind.CASE and (one.until is None or one.until >= as_of) for one in done),
        no_answers=sum(one.kind is ActionKind.NO_ANSWER for one in done),
        promise_open=len(promises) > len(passed),
        promises_kept=kept,
        promises_broken=len(passed) - kept,
    )


def _kept(promise: Action, known: Known) -> bool:
    settled: Sequence[tuple[date, int, int]] = known.settled
    last = promise.until or promise.on
    return any(promise.on <= on <= last for on, _, _ in reversed(settled))
