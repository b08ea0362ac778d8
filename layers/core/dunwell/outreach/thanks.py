"""A short thank-you when a payment settles what the customer was reminded of.

Accounts without an open balance leave the daily work list, so thanks are not planned by the daily cycle but when the
ledger says on the bus that an account changed. They are planned once or not at all: a thank-you that may not be sent
when the payment arrives is refused, and not tried again.
"""

from datetime import date, datetime

from dunwell.ledger.model import Account
from dunwell.ledger.ports import Ledger
from dunwell.outreach.contact import Contact, ContactStatus, contact_id
from dunwell.outreach.permission import may_contact
from dunwell.outreach.plan import AccountPlan
from dunwell.outreach.policy import Policy
from dunwell.outreach.ports import CollectionState, ContactStore
from dunwell.outreach.stage import THANKS, Tone


def thanks_due(account: Account, state: CollectionState, policy: Policy, as_of: date) -> list[Contact]:
    """The reminders to thank for: by currency the latest, if a payment of late settled the last of what it listed."""
    if policy.thanks is None or account.customer.is_internal:
        return []
    terms = policy.terms(account.customer, state.segment)
    due = []
    for currency in sorted({one.currency for one in state.contacts} - state.currencies_in_case):
        told = [one for one in state.contacts if one.currency == currency]
        reached = [one for one in told if one.may_have_reached and one.stage != THANKS]
        if terms.exclude or not reached:
            continue
        last = max(reached, key=lambda one: one.planned_on)
        thanked = any(one.stage == THANKS and one.planned_on >= last.planned_on for one in told)
        if not thanked and _was_answered(account, last, policy.thanks.within_days, as_of):
            due.append(last)
    return due


def _was_answered(account: Account, reminder: Contact, within_days: int, as_of: date) -> bool:
    """Whether nothing of a reminder is open any more, and a payment since then and not long ago was for some of it."""
    asked = set(reminder.invoice_ids)
    if not asked <= account.settlement_dates.keys() or any(account.open_minor(one) for one in asked):
        return False
    return any(
        reminder.planned_on <= entry.on <= as_of
        and (as_of - entry.on).days <= within_days
        and any(part.invoice_id in asked for part in account.allocations(entry_id))
        for entry_id, entry in account.payments.items()
    )


def plan_thanks(account: Account, state: CollectionState, policy: Policy, as_of: date, now: datetime) -> AccountPlan:
    """The thanks of an account on a day, each on the first channel that is allowed. Pure.

    Args:
        as_of: the business date; now: the instant, which the contact rules look at.
    """
    due = thanks_due(account, state, policy, as_of)
    return AccountPlan(tuple(found for one in due if (found := _thanks(account, state, one, policy, as_of, now))))


def _thanks(
    account: Account, state: CollectionState, reminder: Contact, policy: Policy, as_of: date, now: datetime
) -> Contact | None:
    """The contact, or None when there is no address: nobody has to look for one in order to say thank you."""
    customer = account.customer
    channels = customer.reachable(policy.thanks.channels if policy.thanks else ())
    decided = [(c, may_contact(customer, state.contacts, c, reminder.invoice_ids, policy, now)) for c in channels]
    if not decided:
        return None
    channel, decision = next((one for one in decided if one[1].allowed), decided[0])
    return Contact(
        contact_id=contact_id(customer.customer_id, reminder.currency, THANKS, as_of),
        customer_id=customer.customer_id,
        currency=reminder.currency,
        channel=channel,
        stage=THANKS,
        invoice_ids=reminder.invoice_ids,
        planned_on=as_of,
        status=ContactStatus.PLANNED if decision.allowed else ContactStatus.REFUSED,
        policy_version=policy.version,
        risk_permille=state.risk_permille,
        model_version=state.model_version,
        template=THANKS,
        tone=Tone.FRIENDLY,
        decisions=(decision,),
    )


def thank(
    customer_id: str, ledger: Ledger, store: ContactStore, policy: Policy, as_of: date, now: datetime
) -> tuple[Contact, ...]:
    """Plan and keep the thanks of a customer whose account changed; none when they were planned before.

    Two reads, and one write for who is thanked; nothing at all under a policy that thanks nobody.
    """
    if policy.thanks is None:
        return ()
    state = store.state(customer_id)
    account = ledger.load(customer_id) if any(one.may_have_reached for one in state.contacts) else None
    if account is None:
        return ()
    plan = plan_thanks(account, state, policy, as_of, now)
    return plan.contacts if plan.events and store.plan(customer_id, plan.contacts, plan.events) else ()
