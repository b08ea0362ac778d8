"""A case on the deployed machine: opened once, worked on at the console, closed by a payment."""

from collections import Counter

from dunwell.escalation.case import CaseStatus
from tests.support.debtors import new_number, row
from tests.support.deployment import WAIT_SECONDS, Deployment
from tests.support.emulator import eventually
from tests.support.visitors import agent_at_console, words


def executions(deployed: Deployment) -> Counter[str]:
    """How many executions of the machine there are by status."""
    machine, arn = deployed.stack.client("stepfunctions"), deployed.view.outputs["EscalationArn"]
    pages = machine.get_paginator("list_executions").paginate(stateMachineArn=arn)
    return Counter(execution["status"] for page in pages for execution in page["executions"])


def test_a_doubled_event_is_one_case_which_an_agent_works_on_and_a_payment_closes(deployed: Deployment) -> None:
    number = new_number()
    deployed.owe(row(number, overdue_days=45))
    deployed.remind(number)
    before = executions(deployed)

    opened = deployed.escalate(number, times=2)
    eventually(lambda: (executions(deployed) - before).total() == 2, WAIT_SECONDS)
    eventually(lambda: executions(deployed) - before == Counter(RUNNING=1, SUCCEEDED=1), WAIT_SECONDS)
    assert opened.reason_codes == ("OVERDUE", "HIGH_RISK", "UNRESPONSIVE_AFTER_WARNING")

    agent = agent_at_console(deployed)
    path = f"/cases/{opened.customer_id}/{opened.case_id}"
    assert f"Customer {number}" in words(agent.get("/"))
    recorded = agent.submit(agent.get(path), path, outcome="contacted", note="Will pay this week")
    assert "Your note is kept" in words(recorded)
    again = deployed.case(number, CaseStatus.WAITING, after_version=opened.version + 1)

    assert again.task_token != opened.task_token, "the machine judged the case and waits anew"
    assert [(entry.note, entry.agent) for entry in again.history] == [("Will pay this week", "agent@example.com")]

    deployed.pay(number)
    closed = deployed.case(number, CaseStatus.CLOSED)
    assert closed.outcome == "settled"
    eventually(lambda: executions(deployed) - before == Counter(SUCCEEDED=2), WAIT_SECONDS)
    assert f"Customer {number}" not in words(agent.get("/"))


def test_the_console_shows_nothing_to_who_is_not_signed_in(deployed: Deployment) -> None:
    stranger = agent_at_console(deployed)
    signed_out = stranger.submit(stranger.get("/"), "/sign-out")

    assert "Sign in" in words(signed_out)
    assert "Worklist" not in words(stranger.get("/"))
