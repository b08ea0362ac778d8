"""The bucket of reports in memory: the S3 calls of those who write there."""

import io
from collections.abc import Iterator
from typing import Any

from botocore.exceptions import ClientError


class ReportsBucket:
    """Files by key, with their content types."""

    def __init__(self, name: str = "reports") -> None:
        self.name = name
        self.files: dict[str, tuple[str, str]] = {}

    def put_object(self, *, Bucket: str, Key: str, Body: bytes, ContentType: str) -> None:  # noqa: N803
        assert Bucket == self.name
        self.files[Key] = (Body.decode(), ContentType)

    def get_object(self, *, Bucket: str, Key: str, Range: str = "bytes=0-") -> dict[str, Any]:  # noqa: N803
        assert Bucket == self.name
        if Key not in self.files:
            raise ClientError({"Error": {"Code": "NoSuchKey"}}, "GetObject")
        first, _, last = Range.removeprefix("bytes=").partition("-")
        whole = self.files[Key][0].encode()
        return {"Body": io.BytesIO(whole[int(first) : int(last) + 1 if last else None])}

    def get_paginator(self, operation: str) -> "ReportsBucket":
        assert operation == "list_objects_v2"
        return self

    def paginate(self, *, Bucket: str, Prefix: str, StartAfter: str) -> Iterator[dict[str, Any]]:  # noqa: N803
        """Pages of one key, the last one without contents."""
        assert Bucket == self.name
        for key in sorted(self.files):
            if key.startswith(Prefix) and key > StartAfter:
                yield {"Contents": [{"Key": key, "Size": len(self.files[key][0].encode())}]}
        yield {}
