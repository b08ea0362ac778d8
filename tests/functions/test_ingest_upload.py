"""Uploads into the ledger: a batch of S3's events, run records, rejects."""

import csv
import io
import json
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from dunwell.ingestion.run import FileImport
from dunwell.ingestion.taking import Importer
from dunwell_aws.results import Results
from dunwell_aws.uploads import Upload, UploadImport, in_threads
from functions.ingest_upload import app
from tests.support.bucket import InMemoryBucket
from tests.support.files import sources
from tests.support.invocation import lambda_context, set_variables, sqs_event
from tests.support.memory import InMemoryKnownFacts, InMemoryLedger
from tests.support.receivables import AT, csv_file


@pytest.fixture(autouse=True)
def _variables(monkeypatch: pytest.MonkeyPatch) -> None:
    set_variables(monkeypatch)


class Machine:
    """Remembers what was handed over."""

    def __init__(self) -> None:
        self.started: list[tuple[str, str]] = []

    def start(self, upload: Upload, event_id: str) -> None:
        self.started.append((upload.key, event_id))


def upload(
    bucket: Any,
    ledger: InMemoryLedger,
    *keys: str,
    at: datetime = AT,
    large_bytes: int = 1_000_000,
    machine: Machine | None = None,
) -> Any:
    files = FileImport(Importer(ledger, "example", InMemoryKnownFacts()), in_threads, 8)
    uploads = UploadImport(Results(bucket, "ingest"), files, sources(), large_bytes, machine or Machine())
    bodies = [
        {"source": "aws.s3", "detail-type": "Object Created", "detail": {"object": {"key": f"uploads/{key}"}}}
        for key in keys
    ]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("dunwell_aws.bootstrap.base.clock", lambda: SimpleNamespace(now=lambda: at))
        return app.handler(sqs_event(*bodies), lambda_context(), uploads=uploads)


def record(bucket: InMemoryBucket, name: str) -> dict[str, Any]:
    read: dict[str, Any] = json.loads(bucket.files[f"results/{name}.run.json"])
    return read


def test_a_file_is_in_the_ledger_and_answered_by_a_run_record() -> None:
    bucket, ledger = InMemoryBucket(a=csv_file({}, {"invoice_number": "A-2"})), InMemoryLedger()
    assert upload(bucket, ledger, "a") == {"batchItemFailures": []}
    (account,) = ledger.accounts.values()
    assert account.balances == {"USD": 2 * 123_450}
    found = record(bucket, "a")
    assert (found["status"], found["rows"], found["in_ledger"], found["rejected"]) == ("done", 2, 2, 0)
    assert bucket.files["results/a.rejects.csv"].splitlines() == [b"line,column,value,reason,fix"]


def test_a_corrected_file_leaves_no_rejects_of_the_wrong_one() -> None:
    bucket, ledger = InMemoryBucket(a=csv_file({"amount": "much"})), InMemoryLedger()
    upload(bucket, ledger, "a")
    bucket.files["uploads/a"] = csv_file({})
    upload(bucket, ledger, "a")
    assert len(bucket.files["results/a.rejects.csv"].splitlines()) == 1


def test_rejects_come_back_as_a_file_that_a_spreadsheet_does_not_run() -> None:
    bucket = InMemoryBucket(a=csv_file({"amount": "=1+1"}, {"email": "nobody"}, {"invoice_number": "A-3"}))
    upload(bucket, InMemoryLedger(), "a")
    rows = list(csv.DictReader(io.StringIO(bucket.files["results/a.rejects.csv"].decode())))
    assert [(row["line"], row["column"], row["value"]) for row in rows] == [
        ("2", "amount", "'=1+1"),
        ("3", "email", "***"),
    ]
    assert all(row["reason"] and row["fix"] for row in rows)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"%PDF-1.7", "a PDF document"),
        (b"", "empty"),
        (csv_file({}).replace(b"due_on", b"due"), "lacks the columns due_on"),
    ],
)
def test_a_file_that_cannot_be_read_is_a_failed_run_and_not_a_failed_message(content: bytes, says: str) -> None:
    bucket, ledger = InMemoryBucket(a=content), InMemoryLedger()
    assert upload(bucket, ledger, "a") == {"batchItemFailures": []}
    assert (record(bucket, "a")["status"], ledger.accounts) == ("failed", {})
    assert says in record(bucket, "a")["failure"]


def test_a_file_that_is_gone_is_a_failed_run() -> None:
    bucket = InMemoryBucket()
    assert upload(bucket, InMemoryLedger(), "gone") == {"batchItemFailures": []}
    assert "removed before it was read" in record(bucket, "gone")["failure"]


def test_a_file_that_is_large_is_handed_over_and_not_read() -> None:
    bucket, machine = InMemoryBucket(a=csv_file({})), Machine()
    upload(bucket, InMemoryLedger(), "a", large_bytes=10, machine=machine)
    assert [key for key, _ in machine.started] == ["uploads/a"]
    assert (bucket.asked, list(bucket.files)) == ([], ["uploads/a"])


def test_one_upload_that_fails_comes_again_and_the_others_do_not() -> None:
    bucket, ledger = InMemoryBucket(a=csv_file({}), b=csv_file({"customer_number": "C-2"})), InMemoryLedger()
    bucket.refuses = {"uploads/a"}
    assert upload(bucket, ledger, "a", "b") == {"batchItemFailures": [{"itemIdentifier": "m0"}]}
    bucket.refuses = set()
    assert upload(bucket, ledger, "a") == {"batchItemFailures": []}
    assert len(ledger.accounts) == 2


def test_a_file_delivered_twice_is_in_the_ledger_once() -> None:
    bucket, ledger = InMemoryBucket(a=csv_file({})), InMemoryLedger()
    upload(bucket, ledger, "a", "a")
    (account,) = ledger.accounts.values()
    assert (account.version, record(bucket, "a")["in_ledger"], record(bucket, "a")["status"]) == (1, 1, "done")


def test_the_same_content_under_another_name_is_skipped_and_says_so() -> None:
    content = csv_file({}, {"invoice_number": "A-2", "amount": "much"})
    bucket, ledger = InMemoryBucket(a=content, b=content), InMemoryLedger()
    upload(bucket, ledger, "a")
    ledger.load = None  # type: ignore[assignment]
    upload(bucket, ledger, "b")
    first, second = record(bucket, "a"), record(bucket, "b")
    assert (second["status"], second["same_as"], second["written"]) == ("skipped", "a", 0)
    assert second["rows"] == first["rows"] == 2
    assert bucket.files["results/b.rejects.csv"] == bucket.files["results/a.rejects.csv"]


def test_a_file_that_comes_back_under_its_name_is_answered_with_its_own_rejects() -> None:
    good, bad = csv_file({}), csv_file({"amount": "much"})
    bucket, ledger = InMemoryBucket(a=good), InMemoryLedger()
    for content in (good, bad, good):
        bucket.files["uploads/a"] = content
        upload(bucket, ledger, "a")
    assert len(bucket.files["results/a.rejects.csv"].splitlines()) == 1
    assert record(bucket, "a")["rejected"] == 0


def test_a_file_with_rows_of_later_days_is_imported_again_when_they_have_come() -> None:
    tomorrow = (AT + timedelta(days=1)).date().isoformat()
    bucket, ledger = InMemoryBucket(a=csv_file({"issued_on": tomorrow, "due_on": tomorrow})), InMemoryLedger()
    upload(bucket, ledger, "a")
    assert (record(bucket, "a")["later"], ledger.accounts) == (1, {})
    upload(bucket, ledger, "a", at=AT + timedelta(days=1))
    assert (record(bucket, "a")["in_ledger"], len(ledger.accounts)) == (1, 1)


def test_more_rejects_than_fit_into_memory_are_one_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dunwell_aws.results._PART_BYTES", 2_000)
    bucket = InMemoryBucket(a=csv_file(*({"amount": "much", "invoice_number": f"A-{n}"} for n in range(6_000))))
    upload(bucket, InMemoryLedger(), "a", large_bytes=10_000_000)
    rows = list(csv.DictReader(io.StringIO(bucket.files["results/a.rejects.csv"].decode())))
    assert [int(row["line"]) for row in rows] == list(range(2, 6_002))


def test_a_message_that_is_not_s3s_is_reported() -> None:
    answer = app.handler(sqs_event("nonsense", {"detail": {}}), lambda_context())
    assert answer == {"batchItemFailures": [{"itemIdentifier": "m0"}, {"itemIdentifier": "m1"}]}
