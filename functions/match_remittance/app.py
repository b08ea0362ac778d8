"""A bank file was uploaded: its lines to payments. Trigger: S3 → EventBridge → SQS, and itself when time runs short."""

import json
from functools import cache
from typing import TYPE_CHECKING, Any

from pydantic import Field

from dunwell_aws.aws import client
from dunwell_aws.bank_uploads import BankRun, BankUploads
from dunwell_aws.batches import BatchAnswer, each_message
from dunwell_aws.bootstrap import base, ingestion
from dunwell_aws.environment import IngestEnvironment, read_environment
from dunwell_aws.observability import count, logger, observed

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext


class CashEnvironment(IngestEnvironment):
    """What the matching reads from its variables."""

    cash_queue: str = Field(alias="CASH_QUEUE", min_length=1)


@cache
def _uploads() -> BankUploads:
    return BankUploads(ingestion.results(), ingestion.cash(), base.policy().creditor.timezone)


@observed
def handler(
    event: dict[str, Any], context: "LambdaContext", *, uploads: BankUploads | None = None, queue: Any = None
) -> BatchAnswer:
    """A batch of bank files. A file taken twice posts nothing twice; one that is too long goes on in another run."""

    def take(body: str) -> None:
        message = json.loads(body)
        key, start = message["detail"]["object"]["key"], message.get("start", 0)
        now = base.clock().now()
        run = (uploads or _uploads()).run(key, now, start, context.get_remaining_time_in_millis)
        if isinstance(run, BankRun):
            logger.info(
                "bank file done", status=run.status, lines=run.lines, problems=run.problems, decisions=run.decisions
            )
            for decision, lines in run.decisions.items():
                count(f"BankLines{decision.capitalize()}", lines)
            return
        logger.info("bank file goes on", start=run)
        url = read_environment(CashEnvironment).cash_queue
        rest = json.dumps(message | {"start": run})
        (queue or client("sqs")).send_message(QueueUrl=url, MessageBody=rest)

    return each_message(event, take)
