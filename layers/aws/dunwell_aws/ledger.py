"""The ledger in DynamoDB: an account is a journal, one item a change, in the customer's partition.

The change's version is its sort key, and its put demands that there is none yet. That one condition makes a write
atomic, loses no update and needs no transaction: a change of an open account costs one write unit a kilobyte. Events
stand in the same item and reach the bus through the stream.

The work list is an item of its own, written before an account opens and after it closed, and never over the trace of a
newer version: an open account is always on the list, whatever dies on the way, and a closed one that somebody died over
costs the daily pass a look. The agenda, by the day on which agreements or debits need somebody, is another such list;
it changes seldom, and in one transaction with the journal.

A transaction, at twice the price, is for what must be whole: changes of several accounts, another day on the agenda,
and a change larger than an item, whose further parts stand behind the first, which says how many they are. It carries
the work list's items with it: lost for one account, it leaves no trace of another.
"""

import json
import random
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, TypeAdapter

from dunwell.accounts.model import Customer
from dunwell.errors import ConflictError, InvalidInputError
from dunwell.figures import Figure
from dunwell.ledger.agreements import Agreement
from dunwell.ledger.books import Part
from dunwell.ledger.change import Change
from dunwell.ledger.debits import DebitAttempt, PaymentMethod
from dunwell.ledger.entry import Entry
from dunwell.ledger.fold import PART_ORDER
from dunwell.ledger.model import Account, Invoice
from dunwell.ledger.update import followed
from dunwell_aws.packing import packed, unpacked
from dunwell_aws.table import (
    LEDGER,
    NEW,
    ON_AGENDA,
    ON_WORK_LIST,
    Table,
    agenda_partition,
    agenda_shard,
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
_ITEMS = 100
_TRANSACTION_BYTES = 3_800_000
"""What a transaction takes: 100 items, 4 MB altogether."""
_READINGS = 5
_PAUSE_SECONDS = 0.05


class _Facts(BaseModel):
    """What a change adds to an account, or an item of it does."""

    model_config = ConfigDict(frozen=True)

    invoices: list[Invoice] = []
    entries: list[Entry] = []
    figures: list[Figure] = []
    agreements: list[Agreement] = []
    methods: list[PaymentMethod] = []
    attempts: list[DebitAttempt] = []


_INVOICES = TypeAdapter(list[Invoice])
_ENTRIES = TypeAdapter(list[Entry])
_FIGURES = TypeAdapter(list[Figure])
_AGREEMENTS = TypeAdapter(list[Agreement])
_METHODS = TypeAdapter(list[PaymentMethod])
_ATTEMPTS = TypeAdapter(list[DebitAttempt])


class DynamoLedger:
    """``dunwell.ledger.ports.Ledger`` over the one table."""

    def __init__(self, table: Table, part_order: tuple[Part, ...] = PART_ORDER) -> None:
        self._table = table
        self._part_order = part_order

    def load(self, customer_id: str) -> Account | None:
        """See the port. One query; one more for a customer who became part of another one."""
        return followed(self._stored, customer_id)

    def _stored(self, customer_id: str) -> Account | None:
        items = self._journal_of(customer_id)
        customer: Customer | None = None
        version = 0
        invoices: list[Invoice] = []
        entries: list[Entry] = []
        figures: list[Figure] = []
        agreements: dict[str, Agreement] = {}
        methods: dict[str, PaymentMethod] = {}
        attempts: dict[str, DebitAttempt] = {}
        for change in items:
            version = change["version"]
            if "facts" in change:
                facts = _Facts.model_validate_json(unpacked(change["facts"]))
                invoices += facts.invoices
                entries += facts.entries
                figures += facts.figures
                agreements |= {one.agreement_id: one for one in facts.agreements}
                methods |= {one.method_id: one for one in facts.methods}
                attempts |= {one.attempt_id: one for one in facts.attempts}
            if "customer" in change:
                customer = from_plain(Customer, change["customer"])
        if customer is None:
            return None
        return Account(
            customer,
            version,
            {invoice.invoice_id: invoice for invoice in invoices},
            {entry.entry_id: entry for entry in entries},
            self._part_order,
            tuple(figures),
            agreements,
            methods,
            attempts,
        )

    def commit(self, change: Change, *others: Change) -> Account:
        """See the port. One conditional put; beside it one of the work list's, when the account opens or closes.

        Several accounts, a change larger than an item, or another day on the agenda: one transaction, the puts of the
        work lists included.

        A lost race waits a moment before it is told, so that many writers of one account do not lose to each other
        again and again.
        """
        changes = (change, *others)
        after = [one.applied() for one in changes]
        turned = [then for one, then in zip(changes, after, strict=True) if then.is_open != _was_open(one)]
        dated = [
            then
            for one, then in zip(changes, after, strict=True)
            if then.next_look_on != (one.account.next_look_on if one.account.version else None)
        ]
        items = [item for one, then in zip(changes, after, strict=True) for item in _journal(one, then.version)]
        try:
            if len(items) > 1 or dated:
                self._write_whole(items, [*map(self._place, turned), *map(self._agenda_place, dated)])
            else:
                self._write_one(items[0], turned[0] if turned else None)
        except ConflictError:
            time.sleep(random.uniform(0, _PAUSE_SECONDS))  # noqa: S311 - jitter, not a secret
            raise
        return after[0]

    def open_customer_ids(self, shard: int, after: str = "") -> Iterator[str]:
        """See the port. One index query a page of about 10,000 accounts."""
        return (key["work_sk"] for key in self._table.work(shard_partition(shard), after))

    def agenda(self, shard: int, until: date) -> Iterator[str]:
        """See the port. One index query."""
        for key in self._table.work(agenda_partition(shard), until=f"{until.isoformat()}#~"):
            yield key["work_sk"].partition("#")[2]

    def _journal_of(self, customer_id: str) -> list[dict[str, Any]]:
        for _ in range(_READINGS):
            items = list(self._table.query(partition(customer_id), LEDGER))
            if not _is_torn(items):
                return items
        raise ConflictError("the account is being changed")

    def _write_whole(self, items: Sequence[Mapping[str, Any]], places: Sequence["TransactWriteItemTypeDef"]) -> None:
        """Write changes and their accounts' places on the work lists in one transaction."""
        if len(items) + len(places) > _ITEMS or _size(items) > _TRANSACTION_BYTES:
            raise InvalidInputError("this is too large to be written at once: divide it")
        self._table.write([*(self._table.put(item, NEW) for item in items), *places])

    def _write_one(self, item: Mapping[str, Any], turned: Account | None) -> None:
        """Write a change of one account; before it the note that it opens, or after it that it closed."""
        try:
            if turned and turned.is_open:
                self._list(turned)
            self._table.write([self._table.put(item, NEW)])
        except ConflictError:
            if turned and turned.is_open:
                self._list_as_is(turned.customer.customer_id)
            raise
        if turned and not turned.is_open:
            try:
                self._list(turned)
            except ConflictError:  # it opened again meanwhile, or somebody is at this item
                self._list_as_is(turned.customer.customer_id)

    def _place(self, account: Account) -> "TransactWriteItemTypeDef":
        """An account's place on the work list or, without the index's keys, off it: no function has to delete here.

        Refused when a newer version of the account is noted there.
        """
        customer_id = account.customer.customer_id
        listed = {"work_pk": open_shard(customer_id), "work_sk": customer_id} if account.is_open else {}
        item = {"pk": partition(customer_id), "sk": ON_WORK_LIST, "version": account.version} | listed
        return self._table.put(
            item, "attribute_not_exists(version) OR version <= :version", {":version": account.version}
        )

    def _agenda_place(self, account: Account) -> "TransactWriteItemTypeDef":
        """An account's place on the agenda, or off it; right because it is written with the journal or not at all."""
        customer_id, on = account.customer.customer_id, account.next_look_on
        work_pk, work_sk = agenda_shard(customer_id), f"{on}#{customer_id}"
        listed = {"work_pk": work_pk, "work_sk": work_sk} if on else {}
        return self._table.put({"pk": partition(customer_id), "sk": ON_AGENDA} | listed)

    def _list(self, account: Account) -> None:
        """Note an account's place. Raises ConflictError: a newer version is noted, or somebody is writing there."""
        self._table.write([self._place(account)])

    def _list_as_is(self, customer_id: str) -> None:
        """Put right what was noted, or could not be, beside a lost race.

        Whoever won wrote a version as new as the note, so that the note of that one is taken; a newer note is of
        somebody who is writing now, and who sees to it in turn.
        """
        for _ in range(_READINGS):
            with suppress(ConflictError):
                if account := self._stored(customer_id):
                    self._list(account)
                return


def _was_open(change: Change) -> bool:
    return change.account.version > 0 and change.account.is_open


def _is_torn(items: Sequence[Mapping[str, Any]]) -> bool:
    """Whether only some parts of the last change were seen: a query may read between the items of a transaction."""
    last = items[-1]["version"] if items else 0
    seen = [item for item in reversed(items[-_ITEMS:]) if item["version"] == last]
    return bool(seen) and len(seen) != seen[-1].get("parts", 1)


def _journal(change: Change, version: int) -> Iterator[dict[str, Any]]:
    """A change as items, each within DynamoDB's size: one, unless it is very large."""
    recorded_at = datetime.now(UTC).isoformat(timespec="milliseconds")
    customer = change.customer or (change.account.customer if change.account.version == 0 else None)
    head: dict[str, Any] = {"events": plain_events(change.events)} if change.events else {}
    if customer:
        head["customer"] = to_plain(customer, defaults=False)
    invoices = [_json(_INVOICES, one) for one in change.invoices.values()]
    entries = [_json(_ENTRIES, one) for one in change.entries.values()]
    facts_by_kind = {
        "invoices": invoices,
        "entries": entries,
        "figures": [_json(_FIGURES, one) for one in change.figures],
        "agreements": [_json(_AGREEMENTS, one) for one in change.agreements.values()],
        "methods": [_json(_METHODS, one) for one in change.methods.values()],
        "attempts": [_json(_ATTEMPTS, one) for one in change.attempts.values()],
    }
    parts = list(_parts(_size(head), facts_by_kind))
    if len(parts) > 1:
        head["parts"] = len(parts)
    for number, part in enumerate(parts):
        further = f"#{number:02d}" if number else ""
        key = {"pk": partition(change.account.customer.customer_id), "sk": f"{LEDGER}{version:010d}{further}"}
        text = ",".join(f'"{name}":[{",".join(facts)}]' for name, facts in part.items())
        facts = {"facts": packed(f"{{{text}}}")} if part else {}
        yield key | {"version": version, "recorded_at": recorded_at} | ({} if number else head) | facts


def _json(adapter: TypeAdapter[Any], fact: object) -> str:
    """A fact as text: an account is thousands of them, and DynamoDB's typed values take botocore ten times as long."""
    return adapter.dump_json([fact], exclude_defaults=True).decode()[1:-1]


def _parts(used: int, facts: Mapping[str, Sequence[str]]) -> Iterator[dict[str, list[str]]]:
    """Facts by kind for each item; ``used``: bytes that the first one holds already.

    Facts count as they are before they are packed: how well they pack is theirs, an item's limit is not.
    """
    part: dict[str, list[str]] = {}
    for name, texts in facts.items():
        for text in texts:
            size = len(text.encode()) + 1
            if used + size > _ITEM_BYTES:
                yield part
                part, used = {}, 0
            part.setdefault(name, []).append(text)
            used += size
    yield part


def _size(plain: object) -> int:
    """Bytes of plain data as JSON, and of what is packed in it as it is."""
    packs: list[bytes] = []

    def without(pack: bytes) -> str:
        packs.append(pack)
        return ""

    return len(json.dumps(plain, ensure_ascii=False, default=without).encode()) + sum(map(len, packs))
