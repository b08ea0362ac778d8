"""Decisions as they are kept: what was decided, from which facts, by which versions; and decided again from these.

A record holds ids and facts, no names and no addresses (``pseudonyms``): it may be kept longer than the customer's own
data, and an erasure need not touch it. What planning and the contact rules look at is in it, and nothing else.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Protocol

from dunwell.accounts.model import Channel, Customer
from dunwell.compliance.model import MessageFacts, Purpose
from dunwell.ledger.agreements import Agreement
from dunwell.ledger.entry import Entry
from dunwell.ledger.model import Account, OpenInvoice
from dunwell.outreach.announced import purpose_of
from dunwell.outreach.contact import Contact, ContactStatus, DecisionRecord
from dunwell.outreach.permission import may_contact
from dunwell.outreach.plan import AccountPlan, plan_account
from dunwell.outreach.policy import Policy
from dunwell.outreach.ports import CollectionState
from dunwell.outreach.pseudonyms import without_personal_data
from dunwell.outreach.response import HISTORY_DAYS, payments_since
from dunwell.timezones import TZDATA_VERSION


@dataclass(frozen=True, slots=True)
class AccountFacts:
    """An account as planning sees it.

    Attributes:
        customer: without personal data.
        version: of the ledger account, so that its journal can be read up to there.
        open_invoices: oldest due first, without lines and terms.
        unapplied: unapplied credit by currency (minor units).
        payments: what was received lately, where the policy's choice of channel looks at it.
        agreements: those that stand, without the evidence of consent; pending: debits on their way.
    """

    customer: Customer
    version: int
    open_invoices: tuple[OpenInvoice, ...] = ()
    unapplied: Mapping[str, int] = field(default_factory=dict)
    payments: tuple[Entry, ...] = ()
    agreements: tuple[Agreement, ...] = ()
    pending: tuple[Entry, ...] = ()


@dataclass(frozen=True, slots=True)
class Versions:
    """What decided: policy, contact rules, time zones and code (a hash of its sources); the model is in the state."""

    policy: str
    rules: str
    tzdata: str
    code: str


@dataclass(frozen=True, slots=True)
class PlanDecision:
    """What the daily pass decided about one account on one business date; for each currency a contact, an escalation
    or the reason for silence.

    Attributes:
        stopped: the scopes that switches stopped then.
    """

    facts: AccountFacts
    state: CollectionState
    as_of: date
    now: datetime
    plan: AccountPlan
    stopped: tuple[str, ...] = ()

    @property
    def customer_id(self) -> str:
        """Whom it is about."""
        return self.facts.customer.customer_id

    def again(self, policy: Policy) -> AccountPlan:
        """What today's code decides from the same facts."""
        return plan_account(account_of(self.facts), self.state, policy, self.as_of, self.now, self.stopped)


@dataclass(frozen=True, slots=True)
class DispatchDecision:
    """What was decided about a planned contact just before it was to be sent.

    Attributes:
        contacts: what was sent before; words: what the rendered message contains, None when
            the rules were not asked.
        record: the answer.
        asked_rules: False when something else stood in the way, such as a switch: the rules were not asked then, and
            their time zones are not named.
        purpose: what the rules were asked about.
    """

    facts: AccountFacts
    contact_id: str
    contacts: tuple[Contact, ...]
    channel: Channel
    invoice_ids: tuple[str, ...]
    now: datetime
    words: MessageFacts | None
    record: DecisionRecord
    asked_rules: bool = True
    purpose: Purpose = Purpose.COLLECTION

    @property
    def customer_id(self) -> str:
        """Whom it is about."""
        return self.facts.customer.customer_id

    def again(self, policy: Policy) -> DecisionRecord:
        """What today's code decides from the same facts; the same record when the rules had not been asked."""
        if not self.asked_rules:
            return self.record
        customer, invoices = self.facts.customer, self.invoice_ids
        return may_contact(customer, self.contacts, self.channel, invoices, policy, self.now, self.words, self.purpose)


@dataclass(frozen=True, slots=True)
class KeptPlan:
    """A decision of the daily pass under the id that says where it is kept."""

    decision_id: str
    decision: PlanDecision

    @property
    def plan(self) -> AccountPlan:
        """The plan, its contacts naming their decision."""
        plan = self.decision.plan
        return replace(plan, contacts=tuple([named(one, self.decision_id) for one in plan.contacts]))


class DecisionLog(Protocol):
    """Where decisions are kept before anything is done about them."""

    def keep_page(self, as_of: date, run: str, policy: Policy, decisions: Sequence[PlanDecision]) -> list[KeptPlan]:
        """Keep a page of the daily pass, once: when an earlier try of the same page kept its decisions, those count.

        Args:
            run: names the pass, the same at each try.
        """
        ...

    def keep_dispatch(self, policy: Policy, decision: DispatchDecision) -> str:
        """Keep what was decided before sending; the decision's id."""
        ...


def planned(
    account: Account,
    state: CollectionState,
    policy: Policy,
    as_of: date,
    now: datetime,
    stopped: tuple[str, ...] = (),
) -> PlanDecision:
    """Plan an account, with all that is needed to do so again. Args: stopped: what switches stop, by scope."""
    plan = plan_account(account, state, policy, as_of, now, stopped)
    return PlanDecision(facts_of(account, policy, as_of), _planning_state(state), as_of, now, plan, stopped)


def dispatch_decision(
    account: Account,
    contact: Contact,
    before: Sequence[Contact],
    policy: Policy,
    record: DecisionRecord,
    words: MessageFacts | None,
) -> DispatchDecision:
    """What was decided about a contact just before sending, with all that is needed to decide again.

    Args:
        before: the contacts that the rules counted.
    """
    return DispatchDecision(
        facts=facts_of(account, policy, contact.planned_on),
        contact_id=contact.contact_id,
        contacts=earlier(before),
        channel=contact.channel,
        invoice_ids=contact.invoice_ids,
        now=record.decided_at,
        words=words,
        record=record,
        asked_rules=bool(record.tzdata_version),
        purpose=purpose_of(contact.stage),
    )


def facts_of(account: Account, policy: Policy, as_of: date) -> AccountFacts:
    """What planning and the contact rules look at in an account."""
    since = as_of - timedelta(days=HISTORY_DAYS)
    return AccountFacts(
        customer=without_personal_data(account.customer),
        version=account.version,
        open_invoices=tuple([_bare(one) for one in account.open_invoices]),
        unapplied=dict(account.unapplied),
        payments=payments_since(account.payments.values(), since) if policy.choice.enabled else (),
        agreements=tuple([_terms(one) for one in account.agreements.values() if one.is_standing]),
        pending=account.pending,
    )


def account_of(facts: AccountFacts) -> Account:
    """An account with the balances of a record: they are stated, not folded from entries, which a record has not."""
    account = Account(
        facts.customer,
        facts.version,
        entries={one.entry_id: one for one in facts.pending},
        agreements={one.agreement_id: one for one in facts.agreements},
    )
    received = {one.entry_id: one for one in facts.payments}
    vars(account).update(open_invoices=facts.open_invoices, unapplied=dict(facts.unapplied), payments=received)
    return account


def earlier(contacts: Sequence[Contact]) -> tuple[Contact, ...]:
    """Contacts as history: without the decisions behind them, which are kept by themselves; of refusals, why."""
    return tuple([replace(one, decisions=_why_refused(one)) if one.decisions else one for one in contacts])


def _why_refused(contact: Contact) -> tuple[DecisionRecord, ...]:
    """A refusal is not told again for the same reason, so that planning looks at it."""
    if contact.status is not ContactStatus.REFUSED:
        return ()
    return (replace(contact.decisions[-1], rules=()),)


def named(contact: Contact, decision_id: str) -> Contact:
    """The contact, its newest decision record naming the decision."""
    *before, newest = contact.decisions
    return replace(contact, decisions=(*before, replace(newest, decision_id=decision_id)))


def versions(policy: Policy, code: str) -> Versions:
    """The versions behind a decision of today."""
    return Versions(policy.version, policy.creditor.compliance.version, TZDATA_VERSION, code)


def _planning_state(state: CollectionState) -> CollectionState:
    return replace(state, contacts=earlier(state.contacts)) if state.contacts else state


def _terms(agreement: Agreement) -> Agreement:
    return replace(agreement, made_by="", authorisation=None, steps=(), reasons=())


def _bare(item: OpenInvoice) -> OpenInvoice:
    invoice = item.invoice
    if not (invoice.lines or invoice.terms):
        return item
    return replace(item, invoice=replace(invoice, lines=(), terms=""))
