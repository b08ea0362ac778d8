"""The log of a model's answers in the reports bucket: one file an invocation, in a folder a day."""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from dunwell.scoring.moment_log import LoggedMoment, log_lines, read_log
from dunwell_aws.observability import count, logger

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

PLACE = "models/late_payment/"
LOG = f"{PLACE}log/"


class S3ModelLog:
    """What was asked and answered, by day."""

    def __init__(self, s3: "S3Client", bucket: str) -> None:
        self._s3 = s3
        self._bucket = bucket

    def keep(self, as_of: date, part: str, moments: Sequence[LoggedMoment]) -> None:
        """Keep a part of a day; the same part again replaces it. Without the log nobody is scored worse, so a failure
        is logged and counted, and fails nothing else.
        """
        key, body = f"{LOG}{as_of.isoformat()}/{part}.jsonl", log_lines(moments).encode()
        try:
            self._s3.put_object(Bucket=self._bucket, Key=key, Body=body, ContentType="application/x-ndjson")
        except (BotoCoreError, ClientError):
            logger.exception("model log not kept")
            count("ModelLogFailed")

    def read(self, since: date, until: date, most: int) -> list[LoggedMoment]:
        """The newest moments of these days, at most so many. Lines that cannot be read are counted in the log."""
        found, unreadable = list[LoggedMoment](), 0
        for key in sorted(self._keys(since, until), reverse=True):
            text = self._s3.get_object(Bucket=self._bucket, Key=key)["Body"].read().decode()
            moments, lost = read_log(text)
            found, unreadable = found + moments, unreadable + lost
            if len(found) >= most:
                break
        if unreadable:
            logger.warning("lines of the model log could not be read", lines=unreadable)
        return found[:most]

    def _keys(self, since: date, until: date) -> Iterator[str]:
        pages = self._s3.get_paginator("list_objects_v2").paginate(
            Bucket=self._bucket, Prefix=LOG, StartAfter=LOG + since.isoformat()
        )
        for page in pages:
            for one in page.get("Contents", []):
                if one["Key"][len(LOG) :][:10] <= until.isoformat():
                    yield one["Key"]
