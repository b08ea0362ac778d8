"""The ledger's adapter on the local AWS and on Amazon's own DynamoDB Local: invariants, writers at once, and costs."""

import os
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from functools import partial
from itertools import count
from pathlib import Path
from random import Random
from typing import Any

import pytest
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from dunwell.errors import ConflictError, InvalidInputError
from dunwell.ingestion.importing import Origin, customer_id, import_records
from dunwell.ingestion.reading import read_rows
from dunwell.ingestion.records import Receivable, Row
from dunwell.ledger.change import Change
from dunwell.ledger.entry import Direction, Entry, EntryKind
from dunwell.ledger.model import Account
from dunwell.ledger.posting import post, post_payment
from dunwell.ledger.update import update
from dunwell_aws.dynamo_json import item
from dunwell_aws.ledger import DynamoLedger
from dunwell_aws.outbox import read_outbox
from dunwell_aws.table import LEDGER, ON_WORK_LIST, Table, partition
from tests.bench.meter import Meter
from tests.bench.portfolio import AS_OF, NOW, mappings, portfolio
from tests.support.dynamodb_local import running_dynamodb_local
from tests.support.emulator import Emulator, running_emulator
from tests.support.ledger_machine import LedgerMachine, invoice_record
from tests.support.portal import customer, invoice
from tests.support.receivables import AT, TODAY
from tests.support.stores import Store, in_dynamodb
from tests.support.template import ROOT, create_table_call

SHARED = Path(os.environ.get("DUNWELL_SHARED", ROOT.parent / "shared"))
IBM = SHARED / "data" / "ibm_late_payment" / "WA_Fn-UseC_-Accounts-Receivable.csv"
_tables = count()
ORIGIN = Origin("example", "test", TODAY, AT)
HOLDERS = tuple(customer_id("example", "test", name) for name in "XY")


@pytest.fixture(scope="module", params=["local AWS", "DynamoDB Local"])
def database(request: pytest.FixtureRequest) -> Iterator[Emulator]:
    with running_emulator() if request.param == "local AWS" else running_dynamodb_local() as running:
        yield running


@pytest.fixture
def table(database: Emulator) -> Table:
    return table_on(database)


def table_on(database: Emulator) -> Table:
    name, client = f"ledger-{next(_tables)}", database.client("dynamodb")
    client.create_table(**create_table_call("LedgerTable", name))
    return Table(client, name)


def emptied(table: Table) -> Store:
    """The store with the two customers of the machine gone, as cheaply as can be."""
    found = (one for who in HOLDERS for prefix in (LEDGER, ON_WORK_LIST) for one in table.query(partition(who), prefix))
    gone: list[Any] = [{"DeleteRequest": {"Key": item({"pk": one["pk"], "sk": one["sk"]})}} for one in found]
    for start in range(0, len(gone), 25):
        table.client.batch_write_item(RequestItems={table.name: gone[start : start + 25]})
    return in_dynamodb(table)


def test_any_mixture_of_facts_repeats_races_and_crashes_leaves_a_ledger_that_adds_up(table: Table) -> None:
    machine = type("InDynamoDB", (LedgerMachine,), {"make_store": staticmethod(lambda: emptied(table))})
    run_state_machine_as_test(
        machine,
        settings=settings(max_examples=80, stateful_step_count=30, suppress_health_check=list(HealthCheck)),
    )


# --- writers at once ---


def until_in(work: Callable[[], Any]) -> None:
    while True:
        try:
            work()
        except ConflictError:
            continue
        else:
            return


def pays(ledger: DynamoLedger, who: str, reference: str, amount_minor: int) -> None:
    given: dict[str, Any] = {"method": "test", "reference": reference, "currency": "USD", "received_at": AT}
    update(ledger, who, lambda account: post_payment(account, amount_minor=amount_minor, **given))


def test_sixteen_writers_with_connections_of_their_own_lose_nothing(database: Emulator, table: Table) -> None:
    holds(table, "cus_anna", invoice("A1", 1_600))
    ledgers = [DynamoLedger(Table(database.client("dynamodb"), table.name)) for _ in range(16)]
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda n: until_in(lambda: pays(ledgers[n], "cus_anna", f"r{n}", 75)), range(16)))
    account = DynamoLedger(table).load("cus_anna")
    assert account
    assert (len(account.payments), account.balances, account.version) == (16, {"USD": 400}, 17)
    assert sum(in_dynamodb(table).told("cus_anna").values()) == 16


def test_two_accounts_changed_together_under_contention_agree(database: Emulator, table: Table) -> None:
    """Eight hands move money from one account to the other while eight others pay into both."""
    holds(table, "cus_anna", invoice("A1", 1))
    holds(table, "cus_bert", invoice("B1", 1))
    ledgers = [DynamoLedger(Table(database.client("dynamodb"), table.name)) for _ in range(8)]

    def moves(n: int) -> None:
        one, other = ledgers[n].load("cus_anna"), ledgers[n].load("cus_bert")
        assert one
        assert other
        out = Entry(f"out_{n}", EntryKind.DEBIT_NOTE, "USD", 100, TODAY, directed_to=(Direction("inv_a1", 100),))
        into = Entry(f"in_{n}", EntryKind.CREDIT_NOTE, "USD", 100, TODAY)
        ledgers[n].commit(post(one, out, AT), post(other, into, AT))

    def works(n: int) -> None:
        if n % 2:
            pays(ledgers[n], "cus_anna", f"r{n}", 1)
            pays(ledgers[n], "cus_bert", f"r{n}", 1)
        else:
            moves(n)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: until_in(lambda: works(n)), range(8)))
    one, other = (DynamoLedger(table).load(who) for who in ("cus_anna", "cus_bert"))
    assert one
    assert other
    assert (one.balances, other.unapplied) == ({"USD": 397}, {"USD": 403})
    assert {e[4:] for e in one.entries if e[:4] == "out_"} == {e[3:] for e in other.entries if e[:3] == "in_"}
    assert (one.version, other.version) == (9, 9)


def holds(table: Table, who: str, *invoices: Any) -> Account:
    account = Account(customer(who))
    return DynamoLedger(table).commit(Change(account, account.customer, {one.invoice_id: one for one in invoices}))


def test_the_tables_stream_tells_every_event_of_a_written_change_once(database: Emulator, table: Table) -> None:
    holds(table, "cus_anna", invoice("A1", 1_600))
    ledgers = [DynamoLedger(Table(database.client("dynamodb"), table.name)) for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda n: until_in(lambda: pays(ledgers[n % 4], "cus_anna", f"r{n // 2}", 75)), range(8)))
    streams = database.client("dynamodbstreams")
    arn = table.client.describe_table(TableName=table.name)["Table"]["LatestStreamArn"]
    told: list[str] = []
    for shard in streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]:
        where = {"StreamArn": arn, "ShardId": shard["ShardId"], "ShardIteratorType": "TRIM_HORIZON"}
        records = streams.get_records(ShardIterator=streams.get_shard_iterator(**where)["ShardIterator"])["Records"]
        told += [event["event_id"] for event in read_outbox(records)]
    account = DynamoLedger(table).load("cus_anna")
    assert account
    assert (len(told), len(set(told)), len(account.payments)) == (4, 4, 4)


# --- faults ---


class NoBody:
    """An answer's content as botocore reads it."""

    def stream(self) -> Iterator[bytes]:
        return iter(())


class DeadError(Exception):
    """The process died before this request."""


@pytest.mark.parametrize("requests", [0, 1])
@pytest.mark.parametrize("amounts", [(40,), (100, 60)], ids=["stays open", "closes and opens again"])
def test_a_crash_between_the_two_puts_leaves_an_open_account_on_the_list(
    table: Table, requests: int, amounts: tuple[int, ...]
) -> None:
    left = [requests]

    def dies(**_: Any) -> None:
        left[0] -= 1
        if left[0] < 0:
            raise DeadError

    def crashing(work: Callable[[], Any]) -> None:
        left[0] = requests
        table.client.meta.events.register("before-call.dynamodb.PutItem", dies)
        with suppress(DeadError):
            work()
        table.client.meta.events.unregister("before-call.dynamodb.PutItem", dies)
        account = DynamoLedger(table).load("cus_anna")
        assert not account or in_dynamodb(table).is_listed("cus_anna") >= account.is_open
        with suppress(ConflictError):
            work()
        account = DynamoLedger(table).load("cus_anna")
        assert account
        assert in_dynamodb(table).is_listed("cus_anna") >= account.is_open

    crashing(lambda: holds(table, "cus_anna", invoice("A1", 100)))
    for amount in amounts:
        crashing(partial(pays, DynamoLedger(table), "cus_anna", f"r{amount}", amount))
    account = DynamoLedger(table).load("cus_anna")
    assert account
    assert (account.version, sum(in_dynamodb(table).told("cus_anna").values())) == (1 + len(amounts), len(amounts))


def test_who_closed_an_account_late_does_not_take_it_off_the_list_when_it_opened_again(table: Table) -> None:
    holds(table, "cus_anna", invoice("A1", 100))
    late: list[int] = []

    def others_were_faster(params: dict[str, Any], **_: Any) -> None:
        if params["Item"]["sk"]["S"] == ON_WORK_LIST and not late:
            late.append(1)
            read = DynamoLedger(table).load("cus_anna")
            assert read
            assert not read.is_open
            DynamoLedger(table).commit(Change(read, invoices={"inv_a2": invoice("A2", 5)}))

    table.client.meta.events.register("provide-client-params.dynamodb.PutItem", others_were_faster)
    pays(DynamoLedger(table), "cus_anna", "r1", 100)
    table.client.meta.events.unregister("provide-client-params.dynamodb.PutItem", others_were_faster)
    assert late
    assert in_dynamodb(table).is_listed("cus_anna")


def test_a_change_of_two_accounts_that_is_lost_for_one_leaves_no_place_of_the_other_on_the_list(table: Table) -> None:
    holds(table, "cus_anna", invoice("A1", 100))
    pays(DynamoLedger(table), "cus_anna", "r1", 100)
    holds(table, "cus_bert", invoice("B1", 50))
    closed, other = (DynamoLedger(table).load(who) for who in ("cus_anna", "cus_bert"))
    assert closed
    assert other
    pays(DynamoLedger(table), "cus_bert", "r1", 20)
    opens = Change(closed, invoices={"inv_a2": invoice("A2", 5)})
    with pytest.raises(ConflictError):
        DynamoLedger(table).commit(opens, Change(other, invoices={"inv_b2": invoice("B2", 5)}))
    assert not in_dynamodb(table).is_listed("cus_anna")
    bert = DynamoLedger(table).load("cus_bert")
    assert bert
    DynamoLedger(table).commit(opens, Change(bert, invoices={"inv_b2": invoice("B2", 5)}))
    assert in_dynamodb(table).is_listed("cus_anna")


def test_a_place_that_cannot_be_noted_at_first_because_somebody_writes_there_is_noted_then(table: Table) -> None:
    holds(table, "cus_anna", invoice("A1", 100))
    busy: list[int] = []

    def collides(parsed: dict[str, Any], http_response: Any, **_: Any) -> None:
        """DynamoDB's answer while a transaction is at an item, the second time in this work: the place."""
        busy.append(1)
        if len(busy) == 2:
            http_response.status_code = 400
            parsed["Error"] = {"Code": "TransactionConflictException", "Message": "somebody is writing there"}

    def unwritten(params: dict[str, Any], **_: Any) -> None:
        if len(busy) == 1:  # refused: what it meant to write is not written
            params["Item"]["sk"]["S"] = "ELSEWHERE"

    table.client.meta.events.register("provide-client-params.dynamodb.PutItem", unwritten)
    table.client.meta.events.register("after-call.dynamodb.PutItem", collides)
    pays(DynamoLedger(table), "cus_anna", "r1", 100)
    table.client.meta.events.unregister("provide-client-params.dynamodb.PutItem", unwritten)
    table.client.meta.events.unregister("after-call.dynamodb.PutItem", collides)
    assert len(busy) == 3
    assert not in_dynamodb(table).is_listed("cus_anna")


def test_a_write_whose_answer_is_lost_counts_once(table: Table) -> None:
    """DynamoDB wrote, its answer went missing, and the client asks again by itself: the ledger knows the payment."""
    holds(table, "cus_anna", invoice("A1", 100))
    lost: list[AWSResponse] = []

    client: Any = table.client

    def lose(request: Any, **_: Any) -> AWSResponse | None:
        if lost:
            return None
        lost.append(AWSResponse(request.url, 500, HTTPHeaders(), NoBody()))
        assert client._endpoint.http_session.send(request).status_code == 200
        return lost[0]

    client.meta.events.register("before-send.dynamodb.PutItem", lose)
    pays(DynamoLedger(table), "cus_anna", "r1", 40)
    client.meta.events.unregister("before-send.dynamodb.PutItem", lose)
    account = DynamoLedger(table).load("cus_anna")
    assert account
    assert lost
    assert (account.balances, account.version, len(account.payments)) == ({"USD": 60}, 2, 1)
    assert sum(in_dynamodb(table).told("cus_anna").values()) == 1


LONG = "N" * 3_000


def test_a_change_larger_than_an_item_is_written_whole_and_is_one_version(table: Table) -> None:
    made = [replace(invoice(f"{n}", 1), number=LONG) for n in range(400)]
    after = holds(table, "cus_anna", *made)
    items = list(table.query(partition("cus_anna"), LEDGER))
    assert [(item["sk"], item["version"]) for item in items][:2] == [
        ("LEDGER#0000000001", 1),
        ("LEDGER#0000000001#01", 1),
    ]
    assert (items[0]["parts"], len(items), after.version) == (len(items), len(items), 1)
    assert DynamoLedger(table).load("cus_anna") == after
    pays(DynamoLedger(table), "cus_anna", "r1", 40)
    loaded = DynamoLedger(table).load("cus_anna")
    assert loaded
    assert (loaded.version, loaded.balances) == (2, {"USD": 360})


def test_a_reading_between_the_parts_of_a_change_is_repeated(table: Table) -> None:
    after = holds(table, "cus_anna", *[replace(invoice(f"{n}", 1), number=LONG) for n in range(400)])
    torn: list[int] = []

    def tear(parsed: Any, **_: Any) -> None:
        if not torn:
            torn.append(len(parsed["Items"]))
            parsed["Items"] = parsed["Items"][:2]
            parsed.pop("LastEvaluatedKey", None)

    table.client.meta.events.register("after-call.dynamodb.Query", tear)
    assert DynamoLedger(table).load("cus_anna") == after
    assert torn


def test_what_no_transaction_takes_is_refused_with_a_reason(table: Table) -> None:
    dice = Random(1)  # what is made by chance cannot be packed
    made = [replace(invoice(f"{n}", 1), number=dice.randbytes(3_000).hex()) for n in range(1_400)]
    with pytest.raises(InvalidInputError, match="divide it"):
        holds(table, "cus_anna", *made)
    assert DynamoLedger(table).load("cus_anna") is None


# --- costs: counted, not timed ---


@pytest.fixture
def meter(table: Table) -> Meter:
    return Meter(table.client)


def test_a_payment_over_five_hundred_open_invoices_is_one_item_and_no_transaction(table: Table, meter: Meter) -> None:
    made = [invoice(f"{n:03}", 100 + n) for n in range(500)]
    account = holds(table, "cus_anna", *made)
    named = tuple(Direction(one.invoice_id, one.amount_minor) for one in made[:-1])
    total = sum(direction.amount_minor for direction in named)
    paid = post_payment(
        account, method="test", reference="r", currency="USD", amount_minor=total, received_at=AT, directed_to=named
    )
    meter.reset()
    after = DynamoLedger(table).commit(paid)
    assert (meter.operations, after.balances) == ({"PutItem": 1}, {"USD": made[-1].amount_minor})
    assert meter.write_units <= 32
    undirected = post_payment(after, method="test", reference="s", currency="USD", amount_minor=1, received_at=AT)
    meter.reset()
    DynamoLedger(table).commit(undirected)
    assert (meter.operations, meter.write_units) == ({"PutItem": 1}, 1)
    assert len(list(table.query(partition("cus_anna"), LEDGER))) == 3


def test_an_account_is_read_with_one_query(table: Table, meter: Meter) -> None:
    holds(table, "cus_anna", *[invoice(f"{n}", 1) for n in range(300)])
    for n in range(20):
        pays(DynamoLedger(table), "cus_anna", f"r{n}", 1)
    meter.reset()
    DynamoLedger(table).load("cus_anna")
    assert meter.operations == {"Query": 1}


def test_a_put_is_billed_as_the_meter_reckons(table: Table, meter: Meter) -> None:
    """DynamoDB Local says what it would bill for a put; for transactions it doubles twice, so those are reckoned."""
    billed: list[float] = []

    def ask(params: dict[str, Any], **_: Any) -> None:
        params["ReturnConsumedCapacity"] = "INDEXES"

    def note(parsed: Any, **_: Any) -> None:
        if "ConsumedCapacity" in parsed:
            billed.append(parsed["ConsumedCapacity"]["CapacityUnits"])

    account = holds(table, "cus_anna", invoice("A1", 10_000))
    table.client.meta.events.register("provide-client-params.dynamodb.PutItem", ask)
    table.client.meta.events.register("after-call.dynamodb.PutItem", note)
    meter.reset()
    for size in (1, 3, 30, 90):
        named = tuple(Direction(f"inv_{n}", 1) for n in range(size))
        made = Entry(f"pay_{size}", EntryKind.PAYMENT, "USD", size, TODAY, directed_to=named)
        account = DynamoLedger(table).commit(post(account, made, AT))
    if not any(billed):
        pytest.skip("the local AWS does not say what it would bill")
    assert sum(billed) == meter.write_units


def test_an_import_costs_little_an_invoice_and_an_unchanged_one_nothing(table: Table, meter: Meter) -> None:
    rows = [invoice_record("X", f"A-{n}", issued_on=TODAY - timedelta(days=n % 30)) for n in range(60)]
    ledger = DynamoLedger(table)
    assert taken(ledger, rows, ORIGIN) == 60
    assert meter.operations == {"Query": 1, "PutItem": 2}, "the account, and its place on the work list"
    one = replace(rows[0], invoice_number="A-60")
    meter.reset()
    assert taken(ledger, [one], ORIGIN) == 1
    assert (meter.operations, meter.write_units) == ({"Query": 1, "PutItem": 1}, 1)
    meter.reset()
    assert taken(ledger, [*rows, one], ORIGIN) == 0
    assert (meter.operations, meter.write_units) == ({"Query": 1}, 0)


def taken(ledger: DynamoLedger, rows: Sequence[Row], origin: Origin) -> int:
    """Import one customer's rows; how many invoices are new."""
    who = customer_id(origin.creditor_id, origin.source, number_of(rows[0]))
    new = 0
    for change in import_records(ledger.load(who), rows, origin).changes:
        new += len(change.invoices.keys() - change.account.invoices.keys())
        ledger.commit(change)
    return new


def number_of(row: Row) -> str:
    return (row.invoice if isinstance(row, Receivable) else row).customer_number


WRITE_UNITS = 2.5
"""An invoice may cost so many on average, indexes included."""


def test_the_portfolio_costs_little_an_invoice_at_once_and_day_by_day(table: Table, meter: Meter) -> None:
    accounts = rows_by_customer(portfolio(40).content)
    for source, by_day in (("at once", False), ("daily", True)):
        units = new = 0
        for rows in list(accounts.values())[: 12 if by_day else None]:
            days = sorted({row.invoice.issued_on for row in rows}) if by_day else [AS_OF]
            for day in days:
                meter.reset()
                sent = [row for row in rows if not by_day or row.invoice.issued_on == day]
                new += taken(DynamoLedger(table), sent, Origin("bench", source, day, NOW))
                units += meter.write_units
                settled = [row for row in rows if by_day and row.invoice.settled_on == day]
                taken(DynamoLedger(table), settled, Origin("bench", source, day, NOW)) if settled else None
        assert 0 < units <= WRITE_UNITS * new, f"{source}: {units / new:.2f} units an invoice"
        assert "TransactWriteItems" not in meter.operations


def test_the_real_receivables_cost_little_an_invoice(table: Table, meter: Meter) -> None:
    if not IBM.exists():
        pytest.skip(f"IBM's receivables sample is not at {IBM}: DUNWELL_SHARED says where.")
    accounts = list(rows_by_customer(IBM.read_bytes()).values())[:40]
    origin = Origin("bench", "ibm", max(row.invoice.due_on for rows in accounts for row in rows), NOW)
    new = sum(taken(DynamoLedger(table), rows, origin) for rows in accounts)
    assert new == sum(map(len, accounts))
    assert meter.write_units <= WRITE_UNITS * new


def rows_by_customer(content: bytes) -> dict[str, list[Receivable]]:
    found = defaultdict[str, list[Receivable]](list)
    for batch in read_rows(content, mappings()).batches:
        assert not batch.rejects
        for row in batch.records:
            assert isinstance(row, Receivable)
            found[number_of(row)].append(row)
    return found
