"""Reading the outbox and keeping within what the bus takes."""

from typing import Any

import pytest

from dunwell_aws.outbox import PublishError, publish, read_outbox


class FakeBus:
    """Accepts what EventBridge accepts, and refuses events named `refuse`."""

    def __init__(self) -> None:
        self.requests: list[list[dict[str, Any]]] = []

    def put_events(self, *, Entries: list[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803  boto3's name
        assert 1 <= len(Entries) <= 10
        self.requests.append(Entries)
        answers = [{"ErrorCode": "X"} if e["DetailType"] == "refuse" else {"EventId": "1"} for e in Entries]
        return {"FailedEntryCount": sum("ErrorCode" in a for a in answers), "Entries": answers}


def event(name: str = "InvoiceAdded", text: str = "") -> dict[str, Any]:
    return {
        "id": "1",
        "name": name,
        "customer_id": "c",
        "occurred_at": "2026-01-01T00:00:00Z",
        "data": {"t": text},
    }


def put(events: list[dict[str, Any]]) -> list[int]:
    bus: Any = FakeBus()
    assert publish(bus, "bus", events) == len(events)
    return [len(request) for request in bus.requests]


def test_events_leave_in_requests_of_ten() -> None:
    assert put([event()] * 23) == [10, 10, 3]


def test_a_request_stays_under_256_kib() -> None:
    assert put([event(text="x" * 100_000)] * 5) == [2, 2, 1]


def test_an_empty_outbox_makes_no_request() -> None:
    assert put([]) == []


def test_a_refused_event_fails_the_batch() -> None:
    bus: Any = FakeBus()
    with pytest.raises(PublishError, match="1 of 2 events refused: X"):
        publish(bus, "bus", [event(), event("refuse")])


def test_an_event_larger_than_the_bus_takes_is_named_as_such() -> None:
    bus: Any = FakeBus()
    with pytest.raises(PublishError, match="larger than the bus takes"):
        publish(bus, "bus", [event(text="x" * 300_000)])


def test_events_come_out_of_the_stream_in_their_order() -> None:
    def image(*names: str) -> dict[str, Any]:
        listed = [{"M": {"name": {"S": name}, "n": {"N": "5"}}} for name in names]
        return {"dynamodb": {"NewImage": {"sk": {"S": "OUTBOX#1"}, "events": {"L": listed}}}}

    assert read_outbox([image("a", "b"), image("c")]) == [
        {"name": "a", "n": 5},
        {"name": "b", "n": 5},
        {"name": "c", "n": 5},
    ]
