"""What may be asked for today: what is open, undisputed, not on hold, not excluded and not covered by cash."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from dunwell.accounts.holds import Hold
from dunwell.dates import business_date, days_past_due
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
    COVERED = "COVERED"
    """Unapplied cash covers it."""
    WITHIN_TOLERANCE = "WITHIN_TOLERANCE"
    NOT_DUE = "NOT_DUE"
    """No stage's conditions hold yet."""
    PATIENT = "PATIENT"
    """Likely to pay without being reminded."""
    ALREADY_SAID = "ALREADY_SAID"
    TOO_SOON = "TOO_SOON"
    """Within the gap after an earlier message."""
    UNDER_WAY = "UNDER_WAY"
    PAUSED = "PAUSED"
    IN_CASE = "IN_CASE"
    ESCALATED = "ESCALATED"


@dataclass(frozen=True, slots=True)
class Asked:
    """What may be asked for in a currency.

    Attributes:
        invoices: those that have reached the mildest stage at least, oldest first; the first is the anchor.
        balance_minor: what is really still due on them: not what is disputed, less unapplied cash (minor units).
    """

    invoices: tuple[OpenInvoice, ...]
    balance_minor: int


def asked(account: Account, policy: Policy, terms: Terms, as_of: date, currency: str) -> Asked | SkipReason:
    """What may be asked for on a date; or why nothing may.

    What is disputed or not due for a long time does not make a trifle worth a message. Unapplied cash counts for the
    oldest invoices first, as it will when it is applied.
    """
    found = [one for one in account.open_invoices if one.invoice.currency == currency and one.is_collectable]
    if not found:
        return SkipReason.NOTHING_TO_ASK_FOR
    if policy.overrides:
        found = [one for one in found if not policy.cascade.leaves_out(terms, one.invoice)]
        if not found:
            return SkipReason.EXCLUDED
    if held := _held(account.customer.holds, policy, as_of):
        found = [one for one in found if one.invoice.invoice_id not in held]
        if not found:
            return SkipReason.ON_HOLD
    first_days = terms.stages[0].when.days_past_due
    found = [one for one in found if days_past_due(one.due_on, as_of) >= first_days]
    if not found:
        return SkipReason.NOT_DUE
    left = _less_cash(found, account.unapplied.get(currency, 0))
    if not left.invoices:
        return SkipReason.COVERED
    return left if left.balance_minor > terms.tolerance_minor.get(currency, 0) else SkipReason.WITHIN_TOLERANCE


def _held(holds: Sequence[Hold], policy: Policy, as_of: date) -> set[str]:
    """Invoices with a hold of their own on a date; what a hold on the whole customer forbids, the contact rules say."""
    zone = policy.creditor.timezone
    return {
        hold.invoice_id
        for hold in holds
        if hold.invoice_id
        and business_date(hold.placed_at, zone) <= as_of
        and (hold.ends_at is None or as_of <= business_date(hold.ends_at, zone))
    }


def _less_cash(found: Sequence[OpenInvoice], cash_minor: int) -> Asked:
    """The invoices that unapplied cash does not cover, the oldest being covered first."""
    first = 0
    while first < len(found) and found[first].collectable_minor <= cash_minor:
        cash_minor -= found[first].collectable_minor
        first += 1
    left = tuple(found[first:])
    return Asked(left, sum(one.collectable_minor for one in left) - cash_minor if left else 0)
