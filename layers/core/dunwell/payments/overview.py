"""What a customer is shown of their account: figures and flags, worded by the pages."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from dunwell.accounts.holds import paused_debts
from dunwell.dates import days_past_due
from dunwell.hold_kinds import Activity
from dunwell.ledger.coming import coming_minor
from dunwell.ledger.model import Account
from dunwell.payments.papers import Receipt, payments_received, receipt_of
from dunwell.payments.payable import Payable, payables


@dataclass(frozen=True, slots=True)
class InvoiceLine:
    """An open invoice (minor units).

    Attributes:
        amount_minor: what it came to, with fees and interest.
        days_past_due: negative before the due date.
        disputed: whether all of it is contested; disputed_minor: the part that is.
        payable_minor: what may be paid on it: not what is on its way, nothing under a hold that forbids to take money.
        undisputed_minor: of that, what is not contested.
        coming_minor: payments made for it that the bank has yet to confirm.
        asked_for: whether no hold forbids to ask for it.
    """

    invoice_id: str
    number: str
    amount_minor: int
    open_minor: int
    due_on: date
    days_past_due: int
    disputed: bool
    disputed_minor: int = 0
    payable_minor: int = 0
    undisputed_minor: int = 0
    coming_minor: int = 0
    asked_for: bool = True


@dataclass(frozen=True, slots=True)
class CurrencySection:
    """All that is open in one currency (minor units).

    Attributes:
        payable_minor: what "pay all" pays: without what is in dispute or on its way, and nothing that a hold forbids to
            ask for.
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
    payments: tuple[Receipt, ...]
    asks: bool = True
    takes: bool = True

    @property
    def is_settled(self) -> bool:
        """Whether nothing is owed in any currency."""
        return not any(section.open_minor for section in self.sections)


def overview(account: Account, now: datetime, as_of: date) -> Overview:
    """The account as of an instant and the business date that it is."""
    currencies = sorted(account.balances.keys() | account.unapplied.keys())
    found = payables(account, now)
    return Overview(
        tuple(_section(account, currency, found, as_of) for currency in currencies),
        tuple(receipt_of(account, payment) for payment in payments_received(account)),
        paused_debts(account.customer.holds, Activity.ASK_TO_PAY, now) is not None,
        paused_debts(account.customer.holds, Activity.TAKE_PAYMENT, now) is not None,
    )


def _section(account: Account, currency: str, found: Sequence[Payable], as_of: date) -> CurrencySection:
    mine = [one for one in found if one.item.invoice.currency == currency]
    lines = tuple(_line(account, one, as_of) for one in mine)
    return CurrencySection(
        currency,
        sum(line.open_minor for line in lines),
        sum(line.open_minor for line in lines if line.asked_for and line.days_past_due > 0),
        sum(line.undisputed_minor for line in lines if line.asked_for),
        account.unapplied.get(currency, 0),
        coming_minor(account, currency),
        lines,
    )


def _line(account: Account, one: Payable, as_of: date) -> InvoiceLine:
    item = one.item
    return InvoiceLine(
        item.invoice.invoice_id,
        item.invoice.number,
        account.books.billed_minor(item.invoice.invoice_id),
        item.open_minor,
        item.due_on,
        days_past_due(item.due_on, as_of),
        not item.is_collectable,
        item.disputed_minor,
        one.most_minor,
        one.undisputed_minor,
        one.coming_minor,
        one.is_asked,
    )
