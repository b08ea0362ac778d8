"""What accrued on an invoice, charged when it is settled: a consequence of every change that may settle one."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from dunwell.charges.policy import ChargePolicy
from dunwell.charges.posting import charges_due
from dunwell.dates import business_date
from dunwell.errors import InvalidInputError
from dunwell.ledger.change import Change
from dunwell.ledger.consequences import Consequence
from dunwell.ledger.entry import CREDITS, EntryKind

_MAY_SETTLE = CREDITS | {EntryKind.REVERSAL}


def charging_what_accrued(policy: ChargePolicy, zone_name: str, now: Callable[[], datetime]) -> Consequence:
    """The daily pass goes through open accounts only and would miss one that closed since yesterday.

    Where a reference rate is missing, money is posted all the same; the daily pass says what is missing.

    Args:
        now: the instant, with a time zone; its date in ``zone_name`` is the business date.
    """

    def charged(change: Change) -> Change:
        if not any(entry.kind in _MAY_SETTLE for entry in change.entries.values()):
            return change
        at = now()
        try:
            due = charges_due(change.applied(), policy, business_date(at, zone_name), zone_name, at)
        except InvalidInputError:
            return change
        return replace(change, entries={**change.entries, **due.entries}, events=(*change.events, *due.events))

    return charged
