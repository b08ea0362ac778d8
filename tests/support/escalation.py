"""Customers in trouble, and what an escalation tells the executions that wait."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from dunwell.accounts.model import Customer, CustomerKind
from dunwell.ledger.model import Account, Invoice
from dunwell.ledger.posting import post_payment
from tests.support.ledger import Facts, account_of
from tests.support.memory import InMemoryLedger

TODAY = date(2026, 11, 20)
NOW = datetime(2026, 11, 20, 15, 0, tzinfo=UTC)


class RecordedExecutions:
    """``Executions`` that remember the tokens they were given."""

    def __init__(self) -> None:
        self.resumed: list[str] = []

    def resume(self, task_token: str) -> None:
        self.resumed.append(task_token)


def invoice(number: str = "F-1", amount_minor: int = 10_000, overdue_days: int = 40, **more: object) -> Invoice:
    """An invoice of a customer, in euros unless told otherwise."""
    due_on = TODAY - timedelta(days=overdue_days)
    made = Invoice(f"inv_{number}", number, "EUR", amount_minor, due_on - timedelta(days=30), due_on)
    return replace(made, **more)  # type: ignore[arg-type]


def account(*facts: Facts, customer_id: str = "cus_1", name: str = "Müller & Söhne") -> Account:
    """A stored account with these facts."""
    customer = Customer(customer_id, "example", "erp", customer_id[-4:], CustomerKind.BUSINESS, name)
    return account_of(customer, *facts)


def pay(ledger: InMemoryLedger, customer_id: str, amount_minor: int, currency: str = "EUR") -> None:
    """Post a payment to an account."""
    before = ledger.accounts[customer_id]
    reference = f"ref-{before.version}"
    posted = {"method": "test", "reference": reference, "currency": currency, "amount_minor": amount_minor}
    ledger.commit(post_payment(before, received_at=NOW, **posted))  # type: ignore[arg-type]
