"""What a customer is shown of their account: figures and flags, worded by the pages."""

from dataclasses import dataclass
from datetime import date

from dunwell.dates import days_past_due
from dunwell.ledger.entry import Entry
from dunwell.ledger.model import Account
from dunwell.payments.order import CheckoutOrder, OrderStatus


@dataclass(frozen=True, slots=True)
class InvoiceLine:
    """An open invoice (minor units); ``days_past_due`` is negative before the due date."""

    invoice_id: str
    number: str
    amount_minor: int
    open_minor: int
    due_on: date
    days_past_due: int
    disputed: bool


@dataclass(frozen=True, slots=True)
class CurrencySection:
    """All that is open in one currency (minor units).

    Attributes:
        payable_minor: what "pay all" pays: without invoices in dispute.
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
    """An account page: a section for each currency, and payments, newest first."""

    sections: tuple[CurrencySection, ...]
    payments: tuple[tuple[Entry, tuple[str, ...]], ...]

    @property
    def is_settled(self) -> bool:
        """Whether nothing is owed in any currency."""
        return not any(section.open_minor for section in self.sections)


def overview(account: Account, orders: list[CheckoutOrder], as_of: date) -> Overview:
    """The account as of a business date."""
    currencies = sorted(account.balances.keys() | account.unapplied.keys())
    payments = sorted(account.payments.values(), key=lambda p: (p.on, p.entry_id), reverse=True)
    return Overview(
        tuple(_section(account, orders, currency, as_of) for currency in currencies),
        tuple((payment, _paid_for(account, payment)) for payment in payments),
    )


def _section(account: Account, orders: list[CheckoutOrder], currency: str, as_of: date) -> CurrencySection:
    lines = tuple(
        InvoiceLine(
            item.invoice.invoice_id,
            item.invoice.number,
            item.invoice.amount_minor,
            item.open_minor,
            item.due_on,
            days_past_due(item.due_on, as_of),
            not item.is_collectable,
        )
        for item in account.open_invoices
        if item.invoice.currency == currency
    )
    pending = [o.amount_minor for o in orders if o.status is OrderStatus.PROCESSING and o.currency == currency]
    return CurrencySection(
        currency,
        sum(line.open_minor for line in lines),
        sum(line.open_minor for line in lines if line.days_past_due > 0),
        sum(line.open_minor for line in lines if not line.disputed),
        account.unapplied.get(currency, 0),
        sum(pending),
        lines,
    )


def _paid_for(account: Account, payment: Entry) -> tuple[str, ...]:
    paid = dict.fromkeys(part.invoice_id for part in account.allocations(payment.entry_id))
    return tuple(account.invoices[invoice_id].number for invoice_id in paid)
