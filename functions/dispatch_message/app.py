"""A contact was planned: sends it if that is still right. Trigger: ContactPlanned on the bus → SQS."""

import json
from functools import cache
from typing import Any

from dunwell.accounts.model import Channel
from dunwell.outreach.dispatch import Dispatcher, Sender
from dunwell_aws import bootstrap
from dunwell_aws.batches import BatchAnswer, each_message
from dunwell_aws.environment import (
    AccessEnvironment,
    DecisionsEnvironment,
    MailEnvironment,
    UrlsEnvironment,
    read_environment,
)
from dunwell_aws.observability import count, logger, observed


class DispatchEnvironment(DecisionsEnvironment, AccessEnvironment, MailEnvironment, UrlsEnvironment):
    """What dispatch reads from its variables."""


@cache
def _dispatcher() -> Dispatcher:
    read_environment(DispatchEnvironment)
    senders: dict[Channel, Sender] = {Channel.EMAIL: bootstrap.email_sender(), Channel.SMS: bootstrap.sms_sender()}
    return Dispatcher(
        bootstrap.ledger(),
        bootstrap.collection(),
        senders,
        bootstrap.policy(),
        bootstrap.clock().now,
        bootstrap.decision_log(),
    )


@observed
def handler(event: dict[str, Any], context: Any, *, dispatcher: Dispatcher | None = None) -> BatchAnswer:
    """A batch of planned contacts. One that comes again is not sent again."""

    def dispatch(body: str) -> None:
        fact = json.loads(body)["detail"]
        contact_id = fact["data"]["contact_id"]
        status = (dispatcher or _dispatcher()).dispatch(fact["customer_id"], contact_id)
        logger.info("contact dispatched", contact_id=contact_id, status=status)
        count(f"Contact{str(status).capitalize()}")

    return each_message(event, dispatch)
