"""Reports of the gateway as they came, byte for byte, in S3: kept before anything is done, so that all can be replayed.

    stripe/<event id>.json

S3 and not the table: a report is a few kilobytes of somebody's name, address and card's last digits that nothing reads
in daily work, and in S3 it costs no capacity of the table, is encrypted, and expires by a rule of the bucket. It is the
only place where what the gateway tells of a person beyond ids is kept.
"""

import hashlib
import re
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from dunwell.errors import NotFoundError, UnavailableError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_PLAIN = re.compile(r"[A-Za-z0-9_]{1,255}")
_GONE = {"NoSuchKey", "404", "NotFound"}


class RawEvents:
    """Keeps and finds reports by event id. The same report kept twice is one object."""

    def __init__(self, s3: "S3Client", bucket: str) -> None:
        self._s3 = s3
        self._bucket = bucket

    def keep(self, event_id: str, body: bytes) -> None:
        """Keep a report. One write.

        Raises:
            UnavailableError: it could not be kept; nothing may be done with it yet.
        """
        try:
            self._s3.put_object(Bucket=self._bucket, Key=_key(event_id), Body=body, ContentType="application/json")
        except (ClientError, BotoCoreError) as error:
            raise UnavailableError("the report cannot be kept") from error

    def body(self, event_id: str) -> bytes:
        """A report as it came.

        Raises:
            NotFoundError: it never came, or is older than what is kept. UnavailableError: it cannot be read.
        """
        try:
            return self._s3.get_object(Bucket=self._bucket, Key=_key(event_id))["Body"].read()
        except ClientError as error:
            if error.response["Error"]["Code"] in _GONE:
                raise NotFoundError("there is no report of this id") from error
            raise UnavailableError("the report cannot be read") from error
        except BotoCoreError as error:
            raise UnavailableError("the report cannot be read") from error


def _key(event_id: str) -> str:
    """The object's key; an id of another shape than Stripe's is kept under its hash."""
    name = event_id if _PLAIN.fullmatch(event_id) else hashlib.sha256(event_id.encode()).hexdigest()
    return f"stripe/{name}.json"
