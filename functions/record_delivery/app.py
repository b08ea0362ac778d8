"""SES reported on a message: kept with the contact, and bad addresses are suppressed. Trigger: default bus → SQS."""

from typing import Any

from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from dunwell.outreach.delivery import record_delivery
from dunwell_aws import bootstrap
from dunwell_aws.observability import logger, observed
from dunwell_aws.ses_events import feedback


def keep(record: SQSRecord) -> None:
    report = feedback(record.json_body["detail"], bootstrap.clock().now())
    if report is None:
        logger.info("not about a contact")
        return
    record_delivery(report, bootstrap.ledger(), bootstrap.collection())
    logger.info("delivery recorded", contact_id=report.contact_id, outcome=report.outcome)


@observed
def handler(event: dict[str, Any], context: Any) -> Any:
    return process_partial_response(event, keep, BatchProcessor(event_type=EventType.SQS), context)
