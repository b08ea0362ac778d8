"""How an announcement goes out: on the channel that the customer wants and the rules permit, now or soon.

The channel: the kind's (``announced``), the customer's preferred one first. What time alone forbids waits for its
minute, if that comes within days; else the next channel is asked. The portal is the last: there it waits for them.
"""

from dataclasses import replace
from datetime import date, datetime, timedelta

from dunwell.accounts.model import Channel, Customer
from dunwell.ids import stable_id
from dunwell.outreach.announced import MANNERS, Announced, Manner
from dunwell.outreach.announcements import Announcement
from dunwell.outreach.contact import Contact, ContactStatus, DecisionRecord
from dunwell.outreach.permission import NO_ADDRESS, may_contact
from dunwell.outreach.policy import Policy
from dunwell.outreach.ports import CollectionState
from dunwell.outreach.stage import Tone
from dunwell.timezones import TZDATA_VERSION

LONGEST_WAIT = timedelta(days=3)
"""A night, or a weekend with a holiday: who may not be written to for longer is told on another channel."""


def announcement_contact(
    customer: Customer, state: CollectionState, one: Announcement, policy: Policy, as_of: date, now: datetime
) -> Contact:
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
    return Contact(
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
    manner = _manner(one, policy)
    found = [channel for channel in manner.channels if channel is Channel.PORTAL or customer.point(channel)]
    if manner.in_order:
        return found
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


def wait_again(contact: Contact, record: DecisionRecord, now: datetime) -> Contact | None:
    """An announcement that time alone forbids just before it leaves: planned for the minute when it may; else None."""
    until = may_wait(record, now) if contact.stage in MANNERS else None
    return replace(contact, send_after=until) if until else None
