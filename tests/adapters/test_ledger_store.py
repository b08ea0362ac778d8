"""The ledger's adapter on the local AWS and on Amazon's own DynamoDB Local: invariants, writers at once, and costs."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from itertools import count
from typing import Any

import pytest
from botocore.awsrequest import AWSResponse
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from dunwell.errors import ConflictError
from dunwell.ingestion.importing import Origin, customer_id, import_records
from dunwell.ledger.change import Change
from dunwell.ledger.entry import Direction, Entry, EntryKind
from dunwell.ledger.model import Account
from dunwell.ledger.posting import post, post_payment
from dunwell.ledger.update import update
from dunwell_aws.ledger import DynamoLedger
from dunwell_aws.table import LEDGER, ON_WORK_LIST, Table, partition
from tests.bench.meter import Meter
from tests.support.dynamodb_local import running_dynamodb_local
from tests.support.emulator import Emulator, running_emulator
from tests.support.ledger_machine import LedgerMachine, invoice_record
from tests.support.portal import customer, invoice
from tests.support.receivables import AT, TODAY
from tests.support.stores import Store, in_dynamodb
from tests.support.template import create_table_call

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
    keys = [{"pk": one["pk"], "sk": one["sk"]} for one in found]
    for start in range(0, len(keys), 25):
        deletes = [{"DeleteRequest": {"Key": {k: {"S": v} for k, v in key.items()}}} for key in keys[start : start + 25]]
        table.client.batch_write_item(RequestItems={table.name: deletes})
    return in_dynamodb(table)


def test_any_mixture_of_facts_repeats_races_and_crashes_leaves_a_ledger_that_adds_up(table: Table) -> None:
    machine = type("InDynamoDB", (LedgerMachine,), {"make_store": staticmethod(lambda: emptied(table))})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=10, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
