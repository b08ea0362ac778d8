"""What the ledger needs from a store."""

from collections.abc import Iterator
from datetime import date
from typing import Protocol
from zlib import crc32

from dunwell.ledger.change import Change
from dunwell.ledger.model import Account

SHARDS = 64
"""Open accounts are spread over this many partitions of the work list, so that no partition is hot."""
FACTS_PER_CHANGE = 1_000
"""Invoices and entries that every store can write at once, and in one piece: two pieces cost twice."""


def shard_of(customer_id: str) -> int:
    """The partition of the work list that a customer belongs to."""
    return crc32(customer_id.encode()) % SHARDS


class Ledger(Protocol):
    """Accounts by customer."""

    def load(self, customer_id: str) -> Account | None:
        """The account that the customer's facts are on now, whole (``update.followed``); None when nobody knows it."""
        ...

    def commit(self, change: Change, *others: Change) -> Account:
        """Write changes whole, if every account is still at the version it was read at; the first account afterwards.

        Args:
            others: changes of other accounts that happen with the first or not at all, as in a merger.

        Raises:
            ConflictError: an account was changed meanwhile.
        """
        ...

    def open_customer_ids(self, shard: int, after: str = "") -> Iterator[str]:
        """Ids of customers of a shard with an open balance or unapplied credit, in order, after an id."""
        ...

    def agenda(self, shard: int, until: date) -> Iterator[str]:
        """Ids of a shard's customers whose agreements or debits need a look by a date, that day included, oldest first.

        See ``Account.next_look_on``: who is looked at and needs no more looks is not listed again.
        """
        ...
