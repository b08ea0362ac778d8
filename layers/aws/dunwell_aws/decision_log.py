"""Decisions in S3: a small compressed file a page of the daily pass, a dispatch, thanks or an announcement.

    plan/<business date>/<shard>/<run>-<page>.jsonl.gz
    dispatch/<business date>/<shard>/<contact>-<time>-<answer>.jsonl.gz
    thanks/<business date>/<shard>/<customer>-<time>.jsonl.gz
    announce/<business date>/<shard>/<contact>-<time>.jsonl.gz

All can be decided again. The first line of a file is the policy with the versions of what decided, each further line a
decision, without personal data. An id names the file, the line, and the first digits of a hash over the first line and
its own: who changes either has to change the id, which stands with the contact in the ledger too. A file is written
once: a page that is tried again finds what it decided before, and does that.
"""

import gzip
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zlib import crc32

from botocore.exceptions import ClientError
from pydantic import TypeAdapter, ValidationError

import dunwell.outreach.plan
from dunwell.dates import business_date
from dunwell.errors import InvalidInputError
from dunwell.ledger.ports import SHARDS
from dunwell.outreach.announce import AnnouncementDecision
from dunwell.outreach.decisions import (
    DispatchDecision,
    KeptPlan,
    PlanDecision,
    Versions,
    versions,
)
from dunwell.outreach.policy import Policy
from dunwell.outreach.thanks import ThanksDecision

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

Decision = PlanDecision | DispatchDecision | ThanksDecision | AnnouncementDecision

_PLAN, _DISPATCH, _THANKS, _ANNOUNCE = "plan", "dispatch", "thanks", "announce"
_HASH_DIGITS = 16
_OUTCOME_DIGITS = 8
_ID_PARTS = 6
_KEPT_BEFORE = {"PreconditionFailed", "ConditionalRequestConflict", "412", "409"}
_GONE = {"NoSuchKey", "404", "NotFound"}
_KINDS: dict[str, TypeAdapter[Any]] = {
    _PLAN: TypeAdapter(PlanDecision),
    _DISPATCH: TypeAdapter(DispatchDecision),
    _THANKS: TypeAdapter(ThanksDecision),
    _ANNOUNCE: TypeAdapter(AnnouncementDecision),
}


@dataclass(frozen=True, slots=True)
class _Head:
    """The first line of a file."""

    versions: Versions
    policy: Policy


_HEAD = TypeAdapter(_Head)


@dataclass(frozen=True, slots=True)
class StoredDecision:
    """A decision as it was found.

    Attributes:
        decision_id: made from what was found; it differs from the id asked for when the record was changed.
        policy: the policy that decided.
    """

    decision_id: str
    decision: Decision
    versions: Versions
    policy: Policy


class S3DecisionLog:
    """``DecisionLog`` in a bucket of its own, and what was kept there."""

    def __init__(self, s3: "S3Client", bucket: str) -> None:
        self._s3 = s3
        self._bucket = bucket

    def keep_page(self, as_of: date, run: str, policy: Policy, decisions: Sequence[PlanDecision]) -> list[KeptPlan]:
        """See the port. One request a shard, and a page is of one shard; one more when an earlier try kept the page."""
        shards: dict[int, list[PlanDecision]] = {}
        for decision in decisions:
            shards.setdefault(_shard(decision.customer_id), []).append(decision)
        return [kept for shard in shards for kept in self._keep(as_of, shard, run, policy, shards[shard])]

    def _keep(
        self, as_of: date, shard: int, run: str, policy: Policy, decisions: Sequence[PlanDecision]
    ) -> list[KeptPlan]:
        page = hashlib.sha256("|".join(one.customer_id for one in decisions).encode()).hexdigest()[:10]
        place = f"{_PLAN}:{as_of.isoformat()}:{shard:02d}:{run}-{page}"
        ids, content = packed(place, policy, decisions)
        if self._put(place, content):
            return [KeptPlan(*one) for one in zip(ids, decisions, strict=True)]
        kept = unpacked(place, self._get(place))
        return [KeptPlan(one.decision_id, one.decision) for one in kept if isinstance(one.decision, PlanDecision)]

    def keep_dispatch(self, policy: Policy, decision: DispatchDecision) -> str:
        """See the port. One request."""
        return self._keep_one(_DISPATCH, decision.contact_id, policy, decision, f"-{_answer(decision)}")

    def keep_thanks(self, policy: Policy, decision: ThanksDecision) -> str:
        """See ``ThanksLog``. One request."""
        return self._keep_one(_THANKS, decision.customer_id, policy, decision)

    def keep_announcement(self, policy: Policy, decision: AnnouncementDecision) -> str:
        """See ``AnnouncementLog``. One request."""
        (contact,) = decision.plan.contacts
        return self._keep_one(_ANNOUNCE, contact.contact_id, policy, decision)

    def _keep_one(
        self,
        kind: str,
        about: str,
        policy: Policy,
        decision: DispatchDecision | ThanksDecision | AnnouncementDecision,
        answer: str = "",
    ) -> str:
        on = business_date(decision.now, policy.creditor.timezone)
        place = f"{kind}:{on.isoformat()}:{_shard(decision.customer_id):02d}:{about}-{decision.now:%H%M%S%f}{answer}"
        (decision_id,), content = packed(place, policy, [decision])
        self._put(place, content)
        return decision_id

    def find(self, decision_id: str) -> StoredDecision:
        """The decision of an id, as it is found now.

        Raises:
            InvalidInputError: this is no such id, or nothing is kept there.
        """
        place, line, _ = _parts(decision_id)
        found = unpacked(place, self._get(place))
        if not 1 <= line <= len(found):
            raise InvalidInputError(f"{_key(place)} has no decision number {line}")
        return found[line - 1]

    def of_customer(self, customer_id: str, on: date) -> list[StoredDecision]:
        """What was decided about a customer on a business date: planned, thanked, announced, then dispatched."""
        found: list[StoredDecision] = []
        for kind in (_PLAN, _THANKS, _ANNOUNCE, _DISPATCH):
            prefix = f"{kind}/{on.isoformat()}/{_shard(customer_id):02d}/"
            pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=prefix)
            keys = (listed["Key"] for page in pages for listed in page.get("Contents", ()))
            for place in map(_place, keys):
                found += [one for one in unpacked(place, self._get(place)) if one.decision.customer_id == customer_id]
        return found

    def _put(self, place: str, content: bytes) -> bool:
        """Whether the file is new."""
        try:
            self._s3.put_object(
                Bucket=self._bucket, Key=_key(place), Body=content, ContentType="application/gzip", IfNoneMatch="*"
            )
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") in _KEPT_BEFORE:
                return False
            raise
        return True

    def _get(self, place: str) -> bytes:
        try:
            return self._s3.get_object(Bucket=self._bucket, Key=_key(place))["Body"].read()
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") in _GONE:
                raise InvalidInputError(f"no decision is kept at {_key(place)}") from None
            raise


def packed(place: str, policy: Policy, decisions: Sequence[Decision]) -> tuple[list[str], bytes]:
    """The ids of decisions and the file that keeps them."""
    head = _HEAD.dump_json(_Head(versions(policy, code_version()), policy), exclude_defaults=True)
    lines, ids = [head], []
    for number, decision in enumerate(decisions, start=1):
        line = _KINDS[place.partition(":")[0]].dump_json(decision, exclude_defaults=True)
        lines.append(line)
        ids.append(_id(place, number, head, line))
    return ids, gzip.compress(b"\n".join(lines) + b"\n", compresslevel=5, mtime=0)


def unpacked(place: str, content: bytes) -> list[StoredDecision]:
    """The decisions of a file.

    Raises:
        InvalidInputError: it is not such a file.
    """
    try:
        head, *lines = gzip.decompress(content).splitlines()
        first = _HEAD.validate_json(head)
        kind = _KINDS[place.partition(":")[0]]
        return [
            StoredDecision(_id(place, number, head, line), kind.validate_json(line), first.versions, first.policy)
            for number, line in enumerate(lines, start=1)
        ]
    except (OSError, EOFError, ValueError, KeyError, ValidationError) as error:
        raise InvalidInputError(f"{_key(place)} is not a file of decisions: {type(error).__name__}") from error


def place_of(path: Path) -> str:
    """The place of a file that was copied from the bucket with its folders.

    Raises:
        InvalidInputError: it does not stand in the folders that name it.
    """
    key = "/".join(path.resolve().parts[-4:])
    if key.count("/") != 3 or key.partition("/")[0] not in _KINDS or not key.endswith(".jsonl.gz"):
        raise InvalidInputError(f"{path} is not in its folders: .../plan/2026-11-22/07/NAME.jsonl.gz")
    return _place(key)


@cache
def code_version() -> str:
    """A hash of the sources that decide: outreach and the contact rules."""
    core = Path(dunwell.outreach.plan.__file__).parents[1]
    sources = sorted(path for name in ("compliance", "outreach") for path in (core / name).glob("*.py"))
    return hashlib.sha256(b"\0".join(path.read_bytes() for path in sources)).hexdigest()[:_HASH_DIGITS]


def _answer(decision: DispatchDecision) -> str:
    """A digest of the answer: another answer about the same contact at the same instant is another file."""
    answer = repr((decision.record, decision.channel, decision.invoice_ids))
    return hashlib.sha256(answer.encode()).hexdigest()[:_OUTCOME_DIGITS]


def _shard(customer_id: str) -> int:
    return crc32(customer_id.encode()) % SHARDS


def _id(place: str, number: int, head: bytes, line: bytes) -> str:
    digest = hashlib.sha256(head + b"\n" + line).hexdigest()
    return f"{place}:{number}:{digest[:_HASH_DIGITS]}"


def _parts(decision_id: str) -> tuple[str, int, str]:
    """The place, the line's number and the hash."""
    parts = decision_id.split(":")
    if len(parts) != _ID_PARTS or parts[0] not in _KINDS or not parts[4].isdigit():
        raise InvalidInputError(f"{decision_id!r} is not the id of a decision, such as plan:2026-11-22:07:…:1:…")
    return ":".join(parts[:4]), int(parts[4]), parts[5]


def _key(place: str) -> str:
    return f"{place.replace(':', '/')}.jsonl.gz"


def _place(key: str) -> str:
    return key.removesuffix(".jsonl.gz").replace("/", ":")
