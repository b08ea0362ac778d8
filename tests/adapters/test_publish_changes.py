"""The outbox reaches the bus through the deployed stack: stream, filter, function, IAM, bus, queue."""

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest

from infra.local.stack import LocalStack
from tests.support.template import ROOT

pytestmark = pytest.mark.enable_socket


@pytest.fixture(scope="module")
def stack() -> Iterator[LocalStack]:
    with LocalStack(sandboxes=False, run_dir=ROOT / ".local" / "test-run" / "publish") as stack:
        stack.build()
        stack.deploy()
        read_by_nobody_else(stack)
        yield stack


def read_by_nobody_else(stack: LocalStack) -> None:
    """Ends the function's reading of the cases' queue: these tests read it themselves."""
    client, name = stack.client("lambda"), stack.functions()["ResumeCase"]
    for mapping in client.list_event_source_mappings(FunctionName=name)["EventSourceMappings"]:
        client.delete_event_source_mapping(UUID=mapping["UUID"])


def change(number: int) -> dict[str, Any]:
    return {
        "id": f"e{number}",
        "name": "PaymentApplied",
        "customer_id": "c1",
        "occurred_at": "2026-01-31T09:00:00Z",
        "data": {"amount_minor": 1200 + number, "currency": "EUR"},
    }


def received(stack: LocalStack, count: int, timeout_seconds: float = 20) -> list[dict[str, Any]]:
    queue, sqs = stack.outputs()["CaseEventsQueueUrl"], stack.client("sqs")
    bodies: list[dict[str, Any]] = []
    deadline = time.monotonic() + timeout_seconds
    while len(bodies) < count and time.monotonic() < deadline:
        answer = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10, WaitTimeSeconds=1)
        for message in answer.get("Messages", []):
            bodies.append(json.loads(message["Body"]))
            sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
    return bodies


def test_every_event_of_an_outbox_item_reaches_the_queue_of_the_cases(stack: LocalStack) -> None:
    table = stack.session.resource("dynamodb").Table(stack.outputs()["LedgerTableName"])
    changes = [change(number) for number in range(24)]

    table.put_item(Item={"pk": "CUS#c1", "sk": "INV#1", "events": [change(99)]})  # not in the outbox
    table.put_item(Item={"pk": "CUS#c1", "sk": "OUTBOX#01", "events": changes[:23]})
    table.put_item(Item={"pk": "CUS#c1", "sk": "COLLECT#CONTACT#con_1", "events": changes[23:]})
    table.put_item(Item={"pk": "CUS#c1", "sk": "COLLECT#CONTACT#con_1"})  # the contact's next state

    bodies = received(stack, len(changes))
    assert sorted((body["detail"] for body in bodies), key=lambda d: int(d["id"][1:])) == changes
    assert {(body["source"], body["detail-type"]) for body in bodies} == {("dunwell.ledger", "PaymentApplied")}


def test_the_properties_that_the_local_aws_drops_are_applied_after_the_deploy(stack: LocalStack) -> None:
    dynamodb, table = stack.client("dynamodb"), stack.outputs()["LedgerTableName"]

    ttl = dynamodb.describe_time_to_live(TableName=table)["TimeToLiveDescription"]
    backups = dynamodb.describe_continuous_backups(TableName=table)["ContinuousBackupsDescription"]

    assert (ttl["TimeToLiveStatus"], ttl["AttributeName"]) == ("ENABLED", "ttl")
    assert backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"] == "ENABLED"
