"""What comes back after messages were sent: reports, replies, and contacts that no address was found for.

Trigger: the default bus, the topic of replies and ContactRefused on the bus → SQS.
"""

from typing import TYPE_CHECKING, Any

from dunwell_aws.batches import BatchAnswer, each_message
from dunwell_aws.bootstrap import sending
from dunwell_aws.observability import count, logger, observed

if TYPE_CHECKING:
    from dunwell_aws.coming_back import ComingBack


@observed
def handler(event: dict[str, Any], context: Any, *, coming_back: "ComingBack | None" = None) -> BatchAnswer:
    """A batch of them. One that comes twice, or late, changes nothing; a channel that too much comes back on stops."""

    def back() -> "ComingBack":
        return coming_back or sending.coming_back()

    answer = each_message(event, lambda body: back().keep(body))
    if len(answer["batchItemFailures"]) < len(event["Records"]):
        for switch in back().judge():
            logger.error("channel stopped by its breaker", scope=switch.scope, reason=switch.reason)
            count("BreakersOpened")
    return answer
