"""Validation notices of a third party to consumers in the United States: which debts had theirs, and which wait for it.

What is known of a notice is its contact: no other record can differ from what was sent. Of each debt it follows

- when it was first spoken of, and when its notice went out, which the contact rules ask (VALIDATION-5D, DELIVERY);
- that nobody is asked for it before its notice, nor until the time to dispute it is over (OVERSHADOW). Collecting is
  lawful in that time as long as nothing overshadows the right to dispute; but whether words do, such as "please pay by
  Friday", no code can tell, so that a policy could be wrong about it. Silence cannot be.

A notice that came back is none: its debts wait again, and get one on the way that is left.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import NamedTuple

from dunwell.accounts.model import Channel, Customer, CustomerKind
from dunwell.compliance.model import Account as DebtFacts
from dunwell.compliance.model import Party
from dunwell.compliance.validation import notice_period_end, requires_notice
from dunwell.dates import business_date
from dunwell.errors import InvalidInputError
from dunwell.ledger.model import OpenInvoice
from dunwell.outreach.announced import Announced
from dunwell.outreach.contact import REACHED_CUSTOMER, UNDER_WAY, Contact, ContactStatus
from dunwell.outreach.policy import Policy
from dunwell.outreach.whereabouts import location_of

MOST_DEBTS = 12
"""Debts of one notice: each takes up to six lines, and a message lists a hundred."""
_ON_RECORD = frozenset({ContactStatus.SENT, ContactStatus.DELIVERED, ContactStatus.COMPLAINED})
"""Not what may or may not have left: then a notice is not known to have gone out."""
_WAITS = timedelta(days=5)
"""A planned notice leaves within three days, or is lost two days later."""


class NoticeRecord(NamedTuple):
    """When a notice was sent, and whether by post."""

    at: datetime
    by_post: bool


def needs_notices(customer: Customer, policy: Policy) -> bool:
    """Whether each of a customer's debts needs a validation notice under a policy."""
    if policy.creditor.party != Party.THIRD:
        return False
    try:
        places = location_of(customer).jurisdictions
    except InvalidInputError:
        return False  # a place that does not exist: no contact is allowed at all
    return requires_notice(Party.THIRD, customer.kind is CustomerKind.PERSON, places)


def on_record(contacts: Iterable[Contact]) -> Mapping[str, NoticeRecord]:
    """The notice of each invoice that has one, the newest: not those that came back, or never left."""
    found: dict[str, NoticeRecord] = {}
    for one in contacts:
        if one.stage == Announced.VALIDATION_NOTICE and one.status in _ON_RECORD and one.sent_at:
            sent = NoticeRecord(one.sent_at, one.channel is Channel.LETTER)
            found |= {i: max(sent, found.get(i, sent)) for i in one.invoice_ids}
    return found


def last_day(notice: NoticeRecord, zone_name: str) -> date:
    """Last day of the period that a notice began; never before the day that was printed on it.

    Args:
        zone_name: the creditor's.
    """
    return notice_period_end(business_date(notice.at, zone_name), by_post=notice.by_post)


def debt_facts(contacts: Sequence[Contact], invoice_ids: Collection[str]) -> DebtFacts:
    """What the contact rules ask of debts: when they were first spoken of, and when the last of their notices left."""
    noticed = {i: one.at for i, one in on_record(contacts).items() if i in invoice_ids}
    waiting = [i for i in invoice_ids if i not in noticed]
    begun = first_spoken_of(contacts)
    spoken = [begun[i] for i in waiting or invoice_ids if i in begun]
    return DebtFacts(
        initial_communication_at=min(spoken, default=None),
        validation_notice_sent_at=None if waiting else max(noticed.values(), default=None),
    )


def first_spoken_of(contacts: Iterable[Contact]) -> Mapping[str, datetime]:
    """When something about an invoice first reached the customer, as far as anybody knows."""
    begun: dict[str, datetime] = {}
    for one in contacts:
        if one.sent_at and (one.call_outcome or one.status in REACHED_CUSTOMER):
            for invoice_id in one.invoice_ids:
                begun[invoice_id] = min(begun.get(invoice_id, one.sent_at), one.sent_at)
    return begun


def not_to_be_asked_for(
    open_invoices: Iterable[OpenInvoice], contacts: Sequence[Contact], zone_name: str, as_of: date
) -> frozenset[str]:
    """The open invoices without a notice, and those whose time to dispute is not over on a date."""
    noticed = on_record(contacts)
    over = {i for i, one in noticed.items() if last_day(one, zone_name) < as_of}
    return frozenset(one.invoice.invoice_id for one in open_invoices) - over


def without_notice(
    open_invoices: Iterable[OpenInvoice], contacts: Sequence[Contact], as_of: date
) -> tuple[OpenInvoice, ...]:
    """The invoices that may be asked for and that have no notice, and none on its way."""
    told = {*on_record(contacts)}
    for one in contacts:
        if one.stage == Announced.VALIDATION_NOTICE and one.status in UNDER_WAY and as_of - one.planned_on < _WAITS:
            told.update(one.invoice_ids)
    return tuple(one for one in open_invoices if one.is_collectable and one.invoice.invoice_id not in told)
