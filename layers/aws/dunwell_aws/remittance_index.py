"""Cash application in DynamoDB: pointers to invoices and customers, learned accounts, payouts, and the bank lines.

Pointers are hints without a transaction: written before the change that they point into, believed only when the
account agrees, so that a dangling one is harmless. One item a key has the ids as a set: adding is idempotent, and a
hundred keys are read in one request. An invoice costs one write unit, a new customer at most three.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date
from functools import cache
from itertools import islice
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from dunwell.errors import ConflictError, UnavailableError
from dunwell.ledger.change import Change
from dunwell.remittance.model import AccountLink, BankLine, Movement, Payout, PostedLine
from dunwell.remittance.pointers import invoice_pointers, new_customer_keys
from dunwell.remittance.ports import MAX_HITS
from dunwell.remittance.records import LineRecord, item_id_of
from dunwell_aws.dynamo_json import item, plain
from dunwell_aws.table import (
    CARRIED,
    CASH_WAITING,
    IDS,
    NEW,
    Table,
    account_partition,
    carried_partition,
    from_plain,
    line_key,
    lines_partition,
    name_partition,
    payout_partition,
    reference_partition,
    to_plain,
    translated,
    ttl_after,
)

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef

_THREADS = 8
_KEYS_PER_REQUEST = 100
_MOVEMENTS = 100
_TRIES = 8
_DAY_SECONDS = 86_400
POINTER_DAYS = 800
"""An invoice's pointer goes after two years and some: without that, keys would fill up with invoices settled long ago,
and the number of a new one would be lost among them. What is still owed then is found through its payer."""
LINK_DAYS = 800
"""Counted from the account's last payment."""
_MOST_IDS = 4 * MAX_HITS
"""A key that is this common tells nothing, and an item must not grow for ever."""


class DynamoRemittanceIndex:
    """``Pointers``, ``BankLines`` and the importer's ``ChangeWatcher`` over the one table."""

    def __init__(self, table: Table) -> None:
        self._table = table

    # --- writing pointers ---

    def note(self, change: Change) -> None:
        """See ``ChangeWatcher``. One update for each new invoice and each new key of the customer, some at a time."""
        customer_id = change.account.customer.customer_id
        ttl = ttl_after(POINTER_DAYS * _DAY_SECONDS)
        wanted: list[tuple[str, str, int]] = [
            (reference_partition(one.key), f"{one.customer_id}#{one.invoice_id}", ttl)
            for one in invoice_pointers(change)
        ]
        wanted += [(name_partition(key), customer_id, 0) for key in new_customer_keys(change)]
        if len(wanted) < 2:
            for one in wanted:
                self._point(*one)
            return
        for done in [_pool().submit(self._point, *one) for one in wanted]:
            done.result()

    def _point(self, pk: str, to: str, ttl: int) -> None:
        sets = " SET #ttl = :ttl" if ttl else ""
        names: dict[str, str] = {"#ttl": "ttl"} if ttl else {}
        values: dict[str, Any] = {":to": {"SS": [to]}, ":most": {"N": str(_MOST_IDS)}}
        if ttl:
            values[":ttl"] = {"N": str(ttl)}
        extra: dict[str, Any] = {"ExpressionAttributeNames": names} if names else {}
        try:
            self._table.client.update_item(
                TableName=self._table.name,
                Key=item({"pk": pk, "sk": IDS}),
                UpdateExpression=f"ADD ids :to{sets}",
                ConditionExpression="attribute_not_exists(ids) OR size(ids) < :most",
                ExpressionAttributeValues=values,
                **extra,
            )
        except ClientError as error:
            if not isinstance(translated(error), ConflictError):
                raise

    def expect(self, payout: Payout) -> bool:
        """See ``PayoutStore``. One read; one write when something is new, and one for each hundred movements before."""
        key = {"pk": payout_partition(payout.currency, payout.amount_minor), "sk": payout.payout_id}
        stored = self._table.get(key["pk"], key["sk"])
        known = from_plain(Payout, stored) if stored else None
        if known and (payout.version < known.version or _says_the_same(payout, known)):
            return False
        ttl = ttl_after(POINTER_DAYS * _DAY_SECONDS)
        for number, some in enumerate(_portions(payout.movements), start=1):
            part = {"pk": carried_partition(payout.payout_id), "sk": f"{CARRIED}{number:04}", "ttl": ttl}
            self._table.write([self._table.put(part | {"movements": [to_plain(one) for one in some]})])
        told = to_plain(replace(payout, movements=())) | {"ttl": ttl}
        told = {name: value for name, value in told.items() if name not in ("movements", "reconciled")}
        return self._told(key, told)

    def _told(self, key: dict[str, str], told: Mapping[str, Any]) -> bool:
        """Write what a gateway says of a payout; what the bank said of it stays."""
        sets = ", ".join(f"#{name} = :{name}" for name in told)
        try:
            self._table.client.update_item(
                TableName=self._table.name,
                Key=item(key),
                UpdateExpression=f"SET {sets}, reconciled = if_not_exists(reconciled, :no)",
                ConditionExpression="attribute_not_exists(pk) OR #version <= :version",
                ExpressionAttributeNames={f"#{name}": name for name in told},
                ExpressionAttributeValues=item({f":{name}": value for name, value in told.items()} | {":no": False}),
            )
        except ClientError as error:
            if not isinstance(translated(error), ConflictError):
                raise
            return False
        return True

    def carried(self, payout_id: str) -> tuple[Movement, ...]:
        """What a payout carries, as far as the gateway said; newest first."""
        parts = self._table.query(carried_partition(payout_id), CARRIED)
        return tuple(from_plain(Movement, one) for part in parts for one in part["movements"])

    # --- Pointers ---

    def invoices(self, keys: Sequence[str]) -> Mapping[str, Sequence[tuple[str, str]]]:
        """See the port. One request a hundred keys."""
        found: dict[str, Sequence[tuple[str, str]]] = {}
        for key, ids in self._ids({reference_partition(key): key for key in keys}):
            pairs = (one.partition("#") for one in ids)
            found[key] = [(customer_id, invoice_id) for customer_id, _, invoice_id in pairs]
        return found

    def customers(self, keys: Sequence[str]) -> Mapping[str, Sequence[str]]:
        """See the port. One request a hundred keys."""
        return {key: ids[:MAX_HITS] for key, ids in self._ids({name_partition(key): key for key in keys})}

    def links(self, key: str) -> Sequence[AccountLink]:
        """See the port. One query."""
        stored = self._newest(account_partition(key), "")
        return [AccountLink(one["sk"], one["times"]) for one in stored]

    def payouts(self, currency: str, amount_minor: int) -> Sequence[Payout]:
        """See the port. One query."""
        stored = self._newest(payout_partition(currency, amount_minor), "")
        return [from_plain(Payout, one) for one in stored]

    def posted_lines(self, currency: str, amount_minor: int, since: date) -> Sequence[PostedLine]:
        """See the port. One query."""
        stored = self._newest(lines_partition(currency, amount_minor), since.isoformat())
        records = (from_plain(LineRecord, one) for one in stored)
        return [
            PostedLine(
                line_id=one.line.line_id,
                customer_id=one.chosen.customer_id,
                booked_on=one.line.booked_on,
                amount_minor=one.line.amount_minor,
                payer_account=one.line.payer_account,
                end_to_end_id=one.line.end_to_end_id,
            )
            for one in records
            if one.chosen
        ]

    def _ids(self, by_pk: Mapping[str, str]) -> Iterator[tuple[str, list[str]]]:
        for stored in self._get((pk, IDS) for pk in by_pk):
            yield by_pk[stored["pk"]["S"]], sorted(stored["ids"]["SS"])

    def _newest(self, pk: str, since: str) -> list[dict[str, Any]]:
        """The last ``MAX_HITS`` items of a partition, newest first, from a sort key on (days only)."""
        found = self._table.client.query(
            TableName=self._table.name,
            KeyConditionExpression="pk = :pk AND sk BETWEEN :since AND :last",
            ExpressionAttributeValues=item({":pk": pk, ":since": since or "!", ":last": "9999" if since else "~"}),
            ScanIndexForward=False,
            ConsistentRead=True,
            Limit=MAX_HITS,
        )
        return [plain(one) for one in found["Items"]]

    # --- BankLines ---

    def records(self, lines: Sequence[BankLine]) -> Mapping[str, LineRecord]:
        """See the port. One request a hundred lines."""
        stored = self._get((line_key(item_id_of(line)) for line in lines), consistent=True)
        found = (from_plain(LineRecord, plain(one)) for one in stored)
        return {one.line.line_id: one for one in found}

    def record(self, item_id: str) -> LineRecord | None:
        """See the port. One read."""
        try:
            key = line_key(item_id)
        except ValueError:
            return None
        stored = self._table.get(*key)
        return from_plain(LineRecord, stored) if stored else None

    def keep(self, record: LineRecord, learned: str = "") -> None:
        """See the port. One put; with an account that is learned, one transaction of two items."""
        first = record.version == 1
        put = self._table.put(
            _line(record), NEW if first else "version = :before", None if first else {":before": record.version - 1}
        )
        if not learned or not record.chosen:
            self._table.write([put])
            return
        self._table.transact([put, self._link(learned, record.chosen.customer_id)])

    def listed(self) -> Sequence[LineRecord]:
        """See the port. One index query for the keys, one request a hundred lines."""
        keys = [(one["pk"], one["sk"]) for one in self._table.work(CASH_WAITING)]
        found = (from_plain(LineRecord, plain(one)) for one in self._get(keys, consistent=True))
        listed = [one for one in found if one.is_listed]
        return sorted(listed, key=lambda one: (one.line.booked_on, one.line.line_id))

    def reconcile(self, payout_id: str, line: BankLine) -> None:
        """See the port. One update, which leaves alone what the gateway said."""
        try:
            self._table.client.update_item(
                TableName=self._table.name,
                Key=item({"pk": payout_partition(line.currency, line.amount_minor), "sk": payout_id}),
                UpdateExpression="SET reconciled = :yes, line_id = :line",
                ConditionExpression="reconciled = :no",
                ExpressionAttributeValues=item({":yes": True, ":no": False, ":line": line.line_id}),
            )
        except ClientError as error:
            if not isinstance(translated(error), ConflictError):
                raise

    def _link(self, key: str, customer_id: str) -> "TransactWriteItemTypeDef":
        values = {":one": {"N": "1"}, ":ttl": {"N": str(ttl_after(LINK_DAYS * _DAY_SECONDS))}}
        update: Any = {
            "TableName": self._table.name,
            "Key": item({"pk": account_partition(key), "sk": customer_id}),
            "UpdateExpression": "ADD times :one SET #ttl = :ttl",
            "ExpressionAttributeNames": {"#ttl": "ttl"},
            "ExpressionAttributeValues": values,
        }
        return {"Update": update}

    def _get(self, keys: Iterable[tuple[str, str]], *, consistent: bool = False) -> Iterator[dict[str, Any]]:
        """Items by key, in no order; those that are not there are left out."""
        wanted = iter(dict.fromkeys(keys))
        while some := list(islice(wanted, _KEYS_PER_REQUEST)):
            asked: Any = {"Keys": [item({"pk": pk, "sk": sk}) for pk, sk in some], "ConsistentRead": consistent}
            left: Any = {self._table.name: asked}
            for _ in range(_TRIES):
                answer = self._table.client.batch_get_item(RequestItems=left)
                yield from answer["Responses"].get(self._table.name, ())
                left = answer.get("UnprocessedKeys")
                if not left:
                    break
            else:
                raise UnavailableError("the remittance index could not be read")


def _says_the_same(payout: Payout, known: Payout) -> bool:
    """Whether a later reading brings nothing new: neither its version nor its arrival says anything by itself."""
    return replace(payout, movements=(), version=known.version, reconciled=known.reconciled) == known


def _portions(movements: Sequence[Movement]) -> Iterator[Sequence[Movement]]:
    return (movements[start : start + _MOVEMENTS] for start in range(0, len(movements), _MOVEMENTS))


@cache
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(_THREADS)


def _line(record: LineRecord) -> dict[str, Any]:
    pk, sk = line_key(record.item_id)
    stored = {"pk": pk, "sk": sk} | to_plain(record, defaults=False)
    if record.is_listed:
        stored |= {"work_pk": CASH_WAITING, "work_sk": f"{record.line.booked_on}#{record.line.line_id}"}
    return stored
