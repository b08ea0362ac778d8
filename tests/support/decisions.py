"""A decision log in memory: the adapter itself, over the part of S3 that it asks."""

import io
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from botocore.exceptions import ClientError

from dunwell.ledger.model import Account
from dunwell.outreach.decisions import planned
from dunwell.outreach.plan import AccountPlan, carry_out
from dunwell.outreach.policy import Policy
from dunwell.outreach.ports import ContactStore
from dunwell_aws.decision_log import S3DecisionLog, StoredDecision, place_of, unpacked

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


class DecisionsBucket:
    """One bucket, named as boto3 names it. ``refuses``: the number of writes that S3 is still too busy for."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.refuses = 0

    def put_object(self, Bucket: str, Key: str, Body: bytes, ContentType: str, IfNoneMatch: str) -> None:  # noqa: N803
        if self.refuses:
            self.refuses -= 1
            raise ClientError({"Error": {"Code": "SlowDown"}}, "PutObject")
        if IfNoneMatch == "*" and Key in self.files:
            raise ClientError({"Error": {"Code": "PreconditionFailed"}}, "PutObject")
        self.files[Key] = Body

    def get_object(self, Bucket: str, Key: str) -> dict[str, Any]:  # noqa: N803
        if Key not in self.files:
            raise ClientError({"Error": {"Code": "NoSuchKey"}}, "GetObject")
        return {"Body": io.BytesIO(self.files[Key])}

    def get_paginator(self, operation: str) -> "DecisionsBucket":
        assert operation == "list_objects_v2"
        return self

    def paginate(self, Bucket: str, Prefix: str) -> Iterator[dict[str, Any]]:  # noqa: N803
        yield {"Contents": [{"Key": key} for key in sorted(self.files) if key.startswith(Prefix)]}


def decision_log(bucket: DecisionsBucket | None = None) -> S3DecisionLog:
    """A log over a bucket in memory."""
    return S3DecisionLog(cast("Any", bucket or DecisionsBucket()), "decisions")


def plan_and_keep(account: Account, store: ContactStore, policy: Policy, as_of: date, now: datetime) -> AccountPlan:
    """Plan one account as the daily pass does a page; an empty plan when the day was planned already."""
    decided = planned(account, store.state(account.customer.customer_id), policy, as_of, now)
    (kept,) = decision_log().keep_page(as_of, "run", policy, [decided])
    return carry_out(account.customer.customer_id, kept.plan, store)


def everything(s3: "S3Client", bucket: str, kind: str) -> list[StoredDecision]:
    """All that is kept of a kind, ``plan`` or ``dispatch``."""
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=f"{kind}/")
    found: list[StoredDecision] = []
    for key in (listed["Key"] for page in pages for listed in page.get("Contents", ())):
        found += unpacked(place_of(Path("/") / key), s3.get_object(Bucket=bucket, Key=key)["Body"].read())
    return found
