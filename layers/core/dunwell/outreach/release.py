"""Letting planned contacts leave at the minute that planning chose.

Until then a contact stands on a list of waiting ones, and dispatch leaves it alone. To let it go is to take it off the
list and to say once more that it is planned, both in one write; whether it may be sent, dispatch asks as always.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Protocol

from dunwell.events import CONTACT_PLANNED, Event
from dunwell.ids import stable_id
from dunwell.outreach.contact import Contact, ContactStatus
from dunwell.outreach.plan import contact_event


class WaitingContacts(Protocol):
    """Where contacts wait for their minute."""

    def waiting(self, shard: int, until: datetime) -> Iterator[Contact]:
        """The planned contacts of a shard that were to wait until an instant or before, the longest due first."""
        ...

    def move(self, contact: Contact, was: ContactStatus, events: Sequence[Event] = ()) -> bool:
        """See ``ContactStore``."""
        ...


def release_due(store: WaitingContacts, shard: int, now: datetime) -> int:
    """Let a shard's contacts leave whose minute has come; how many. Done twice, each leaves once."""
    return sum(
        store.move(replace(contact, send_after=None), ContactStatus.PLANNED, [_released(contact, now)])
        for contact in store.waiting(shard, now)
    )


def _released(contact: Contact, now: datetime) -> Event:
    """The event that planning published already, under an id of its own: what follows from it is to follow now."""
    event = contact_event(CONTACT_PLANNED, contact, now)
    return replace(event, event_id=stable_id("evt", CONTACT_PLANNED, contact.contact_id, "released"))
