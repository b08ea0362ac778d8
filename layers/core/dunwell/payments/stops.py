"""What stops a debit at the moment it would be made: holds, disputes, the hour. The contact rules' section on holds."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from dunwell.accounts.model import Customer

STOPPING_HOLDS = {
    "bankruptcy": "HOLD-BK",
    "chapter_13_codebtor": "HOLD-BK",
    "discharged": "HOLD-BK",
    "deceased": "HOLD-DECEASED",
    "attorney": "HOLD-ATTY",
    "dispute_written": "HOLD-DISPUTE",
    "dispute_oral": "HOLD-DISPUTE",
    "dispute_late": "HOLD-DISPUTE",
    "identity_theft": "HOLD-IDT",
    "breathing_space": "UK-BREATHING",
    "mental_health_crisis": "UK-BREATHING",
    "vulnerable": "HOLD-VULNERABLE",
    "minor": "HOLD-MINOR",
    "disaster": "HOLD-REVIEW",
    "complaint": "HOLD-REVIEW",
    "litigation_hold": "HOLD-REVIEW",
    "paid_or_settled": "HOLD-SETTLED",
}
"""Holds that stop or pause automatic debits, and the rule that says so. Not among them: a request to cease contact (it
leaves an authority to debit alone), active duty, a time-barred debt, a wrong address or number."""

_OF_THE_PERSON = frozenset({"deceased", "minor"})
"""Facts of the person, whichever debt they were recorded on."""


@dataclass(frozen=True, slots=True)
class Hours:
    """When debits are made: on banking days, in the creditor's business hours (local hours, the last one excluded)."""

    works: Callable[[date], bool]
    opens: int = 9
    closes: int = 17

    def are_on(self, now: datetime) -> bool:
        """Whether debits may be made at an instant of the creditor's zone."""
        return self.works(now.date()) and self.opens <= now.hour < self.closes

    def works_on(self, day: date) -> date:
        """The first day from a day on on which banks work."""
        while not self.works(day):
            day += timedelta(days=1)
        return day

    def open_again_on(self, now: datetime) -> date:
        """The day on which what waits at an instant is looked at again: today before the hours, else a later one."""
        day = now.date()
        if not (self.works(day) and now.hour < self.opens):
            day = self.works_on(day + timedelta(days=1))
        return day


def stop_of(customer: Customer, invoice_ids: Iterable[str], at: datetime) -> str:
    """The rule that forbids to debit for any of these invoices now; empty when none does."""
    if customer.is_internal or customer.merged_into:
        return "NOT-A-CUSTOMER"
    wanted = set(invoice_ids)
    found = (
        STOPPING_HOLDS[hold.kind]
        for hold in customer.holds_in_force(at)
        if hold.kind in STOPPING_HOLDS
        and (hold.invoice_id is None or hold.invoice_id in wanted or hold.kind in _OF_THE_PERSON)
    )
    return min(found, default="")
