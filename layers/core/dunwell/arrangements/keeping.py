"""A ledger that moves agreements in the same write that moves the money on their debts."""

from collections.abc import Callable, Iterator
from datetime import date, datetime

from dunwell.arrangements.evaluate import evaluate
from dunwell.arrangements.policy import ArrangementPolicy
from dunwell.dates import business_date
from dunwell.ledger.change import Change
from dunwell.ledger.model import Account
from dunwell.ledger.ports import Ledger


class KeepingLedger:
    """``Ledger``; a promise is kept, and a settlement undone by a returned payment, as soon as that is posted.

    What happens because a day has come is for who goes through the agenda.
    """

    def __init__(self, ledger: Ledger, policy: ArrangementPolicy, zone_name: str, now: Callable[[], datetime]) -> None:
        """Args: now: the instant, with a time zone; its date in ``zone_name`` is the business date."""
        self._ledger, self._policy, self._zone_name, self._now = ledger, policy, zone_name, now

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
        """See the port; with what the changes make of the accounts' agreements."""
        return self._ledger.commit(self._kept(change), *(self._kept(other) for other in others))

    def _kept(self, change: Change) -> Change:
        if not change.entries or not (change.account.agreements or change.agreements):
            return change
        now = self._now()
        as_of = business_date(now, self._zone_name)
        return change.then(evaluate(change.applied(), self._policy, as_of, now))
