"""Opening, evaluating, waiting, working, resuming and closing cases."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from dunwell.errors import ConflictError, NotFoundError, RefusedError
from dunwell.escalation.case import AgentOutcome, Case, CaseEntry, CaseStatus
from dunwell.escalation.escalation import Escalation, Trouble
from dunwell.escalation.rules import NextStep
from dunwell.events import CASE_CLOSED, CASE_OPENED
from tests.support.escalation import (
    NOW,
    TODAY,
    RecordedExecutions,
    account,
    invoice,
    pay,
)
from tests.support.ledger import in_dispute
from tests.support.memory import InMemoryCollection, InMemoryLedger

TROUBLE = Trouble("cus_1", "EUR", "inv_F-1", ("OVERDUE", "SILENT"), "2026-11-22", "model-1")


class World:
    """One customer with one overdue invoice, and the use cases over it."""

    def __init__(self) -> None:
        self.cases = InMemoryCollection()
        self.ledger = InMemoryLedger(account(invoice()))
        self.executions = RecordedExecutions()
        self.escalation = Escalation(self.cases, self.ledger, self.executions)

    def opened(self, execution: str = "run-1") -> Case:
        case = self.escalation.open(TROUBLE, execution, NOW)
        assert case
        return case

    def waiting(self, token: str = "token-1") -> Case:
        case = self.opened()
        return self.escalation.await_agent("cus_1", case.case_id, token, NOW, TODAY)

    def next_step(self, case: Case, as_of: date = TODAY) -> tuple[NextStep, str]:
        evaluation = self.escalation.evaluate(case.customer_id, case.case_id, as_of)
        return evaluation.next_step, evaluation.outcome

    def worked(self, case: Case, outcome: AgentOutcome, next_on: date | None = None) -> Case:
        entry = CaseEntry(NOW, "ada@example.com", outcome, "spoke to accounts", next_on)
        return self.escalation.record("cus_1", case.case_id, entry, case.version)


@pytest.fixture
def world() -> World:
    return World()


def test_opening_a_case_tells_the_world_why(world: World) -> None:
    case = world.opened()
    (event,) = world.cases.events
    assert (event.name, event.data["case_id"]) == (CASE_OPENED, case.case_id)
    assert event.data["reason_codes"] == "OVERDUE,SILENT"
    assert (case.policy_version, case.model_version) == ("2026-11-22", "model-1")


def test_a_second_execution_finds_the_case_taken(world: World) -> None:
    world.opened("run-1")
    assert world.escalation.open(TROUBLE, "run-2", NOW) is None
    assert len(world.cases.events) == 1


def test_the_same_execution_asking_again_goes_on_with_its_case(world: World) -> None:
    assert world.opened("run-1") == world.opened("run-1")
    assert len(world.cases.events) == 1


def test_a_case_waits_for_an_agent_while_something_is_overdue(world: World) -> None:
    assert world.next_step(world.opened()) == (NextStep.AWAIT_AGENT, "")


def test_a_case_ends_settled_when_nothing_is_owed_any_more(world: World) -> None:
    case = world.opened()
    pay(world.ledger, "cus_1", 10_000)
    assert world.next_step(case) == (NextStep.CLOSE, "settled")


def test_a_part_payment_does_not_end_a_case(world: World) -> None:
    case = world.opened()
    pay(world.ledger, "cus_1", 9_999)
    assert world.next_step(case) == (NextStep.AWAIT_AGENT, "")


def test_money_in_another_currency_does_not_end_a_case(world: World) -> None:
    case = world.opened()
    pay(world.ledger, "cus_1", 10_000, "USD")
    assert world.next_step(case) == (NextStep.AWAIT_AGENT, "")


def test_a_case_ends_withdrawn_when_all_that_is_left_is_disputed(world: World) -> None:
    case = world.opened()
    world.ledger.accounts["cus_1"] = account(in_dispute(invoice()))
    assert world.next_step(case) == (NextStep.CLOSE, "withdrawn")


def test_one_undisputed_invoice_keeps_a_case_open(world: World) -> None:
    case = world.opened()
    world.ledger.accounts["cus_1"] = account(in_dispute(invoice()), invoice("F-2", overdue_days=1))
    assert world.next_step(case) == (NextStep.AWAIT_AGENT, "")


def test_an_invoice_due_today_is_not_overdue_and_tomorrow_it_is(world: World) -> None:
    case = world.opened()
    world.ledger.accounts["cus_1"] = account(invoice("F-2", overdue_days=0))
    assert world.next_step(case) == (NextStep.CLOSE, "settled")
    assert world.next_step(case, TODAY + timedelta(days=1)) == (NextStep.AWAIT_AGENT, "")


def test_a_customer_who_is_gone_ends_the_case_as_withdrawn(world: World) -> None:
    case = world.opened()
    world.ledger.accounts.clear()
    assert world.next_step(case) == (NextStep.CLOSE, "withdrawn")


def test_waiting_keeps_the_token_and_does_not_resume_by_itself(world: World) -> None:
    case = world.waiting()
    assert (case.status, case.task_token, case.waiting_since) == (CaseStatus.WAITING, "token-1", NOW)
    assert world.executions.resumed == []


def test_a_payment_just_before_the_token_is_stored_resumes_at_once(world: World) -> None:
    case = world.opened()
    pay(world.ledger, "cus_1", 10_000)
    assert world.escalation.resume_ended("cus_1", TODAY) == 0
    world.escalation.await_agent("cus_1", case.case_id, "token-1", NOW, TODAY)
    assert world.executions.resumed == ["token-1"]


def test_waiting_again_after_a_time_limit_keeps_the_place_in_the_list(world: World) -> None:
    case = world.waiting()
    later = NOW + timedelta(days=1)
    again = world.escalation.await_agent("cus_1", case.case_id, "token-2", later, TODAY)
    assert (again.task_token, again.waiting_since) == ("token-2", NOW)


def test_waiting_again_after_an_agent_worked_goes_to_the_end_of_the_list(world: World) -> None:
    case = world.worked(world.waiting(), AgentOutcome.NO_ANSWER)
    later = NOW + timedelta(hours=1)
    assert world.escalation.await_agent("cus_1", case.case_id, "token-2", later, TODAY).waiting_since == later


def test_a_payment_resumes_the_customers_waiting_case(world: World) -> None:
    world.waiting()
    pay(world.ledger, "cus_1", 10_000)
    assert world.escalation.resume_ended("cus_1", TODAY) == 1
    assert world.executions.resumed == ["token-1"]


def test_a_part_payment_leaves_the_case_with_the_agent(world: World) -> None:
    world.waiting()
    pay(world.ledger, "cus_1", 1)
    assert world.escalation.resume_ended("cus_1", TODAY) == 0
    assert world.executions.resumed == []


def test_what_the_agent_did_is_kept_and_the_execution_goes_on(world: World) -> None:
    case = world.worked(world.waiting(), AgentOutcome.PROMISE, TODAY + timedelta(days=5))
    assert world.executions.resumed == ["token-1"]
    assert [entry.outcome for entry in case.history] == [AgentOutcome.PROMISE]
    assert not case.is_due(TODAY + timedelta(days=4))
    assert case.is_due(TODAY + timedelta(days=5))
    assert world.next_step(case) == (NextStep.AWAIT_AGENT, "")


def test_two_agents_on_the_same_page_record_one_outcome(world: World) -> None:
    seen = world.waiting()
    world.worked(seen, AgentOutcome.CONTACTED)
    with pytest.raises(ConflictError):
        world.worked(seen, AgentOutcome.CLOSE)
    assert world.executions.resumed == ["token-1"]


def test_a_case_that_is_being_judged_takes_no_outcome(world: World) -> None:
    with pytest.raises(RefusedError):
        world.worked(world.opened(), AgentOutcome.CONTACTED)


def test_an_agent_ends_a_case_though_money_is_owed(world: World) -> None:
    case = world.worked(world.waiting(), AgentOutcome.CLOSE)
    assert world.next_step(case) == (NextStep.CLOSE, "closed_by_agent")


def test_an_outcome_recorded_while_the_wait_timed_out_is_not_lost(world: World) -> None:
    case = world.worked(world.waiting(), AgentOutcome.CLOSE)
    world.escalation.await_agent("cus_1", case.case_id, "token-2", NOW, TODAY)
    assert world.executions.resumed == ["token-1", "token-2"]


def test_closing_twice_closes_once(world: World) -> None:
    case = world.waiting()
    closed = world.escalation.close("cus_1", case.case_id, "settled", NOW)
    assert world.escalation.close("cus_1", case.case_id, "withdrawn", NOW) == closed
    assert (closed.status, closed.outcome, closed.task_token) == (CaseStatus.CLOSED, "settled", "")
    assert [event.name for event in world.cases.events] == [CASE_OPENED, CASE_CLOSED]


def test_a_settled_case_reopens_when_the_trouble_comes_back(world: World) -> None:
    world.worked(world.waiting(), AgentOutcome.PROMISE, TODAY + timedelta(days=90))
    world.escalation.close("cus_1", next(iter(world.cases.stored)), "settled", NOW)
    later = NOW + timedelta(days=3)
    again = world.escalation.open(TROUBLE, "run-2", later)
    assert again
    assert (again.status, again.execution, again.outcome) == (CaseStatus.OPENED, "run-2", "")
    assert len(again.history) == 1
    assert again.is_due(TODAY), "a date agreed on before the case was settled no longer counts"
    opened, _, reopened = world.cases.events
    assert opened.event_id != reopened.event_id


def test_a_case_that_an_agent_ended_stays_ended(world: World) -> None:
    case = world.worked(world.waiting(), AgentOutcome.CLOSE)
    world.escalation.close("cus_1", case.case_id, "closed_by_agent", NOW)
    assert world.escalation.open(TROUBLE, "run-2", NOW) is None


def test_assigning_survives_somebody_else_changing_the_case(world: World) -> None:
    case = world.waiting()

    class Racing(InMemoryCollection):
        """Loses the first race."""

        lost = False

        def move_case(self, case: Case, events: object = ()) -> bool:
            if not self.lost:
                self.lost = True
                self.stored[case.case_id] = replace(self.stored[case.case_id], version=case.version + 1)
                return False
            return super().move_case(case)

    racing = Racing()
    racing.stored = world.cases.stored
    escalation = Escalation(racing, world.ledger, world.executions)
    assert escalation.assign("cus_1", case.case_id, "ada@example.com").assigned_to == "ada@example.com"
    assert racing.stored[case.case_id].version == case.version + 2


def test_a_closed_case_cannot_be_assigned(world: World) -> None:
    case = world.opened()
    world.escalation.close("cus_1", case.case_id, "settled", NOW)
    with pytest.raises(RefusedError):
        world.escalation.assign("cus_1", case.case_id, "ada@example.com")


def test_a_case_of_another_customer_is_not_found(world: World) -> None:
    case = world.opened()
    with pytest.raises(NotFoundError):
        world.escalation.evaluate("cus_2", case.case_id, TODAY)
