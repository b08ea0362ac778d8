"""A short thank-you when a payment settles what the customer was reminded of.

Accounts without an open balance leave the daily work list, so thanks are not planned by the daily cycle but when the
ledger says on the bus that an account changed. What is decided is kept as the daily pass's decisions are. They are
planned once or not at all: what time alone forbids when the payment becomes known, such as at night, waits for its
minute; what is forbidden otherwise is refused, and not tried again.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Protocol

from dunwell.accounts.model import Customer
from dunwell.ledger.model import Account
from dunwell.ledger.ports import Ledger
from dunwell.outreach.announcing import may_wait
from dunwell.outreach.contact import Contact, ContactStatus, contact_id
from dunwell.outreach.decisions import earlier, named
from dunwell.outreach.permission import may_contact
from dunwell.outreach.plan import AccountPlan
from dunwell.outreach.policy import Policy, Receipts
from dunwell.outreach.ports import CollectionState, ContactStore
from dunwell.outreach.pseudonyms import without_personal_data
from dunwell.outreach.stage import RESERVED, THANKS, Tone


@dataclass(frozen=True, slots=True)
class ThanksFacts:
    """An account as thanks see it.

    Attributes:
        customer: without personal data once kept; version: of the ledger account.
        paid_on: settled invoices of which nothing is open, with the latest payment for each until the business date.
        receipted: those of them whose latest payment gets a receipt, which says thank you, too.
    """

    customer: Customer
    version: int
    paid_on: Mapping[str, date] = field(default_factory=dict)
    receipted: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class ThanksDecision:
    """Whom to thank on a business date, decided when a payment became known; kept only when there was somebody."""

    facts: ThanksFacts
    state: CollectionState
    as_of: date
    now: datetime
    plan: AccountPlan

    @property
    def customer_id(self) -> str:
        """Whom it is about."""
        return self.facts.customer.customer_id

    def again(self, policy: Policy) -> AccountPlan:
        """What today's code decides from the same facts."""
        return plan_thanks(self.facts, self.state, policy, self.as_of, self.now)


class ThanksLog(Protocol):
    """Where such decisions are kept before anything is done about them."""

    def keep_thanks(self, policy: Policy, decision: ThanksDecision) -> str:
        """Keep a decision; its id."""
        ...


def thanks_facts(
    account: Account, state: CollectionState, as_of: date, receipts: Receipts | None = None
) -> ThanksFacts:
    """What became of the invoices that a customer was reminded of."""
    asked = {invoice_id for one in state.contacts for invoice_id in one.invoice_ids}
    settled = {one for one in asked & account.settlement_dates.keys() if not account.open_minor(one)}
    paid_on: dict[str, date] = {}
    receipted: set[str] = set()
    for entry_id, entry in account.payments.items():
        if entry.on <= as_of:
            for part in account.allocations(entry_id):
                if part.invoice_id in asked and entry.on >= paid_on.get(part.invoice_id, date.min):
                    paid_on[part.invoice_id] = entry.on
                    covered = receipts is not None and receipts.covers(entry, as_of)
                    receipted = receipted | {part.invoice_id} if covered else receipted - {part.invoice_id}
    never = date.min  # settled without a payment, such as by a credit note
    found = {one: paid_on.get(one, never) for one in sorted(settled)}
    return ThanksFacts(account.customer, account.version, found, frozenset(receipted & settled))


def thanks_due(facts: ThanksFacts, state: CollectionState, policy: Policy, as_of: date) -> list[Contact]:
    """The reminders to thank for: by currency the latest, if a payment of late settled the last of what it listed."""
    if policy.thanks is None or facts.customer.is_internal:
        return []
    terms = policy.terms(facts.customer, state.segment)
    due = []
    for currency in sorted({one.currency for one in state.contacts} - state.currencies_in_case):
        told = [one for one in state.contacts if one.currency == currency]
        reached = [one for one in told if one.may_have_reached and one.stage not in RESERVED]
        if terms.exclude or not reached:
            continue
        last = max(reached, key=lambda one: one.planned_on)
        thanked = any(one.stage == THANKS and one.planned_on >= last.planned_on for one in told)
        if not thanked and _was_answered(facts, last, policy.thanks.within_days, as_of):
            due.append(last)
    return due


def _was_answered(facts: ThanksFacts, reminder: Contact, within_days: int, as_of: date) -> bool:
    """Whether nothing of a reminder is open any more, and a payment since then and not long ago was for some of it.

    Not when that payment gets a receipt: no two mails for one payment.
    """
    asked = set(reminder.invoice_ids)
    if not asked or not asked <= facts.paid_on.keys():
        return False
    last = max(facts.paid_on[one] for one in asked)
    if any(facts.paid_on[one] == last for one in asked & facts.receipted):
        return False
    return reminder.planned_on <= last <= as_of and (as_of - last).days <= within_days


def plan_thanks(facts: ThanksFacts, state: CollectionState, policy: Policy, as_of: date, now: datetime) -> AccountPlan:
    """The thanks of an account on a day, each on the first channel that is allowed. Pure.

    Args:
        as_of: the business date; now: the instant, which the contact rules look at.
    """
    due = thanks_due(facts, state, policy, as_of)
    return AccountPlan(
        tuple(found for one in due if (found := _thanks(facts.customer, state, one, policy, as_of, now)))
    )


def _thanks(
    customer: Customer, state: CollectionState, reminder: Contact, policy: Policy, as_of: date, now: datetime
) -> Contact | None:
    """The contact, or None when there is no address: nobody has to look for one in order to say thank you."""
    channels = customer.reachable(policy.thanks.channels if policy.thanks else ())
    decided = [(c, may_contact(customer, state.contacts, c, reminder.invoice_ids, policy, now)) for c in channels]
    if not decided:
        return None
    possible = (one for one in decided if one[1].allowed or may_wait(one[1], now))
    channel, decision = next(possible, decided[0])
    send_after = None if decision.allowed else may_wait(decision, now)
    if send_after:
        later = may_contact(customer, state.contacts, channel, reminder.invoice_ids, policy, send_after)
        decision = replace(later, decided_at=now)
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
        send_after=send_after if decision.allowed else None,
    )


def thank(
    customer_id: str,
    ledger: Ledger,
    store: ContactStore,
    log: Callable[[], ThanksLog],
    policy: Policy,
    as_of: date,
    now: datetime,
) -> tuple[Contact, ...]:
    """Plan and keep the thanks of a customer whose account changed; none when they were planned before.

    Two reads, and two writes for who is thanked; nothing at all under a policy that thanks nobody.

    Args:
        log: asked for only when there is something to keep.
    """
    if policy.thanks is None:
        return ()
    state = store.state(customer_id)
    account = ledger.load(customer_id) if any(one.may_have_reached for one in state.contacts) else None
    if account is None:
        return ()
    facts = thanks_facts(account, state, as_of, policy.receipts)
    plan = plan_thanks(facts, state, policy, as_of, now)
    if not plan.contacts:
        return ()
    bare = replace(facts, customer=without_personal_data(facts.customer))
    kept = ThanksDecision(bare, replace(state, contacts=earlier(state.contacts)), as_of, now, plan)
    decision_id = log().keep_thanks(policy, kept)
    plan = replace(plan, contacts=tuple([named(one, decision_id) for one in plan.contacts]))
    return plan.contacts if store.plan(customer_id, plan.contacts, plan.events) else ()
