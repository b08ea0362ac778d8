"""What may be asked for today: what is open, undisputed, not on hold, not agreed about, not excluded, not covered."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from dunwell.accounts.holds import Hold
from dunwell.dates import days_past_due
from dunwell.hold_kinds import Activity
from dunwell.ledger.model import Account, OpenInvoice
from dunwell.outreach.cascade import Terms
from dunwell.outreach.policy import Policy


class SkipReason(StrEnum):
    """Why policy asks for no message today; what law forbids is a decision of its own."""

    NOTHING_TO_ASK_FOR = "NOTHING_TO_ASK_FOR"
    """All that is open is disputed, or its source removed it."""
    EXCLUDED = "EXCLUDED"
    """An override leaves it out of messages."""
    ON_HOLD = "ON_HOLD"
    """Every invoice is on a hold of its own."""
    AGREED = "AGREED"
    """A promise, a plan or a settlement covers it."""
    COVERED = "COVERED"
    """A debit on its way covers it."""
    STILL_REFUSED = "STILL_REFUSED"
    """The contact rules refuse it for the reason that they refused it for before: that was told once."""
    VALIDATION = "VALIDATION"
    """Its validation notice has not gone out yet, or the time to dispute it is not over."""
    WITHIN_TOLERANCE = "WITHIN_TOLERANCE"
    NOT_DUE = "NOT_DUE"
    """No stage's conditions hold yet."""
    PATIENT = "PATIENT"
    """Likely to pay without being reminded."""
    ALREADY_SAID = "ALREADY_SAID"
    NOT_WORTH_IT = "NOT_WORTH_IT"
    """A message would cost more than it may bring in."""
    TOO_SOON = "TOO_SOON"
    """Within the gap after an earlier message."""
    UNDER_WAY = "UNDER_WAY"
    IN_CASE = "IN_CASE"
    ESCALATED = "ESCALATED"


DEBIT_DAYS = 14
"""A debit that was announced longer ago without arriving or failing is not waited for any more."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What may be asked for in a currency.

    Attributes:
        invoices: those that have reached the mildest stage at least, oldest first; the first is the anchor.
        balance_minor: what is really still due on them (minor units).
    """

    invoices: tuple[OpenInvoice, ...]
    balance_minor: int


def asked(
    account: Account,
    policy: Policy,
    terms: Terms,
    as_of: date,
    currency: str,
    unvalidated: Collection[str] = (),
    how: Activity = Activity.ASK_TO_PAY,
) -> Asked | SkipReason:
    """What may be asked for on a date; or why nothing may.

    What is disputed or not due for a long time does not make a trifle worth a message. Payments, credits and unapplied
    cash the ledger has taken off already; debits that are on their way are taken off here.

    Args:
        unvalidated: ids of invoices for which it is too early (``validating.not_to_be_asked_for``).
        how: what is to be done about it; an invoice with a hold of its own that pauses this is left out.
    """
    found = _collectable(account, policy, terms, as_of, currency, how)
    if isinstance(found, SkipReason):
        return found
    first_days = terms.stages[0].when.days_past_due
    found = [one for one in found if days_past_due(one.due_on, as_of) >= first_days]
    if not found:
        return SkipReason.NOT_DUE
    if unvalidated:
        found = [one for one in found if one.invoice.invoice_id not in unvalidated]
        if not found:
            return SkipReason.VALIDATION
    left = _less_debits(found, account, as_of, currency)
    if not left.invoices:
        return SkipReason.COVERED
    return left if left.balance_minor > terms.tolerance_minor.get(currency, 0) else SkipReason.WITHIN_TOLERANCE


def _collectable(
    account: Account, policy: Policy, terms: Terms, as_of: date, currency: str, how: Activity
) -> list[OpenInvoice] | SkipReason:
    """What nothing but time is in the way of; or what is in the way of all of it."""
    found = [one for one in account.open_invoices if one.invoice.currency == currency and one.is_collectable]
    if not found:
        return SkipReason.NOTHING_TO_ASK_FOR
    if policy.overrides:
        found = [one for one in found if not policy.cascade.leaves_out(terms, one.invoice)]
        if not found:
            return SkipReason.EXCLUDED
    if held := _held(account.customer.holds, how, policy, as_of):
        found = [one for one in found if one.invoice.invoice_id not in held]
        if not found:
            return SkipReason.ON_HOLD
    if agreed := account.paused_invoices(as_of):
        found = [one for one in found if one.invoice.invoice_id not in agreed]
        if not found:
            return SkipReason.AGREED
    return found


def _held(holds: Sequence[Hold], how: Activity, policy: Policy, as_of: date) -> set[str]:
    """Invoices that a hold of their own leaves out on a date.

    What a hold on the whole customer or on one channel forbids, the contact rules say.
    """
    zone = policy.creditor.timezone
    return {hold.invoice_id for hold in holds if hold.invoice_id and hold.pauses(how) and hold.touches(as_of, zone)}


def _less_debits(found: Sequence[OpenInvoice], account: Account, as_of: date, currency: str) -> Asked:
    """The invoices that no debit on its way pays: those it names, with what it names no invoice for the oldest."""
    due = {one.invoice.invoice_id: one.collectable_minor for one in found}
    for entry in account.pending:
        if entry.currency != currency or days_past_due(entry.on, as_of) > DEBIT_DAYS:
            continue
        left = entry.amount_minor
        for invoice_id, most in [(one.invoice_id, one.amount_minor) for one in entry.directed_to] or list(due.items()):
            taken = min(left, most, due.get(invoice_id, 0))
            left -= taken
            if taken:
                due[invoice_id] -= taken
    return Asked(tuple(one for one in found if due[one.invoice.invoice_id]), sum(due.values()))
