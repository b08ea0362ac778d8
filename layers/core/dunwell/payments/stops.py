"""What stops a debit at the moment it would be made: holds, disputes, the hour. The contact rules' section on holds."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from dunwell.accounts.model import Customer
from dunwell.hold_kinds import RULE_OF, Activity


@dataclass(frozen=True, slots=True)
class Hours:
    """When debits are made: on banking days, in hours of the policy (of the creditor's zone, the last one excluded)."""

    works: Callable[[date], bool]
    opens: int
    closes: int

    def are_on(self, now: datetime) -> bool:
        """Whether debits may be made at an instant of the creditor's zone."""
        return self.works(now.date()) and self.opens <= now.hour < self.closes

    def open_again_on(self, now: datetime) -> date:
        """The day on which what waits at an instant is looked at again: today before the hours, else a later one."""
        day = now.date()
        if not (self.works(day) and now.hour < self.opens):
            day += timedelta(days=1)
            while not self.works(day):
                day += timedelta(days=1)
        return day


def stop_of(customer: Customer, invoice_ids: Iterable[str], at: datetime) -> str:
    """The rule that forbids to debit for any of these invoices now; empty when none does."""
    if customer.is_internal or customer.merged_into:
        return "NOT-A-CUSTOMER"
    wanted = set(invoice_ids)
    found = (
        RULE_OF[hold.kind]
        for hold in customer.holds_in_force(at)
        if hold.pauses(Activity.DEBIT) and (hold.debt_id is None or hold.debt_id in wanted)
    )
    return min(found, default="")
