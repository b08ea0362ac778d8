"""The ledger: upserts, reads and the fold, beside the plain layout of one item an invoice and a payment.

On DynamoDB Local where it is installed, else on the local AWS: times compare the two layouts, units are what AWS bills.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import timedelta
from itertools import count, islice
from typing import Any

import pytest

from dunwell.ids import stable_id
from dunwell.ledger.change import Change
from dunwell.ledger.entry import Direction, Entry, EntryKind
from dunwell.ledger.fold import fold
from dunwell.ledger.model import Account, Invoice
from dunwell.ledger.posting import post_payment
from dunwell.ledger.update import update
from dunwell_aws.ledger import DynamoLedger
from dunwell_aws.table import Table, from_plain, partition, to_plain
from dunwell_aws.uploads import in_threads
from tests.bench.measure import Entry as Line
from tests.bench.measure import Result, Skipped, Spread, cpu_ms, rate, rates
from tests.bench.meter import Meter
from tests.bench.portfolio import AS_OF, NOW, import_file, portfolio
from tests.support.dynamodb_local import running_dynamodb_local, why_missing
from tests.support.emulator import Emulator, running_emulator
from tests.support.template import create_table_call

CUSTOMERS = 60
REPETITIONS = 3
LARGE = 50_000
_worlds = count()
Running = Callable[[], AbstractContextManager[Emulator]]


def bench(repetitions: int) -> list[Result]:
    """Import, re-import, read and post on a store; the fold alone."""
    with_amazons_own = not why_missing()
    store: Running = running_dynamodb_local if with_amazons_own else running_emulator
    found: list[Result] = [_fold(repetitions), _large_fold()]
    try:
        with store() as database:
            found += _on(database, "DynamoDB Local" if with_amazons_own else "the local AWS")
    except pytest.skip.Exception as skipped:
        found.append(Skipped("ledger_store", str(skipped)))
    return found


class World:
    """A table, and a meter at its client."""

    def __init__(self, database: Emulator) -> None:
        name, client = f"bench-{next(_worlds)}", database.client("dynamodb")
        client.create_table(**create_table_call("LedgerTable", name))
        self.meter = Meter(client)
        self.table = Table(client, name)
        self.ledger = DynamoLedger(self.table)
        self.creditors = (f"creditor-{n}" for n in count())

    def import_portfolio(self, creditor: str = "") -> None:
        """The whole file, for a new creditor unless one is named."""
        import_file(portfolio(CUSTOMERS).content, self.ledger, creditor or next(self.creditors), in_threads)


def _on(database: Emulator, name: str) -> Iterator[Result]:
    made = portfolio(CUSTOMERS)
    new = sum(len(account.invoices) for account in made.accounts)
    world, plain = World(database), World(database)
    ours, other = rates(new, REPETITIONS, world.import_portfolio, lambda: _plain_import(plain))
    yield _line(
        "ledger_import",
        f"new invoices with their settlements into {name}",
        "invoices/s",
        ours,
        other,
        world,
        plain,
        new,
        world.import_portfolio,
        lambda: _plain_import(plain),
    )
    world.import_portfolio("again")
    again, first = rates(made.rows, REPETITIONS, lambda: world.import_portfolio("again"), world.import_portfolio)
    yield replace(
        _line(
            "ledger_reimport",
            f"rows of a file that {name} knows already",
            "rows/s",
            again,
            first,
            world,
            world,
            new,
            lambda: world.import_portfolio("again"),
            world.import_portfolio,
        ),
        alternative="the same file for the first time",
    )
    yield _reading(database)
    yield _paying(database)


def _line(
    name: str,
    what: str,
    unit: str,
    ours: Spread,
    other: Spread,
    world: World,
    plain: World,
    items: int,
    work: Callable[[], object],
    plain_work: Callable[[], object],
) -> Line:
    used, plain_used = _used(world, items, work), _used(plain, items, plain_work)
    return Line(
        name=name,
        what=what,
        unit=unit,
        ours=ours,
        alternative="one item an invoice and a payment, written in transactions with the customer's version",
        plain=other,
        cost=f"{_said(used)} each; the other way {_said(plain_used)}",
        usage=used,
    )


def _used(world: World, items: int, work: Callable[[], object]) -> dict[str, float]:
    world.meter.reset()
    work()
    return world.meter.each(items)


def _said(used: dict[str, float]) -> str:
    return (
        f"{used['write_units']:.2f} write units, {used['read_units']:.2f} read units and "
        f"{used['round_trips']:.2f} round trips"
    )


# --- the plain layout ---


def _plain_import(world: World) -> None:
    creditor = next(world.creditors)
    list(in_threads(lambda account: _plain_write(world.table, creditor, account), portfolio(CUSTOMERS).accounts))


def _plain_write(table: Table, creditor: str, account: Account) -> None:
    """Look whether the customer is known, then the head, an item a fact, the outbox and the work list."""
    pk = partition(creditor + account.customer.customer_id)
    list(table.query(pk, "INV#"))
    facts = [{"pk": pk, "sk": f"INV#{i}"} | to_plain(one, defaults=False) for i, one in account.invoices.items()]
    facts += [{"pk": pk, "sk": f"PAY#{i}"} | to_plain(one, defaults=False) for i, one in account.entries.items()]
    events = {"pk": pk, "sk": "OUTBOX#", "events": [{"name": "ReceivablesImported", "customer_id": pk}]}
    waiting = iter(facts)
    while chunk := list(islice(waiting, 96)):
        head = {"pk": pk, "sk": "CUSTOMER"} | to_plain(account.customer, defaults=False)
        table.transact([table.put(one) for one in (head, events | {"sk": f"OUTBOX#{chunk[0]['sk']}"}, *chunk)])


def _plain_read(table: Table, pk: str) -> int:
    """Every item of an account into what it was."""
    invoices = [from_plain(Invoice, one) for one in table.query(pk, "INV#")]
    entries = [from_plain(Entry, one) for one in table.query(pk, "PAY#")]
    return sum(one.amount_minor for one in invoices) - sum(one.amount_minor for one in entries)


# --- reads and payments of one account ---


def _holder(invoices: int) -> Account:
    made, entries = _facts(invoices)
    return replace(portfolio(CUSTOMERS).accounts[0], version=0, invoices=made, entries=entries)


def _reading(database: Emulator) -> Result:
    world, plain, size = World(database), World(database), 1_000
    account = _holder(size)
    empty = replace(account, invoices={}, entries={})
    world.ledger.commit(Change(empty, empty.customer, account.invoices, account.entries))
    _plain_write(plain.table, "", account)
    who = account.customer.customer_id

    def ours() -> None:
        loaded = world.ledger.load(who)
        assert loaded and loaded.balances == account.balances  # noqa: PT018

    ours_rate, other = rates(1, 7, ours, lambda: _plain_read(plain.table, partition(who)))
    return _line(
        "ledger_read",
        f"accounts of {size} invoices read and folded",
        "accounts/s",
        ours_rate,
        other,
        world,
        plain,
        1,
        ours,
        lambda: _plain_read(plain.table, partition(who)),
    )


def _paying(database: Emulator) -> Result:
    world, references = World(database), count()
    account = _holder(500)
    empty = replace(account, invoices={}, entries={})
    world.ledger.commit(Change(empty, empty.customer, account.invoices))
    directed = tuple(Direction(one.invoice_id, 1) for one in account.invoices.values())

    def pay() -> None:
        given: dict[str, Any] = {"method": "bench", "currency": "USD", "amount_minor": 500, "received_at": NOW}
        update(
            world.ledger,
            account.customer.customer_id,
            lambda read: post_payment(read, reference=f"r{next(references)}", directed_to=directed, **given),
        )

    spread = rate(1, 7, pay)
    used = _used(world, 1, pay)
    return Line(
        name="ledger_payment",
        what="payments posted over 500 named open invoices, each one item",
        unit="payments/s",
        ours=spread,
        cost=f"{used['write_units']:.0f} write units; with an item for each allocation over 1,000",
        usage=used,
    )


# --- the fold ---


def _facts(count_: int) -> tuple[dict[str, Invoice], dict[str, Entry]]:
    """Invoices of a year, two of three paid: a half of the payments names its invoice, the other is on account."""
    invoices, entries = {}, {}
    for n in range(count_):
        key, issued = stable_id("inv", str(n)), AS_OF - timedelta(days=n % 365)
        invoices[key] = Invoice(key, f"A-{n}", "USD", 1_000 + n % 97, issued, issued + timedelta(days=30))
        if n % 3:
            to = (Direction(key, 1_000 + n % 97),) if n % 2 else ()
            paid_on = min(AS_OF, issued + timedelta(days=20))
            entry_id = stable_id("pay", str(n))
            entries[entry_id] = Entry(
                entry_id, EntryKind.PAYMENT, "USD", 1_000 + n % 97, paid_on, None, "bench", str(n), to
            )
    return invoices, entries


def _naive(accounts: Sequence[Account]) -> None:
    for account in accounts:
        sum(one.amount_minor for one in account.invoices.values())
        sum(one.amount_minor for one in account.entries.values())


def _fold(repetitions: int) -> Line:
    accounts = portfolio().accounts

    def ours() -> None:
        for account in accounts:
            fold(account.invoices, account.entries, account.part_order)

    mine, other = rates(len(accounts), repetitions, ours, lambda: _naive(accounts))
    facts = sum(len(account.invoices) + len(account.entries) for account in accounts)
    return Line(
        name="ledger_fold",
        what=f"accounts folded into balances ({facts / len(accounts):.0f} facts each), in memory",
        unit="accounts/s",
        ours=mine,
        alternative="adding up billed and paid, without knowing which invoice is open",
        plain=other,
        cost=f"{cpu_ms(len(accounts), ours):.3f} ms of one core an account",
    )


def _large_fold() -> Line:
    invoices, entries = _facts(LARGE)
    started = time.perf_counter()
    fold(invoices, entries)
    once = time.perf_counter() - started
    return Line(
        name="ledger_fold_large",
        what=f"invoices folded of one account of {LARGE:,} invoices and {len(entries):,} payments, in memory",
        unit="invoices/s",
        ours=rate(LARGE, 2, lambda: fold(invoices, entries)),
        cost=f"{once:.1f} s the account",
    )
