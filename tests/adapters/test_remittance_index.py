"""Pointers, learned accounts and bank lines in DynamoDB and in memory: one contract, proved of both."""

import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from dunwell.errors import ConflictError
from dunwell.ledger.change import Change
from dunwell.ledger.model import Account
from dunwell.remittance.keys import account_key, customer_keys, reference_key
from dunwell.remittance.model import AccountLink, Movement, Payout, Proposal
from dunwell.remittance.records import LineRecord, LineState
from dunwell_aws.ledger import DynamoLedger
from dunwell_aws.remittance_index import DynamoRemittanceIndex
from dunwell_aws.table import Table
from tests.bench.meter import Meter
from tests.support.cash import NOW, TODAY, CashWorld, InMemoryCashStore, euros, line
from tests.support.emulator import Emulator, running_emulator
from tests.support.portal import customer
from tests.support.template import create_table_call

PAYER = "DE89370400440532013000"
WHO = customer("cus_1", number="C10001", name="Müller Logistik Nord GmbH")
NEW_INVOICES = Change(Account(WHO), WHO, {f"inv_{n}": euros(f"INV-2026-0100{n}", 100) for n in (23, 31, 47)})


@pytest.fixture(scope="module")
def emulator() -> Iterator[Emulator]:
    with running_emulator() as running:
        yield running


@pytest.fixture
def table(emulator: Emulator) -> Table:
    name, client = f"ledger-{time.monotonic_ns()}", emulator.client("dynamodb")
    client.create_table(**create_table_call("LedgerTable", name))
    return Table(client, name)


@pytest.fixture(params=["fake", "dynamodb"])
def store(request: pytest.FixtureRequest) -> Any:
    if request.param == "fake":
        return InMemoryCashStore()
    return DynamoRemittanceIndex(request.getfixturevalue("table"))


def world_on(store: Any, table: Table | None = None) -> CashWorld:
    """A world of cash on a store, and on the ledger in the same table."""
    world = CashWorld()
    ledger: Any = DynamoLedger(table) if table else world.ledger
    world.store, world.ledger = store, ledger
    world.cash = replace(world.cash, ledger=ledger, pointers=store, lines=store)
    return world


def test_new_invoices_and_names_are_found_under_their_keys_and_told_twice_are_told_once(store: Any) -> None:
    for _ in range(2):
        store.note(NEW_INVOICES)
    one, other = (reference_key(f"INV-2026-0100{n}") for n in (23, 31))
    assert dict(store.invoices([one, other, "777"])) == {one: [("cus_1", "inv_23")], other: [("cus_1", "inv_31")]}
    keys = customer_keys(WHO.number, WHO.name)
    assert {key: list(ids) for key, ids in store.customers([*keys, "x|y"]).items()} == {key: ["cus_1"] for key in keys}


def test_a_known_invoice_and_an_unchanged_name_write_nothing(table: Table) -> None:
    store = DynamoRemittanceIndex(table)
    meter = Meter(table.client)
    store.note(NEW_INVOICES)
    assert meter.write_units == 3 + 3, "one an invoice, three the new customer"
    meter.reset()
    account = NEW_INVOICES.applied()
    store.note(Change(account, replace(WHO, language="de"), {"inv_23": account.invoices["inv_23"]}))
    assert meter.round_trips == 0


def test_a_key_of_hundreds_of_invoices_stops_growing(table: Table) -> None:
    store = DynamoRemittanceIndex(table)
    for n in range(120):
        who = customer(f"cus_{n}", number=f"C{n}", name="")
        store.note(Change(Account(who), who, {f"inv_{n}": euros("INV-1234", 100)}))
    key = reference_key("INV-1234")
    assert len(store.invoices([key])[key]) == 100


def decided(**changes: Any) -> LineRecord:
    world = CashWorld()
    world.owes("C10001", "Müller Logistik Nord GmbH", euros("INV-2026-010023", 119_000))
    world.apply(line("1", 119_000, "INV-2026-010023", "Mueller Logistik Nord", payer_account=PAYER))
    (record,) = world.store.kept.values()
    return replace(record, state=LineState.DECIDED, version=1, **changes)


def test_a_line_is_kept_as_it_is_and_found_by_its_id_and_among_others(store: Any) -> None:
    record = decided()
    store.keep(record)
    assert store.record(record.item_id) == record
    assert store.records([record.line, line("other", 5)]) == {record.line.line_id: record}
    assert store.record("EUR.1.2026-06-30.bln_x") is None
    assert store.record("nonsense") is None


def test_of_two_writers_of_a_line_one_is_told(store: Any) -> None:
    record = decided()
    store.keep(record)
    with pytest.raises(ConflictError):
        store.keep(record)
    done = replace(record, state=LineState.DONE, version=2)
    store.keep(done)
    with pytest.raises(ConflictError):
        store.keep(done)


def test_an_account_is_learned_once_with_the_write_that_says_so(store: Any) -> None:
    record = decided()
    store.keep(record)
    done = replace(record, state=LineState.DONE, version=2)
    key = account_key(PAYER)
    store.keep(done, key)
    with pytest.raises(ConflictError):
        store.keep(done, key)
    assert list(store.links(key)) == [AccountLink("cus_c10001", 1)]
    assert list(store.links("unknown")) == []


def test_posted_lines_of_an_amount_are_found_by_day_newest_first_and_those_in_suspense_are_not(store: Any) -> None:
    record = decided()
    for days in (0, 30, 100):
        on = TODAY - timedelta(days=days)
        store.keep(replace(record, line=replace(record.line, line_id=f"bln_{days}", booked_on=on)))
    store.keep(replace(record, line=replace(record.line, line_id="bln_s"), chosen=None, suspended=True))
    store.keep(replace(record, line=replace(record.line, line_id="bln_g"), method="stripe", reference="pi_1"))
    found = store.posted_lines("EUR", 119_000, TODAY - timedelta(days=90))
    assert [one.line_id for one in found] == ["bln_0", "bln_30"]
    assert found[0].payer_account == PAYER
    assert list(store.posted_lines("EUR", 1, TODAY)) == []


def test_the_work_list_has_what_waits_and_loses_what_is_done(store: Any) -> None:
    waiting = decided(chosen=None, suspended=True)
    store.keep(waiting)
    assert list(store.listed()) == [waiting]
    chosen = replace(waiting, version=2, chosen=decided().chosen)
    store.keep(chosen)
    assert list(store.listed()) == [chosen], "on its way it stays in sight"
    store.keep(replace(chosen, version=3, state=LineState.DONE))
    assert list(store.listed()) == []


def test_a_payout_is_expected_once_and_reconciled_once(table: Table) -> None:
    store = DynamoRemittanceIndex(table)
    payout = Payout("po_1", "stripe", "EUR", 50_000, TODAY)
    store.expect(payout)
    store.reconcile("po_1", line("1", 50_000))
    store.expect(payout)
    assert list(store.payouts("EUR", 50_000)) == [replace(payout, reconciled=True)]
    assert list(store.payouts("EUR", 50_001)) == []


def test_a_payout_that_came_back_is_told_of_and_nothing_that_was_said_before_it(store: Any) -> None:
    told = Payout("po_1", "stripe", "EUR", 50_000, TODAY, version="2")
    assert (store.expect(told), store.expect(replace(told, version="3"))) == (True, False)
    back = replace(told, failed=True, version="4")
    assert store.expect(back)
    assert not store.expect(told)
    assert [one.failed for one in store.payouts("EUR", 50_000)] == [True]


def test_what_the_bank_and_the_gateway_say_of_a_payout_leave_each_other_alone(store: Any) -> None:
    told = Payout("po_1", "stripe", "EUR", 50_000, TODAY, version="1")
    store.reconcile("po_1", line("1", 50_000))
    store.expect(told)
    store.reconcile("po_1", line("1", 50_000))
    store.reconcile("po_1", line("2", 50_000))
    store.expect(replace(told, failed=True, version="2"))
    assert [(one.failed, one.reconciled) for one in store.payouts("EUR", 50_000)] == [(True, True)]


def test_what_a_payout_carries_is_kept_beside_it(table: Table) -> None:
    store = DynamoRemittanceIndex(table)
    movements = tuple(Movement("charge", f"pi_{n}#succeeded", 1_000 + n, 59) for n in range(250))
    payout = Payout("po_1", "stripe", "EUR", 50_000, TODAY, fee_minor=250 * 59, complete=True, movements=movements)
    assert (store.expect(payout), store.expect(payout)) == (True, False)
    assert store.carried("po_1") == movements
    assert store.carried("po_2") == ()
    assert list(store.payouts("EUR", 50_000)) == [replace(payout, movements=())]


def test_a_statement_on_the_store_itself_and_what_it_costs(table: Table) -> None:
    world = world_on(DynamoRemittanceIndex(table), table)
    who = world.owes("C10001", "Müller Logistik Nord GmbH", *NEW_INVOICES.invoices.values())
    lines = [
        line("1", 100, "INV-2026-010023", "Mueller Logistik Nord", payer_account=PAYER),
        line("2", 5_555, "thanks", "Nobody"),
    ]
    meter = Meter(table.client)
    world.apply(lines[0])
    assert meter.write_units <= 9
    meter.reset()
    world.apply(lines[1])
    assert meter.write_units <= 12
    meter.reset()
    world.apply(*lines)
    assert (meter.write_units, meter.round_trips) == (0, 1), "what is done costs one look"
    account = DynamoLedger(table).load(who)
    assert account is not None
    assert account.balances == {"EUR": 200}
    (item,) = DynamoRemittanceIndex(table).listed()
    whose = Proposal(who, WHO.name, (), item.line.amount_minor, 1000, ())
    world.cash.choose(world.cash.finish(item, NOW), whose, "jo", NOW)
    moved = DynamoLedger(table).load(who)
    assert moved is not None
    assert moved.unapplied == {"EUR": 5_355}
    assert list(DynamoRemittanceIndex(table).listed()) == []
