"""A ledger that charges what accrued in the same write that settles an invoice."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, datetime

from dunwell.charges.policy import ChargePolicy
from dunwell.charges.posting import charges_due
from dunwell.dates import business_date
from dunwell.errors import InvalidInputError
from dunwell.ledger.change import Change
from dunwell.ledger.entry import CREDITS, EntryKind
from dunwell.ledger.model import Account
from dunwell.ledger.ports import Ledger

_MAY_SETTLE = CREDITS | {EntryKind.REVERSAL}


class ChargingLedger:
    """``Ledger``; the daily pass goes through open accounts only and would miss one that closed since yesterday.

    Where a reference rate is missing, money is posted all the same; the daily pass says what is missing.
    """

    def __init__(self, ledger: Ledger, policy: ChargePolicy, zone_name: str, now: Callable[[], datetime]) -> None:
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
        """See the port; with the charges that the changes make due."""
        return self._ledger.commit(self._charged(change), *(self._charged(other) for other in others))

    def _charged(self, change: Change) -> Change:
        if not any(entry.kind in _MAY_SETTLE for entry in change.entries.values()):
            return change
        now = self._now()
        as_of = business_date(now, self._zone_name)
        try:
            due = charges_due(change.applied(), self._policy, as_of, self._zone_name, now)
        except InvalidInputError:
            return change
        return replace(change, entries={**change.entries, **due.entries}, events=(*change.events, *due.events))
