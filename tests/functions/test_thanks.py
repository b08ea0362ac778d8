"""Thanks are planned when the bus says that an account changed."""

from dataclasses import replace

import pytest

from dunwell.escalation.escalation import Escalation
from dunwell.outreach.policy import Policy, Thanks
from dunwell.outreach.tasks import TaskDesk
from functions.resume_case import app as resume_case
from tests.support.decisions import DecisionsBucket, decision_log
from tests.support.escalation import RecordedExecutions
from tests.support.invocation import lambda_context, set_variables, sqs_event
from tests.support.ledger import paid
from tests.support.memory import InMemoryCollection, InMemoryLedger
from tests.support.outreach import NOW, POLICY, TODAY, overdue, sent
from tests.support.portal import account


@pytest.mark.parametrize(
    ("policy", "stages"), [(replace(POLICY, thanks=Thanks()), ["due", "thanks"]), (POLICY, ["due"])]
)
def test_who_paid_what_a_reminder_asked_for_is_thanked_once_however_often_the_bus_says_so(
    monkeypatch: pytest.MonkeyPatch, policy: Policy, stages: list[str]
) -> None:
    set_variables(monkeypatch)
    owing = account(overdue(10), replace(paid(overdue(10)), on=TODAY))
    ledger, store = InMemoryLedger(owing), InMemoryCollection(sent("due", 5))
    cases = Escalation(store, ledger, RecordedExecutions())
    calls, bucket = TaskDesk(ledger, store, store, policy), DecisionsBucket()
    log = decision_log(bucket)
    event = sqs_event({"detail": {"customer_id": "cus_anna"}}, {"detail": {"customer_id": "cus_anna"}})
    answer = resume_case.handler(
        event,
        lambda_context(),
        escalation=cases,
        ledger=ledger,
        store=store,
        log=log,
        calls=calls,
        policy=policy,
        now=NOW,
    )
    assert answer == {"batchItemFailures": []}
    assert [one.stage for one in store.contacts.values()] == stages
    assert len(bucket.files) == len(stages) - 1
