"""Which contacts are due for an account today, and why the others are not. Pure: the same inputs give the same plan.

One message per customer and currency at the highest stage due, listing every invoice that is due for a message.
Disputed invoices and amounts within the tolerance are not asked for; nothing is planned while a case is open or while a
message is under way.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from dunwell.dates import days_past_due
from dunwell.ledger.model import Account, OpenInvoice
from dunwell.outreach.contact import REACHED_CUSTOMER, UNDER_WAY, Contact
from dunwell.outreach.policy import Policy, Stage
from dunwell.outreach.ports import CollectionState


@dataclass(frozen=True, slots=True)
class DueContact:
    """A message that policy asks for; the channel and the permission are still to be found."""

    currency: str
    stage: Stage
    invoices: tuple[OpenInvoice, ...]


class SkipReason(StrEnum):
    """Why policy asks for no message today; what law forbids is a decision of its own."""

    NOTHING_TO_ASK_FOR = "NOTHING_TO_ASK_FOR"
    UNDER_WAY = "UNDER_WAY"
    TOO_SOON = "TOO_SOON"
    IN_CASE = "IN_CASE"
    ESCALATED = "ESCALATED"
    PATIENT = "PATIENT"
    ALREADY_SAID = "ALREADY_SAID"
    NOT_WORTH_IT = "NOT_WORTH_IT"


@dataclass(frozen=True, slots=True)
class Skipped:
    """No message about a currency today, and why."""

    currency: str
    reason: SkipReason


def considered(account: Account, state: CollectionState, policy: Policy, as_of: date) -> list[DueContact | Skipped]:
    """What is due for an account on a date: for each currency in which something is open a message, or why none."""
    why = _pause(state, policy, as_of)
    currencies = sorted(account.balances)
    if why:
        return [Skipped(currency, why) for currency in currencies]
    reached = [contact for contact in state.contacts if contact.may_have_reached]
    return [_in_currency(account, state, reached, policy, as_of, currency) for currency in currencies]


def _pause(state: CollectionState, policy: Policy, as_of: date) -> SkipReason | None:
    """Why no message at all may be planned today."""
    if any(contact.status in UNDER_WAY and not contact.is_lost(as_of) for contact in state.contacts):
        return SkipReason.UNDER_WAY
    gap = timedelta(days=policy.min_gap_days)
    if any(as_of - contact.planned_on < gap for contact in state.contacts if contact.may_have_reached):
        return SkipReason.TOO_SOON
    return None


def _in_currency(
    account: Account, state: CollectionState, reached: Sequence[Contact], policy: Policy, as_of: date, currency: str
) -> DueContact | Skipped:
    if currency in state.currencies_in_case:
        return Skipped(currency, SkipReason.IN_CASE)
    invoices = _to_ask_for(account, currency, policy, as_of)
    stage = policy.stage_due(days_past_due(invoices[0].due_on, as_of)) if invoices else None
    if stage is None:
        return Skipped(currency, SkipReason.NOTHING_TO_ASK_FOR)
    if _patient_with(state.risk_permille, invoices, policy, as_of):
        return Skipped(currency, SkipReason.PATIENT)
    earlier = [contact for contact in reached if contact.currency == currency]
    if not _not_yet_said(stage, invoices, earlier, as_of):
        return Skipped(currency, SkipReason.ALREADY_SAID)
    return DueContact(currency, stage, invoices)


def _to_ask_for(account: Account, currency: str, policy: Policy, as_of: date) -> tuple[OpenInvoice, ...]:
    """Undisputed invoices that have reached the mildest stage at least, oldest first; none if within the tolerance.

    What is disputed or not due for a long time does not make a trifle worth a message.
    """
    first_stage = policy.stages[0].when.days_past_due
    invoices = tuple(
        item
        for item in account.open_invoices
        if item.invoice.currency == currency
        and item.is_collectable
        and days_past_due(item.due_on, as_of) >= first_stage
    )
    asked_for_minor = sum(item.collectable_minor for item in invoices)
    return invoices if asked_for_minor > policy.tolerance_minor.get(currency, 0) else ()


def _patient_with(risk_permille: int | None, invoices: Sequence[OpenInvoice], policy: Policy, as_of: date) -> bool:
    """Whether a customer who is likely to pay anyway is left alone a while longer."""
    if risk_permille is None or risk_permille >= policy.patience_permille:
        return False
    return all(days_past_due(item.due_on, as_of) <= policy.patience_days for item in invoices)


def _not_yet_said(stage: Stage, invoices: Sequence[OpenInvoice], earlier: Sequence[Contact], as_of: date) -> bool:
    """Whether this stage is news about the oldest invoice, or may be repeated by now.

    The oldest invoice anchors the stage: when it is paid, the next oldest starts its own count.
    """
    oldest = invoices[0].invoice.invoice_id
    said = [c.planned_on for c in earlier if c.stage == stage.name and oldest in c.invoice_ids]
    if not said:
        return True
    return stage.repeat_after_days is not None and as_of - max(said) >= timedelta(days=stage.repeat_after_days)


def escalations_due(
    account: Account, state: CollectionState, policy: Policy, as_of: date
) -> list[tuple[str, OpenInvoice]]:
    """Currencies to hand to an agent, each with the oldest invoice: old, risky, warned, and silent since then."""
    rule = policy.escalation
    if state.risk_permille is None or state.risk_permille < rule.min_risk_permille:
        return []
    due = []
    for currency in sorted(account.balances.keys() - state.currencies_in_case):
        invoices = _to_ask_for(account, currency, policy, as_of)
        if not invoices:
            continue
        old_enough = days_past_due(invoices[0].due_on, as_of) >= rule.days_past_due
        if old_enough and _warned(invoices[0].invoice.invoice_id, state.contacts, policy, as_of):
            due.append((currency, invoices[0]))
    return due


def _warned(invoice_id: str, contacts: Sequence[Contact], policy: Policy, as_of: date) -> bool:
    rank = policy.severity(policy.escalation.after_stage)
    silent_since = as_of - timedelta(days=policy.escalation.silent_days)
    return any(
        contact.status in REACHED_CUSTOMER
        and policy.severity(contact.stage) >= rank
        and invoice_id in contact.invoice_ids
        and contact.planned_on <= silent_since
        for contact in contacts
    )
