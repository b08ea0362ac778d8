"""The outbox of letters, and the manifests by which a print service takes what is new, each letter once."""

import csv
import io
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import date, timedelta
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

LETTERS = "letters/"
MANIFESTS = "manifests/"
LOOK_BACK_DAYS = 7
"""So many days a letter may come late, or the making of manifests may fail, and none is left out."""


@dataclass(frozen=True, slots=True)
class Letter:
    """A letter of a manifest: its file, what that is named after, its size in bytes and its checksum (S3's ETag)."""

    key: str
    contact_id: str
    bytes: int
    etag: str


def letter_key(day: date, contact_id: str) -> str:
    """Where a letter lies."""
    return f"{LETTERS}{day.isoformat()}/{contact_id}.pdf"


class LetterOutbox:
    """The bucket."""

    def __init__(self, s3: "S3Client", bucket: str) -> None:
        self._s3 = s3
        self._bucket = bucket

    def close_day(self, day: date) -> Sequence[Letter]:
        """Write the manifest of a business date as CSV and JSON: the letters up to it that are in no other manifest.

        Made again, it is the same with what came since. The JSON is written last: it is what counts.
        """
        days = [day - timedelta(days=back) for back in range(LOOK_BACK_DAYS)]
        others = [*days[1:], *(day + timedelta(days=ahead) for ahead in range(1, LOOK_BACK_DAYS))]
        listed = {letter.key for one in others for letter in self.manifest(one)}
        found = sorted((one for some in days for one in self._letters(some)), key=lambda letter: letter.key)
        letters = [letter for letter in found if letter.key not in listed]
        self._put(f"{MANIFESTS}{day.isoformat()}.csv", _csv(letters), "text/csv; charset=utf-8")
        document = {"date": day.isoformat(), "letters": [asdict(one) for one in letters]}
        self._put(f"{MANIFESTS}{day.isoformat()}.json", json.dumps(document, indent=1), "application/json")
        return letters

    def manifest(self, day: date) -> Sequence[Letter]:
        """The letters of a business date's manifest; none when it was not made."""
        try:
            found = self._s3.get_object(Bucket=self._bucket, Key=f"{MANIFESTS}{day.isoformat()}.json")
        except ClientError as error:
            if error.response["Error"].get("Code") == "NoSuchKey":
                return ()
            raise
        return [Letter(**letter) for letter in json.loads(found["Body"].read())["letters"]]

    def _letters(self, day: date) -> Iterator[Letter]:
        pages = self._s3.get_paginator("list_objects_v2")
        for page in pages.paginate(Bucket=self._bucket, Prefix=f"{LETTERS}{day.isoformat()}/"):
            for one in page.get("Contents", []):
                contact_id = one["Key"].rpartition("/")[2].removesuffix(".pdf")
                yield Letter(one["Key"], contact_id, one["Size"], one["ETag"].strip('"'))

    def _put(self, key: str, text: str, media_type: str) -> None:
        self._s3.put_object(Bucket=self._bucket, Key=key, Body=text.encode(), ContentType=media_type)


def _csv(letters: Sequence[Letter]) -> str:
    out = io.StringIO()
    writer = csv.DictWriter(out, [field.name for field in fields(Letter)], lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(asdict(letter) for letter in letters)
    return out.getvalue()
