"""Entries of the ledger and the account that they make up.

An account is one customer's entries. Nothing is stored twice: balances, statuses and days past due are computed from
the entries; what the store keeps beside them is a cache under the account's version.
"""

from dataclasses import dataclass, field
from datetime import date
from functools import cached_property

from dunwell.accounts.model import Customer


@dataclass(frozen=True, slots=True)
class Invoice:
    """What was billed. ``amount_minor`` is what the customer was asked for, tax included."""

    invoice_id: str
    number: str
    currency: str
    amount_minor: int
    issued_on: date
    due_on: date
    disputed: bool = False


@dataclass(frozen=True, slots=True)
class Allocation:
    """The part of a payment that settles an invoice (minor units of the payment's currency)."""

    invoice_id: str
    amount_minor: int


@dataclass(frozen=True, slots=True)
class Payment:
    """Money received, and where it went; what is allocated to nothing is unapplied credit.

    Attributes:
        payment_id: made from what the payer's side calls the payment, so that posting twice is posting once.
        method: how it came, such as ``imported`` or ``stripe``.
        reference: the other side's own name for it.
    """

    payment_id: str
    currency: str
    amount_minor: int
    received_on: date
    method: str
    reference: str
    allocations: tuple[Allocation, ...]

    @property
    def unapplied_minor(self) -> int:
        """What no invoice took (minor units)."""
        return self.amount_minor - sum(allocation.amount_minor for allocation in self.allocations)


@dataclass(frozen=True, slots=True)
class OpenInvoice:
    """An invoice with what is still owed on it."""

    invoice: Invoice
    open_minor: int


@dataclass(frozen=True)
class Account:
    """One customer's entries at a version.

    Attributes:
        version: how many times the account was written; 0 for one that is not stored yet.
    """

    customer: Customer
    version: int = 0
    invoices: dict[str, Invoice] = field(default_factory=dict)
    payments: dict[str, Payment] = field(default_factory=dict)

    @cached_property
    def _paid_minor(self) -> dict[str, int]:
        paid: dict[str, int] = {}
        for payment in self.payments.values():
            for allocation in payment.allocations:
                paid[allocation.invoice_id] = paid.get(allocation.invoice_id, 0) + allocation.amount_minor
        return paid

    def open_minor(self, invoice_id: str) -> int:
        """What is still owed on an invoice (minor units of its currency)."""
        return self.invoices[invoice_id].amount_minor - self._paid_minor.get(invoice_id, 0)

    @cached_property
    def open_invoices(self) -> tuple[OpenInvoice, ...]:
        """Invoices with something still owed, oldest due first, then by number."""
        still_open = (
            OpenInvoice(invoice, owed)
            for invoice in self.invoices.values()
            if (owed := self.open_minor(invoice.invoice_id)) > 0
        )
        return tuple(sorted(still_open, key=lambda o: (o.invoice.due_on, o.invoice.number)))

    @cached_property
    def balances(self) -> dict[str, int]:
        """Open balance by currency (minor units): the invoices' sum, unapplied credit not netted into it."""
        totals: dict[str, int] = {}
        for item in self.open_invoices:
            totals[item.invoice.currency] = totals.get(item.invoice.currency, 0) + item.open_minor
        return totals

    @cached_property
    def unapplied(self) -> dict[str, int]:
        """Unapplied credit by currency (minor units)."""
        totals: dict[str, int] = {}
        for payment in self.payments.values():
            if payment.unapplied_minor:
                totals[payment.currency] = totals.get(payment.currency, 0) + payment.unapplied_minor
        return totals

    @cached_property
    def settlement_dates(self) -> dict[str, date]:
        """Settled invoices and the date of the payment that closed each: one pass, for whole histories."""
        last: dict[str, date] = {}
        for payment in self.payments.values():
            for allocation in payment.allocations:
                seen = last.get(allocation.invoice_id)
                last[allocation.invoice_id] = max(seen, payment.received_on) if seen else payment.received_on
        return {invoice_id: on for invoice_id, on in last.items() if self.open_minor(invoice_id) <= 0}
