"""Planning announcements: one contact for what happened, on the channel that the customer wants and the rules permit.

As with thanks, the bus says that something happened; what is decided is kept before anything follows from it. The
channel: the kind's (``announced``), the customer's preferred one first. What time alone forbids waits for its minute,
if that comes within days; else the next channel is asked. The portal is the last: there it waits for the customer.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import cache
from typing import Protocol

from dunwell.accounts.model import Channel, Customer
from dunwell.events import CONTACT_BOUNCED, CONTACT_REFUSED, Event
from dunwell.ids import stable_id
from dunwell.ledger.ports import Ledger
from dunwell.outreach.announced import MANNERS, Announced, Manner
from dunwell.outreach.announcements import Announcement, announcement_of, is_still_true
from dunwell.outreach.contact import Contact, ContactStatus, DecisionRecord
from dunwell.outreach.decisions import earlier, named
from dunwell.outreach.permission import may_contact
from dunwell.outreach.plan import NO_ADDRESS, AccountPlan
from dunwell.outreach.policy import Policy
from dunwell.outreach.ports import CollectionState, ContactStore
from dunwell.outreach.pseudonyms import without_personal_data
from dunwell.outreach.stage import Tone
from dunwell.timezones import TZDATA_VERSION

LONGEST_WAIT = timedelta(days=3)
"""A night, or a weekend with a holiday: who may not be written to for longer is told on another channel."""
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
    """The contact of an announcement: on the first channel that is permitted, now or soon; else refused. Pure.

    Args:
        as_of: the business date; now: the instant, which the contact rules look at.
    """
    channels = _channels(customer, one, policy)
    asked = [(channel, _asked(customer, state, channel, one, policy, now)) for channel in channels]
    possible = ((channel, record, waits) for channel, record in asked if (waits := _wait(record, now)) is not None)
    refusal = asked[0] if asked else (_manner(one, policy).channels[0], _unreachable(policy, now))
    channel, record, send_after = next(possible, (*refusal, None))
    if send_after and send_after > now:
        record = replace(_asked(customer, state, channel, one, policy, send_after), decided_at=now)
    contact = Contact(
        contact_id=announcement_id(customer.customer_id, one),
        customer_id=customer.customer_id,
        currency=one.currency,
        channel=channel,
        stage=one.kind.value,
        invoice_ids=one.invoice_ids,
        planned_on=as_of,
        status=ContactStatus.PLANNED if record.allowed else ContactStatus.REFUSED,
        policy_version=policy.version,
        risk_permille=None,
        model_version="",
        template=one.kind.value,
        tone=Tone.NEUTRAL,
        decisions=(record,),
        send_after=send_after if record.allowed and send_after and send_after > now else None,
        about=one.about,
    )
    return AccountPlan((contact,))


def announcement_id(customer_id: str, one: Announcement) -> str:
    """The id of the one contact about what happened, made from its business identity."""
    return stable_id("con", customer_id, one.kind.value, one.identity)


def _manner(one: Announcement, policy: Policy) -> Manner:
    manner = MANNERS[one.kind]
    if one.kind is Announced.RECEIPT and policy.receipts:
        manner = replace(manner, channels=policy.receipts.channels)
    return replace(manner, channels=one.only) if one.only else manner


def _channels(customer: Customer, one: Announcement, policy: Policy) -> list[Channel]:
    """Where the customer can be reached, the preferred channel first; to the portal customers come by themselves."""
    found = [
        channel for channel in _manner(one, policy).channels if channel is Channel.PORTAL or customer.point(channel)
    ]
    return sorted(found, key=lambda channel: channel is not customer.preferred_channel)


def _asked(
    customer: Customer, state: CollectionState, channel: Channel, one: Announcement, policy: Policy, at: datetime
) -> DecisionRecord:
    purpose = MANNERS[one.kind].purpose
    return may_contact(customer, state.contacts, channel, one.invoice_ids, policy, at, purpose=purpose)


def _wait(record: DecisionRecord, now: datetime) -> datetime | None:
    """Since when a channel may be used: now, or soon; None: not for now."""
    if record.allowed:
        return now
    return may_wait(record, now)


def may_wait(record: DecisionRecord, now: datetime) -> datetime | None:
    """The minute for which an announcement waits that time alone forbids; None: it is forbidden, or for too long."""
    soon = record.next_allowed and record.next_allowed - now <= LONGEST_WAIT
    return record.next_allowed if soon else None


def _unreachable(policy: Policy, now: datetime) -> DecisionRecord:
    return DecisionRecord(False, NO_ADDRESS, now, None, (), policy.version, TZDATA_VERSION)


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


def wait_again(contact: Contact, record: DecisionRecord, now: datetime) -> Contact | None:
    """An announcement that time alone forbids just before it leaves: planned for the minute when it may; else None."""
    until = may_wait(record, now) if contact.stage in MANNERS else None
    return replace(contact, send_after=until) if until else None
