"""The default EventBridge bus of the local AWS, as SES itself reaches it.

Only AWS services may publish events whose source begins with `aws.`. A bus that enforces this refuses the
sandbox's PutEvents with NotAuthorizedForSourceException, although the sandbox stands in for such a service.
Then the sandbox does the last step itself: it asks the bus which rules match and hands the event to their
targets (standard queues and functions; it warns of others). So the template's rule says `aws.ses` here as on
AWS, and no function knows the difference.
"""

from __future__ import annotations

import json
import logging
import os
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config

from infra.local.ses_sandbox.events import ACCOUNT_ID, SOURCE, MailEvent

if TYPE_CHECKING:
    from mypy_boto3_events.type_defs import TargetOutputTypeDef

_LOG = logging.getLogger(__name__)
_REFUSED_SOURCE = "NotAuthorizedForSourceException"


class BusError(Exception):
    """The bus answered, but did not take the event."""


class EventBus:
    """Publishes to the default bus at one endpoint."""

    def __init__(self, endpoint_url: str, region: str) -> None:
        """Credentials come from the environment; `test`/`test` where it has none."""
        session = boto3.Session(
            aws_access_key_id=os.environ.get("AWS_ACCESS_KEY_ID", "test"),
            aws_secret_access_key=os.environ.get("AWS_SECRET_ACCESS_KEY", "test"),
            aws_session_token=os.environ.get("AWS_SESSION_TOKEN"),
            region_name=region,
        )
        config = Config(retries={"total_max_attempts": 1}, connect_timeout=2, read_timeout=10)
        self._region = region
        self._source_refused = False
        self._events = session.client("events", endpoint_url=endpoint_url, config=config)
        self._sqs = session.client("sqs", endpoint_url=endpoint_url, config=config)
        self._lambda = session.client("lambda", endpoint_url=endpoint_url, config=config)
        self._targets: dict[str, Callable[[TargetOutputTypeDef, str], object]] = {
            "sqs": self._to_queue,
            "lambda": self._to_function,
        }

    def put(self, event: MailEvent) -> None:
        """Publish `event`; raise BusError or a botocore error when it must be tried again."""
        now = datetime.now(UTC)
        if not self._source_refused:
            self._source_refused = not self._put_events(event, now)
        if self._source_refused:
            self._hand_to_targets(_envelope(event, self._region, now))

    def _put_events(self, event: MailEvent, now: datetime) -> bool:
        """Return whether the bus takes events of this source."""
        answer = self._events.put_events(
            Entries=[
                {
                    "Time": now,
                    "Source": SOURCE,
                    "Resources": list(event.resources),
                    "DetailType": event.detail_type,
                    "Detail": json.dumps(event.detail),
                }
            ]
        )
        entry = answer["Entries"][0]
        code = entry.get("ErrorCode")
        if code and code != _REFUSED_SOURCE:
            raise BusError(f"{code}: {entry.get('ErrorMessage', '')}")
        return code is None

    def _hand_to_targets(self, envelope: dict[str, Any]) -> None:
        for rule in self._matching_rules(envelope):
            for target in self._events.list_targets_by_rule(Rule=rule)["Targets"]:
                service = target["Arn"].split(":")[2]
                unknown = service not in self._targets or target["Arn"].endswith(".fifo")
                if unknown or "InputTransformer" in target:
                    _LOG.warning("Rule %s: cannot hand mail events to target %s.", rule, target["Arn"])
                else:
                    self._targets[service](target, _input(target, envelope))

    def _matching_rules(self, envelope: dict[str, Any]) -> Iterator[str]:
        for page in self._events.get_paginator("list_rules").paginate(EventBusName="default"):
            for rule in page["Rules"]:
                pattern = rule.get("EventPattern")
                if not pattern or rule.get("State") != "ENABLED" or _names_other_sources(pattern):
                    continue
                event = json.dumps(envelope)
                if self._events.test_event_pattern(EventPattern=pattern, Event=event)["Result"]:
                    yield rule["Name"]

    def _to_queue(self, target: TargetOutputTypeDef, body: str) -> None:
        url = self._sqs.get_queue_url(QueueName=target["Arn"].split(":")[5])["QueueUrl"]
        self._sqs.send_message(QueueUrl=url, MessageBody=body)

    def _to_function(self, target: TargetOutputTypeDef, body: str) -> None:
        self._lambda.invoke(FunctionName=target["Arn"], InvocationType="Event", Payload=body.encode())


def _names_other_sources(pattern: str) -> bool:
    """Tell whether a rule plainly names sources, none of them SES: most do, which spares a call."""
    sources = json.loads(pattern).get("source")
    return bool(sources) and SOURCE not in sources and all(isinstance(name, str) for name in sources)


def _envelope(event: MailEvent, region: str, now: datetime) -> dict[str, Any]:
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": event.detail_type,
        "source": SOURCE,
        "account": ACCOUNT_ID,
        "time": now.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "region": region,
        "resources": list(event.resources),
        "detail": event.detail,
    }


def _input(target: TargetOutputTypeDef, envelope: dict[str, Any]) -> str:
    """Return what the target is given: its constant Input, the part at its InputPath, or the whole event."""
    if "Input" in target:
        return target["Input"]
    part: Any = envelope
    for name in target.get("InputPath", "$").split(".")[1:]:
        part = part[name]
    return json.dumps(part)
