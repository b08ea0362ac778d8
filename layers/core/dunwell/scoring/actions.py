"""What has been done about a customer's debt, as recovery sees it: dated, so that a past day knows only its past."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import NamedTuple, Protocol

from dunwell.ledger.agreements import STANDING, Agreement, AgreementStatus
from dunwell.ledger.model import Account
from dunwell.scoring.known import Known, Settled

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
    """One thing done on a day. `until` is the promised day of a promise, the last day of a case that was closed.

    `kept` says what became of a promise where that is known; else it follows from what was paid in its time.
    """

    on: date
    kind: ActionKind
    until: date | None = None
    kept: bool | None = None


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


def promises(account: Account, as_of: date) -> dict[str, list[Action]]:
    """What was agreed on an account before a day, as promises by currency, oldest first.

    A plan and a settlement are promises of their last day. What became of one is known from the day on which it was
    found kept or broken; what was withdrawn or never agreed to says nothing.
    """
    found: dict[str, list[Action]] = {}
    for one in sorted(account.agreements.values(), key=lambda agreement: agreement.made_at):
        if one.status in _SAYS_SOMETHING and one.made_at.date() < as_of:
            found.setdefault(one.currency, []).append(_promise(one, as_of))
    return found


_KEPT = {AgreementStatus.COMPLETED: True, AgreementStatus.BROKEN: False}
_SAYS_SOMETHING = STANDING | _KEPT.keys()


def _promise(agreement: Agreement, as_of: date) -> Action:
    on, last = agreement.made_at.date(), agreement.instalments[-1].due_on
    ended_on = agreement.steps[-1].at.date() if agreement.steps else last
    if agreement.status in STANDING or ended_on >= as_of:
        return Action(on, ActionKind.PROMISE, last)
    return Action(on, ActionKind.PROMISE, min(last, ended_on), _KEPT[agreement.status])


def with_promises(
    done: Mapping[str, Sequence[Action]], promised: Mapping[str, Sequence[Action]]
) -> dict[str, list[Action]]:
    """What was done, with the promises made, by currency, oldest first; of a talk on the same day the promise counts
    once.
    """
    found = {currency: list(actions) for currency, actions in done.items()}
    for currency, made in promised.items():
        days = {one.on for one in made}
        told = [one for one in found.get(currency, []) if not (one.kind is ActionKind.PROMISE and one.on in days)]
        found[currency] = sorted([*told, *made], key=lambda one: one.on)
    return found


def _kept(promise: Action, known: Known) -> bool:
    if promise.kept is not None:
        return promise.kept
    settled: Sequence[Settled] = known.settled
    last = promise.until or promise.on
    return any(promise.on <= on <= last for on, *_ in reversed(settled))
