"""Cases in DynamoDB and in the fake that other tests stand on, and the escalation machine in the local AWS."""

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from dunwell.dates import business_date
from dunwell.escalation.case import AgentOutcome, Case, CaseEntry, CaseStatus
from dunwell.escalation.escalation import Escalation
from dunwell.escalation.ports import CaseStore
from dunwell.events import CASE_OPENED, Event
from dunwell.ledger.change import Change
from dunwell.ledger.model import Account
from dunwell.ledger.posting import post_payment
from dunwell_aws.clock import Clock
from dunwell_aws.collection import DynamoCollection
from dunwell_aws.executions import StepFunctionsExecutions
from dunwell_aws.ledger import DynamoLedger
from dunwell_aws.table import Table
from tests.support.emulator import ROOT, Emulator, eventually, running_emulator
from tests.support.escalation import NOW, TODAY, account, invoice
from tests.support.memory import InMemoryCollection
from tests.support.outreach import POLICY
from tests.support.template import create_table_call

CASE = Case("cas_1", "cus_1", "EUR", NOW, CaseStatus.OPENED, "run-1", reason_codes=("OVERDUE",))
ENTRY = CaseEntry(NOW, "ada@example.com", AgentOutcome.PROMISE, "pays on Friday", TODAY)
OPENED = Event("evt_1", CASE_OPENED, "cus_1", NOW, {"case_id": "cas_1"})
WAIT_SECONDS = 600


@pytest.fixture(scope="module")
def emulator() -> Iterator[Emulator]:
    with running_emulator() as running:
        yield running


def new_table(emulator: Emulator) -> Table:
    name, client = f"ledger-{time.monotonic_ns()}", emulator.client("dynamodb")
    client.create_table(**create_table_call("LedgerTable", name))
    return Table(client, name)


# --- the store's contract ---


@pytest.fixture(params=["fake", "dynamodb"])
def store(request: pytest.FixtureRequest) -> CaseStore:
    if request.param == "fake":
        return InMemoryCollection()
    return DynamoCollection(new_table(request.getfixturevalue("emulator")))


def test_a_case_opens_once(store: CaseStore) -> None:
    assert store.open_case(CASE, [OPENED]) == CASE
    assert store.open_case(replace(CASE, execution="run-2"), [OPENED]) == CASE
    assert store.case("cus_1", "cas_1") == CASE
    assert store.cases("cus_1") == [CASE]
    assert store.case("cus_2", "cas_1") is None


def test_a_case_moves_only_from_the_version_that_was_read(store: CaseStore) -> None:
    store.open_case(CASE, [])
    worked = replace(CASE, history=(ENTRY,), assigned_to="ada@example.com")
    assert store.move_case(worked)
    assert not store.move_case(replace(CASE, outcome="lost"))
    assert store.case("cus_1", "cas_1") == replace(worked, version=2)


def test_the_worklist_holds_waiting_cases_longest_waiting_first(store: CaseStore) -> None:
    for n, hours in ((1, 2), (2, 1), (3, 3)):
        case = replace(CASE, case_id=f"cas_{n}")
        store.open_case(case, [])
        since = NOW + timedelta(hours=hours)
        store.move_case(replace(case, status=CaseStatus.WAITING, waiting_since=since, task_token="t"))
    third = store.case("cus_1", "cas_3")
    assert third
    store.move_case(replace(third, status=CaseStatus.CLOSED))
    assert [case.case_id for case in store.waiting_cases()] == ["cas_2", "cas_1"]


# --- the machine ---


@dataclass
class Machine:
    """The state machine with its function, and one escalated customer."""

    emulator: Emulator
    arn: str
    table: Table

    def __post_init__(self) -> None:
        self.steps = self.emulator.client("stepfunctions")
        self.ledger, self.cases = DynamoLedger(self.table), DynamoCollection(self.table)
        self.escalation = Escalation(self.cases, self.ledger, StepFunctionsExecutions(self.steps))

    def escalate(self, customer_id: str) -> str:
        """An overdue invoice and the event that says so; the execution it starts."""
        made = account(invoice(overdue_days=4_000), customer_id=customer_id)
        self.ledger.commit(Change(Account(made.customer), made.customer, made.invoices))
        data = {"currency": "EUR", "oldest_invoice_id": "inv_F-1", "reason_codes": "OVERDUE"}
        due = {"name": "EscalationDue", "customer_id": customer_id, "data": data}
        started: str = self.steps.start_execution(stateMachineArn=self.arn, input=json.dumps(due))["executionArn"]
        return started

    def waiting(self, customer_id: str, not_with: str = "") -> Case:
        """The customer's case, once it waits with another token."""

        def look() -> Case | None:
            cases = [case for case in self.cases.waiting_cases() if case.customer_id == customer_id]
            return next((case for case in cases if case.task_token != not_with), None)

        found = eventually(look)
        assert found
        return found

    def ended(self, execution: str) -> str:
        """The last state of an execution that succeeded."""
        status = eventually(lambda: self._status(execution))
        assert status == "SUCCEEDED"
        events = self.steps.get_execution_history(executionArn=execution, maxResults=1000)["events"]
        entered: list[str] = [
            event["stateEnteredEventDetails"]["name"] for event in events if "stateEnteredEventDetails" in event
        ]
        return entered[-1]

    def _status(self, execution: str) -> str:
        status: str = self.steps.describe_execution(executionArn=execution)["status"]
        return "" if status == "RUNNING" else status


@pytest.fixture(scope="module")
def machine(emulator: Emulator) -> Iterator[Machine]:
    table = new_table(emulator)
    permitted = ["dynamodb:GetItem", "dynamodb:Query", "dynamodb:PutItem", "states:SendTaskSuccess", "logs:*"]
    statements = [{"Effect": "Allow", "Action": permitted, "Resource": "*"}]
    function, role = emulator.deploy("escalation_task", statements, LEDGER_TABLE=table.name)
    definition = (ROOT / "infra/statemachines/escalation.asl.json").read_text(encoding="utf-8")
    for name, value in (
        ("EscalationTaskFunctionArn", function),
        ("AgentWaitSeconds", str(WAIT_SECONDS)),
        ("SpreadSeconds", "1"),
    ):
        definition = definition.replace(f"${{{name}}}", value)
    steps = emulator.client("stepfunctions")
    arn = steps.create_state_machine(name="escalation", definition=definition, roleArn=role)["stateMachineArn"]
    yield Machine(emulator, arn, table)
    for execution in steps.list_executions(stateMachineArn=arn, statusFilter="RUNNING")["executions"]:
        steps.stop_execution(executionArn=execution["executionArn"])


def record(machine: Machine, case: Case, outcome: AgentOutcome) -> None:
    machine.escalation.record(case.customer_id, case.case_id, replace(ENTRY, outcome=outcome), case.version)


def test_an_agents_work_brings_the_case_back_until_the_agent_closes_it(machine: Machine) -> None:
    execution = machine.escalate("cus_worked")
    first = machine.waiting("cus_worked")
    record(machine, first, AgentOutcome.CONTACTED)
    second = machine.waiting("cus_worked", not_with=first.task_token)
    record(machine, second, AgentOutcome.CLOSE)
    assert machine.ended(execution) == "Closed"
    (closed,) = machine.cases.cases("cus_worked")
    assert (closed.outcome, len(closed.history)) == ("closed_by_agent", 2)


def test_a_settled_account_ends_the_case_that_waits(machine: Machine) -> None:
    execution = machine.escalate("cus_paid")
    machine.waiting("cus_paid")
    owing: Any = machine.ledger.load("cus_paid")
    now = Clock().now()
    paid = post_payment(owing, method="test", reference="1", currency="EUR", amount_minor=10_000, received_at=now)
    machine.ledger.commit(paid)
    assert machine.escalation.resume_ended("cus_paid", business_date(now, POLICY.creditor.timezone)) == 1
    assert machine.ended(execution) == "Closed"
    assert machine.cases.cases("cus_paid")[0].outcome == "settled"


def test_a_second_execution_for_the_same_trouble_ends_at_once(machine: Machine) -> None:
    machine.escalate("cus_twice")
    case = machine.waiting("cus_twice")
    data = {"currency": "EUR", "oldest_invoice_id": "inv_F-1"}
    due = json.dumps({"customer_id": "cus_twice", "data": data})
    second = machine.steps.start_execution(stateMachineArn=machine.arn, input=due)["executionArn"]
    assert machine.ended(second) == "Taken"
    assert machine.waiting("cus_twice") == case


def test_a_wait_that_times_out_is_judged_again_and_waits_on(machine: Machine) -> None:
    """The local AWS does not follow TimeoutSecondsPath: its error, sent by hand, takes the same way."""
    machine.escalate("cus_slow")
    first = machine.waiting("cus_slow")
    machine.steps.send_task_failure(taskToken=first.task_token, error="States.Timeout", cause="by hand")
    second = machine.waiting("cus_slow", not_with=first.task_token)
    assert second.waiting_since == first.waiting_since


def test_a_token_that_is_gone_counts_as_resumed(machine: Machine) -> None:
    """That the case moved on without it is no trouble: what is refused to the client is none to the escalation."""
    token = "00000000-0000-0000-0000-000000000000"
    with pytest.raises(ClientError, match=r"TaskDoesNotExist|TaskTimedOut|InvalidToken"):
        machine.steps.send_task_success(taskToken=token, output="{}")
    machine.escalation.executions.resume(token)
