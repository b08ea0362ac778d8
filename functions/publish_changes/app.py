"""Publishes the ledger's outbox to the bus; triggered by the ledger's stream."""

import os
from functools import cache
from typing import TYPE_CHECKING, Any

import boto3
from aws_lambda_powertools import Logger

from dunwell_aws.outbox import publish, read_outbox

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext
    from mypy_boto3_events import EventBridgeClient

logger = Logger()


@cache
def _bus() -> "EventBridgeClient":
    return boto3.client("events")


@logger.inject_lambda_context(clear_state=True)
def handler(event: dict[str, Any], context: "LambdaContext") -> None:
    """Forwards one batch. Raises when an event could not be published: the stream brings the batch again."""
    published = publish(_bus(), os.environ["BUS_NAME"], read_outbox(event["Records"]))
    logger.info("published", extra={"records": len(event["Records"]), "events": published})
