"""A ledger that writes with each change what follows from it."""

from collections.abc import Callable, Iterator
from datetime import date

from dunwell.ledger.change import Change
from dunwell.ledger.model import Account
from dunwell.ledger.ports import Ledger

Consequence = Callable[[Change], Change]
"""A change with what follows from it as one write; the change itself where nothing does."""


class ConsequentLedger:
    """``Ledger``; what follows from a change is written with it or not at all."""

    def __init__(self, ledger: Ledger, *consequences: Consequence) -> None:
        """Args: consequences: in the order in which they follow; each sees what the earlier ones added."""
        self._ledger, self._consequences = ledger, consequences

    def load(self, customer_id: str) -> Account | None:
        """See the port."""
        return self._ledger.load(customer_id)

    def open_customer_ids(self, shard: int, after: str = "") -> Iterator[str]:
        """See the port."""
        return self._ledger.open_customer_ids(shard, after)

    def agenda(self, shard: int, until: date) -> Iterator[str]:
        """See the port."""
        return self._ledger.agenda(shard, until)

    def commit(self, change: Change, *others: Change) -> Account:
        """See the port; with what follows from each of the changes."""
        return self._ledger.commit(self._followed(change), *(self._followed(other) for other in others))

    def _followed(self, change: Change) -> Change:
        for consequence in self._consequences:
            change = consequence(change)
        return change
