"""What outreach needs from a store."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from dunwell.events import Event
from dunwell.outreach.contact import Contact, ContactStatus


@dataclass(frozen=True, slots=True)
class CollectionState:
    """What planning looks at beside the ledger.

    Attributes:
        contacts: earlier contacts, oldest first.
        risk_permille: the newest score in thousandths, None before the first one; model_version: who said so.
        currencies_in_case: currencies in which a case is open: those belong to the agent, not to reminders.
        segment: the newest behaviour segment; empty before the first one.
    """

    contacts: tuple[Contact, ...] = ()
    risk_permille: int | None = None
    model_version: str = ""
    currencies_in_case: frozenset[str] = frozenset()
    segment: str = ""


class ContactStore(Protocol):
    """Where contacts are kept."""

    def state(self, customer_id: str) -> CollectionState:
        """What planning needs of a customer; empty for one never met."""
        ...

    def plan(self, customer_id: str, contacts: Sequence[Contact], events: Sequence[Event]) -> bool:
        """Add contacts with their events, all or none; False when one of them was planned before."""
        ...

    def contact(self, customer_id: str, contact_id: str) -> Contact | None:
        """One contact, or None."""
        ...

    def move(self, contact: Contact, was: ContactStatus, events: Sequence[Event] = ()) -> bool:
        """Write a contact's new state if it still is in the old one; False when somebody moved it first."""
        ...

    def keep(self, contact: Contact, was: Contact, events: Sequence[Event] = ()) -> bool:
        """Write what was heard of a contact if its status and answers still are as they were read."""
        ...
