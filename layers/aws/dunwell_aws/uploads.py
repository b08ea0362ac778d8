"""Uploaded files: small ones imported at once, large ones handed to the state machine that divides them."""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Protocol, TypeVar

from botocore.exceptions import ClientError

from dunwell.dates import business_date
from dunwell.ids import stable_id
from dunwell.ingestion.importing import Origin
from dunwell.ingestion.mapping import SourceMapping
from dunwell.ingestion.reading import UnreadableFileError, Workbook, read_rows
from dunwell.ingestion.run import FileImport, RunRecord, record_of
from dunwell_aws.results import UPLOADS, Results, is_gone

THREADS = 16
"""As many as the client has connections: at 5 ms an answer, half as fast again as 8, and more gain nothing."""
REMOVED = "the file was removed before it was read; upload it again"
REPLACED = "the file was replaced while it was read; the newer one is read by itself"

T = TypeVar("T")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Upload:
    """A file in the bucket as it is now."""

    key: str
    size: int
    etag: str

    @property
    def name(self) -> str:
        """What its answers are called after."""
        return self.key.removeprefix(UPLOADS)


class LargeFiles(Protocol):
    """Takes over what is too large for one function."""

    def start(self, upload: Upload, event_id: str) -> None:
        """Begin an import; once for the same event."""
        ...


@dataclass(frozen=True, slots=True)
class Sources:
    """What files are read with.

    Attributes:
        edition: names the mappings' wording; another one reads the same content anew.
        workbook: gives what opens workbooks, when one has come.
        zone: the creditor's time zone.
    """

    mappings: Sequence[SourceMapping]
    edition: str
    workbook: Callable[[], Workbook]
    zone: str


class UploadImport:
    """Imports one uploaded file. Safe to repeat: what the ledger knows already writes nothing.

    Args:
        large_bytes: files larger than this are handed over.
    """

    def __init__(
        self, results: Results, files: FileImport, sources: Sources, large_bytes: int, large: LargeFiles
    ) -> None:
        self._results = results
        self._files = files
        self._sources = sources
        self._large_bytes = large_bytes
        self._large = large

    def run(self, key: str, at: datetime, event_id: str = "") -> RunRecord | None:
        """Import the file under a key and write its results; None when it was handed over.

        A file that is gone meanwhile is a failed run.
        """
        today = business_date(at, self._sources.zone)
        upload = look(self._results, key)
        if upload and upload.size > self._large_bytes:
            self._large.start(upload, event_id)
            return None
        try:
            if upload is None:
                raise UnreadableFileError(REMOVED)
            record = self._imported(upload, today, at)
        except UnreadableFileError as error:
            record = failed(key, today, str(error))
        self._results.answer(record)
        return record

    def _imported(self, upload: Upload, today: date, at: datetime) -> RunRecord:
        content = b"".join(pieces(self._results, upload))
        content_id = content_id_of(hashlib.sha256(content).hexdigest(), self._sources.edition)
        if same := imported_before(self._results, content_id, upload.name, today):
            return same
        reading = read_rows(content, self._sources.mappings, workbook=self._sources.workbook())
        origin = Origin(self._files.creditor_id, reading.source.name, today, at)
        with self._results.rejects(content_id) as rejects:
            totals = self._files.run(reading.batches, origin, rejects.add, reading.column_of)
        record = record_of(totals, upload.name, reading.source.name, today, content_id)
        self._results.remember(record)
        return record


def imported_before(results: Results, content: str, name: str, today: date) -> RunRecord | None:
    """The record of a file whose content was imported already, if importing it again could bring nothing."""
    earlier = results.earlier(content)
    if earlier is None or not (earlier.is_final or earlier.business_date >= today):
        return None
    if earlier.file == name:
        return earlier
    return replace(earlier, status="skipped", file=name, same_as=earlier.file, written=0)


def failed(key: str, today: date, why: str) -> RunRecord:
    """The record of a file that could not be read."""
    return RunRecord("failed", key.removeprefix(UPLOADS), source="", business_date=today, failure=why)


def content_id_of(digest: str, edition: str) -> str:
    """Names a file's content (SHA-256) as an edition of the mappings reads it."""
    return stable_id("con", digest, edition)


def edition_of(infra: Path, zone: str) -> str:
    """Names the wording of all mappings, and the time zone (IANA) that they are read in."""
    digest = hashlib.sha256(zone.encode())
    for path in sorted((infra / "sources").glob("*.yaml")):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def look(results: Results, key: str) -> Upload | None:
    """The file under a key, or None when it is gone."""
    try:
        found = results.s3.head_object(Bucket=results.bucket, Key=key)
    except ClientError as error:
        if is_gone(error):
            return None
        raise
    return Upload(key, found["ContentLength"], found["ETag"])


def pieces(results: Results, upload: Upload, offset: int = 0, length: int = -1) -> Iterator[bytes]:
    """The bytes of a file, or a range of them, some hundred KB at a time.

    Raises:
        UnreadableFileError: the file is not what it was.
    """
    last = "" if length < 0 else str(offset + length - 1)
    whole = offset == 0 and length < 0
    chosen = {} if whole else {"Range": f"bytes={offset}-{last}"}
    try:
        body = results.s3.get_object(Bucket=results.bucket, Key=upload.key, IfMatch=upload.etag, **chosen)["Body"]  # type: ignore[arg-type]
    except ClientError as error:
        if is_gone(error):
            raise UnreadableFileError(REMOVED) from None
        if error.response.get("Error", {}).get("Code") in {"PreconditionFailed", "412"}:
            raise UnreadableFileError(REPLACED) from None
        raise
    while piece := body.read(256 * 1024):
        yield piece


@cache
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(THREADS)


def in_threads(work: Callable[[T], R], items: Iterable[T]) -> Iterator[R]:
    """``map`` over a few threads, begun at once: the work waits for DynamoDB most of its time."""
    return _pool().map(work, items)
