"""Calls: whether one may be made now, when else within a day, and what its outcome is to the contact rules."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from dunwell.accounts.contact_points import KIND_OF
from dunwell.accounts.model import Channel
from dunwell.dates import business_date
from dunwell.ledger.change import Change
from dunwell.ledger.model import Account
from dunwell.outreach.asking import SkipReason
from dunwell.outreach.contact import CallOutcome, Contact, ContactStatus, DecisionRecord
from dunwell.outreach.permission import may_contact
from dunwell.outreach.policy import Policy

STATUS = {
    CallOutcome.REACHED: ContactStatus.DELIVERED,
    CallOutcome.PROMISED: ContactStatus.DELIVERED,
    CallOutcome.REFUSED: ContactStatus.DELIVERED,
    CallOutcome.VOICEMAIL: ContactStatus.MISSED,
    CallOutcome.NO_ANSWER: ContactStatus.MISSED,
    CallOutcome.WRONG_NUMBER: ContactStatus.BOUNCED,
    CallOutcome.NOT_NEEDED: ContactStatus.CANCELLED,
    CallOutcome.THEY_CALLED: ContactStatus.DELIVERED,
}
"""Where a contact is after a call."""


@dataclass(frozen=True, slots=True)
class CallHours:
    """When a number may be called on a day: whole hours from ``first`` to before ``last``, with time zones."""

    first: datetime
    last: datetime


def may_call(
    account: Account, earlier: Sequence[Contact], invoice_ids: tuple[str, ...], policy: Policy, at: datetime
) -> DecisionRecord:
    """Whether a customer may be called about invoices at an instant: not when all of them were agreed about.

    Args:
        earlier: what was sent and said before; frequency caps count it.
    """
    if is_agreed(account, invoice_ids, policy, at):
        return DecisionRecord(False, SkipReason.AGREED.value, at, None, (), policy.version, "")
    return may_contact(account.customer, earlier, Channel.CALL, invoice_ids, policy, at)


def best_hours(
    account: Account, earlier: Sequence[Contact], invoice_ids: tuple[str, ...], policy: Policy, now: datetime
) -> list[CallHours]:
    """When a call about invoices may be made within a day from now."""
    if is_agreed(account, invoice_ids, policy, now):
        return []
    start = now.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    hours = [start + timedelta(hours=hour) for hour in range(24)]
    who = account.customer
    return _joined(one for one in hours if may_contact(who, earlier, Channel.CALL, invoice_ids, policy, one).allowed)


def is_agreed(account: Account, invoice_ids: tuple[str, ...], policy: Policy, at: datetime) -> bool:
    """Whether everything that a call is about was agreed about."""
    today = business_date(at, policy.creditor.timezone)
    return bool(invoice_ids) and account.paused_invoices(today).issuperset(invoice_ids)


def without_number(account: Account, number: str, at: datetime) -> Change:
    """The account without a number that turned out to be somebody else's; again changes nothing."""
    if not number or number in account.customer.suppressed:
        return Change(account)
    kind = KIND_OF[Channel.CALL]
    return Change(account, customer=account.customer.with_bounce(number, at, CallOutcome.WRONG_NUMBER.value, kind))


def _joined(hours: Iterable[datetime]) -> list[CallHours]:
    """Hours that follow each other as one span."""
    spans: list[CallHours] = []
    for hour in hours:
        after = hour + timedelta(hours=1)
        if spans and spans[-1].last == hour:
            spans[-1] = replace(spans[-1], last=after)
        else:
            spans.append(CallHours(hour, after))
    return spans
