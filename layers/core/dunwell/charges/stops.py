"""Holds and agreements under which no fee and no interest is charged, as days in the creditor's zone."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from dunwell.accounts.model import Customer
from dunwell.hold_kinds import Activity
from dunwell.ledger.agreements import STANDING, Agreement, AgreementStatus
from dunwell.ledger.model import Account
from dunwell.timezones import zone


@dataclass(frozen=True, slots=True)
class Stop:
    """Days on which nothing is charged, both included; ``last`` None is until somebody lifts the hold."""

    first: date
    last: date | None
    invoice_id: str | None

    def covers(self, invoice_id: str, day: date) -> bool:
        """Whether an invoice may not be charged for a day."""
        mine = self.invoice_id is None or self.invoice_id == invoice_id
        return mine and self.first <= day and (self.last is None or day <= self.last)


def stops(account: Account, zone_name: str) -> tuple[Stop, ...]:
    """What stops an account's charges, past ones too: a day that one of them touches is wholly stopped.

    A hold, and an agreement for as long as it stood. What was agreed says all that is to be paid, so nothing is added
    to it; and when it breaks, the days until then are not charged afterwards either: the customer was told that
    nothing is added, and paid some of it on that word. Charges go on with the day after.
    """
    local = zone(zone_name)

    def day(instant: datetime) -> date:
        return instant.astimezone(local).date()

    held = (
        Stop(
            day(hold.placed_at),
            day(hold.ends_at - timedelta(microseconds=1)) if hold.ends_at else None,
            hold.debt_id,
        )
        for hold in account.customer.holds
        if hold.pauses(Activity.CHARGE)
    )
    return *held, *(stop for one in account.agreements.values() for stop in _agreed(one, day))


_ONCE_AGREED = STANDING | {AgreementStatus.COMPLETED, AgreementStatus.BROKEN}


def _agreed(agreement: Agreement, day: Callable[[datetime], date]) -> list[Stop]:
    """The days on which an agreement stood, for each of its debts; none when it was never agreed to."""
    began = [step.at for step in agreement.steps if step.status in STANDING]
    began += [agreement.authorisation.at] if agreement.authorisation else []
    began += [agreement.made_at] if agreement.status in _ONCE_AGREED else []
    if not began:
        return []
    ends = [agreement.pauses_until] if agreement.pauses_until else []
    if not agreement.is_standing:
        ends.append(day(agreement.steps[-1].at if agreement.steps else began[0]))
    return [Stop(day(began[0]), min(ends, default=None), invoice_id) for invoice_id in agreement.invoice_ids]


def for_review(customer: Customer, at: datetime) -> list[str]:
    """Kinds of holds in force for which a person has to look at what was charged before."""
    return sorted({hold.kind for hold in customer.holds_in_force(at) if hold.pauses(Activity.PAST_CHARGES)})
