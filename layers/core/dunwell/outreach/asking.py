"""What may be asked for today: what is open, undisputed, not on hold, not agreed about, not excluded, not covered."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from dunwell.accounts.holds import Hold
from dunwell.dates import days_past_due
from dunwell.hold_kinds import Activity
from dunwell.ledger.automatic import announced_minor
from dunwell.ledger.coming import coming
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
    """A debit on its way, or one that the customer was told of, covers it."""
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


DEBIT_DAYS = timedelta(days=14)
"""A debit that was announced longer ago without arriving or failing is not waited for any more."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What may be asked for in a currency.

    Attributes:
        invoices: those that have reached the mildest stage at least, oldest first; the first is the anchor. Each with
            what is left of it: what is on its way is taken off.
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

    What is disputed or not due yet does not make a trifle worth a message that calls it overdue: past due trifles are
    left out, and what falls due soon is asked for by itself. Payments, credits and unapplied cash the ledger has taken
    off already; debits that are on their way are taken off here.

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
    left = less_coming(found, account, as_of)
    if not left:
        return SkipReason.COVERED
    return _beyond_tolerance(left, terms.tolerance_minor.get(currency, 0), as_of)


def less_coming(found: Iterable[OpenInvoice], account: Account, as_of: date) -> list[OpenInvoice]:
    """Invoices with what nothing on its way pays, as of a business date; those wholly on their way left out.

    Nor what an announced automatic debit will pay; once that failed for good, it is asked for again.
    """
    on_its_way = coming(account, as_of - DEBIT_DAYS)
    on_its_way.update(announced_minor(account, as_of))
    left = (one.less(on_its_way[one.invoice.invoice_id]) for one in found)
    return [one for one in left if one.is_collectable]


def past_due_only(found: Iterable[OpenInvoice], as_of: date) -> list[OpenInvoice]:
    """What may be called overdue on a date: invoices, and of those in instalments the parts, that were due before."""
    return [past for one in found if one.due_on < as_of and (past := one.past_due(as_of)).is_collectable]


def _beyond_tolerance(left: Sequence[OpenInvoice], tolerance_minor: int, as_of: date) -> Asked | SkipReason:
    """What is worth a message: all of it when what is past due is, else what is not due yet if that is."""
    overdue = past_due_only(left, as_of)
    worth_it = {one.invoice.invoice_id for one in overdue} if _sum(overdue) > tolerance_minor else set()
    left = [one for one in left if one.due_on >= as_of or one.invoice.invoice_id in worth_it]
    balance = _sum(left)
    return Asked(tuple(left), balance) if balance > tolerance_minor else SkipReason.WITHIN_TOLERANCE


def _sum(found: Iterable[OpenInvoice]) -> int:
    return sum(one.collectable_minor for one in found)


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
