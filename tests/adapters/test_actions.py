"""What was done, from contacts and cases to the words of scoring."""

from dataclasses import replace
from datetime import timedelta

from dunwell.accounts.model import Channel
from dunwell.escalation.case import AgentOutcome, Case, CaseEntry, CaseStatus
from dunwell.outreach.contact import CallOutcome, ContactStatus
from dunwell.outreach.stage import CASE_CALL
from dunwell.scoring.actions import Action, ActionKind
from dunwell_aws.actions import DoneSoFar
from tests.support.memory import InMemoryCollection
from tests.support.outreach import NOW, POLICY, TODAY, contact, sent

DAY = timedelta(days=1)


def actions(store: InMemoryCollection) -> dict[str, list[Action]]:
    return DoneSoFar(store, POLICY).actions("cus_anna")


def test_messages_count_when_they_reached_the_customer_and_the_last_stage_is_a_warning() -> None:
    bounced, refused = sent("firm", 6, status=ContactStatus.BOUNCED), contact("firm", 7, status=ContactStatus.REFUSED)
    store = InMemoryCollection(sent("final", 1), sent("due", 9), bounced, refused, sent("due", 8, currency="EUR"))
    assert actions(store) == {
        "USD": [Action(TODAY - 9 * DAY, ActionKind.MESSAGE), Action(TODAY - DAY, ActionKind.WARNING)],
        "EUR": [Action(TODAY - 8 * DAY, ActionKind.MESSAGE)],
    }


def test_a_case_tells_of_talks_promises_and_calls_on_the_creditors_days() -> None:
    late_evening = NOW.replace(hour=3)  # still the day before in New York
    history = (
        CaseEntry(late_evening - 5 * DAY, "ada", AgentOutcome.NO_ANSWER),
        CaseEntry(NOW - 2 * DAY, "ada", AgentOutcome.PROMISE, next_on=TODAY + DAY),
        CaseEntry(NOW, "ada", AgentOutcome.CLOSE),
    )
    store, case = InMemoryCollection(), Case("cas_1", "cus_anna", "USD", NOW - 9 * DAY, CaseStatus.CLOSED, "run")
    store.open_case(replace(case, history=history), [])
    assert actions(store)["USD"] == [
        Action(TODAY - 9 * DAY, ActionKind.CASE, TODAY),
        Action(TODAY - 6 * DAY, ActionKind.NO_ANSWER),
        Action(TODAY - 2 * DAY, ActionKind.PROMISE, TODAY + DAY),
    ]


def test_a_call_about_a_case_is_told_by_the_case_alone() -> None:
    talked = {"channel": Channel.CALL, "call_outcome": CallOutcome.REACHED, "status": ContactStatus.DELIVERED}
    assert actions(InMemoryCollection(sent(CASE_CALL, 2, **talked))) == {}
    assert actions(InMemoryCollection(sent("firm", 2, **talked))) == {
        "USD": [Action(TODAY - 2 * DAY, ActionKind.MESSAGE)]
    }


def test_nothing_done_is_nothing() -> None:
    assert actions(InMemoryCollection()) == {}
