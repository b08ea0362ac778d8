"""Lets the contacts leave whose hour has come. Trigger: a schedule through a queue."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import TYPE_CHECKING, Any

from dunwell.ledger.ports import SHARDS
from dunwell.outreach.release import release_due
from dunwell_aws.batches import BatchAnswer, each_message
from dunwell_aws.bootstrap import base, outreach
from dunwell_aws.observability import count, logger, observed

if TYPE_CHECKING:
    from dunwell.outreach.release import WaitingContacts

THREADS = 8


@observed
def handler(
    event: dict[str, Any], context: Any, *, store: "WaitingContacts | None" = None, now: datetime | None = None
) -> BatchAnswer:
    """A batch of orders, each for all that is due; what was let go leaves once."""

    def release(_body: str) -> None:
        contacts, at = store or outreach.collection(), now or base.clock().now()
        with ThreadPoolExecutor(THREADS) as pool:
            released = sum(pool.map(lambda shard: release_due(contacts, shard, at), range(SHARDS)))
        logger.info("contacts released", released=released)
        count("ContactsReleased", released)

    return each_message(event, release)
