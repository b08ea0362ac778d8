"""Planning one account: due contacts, a lawful channel for each, and what goes to escalation."""

from dataclasses import dataclass
from datetime import date, datetime

from dunwell.events import CONTACT_PLANNED, CONTACT_REFUSED, ESCALATION_DUE, Event
from dunwell.ids import stable_id
from dunwell.ledger.model import Account, OpenInvoice
from dunwell.outreach.contact import Contact, ContactStatus, DecisionRecord, contact_id
from dunwell.outreach.permission import may_contact
from dunwell.outreach.planning import DueContact, Skipped, SkipReason, considered, escalations_due
from dunwell.outreach.policy import Policy
from dunwell.outreach.ports import CollectionState, ContactStore

NO_ADDRESS = "NO_USABLE_ADDRESS"
"""Reason code of our own: no channel of the stage leads anywhere."""

ESCALATION_REASONS = "OVERDUE,HIGH_RISK,UNRESPONSIVE_AFTER_WARNING"
"""Why escalations_due hands an account over: all three hold."""


@dataclass(frozen=True, slots=True)
class AccountPlan:
    """What planning decided about one account on one day."""

    contacts: tuple[Contact, ...] = ()
    escalations: tuple[Event, ...] = ()
    skipped: tuple[Skipped, ...] = ()

    @property
    def events(self) -> tuple[Event, ...]:
        """What to publish."""
        return (*(_event(contact) for contact in self.contacts), *self.escalations)


def plan_account(account: Account, state: CollectionState, policy: Policy, as_of: date, now: datetime) -> AccountPlan:
    """The account's contacts and escalations of a day. Pure: the same inputs give the same plan.

    Args:
        as_of: the business date, which stages count from; now: the instant, which the contact rules look at.
    """
    if account.customer.is_internal:
        return AccountPlan()
    escalations = escalations_due(account, state, policy, as_of)
    handed_over = {currency for currency, _ in escalations}
    contacts, skipped = [], []
    for one in considered(account, state, policy, as_of):
        if one.currency in handed_over:
            skipped.append(Skipped(one.currency, SkipReason.ESCALATED))
        elif isinstance(one, Skipped):
            skipped.append(one)
        else:
            contacts.append(_contact(account, state, one, policy, as_of, now))
    handed = tuple(_escalation(account, state, policy, *due, as_of, now) for due in escalations)
    return AccountPlan(tuple(contacts), handed, tuple(skipped))


def plan_and_keep(account: Account, store: ContactStore, policy: Policy, as_of: date, now: datetime) -> AccountPlan:
    """Plan an account and keep the plan with its events; an empty plan when the day was planned already."""
    customer_id = account.customer.customer_id
    plan = plan_account(account, store.state(customer_id), policy, as_of, now)
    if plan.events and store.plan(customer_id, plan.contacts, plan.events):
        return plan
    return AccountPlan()


def _contact(
    account: Account, state: CollectionState, due: DueContact, policy: Policy, as_of: date, now: datetime
) -> Contact:
    """The contact on the first channel that is allowed; else refused, with the reason of the preferred one."""
    customer = account.customer
    invoice_ids = tuple(item.invoice.invoice_id for item in due.invoices)
    channels = customer.reachable(due.stage.channels)
    decisions = [(c, may_contact(customer, state.contacts, c, invoice_ids, policy, now)) for c in channels]
    channel, decision = next(
        (found for found in decisions if found[1].allowed),
        decisions[0] if decisions else (due.stage.channels[0], _unreachable(policy, now)),
    )
    return Contact(
        contact_id=contact_id(customer.customer_id, due.currency, due.stage.name, as_of),
        customer_id=customer.customer_id,
        currency=due.currency,
        channel=channel,
        stage=due.stage.name,
        invoice_ids=invoice_ids,
        planned_on=as_of,
        status=ContactStatus.PLANNED if decision.allowed else ContactStatus.REFUSED,
        policy_version=policy.version,
        risk_permille=state.risk_permille,
        model_version=state.model_version,
        template=due.stage.words,
        tone=due.stage.tone,
        attachments=due.stage.attachments,
        decisions=(decision,),
    )


def _unreachable(policy: Policy, now: datetime) -> DecisionRecord:
    return DecisionRecord(False, NO_ADDRESS, now, None, (), policy.version, "")


def _event(contact: Contact) -> Event:
    name = CONTACT_PLANNED if contact.status is ContactStatus.PLANNED else CONTACT_REFUSED
    return contact_event(name, contact, contact.decisions[-1].decided_at)


def contact_event(name: str, contact: Contact, at: datetime) -> Event:
    """An event about a contact: ids and codes only."""
    return Event(
        event_id=stable_id("evt", name, contact.contact_id),
        name=name,
        customer_id=contact.customer_id,
        occurred_at=at,
        data={
            "contact_id": contact.contact_id,
            "channel": contact.channel.value,
            "stage": contact.stage,
            "currency": contact.currency,
            "reason_code": contact.decisions[-1].reason_code,
        },
    )


def _escalation(
    account: Account,
    state: CollectionState,
    policy: Policy,
    currency: str,
    oldest: OpenInvoice,
    as_of: date,
    now: datetime,
) -> Event:
    customer_id = account.customer.customer_id
    invoice_id = oldest.invoice.invoice_id
    return Event(
        event_id=stable_id("evt", ESCALATION_DUE, customer_id, currency, invoice_id, as_of.isoformat()),
        name=ESCALATION_DUE,
        customer_id=customer_id,
        occurred_at=now,
        data={
            "currency": currency,
            "oldest_invoice_id": invoice_id,
            "open_minor": account.balances.get(currency, 0),
            "reason_codes": ESCALATION_REASONS,
            "policy_version": policy.version,
            "model_version": state.model_version,
        },
    )
