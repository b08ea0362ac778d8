"""The ledger's stores for tests: one in memory, and DynamoDB as anybody brings it up; with faults to order."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date

from dunwell.events import Event
from dunwell.ledger.change import Change
from dunwell.ledger.model import Account
from dunwell.ledger.ports import Ledger
from dunwell_aws.dynamo_json import item
from dunwell_aws.ledger import DynamoLedger
from dunwell_aws.outbox import read_outbox
from dunwell_aws.table import LEDGER, Table, partition
from tests.support.memory import InMemoryLedger, shard_of


class CrashError(Exception):
    """The process died here."""


@dataclass
class Store:
    """A ledger, and a look at what it holds for the bus: event ids of a customer, each as often as it would be told."""

    ledger: Ledger
    told: Callable[[str], Counter[str]]

    def is_listed(self, customer_id: str) -> bool:
        """Whether the customer is on the work list."""
        return next(self.ledger.open_customer_ids(shard_of(customer_id), customer_id[:-1]), None) == customer_id


def in_memory() -> Store:
    """A new store in memory."""
    ledger = InMemoryLedger()
    return Store(ledger, lambda who: Counter(e.event_id for e in ledger.events if e.customer_id == who))


def in_dynamodb(table: Table) -> Store:
    """The store over a table; the journal of a customer as the stream shows it."""

    def told(customer_id: str) -> Counter[str]:
        images = ({"dynamodb": {"NewImage": item(one)}} for one in table.query(partition(customer_id), LEDGER))
        return Counter(str(event["event_id"]) for event in read_outbox(images))

    return Store(DynamoLedger(table), told)


class FaultyLedger:
    """A ledger whose process dies at a write, before or after it, when a test says so; it notes what was written."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self.commits_until_crash: int | None = None
        self.after_the_write = False
        self.commits = 0
        self.events: list[Event] = []

    def load(self, customer_id: str) -> Account | None:
        return self._ledger.load(customer_id)

    def commit(self, change: Change, *others: Change) -> Account:
        dies = self.commits_until_crash == 0
        if self.commits_until_crash is not None:
            self.commits_until_crash -= 1
        if dies and not self.after_the_write:
            raise CrashError
        after = self._ledger.commit(change, *others)
        self.commits += 1
        self.events += [event for one in (change, *others) for event in one.events]
        if dies:
            raise CrashError
        return after

    def open_customer_ids(self, shard: int, after: str = "") -> Iterator[str]:
        return self._ledger.open_customer_ids(shard, after)

    def agenda(self, shard: int, until: date) -> Iterator[str]:
        return self._ledger.agenda(shard, until)
