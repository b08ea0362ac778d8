"""The Singer target without a bucket: what goes into which file, and when STATE comes back."""

import json
from typing import IO, Any

import pytest

from infra.singer.config import read_config
from infra.singer.errors import TargetError
from infra.singer.target import Batches

SCHEMA = {"type": "SCHEMA", "stream": "invoices", "schema": {"properties": {"id": {}}}, "key_properties": ["id"]}


def record(number: int, stream: str = "invoices") -> dict[str, Any]:
    return {"type": "RECORD", "stream": stream, "record": {"id": number}}


def state(value: Any) -> dict[str, Any]:
    return {"type": "STATE", "value": value}


class Bucket:
    """Keeps what is sent and what is told, in one order; refuses to take more than so many files."""

    def __init__(self, room: int = 99) -> None:
        self.events: list[Any] = []
        self.room = room

    def send(self, file: IO[bytes], records: int) -> None:
        if len(self.files) == self.room:
            raise TargetError("the bucket is full")
        self.events.append([json.loads(line) for line in file])
        assert records == sum(one["type"] == "RECORD" for one in self.events[-1])

    @property
    def files(self) -> list[list[dict[str, Any]]]:
        return [event for event in self.events if isinstance(event, list)]

    @property
    def states(self) -> list[Any]:
        return [event["state"] for event in self.events if isinstance(event, dict)]

    def take(self, *messages: Any, batch_records: int = 2, batch_bytes: int = 10_000) -> None:
        batches = Batches(self.send, lambda value: self.events.append({"state": value}), batch_records, batch_bytes)
        batches.take(one if isinstance(one, bytes) else json.dumps(one).encode() for one in messages)


def test_every_record_is_in_one_file_in_its_order_and_every_file_can_be_read_alone() -> None:
    bucket = Bucket()
    bucket.take(SCHEMA, *(record(n) for n in range(5)))
    assert [len(file) - 1 for file in bucket.files] == [2, 2, 1]
    assert all(file[0] == SCHEMA for file in bucket.files)
    assert [one["record"]["id"] for file in bucket.files for one in file[1:]] == [0, 1, 2, 3, 4]


def test_state_is_told_only_after_all_that_came_before_it_was_sent() -> None:
    bucket = Bucket()
    bucket.take(SCHEMA, record(1), state("a"), record(2), state("b"), record(3), state("c"))
    assert [event if isinstance(event, dict) else len(event) for event in bucket.events] == [
        4,
        {"state": "a"},
        {"state": "b"},
        3,
        {"state": "c"},
    ]


def test_of_states_that_nothing_was_sent_between_only_the_last_is_told() -> None:
    bucket = Bucket()
    bucket.take(SCHEMA, record(1), state("a"), state("b"), batch_records=9)
    assert bucket.states == ["b"]


def test_when_a_file_cannot_be_sent_the_state_after_it_is_not_told() -> None:
    bucket = Bucket(room=1)
    with pytest.raises(TargetError, match="full"):
        bucket.take(SCHEMA, record(1), record(2), state("a"), record(3), state("b"))
    assert bucket.states == ["a"]


def test_a_file_ends_at_its_size_too() -> None:
    bucket = Bucket()
    bucket.take(SCHEMA, record(1), record(2), batch_records=99, batch_bytes=1)
    assert len(bucket.files) == 2


def test_a_tap_that_found_nothing_sends_nothing_and_still_tells_its_state() -> None:
    bucket = Bucket()
    bucket.take(SCHEMA, b"", state({"done": True}))
    assert (bucket.files, bucket.states) == ([], [{"done": True}])


def test_that_a_streams_version_ended_is_sent_even_alone() -> None:
    bucket = Bucket()
    ended = {"type": "ACTIVATE_VERSION", "stream": "invoices", "version": 3}
    bucket.take(SCHEMA, record(1), record(2), ended)
    assert bucket.files[1] == [SCHEMA, ended]


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (b"INFO starting", "line 2 is not JSON"),
        (b"[1]", "line 2 is not a Singer message"),
        ({"type": "RECORD", "stream": "customers", "record": {}}, "before its SCHEMA"),
        ({"type": "RECORD", "record": {}}, "must name its stream"),
        ({"type": "BATCH", "stream": "invoices"}, "BATCH messages are not supported"),
        ({"record": {}}, "None messages are not supported"),
    ],
)
def test_what_is_no_singer_stops_the_run_by_its_line(message: Any, reason: str) -> None:
    bucket = Bucket()
    with pytest.raises(TargetError, match=reason):
        bucket.take(SCHEMA, message, state("never"))
    assert bucket.events == []


def test_options_go_before_the_file_and_the_file_before_the_environment(tmp_path: Any) -> None:
    file = tmp_path / "config.json"
    file.write_text(json.dumps({"bucket": "of-file", "source": "hubspot", "batch_records": 5}))
    variables = {"DUNWELL_INGEST_BUCKET": "of-environment", "AWS_ENDPOINT_URL": "http://127.0.0.1:1"}
    config = read_config(["--config", str(file), "--source", "xero"], variables)
    assert (config.bucket, config.source, config.endpoint_url) == ("of-file", "xero", "http://127.0.0.1:1")
    assert config.batch_records == 5


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ('{"source": "hubspot"}', "bucket is missing"),
        ('{"bucket": "b"}', "source is missing"),
        ('{"bucket": "b", "source": "../x"}', "source must be"),
        ('{"bucket": "b", "source": "x", "batch_records": 0}', "batch_records must be"),
        ('{"bucket": "b", "source": "x", "batch_bytes": "1"}', "batch_bytes must be"),
        ('{"buckt": "b"}', "must be an object with"),
        ("{", "cannot be read"),
    ],
)
def test_a_wrong_setting_is_named(tmp_path: Any, content: str, reason: str) -> None:
    file = tmp_path / "config.json"
    file.write_text(content)
    with pytest.raises(TargetError, match=reason):
        read_config(["--config", str(file)], {})
