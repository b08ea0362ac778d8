"""The log of a model's answers in the reports bucket: one file an invocation, in a folder a day."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import date
from hashlib import blake2s
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from dunwell.scoring.drift import Spread, read_reference
from dunwell.scoring.moment_log import LoggedMoment, log_lines, read_log
from dunwell_aws.observability import count, logger

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

PLACE = "models/late_payment/"
LOG = f"{PLACE}log/"


_GONE = {"NoSuchKey", "404", "NotFound"}


def _reference(version: str) -> str:
    return f"{PLACE}reference/{version}.json"


def is_sampled(invoice_id: str, share: float) -> bool:
    """Whether an invoice is in a sample of such a share, from 0 to 1: always in a larger one, if in a smaller."""
    return int.from_bytes(blake2s(invoice_id.encode(), digest_size=4).digest()) < share * 2**32


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
        """The moments of these days, newest first. Of more than `most` an even sample: every moment of some invoices,
        on all days alike, since the newest alone would be those of a certain age. Lines that cannot be read are counted
        in the log.
        """
        found, unreadable, share = list[LoggedMoment](), 0, 1.0
        for key in sorted(self._keys(since, until), reverse=True):
            text = self._s3.get_object(Bucket=self._bucket, Key=key)["Body"].read().decode()
            moments, lost = read_log(text)
            found += [one for one in moments if is_sampled(one.invoice_id, share)]
            unreadable += lost
            while len(found) > most:
                share /= 2
                found = [one for one in found if is_sampled(one.invoice_id, share)]
        if unreadable:
            logger.warning("lines of the model log could not be read", lines=unreadable)
        if share < 1:
            logger.info("a sample of the model log is looked at", share=share)
        return found

    def keep_reference(self, version: str, since: date, spread: Mapping[str, Spread]) -> None:
        """Keep how things were spread in a version's first weeks, once for all."""
        plain = {"since": since.isoformat(), "spread": {name: asdict(one) for name, one in spread.items()}}
        self._s3.put_object(
            Bucket=self._bucket,
            Key=_reference(version),
            Body=json.dumps(plain).encode(),
            ContentType="application/json",
        )

    def reference(self, version: str) -> tuple[date, dict[str, Spread]] | None:
        """The first day of a version's first weeks and how things were spread in them, once they are kept."""
        try:
            text = self._s3.get_object(Bucket=self._bucket, Key=_reference(version))["Body"].read()
        except ClientError as error:
            if error.response["Error"]["Code"] in _GONE:
                return None
            raise
        plain = json.loads(text)
        return date.fromisoformat(plain["since"]), read_reference({"reference": plain})

    def _keys(self, since: date, until: date) -> Iterator[str]:
        pages = self._s3.get_paginator("list_objects_v2").paginate(
            Bucket=self._bucket, Prefix=LOG, StartAfter=LOG + since.isoformat()
        )
        for page in pages:
            for one in page.get("Contents", []):
                if one["Key"][len(LOG) :][:10] <= until.isoformat():
                    yield one["Key"]
