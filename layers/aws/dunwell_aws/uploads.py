"""Uploaded files: read whole, imported, and answered with a run record and a rejects file.

``uploads/x.csv`` is answered by ``results/x.csv.rejects.csv``, which has no rows when none was rejected, and then by
``results/x.csv.run.json``.
"""

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

from botocore.exceptions import ClientError

from dunwell.dates import business_date
from dunwell.ingestion.mapping import SourceMapping
from dunwell.ingestion.records import Reject
from dunwell.ingestion.run import FileImport, RunRecord
from dunwell.ingestion.table import Table, UnreadableFileError
from dunwell_aws.table import to_plain

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

UPLOADS = "uploads/"
RESULTS = "results/"
MAX_FILE_BYTES = 100 * 1024 * 1024
_THREADS = 16
"""As many as the client has connections: at 5 ms an answer, half as fast again as 8, and more gain nothing."""

T = TypeVar("T")
R = TypeVar("R")


class UploadImport:
    """Imports one uploaded file. Safe to repeat: what the ledger knows already writes nothing."""

    def __init__(
        self, s3: "S3Client", files: FileImport, mappings: Sequence[SourceMapping], zone: str, bucket: str
    ) -> None:
        self._s3 = s3
        self._files = files
        self._mappings = mappings
        self._zone = zone
        self._bucket = bucket

    def run(self, key: str, at: datetime) -> RunRecord:
        """Import the file under a key and write its results; a file that is gone meanwhile is a failed run."""
        name = key.removeprefix(UPLOADS)
        today = business_date(at, self._zone)
        rejects: list[Reject] = []
        try:
            record, rejects = self._files.run(name, Table(self._content(key), self._mappings), today, at)
        except UnreadableFileError as error:
            record = RunRecord("failed", name, source="", business_date=today, failure=str(error))
        self._put(f"{name}.rejects.csv", _rejects_csv(rejects), "text/csv")
        self._put(f"{name}.run.json", json.dumps(to_plain(record), indent=2), "application/json")
        return record

    def _content(self, key: str) -> bytes:
        try:
            found = self._s3.get_object(Bucket=self._bucket, Key=key)
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") == "NoSuchKey":
                raise UnreadableFileError("the file was removed before it was read; upload it again") from None
            raise
        if found["ContentLength"] > MAX_FILE_BYTES:
            limit = MAX_FILE_BYTES // 1024 // 1024
            raise UnreadableFileError(f"the file is larger than {limit} MB; split it, keeping the header line in each")
        return found["Body"].read()

    def _put(self, name: str, text: str, content_type: str) -> None:
        self._s3.put_object(Bucket=self._bucket, Key=RESULTS + name, Body=text.encode(), ContentType=content_type)


def in_threads(work: Callable[[T], R], items: Iterable[T]) -> Iterator[R]:
    """``map`` over a few threads: the work waits for DynamoDB most of its time."""
    with ThreadPoolExecutor(_THREADS) as pool:
        yield from pool.map(work, items)


def _rejects_csv(rejects: Iterable[Reject]) -> str:
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(("line", "column", "value", "reason", "fix"))
    for reject in rejects:
        writer.writerow((reject.line, reject.column, _inert(reject.value), reject.reason, reject.fix))
    return out.getvalue()


def _inert(value: Any) -> str:
    """A cell that a spreadsheet will not take for a formula."""
    text = str(value)
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text
