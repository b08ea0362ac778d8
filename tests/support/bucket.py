"""The part of S3 that imports ask, in memory; named as boto3 names it."""

import io
from typing import Any

from botocore.exceptions import ClientError


class InMemoryBucket:
    """One bucket; ``refuses`` are keys that S3 is too busy for, ``asked`` what was read, with its range."""

    def __init__(self, **files: bytes) -> None:
        self.files = {f"uploads/{name}": content for name, content in files.items()}
        self.refuses: set[str] = set()
        self.asked: list[tuple[str, str]] = []
        self._uploads: dict[str, dict[int, bytes]] = {}

    def _found(self, key: str) -> bytes:
        if key in self.refuses:
            raise ClientError({"Error": {"Code": "SlowDown"}}, "GetObject")
        if key not in self.files:
            raise ClientError({"Error": {"Code": "NoSuchKey"}}, "GetObject")
        return self.files[key]

    def etag(self, key: str) -> str:
        """Changes with the content."""
        return f'"{hash(self.files[key])}"'

    def head_object(self, Bucket: str, Key: str) -> dict[str, Any]:  # noqa: N803
        return {"ContentLength": len(self._found(Key)), "ETag": self.etag(Key)}

    def get_object(self, Bucket: str, Key: str, IfMatch: str = "", Range: str = "") -> dict[str, Any]:  # noqa: N803
        content = self._found(Key)
        self.asked.append((Key, Range))
        if IfMatch not in ("", self.etag(Key)):
            raise ClientError({"Error": {"Code": "PreconditionFailed"}}, "GetObject")
        if Range:
            first, last = Range.removeprefix("bytes=").split("-")
            content = content[int(first) : int(last) + 1]
        return {"Body": io.BytesIO(content), "ContentLength": len(content)}

    def put_object(self, Bucket: str, Key: str, Body: bytes, ContentType: str) -> None:  # noqa: N803
        assert (Bucket, ContentType) in {("ingest", "text/csv"), ("ingest", "application/json")}
        self.files[Key] = Body

    def copy_object(self, Bucket: str, Key: str, CopySource: dict[str, str]) -> None:  # noqa: N803
        self.files[Key] = self._found(CopySource["Key"])

    def create_multipart_upload(self, Bucket: str, Key: str, ContentType: str) -> dict[str, str]:  # noqa: N803
        self._uploads[Key] = {}
        return {"UploadId": Key}

    def upload_part(self, **asked: Any) -> dict[str, str]:
        self._uploads[asked["UploadId"]][asked["PartNumber"]] = asked["Body"]
        return {"ETag": str(asked["PartNumber"])}

    def complete_multipart_upload(self, **asked: Any) -> None:
        parts = self._uploads.pop(asked["UploadId"])
        self.files[asked["Key"]] = b"".join(parts[one["PartNumber"]] for one in asked["MultipartUpload"]["Parts"])
