"""What money on their debts makes of agreements: a consequence of every change that posts some."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from dunwell.arrangements.evaluate import evaluate
from dunwell.arrangements.policy import ArrangementPolicy
from dunwell.dates import business_date
from dunwell.ledger.agreements import Agreement
from dunwell.ledger.change import Change
from dunwell.ledger.consequences import Consequence


def moving_agreements(policy: ArrangementPolicy, zone_name: str, now: Callable[[], datetime]) -> Consequence:
    """A promise is kept, and a settlement undone by a returned payment, as soon as that is posted.

    What happens because a day has come is for who goes through the agenda.

    Args:
        now: the instant, with a time zone; its date in ``zone_name`` is the business date.
    """

    def kept(change: Change) -> Change:
        if not change.entries or not (change.account.agreements or change.agreements):
            return change
        at, after = now(), change.applied()
        moved = evaluate(after, policy, business_date(at, zone_name), at)
        agreements = {i: _still_looked_at(after.agreements[i], one) for i, one in moved.agreements.items()}
        return change.then(replace(moved, agreements=agreements))

    return kept


def _still_looked_at(before: Agreement, after: Agreement) -> Agreement:
    """Money takes nothing from the agenda that was due there: debits are made by who goes through it."""
    if not (after.is_standing and after.next_on and before.next_on and before.next_on < after.next_on):
        return after
    return replace(after, next_on=before.next_on)
