"""SES reported on a message: kept with the contact, and bad addresses are suppressed. Trigger: default bus → SQS."""

import json
from typing import TYPE_CHECKING, Any

from dunwell.outreach.delivery import record_delivery
from dunwell_aws import bootstrap
from dunwell_aws.batches import BatchAnswer, each_message
from dunwell_aws.observability import logger, observed
from dunwell_aws.ses_events import feedback

if TYPE_CHECKING:
    from dunwell.ledger.ports import Ledger
    from dunwell.outreach.ports import ContactStore


@observed
def handler(
    event: dict[str, Any],
    context: Any,
    *,
    ledger: "Ledger | None" = None,
    contacts: "ContactStore | None" = None,
) -> BatchAnswer:
    """A batch of SES's reports. One that comes twice, or late, changes nothing."""

    def keep(body: str) -> None:
        report = feedback(json.loads(body)["detail"], bootstrap.clock().now())
        if report is None:
            logger.info("not about a contact")
            return
        record_delivery(report, ledger or bootstrap.ledger(), contacts or bootstrap.collection())
        logger.info("delivery recorded", contact_id=report.contact_id, outcome=report.outcome)

    return each_message(event, keep)
