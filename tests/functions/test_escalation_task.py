"""The steps of the escalation machine, and resuming it from the bus."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from dunwell.escalation.case import CaseStatus
from dunwell.escalation.escalation import Escalation
from dunwell.outreach.tasks import TaskDesk
from functions.escalation_task import app as escalation_task
from functions.resume_case import app as resume_case
from tests.support.escalation import NOW, RecordedExecutions, account, invoice, pay
from tests.support.invocation import lambda_context, set_variables, sqs_event
from tests.support.memory import InMemoryCollection, InMemoryLedger
from tests.support.outreach import POLICY

DATA = {"currency": "EUR", "oldest_invoice_id": "inv_F-1", "reason_codes": "OVERDUE,SILENT", "risk_permille": 700}


@pytest.fixture
def escalation(monkeypatch: pytest.MonkeyPatch) -> Escalation:
    set_variables(monkeypatch)
    ledger = InMemoryLedger(account(invoice()), account(invoice("F-2"), customer_id="cus_2"))
    return Escalation(InMemoryCollection(), ledger, RecordedExecutions())


def step(escalation: Escalation, **event: Any) -> Mapping[str, str]:
    payload = {"customer_id": "cus_1"} | event
    answer: Mapping[str, str] = escalation_task.handler(payload, lambda_context(), escalation=escalation, now=NOW)
    return answer


def opened(escalation: Escalation, customer_id: str = "cus_1") -> str:
    oldest = {"cus_1": "inv_F-1", "cus_2": "inv_F-2"}[customer_id]
    data = DATA | {"oldest_invoice_id": oldest}
    return step(escalation, action="open", execution="run-1", data=data, customer_id=customer_id)["case_id"]


def waiting(escalation: Escalation, customer_id: str = "cus_1") -> str:
    case_id = opened(escalation, customer_id)
    token = f"token-{customer_id}"
    step(escalation, action="await", case_id=case_id, task_token=token, customer_id=customer_id)
    return case_id


def resumed(escalation: Escalation) -> list[str]:
    assert isinstance(escalation.executions, RecordedExecutions)
    return escalation.executions.resumed


def ledger(escalation: Escalation) -> InMemoryLedger:
    assert isinstance(escalation.ledger, InMemoryLedger)
    return escalation.ledger


def test_a_case_goes_from_open_through_waiting_to_closed(escalation: Escalation) -> None:
    case_id = opened(escalation)
    assert step(escalation, action="evaluate", case_id=case_id) == {"outcome": "await_agent", "close_as": ""}
    assert step(escalation, action="await", case_id=case_id, task_token="t") == {"outcome": "waiting"}
    pay(ledger(escalation), "cus_1", 10_000)
    ended = {"outcome": "close", "close_as": "settled"}
    assert step(escalation, action="evaluate", case_id=case_id) == ended
    assert step(escalation, action="close", case_id=case_id, close_as="settled") == {"outcome": "settled"}
    case = escalation.cases.case("cus_1", case_id)
    assert case
    assert (case.status, case.reason_codes) == (CaseStatus.CLOSED, ("OVERDUE", "SILENT"))


def test_a_case_that_another_execution_works_on_is_an_outcome_and_not_an_error(escalation: Escalation) -> None:
    opened(escalation)
    assert step(escalation, action="open", execution="run-2", data=DATA) == {"outcome": "taken"}


def test_a_step_that_the_machine_does_not_have_fails(escalation: Escalation) -> None:
    with pytest.raises(KeyError):
        step(escalation, action="shout")


def test_the_business_date_is_the_creditors_and_not_utc(escalation: Escalation) -> None:
    """At 03:00 UTC of the 21st it is the 20th in New York, where an invoice due on the 20th is not overdue."""
    case_id = opened(escalation)
    ledger(escalation).accounts["cus_1"] = account(invoice(overdue_days=0))
    event = {"action": "evaluate", "customer_id": "cus_1", "case_id": case_id}
    night = NOW.replace(hour=3) + timedelta(days=1)
    answer = escalation_task.handler(event, lambda_context(), escalation=escalation, now=night)
    assert answer["outcome"] == "close"


def resume(escalation: Escalation, event: dict[str, Any]) -> object:
    calls = TaskDesk(escalation.ledger, InMemoryCollection(), InMemoryCollection(), POLICY)
    return resume_case.handler(event, lambda_context(), escalation=escalation, calls=calls, now=NOW)


def test_a_payment_on_the_bus_resumes_the_case_of_its_customer_only(escalation: Escalation) -> None:
    waiting(escalation, "cus_1")
    waiting(escalation, "cus_2")
    pay(ledger(escalation), "cus_1", 10_000)
    pay(ledger(escalation), "cus_2", 10_000)
    event = sqs_event({"detail-type": "PaymentApplied", "detail": {"customer_id": "cus_1"}})
    result = resume(escalation, event)
    assert result == {"batchItemFailures": []}
    assert resumed(escalation) == ["token-cus_1"]


def test_one_bad_message_fails_alone(escalation: Escalation) -> None:
    waiting(escalation)
    pay(ledger(escalation), "cus_1", 10_000)
    event = sqs_event("not json", {"detail": {}}, {"detail": {"customer_id": "cus_1"}})
    result = resume(escalation, event)
    assert result == {"batchItemFailures": [{"itemIdentifier": "m0"}, {"itemIdentifier": "m1"}]}
    assert resumed(escalation) == ["token-cus_1"]


def test_an_event_about_a_customer_without_a_case_does_nothing(escalation: Escalation) -> None:
    event = sqs_event({"detail": {"customer_id": "cus_2"}})
    assert resume(escalation, event) == {"batchItemFailures": []}
    assert resumed(escalation) == []
