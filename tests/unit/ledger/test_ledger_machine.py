"""Any mixture of imports, payments, repeats, lost races and crashes leaves a ledger that adds up."""

from collections.abc import Sequence
from datetime import timedelta
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from dunwell.errors import DunwellError
from dunwell.ingestion.importing import Origin, customer_id, import_records
from dunwell.ingestion.records import Receivable
from dunwell.ledger.change import Change
from dunwell.ledger.model import Account
from dunwell.ledger.posting import post_payment
from dunwell.ledger.update import update
from tests.support.ledger import directions
from tests.support.memory import InMemoryLedger
from tests.support.receivables import AT, TODAY, changed, receivable

CUSTOMER = customer_id("example", "test", "C-1")
CURRENCIES = ("USD", "EUR")
ROWS = tuple(
    receivable(f"A-{n}", 100 * (n + 1), currency=CURRENCIES[n % 2], due_on=TODAY - timedelta(days=n)) for n in range(8)
)
PAYMENTS = {f"r{n}": (70 * (n + 1), CURRENCIES[n % 3 == 2]) for n in range(8)}
NUMBERS = st.lists(st.sampled_from(range(8)), min_size=1, max_size=8, unique=True)


class CrashError(Exception):
    """The process died here."""


def take(ledger: InMemoryLedger, rows: Sequence[Receivable]) -> Any:
    """Import rows as a run does, two facts a change so that an import has several."""
    made = import_records(ledger.load(CUSTOMER), rows, Origin("example", "test", TODAY, AT), 2)
    for change in made.changes:
        ledger.commit(change)
    return made.tally


def pay(ledger: InMemoryLedger, reference: str, directed_to: Sequence[str] = ()) -> None:
    amount_minor, currency = PAYMENTS[reference]

    def decide(account: Account) -> Change:
        return post_payment(
            account,
            method="test",
            reference=reference,
            currency=currency,
            amount_minor=amount_minor,
            received_at=AT,
            directed_to=directions(account, directed_to),
        )

    update(ledger, CUSTOMER, decide)


def check(account: Account) -> None:
    """What is true of every account at every moment."""
    allocated: dict[str, int] = {}
    for payment_id, payment in account.payments.items():
        assert payment.amount_minor > 0
        assert account.books.unapplied_minor(payment_id) >= 0
        for allocation in account.allocations(payment_id):
            assert allocation.amount_minor > 0
            assert account.invoices[allocation.invoice_id].currency == payment.currency
            allocated[allocation.invoice_id] = allocated.get(allocation.invoice_id, 0) + allocation.amount_minor
    for invoice in account.invoices.values():
        assert 0 <= account.open_minor(invoice.invoice_id) <= invoice.amount_minor
    for currency in CURRENCIES:
        billed = sum(i.amount_minor for i in account.invoices.values() if i.currency == currency)
        settled = sum(allocated.get(i.invoice_id, 0) for i in account.invoices.values() if i.currency == currency)
        assert account.balances.get(currency, 0) == billed - settled


class LedgerMachine(RuleBasedStateMachine):
    """One customer's account under everything that may happen to it."""

    def __init__(self) -> None:
        super().__init__()
        self.ledger = InMemoryLedger()
        take(self.ledger, [ROWS[0]])
        self.imported = {0}
        self.settled: set[int] = set()
        self.paid: set[str] = set()

    def _rows(self, numbers: Sequence[int], settled: bool) -> list[Receivable]:
        return [changed(ROWS[n], settled_on=TODAY if settled or n in self.settled else None) for n in numbers]

    @rule(numbers=NUMBERS, settled=st.booleans())
    def imports(self, numbers: list[int], settled: bool) -> None:
        tally = take(self.ledger, self._rows(numbers, settled))
        assert (tally.in_ledger, tally.later, tally.rejects) == (len(numbers), 0, ())
        self.imported |= set(numbers)
        self.settled |= set(numbers) if settled else set()

    @rule(numbers=NUMBERS, settled=st.booleans())
    def imports_the_same_again(self, numbers: list[int], settled: bool) -> None:
        self.imports(numbers, settled)
        before = self.ledger.accounts[CUSTOMER]
        self.imports(numbers, settled)
        assert self.ledger.accounts[CUSTOMER] is before

    @rule(numbers=NUMBERS, settled=st.booleans(), after=st.integers(0, 3))
    def imports_crash_and_are_run_again(self, numbers: list[int], settled: bool, after: int) -> None:
        left = after

        def dies(_: Change) -> None:
            nonlocal left
            if left == 0:
                raise CrashError
            left -= 1

        self.ledger.before_commit = dies
        try:
            take(self.ledger, self._rows(numbers, settled))
        except CrashError:
            check(self.ledger.accounts[CUSTOMER])
        self.ledger.before_commit = lambda change: None
        self.imports(numbers, settled)

    @rule(reference=st.sampled_from(sorted(PAYMENTS)), directed=NUMBERS)
    def pays(self, reference: str, directed: list[int]) -> None:
        invoices = sorted(self.ledger.accounts[CUSTOMER].invoices)
        pay(self.ledger, reference, [invoices[n] for n in directed if n < len(invoices)])
        self.paid.add(reference)

    @rule(reference=st.sampled_from(sorted(PAYMENTS)), faster=st.sampled_from(sorted(PAYMENTS)))
    def pays_and_loses_the_race(self, reference: str, faster: str) -> None:
        def overtaken(_: Change) -> None:
            self.ledger.before_commit = lambda change: None
            pay(self.ledger, faster)
            self.paid.add(faster)

        self.ledger.before_commit = overtaken
        self.pays(reference, [])
        self.ledger.before_commit = lambda change: None

    @invariant()
    def adds_up(self) -> None:
        account = self.ledger.accounts[CUSTOMER]
        check(account)
        assert {invoice.number for invoice in account.invoices.values()} == {
            ROWS[n].invoice.invoice_number for n in self.imported
        }
        assert {p.reference for p in account.payments.values() if p.method == "test"} == self.paid

    @invariant()
    def what_a_file_called_settled_is_settled(self) -> None:
        account = self.ledger.accounts[CUSTOMER]
        settled = {ROWS[n].invoice.invoice_number for n in self.settled}
        assert all(account.open_minor(i) == 0 for i, invoice in account.invoices.items() if invoice.number in settled)

    @invariant()
    def every_version_told_one_event(self) -> None:
        ids = [event.event_id for event in self.ledger.events]
        assert len(ids) == len(set(ids)) == self.ledger.accounts[CUSTOMER].version


LedgerMachine.TestCase.settings = settings(max_examples=60, stateful_step_count=25)
test_the_ledger_adds_up_whatever_happens = LedgerMachine.TestCase


def open_by_number(ledger: InMemoryLedger) -> dict[str, int]:
    account = ledger.accounts[CUSTOMER]
    return {item.invoice.number: item.open_minor for item in account.open_invoices}


@given(st.permutations(sorted(PAYMENTS)))
def test_the_order_of_undirected_payments_does_not_matter_once_the_invoices_are_there(order: list[str]) -> None:
    found = []
    for references in (order, sorted(PAYMENTS)):
        ledger = InMemoryLedger()
        take(ledger, ROWS)
        for reference in references:
            pay(ledger, reference)
        found.append((open_by_number(ledger), ledger.accounts[CUSTOMER].unapplied))
    assert found[0] == found[1]


@given(st.permutations([*range(8)]), st.permutations(sorted(PAYMENTS)), st.data())
def test_what_is_owed_less_what_is_unapplied_is_the_same_in_every_order_of_imports_and_payments(
    rows: list[int], payments: list[str], data: st.DataObject
) -> None:
    ledger = InMemoryLedger()
    take(ledger, [ROWS[rows[0]]])
    steps: list[int | str] = data.draw(st.permutations([*rows[1:], *payments]))
    for step in steps:
        if isinstance(step, int):
            take(ledger, [ROWS[step]])
        else:
            pay(ledger, step)
    account = ledger.accounts[CUSTOMER]
    for currency in CURRENCIES:
        billed = sum(row.invoice.amount_minor for row in ROWS if row.invoice.currency == currency)
        paid = sum(amount for amount, its_currency in PAYMENTS.values() if its_currency == currency)
        assert account.balances.get(currency, 0) - account.unapplied.get(currency, 0) == billed - paid


@pytest.mark.parametrize("order", [*permutations(range(3))], ids=str)
def test_a_file_that_says_settled_and_a_payment_settle_an_invoice_once_in_every_order(order: tuple[int, ...]) -> None:
    ledger = InMemoryLedger()
    take(ledger, [ROWS[0], ROWS[2]])
    steps = (
        lambda: take(ledger, [changed(ROWS[0], settled_on=TODAY)]),
        lambda: pay(ledger, "r0", [i for i, one in ledger.accounts[CUSTOMER].invoices.items() if one.number == "A-0"]),
        lambda: take(ledger, [ROWS[0]]),
    )
    for step in order:
        steps[step]()
    account = ledger.accounts[CUSTOMER]
    check(account)
    assert "A-0" not in open_by_number(ledger)
    assert not account.unapplied


def test_a_payment_with_a_known_reference_and_another_amount_changes_nothing() -> None:
    ledger = InMemoryLedger()
    take(ledger, ROWS)
    pay(ledger, "r0")
    before = ledger.accounts[CUSTOMER]
    with pytest.raises(DunwellError):
        ledger.commit(
            post_payment(before, method="test", reference="r0", currency="USD", amount_minor=1, received_at=AT)
        )
    assert ledger.accounts[CUSTOMER] is before
