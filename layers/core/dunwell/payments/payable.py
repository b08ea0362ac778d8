"""What can be paid now: what is open, less what is on its way already, where we may take it at all."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from dunwell.accounts.holds import paused_debts
from dunwell.errors import ConflictError, InvalidInputError, NotFoundError, RefusedError
from dunwell.hold_kinds import Activity
from dunwell.ledger.agreements import Agreement
from dunwell.ledger.coming import coming
from dunwell.ledger.model import Account, OpenInvoice


@dataclass(frozen=True, slots=True)
class Payable:
    """An open invoice and what may be paid on it (minor units).

    Attributes:
        coming_minor: payments on their way for it, which the bank has yet to confirm.
        most_minor: open and not on its way, 0 where a hold forbids to take money. To pay it gives a dispute up.
        undisputed_minor: of that, what is not contested.
        is_asked, may_be_paid: whether no hold forbids to ask for it; and to take money for it from who wants to pay.
    """

    item: OpenInvoice
    coming_minor: int
    most_minor: int
    undisputed_minor: int
    is_asked: bool
    may_be_paid: bool


def payables(account: Account, at: datetime) -> tuple[Payable, ...]:
    """Every open invoice, in the order of ``open_invoices``."""
    on_its_way, holds = coming(account), account.customer.holds
    unasked = paused_debts(holds, Activity.ASK_TO_PAY, at)
    barred = paused_debts(holds, Activity.TAKE_PAYMENT, at)

    def is_free(one: OpenInvoice, held: frozenset[str] | None) -> bool:
        return held is not None and one.invoice.invoice_id not in held

    return tuple(
        _payable(one, on_its_way[one.invoice.invoice_id], is_free(one, unasked), is_free(one, barred))
        for one in account.open_invoices
    )


def _payable(item: OpenInvoice, coming_minor: int, is_asked: bool, may_be_paid: bool) -> Payable:
    most_minor = max(0, item.open_minor - coming_minor) if may_be_paid else 0
    undisputed_minor = max(0, item.collectable_minor - coming_minor) if may_be_paid else 0
    return Payable(item, coming_minor, most_minor, undisputed_minor, is_asked, may_be_paid)


def all_that_is_paid(found: Sequence[Payable]) -> Sequence[Payable]:
    """What "pay all" pays: what may be asked for; all that we may take where nothing may be asked for at all."""
    return [one for one in found if one.is_asked] or found


def uncovered(account: Account, agreement: Agreement, left: Mapping[int, int]) -> dict[int, int]:
    """What of each instalment is neither paid nor on its way (minor units); what comes fills the earliest first.

    Args:
        left: what is unpaid of each instalment, by number, the earliest first.
    """
    on_its_way = coming(account)
    coming_minor = sum(on_its_way[one] for one in agreement.invoice_ids)
    found = {}
    for number, left_minor in left.items():
        covered = min(coming_minor, left_minor)
        coming_minor -= covered
        found[number] = left_minor - covered
    return found


def require_taking(account: Account, invoice_ids: Sequence[str] | None, at: datetime) -> None:
    """Pass if these invoices, or anything at all, may be paid on a page of ours.

    Raises:
        RefusedError: a hold forbids to take money for them, whoever proposes it.
    """
    barred = paused_debts(account.customer.holds, Activity.TAKE_PAYMENT, at)
    if barred is None or barred & set(invoice_ids or ()):
        raise RefusedError("We may not take a payment for this at present. Please call us.", code="no_demand")


def choose_invoices(
    account: Account, currency: str, invoice_ids: Sequence[str] | None, at: datetime, *, contested: bool = True
) -> list[OpenInvoice]:
    """What a customer sets out to pay, each invoice with what may be paid on it: those chosen, or all of a currency.

    Paying all leaves out what is in dispute, because to pay it is to give the dispute up; choosing an invoice includes
    it.

    Args:
        contested: False leaves what is in dispute out of invoices chosen, too.

    Raises:
        InvalidInputError: nothing was chosen, or an invoice in another currency.
        NotFoundError: an invoice is not on this account.
        ConflictError: an invoice was settled meanwhile.
        RefusedError: there is nothing to pay, or it is on its way already, or a hold forbids to take money for it.
    """
    require_taking(account, invoice_ids, at)
    open_now = {one.item.invoice.invoice_id: one for one in payables(account, at)}
    if invoice_ids is None:
        found = [one for one in open_now.values() if one.item.invoice.currency == currency]
        return _with_amounts(all_that_is_paid(found), contested=False)
    if not invoice_ids:
        raise InvalidInputError("Choose at least one invoice.", field="invoice", code="nothing_chosen")
    for invoice_id in invoice_ids:
        _require_open(account, currency, invoice_id)
    return _with_amounts([open_now[one] for one in dict.fromkeys(invoice_ids)], contested=contested)


def _require_open(account: Account, currency: str, invoice_id: str) -> None:
    invoice = account.invoices.get(invoice_id)
    if invoice is None:
        raise NotFoundError("This invoice is not on your account.", code="no_invoice")
    if invoice.currency != currency:
        raise InvalidInputError(f"Invoice {invoice.number} is not in {currency}.", field="invoice", code="one_currency")
    if account.open_minor(invoice_id) <= 0:
        raise ConflictError(
            f"Invoice {invoice.number} is settled already. Your account shows what is open now.", code="paid_already"
        )


def _with_amounts(chosen: Sequence[Payable], *, contested: bool) -> list[OpenInvoice]:
    amounts = [(one.item, one.most_minor if contested else one.undisputed_minor) for one in chosen]
    found = [replace(item, open_minor=amount, disputed_minor=0) for item, amount in amounts if amount]
    if found:
        return found
    if any(one.coming_minor for one in chosen):
        raise RefusedError("A payment for this is on its way: wait until your bank has confirmed it.", code="coming")
    raise RefusedError("There is nothing to pay in this currency.", code="nothing_to_pay")
