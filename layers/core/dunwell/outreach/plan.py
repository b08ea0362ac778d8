"""Planning one account: due contacts, a lawful channel (and hour) for each, and what goes to escalation.

Decided first, kept as decided (``decisions``), and only then done.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from dunwell.accounts.model import Channel, Customer
from dunwell.compliance.model import CLOCK_REASONS
from dunwell.events import CONTACT_PLANNED, CONTACT_REFUSED, ESCALATION_DUE, Event
from dunwell.ids import stable_id
from dunwell.ledger.model import Account, OpenInvoice
from dunwell.outreach.announced import Announced
from dunwell.outreach.announcements import Announcement
from dunwell.outreach.announcing import announcement_contact
from dunwell.outreach.choice import NOT_WORTH_IT, Choice, choose, options
from dunwell.outreach.contact import Contact, ContactStatus, DecisionRecord, contact_id
from dunwell.outreach.hours import Opening, clock_of, first_opening, openings
from dunwell.outreach.permission import NO_ADDRESS, may_contact
from dunwell.outreach.planning import Demand, DueContact, Skipped, SkipReason, considered, escalations_due, notices_due
from dunwell.outreach.policy import Policy
from dunwell.outreach.ports import CollectionState, ContactStore
from dunwell.outreach.response import part_of_day, responses
from dunwell.outreach.switches import stopping
from dunwell.outreach.validating import MOST_DEBTS

UNTIL_NEXT_PASS = timedelta(days=1)
"""The daily pass begins before people may be contacted: what the clock alone forbids waits, until the next at most."""

ESCALATION_REASONS = "OVERDUE,HIGH_RISK,UNRESPONSIVE_AFTER_WARNING"
"""Why escalations_due hands an account over: all three hold."""


@dataclass(frozen=True, slots=True)
class AccountPlan:
    """What planning decided about one account on one day; ``choices``: why a permitted channel was taken, or none."""

    contacts: tuple[Contact, ...] = ()
    escalations: tuple[Event, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    choices: tuple[Choice, ...] = ()

    @property
    def events(self) -> tuple[Event, ...]:
        """What to publish."""
        return (*(_event(contact) for contact in self.contacts), *self.escalations)


def plan_account(
    account: Account,
    state: CollectionState,
    policy: Policy,
    as_of: date,
    now: datetime,
    stopped: Collection[str] = (),
) -> AccountPlan:
    """The account's contacts and escalations of a day. Pure: the same inputs give the same plan.

    Args:
        as_of: the business date, which stages count from; now: the instant, which the contact rules look at.
        stopped: the scopes of the switches that stop contact: another channel of the stage is taken then.
    """
    if account.customer.is_internal:
        return AccountPlan()
    demand = Demand(account, state, policy, as_of)
    notices = list(_notices(account, state, notices_due(account, state, as_of, demand), policy, as_of, now))
    noticed = {one.currency for one in notices}
    escalations = escalations_due(account, state, policy, as_of, demand)
    handed_over = {currency for currency, _ in escalations}
    contacts, skipped, choices = notices, list[Skipped](), list[Choice]()
    for one in considered(account, state, policy, as_of, demand):
        if one.currency in noticed:
            continue
        if one.currency in handed_over:
            skipped.append(Skipped(one.currency, SkipReason.ESCALATED))
        elif isinstance(one, Skipped):
            skipped.append(one)
        else:
            reminder, chosen = _contact(account, state, one, policy, as_of, now, stopped)
            choices += [chosen] if chosen else []
            if isinstance(reminder, Contact):
                contacts.append(reminder)
            else:
                skipped.append(reminder)
    handed = tuple(_escalation(account, state, policy, *due, as_of, now) for due in escalations)
    return AccountPlan(tuple(contacts), handed, tuple(skipped), tuple(choices))


def carry_out(customer_id: str, plan: AccountPlan, store: ContactStore) -> AccountPlan:
    """Keep a plan's contacts with its events; an empty plan when there is nothing, or the day was planned already."""
    if plan.events and store.plan(customer_id, plan.contacts, plan.events):
        return plan
    return AccountPlan()


def _notices(
    account: Account,
    state: CollectionState,
    due: Mapping[str, Sequence[OpenInvoice]],
    policy: Policy,
    as_of: date,
    now: datetime,
) -> Iterator[Contact]:
    """The validation notices of debts by currency, so many in each as it has room for.

    What is refused once more for the same debts is not told again: somebody knows.
    """
    if not due:
        return
    told = [one for one in state.contacts if one.stage == Announced.VALIDATION_NOTICE]
    refused = {one.invoice_ids for one in told if one.status is ContactStatus.REFUSED}
    for currency, debts in due.items():
        for first in range(0, len(debts), MOST_DEBTS):
            ids = tuple([one.invoice.invoice_id for one in debts[first : first + MOST_DEBTS]])
            identity = f"{currency}#{as_of.isoformat()}#{first // MOST_DEBTS + 1}"
            one = Announcement(Announced.VALIDATION_NOTICE, identity, currency, ids)
            made = announcement_contact(account.customer, state, one, policy, as_of, now)
            if made.status is ContactStatus.PLANNED or ids not in refused:
                yield made


def _contact(
    account: Account,
    state: CollectionState,
    due: DueContact,
    policy: Policy,
    as_of: date,
    now: datetime,
    stopped: Collection[str],
) -> tuple[Contact | Skipped, Choice | None]:
    """The contact on a way that is allowed; else refused, with the reason of the preferred channel."""
    customer = account.customer
    invoice_ids = tuple([item.invoice.invoice_id for item in due.invoices])
    channels = _open_to(customer, due.stage.channels, stopped)
    decisions = _decided(customer, state, channels, invoice_ids, policy, now)
    offers = _offers(customer, state, invoice_ids, decisions, policy, as_of)
    choice = _choice(account, state, due, policy, offers, as_of, now) if offers and policy.choice.enabled else None
    if choice and choice.why == NOT_WORTH_IT:
        return Skipped(due.currency, SkipReason.NOT_WORTH_IT), choice
    taken = next((one for one in offers if choice is None or one.way == (choice.channel, choice.part)), None)
    channel = taken.channel if taken else next(iter(channels), due.stage.channels[0])
    decision = taken.record if taken else decisions.get(channel) or _unreachable(policy, now)
    if not decision.allowed and _was_refused(state, due, channel, decision):
        return Skipped(due.currency, SkipReason.STILL_REFUSED), choice
    contact = Contact(
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
        send_after=taken.send_after if taken else None,
    )
    return contact, choice


def _was_refused(state: CollectionState, due: DueContact, channel: Channel, decision: DecisionRecord) -> bool:
    """Whether the same was refused for the same reason the last time: that is told once, and not every day."""
    earlier = [one for one in state.contacts if (one.currency, one.stage) == (due.currency, due.stage.name)]
    last = max(earlier, key=lambda one: one.planned_on, default=None)
    if last is None or last.status is not ContactStatus.REFUSED or not last.decisions:
        return False
    same = (last.channel, last.decisions[-1].reason_code, last.invoice_ids[:1])
    return same == (channel, decision.reason_code, (due.invoices[0].invoice.invoice_id,))


def _open_to(customer: Customer, channels: Sequence[Channel], stopped: Collection[str]) -> list[Channel]:
    """The ways of a stage to the customer that no switch stops; all of them when all are stopped: dispatch says so."""
    found = customer.reachable(channels)
    return [one for one in found if not stopping(stopped, one, customer)] or found if stopped else found


def _decided(
    customer: Customer,
    state: CollectionState,
    channels: Sequence[Channel],
    invoice_ids: tuple[str, ...],
    policy: Policy,
    now: datetime,
) -> dict[Channel, DecisionRecord]:
    """What the rules say of each channel; where nothing is chosen among them, up to the first that may be used soon."""
    chooses = policy.choice.enabled or policy.choice.hours
    found: dict[Channel, DecisionRecord] = {}
    for channel in channels:
        found[channel] = may_contact(customer, state.contacts, channel, invoice_ids, policy, now)
        if _is_soon(found[channel], now) and not chooses:
            break
    return found


def _is_soon(record: DecisionRecord, now: datetime) -> bool:
    """Whether a channel may be used now, or before the next pass once the clock permits it."""
    if record.allowed or record.next_allowed is None:
        return record.allowed
    return record.reason_code in CLOCK_REASONS and record.next_allowed - now < UNTIL_NEXT_PASS


def _offers(
    customer: Customer,
    state: CollectionState,
    invoice_ids: tuple[str, ...],
    decisions: Mapping[Channel, DecisionRecord],
    policy: Policy,
    as_of: date,
) -> list[Opening]:
    """The permitted ways, in the order of channels, each at its first minute; where the policy chooses hours, in every
    part of the day that is still to come.
    """
    found: list[Opening] = []
    for channel, record in decisions.items():

        def ask(at: datetime, channel: Channel = channel) -> DecisionRecord:
            return may_contact(customer, state.contacts, channel, invoice_ids, policy, at)

        if policy.choice.hours and (record.allowed or record.next_allowed):
            zone_name = policy.creditor.timezone
            found += openings(channel, record, ask, clock_of(customer, policy), zone_name, as_of)
        elif not policy.choice.hours and _is_soon(record, record.decided_at):
            found += first_opening(channel, record, ask)
    return found


def _choice(
    account: Account,
    state: CollectionState,
    due: DueContact,
    policy: Policy,
    offers: Sequence[Opening],
    as_of: date,
    now: datetime,
) -> Choice:
    """Which of the permitted ways, and whether at all: what may stay unpaid goes by the risk, all of it by none."""
    rules, customer = policy.choice, account.customer
    clock = clock_of(customer, policy) if rules.hours else policy.creditor.timezone
    paid = tuple(account.payments.values())
    prior = rules.prior(list(dict.fromkeys(one.channel for one in offers)))
    by_part = {
        part: responses(
            state.contacts, paid, part or part_of_day(now, clock), prior, rules.prior_messages, clock, as_of
        )
        for part in dict.fromkeys(one.part for one in offers)
    }
    estimates = {one.way: by_part[one.part][one.channel] for one in offers}
    balance_minor = sum(item.collectable_minor for item in due.invoices)
    risk_permille = 1000 if state.risk_permille is None else state.risk_permille
    at_risk_minor = balance_minor * risk_permille // 1000
    offered = options(rules, estimates, customer.customer_id, as_of, due.currency, at_risk_minor)
    last_word = policy.severity(due.stage.name) >= policy.severity(policy.escalation.after_stage)
    must = last_word or policy.warns(due.stage)
    wanted = customer.preferred_hours
    return choose(offered, due.currency, customer.preferred_channel, rules.explore, must, wanted)


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
