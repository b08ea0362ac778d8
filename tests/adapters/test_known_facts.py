"""What is known of sources' facts, in DynamoDB and in the fake that other tests stand on: one contract."""

import time
from collections.abc import Iterator

import pytest

from dunwell.ingestion.known import Known, KnownFacts
from dunwell_aws.known_facts import DynamoKnownFacts
from dunwell_aws.table import Table
from tests.support.emulator import Emulator, running_emulator
from tests.support.memory import InMemoryKnownFacts
from tests.support.template import create_table_call

FACTS = {b"key001": b"content1", b"key002": b"content2"}


@pytest.fixture(scope="module")
def emulator() -> Iterator[Emulator]:
    with running_emulator() as running:
        yield running


@pytest.fixture(params=["fake", "dynamodb"])
def known(request: pytest.FixtureRequest) -> KnownFacts:
    if request.param == "fake":
        return InMemoryKnownFacts()
    client = request.getfixturevalue("emulator").client("dynamodb")
    name = f"ledger-{time.monotonic_ns()}"
    client.create_table(**create_table_call("LedgerTable", name))
    return DynamoKnownFacts(Table(client, name))


def test_what_is_kept_comes_back_by_customer_and_source(known: KnownFacts) -> None:
    token = known.keep("erp", "cus_1", Known("", FACTS))
    assert token
    assert known.load("erp", ["cus_1", "cus_2", "cus_1"]) == {"cus_1": Known(token, FACTS)}
    assert known.load("crm", ["cus_1"]) == {}


def test_who_has_not_seen_the_last_state_keeps_nothing(known: KnownFacts) -> None:
    first = known.keep("erp", "cus_1", Known("", FACTS))
    assert known.keep("erp", "cus_1", Known("", {})) is None
    second = known.keep("erp", "cus_1", Known(first or "", {}))
    assert second not in (None, first)
    assert known.keep("erp", "cus_1", Known(first or "", FACTS)) is None
    assert known.load("erp", ["cus_1"]) == {"cus_1": Known(second or "", {})}


def test_a_hundred_customers_are_one_look(known: KnownFacts) -> None:
    customers = [f"cus_{n}" for n in range(100)]
    for customer in customers:
        known.keep("erp", customer, Known("", FACTS))
    assert set(known.load("erp", customers)) == set(customers)


def test_a_page_about_nobody_finds_nothing(known: KnownFacts) -> None:
    assert known.load("erp", []) == {}
