"""A ledger that moves agreements in the same write that moves the money on their debts."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, datetime

from dunwell.arrangements.evaluate import evaluate
from dunwell.arrangements.policy import ArrangementPolicy
from dunwell.dates import business_date
from dunwell.ledger.agreements import Agreement
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
        after = change.applied()
        moved = evaluate(after, self._policy, business_date(now, self._zone_name), now)
        agreements = {i: _still_looked_at(after.agreements[i], one) for i, one in moved.agreements.items()}
        return change.then(replace(moved, agreements=agreements))


def _still_looked_at(before: Agreement, after: Agreement) -> Agreement:
    """Money takes nothing from the agenda that was due there: debits are made by who goes through it."""
    if not (after.is_standing and after.next_on and before.next_on and before.next_on < after.next_on):
        return after
    return replace(after, next_on=before.next_on)
