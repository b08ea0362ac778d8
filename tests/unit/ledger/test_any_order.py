"""The same events in any order of arrival, some of them twice, make the same ledger.

An event that is refused because what it is about is not there yet comes again later, as queues and syncs do.

What one source says of one invoice comes in the source's own order, mixed in any way with everything else: which of two
balances it said last is not in the balances. A decision of ours (a write-off, a reversal by hand) is refused when there
is less to it than it says, so whether it is taken depends on what is known then; once taken it is a fact like others.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
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

WHO = customer_id("example", "test", "X")
Step = Callable[[InMemoryLedger], object]


def by_import(row: Row, days: int = 0) -> Step:
    """Import a row, so many days ago."""
    ago = timedelta(days=days)
    origin = Origin("example", "test", TODAY - ago, AT - ago)

    def step(ledger: InMemoryLedger) -> None:
        for change in import_records(ledger.load(WHO), [row], origin).changes:
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


def decided(*entries: Entry) -> Step:
    """Decisions that were taken on another reading of the account, and are facts now."""

    def fact(account: Account) -> Change:
        return Change(account, entries={one.entry_id: one for one in entries if one.entry_id not in account.entries})

    return by_decision(fact)


@st.composite
def sayings(draw: st.DrawFn, number: str) -> list[Step]:
    """What the source says of an invoice, by version: what it billed, and what is left or when it was settled."""
    removed, days, more = draw(KEY) == 3, draw(DAYS), 0
    bare = invoice_record("X", number, removed=removed, version="1")
    # The invoice is known from its first version on, whenever that is told; what is not issued yet is not told of.
    steps = [by_import(bare)]
    for version in range(2, 2 + draw(st.integers(0, 3))):
        more += draw(st.sampled_from((0, 0, 0, 30, -20)))
        row = replace(bare, version=f"{version}", amount_minor=bare.amount_minor + more)
        if draw(st.booleans()):
            row = replace(row, open_minor=draw(st.integers(0, 4)) * row.amount_minor // 4)
        else:
            row = replace(row, settled_on=TODAY - timedelta(days=draw(DAYS)))
        steps.append(by_import(row, days))
        days = max(0, days - draw(st.integers(0, 2)))
    return steps


@st.composite
def write_offs(draw: st.DrawFn, n: int) -> Step:
    """A write-off, perhaps written back."""
    number, amount = draw(NUMBER), draw(AMOUNT)
    to = (Direction(invoice_id(WHO, number), amount),)
    currency, on = invoice_record("X", number).currency, TODAY - timedelta(days=draw(DAYS))
    given_up = Entry(f"wof_{n}", EntryKind.WRITE_OFF, currency, amount, on, directed_to=to)
    back = Entry(f"wob_{n}", EntryKind.REVERSAL, currency, draw(AMOUNT), on + timedelta(1), of=given_up.entry_id)
    return decided(given_up, back) if draw(st.booleans()) else decided(given_up)


@st.composite
def events(draw: st.DrawFn) -> list[list[Step]]:
    """What may happen to an account, each under a key of its own; the events of an inner list come in its order."""
    told = [draw(sayings(number)) for number in NUMBERS]
    steps: list[Step] = [draw(write_offs(n)) for n in range(draw(st.integers(0, 2)))]
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
    return [*told, *([step] for step in steps)]


def mixed(queues: Sequence[Sequence[Step]], random: Random) -> list[Step]:
    """All events in an order of arrival, half of them a second time later on."""
    slots = [n for n, queue in enumerate(queues) for _ in queue]
    random.shuffle(slots)
    coming = [iter(queue) for queue in queues]
    order = [next(coming[n]) for n in slots]
    for step in random.sample(order, len(order) // 2):
        order.insert(random.randint(order.index(step) + 1, len(order)), step)
    return order


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
    said = sorted((i, entry.left_minor, entry.on, account.allocations(i)) for i, entry in told(account).items())
    return sorted(invoices.items()), account.balances, account.unapplied, account.settlement_dates, pending, said


def told(account: Account) -> dict[str, Entry]:
    """The statements of balance, and their withdrawals."""
    return {i: entry for i, entry in account.entries.items() if entry.told}


@given(events(), st.randoms(use_true_random=False))
@settings(max_examples=200)
def test_the_same_events_in_any_order_and_some_twice_make_the_same_ledger(
    queues: list[list[Step]], random: Random
) -> None:
    in_turn = delivered([step for queue in queues for step in queue])
    shuffled = delivered(mixed(queues, random))
    assert picture(shuffled) == picture(in_turn)
    assert told(shuffled) == told(in_turn)
