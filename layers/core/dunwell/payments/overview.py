"""What a customer is shown of their account: figures and flags, worded by the pages."""

from dataclasses import dataclass
from datetime import date, datetime

from dunwell.accounts.holds import paused_debts
from dunwell.dates import days_past_due
from dunwell.errors import RefusedError
from dunwell.hold_kinds import Activity
from dunwell.ledger.debits import AttemptStatus
from dunwell.ledger.entry import Entry
from dunwell.ledger.model import Account


@dataclass(frozen=True, slots=True)
class InvoiceLine:
    """An open invoice (minor units).

    Attributes:
        days_past_due: negative before the due date.
        disputed: whether all of it is contested; disputed_minor: the part that is.
        asked_for, may_be_paid: whether no hold forbids to ask for it; and to take money for it from who wants to pay.
    """

    invoice_id: str
    number: str
    amount_minor: int
    open_minor: int
    due_on: date
    days_past_due: int
    disputed: bool
    disputed_minor: int = 0
    asked_for: bool = True
    may_be_paid: bool = True


@dataclass(frozen=True, slots=True)
class CurrencySection:
    """All that is open in one currency (minor units).

    Attributes:
        payable_minor: what "pay all" pays: without invoices in dispute, and nothing that a hold forbids to ask for.
        pending_minor: payments made that the bank has yet to confirm.
    """

    currency: str
    open_minor: int
    past_due_minor: int
    payable_minor: int
    credit_minor: int
    pending_minor: int
    invoices: tuple[InvoiceLine, ...]


@dataclass(frozen=True, slots=True)
class Overview:
    """An account page: a section for each currency, and payments, newest first.

    Attributes:
        asks, takes: whether the customer may be asked to pay anything, and may pay on the page by themselves; a hold on
            all that they owe may forbid the first, or both.
    """

    sections: tuple[CurrencySection, ...]
    payments: tuple[tuple[Entry, tuple[str, ...]], ...]
    asks: bool = True
    takes: bool = True

    @property
    def is_settled(self) -> bool:
        """Whether nothing is owed in any currency."""
        return not any(section.open_minor for section in self.sections)


def overview(account: Account, now: datetime, as_of: date) -> Overview:
    """The account as of an instant and the business date that it is."""
    currencies = sorted(account.balances.keys() | account.unapplied.keys())
    unasked, barred = _unasked(account, now), _barred(account, now)
    return Overview(
        tuple(_section(account, currency, unasked, barred, as_of) for currency in currencies),
        tuple((payment, _paid_for(account, payment)) for payment in payments_received(account)),
        unasked is not None,
        barred is not None,
    )


def payments_received(account: Account) -> list[Entry]:
    """Money received, newest first."""
    return sorted(account.payments.values(), key=lambda p: (p.on, p.entry_id), reverse=True)


def require_taking(account: Account, invoice_ids: list[str] | None, now: datetime) -> None:
    """Pass if these invoices, or any that is open, may be paid on a page of ours.

    Raises:
        RefusedError: a hold forbids to take money for them, whoever proposes it.
    """
    barred = _barred(account, now)
    if barred is None or barred & set(invoice_ids or ()):
        raise RefusedError("We may not take a payment for this at present. Please call us.", code="no_demand")


def invoices_to_pay(account: Account, currency: str, chosen: list[str] | None, now: datetime) -> list[str] | None:
    """What a press of a pay button means for the checkout: the invoices chosen, or None for all that are payable.

    Where a hold covers single invoices, all are those that it does not cover. Who pays what nobody may ask them for,
    and chooses nothing, pays all that we may take.

    Raises:
        RefusedError: see ``require_taking``.
    """
    require_taking(account, chosen, now)
    left_out = _unasked(account, now)
    if left_out is None:
        left_out = _barred(account, now)
    if chosen is not None or not left_out:
        return chosen
    payable = (item for item in account.open_invoices if item.invoice.currency == currency and item.is_collectable)
    return [item.invoice.invoice_id for item in payable if item.invoice.invoice_id not in left_out]


def _unasked(account: Account, now: datetime) -> frozenset[str] | None:
    """The invoices that nobody may ask to pay, not even on a page that the customer opened; None when that is all."""
    return paused_debts(account.customer.holds, Activity.ASK_TO_PAY, now)


def _barred(account: Account, now: datetime) -> frozenset[str] | None:
    """The invoices for which no money is taken on a page; None when that is all."""
    return paused_debts(account.customer.holds, Activity.TAKE_PAYMENT, now)


def _section(
    account: Account, currency: str, unasked: frozenset[str] | None, barred: frozenset[str] | None, as_of: date
) -> CurrencySection:
    lines = tuple(
        InvoiceLine(
            item.invoice.invoice_id,
            item.invoice.number,
            item.invoice.amount_minor,
            item.open_minor,
            item.due_on,
            days_past_due(item.due_on, as_of),
            not item.is_collectable,
            item.disputed_minor,
            unasked is not None and item.invoice.invoice_id not in unasked,
            barred is not None and item.invoice.invoice_id not in barred,
        )
        for item in account.open_invoices
        if item.invoice.currency == currency
    )
    asked = [line for line in lines if line.asked_for]
    return CurrencySection(
        currency,
        sum(line.open_minor for line in lines),
        sum(line.open_minor for line in asked if line.days_past_due > 0),
        sum(line.open_minor for line in asked if not line.disputed),
        account.unapplied.get(currency, 0),
        _pending_minor(account, currency),
        lines,
    )


def _pending_minor(account: Account, currency: str) -> int:
    """Payments made that the bank has yet to confirm.

    A debit of ours may be known as a try and as the bank's announcement: the larger of the two is shown.
    """
    tried = (one for one in account.attempts.values() if one.status is AttemptStatus.PROCESSING)
    ours = sum(one.amount_minor for one in tried if one.currency == currency)
    return max(ours, sum(one.amount_minor for one in account.pending if one.currency == currency))


def _paid_for(account: Account, payment: Entry) -> tuple[str, ...]:
    paid = dict.fromkeys(part.invoice_id for part in account.allocations(payment.entry_id))
    return tuple(account.invoices[invoice_id].number for invoice_id in paid)
