"""Debits what is due from saved methods and moves agreements on. Trigger: a schedule through a queue."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import TYPE_CHECKING, Any

from pydantic import Field

from dunwell.errors import ConflictError, UnavailableError
from dunwell.ledger.ports import SHARDS
from dunwell.timezones import zone
from dunwell_aws.aws import client
from dunwell_aws.batches import BatchAnswer, each_message
from dunwell_aws.bootstrap import base, books, payments
from dunwell_aws.environment import GatewayEnvironment, LedgerEnvironment, read_environment
from dunwell_aws.observability import count, logger, observed

if TYPE_CHECKING:
    from dunwell.ledger.ports import Ledger
    from dunwell.payments.debits import Collected, DebitCollector

THREADS = 8


class CollectInstalmentsEnvironment(LedgerEnvironment, GatewayEnvironment):
    """What collecting reads from its variables."""

    debits_queue: str = Field(alias="DEBITS_QUEUE", min_length=1)


@observed
def handler(
    event: dict[str, Any],
    context: Any,
    *,
    ledger: "Ledger | None" = None,
    collector: "DebitCollector | None" = None,
    now: datetime | None = None,
    queue: Any = None,
) -> BatchAnswer:
    """A batch of orders: one without a shard is for all and is spread over the queue; nothing is debited twice."""

    def take(body: str) -> None:
        shard = json.loads(body).get("shard")
        if shard is None:
            _spread(queue or client("sqs"))
            return
        at = (now or base.clock().now()).astimezone(zone(base.policy().creditor.timezone))
        listed = list((ledger or books.ledger()).agenda(int(shard), at.date()))
        if not listed:  # most parts, most hours: the gateway's SDK is not even imported
            return
        debits = collector or payments.debit_collector()
        with ThreadPoolExecutor(THREADS) as pool:
            failed = [error for error in pool.map(lambda one: _collect(debits, one, at), listed) if error]
        logger.info("agenda done", shard=shard, accounts=len(listed), failed=len(failed))
        if failed:
            raise failed[0]

    return each_message(event, take)


def _spread(queue: Any) -> None:
    """An order for each shard, so that each is a run of its own."""
    url = read_environment(CollectInstalmentsEnvironment).debits_queue
    orders = [json.dumps({"shard": shard}) for shard in range(SHARDS)]
    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(lambda order: queue.send_message(QueueUrl=url, MessageBody=order), orders))


def _collect(debits: "DebitCollector", customer_id: str, at: datetime) -> Exception | None:
    """One account; what went wrong with it does not keep the others waiting."""
    try:
        done = debits.collect(customer_id, at)
    except (UnavailableError, ConflictError) as error:
        logger.warning("account waits", customer_id=customer_id, kind=type(error).__name__)
        return error
    except Exception as error:
        logger.exception("account failed", customer_id=customer_id)
        return error
    _tell(customer_id, done)
    return None


def _tell(customer_id: str, done: "Collected") -> None:
    for attempt in done.attempts:
        count(f"Debits{attempt.status.value.capitalize()}")
        logger.info("debit", customer_id=customer_id, attempt=attempt.attempt_id, status=attempt.status)
    for refusal in done.refusals:
        logger.info("debit waits", customer_id=customer_id, purpose=refusal.purpose, rule=refusal.rule)
