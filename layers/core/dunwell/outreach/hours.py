"""When today a message may arrive: the parts of the day in which the contact rules let a channel be used.

Each part of the customer's day that is still to come offers its first permitted minute, which the rules were asked
about. So what is chosen is lawful as far as is known when it is planned; before sending the rules are asked again.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

from dunwell.accounts.contact_points import Channel, PartOfDay
from dunwell.accounts.model import Customer
from dunwell.compliance.location import candidates
from dunwell.dates import business_date
from dunwell.outreach.choice import Way
from dunwell.outreach.contact import DecisionRecord
from dunwell.outreach.policy import Policy
from dunwell.outreach.response import BEGINS_AT_HOUR, part_of_day
from dunwell.outreach.whereabouts import location_of
from dunwell.timezones import first_instant, zone

Ask = Callable[[datetime], DecisionRecord]
"""What the contact rules say of an instant."""

_WITHOUT_HOUR = frozenset({Channel.LETTER, Channel.PORTAL})
"""Read whenever the customer gets to it."""


@dataclass(frozen=True, slots=True)
class Opening:
    """A permitted way to the customer: a channel, and since when today.

    Attributes:
        part: of the customer's day; None where hours are not chosen.
        send_after: the first permitted minute; None: now.
        record: why it is permitted then, decided now.
    """

    channel: Channel
    record: DecisionRecord
    part: PartOfDay | None = None
    send_after: datetime | None = None

    @property
    def way(self) -> Way:
        """What is chosen among."""
        return self.channel, self.part


def clock_of(customer: Customer, policy: Policy) -> str:
    """The zone of the customer's clock; the creditor's where it may be one of several.

    Raises:
        InvalidInputError: it cannot be told where the customer is.
    """
    names = candidates(location_of(customer)).names
    return names[0] if len(names) == 1 else policy.creditor.timezone


def first_opening(channel: Channel, first: DecisionRecord, ask: Ask) -> list[Opening]:
    """The channel at its first permitted minute: now, or when what the clock forbids is over.

    Args:
        first: what the rules say of now.
    """
    if first.allowed:
        return [Opening(channel, first)]
    later = ask(first.next_allowed) if first.next_allowed else first
    kept = replace(later, decided_at=first.decided_at)
    return [Opening(channel, kept, send_after=first.next_allowed)] if later.allowed else []


def openings(
    channel: Channel, first: DecisionRecord, ask: Ask, clock: str, business_zone: str, as_of: date
) -> list[Opening]:
    """The permitted parts of a business date from now on, each with its first permitted minute, earliest first.

    Args:
        first: what the rules say of now.
        clock: the zone in which parts of the day are read; business_zone: the one of ``as_of``.
    """
    now = first.decided_at
    if first.allowed and channel in _WITHOUT_HOUR:
        return [Opening(channel, first, part_of_day(now, clock))]
    if not first.allowed and first.next_allowed is None:
        return []  # only a person or an event lifts it
    found: dict[PartOfDay, Opening] = {}
    for begins, part in _parts(now, clock):
        record = first if begins <= now else ask(begins)
        if not record.allowed and record.next_allowed:
            record = ask(record.next_allowed)
        at = record.decided_at
        still = part_of_day(at, clock) is part and business_date(at, business_zone) == as_of
        if record.allowed and still and part not in found:
            found[part] = Opening(channel, replace(record, decided_at=now), part, at if at > now else None)
    return list(found.values())


def _parts(now: datetime, clock: str) -> Iterator[tuple[datetime, PartOfDay]]:
    """The part of the day that it is and those that follow until the end of tomorrow, with the instant each begins.

    A business date elsewhere may end when it is tomorrow on this clock.
    """
    today = now.astimezone(zone(clock)).date()
    for day in (today, today + timedelta(days=1)):
        for part, hour in BEGINS_AT_HOUR.items():
            begins = first_instant(zone(clock), day, hour * 60, now).astimezone(UTC)
            if begins > now:
                yield begins, part
            elif part is part_of_day(now, clock) and day == today:
                yield now, part
