"""Business dates. The clock is always an argument."""

from datetime import date, datetime

from dunwell.timezones import zone


def business_date(instant: datetime, zone_name: str) -> date:
    """The calendar date of an instant in the creditor's zone.

    Raises:
        InvalidInputError: the zone is not an IANA name.
    """
    return instant.astimezone(zone(zone_name)).date()


def days_past_due(due_on: date, as_of: date) -> int:
    """Whole calendar days since the due date; negative before it (rule AGING: due date = as-of is current)."""
    return (as_of - due_on).days
