"""Holds under which no fee and no interest is charged, as days in the creditor's zone."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from dunwell.accounts.model import Customer
from dunwell.timezones import zone

STOPPING = frozenset(
    {
        "bankruptcy",
        "discharged",
        "deceased",
        "dispute_written",
        "dispute_oral",
        "dispute_late",
        "identity_theft",
        "scra_active_duty",
        "breathing_space",
        "mental_health_crisis",
        "vulnerable",
        "minor",
        "disaster",
        "complaint",
        "litigation_hold",
        "paid_or_settled",
    }
)
"""What a hold stops or pauses is not charged later either: the days under it never count."""

_OF_THE_PERSON = frozenset({"deceased", "minor"})
"""Facts of the person, whichever debt they were recorded on."""

FOR_REVIEW = frozenset({"scra_active_duty"})
"""The law caps at 6 % what may be charged, fees included, and what was agreed before counts too: a person decides."""


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


def stops(customer: Customer, zone_name: str) -> tuple[Stop, ...]:
    """A customer's holds, past ones too, that stop charges: a day that one of them touches is wholly stopped."""
    local = zone(zone_name)

    def day(instant: datetime) -> date:
        return instant.astimezone(local).date()

    return tuple(
        Stop(
            day(hold.placed_at),
            day(hold.ends_at - timedelta(microseconds=1)) if hold.ends_at else None,
            None if hold.kind in _OF_THE_PERSON else hold.invoice_id,
        )
        for hold in customer.holds
        if hold.kind in STOPPING
    )


def for_review(customer: Customer, at: datetime) -> list[str]:
    """Kinds of holds in force for which a person has to look at what was charged before."""
    return sorted({hold.kind for hold in customer.holds_in_force(at)} & FOR_REVIEW)
