"""Uploads into the ledger: a batch of S3's events, run records, rejects."""

import csv
import io
import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from dunwell.ingestion.run import FileImport
from dunwell_aws.uploads import UploadImport, in_threads
from functions.ingest_upload import app
from tests.support.invocation import lambda_context, set_variables, sqs_event
from tests.support.memory import InMemoryLedger
from tests.support.receivables import csv_file, mappings


class InMemoryBucket:
    """The part of S3 that is asked."""

    def __init__(self, **files: bytes) -> None:
        self.files = {f"uploads/{name}": content for name, content in files.items()}
        self.refuses: set[str] = set()

    def get_object(self, Bucket: str, Key: str) -> dict[str, Any]:  # noqa: N803 - boto3's own names
        assert Bucket == "ingest"
        if Key in self.refuses:
            raise ClientError({"Error": {"Code": "SlowDown"}}, "GetObject")
        if Key not in self.files:
            raise ClientError({"Error": {"Code": "NoSuchKey"}}, "GetObject")
        return {"Body": io.BytesIO(self.files[Key]), "ContentLength": len(self.files[Key])}

    def put_object(self, Bucket: str, Key: str, Body: bytes, ContentType: str) -> None:  # noqa: N803
        assert (Bucket, ContentType) in {("ingest", "text/csv"), ("ingest", "application/json")}
        self.files[Key] = Body


@pytest.fixture(autouse=True)
def _variables(monkeypatch: pytest.MonkeyPatch) -> None:
    set_variables(monkeypatch)


def upload(bucket: Any, ledger: InMemoryLedger, *keys: str) -> Any:
    files = FileImport(ledger, "example", in_threads)
    uploads = UploadImport(bucket, files, mappings(), "America/New_York", "ingest")
    bodies = [
        {"source": "aws.s3", "detail-type": "Object Created", "detail": {"object": {"key": f"uploads/{key}"}}}
        for key in keys
    ]
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


def test_a_file_that_is_too_large_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dunwell_aws.uploads.MAX_FILE_BYTES", 10)
    bucket = InMemoryBucket(a=csv_file({}))
    upload(bucket, InMemoryLedger(), "a")
    assert "split it, keeping the header" in record(bucket, "a")["failure"]


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
    assert (account.version, record(bucket, "a")["in_ledger"]) == (1, 1)


def test_a_message_that_is_not_s3s_is_reported() -> None:
    answer = app.handler(sqs_event("nonsense", {"detail": {}}), lambda_context())
    assert answer == {"batchItemFailures": [{"itemIdentifier": "m0"}, {"itemIdentifier": "m1"}]}
