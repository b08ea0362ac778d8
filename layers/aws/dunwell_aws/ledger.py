"""The ledger in DynamoDB: an account is a journal, one item a change, in the customer's partition.

The change's version is its sort key, and its put demands that there is none yet. That one condition makes a write
atomic, loses no update and needs no transaction: a change of an open account costs one write unit a kilobyte. Events
stand in the same item and reach the bus through the stream. Only when an account opens or closes do two items have to
agree, the journal's and the work list's: then it is a transaction. Changes of several accounts always are.
"""

import json
import random
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter

from dunwell.accounts.model import Customer
from dunwell.errors import ConflictError, InvalidInputError
from dunwell.ledger.books import Part
from dunwell.ledger.change import Change
from dunwell.ledger.entry import Entry
from dunwell.ledger.fold import PART_ORDER
from dunwell.ledger.model import Account, Invoice
from dunwell_aws.table import (
    LEDGER,
    NEW,
    ON_WORK_LIST,
    Table,
    from_plain,
    open_shard,
    partition,
    plain_events,
    shard_partition,
    to_plain,
)

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef

_ITEM_BYTES = 300_000
"""DynamoDB takes 400 KB an item, counting names and numbers its own way."""
_ITEMS = 95
"""And 100 items a transaction, 4 MB altogether."""
_PAUSE_SECONDS = 0.05
_INVOICES = TypeAdapter(list[Invoice])
_ENTRIES = TypeAdapter(list[Entry])


class DynamoLedger:
    """``dunwell.ledger.ports.Ledger`` over the one table."""

    def __init__(self, table: Table, part_order: tuple[Part, ...] = PART_ORDER) -> None:
        self._table = table
        self._part_order = part_order

    def load(self, customer_id: str) -> Account | None:
        """See the port. One query."""
        customer: Customer | None = None
        version = 0
        invoices: list[dict[str, Any]] = []
        entries: list[dict[str, Any]] = []
        for change in self._table.query(partition(customer_id), LEDGER):
            version = change["version"]
            invoices += change.get("invoices", ())
            entries += change.get("entries", ())
            if "customer" in change:
                customer = from_plain(Customer, change["customer"])
        if customer is None:
            return None
        return Account(
            customer,
            version,
            {invoice.invoice_id: invoice for invoice in _INVOICES.validate_python(invoices)},
            {entry.entry_id: entry for entry in _ENTRIES.validate_python(entries)},
            self._part_order,
        )

    def commit(self, change: Change, *others: Change) -> Account:
        """See the port. One conditional put, or a transaction where items have to agree.

        A lost race waits a moment before it is told, so that many writers of one account do not lose to each other
        again and again.
        """
        after, writes = self._written(change)
        for other in others:
            writes += self._written(other)[1]
        if len(writes) > _ITEMS:
            raise InvalidInputError("the accounts are too large to be changed together")
        try:
            self._table.write(writes)
        except ConflictError:
            time.sleep(random.uniform(0, _PAUSE_SECONDS))  # noqa: S311 - jitter, not a secret
            raise
        return after

    def open_customer_ids(self, shard: int, after: str = "") -> Iterator[str]:
        """See the port. One index query a page of about 10,000 accounts."""
        return (key["work_sk"] for key in self._table.work(shard_partition(shard), after))

    def _written(self, change: Change) -> "tuple[Account, list[TransactWriteItemTypeDef]]":
        """The account afterwards, and the writes that make it so."""
        after = change.applied()
        customer_id = after.customer.customer_id
        items = list(_journal(change))
        after = _at_version(after, change.account.version + len(items))
        writes = [self._table.put(item, NEW) for item in items]
        was_open = change.account.version > 0 and change.account.is_open
        if after.is_open != was_open:
            writes.append(self._table.put(_on_work_list(customer_id, after.is_open)))
        return after, writes


def _on_work_list(customer_id: str, is_open: bool) -> dict[str, Any]:
    """The account's place on the work list. Without the index's keys it is off it: no function has to delete here."""
    listed = {"work_pk": open_shard(customer_id), "work_sk": customer_id} if is_open else {}
    return {"pk": partition(customer_id), "sk": ON_WORK_LIST} | listed


def _journal(change: Change) -> Iterator[dict[str, Any]]:
    """A change as items, each within DynamoDB's size: one, unless it is very large."""
    version = change.account.version
    recorded_at = datetime.now(UTC).isoformat(timespec="milliseconds")
    customer = change.customer or (change.account.customer if version == 0 else None)
    head: dict[str, Any] = {"events": plain_events(change.events)} if change.events else {}
    if customer:
        head["customer"] = to_plain(customer, defaults=False)
    invoices = _INVOICES.dump_python(list(change.invoices.values()), mode="json", exclude_defaults=True)
    entries = _ENTRIES.dump_python(list(change.entries.values()), mode="json", exclude_defaults=True)
    for part in _parts(head, invoices, entries):
        version += 1
        key = {"pk": partition(change.account.customer.customer_id), "sk": f"{LEDGER}{version:010d}"}
        yield key | {"version": version, "recorded_at": recorded_at} | part


def _parts(
    head: dict[str, Any], invoices: Sequence[dict[str, Any]], entries: Sequence[dict[str, Any]]
) -> Iterator[dict[str, Any]]:
    part, used = head, _size(head)
    for name, facts in (("invoices", invoices), ("entries", entries)):
        for fact in facts:
            size = _size(fact)
            if used + size > _ITEM_BYTES:
                yield part
                part, used = {}, 0
            part.setdefault(name, []).append(fact)
            used += size
    yield part


def _size(plain: dict[str, Any]) -> int:
    return len(json.dumps(plain, ensure_ascii=False).encode())


def _at_version(account: Account, version: int) -> Account:
    if account.version == version:
        return account
    return Account(account.customer, version, account.invoices, account.entries, account.part_order)
