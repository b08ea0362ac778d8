"""The answers beside an uploaded file, and what is remembered of a run.

``uploads/x.csv`` is answered by ``results/x.csv.rejects.csv``, which has no rows when none was rejected, and then by
``results/x.csv.run.json``. ``runs/`` has the same by content, whatever a file's name: what was imported is not imported
again. ``parts/`` has, for some days, what each range of a large file came to.
"""

import csv
import io
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from botocore.exceptions import ClientError

from dunwell.ingestion.records import Reject
from dunwell.ingestion.run import RunRecord
from dunwell.ingestion.totals import Totals
from dunwell_aws.table import from_plain, to_plain

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import CompletedPartTypeDef

UPLOADS = "uploads/"
BANK_UPLOADS = "uploads/bank/"
RESULTS = "results/"
RUNS = "runs/"
PARTS = "parts/"
_PART_BYTES = 8 * 1024 * 1024
_CSV, _JSON = "text/csv", "application/json"
_GONE = {"NoSuchKey", "404", "NotFound"}
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class PartRecord:
    """What a range of a large file came to.

    Attributes:
        source: the mapping that read it.
        failure: why it could not be read, however often it is tried; empty when it was.
    """

    source: str = ""
    totals: Totals = field(default_factory=Totals)
    failure: str = ""


class Results:
    """Reads and writes them in one bucket."""

    def __init__(self, s3: "S3Client", bucket: str) -> None:
        self.s3 = s3
        self.bucket = bucket

    # --- beside the upload ---

    def answer(self, record: RunRecord) -> None:
        """Write the rejects of the record's content, and then the record, beside an upload."""
        rejects = f"{RESULTS}{record.file}.rejects.csv"
        if record.content:
            source = {"Bucket": self.bucket, "Key": f"{RUNS}{record.content}.rejects.csv"}
            self.s3.copy_object(Bucket=self.bucket, Key=rejects, CopySource=source)  # type: ignore[arg-type]
        else:
            with RejectsFile(self, rejects, with_header=True):
                pass
        self._put_json(f"{RESULTS}{record.file}.run.json", record)

    # --- by content, whatever the file's name ---

    def rejects(self, content: str) -> "RejectsFile":
        """The rejects file of a content, to be filled."""
        return RejectsFile(self, f"{RUNS}{content}.rejects.csv", with_header=True)

    def earlier(self, content: str) -> RunRecord | None:
        """The record of an earlier run that got to its end."""
        return self._get_json(f"{RUNS}{content}.json", RunRecord)

    def remember(self, record: RunRecord) -> None:
        """Remember that a content was imported."""
        self._put_json(f"{RUNS}{record.content}.json", record)

    # --- parts of a large file ---

    def part_rejects(self, run_id: str, number: int) -> "RejectsFile":
        """The rejects of a range, to be filled."""
        return RejectsFile(self, f"{PARTS}{run_id}/{number:05d}.csv", with_header=False)

    def part(self, run_id: str, number: int) -> PartRecord | None:
        """What a range came to; None when it did not get to its end."""
        return self._get_json(f"{PARTS}{run_id}/{number:05d}.json", PartRecord)

    def keep_part(self, run_id: str, number: int, part: PartRecord) -> None:
        """Keep what a range came to: the last thing that is written of it."""
        self._put_json(f"{PARTS}{run_id}/{number:05d}.json", part)

    def join_rejects(self, content: str, run_id: str, numbers: Iterable[int]) -> None:
        """Make one rejects file of those of the ranges, in order; never more than a piece in memory."""
        with self.rejects(content) as rejects:
            for number in numbers:
                for piece in self._pieces(f"{PARTS}{run_id}/{number:05d}.csv"):
                    rejects.add_text(piece)

    def _pieces(self, key: str) -> Iterable[bytes]:
        found = self.s3.get_object(Bucket=self.bucket, Key=key)["Body"]
        while piece := found.read(_PART_BYTES):
            yield piece

    def _put_json(self, key: str, value: object) -> None:
        text = json.dumps(to_plain(value), indent=2)
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=text.encode(), ContentType=_JSON)

    def _get_json(self, key: str, kind: type[T]) -> T | None:
        try:
            found = self.s3.get_object(Bucket=self.bucket, Key=key)
        except ClientError as error:
            if is_gone(error):
                return None
            raise
        return from_plain(kind, json.loads(found["Body"].read()))


class RejectsFile:
    """A CSV file that grows as rejects come and is in the bucket when it is closed; a piece at a time in memory."""

    def __init__(self, results: Results, key: str, *, with_header: bool) -> None:
        self._s3 = results.s3
        self._where: Any = {"Bucket": results.bucket, "Key": key}
        self._buffer = io.BytesIO()
        self._upload = ""
        self._parts: list[CompletedPartTypeDef] = []
        if with_header:
            self._buffer.write(_lines([("line", "column", "value", "reason", "fix")]))

    def __enter__(self) -> "RejectsFile":
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """Closed only when all went well: an upload that was begun is dropped by the bucket's lifecycle."""
        if kind is None:
            self._close()

    def add(self, rejects: Sequence[Reject]) -> None:
        """Add rows."""
        self.add_text(_lines((one.line, one.column, _inert(one.value), one.reason, one.fix) for one in rejects))

    def add_text(self, lines: bytes) -> None:
        """Add rows that are written already."""
        self._buffer.write(lines)
        if self._buffer.tell() >= _PART_BYTES:
            self._send()

    def _send(self) -> None:
        if not self._upload:
            begun = self._s3.create_multipart_upload(**self._where, ContentType=_CSV)
            self._upload = begun["UploadId"]
        number = len(self._parts) + 1
        sent = self._s3.upload_part(
            **self._where, UploadId=self._upload, PartNumber=number, Body=self._buffer.getvalue()
        )
        self._parts.append({"PartNumber": number, "ETag": sent["ETag"]})
        self._buffer = io.BytesIO()

    def _close(self) -> None:
        if not self._upload:
            self._s3.put_object(**self._where, Body=self._buffer.getvalue(), ContentType=_CSV)
            return
        if self._buffer.tell():
            self._send()
        done: Any = {"Parts": self._parts}
        self._s3.complete_multipart_upload(**self._where, UploadId=self._upload, MultipartUpload=done)


def is_gone(error: ClientError) -> bool:
    """Whether S3 says that there is no such object."""
    return error.response.get("Error", {}).get("Code") in _GONE


def _lines(rows: Iterable[Sequence[Any]]) -> bytes:
    out = io.StringIO()
    csv.writer(out).writerows(rows)
    return out.getvalue().encode()


def _inert(value: Any) -> str:
    """A cell that a spreadsheet will not take for a formula."""
    text = str(value)
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text
