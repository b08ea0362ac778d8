"""Resumes escalations that a change of the ledger has ended; triggered by the bus through a queue."""

import json
from datetime import datetime
from typing import TYPE_CHECKING, Any

from dunwell.dates import business_date
from dunwell_aws import bootstrap
from dunwell_aws.batches import BatchAnswer, each_message
from dunwell_aws.observability import count, observed

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

    from dunwell.escalation.escalation import Escalation


@observed
def handler(
    event: dict[str, Any],
    context: "LambdaContext",
    *,
    escalation: "Escalation | None" = None,
    now: datetime | None = None,
) -> BatchAnswer:
    """A batch of the bus's events. Resuming twice resumes once, so a message that comes again does no harm."""
    at = now or bootstrap.clock().now()
    today = business_date(at, bootstrap.policy().creditor.timezone)
    cases = escalation or bootstrap.escalation()

    def resume(body: str) -> None:
        count("CasesResumed", cases.resume_ended(json.loads(body)["detail"]["customer_id"], today))

    return each_message(event, resume)
