"""The steps of a large file: divided, imported by ranges, joined; whatever happens between them."""

import json
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from dunwell.ingestion.run import FileImport
from dunwell.ingestion.taking import Importer
from dunwell.ledger.change import Change
from dunwell_aws.large_files import LargeImport
from dunwell_aws.results import Results
from dunwell_aws.uploads import in_threads
from functions.import_file import app
from tests.support.bucket import InMemoryBucket
from tests.support.files import sources, take_file
from tests.support.invocation import lambda_context, set_variables
from tests.support.memory import InMemoryKnownFacts, InMemoryLedger
from tests.support.receivables import AT, csv_file

ROWS: list[dict[str, str]] = [
    {"customer_number": f"C-{n % 17}", "invoice_number": f"A-{n}", "customer_name": 'Anna "A"\n& Co'}
    for n in range(200)
]
KEY = "uploads/a"


class World:
    """A bucket with one file, and a ledger; the steps as the state machine takes them."""

    def __init__(self, content: bytes) -> None:
        self.bucket, self.ledger = InMemoryBucket(a=content), InMemoryLedger()
        files = FileImport(Importer(self.ledger, "example", InMemoryKnownFacts()), in_threads, 8)
        self.large = LargeImport(Results(self.bucket, "ingest"), files, sources(), 3_000)  # type: ignore[arg-type]

    def step(self, name: str, **given: Any) -> dict[str, Any]:
        # Through JSON, as between states.
        return json.loads(json.dumps(app.handler({"step": name, **given}, lambda_context(), large=self.large)))  # type: ignore[no-any-return]

    def run(self, key: str = KEY) -> dict[str, Any]:
        """Every step; the run record."""
        planned = self.step("plan", key=key)
        if planned["outcome"] == "ranges":
            for part in planned["ranges"]:
                self.step("range", plan=planned["plan"], part=part)
            self.step("join", plan=planned["plan"])
        return self.record(key)

    def record(self, key: str = KEY) -> dict[str, Any]:
        name = key.removeprefix("uploads/")
        return json.loads(self.bucket.files[f"results/{name}.run.json"])  # type: ignore[no-any-return]

    def rejects(self, key: str = KEY) -> list[str]:
        return self.bucket.files[f"results/{key.removeprefix('uploads/')}.rejects.csv"].decode().splitlines()


@pytest.fixture(autouse=True)
def _variables(monkeypatch: pytest.MonkeyPatch) -> None:
    set_variables(monkeypatch)
    monkeypatch.setattr("dunwell_aws.bootstrap.base.clock", lambda: SimpleNamespace(now=lambda: AT))


def test_a_file_by_ranges_is_the_same_as_the_file_at_once() -> None:
    rows = [{**row, "amount": "much"} if n % 20 == 7 else row for n, row in enumerate(ROWS)]
    content, at_once = csv_file(*rows), InMemoryLedger()
    expected, rejects = take_file(at_once, content)
    world = World(content)
    assert len(world.step("plan", key=KEY)["ranges"]) > 5
    found = world.run()
    names = ("status", "source", "rows", "in_ledger", "rejected", "later", "counts", "amounts_minor")
    assert {name: found[name] for name in names} == {name: getattr(expected, name) for name in names}
    assert [int(line.split(",")[0]) for line in world.rejects()[1:]] == [one.line for one in rejects]
    for customer, account in world.ledger.accounts.items():
        assert account.invoices == at_once.accounts[customer].invoices
        assert account.customer == at_once.accounts[customer].customer


def test_a_file_by_ranges_reads_no_byte_of_the_rows_twice() -> None:
    world = World(csv_file(*ROWS))
    planned = world.step("plan", key=KEY)
    ends = [part["offset"] + part["length"] for part in planned["ranges"]]
    assert [part["offset"] for part in planned["ranges"][1:]] == ends[:-1]
    assert ends[-1] == len(world.bucket.files[KEY])


def test_no_file_has_more_ranges_than_a_state_machine_can_hand_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dunwell_aws.large_files.MOST_RANGES", 3)
    assert len(World(csv_file(*ROWS)).step("plan", key=KEY)["ranges"]) == 3


def test_the_same_large_file_again_is_skipped_and_no_range_is_read() -> None:
    world = World(csv_file(*ROWS))
    world.run()
    world.bucket.files["uploads/b"] = world.bucket.files[KEY]
    world.ledger.load = None  # type: ignore[assignment]
    assert (world.run("uploads/b")["status"], world.record("uploads/b")["same_as"]) == ("skipped", "a")
    assert world.rejects("uploads/b") == world.rejects()


def test_a_range_that_fails_leaves_a_failed_run_that_the_next_resumes_with_that_range_alone() -> None:
    world = World(csv_file(*ROWS))
    planned = world.step("plan", key=KEY)

    def refuse(change: Change) -> None:
        raise OSError("the store is gone")

    for number, part in enumerate(planned["ranges"]):
        world.ledger.before_commit = refuse if number == 2 else lambda change: None
        if number == 2:
            with pytest.raises(OSError, match="gone"):
                world.step("range", plan=planned["plan"], part=part)
        else:
            world.step("range", plan=planned["plan"], part=part)
    joined = world.step("join", plan=planned["plan"])
    record = world.record()
    assert (joined["outcome"], record["status"]) == ("failed", "failed")
    assert f"1 of {len(planned['ranges'])} parts of the file could not be imported" in record["failure"]
    assert 0 < record["rows"] < len(ROWS)

    world.bucket.asked.clear()
    assert (world.run()["status"], world.record()["rows"]) == ("done", len(ROWS))
    third = planned["ranges"][2]
    rows_read = [
        asked for key, asked in world.bucket.asked if key == KEY and asked and not asked.startswith("bytes=0-")
    ]
    assert rows_read == [f"bytes={third['offset']}-{third['offset'] + third['length'] - 1}"]


def test_a_file_that_is_replaced_on_its_way_is_left_to_the_newer_ones_run() -> None:
    world = World(csv_file(*ROWS))
    planned = world.step("plan", key=KEY)
    world.bucket.files[KEY] = csv_file({})
    assert world.run()["rows"] == 1
    for part in planned["ranges"]:
        world.step("range", plan=planned["plan"], part=part)
    assert world.step("join", plan=planned["plan"]) == {"outcome": "done"}, "again would change nothing"
    assert (world.record()["status"], world.record()["rows"]) == ("done", 1)
    assert len(world.ledger.accounts) == 1


def test_a_file_that_is_gone_says_so() -> None:
    world = World(csv_file({}))
    del world.bucket.files[KEY]
    assert world.step("plan", key=KEY) == {"outcome": "done"}
    assert "removed before it was read" in world.record()["failure"]


def test_a_workbook_is_read_as_a_whole_up_to_its_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(b"PK\x03\x04 no workbook at all" + bytes(10_000))
    planned = world.step("plan", key=KEY)
    assert [part["length"] for part in planned["ranges"]] == [0]
    assert "not an Excel workbook" in world.run()["failure"]
    monkeypatch.setattr("dunwell_aws.large_files.MAX_WHOLE_BYTES", 5_000)
    assert "export it as CSV" in world.run()["failure"]


def test_text_that_cannot_be_divided_is_read_as_a_whole() -> None:
    world = World(csv_file(*ROWS).decode().encode("utf-16"))
    assert len(world.step("plan", key=KEY)["ranges"]) == 1
    assert (world.run()["status"], world.record()["in_ledger"]) == ("done", len(ROWS))


def test_rows_of_later_days_come_when_their_day_does(monkeypatch: pytest.MonkeyPatch) -> None:
    tomorrow = AT + timedelta(days=1)
    date = tomorrow.date().isoformat()
    world = World(csv_file(*({**row, "issued_on": date, "due_on": date} for row in ROWS)))
    assert world.run()["later"] == len(ROWS)
    monkeypatch.setattr(
        "dunwell_aws.bootstrap.base.clock", lambda: type("Clock", (), {"now": staticmethod(lambda: tomorrow)})
    )
    assert world.run()["in_ledger"] == len(ROWS)
