"""Reading the ledger's outbox from its stream, and putting it on the bus."""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from dunwell_aws.dynamo_json import unmarshal

if TYPE_CHECKING:
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_events.type_defs import PutEventsRequestEntryTypeDef

SOURCE = "dunwell.ledger"
ENTRIES_PER_REQUEST = 10
BYTES_PER_REQUEST = 256 * 1024


class PublishError(Exception):
    """The bus refused events, or an event is larger than it takes."""


def read_outbox(records: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The events in a batch of the ledger's stream, in the order they happened.

    Each event has event_id, name, customer_id, occurred_at and data. They stand in outbox items and in the
    ledger's journal, where a change may have none.
    """
    images = (record["dynamodb"]["NewImage"] for record in records)
    return [event for image in images if "events" in image for event in unmarshal(image["events"])]


def publish(client: "EventBridgeClient", bus_name: str, events: Iterable[Mapping[str, Any]]) -> int:
    """Puts events on the bus and returns how many.

    Raises PublishError when the bus refuses any. The stream then brings the whole batch again, so readers
    of the bus recognise an event they have seen by its id.
    """
    count = 0
    for chunk in _chunks(_entry(bus_name, event) for event in events):
        answer = client.put_events(Entries=chunk)
        if answer["FailedEntryCount"]:
            codes = sorted({entry["ErrorCode"] for entry in answer["Entries"] if "ErrorCode" in entry})
            raise PublishError(f"{answer['FailedEntryCount']} of {len(chunk)} events refused: {', '.join(codes)}")
        count += len(chunk)
    return count


def _entry(bus_name: str, event: Mapping[str, Any]) -> "PutEventsRequestEntryTypeDef":
    detail = json.dumps(event, ensure_ascii=False, separators=(",", ":"))
    return {"EventBusName": bus_name, "Source": SOURCE, "DetailType": event["name"], "Detail": detail}


def _size(entry: "PutEventsRequestEntryTypeDef") -> int:
    return sum(len(entry[part].encode()) for part in ("Source", "DetailType", "Detail"))


def _chunks(
    entries: "Iterable[PutEventsRequestEntryTypeDef]",
) -> "Iterator[list[PutEventsRequestEntryTypeDef]]":
    """Requests within both limits of PutEvents: ten entries, and 256 KiB together."""
    chunk: list[PutEventsRequestEntryTypeDef] = []
    used = 0
    for entry in entries:
        size = _size(entry)
        if size > BYTES_PER_REQUEST:
            raise PublishError(f"event of {size} bytes is larger than the bus takes ({BYTES_PER_REQUEST})")
        if chunk and (len(chunk) == ENTRIES_PER_REQUEST or used + size > BYTES_PER_REQUEST):
            yield chunk
            chunk, used = [], 0
        chunk.append(entry)
        used += size
    if chunk:
        yield chunk
