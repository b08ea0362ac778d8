"""A contact was planned: sends it if that is still right. Trigger: ContactPlanned on the bus → SQS."""

import json
from functools import cache
from typing import Any

from dunwell.accounts.model import Channel
from dunwell.outreach.dispatch import Dispatcher, Sender
from dunwell_aws import bootstrap
from dunwell_aws.batches import BatchAnswer, each_message
from dunwell_aws.observability import count, logger, observed


@cache
def dispatcher() -> Dispatcher:
    senders: dict[Channel, Sender] = {Channel.EMAIL: bootstrap.email_sender(), Channel.SMS: bootstrap.sms_sender()}
    return Dispatcher(bootstrap.ledger(), bootstrap.collection(), senders, bootstrap.policy(), bootstrap.clock().now)


def dispatch(body: str) -> None:
    fact = json.loads(body)["detail"]
    status = dispatcher().dispatch(fact["customer_id"], fact["data"]["contact_id"])
    logger.info("contact dispatched", contact_id=fact["data"]["contact_id"], status=status)
    count(f"Contact{str(status).capitalize()}")


@observed
def handler(event: dict[str, Any], context: Any) -> BatchAnswer:
    return each_message(event, dispatch)
