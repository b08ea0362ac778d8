"""The log of a model's answers in the reports bucket: one file an invocation, in a folder a day.

A file's name says of which invoices it holds a sample: ``00-start.1a2b3c4d.1in8.jsonl`` are one in 8, and the first of
them, by `LoggedMoment.place`, stands at that hexadecimal number. So the listing alone says which files, and how much of
each, a smaller sample needs: what is read is bounded however large the portfolio is.
"""

import json
import re
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from datetime import date
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from botocore.exceptions import BotoCoreError, ClientError

from dunwell.scoring.care import Reference
from dunwell.scoring.drift import read_spreads
from dunwell.scoring.moment_log import PLACES, LoggedMoment, in_sample, log_lines, read_line
from dunwell_aws.observability import count, logger

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

PLACE = "models/late_payment/"
LOG = f"{PLACE}log/"
THREADS = 16
LINE_BYTES = 400  # about; the shorter it is taken to be, the smaller a sample is read

_GONE = {"NoSuchKey", "404", "NotFound"}
_NAME = re.compile(rf"{LOG}(\d{{4}}-\d\d-\d\d)/[^/]+\.([0-9a-f]{{8}})\.1in(\d+)\.jsonl")
_SPARE = 2  # how much more of a file than expected is read at once


class Looked(NamedTuple):
    """What was read: every moment of one in so many invoices, oldest day first."""

    moments: list[LoggedMoment]
    one_in: int


class _File(NamedTuple):
    key: str
    size_bytes: int
    first: int
    one_in: int

    def lines(self, one_in: int) -> float:
        """About how many lines it adds to such a sample; right for many files, not for one."""
        return self.size_bytes / LINE_BYTES * self.one_in / one_in


def _reference(model: str) -> str:
    return f"{PLACE}reference/{model}.json"


class S3ModelLog:
    """What was asked and answered, by day."""

    def __init__(self, s3: "S3Client", bucket: str) -> None:
        self._s3 = s3
        self._bucket = bucket

    def keep(self, as_of: date, part: str, moments: Sequence[LoggedMoment], one_in: int) -> None:
        """Keep a part of a day, a sample of one in so many by place; the same part again replaces it. Without the log
        nobody is scored worse, so a failure is logged and counted, and fails nothing else.
        """
        key = f"{LOG}{as_of.isoformat()}/{part}.{moments[0].place:08x}.1in{one_in}.jsonl"
        body = log_lines(moments).encode()
        try:
            self._s3.put_object(Bucket=self._bucket, Key=key, Body=body, ContentType="application/x-ndjson")
        except (BotoCoreError, ClientError):
            logger.exception("model log not kept")
            count("ModelLogFailed")

    def read(self, since: date, until: date, most: int, most_invoices: int) -> Looked:
        """The moments of these days, `most` and of `most_invoices` at the most: of a longer log, and of days on which
        only a sample was kept, the same sample of all days. Files of another name are those of before there were
        samples and are not read; lines that cannot be read are counted in the log.
        """
        files = list(self._files(since, until))
        one_in = max((one.one_in for one in files), default=1)
        while sum(one.lines(one_in) for one in files) > most:
            one_in *= 2
        needed = [one for one in files if in_sample(one.first, one_in)]
        found, unreadable = list[LoggedMoment](), 0
        with ThreadPoolExecutor(THREADS) as pool:
            for moments, lost in pool.map(partial(self._part, one_in=one_in), needed):
                found += moments
                unreadable += lost
        while (len(found) > most or len({one.place for one in found}) > most_invoices) and one_in < PLACES:
            one_in *= 2
            found = [one for one in found if in_sample(one.place, one_in)]
        if unreadable:
            logger.warning("lines of the model log could not be read", lines=unreadable)
        logger.info("model log read", files=len(needed), of_files=len(files), moments=len(found), one_in=one_in)
        return Looked(found, one_in)

    def _part(self, file: _File, one_in: int) -> tuple[list[LoggedMoment], int]:
        """The moments of a file in a sample, and how many lines could not be read."""
        length = file.size_bytes
        if one_in > file.one_in:
            length = min(length, int(_SPARE * length * file.one_in / one_in) + _SPARE * LINE_BYTES)
        while True:
            moments, unreadable, is_whole = _sample(self._start(file.key, length), one_in)
            if is_whole or length >= file.size_bytes:
                return moments, unreadable
            length = min(file.size_bytes, _SPARE * length)

    def _start(self, key: str, length: int) -> str:
        """The lines that stand wholly in so many bytes of a file."""
        found = self._s3.get_object(Bucket=self._bucket, Key=key, Range=f"bytes=0-{length - 1}")["Body"].read()
        return str(found[: found.rfind(b"\n") + 1].decode())

    def keep_reference(self, model: str, found: Reference) -> None:
        """Keep what a model's first weeks were like, once for all; `model`: its identity."""
        self._s3.put_object(
            Bucket=self._bucket,
            Key=_reference(model),
            Body=json.dumps(asdict(found), default=str).encode(),
            ContentType="application/json",
        )

    def reference(self, model: str) -> Reference | None:
        """What a model's first weeks were like, once that is kept."""
        try:
            text = self._s3.get_object(Bucket=self._bucket, Key=_reference(model))["Body"].read()
        except ClientError as error:
            if error.response["Error"]["Code"] in _GONE:
                return None
            raise
        plain = json.loads(text)
        return Reference(read_spreads(plain), plain["customers"], date.fromisoformat(plain["since"]))

    def _files(self, since: date, until: date) -> Iterator[_File]:
        pages = self._s3.get_paginator("list_objects_v2").paginate(
            Bucket=self._bucket, Prefix=LOG, StartAfter=LOG + since.isoformat()
        )
        for page in pages:
            for one in page.get("Contents", []):
                if (named := _NAME.fullmatch(one["Key"])) and named[1] <= until.isoformat():
                    yield _File(one["Key"], one["Size"], int(named[2], 16), int(named[3]))


def _sample(text: str, one_in: int) -> tuple[list[LoggedMoment], int, bool]:
    """The moments of such a sample at the start of a file, how many lines could not be read, and whether the sample
    ends within it.
    """
    found, unreadable = list[LoggedMoment](), 0
    for line in text.splitlines():
        moment = read_line(line)
        if moment is None:
            unreadable += 1
        elif not in_sample(moment.place, one_in):
            return found, unreadable, True
        else:
            found.append(moment)
    return found, unreadable, False
