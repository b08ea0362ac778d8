"""Publishes the ledger's outbox to the bus. Trigger: the ledger's stream."""

from functools import cache
from typing import TYPE_CHECKING, Any

from pydantic import Field

from dunwell_aws.aws import client
from dunwell_aws.environment import Environment, read_environment
from dunwell_aws.observability import logger, observed
from dunwell_aws.outbox import publish, read_outbox

if TYPE_CHECKING:
    from mypy_boto3_events import EventBridgeClient


class PublishEnvironment(Environment):
    """What publishing reads from its variables."""

    bus_name: str = Field(alias="BUS_NAME", min_length=1)


@cache
def bus_name() -> str:
    return read_environment(PublishEnvironment).bus_name


@observed
def handler(event: dict[str, Any], context: Any, *, bus: "EventBridgeClient | None" = None) -> None:
    """Forwards one batch; raises when an event could not be published, and the stream brings the batch again."""
    published = publish(bus or client("events"), bus_name(), read_outbox(event["Records"]))
    logger.info("published", records=len(event["Records"]), events=published)
