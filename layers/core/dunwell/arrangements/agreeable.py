"""What may be agreed about: what is owed, not contested, not on hold, and not agreed about already."""

from collections.abc import Sequence
from datetime import datetime

from dunwell.errors import InvalidInputError, NotFoundError, RefusedError
from dunwell.hold_kinds import Activity
from dunwell.ledger.agreements import AgreedDebt
from dunwell.ledger.coming import coming
from dunwell.ledger.model import Account, OpenInvoice


def agreeable_debts(
    account: Account, currency: str, invoice_ids: Sequence[str] | None, at: datetime, replacing: str = ""
) -> tuple[AgreedDebt, ...]:
    """The debts that a new agreement is about, oldest first, each for what may be collected of it.

    Args:
        invoice_ids: those that were named; None: all of the currency that may be agreed about.
        replacing: the agreement whose debts are free, because the new one takes its place.

    Raises:
        NotFoundError: a named invoice is not on the account.
        RefusedError: a named one may not be agreed about, or nothing may; says why.
    """
    candidates = {one.invoice.invoice_id: one for one in account.open_invoices if one.invoice.currency == currency}
    refusals = {i: why for i, one in candidates.items() if (why := why_not(account, one, at, replacing))}
    if invoice_ids is not None:
        _require_named(account, currency, invoice_ids, candidates, refusals)
    wanted = candidates if invoice_ids is None else set(invoice_ids)
    found = tuple(
        AgreedDebt(i, one.invoice.number, one.collectable_minor)
        for i, one in candidates.items()
        if i in wanted and i not in refusals
    )
    if not found:
        raise next(iter(refusals.values()), RefusedError("Nothing is open in this currency.", code="nothing_to_pay"))
    return found


def why_not(account: Account, one: OpenInvoice, at: datetime, replacing: str = "") -> RefusedError | None:
    """Why an open invoice may not be agreed about now, as the refusal to raise; None when it may."""
    invoice_id, number = one.invoice.invoice_id, one.invoice.number
    if (account.pending or account.attempts) and coming(account)[invoice_id]:
        why = f"A payment for invoice {number} is on its way: wait until it has arrived."
        return RefusedError(why, code="coming")
    if _is_paused(account, invoice_id, Activity.AGREE, at):
        why = f"Invoice {number} is on hold: nothing can be agreed about it now. Please contact us."
        return RefusedError(why, code="on_hold")
    if one.invoice.removed:
        return RefusedError(f"Invoice {number} was withdrawn: nothing is owed on it.", code="withdrawn")
    if not one.is_collectable:
        why = f"Invoice {number} is disputed: nothing is asked for until that is settled."
        return RefusedError(why, code="in_dispute")
    agreed = account.agreement_on(invoice_id)
    if agreed and agreed.agreement_id != replacing:
        why = f"Invoice {number} is part of an agreement already: change or end that one first."
        return RefusedError(why, code="agreed_already")
    return None


def needs_a_person(account: Account, debts: Sequence[AgreedDebt], at: datetime) -> bool:
    """Whether a hold asks that a person looks at what the customer asks for."""
    return any(_is_paused(account, debt.invoice_id, Activity.AGREE_ALONE, at) for debt in debts)


def may_be_asked(account: Account, debts: Sequence[AgreedDebt], at: datetime) -> bool:
    """Whether no hold forbids to propose something about debts to the customer by ourselves."""
    return not any(_is_paused(account, debt.invoice_id, Activity.ASK_TO_PAY, at) for debt in debts)


def _is_paused(account: Account, invoice_id: str, activity: Activity, at: datetime) -> bool:
    holds = account.customer.holds_in_force(at)
    return any(hold.pauses(activity) and hold.covers(invoice_id) for hold in holds)


def _require_named(
    account: Account,
    currency: str,
    invoice_ids: Sequence[str],
    candidates: dict[str, OpenInvoice],
    refusals: dict[str, RefusedError],
) -> None:
    for invoice_id in invoice_ids:
        invoice = account.invoices.get(invoice_id)
        if invoice is None or invoice_id in account.moved:
            raise NotFoundError("This invoice is not on the account.", code="no_invoice")
        if invoice.currency != currency:
            raise InvalidInputError(
                "Choose invoices of one currency at a time.", field="invoice_ids", code="one_currency"
            )
        if invoice_id not in candidates:
            raise RefusedError(f"Invoice {invoice.number} is paid: nothing is open on it.", code="paid_already")
        if invoice_id in refusals:
            raise refusals[invoice_id]
    if not invoice_ids:
        raise InvalidInputError("Choose at least one invoice.", field="invoice_ids", code="nothing_chosen")
