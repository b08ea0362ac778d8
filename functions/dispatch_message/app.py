"""A contact was planned: sends it if that is still right. Trigger: ContactPlanned on the bus → SQS."""

import json
from typing import TYPE_CHECKING, Any

from dunwell_aws.batches import BatchAnswer, each_message
from dunwell_aws.bootstrap import sending
from dunwell_aws.environment import (
    AccessEnvironment,
    ChannelsEnvironment,
    DecisionsEnvironment,
    MailEnvironment,
    UrlsEnvironment,
    read_environment,
)
from dunwell_aws.observability import count, logger, observed

if TYPE_CHECKING:
    from dunwell.outreach.dispatch import Dispatcher

THREADS = 10
"""As many as a batch has messages: nearly all of a dispatch is waiting for the table and the channel's service."""


class DispatchEnvironment(
    DecisionsEnvironment, AccessEnvironment, MailEnvironment, UrlsEnvironment, ChannelsEnvironment
):
    """What dispatch reads from its variables."""


def _dispatcher() -> "Dispatcher":
    read_environment(DispatchEnvironment)
    return sending.dispatcher()


@observed
def handler(event: dict[str, Any], context: Any, *, dispatcher: "Dispatcher | None" = None) -> BatchAnswer:
    """A batch of planned contacts, one customer's after each other. One that comes again is not sent again."""
    ways = dispatcher or _dispatcher()

    def dispatch(body: str) -> None:
        fact = json.loads(body)["detail"]
        contact_id = fact["data"]["contact_id"]
        status = ways.dispatch(fact["customer_id"], contact_id)
        logger.info("contact dispatched", contact_id=contact_id, status=status)
        count("".join(part.capitalize() for part in f"contact_{status}".split("_")))

    return each_message(
        event, dispatch, threads=THREADS, together=lambda body: json.loads(body)["detail"]["customer_id"]
    )
