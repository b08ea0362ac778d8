"""Planning announcements: one contact for what happened.

As with thanks, the bus says that something happened; what is decided is kept before anything follows from it.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import cache
from typing import Protocol

from dunwell.accounts.model import Customer
from dunwell.events import CONTACT_BOUNCED, CONTACT_REFUSED, Event
from dunwell.ledger.ports import Ledger
from dunwell.outreach.announced import MANNERS, Announced
from dunwell.outreach.announcements import Announcement, announcement_of, is_still_true
from dunwell.outreach.announcing import announcement_contact, announcement_id
from dunwell.outreach.contact import Contact, ContactStatus
from dunwell.outreach.decisions import earlier, named
from dunwell.outreach.plan import AccountPlan
from dunwell.outreach.policy import Policy
from dunwell.outreach.ports import CollectionState, ContactStore
from dunwell.outreach.pseudonyms import without_personal_data

_BROUGHT_BACK = {CONTACT_BOUNCED: ContactStatus.BOUNCED, CONTACT_REFUSED: ContactStatus.REFUSED}


@dataclass(frozen=True, slots=True)
class AnnouncementFacts:
    """What the planning of an announcement looks at; the customer without personal data, the ledger's version."""

    customer: Customer
    version: int
    announcement: Announcement


@dataclass(frozen=True, slots=True)
class AnnouncementDecision:
    """How something was to be told to a customer, decided when the bus said that it had happened.

    Attributes:
        event: the name of what happened; event_id: which one.
    """

    facts: AnnouncementFacts
    state: CollectionState
    as_of: date
    now: datetime
    event: str
    event_id: str
    plan: AccountPlan

    @property
    def customer_id(self) -> str:
        """Whom it is about."""
        return self.facts.customer.customer_id

    def again(self, policy: Policy) -> AccountPlan:
        """What today's code decides from the same facts."""
        facts = self.facts
        return plan_announcement(facts.customer, self.state, facts.announcement, policy, self.as_of, self.now)


class AnnouncementLog(Protocol):
    """Where such decisions are kept before anything is done about them."""

    def keep_announcement(self, policy: Policy, decision: AnnouncementDecision) -> str:
        """Keep a decision; its id."""
        ...


def plan_announcement(
    customer: Customer, state: CollectionState, one: Announcement, policy: Policy, as_of: date, now: datetime
) -> AccountPlan:
    """The plan of an announcement: its one contact. Pure."""
    return AccountPlan((announcement_contact(customer, state, one, policy, as_of, now),))


def announce(
    event: Event,
    ledger: Ledger,
    store: ContactStore,
    log: Callable[[], AnnouncementLog],
    policy: Policy,
    as_of: date,
    now: datetime,
) -> Contact | None:
    """Plan and keep what an event announces; None when that is nothing, or was planned before.

    One read, and for what is announced one more and two writes.

    Args:
        log: asked for only when there is something to keep.
    """
    account = ledger.load(event.customer_id)
    if account is None or account.customer.is_internal:
        return None
    customer_id = account.customer.customer_id  # the one who stands for who was merged
    known = cache(lambda: store.state(customer_id))
    if event.name in _BROUGHT_BACK:
        one = _elsewhere(event, known())
        one = one if one and is_still_true(one.kind, one.about, account, policy, as_of) else None
    else:
        one = announcement_of(event, account, lambda: known().contacts, policy, as_of)
    if one is None or any(told.contact_id == announcement_id(customer_id, one) for told in known().contacts):
        return None
    state = known()
    bare = without_personal_data(account.customer)
    history = replace(state, contacts=earlier(state.contacts))
    plan = plan_announcement(account.customer, state, one, policy, as_of, now)
    facts = AnnouncementFacts(bare, account.version, one)
    kept = AnnouncementDecision(facts, history, as_of, now, event.name, event.event_id, plan)
    decision_id = log().keep_announcement(policy, kept)
    plan = replace(plan, contacts=tuple([named(made, decision_id) for made in plan.contacts]))
    return plan.contacts[0] if store.plan(customer_id, plan.contacts, plan.events) else None


def _elsewhere(event: Event, state: CollectionState) -> Announcement | None:
    """A required notice that came back, or was refused just before it left: on the channels that are left for it."""
    contact = next((one for one in state.contacts if one.contact_id == event.data.get("contact_id")), None)
    if contact is None or contact.status is not _BROUGHT_BACK[event.name] or not contact.decisions[0].allowed:
        return None
    manner = MANNERS.get(contact.stage)
    if manner is None or not manner.is_required:
        return None
    origin = str(contact.about.get("instead_of") or contact.contact_id)
    tried = {one.channel for one in state.contacts if origin in (one.contact_id, one.about.get("instead_of"))}
    left = tuple(channel for channel in manner.channels if channel not in tried)
    if not left:
        return None
    about = {**contact.about, "instead_of": origin}
    identity = f"{origin}#{contact.channel}"
    return Announcement(Announced(contact.stage), identity, contact.currency, contact.invoice_ids, about, left)
