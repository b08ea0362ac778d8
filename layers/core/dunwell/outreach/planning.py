"""Which contacts are due for an account today, and why the others are not. Pure: the same inputs give the same plan.

One message per customer and currency, at the highest stage due, listing every invoice that is due for a message: when
the stage is one for overdue invoices, only what is past due, because its words call all of it so. What is
disputed, on hold, excluded or about to be debited is not asked for, nor is an amount within the tolerance; nor, of a
consumer in the United States by a third party, a debt that may still be disputed after its validation notice.
Nothing is planned while a case is open, while a message is under way, or within the gap after the last one.

The oldest invoice that may be asked for is the anchor: its age decides the stage, and when it is paid the next oldest
starts its own count. About one anchor

- each stage is said once, unless it may be repeated;
- stages never go down: after a stage no milder one follows, however the conditions change;
- **a stage that warns is never skipped**: a stage with ``then`` and ``escalation.after_stage`` must have reached the
  customer about it before anything more severe is said. So when planning stood still for thirty days, or a debt is
  old when it is first seen, the customer gets the warning first, and what it warned of when the gap is over and the
  conditions still hold, one message at a time. Stages that warn of nothing are passed over. A warning whose sender
  died counts for the gap, and is given again after it unless a report says that it arrived.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from dunwell.accounts.holds import kept_back
from dunwell.dates import days_past_due
from dunwell.hold_kinds import Activity
from dunwell.ledger.model import Account, OpenInvoice
from dunwell.outreach.asking import Asked, SkipReason, asked, past_due_only
from dunwell.outreach.cascade import Terms
from dunwell.outreach.contact import SURELY_SENT, UNDER_WAY, Contact
from dunwell.outreach.policy import Policy
from dunwell.outreach.ports import CollectionState
from dunwell.outreach.stage import Consolidation, Stage, Standing
from dunwell.outreach.validating import first_spoken_of, needs_notices, not_to_be_asked_for, without_notice

__all__ = ["DueContact", "SkipReason", "Skipped", "considered", "escalations_due", "notices_due"]


@dataclass(frozen=True, slots=True)
class DueContact:
    """A message that policy asks for; the channel and the permission are still to be found.

    Attributes:
        overrides: which narrower words had a say, such as ``min_gap_days: group key accounts``.
    """

    currency: str
    stage: Stage
    invoices: tuple[OpenInvoice, ...]
    overrides: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Skipped:
    """No message about a currency today, and why."""

    currency: str
    reason: SkipReason
    overrides: tuple[str, ...] = ()


class Demand:
    """What may be asked for on an account on a date, by its customer's terms; worked out once for each currency."""

    def __init__(self, account: Account, state: CollectionState, policy: Policy, as_of: date) -> None:
        self.terms = policy.terms(account.customer, state.segment)
        self._account, self._policy, self._as_of = account, policy, as_of
        self._found: dict[str, Asked | SkipReason] = {}
        self.needs_notices = needs_notices(account.customer, policy)
        self._unvalidated: frozenset[str] = frozenset()
        if self.needs_notices:
            zone = policy.creditor.timezone
            self._unvalidated = not_to_be_asked_for(account.open_invoices, state.contacts, zone, as_of)

    def of(self, currency: str) -> Asked | SkipReason:
        """See ``asked``; that it is too early after a notice counts where there is no other reason for silence."""
        if currency not in self._found:
            self._found[currency] = self._asked(currency, self._unvalidated)
        return self._found[currency]

    def to_hand_off(self, currency: str) -> Asked | SkipReason:
        """See ``asked``; also what a hold on it keeps from messages and leaves to people, such as an attorney's."""
        if not self._account.customer.holds:
            return self.of(currency)
        return asked(self._account, self._policy, self.terms, self._as_of, currency, how=Activity.HAND_OFF)

    def but_for_notices(self, currency: str) -> Asked | SkipReason:
        """The same as if no debt needed a notice."""
        return self._asked(currency, ())

    def _asked(self, currency: str, unvalidated: Collection[str]) -> Asked | SkipReason:
        found = asked(self._account, self._policy, self.terms, self._as_of, currency)
        if unvalidated and isinstance(found, Asked):
            return asked(self._account, self._policy, self.terms, self._as_of, currency, unvalidated)
        return found


def considered(
    account: Account, state: CollectionState, policy: Policy, as_of: date, demand: Demand | None = None
) -> list[DueContact | Skipped]:
    """What is due for an account on a date: for each currency in which something is open a message, or why none.

    Args:
        demand: of the same account, state, policy and date, where it was worked out before.
    """
    currencies = sorted(account.balances)
    why = _pause(state, as_of)
    if why:
        return [Skipped(currency, why) for currency in currencies]
    demand = demand or Demand(account, state, policy, as_of)
    return [_Asking(account, state, policy, demand, as_of, currency).outcome() for currency in currencies]


def notices_due(
    account: Account, state: CollectionState, as_of: date, demand: Demand
) -> Mapping[str, tuple[OpenInvoice, ...]]:
    """The debts whose validation notice goes out today, by currency: instead of their first reminder.

    And those that something reached the customer about before: an agreement, say, that was made on the portal. Neither
    a case nor a message under way delays a notice. What is on a hold of its own waits for its end.
    """
    if not demand.needs_notices:
        return {}
    waiting = without_notice(account.open_invoices, state.contacts, as_of)
    begun = first_spoken_of(state.contacts) if waiting else {}
    found: dict[str, tuple[OpenInvoice, ...]] = {}
    for currency in sorted({one.invoice.currency for one in waiting}):
        first = demand.but_for_notices(currency)
        to_ask_for = () if isinstance(first, SkipReason) else first.invoices
        ids = {*begun, *(one.invoice.invoice_id for one in to_ask_for)}
        due = [one for one in waiting if one.invoice.currency == currency and one.invoice.invoice_id in ids]
        if due:
            found[currency] = tuple(due)
    return found


def _pause(state: CollectionState, as_of: date) -> SkipReason | None:
    """Why no message at all may be planned today."""
    if any(contact.status in UNDER_WAY and not contact.is_lost(as_of) for contact in state.contacts):
        return SkipReason.UNDER_WAY
    return None


@dataclass(frozen=True, slots=True)
class _Asking:
    """The question of one currency of an account on a day."""

    account: Account
    state: CollectionState
    policy: Policy
    demand: Demand
    as_of: date
    currency: str

    def outcome(self) -> DueContact | Skipped:
        """The message due, or why there is none."""
        if self.currency in self.state.currencies_in_case:
            return self._skipped(SkipReason.IN_CASE, self.demand.terms)
        found = self.demand.of(self.currency)
        if isinstance(found, SkipReason):
            return self._skipped(found, self.demand.terms)
        terms = self.policy.terms_about(self.demand.terms, found.invoices[0].invoice)
        stage = terms.stage_due(self._standing(found))
        if stage is None:
            return self._skipped(SkipReason.NOT_DUE, terms)
        stage = self._warning_first(stage, terms, found.invoices[0])
        why = self._silence(stage, terms, found.invoices)
        return self._skipped(why, terms) if why else self._due(stage, terms, found.invoices)

    def _skipped(self, why: SkipReason, terms: Terms) -> Skipped:
        return Skipped(self.currency, why, _words(terms))

    def _due(self, stage: Stage, terms: Terms, invoices: Sequence[OpenInvoice]) -> DueContact:
        """With the invoices that the message lists, oldest first: the anchor always is one of them."""
        mildest = stage if stage.consolidation is Consolidation.STAGE else terms.stages[0]
        least = mildest.when.days_past_due
        listed = [item for item in invoices if days_past_due(item.due_on, self.as_of) >= least]
        if stage.is_about_overdue:
            listed = past_due_only(listed, self.as_of)
        return DueContact(self.currency, stage, tuple(listed), _words(terms))

    def _standing(self, found: Asked) -> Standing:
        """What the conditions look at."""
        return Standing(
            days_past_due=days_past_due(found.invoices[0].due_on, self.as_of),
            unpaid_count=sum(item.due_on < self.as_of for item in found.invoices),
            currency=self.currency,
            balance_minor=found.balance_minor,
            risk_permille=self.state.risk_permille,
            segment=self.state.segment,
        )

    def _warning_first(self, stage: Stage, terms: Terms, anchor: OpenInvoice) -> Stage:
        """The mildest stage that warns, was not said yet and is not more severe than the stage due; else that one.

        After something more severe, which an earlier policy may have said, no milder warning follows.
        """
        highest = self._highest_said(anchor)
        for milder in terms.stages:
            if milder.name == stage.name:
                break
            unsaid = self.policy.warns(milder) and not self._said(milder, anchor)
            if unsaid and self.policy.severity(milder.name) >= highest:
                return milder
        return stage

    def _silence(self, stage: Stage, terms: Terms, invoices: Sequence[OpenInvoice]) -> SkipReason | None:
        """Why a stage is not said today although it is due."""
        if _patient_with(self.state.risk_permille, terms, invoices, self.as_of):
            return SkipReason.PATIENT
        if not self._is_news(stage, invoices[0]):
            return SkipReason.ALREADY_SAID
        gap = timedelta(days=self.policy.gap_days(stage, terms))
        reached = (contact for contact in self.state.contacts if contact.may_have_reached)
        return SkipReason.TOO_SOON if any(self.as_of - one.planned_on < gap for one in reached) else None

    def _is_news(self, stage: Stage, anchor: OpenInvoice) -> bool:
        """Whether a stage was not said about the oldest invoice, or may be repeated by now, and nothing firmer was."""
        if self.policy.severity(stage.name) < self._highest_said(anchor):
            return False
        said = self._said(stage, anchor)
        if not said:
            return True
        return stage.repeat_after_days is not None and self.as_of - max(said) >= timedelta(stage.repeat_after_days)

    def _said(self, stage: Stage, anchor: OpenInvoice) -> list[date]:
        """When a stage was said about the anchor; of a warning, only when it surely left."""
        warns = self.policy.warns(stage)
        found = (one for one in self._earlier() if one.stage == stage.name)
        found = (one for one in found if not warns or one.status in SURELY_SENT)
        return [one.planned_on for one in found if _is_about(one, anchor, self.policy)]

    def _highest_said(self, anchor: OpenInvoice) -> int:
        """The rank of the most severe stage said while this was the anchor; -1 for none."""
        named = anchor.invoice.invoice_id
        anchored = (one for one in self._earlier() if one.invoice_ids[:1] == (named,))
        ranks = (self.policy.severity(one.stage) for one in anchored if _is_about(one, anchor, self.policy))
        return max(ranks, default=-1)

    def _earlier(self) -> list[Contact]:
        """The messages about this currency that may have reached the customer."""
        return [one for one in self.state.contacts if one.may_have_reached and one.currency == self.currency]


def _is_about(contact: Contact, invoice: OpenInvoice, policy: Policy) -> bool:
    """Whether a message said its stage about an invoice: it was the oldest listed, or had reached the stage itself.

    A message lists younger invoices too, in words that were not meant for them. And what was said about an instalment
    that is paid now was not said about the next one.
    """
    named, rank = invoice.invoice.invoice_id, policy.severity(contact.stage)
    if rank < 0 or named not in contact.invoice_ids:
        return False
    if named == contact.invoice_ids[0] and not invoice.invoice.instalments:
        return True
    return days_past_due(invoice.due_on, contact.planned_on) >= policy.stages[rank].when.days_past_due


def _words(terms: Terms) -> tuple[str, ...]:
    return tuple(f"{matter}: {who}" for matter, who in terms.won_by.items())


def _patient_with(risk_permille: int | None, terms: Terms, invoices: Sequence[OpenInvoice], as_of: date) -> bool:
    """Whether a customer who is likely to pay anyway is left alone a while longer."""
    if risk_permille is None or risk_permille >= terms.patience_permille:
        return False
    return all(days_past_due(item.due_on, as_of) <= terms.patience_days for item in invoices)


def escalations_due(
    account: Account, state: CollectionState, policy: Policy, as_of: date, demand: Demand | None = None
) -> list[tuple[str, OpenInvoice]]:
    """Currencies to hand to an agent, each with the oldest invoice: old, risky, warned, and silent since then.

    Nothing is handed on under a hold that forbids it, nor what was agreed about: ``asked`` leaves that out.
    """
    rule, zone = policy.escalation, policy.creditor.timezone
    if state.risk_permille is None or state.risk_permille < rule.min_risk_permille:
        return []
    demand, due = demand or Demand(account, state, policy, as_of), []
    for currency in sorted(account.balances.keys() - state.currencies_in_case):
        found = demand.to_hand_off(currency)
        if isinstance(found, SkipReason):
            continue
        oldest = found.invoices[0]
        if kept_back(account.customer.holds, oldest.invoice.invoice_id, as_of, zone):
            continue
        old_enough = days_past_due(oldest.due_on, as_of) >= rule.days_past_due
        if old_enough and _warned(oldest, state.contacts, policy, as_of):
            due.append((currency, oldest))
    return due


def _warned(invoice: OpenInvoice, contacts: Sequence[Contact], policy: Policy, as_of: date) -> bool:
    rank = policy.severity(policy.escalation.after_stage)
    silent_since = as_of - timedelta(days=policy.escalation.silent_days)
    return any(
        contact.status in SURELY_SENT
        and policy.severity(contact.stage) >= rank
        and _is_about(contact, invoice, policy)
        and contact.planned_on <= silent_since
        for contact in contacts
    )
