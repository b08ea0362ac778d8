"""The one table's keys and writes: keys are spelled here and nowhere else."""

import time
from collections.abc import Hashable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar, cast

from botocore.exceptions import ClientError
from pydantic import TypeAdapter

from dunwell.errors import ConflictError
from dunwell.events import Event
from dunwell.ledger.ports import shard_of
from dunwell_aws.dynamo_json import item, plain

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef

LEDGER = "LEDGER#"
FIRST_CHANGE = "LEDGER#0000000001"
ON_WORK_LIST = "WORK#OPEN"
ON_AGENDA = "WORK#AGENDA"
COLLECT = "COLLECT#"
SCORE = "COLLECT#SCORE"
CONTACT = "COLLECT#CONTACT#"
CASE = "COLLECT#CASE#"
TASK = "TASK#"
NOTICE = "NOTICE#"
CHECKOUT = "CHECKOUT#"
OUTBOX = "OUTBOX#"
WAITING_CASES = "CASES#WAITING"
OPEN_TASKS = "TASKS#OPEN"
SWITCHES = "SWITCHES"
IDS = "IDS"
CONTACTS_WAITING = "CONTACTS#WAITING#"
CASH_WAITING = "CASH#WAITING"
CARRIED = "PART#"
SAID = "SAID#"

WORK_INDEX = "work"
NEW = "attribute_not_exists(pk)"
_OUTBOX_DAYS = 7
_DAY_SECONDS = 86_400
T = TypeVar("T")
_LOST_RACE = {"ConditionalCheckFailed", "TransactionConflict"}


def partition(customer_id: str) -> str:
    """The partition of a customer: one query reads an account, one transaction changes it."""
    return f"CUS#{customer_id}"


def open_shard(customer_id: str) -> str:
    """The work list partition on which an account with something open stands."""
    return shard_partition(shard_of(customer_id))


def agenda_shard(customer_id: str) -> str:
    """The work list partition on which a customer's agreements and debits wait for their day."""
    return agenda_partition(shard_of(customer_id))


def agenda_partition(shard: int) -> str:
    """The work list partition of a shard's agreements and debits."""
    return f"AGENDA#{shard:02d}"


def waiting_shard(customer_id: str) -> str:
    """The work list partition on which a customer's contacts wait for their minute."""
    return waiting_partition(shard_of(customer_id))


def waiting_partition(shard: int) -> str:
    """The work list partition of a shard's waiting contacts."""
    return f"{CONTACTS_WAITING}{shard:02d}"


def waiting_place(at: datetime, what: str) -> str:
    """The work sort key of something that waits for an instant: in the order of time, by whole seconds in UTC."""
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}#{what}"


def shard_partition(shard: int) -> str:
    """The work list partition of a shard of open accounts."""
    return f"OPEN#{shard:02d}"


def reference_partition(key: str) -> str:
    """Where the pointers to invoices of a reference key stand."""
    return f"REF#{key}"


def name_partition(key: str) -> str:
    """Where the pointers to customers of a name's or number's key stand."""
    return f"PAYER#{key}"


def account_partition(key: str) -> str:
    """Where the customers stand for whom an account paid."""
    return f"ACCOUNT#{key}"


def payout_partition(currency: str, amount_minor: int) -> str:
    """Where payouts of an amount stand."""
    return f"PAYOUT#{currency}#{amount_minor}"


def carried_partition(payout_id: str) -> str:
    """Where it stands what a payout carries."""
    return f"CARRIED#{payout_id}"


def counts_partition(channel: str) -> str:
    """Where it is counted what came back of a channel's messages."""
    return f"COUNTS#{channel}"


def message_partition(message_id: str) -> str:
    """Where the pointer from a service's message id to the contact stands."""
    return f"MESSAGE#{message_id}"


def address_partition(address_id: str) -> str:
    """Where it stands who was written to at an e-mail address or a number, and what was said there."""
    return f"ADDRESS#{address_id}"


def series_partition(name: str) -> str:
    """Where the figures of a series about industries or everybody stand."""
    return f"SERIES#{name}"


def lines_partition(currency: str, amount_minor: int) -> str:
    """Where bank lines of an amount stand: by day, so that one query finds the late ones."""
    return f"LINES#{currency}#{amount_minor}"


def line_key(item_id: str) -> tuple[str, str]:
    """A bank line's partition and sort key from its id (``LineRecord.item_id``)."""
    currency, amount_minor, day, line_id = item_id.split(".")
    return lines_partition(currency, int(amount_minor)), f"{day}#{line_id}"


@cache
def _adapter(kind: Hashable) -> TypeAdapter[Any]:
    return TypeAdapter(cast(type[Any], kind))


def to_plain(value: object, *, defaults: bool = True) -> dict[str, Any]:
    """A domain dataclass as plain data: dates and enums as text, tuples and sets as lists.

    Args:
        defaults: False leaves out what ``from_plain`` fills in again: smaller items cost less.
    """
    adapter = _adapter(cast(Hashable, type(value)))
    dumped: dict[str, Any] = adapter.dump_python(value, mode="json", exclude_defaults=not defaults)
    return dumped


def from_plain(kind: type[T], data: Mapping[str, Any]) -> T:
    """A domain dataclass from the plain data that ``to_plain`` made; keys of the table are ignored."""
    made: T = _adapter(cast(Hashable, kind)).validate_python(data)
    return made


class Table:
    """One DynamoDB table: queries that follow their pages, and transactions whose lost races are a typed error.

    Args:
        consistent: False reads at half the price what may be a moment old.
    """

    def __init__(self, client: "DynamoDBClient", name: str, *, consistent: bool = True) -> None:
        self.client = client
        self.name = name
        self._consistent = consistent

    def get(self, pk: str, sk: str) -> dict[str, Any] | None:
        """One item, or None."""
        found = self.client.get_item(
            TableName=self.name, Key=item({"pk": pk, "sk": sk}), ConsistentRead=self._consistent
        )
        return plain(found["Item"]) if "Item" in found else None

    def query(self, pk: str, prefix: str = "") -> Iterator[dict[str, Any]]:
        """Items of a partition, those whose sort key starts with a prefix, in order."""
        values = {":pk": pk} | ({":prefix": prefix} if prefix else {})
        pages = self.client.get_paginator("query").paginate(
            TableName=self.name,
            KeyConditionExpression="pk = :pk AND begins_with(sk, :prefix)" if prefix else "pk = :pk",
            ExpressionAttributeValues=item(values),
            ConsistentRead=self._consistent,
        )
        for page in pages:
            yield from map(plain, page["Items"])

    def work(self, work_pk: str, after: str = "", until: str = "") -> Iterator[dict[str, Any]]:
        """Keys on a work list, in order, those after a work sort key and, when it is given, not after another."""
        pages = self.client.get_paginator("query").paginate(
            TableName=self.name,
            IndexName=WORK_INDEX,
            KeyConditionExpression="work_pk = :pk AND work_sk > :after",
            ExpressionAttributeValues=item({":pk": work_pk, ":after": after or " "}),
        )
        for page in pages:
            for found in map(plain, page["Items"]):
                if until and found["work_sk"] > until:
                    return
                yield found

    def put(
        self, plain_item: Mapping[str, Any], condition: str = "", values: Mapping[str, Any] | None = None
    ) -> "TransactWriteItemTypeDef":
        """A put as part of a transaction."""
        write: dict[str, Any] = {"TableName": self.name, "Item": item(plain_item)}
        if condition:
            write["ConditionExpression"] = condition
        if values:
            write["ExpressionAttributeValues"] = item(values)
        return {"Put": write}  # type: ignore[typeddict-item]

    def write(self, writes: Sequence["TransactWriteItemTypeDef"]) -> None:
        """Write all or nothing: a single put by itself, which costs half of a transaction.

        Raises:
            ConflictError: see ``transact``.
        """
        if len(writes) > 1:
            self.transact(writes)
            return
        try:
            self.client.put_item(**writes[0]["Put"])
        except ClientError as error:
            raise translated(error) from error

    def outbox(self, customer_id: str, events: Sequence[Event]) -> list["TransactWriteItemTypeDef"]:
        """The outbox entry of a transaction's events; the table's stream publishes it. None without events."""
        if not events:
            return []
        entry = {
            "pk": partition(customer_id),
            "sk": f"{OUTBOX}{events[0].event_id}",
            "events": plain_events(events),
            "ttl": ttl_after(_OUTBOX_DAYS * _DAY_SECONDS),
        }
        return [self.put(entry)]

    def transact(self, writes: Sequence["TransactWriteItemTypeDef"]) -> None:
        """Write all or nothing.

        Raises:
            ConflictError: a condition failed or another transaction was at the same items.
        """
        try:
            self.client.transact_write_items(TransactItems=list(writes))
        except ClientError as error:
            raise translated(error) from error


def plain_events(events: Sequence[Event]) -> list[dict[str, Any]]:
    """Events as the stream's reader expects them."""
    return [to_plain(event) | {"data": dict(event.data)} for event in events]


def translated(error: ClientError) -> Exception:
    """A lost race as ConflictError; anything else as it came."""
    code = error.response.get("Error", {}).get("Code", "")
    reasons = {reason.get("Code") for reason in error.response.get("CancellationReasons", [])}
    if code in {"ConditionalCheckFailedException", "TransactionConflictException"} or reasons & _LOST_RACE:
        return ConflictError("the account was changed meanwhile")
    return error


def ttl_after(seconds: int) -> int:
    """The epoch second at which DynamoDB may delete an item: always by the real clock, also in a replay."""
    return int(time.time()) + seconds
