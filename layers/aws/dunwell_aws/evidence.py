"""The bucket of files that customers add to disputes."""

from typing import TYPE_CHECKING
from urllib.parse import quote

from botocore.exceptions import ClientError

from dunwell.errors import NotFoundError
from dunwell.outreach.evidence import EvidenceFile

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

EVIDENCE = "evidence/"
# S3 tells a reader who may not list a bucket that what is not there is forbidden.
_GONE = {"NoSuchKey", "AccessDenied"}


def evidence_key(customer_id: str, task_id: str, file: EvidenceFile) -> str:
    """Where a file lies: nothing of the key was chosen by its sender."""
    return f"{EVIDENCE}{customer_id}/{task_id}/{file.digest}"


class S3Evidence:
    """``EvidenceStore``: an object a file, with its name as metadata."""

    def __init__(self, s3: "S3Client", bucket: str) -> None:
        self._s3 = s3
        self._bucket = bucket

    def keep(self, customer_id: str, task_id: str, file: EvidenceFile, content: bytes) -> None:
        """See the port. One put."""
        self._s3.put_object(
            Bucket=self._bucket,
            Key=evidence_key(customer_id, task_id, file),
            Body=content,
            ContentType=file.media_type,
            ContentDisposition="attachment",
            Metadata={"name": quote(file.name)},
        )

    def content(self, customer_id: str, task_id: str, file: EvidenceFile) -> bytes:
        """See the port. One get."""
        try:
            found = self._s3.get_object(Bucket=self._bucket, Key=evidence_key(customer_id, task_id, file))
        except ClientError as error:
            if error.response["Error"].get("Code") in _GONE:
                raise NotFoundError("This file is not kept any more, or the console may not read it.") from None
            raise
        return found["Body"].read()
