"""A case on the deployed machine: opened once, worked on at the console, closed by a payment."""

from collections import Counter
from datetime import timedelta

from dunwell.accounts.model import Channel
from dunwell.escalation.case import CaseStatus
from dunwell.outreach.contact import CallOutcome
from dunwell.timezones import zone
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
    deployed.owe(row(number, overdue_days=45, customer_kind="person"))
    deployed.remind(number)
    before = executions(deployed)

    opened = deployed.escalate(number, times=2)
    eventually(lambda: (executions(deployed) - before).total() == 2, WAIT_SECONDS)
    eventually(lambda: executions(deployed) - before == Counter(RUNNING=1, SUCCEEDED=1), WAIT_SECONDS)
    assert opened.reason_codes == ("OVERDUE", "HIGH_RISK", "UNRESPONSIVE_AFTER_WARNING")

    agent = agent_at_console(deployed)
    path = f"/cases/{opened.customer_id}/{opened.case_id}"
    assert f"Customer {number}" in words(agent.get("/"))
    talked_at = deployed.now().astimezone(zone(deployed.policy.creditor.timezone)) - timedelta(minutes=2)
    said = {"outcome": "contacted", "how": "reached", "called_at": f"{talked_at:%Y-%m-%dT%H:%M}"}
    recorded = agent.submit(agent.get(path), path, **said, note="Will pay this week")
    assert "Your note is kept" in words(recorded)
    again = deployed.case(number, CaseStatus.WAITING, after_version=opened.version + 1)

    assert again.task_token != opened.task_token, "the machine judged the case and waits anew"
    assert [(entry.note, entry.agent) for entry in again.history] == [("Will pay this week", "agent@example.com")]
    (call,) = [one for one in deployed.contacts(number) if one.channel is Channel.CALL]
    assert (call.contact_id, call.call_outcome) == (again.history[0].contact_id, CallOutcome.REACHED)
    assert call.decisions[-1].decision_id.startswith("dispatch:"), "what the contact rules said of it is kept"
    assert "Do not call now" in words(agent.get(path))

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
