"""Letting planned contacts leave at the minute that planning chose.

Until then a contact stands on a list of waiting ones, and dispatch leaves it alone. To let it go is to say once more
that it is planned, one write; whether it may be sent, dispatch asks as always. What dispatch makes of it takes it off
the list. Said again before that, nothing follows: what is said of a minute stands in one place, and only its first
writing is published.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Protocol

from dunwell.events import CONTACT_PLANNED, Event
from dunwell.ids import stable_id
from dunwell.outreach.contact import Contact
from dunwell.outreach.plan import contact_event

CLOCKS_DIFFER_BY = timedelta(seconds=5)
"""A contact is let go so long after its minute: by the clock of whoever dispatches it the minute has come as well."""


class WaitingContacts(Protocol):
    """Where contacts wait for their minute."""

    def waiting(self, shard: int, until: datetime) -> Iterator[Contact]:
        """The planned contacts of a shard that were to wait until an instant or before, the longest due first."""
        ...

    def plan(self, customer_id: str, contacts: Sequence[Contact], events: Sequence[Event]) -> bool:
        """See ``ContactStore``."""
        ...


def release_due(store: WaitingContacts, shard: int, now: datetime) -> int:
    """Let a shard's contacts leave whose minute has come; how many. Done twice, each leaves once."""
    return sum(
        store.plan(contact.customer_id, (), [_released(contact, now)])
        for contact in store.waiting(shard, now - CLOCKS_DIFFER_BY)
    )


def _released(contact: Contact, now: datetime) -> Event:
    """The event that planning published already, under an id of the minute's own: what follows is to follow now."""
    event = contact_event(CONTACT_PLANNED, contact, now)
    minute = contact.send_after.isoformat() if contact.send_after else ""
    return replace(event, event_id=stable_id("evt", CONTACT_PLANNED, contact.contact_id, "released", minute))
