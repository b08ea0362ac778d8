"""SES reported on a message: kept with the contact, and bad addresses are suppressed. Trigger: default bus → SQS."""

import json
from typing import Any

from dunwell.outreach.delivery import record_delivery
from dunwell_aws import bootstrap
from dunwell_aws.batches import BatchAnswer, each_message
from dunwell_aws.observability import logger, observed
from dunwell_aws.ses_events import feedback


def keep(body: str) -> None:
    report = feedback(json.loads(body)["detail"], bootstrap.clock().now())
    if report is None:
        logger.info("not about a contact")
        return
    record_delivery(report, bootstrap.ledger(), bootstrap.collection())
    logger.info("delivery recorded", contact_id=report.contact_id, outcome=report.outcome)


@observed
def handler(event: dict[str, Any], context: Any) -> BatchAnswer:
    return each_message(event, keep)
