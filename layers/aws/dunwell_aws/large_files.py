"""Large files, in steps: found out about and divided, imported range by range, joined. Each step is safe to repeat.

The steps meet in the bucket, not in the state machine: a range that is done says so under ``parts/`` and is not done
again, in this run or in one that resumes it.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError
from pydantic import BaseModel, ConfigDict

from dunwell.dates import business_date
from dunwell.ids import stable_id
from dunwell.ingestion.importing import Origin
from dunwell.ingestion.reading import (
    Layout,
    Reading,
    UnreadableFileError,
    read_part,
    read_rows,
    record_boundaries,
)
from dunwell.ingestion.run import FileImport, record_of
from dunwell.ingestion.totals import add_all
from dunwell_aws.results import PartRecord, Results
from dunwell_aws.uploads import (
    REMOVED,
    Sources,
    Upload,
    content_id_of,
    failed,
    imported_before,
    look,
    pieces,
)

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions import SFNClient

MAX_WHOLE_BYTES = 100 * 1024 * 1024
"""Of a file that cannot be divided: a workbook, a Singer stream, UTF-16."""
MOST_RANGES = 1_500
"""A state machine hands on 256 KB at most; of a file above 24 GB the ranges are longer."""
_SAMPLE_BYTES = 2 * 1024 * 1024
_ZIP = b"PK\x03\x04"
_RESUME = "what the others brought is in the ledger; the message among the dead letters, put back, resumes the run"


class _Data(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Part(_Data):
    """A range of a file (bytes; ``first_line`` is its first line's number), or, of length 0, the file as a whole."""

    number: int
    offset: int = 0
    length: int = 0
    first_line: int = 1


class Plan(_Data):
    """What every step needs to know of a file.

    Attributes:
        content: names the content (``content_id_of``); run_id: the content as of the business date.
        today, at: the run's business date and instant, also when it is resumed.
        layout: how a range is read; empty for a file that is read as a whole.
        parts: how many ranges there are.
    """

    key: str
    size: int
    etag: str
    content: str
    run_id: str
    today: date
    at: datetime
    source: str = ""
    layout: dict[str, Any] = {}
    parts: int = 1

    @property
    def upload(self) -> Upload:
        """The file."""
        return Upload(self.key, self.size, self.etag)


class FileMachine:
    """``dunwell_aws.uploads.LargeFiles`` over the state machine of large files."""

    def __init__(self, client: "SFNClient", machine: str) -> None:
        self._client = client
        self._machine = machine

    def start(self, upload: Upload, event_id: str) -> None:
        """See the port."""
        name = stable_id("file", upload.key, upload.etag, event_id)
        given = json.dumps({"key": upload.key})
        try:
            self._client.start_execution(stateMachineArn=self._machine, name=name, input=given)
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") != "ExecutionAlreadyExists":
                raise


class LargeImport:
    """The steps of one large file.

    Args:
        range_bytes: about how long a range is; a worker has to be done with one in its time.
    """

    def __init__(self, results: Results, files: FileImport, sources: Sources, range_bytes: int) -> None:
        self._results = results
        self._files = files
        self._sources = sources
        self._range_bytes = range_bytes

    def plan(self, key: str, at: datetime) -> dict[str, Any]:
        """Read the file through once: which content it is, and where its ranges begin.

        Returns:
            ``outcome`` ``ranges`` with ``plan`` and ``ranges``; or ``done``: nothing is to be imported, and the
            answers beside the file say why.
        """
        today = business_date(at, self._sources.zone)
        upload = look(self._results, key)
        try:
            if upload is None:
                raise UnreadableFileError(REMOVED)
            plan, parts = self._planned(upload, today, at)
        except UnreadableFileError as error:
            self._results.answer(failed(key, today, str(error)))
            return {"outcome": "done"}
        if same := imported_before(self._results, plan.content, upload.name, today):
            self._results.answer(same)
            return {"outcome": "done"}
        ranges = [part.model_dump() for part in parts]
        return {"outcome": "ranges", "plan": plan.model_dump(mode="json"), "ranges": ranges}

    def _planned(self, upload: Upload, today: date, at: datetime) -> tuple[Plan, Sequence[Part]]:
        layout = self._layout(upload)
        digest = hashlib.sha256()
        content = _digested(pieces(self._results, upload), digest.update)
        parts: list[Part] = [Part(number=0)]
        if layout:
            found = record_boundaries(content, max(self._range_bytes, upload.size // MOST_RANGES), layout)
            parts = [
                Part(number=number, offset=one.offset, length=one.length, first_line=one.first_line)
                for number, one in enumerate(found)
            ]
        else:
            for _ in content:
                pass
        named = content_id_of(digest.hexdigest(), self._sources.edition)
        plan = Plan(
            key=upload.key,
            size=upload.size,
            etag=upload.etag,
            content=named,
            run_id=stable_id("run", named, today.isoformat()),
            today=today,
            at=at,
            source=layout.source if layout else "",
            layout=layout.as_json() if layout else {},
            parts=len(parts),
        )
        return plan, parts

    def _layout(self, upload: Upload) -> Layout | None:
        """How ranges of the file are read, or None when it is to be read as a whole.

        Raises:
            UnreadableFileError: no mapping reads it, or it is too large for its kind.
        """
        beginning = b"".join(pieces(self._results, upload, 0, min(_SAMPLE_BYTES, upload.size)))
        if not beginning.startswith(_ZIP):
            layout = read_rows(beginning, self._sources.mappings).layout
            if layout.splittable:
                return layout
        if upload.size > MAX_WHOLE_BYTES:
            limit = MAX_WHOLE_BYTES // 1024 // 1024
            raise UnreadableFileError(
                f"a file of this kind may have {limit} MB at most; export it as CSV in UTF-8, which may be any size"
            )
        return None

    def take(self, plan: Plan, part: Part) -> None:
        """Import a range; one that is done already is not done again."""
        known = self._results.part(plan.run_id, part.number)
        if known and not known.failure:
            return
        try:
            done = self._taken(plan, part)
        except UnreadableFileError as error:
            done = PartRecord(failure=str(error))
        self._results.keep_part(plan.run_id, part.number, done)

    def _taken(self, plan: Plan, part: Part) -> PartRecord:
        reading = self._reading(plan, part)
        origin = Origin(self._files.creditor_id, reading.source.name, plan.today, plan.at)
        with self._results.part_rejects(plan.run_id, part.number) as rejects:
            totals = self._files.run(reading.batches, origin, rejects.add, reading.column_of)
        return PartRecord(reading.source.name, totals)

    def _reading(self, plan: Plan, part: Part) -> Reading:
        mappings = self._sources.mappings
        if not plan.layout:
            return read_rows(pieces(self._results, plan.upload), mappings, workbook=self._sources.workbook())
        layout = Layout.from_json(plan.layout)
        content = pieces(self._results, plan.upload, part.offset, part.length)
        source = next(one for one in mappings if one.name == layout.source)
        return Reading(source, layout, read_part(content, mappings, layout, part.first_line))

    def join(self, plan: Plan) -> dict[str, str]:
        """Make one run of its ranges, and answer the file.

        Returns:
            ``outcome`` ``done``, or ``failed``: ranges are missing, and a run that resumes this one may bring them.
        """
        name = plan.upload.name
        found = [self._results.part(plan.run_id, number) for number in range(plan.parts)]
        done = [part for part in found if part]
        readable = (number for number, part in enumerate(found) if part and not part.failure)
        self._results.join_rejects(plan.content, plan.run_id, readable)
        source = next((part.source for part in done if part.source), "")
        record = record_of(add_all(part.totals for part in done), name, source, plan.today, plan.content)
        failure = next((part.failure for part in done if part.failure), "")
        missing = plan.parts - len(done)
        if missing and not failure:
            failure = f"{missing} of {plan.parts} parts of the file could not be imported; {_RESUME}"
        if failure:
            record = replace(record, status="failed", failure=failure)
        else:
            self._results.remember(record)
        now = look(self._results, plan.key)
        if now is None or now.etag == plan.etag:  # a newer file of the name is answered by its own run
            self._results.answer(record)
        return {"outcome": "failed" if missing else "done"}


def _digested(content: Iterable[bytes], update: Any) -> Iterator[bytes]:
    for piece in content:
        update(piece)
        yield piece
