"""In-memory stores for escalation, with the same conditions as the table's."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from dunwell.accounts.model import Customer, CustomerKind
from dunwell.errors import ConflictError
from dunwell.escalation.case import Case, CaseStatus
from dunwell.events import Event
from dunwell.ledger.change import Change
from dunwell.ledger.model import Account, Invoice
from dunwell.ledger.posting import post_payment

TODAY = date(2026, 11, 20)
NOW = datetime(2026, 11, 20, 15, 0, tzinfo=UTC)


class InMemoryLedger:
    """``Ledger`` in a dict."""

    def __init__(self, *accounts: Account) -> None:
        self.accounts = {account.customer.customer_id: account for account in accounts}

    def load(self, customer_id: str) -> Account | None:
        return self.accounts.get(customer_id)

    def commit(self, change: Change) -> Account:
        customer_id = change.account.customer.customer_id
        known = self.accounts.get(customer_id)
        if known and known.version != change.account.version:
            raise ConflictError("the account was changed meanwhile")
        self.accounts[customer_id] = change.applied()
        return self.accounts[customer_id]

    def open_customer_ids(self, shard: int, after: str = "") -> Iterator[str]:
        mine = (i for i, a in self.accounts.items() if (a.balances or a.unapplied) and sum(map(ord, i)) % 64 == shard)
        return iter(sorted(i for i in mine if i > after))


class InMemoryCases:
    """``CaseStore`` in a dict, remembering the events of each write."""

    def __init__(self) -> None:
        self.stored: dict[str, Case] = {}
        self.events: list[Event] = []

    def open_case(self, case: Case, events: Sequence[Event]) -> Case:
        if case.case_id in self.stored:
            return self.stored[case.case_id]
        self.stored[case.case_id] = case
        self.events += events
        return case

    def case(self, customer_id: str, case_id: str) -> Case | None:
        found = self.stored.get(case_id)
        return found if found and found.customer_id == customer_id else None

    def cases(self, customer_id: str) -> list[Case]:
        return [case for case in self.stored.values() if case.customer_id == customer_id]

    def move_case(self, case: Case, events: Sequence[Event] = ()) -> bool:
        if self.stored[case.case_id].version != case.version:
            return False
        self.stored[case.case_id] = replace(case, version=case.version + 1)
        self.events += events
        return True

    def waiting_cases(self) -> list[Case]:
        waiting = [case for case in self.stored.values() if case.status is CaseStatus.WAITING]
        return sorted(waiting, key=lambda case: case.waiting_since or case.opened_at)


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


def account(*invoices: Invoice, customer_id: str = "cus_1", name: str = "Müller & Söhne") -> Account:
    """A stored account with invoices."""
    customer = Customer(customer_id, "example", "erp", customer_id[-4:], CustomerKind.BUSINESS, name)
    return Account(customer, 1, {made.invoice_id: made for made in invoices})


def pay(ledger: InMemoryLedger, customer_id: str, amount_minor: int, currency: str = "EUR") -> None:
    """Post a payment to an account."""
    before = ledger.accounts[customer_id]
    reference = f"ref-{before.version}"
    posted = {"method": "test", "reference": reference, "currency": currency, "amount_minor": amount_minor}
    ledger.commit(post_payment(before, received_at=NOW, **posted))  # type: ignore[arg-type]
