"""Checkpoints in DynamoDB: one item a source, and of two writers the slower one is told."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from dunwell.ingestion.syncing import Checkpoint, Mark, Phase
from dunwell.payments.reconciling import Apart, Reconciliation, Step
from dunwell_aws.checkpoints import DynamoCheckpoints
from dunwell_aws.reconciliations import DynamoReconciliations
from dunwell_aws.table import Table
from tests.support.emulator import running_emulator
from tests.support.template import create_table_call


@pytest.fixture(scope="module")
def table() -> Iterator[Table]:
    with running_emulator() as emulator:
        client = emulator.client("dynamodb")
        client.create_table(**create_table_call("LedgerTable", "ledger"))
        yield Table(client, "ledger")


def test_a_place_comes_back_as_it_was_stored(table: Table) -> None:
    places = DynamoCheckpoints(table)
    assert places.checkpoint("stripe") is None
    first = Checkpoint("stripe", stream="invoices", after="in_1", mark=Mark("evt_1", 1_790_000_000), version=1)
    assert places.save(first)
    assert places.checkpoint("stripe") == first
    following = Checkpoint("stripe", Phase.FOLLOWING, mark=Mark("evt_2", 1_790_000_001), version=2)
    assert places.save(following)
    assert places.checkpoint("stripe") == following
    assert places.checkpoint("crm") is None


def test_of_two_runs_that_store_a_place_the_slower_one_is_told(table: Table) -> None:
    places = DynamoCheckpoints(table)
    assert places.save(Checkpoint("race", after="a", version=1))
    assert not places.save(Checkpoint("race", after="b", version=1))
    assert places.save(Checkpoint("race", after="c", version=2))
    assert not places.save(Checkpoint("race", after="d", version=2))
    stored = places.checkpoint("race")
    assert stored
    assert stored.after == "c"


def test_a_reconciliation_comes_back_as_it_was_stored_and_the_slower_of_two_is_told(table: Table) -> None:
    places = DynamoReconciliations(table)
    assert places.last() is None
    first = Reconciliation(1_790_000_000, 1_790_003_600, Step.MONEY, "txn_1", found={"USD": -500, "EUR": 0}, version=1)
    assert places.save(first)
    assert places.last() == first
    apart = (Apart("pi_1", "USD", 500), Apart("pi_2", "", 0, "RefusedError"))
    done = replace(first, done=True, after="", left=apart, suspended={"USD": 9}, version=2)
    assert places.save(done)
    assert not places.save(replace(first, version=2))
    assert places.last() == done
