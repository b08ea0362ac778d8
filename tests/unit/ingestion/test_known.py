"""Rows that are known are passed over, and never one that has something to say."""

import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dunwell.ingestion.importing import Origin
from dunwell.ingestion.known import MOST_FACTS, Known, NothingKnown, learnt, news
from dunwell.ingestion.records import CreditNoteRecord, CustomerRecord, InvoiceRecord, PaymentRecord, Row
from dunwell.ingestion.taking import CustomerRows, Importer, customer_key
from dunwell.ingestion.tally import Tally
from dunwell.ledger.change import Change
from dunwell.ledger.model import Account
from tests.support.memory import InMemoryKnownFacts, InMemoryLedger
from tests.support.receivables import AT, TODAY, changed, receivable

ROWS: tuple[Row, ...] = (
    receivable("A-1", 10_000),
    receivable("A-2", 20_000, settled_on=TODAY),
    CreditNoteRecord(4, "C-1", "CN-1", "USD", 500, TODAY),
    PaymentRecord(5, "C-1", "P-1", "USD", 700, TODAY),
)


class World:
    """A ledger with its cache, and how often accounts were read and written."""

    def __init__(self) -> None:
        self.ledger, self.known = InMemoryLedger(), InMemoryKnownFacts()
        self.commits: list[Change] = []
        self.ledger.before_commit = self.commits.append

    def take(self, *rows: Row, today: date = TODAY) -> Tally:
        return take(self.ledger, self.known, rows, today)

    @property
    def account(self) -> Account:
        (account,) = self.ledger.accounts.values()
        return account


def take(ledger: InMemoryLedger, known: InMemoryKnownFacts | NothingKnown, rows: Sequence[Row], today: date) -> Tally:
    origin = Origin("example", "erp", today, AT)
    (tally,) = Importer(ledger, "example", known).take([CustomerRows(customer_key(rows[0], origin), rows)], origin)
    return tally


def test_rows_that_come_again_in_any_order_neither_read_nor_write_the_account() -> None:
    world = World()
    first = world.take(*ROWS)
    world.commits.clear()
    world.ledger.load = None  # type: ignore[assignment]
    again = world.take(*random.Random(3).sample(ROWS, len(ROWS)))
    assert (first.in_ledger, first.written) == (4, 4)
    assert (again.in_ledger, again.written, world.commits) == (4, 0, [])


def test_the_line_in_its_file_makes_no_row_another_one() -> None:
    world = World()
    world.take(*ROWS)
    world.commits.clear()
    world.take(*(changed(row, line=99) if hasattr(row, "invoice") else replace(row, line=99) for row in ROWS))  # type: ignore[arg-type]
    assert world.commits == []


@pytest.mark.parametrize(
    "row",
    [
        receivable("A-1", 10_000, due_on=TODAY),
        receivable("A-1", 10_000, settled_on=TODAY),
        receivable("A-1", 10_000, disputed_minor=5),
        receivable("A-1", 10_000, email="other@bakery.example"),
        PaymentRecord(5, "C-1", "P-1", "USD", 700, TODAY, refunded_minor=100, refunded_on=TODAY),
        CreditNoteRecord(4, "C-1", "CN-1", "USD", 500, TODAY, removed=True),
        receivable("A-3"),
    ],
)
def test_a_row_with_anything_new_is_written(row: Row) -> None:
    world = World()
    world.take(*ROWS)
    world.commits.clear()
    tally = world.take(*ROWS, row)
    assert (tally.in_ledger, tally.written, len(world.commits)) == (5, 1, 1)


def test_what_changes_and_changes_back_is_written_both_times() -> None:
    world = World()
    before, after = receivable("A-1", due_on=TODAY), receivable("A-1", due_on=TODAY + timedelta(days=9))
    for row in (before, after, before):
        world.take(row)
    (invoice,) = world.account.invoices.values()
    assert invoice.due_on == before.invoice.due_on


def test_rows_whose_day_has_not_come_are_looked_at_again() -> None:
    tomorrow = TODAY + timedelta(days=1)
    rows = receivable("A-1", settled_on=tomorrow), receivable("A-2", issued_on=tomorrow, due_on=tomorrow)
    world = World()
    assert (world.take(*rows).later, world.account.balances) == (1, {"USD": 10_000})
    assert (world.take(*rows, today=tomorrow).later, world.account.balances) == (0, {"USD": 10_000})
    assert len(world.account.payments) == 1


def test_a_rejected_row_stays_rejected() -> None:
    world = World()
    rows = receivable("A-1", 100), receivable("A-1", 200)
    assert len(world.take(*rows).rejects) == len(world.take(*rows).rejects) == 1


def test_an_older_version_does_not_stand_for_the_newer_one() -> None:
    world = World()
    first = InvoiceRecord(2, "C-1", "A-1", "USD", 100, TODAY, TODAY, version="2026-01")
    second = replace(first, amount_minor=150, version="2026-02")
    for row in (first, second, first, second):
        world.take(row)
    assert world.account.balances == {"USD": 150}
    assert len(world.commits) == 2


def test_a_died_import_leaves_no_row_known_that_the_ledger_has_not() -> None:
    """It dies after the ledger's write: the content from before must not seem to be the ledger's."""
    world = World()
    before, after = receivable("A-1", due_on=TODAY), receivable("A-1", due_on=TODAY + timedelta(days=9))
    world.take(before)
    keeps = iter((None, RuntimeError("died")))

    def die() -> None:
        if error := next(keeps, None):
            raise error

    world.known.before_keep = die
    with pytest.raises(RuntimeError):
        world.take(after)
    world.take(before)
    (invoice,) = world.account.invoices.values()
    assert invoice.due_on == before.invoice.due_on


def test_of_two_imports_at_once_that_disagree_neither_is_known() -> None:
    world = World()
    mine, other = receivable("A-1", due_on=TODAY), receivable("A-1", due_on=TODAY + timedelta(days=9))

    def overtaken() -> None:
        world.known.before_keep = lambda: None
        world.take(other, receivable("A-2"))

    world.known.before_keep = overtaken
    world.take(mine, receivable("A-3"))
    world.commits.clear()
    world.take(receivable("A-2"), receivable("A-3"))
    assert world.commits == [], "what only one of them told is known"
    world.take(mine)
    (due_on,) = (one.due_on for one in world.account.invoices.values() if one.number == "A-1")
    assert due_on == mine.invoice.due_on


def test_more_facts_than_fit_are_not_remembered_and_still_right() -> None:
    rows = [CreditNoteRecord(0, "C-1", str(n), "USD", 1, TODAY) for n in range(MOST_FACTS + 1)]
    assert learnt(Known(), rows, rows) == {}
    assert news(rows[:3], Known()) == rows[:3]


def test_it_comes_back_from_a_store_as_it_was() -> None:
    known = Known("t", learnt(Known(), ROWS, ROWS))
    assert Known.unpacked("t", known.packed()) == known
    assert len(known.packed()) == 5 * 14, "four facts and the customer's description"


TOLD = st.builds(
    receivable,
    st.sampled_from(["A-1", "A-2", "A-3"]),
    st.sampled_from([100, 200]),
    due_on=st.sampled_from([TODAY, TODAY + timedelta(days=5)]),
    settled_on=st.sampled_from([None, TODAY, TODAY + timedelta(days=2)]),
    email=st.sampled_from(["a@b.example", "c@d.example"]),
    issued_on=st.sampled_from([TODAY, TODAY + timedelta(days=1)]),
)
FILES = st.lists(st.tuples(st.lists(TOLD, min_size=1, max_size=4), st.integers(0, 3)), min_size=1, max_size=6)


@given(FILES)
def test_with_and_without_the_cache_the_ledger_is_the_same(files: list[tuple[list[Row], int]]) -> None:
    world, plain, day = World(), InMemoryLedger(), TODAY
    for rows, days in files:
        day += timedelta(days=days)
        told, compared = world.take(*rows, today=day), take(plain, NothingKnown(), rows, day)
        assert (told.in_ledger, told.later, told.rejects) == (compared.in_ledger, compared.later, compared.rejects)
    assert {i: a.invoices for i, a in world.ledger.accounts.items()} == {
        i: a.invoices for i, a in plain.accounts.items()
    }
    assert {i: a.entries for i, a in world.ledger.accounts.items()} == {i: a.entries for i, a in plain.accounts.items()}
    assert {i: a.customer for i, a in world.ledger.accounts.items()} == {
        i: a.customer for i, a in plain.accounts.items()
    }


def test_a_description_alone_is_known_too() -> None:
    world = World()
    row = CustomerRecord(2, "C-9", "Nine")
    assert (world.take(row).written, world.take(row).written, len(world.commits)) == (1, 0, 1)
