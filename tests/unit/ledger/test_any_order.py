"""The same events in any order of arrival, some of them twice, make the same ledger.

An event that is refused because what it is about is not there yet comes again later, as queues and syncs do.
"""

from collections.abc import Callable, Sequence
from datetime import timedelta
from random import Random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from dunwell.errors import InvalidInputError, NotFoundError
from dunwell.ids import stable_id
from dunwell.ingestion.importing import Origin, customer_id, import_records, invoice_id
from dunwell.ingestion.records import CreditNoteRecord, CustomerRecord, PaymentRecord, Row
from dunwell.ledger.change import Change
from dunwell.ledger.entry import Direction, Entry, EntryKind
from dunwell.ledger.model import Account
from dunwell.ledger.posting import post, post_payment
from dunwell.ledger.update import update
from tests.support.ledger_machine import CURRENCIES, NUMBER, NUMBERS, invoice_record
from tests.support.memory import InMemoryLedger
from tests.support.oracle import check
from tests.support.receivables import AT, TODAY

ORIGIN = Origin("example", "test", TODAY, AT)
WHO = customer_id("example", "test", "X")
Step = Callable[[InMemoryLedger], object]


def by_import(row: Row) -> Step:
    def step(ledger: InMemoryLedger) -> None:
        for change in import_records(ledger.load(WHO), [row], ORIGIN).changes:
            ledger.commit(change)

    return step


def by_decision(decide: Callable[[Account], Change]) -> Step:
    return lambda ledger: update(ledger, WHO, decide)


def entry(
    kind: EntryKind, key: str, amount: int, days: int, number: str = "", of: str = "", currency: str = ""
) -> Step:
    to = (Direction(invoice_id(WHO, number), amount),) if number else ()
    currency = currency or invoice_record("X", number).currency
    made = Entry(key, kind, currency, amount, TODAY - timedelta(days=days), directed_to=to, of=of)
    return by_decision(lambda account: post(account, made, AT))


def paid(reference: str, amount: int, currency: str, hours: int, to: Sequence[tuple[str, int]]) -> Step:
    directed = tuple(Direction(invoice_id(WHO, number), minor) for number, minor in to)
    at = AT - timedelta(hours=hours)
    given_: dict[str, Any] = {"method": "stripe", "reference": reference, "currency": currency}
    return by_decision(lambda a: post_payment(a, amount_minor=amount, received_at=at, directed_to=directed, **given_))


DAYS, AMOUNT, KEY = st.integers(0, 12), st.integers(1, 400), st.integers(0, 3)
ON_INVOICE = st.sampled_from((EntryKind.FEE, EntryKind.INTEREST, EntryKind.DEBIT_NOTE, EntryKind.DISPUTE))
"""Not a write-off: that is our own decision, taken on the account as it is, and refused when there is less to it."""


@st.composite
def events(draw: st.DrawFn) -> list[Step]:
    """What may happen to an account, each under a key of its own."""
    steps = [by_import(invoice_record("X", number, removed=draw(KEY) == 3)) for number in NUMBERS]
    for n in range(draw(st.integers(0, 3))):
        currency, to = draw(st.sampled_from(CURRENCIES)), draw(st.lists(st.tuples(NUMBER, AMOUNT), max_size=2))
        steps.append(paid(f"pi_{n}", draw(AMOUNT), currency, draw(st.integers(0, 200)), to))
        if draw(st.booleans()):
            payment = stable_id("pay", WHO, "stripe", f"pi_{n}")
            steps.append(entry(EntryKind.REVERSAL, f"re_{n}", 1, draw(DAYS), of=payment, currency=currency))
    for n in range(draw(st.integers(0, 3))):
        steps.append(entry(draw(ON_INVOICE), f"on_{n}", draw(st.integers(1, 20)), draw(DAYS), draw(NUMBER)))
        if draw(st.booleans()):
            steps.append(entry(EntryKind.REVERSAL, f"un_{n}", 1, draw(DAYS), of=f"on_{n}", currency="USD"))
        if draw(st.booleans()):
            steps.append(entry(EntryKind.DISPUTE_END, f"end_{n}", 1, draw(DAYS), of=f"on_{n}", currency="USD"))
    for n in range(draw(st.integers(0, 2))):
        on = TODAY - timedelta(days=draw(DAYS))
        note = CreditNoteRecord(0, "X", f"CN-{n}", "USD", draw(AMOUNT), on, draw(st.sampled_from(("", *NUMBERS))))
        steps.append(by_import(note))
        row = PaymentRecord(0, "X", f"P-{n}", "USD", 300, on, tuple(draw(st.lists(st.tuples(NUMBER, AMOUNT)))))
        for changes in draw(st.lists(st.sampled_from(REPORTS), min_size=1, max_size=3)):
            steps.append(by_import(PaymentRecord(**{**_fields(row), **changes})))
    return steps


REPORTS: tuple[dict[str, Any], ...] = (
    {"pending": True},
    {},
    {"refunded_minor": 300, "refunded_on": TODAY},
)


def _fields(row: PaymentRecord) -> dict[str, Any]:
    return {name: getattr(row, name) for name in PaymentRecord.__dataclass_fields__}


def delivered(steps: Sequence[Step]) -> Account:
    """The account after all events came, those that were refused again and again until nothing more is taken."""
    ledger = InMemoryLedger()
    by_import(CustomerRecord(0, "X", "Anna's Bakery"))(ledger)
    waiting = list(steps)
    while waiting:
        refused: list[Step] = []
        for step in waiting:
            try:
                step(ledger)
            except (InvalidInputError, NotFoundError):
                refused.append(step)
        if len(refused) == len(waiting):
            break
        waiting = refused
    check(ledger.accounts[WHO])
    return ledger.accounts[WHO]


def picture(account: Account) -> Any:
    """What anybody sees of an account."""
    invoices = {
        invoice.number: (account.open_minor(i), account.disputed_minor(i), account.status(i))
        for i, invoice in account.invoices.items()
    }
    pending = sorted(entry.reference for entry in account.pending)
    return sorted(invoices.items()), account.balances, account.unapplied, account.settlement_dates, pending


@given(events(), st.randoms(use_true_random=False))
@settings(deadline=None)
def test_the_same_events_in_any_order_and_some_twice_make_the_same_ledger(steps: list[Step], random: Random) -> None:
    shuffled = steps + random.sample(steps, len(steps) // 2)
    random.shuffle(shuffled)
    assert picture(delivered(shuffled)) == picture(delivered(steps))
