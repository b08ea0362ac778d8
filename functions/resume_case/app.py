"""Resumes escalations that a change of the ledger has ended, takes back calls, thanks; triggered by the bus's queue."""

import json
from datetime import datetime
from typing import TYPE_CHECKING, Any

from dunwell.dates import business_date
from dunwell.outreach.thanks import thank
from dunwell_aws.batches import BatchAnswer, each_message
from dunwell_aws.bootstrap import base, books, outreach
from dunwell_aws.observability import count, observed

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

    from dunwell.escalation.escalation import Escalation
    from dunwell.ledger.ports import Ledger
    from dunwell.outreach.policy import Policy
    from dunwell.outreach.ports import ContactStore
    from dunwell.outreach.tasks import TaskDesk
    from dunwell.outreach.thanks import ThanksLog


@observed
def handler(
    event: dict[str, Any],
    context: "LambdaContext",
    *,
    escalation: "Escalation | None" = None,
    ledger: "Ledger | None" = None,
    store: "ContactStore | None" = None,
    log: "ThanksLog | None" = None,
    calls: "TaskDesk | None" = None,
    policy: "Policy | None" = None,
    now: datetime | None = None,
) -> BatchAnswer:
    """A batch of the bus's events. All of it is done once, so a message that comes again does no harm."""
    at, rules = now or base.clock().now(), policy or base.policy()
    today = business_date(at, rules.creditor.timezone)
    cases = escalation or outreach.escalation()

    desk = calls or outreach.task_desk()

    def kept() -> "ThanksLog":
        return log or outreach.decision_log()

    def follow(body: str) -> None:
        customer_id = json.loads(body)["detail"]["customer_id"]
        count("CasesResumed", cases.resume_ended(customer_id, today))
        count("CallsWithdrawn", desk.withdraw_calls(customer_id, at))
        count("ApprovalsKept", desk.keep_approvals(customer_id, at))
        if rules.thanks:
            accounts, contacts = ledger or books.ledger(), store or outreach.collection()
            count("ThanksPlanned", len(thank(customer_id, accounts, contacts, kept, rules, today, at)))

    return each_message(event, follow)
