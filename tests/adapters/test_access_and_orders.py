"""Links, codes, sessions and orders in DynamoDB, and the same of the fakes that other tests stand on."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

import boto3
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dunwell.accounts.access import AccessStore, Link, PendingCode, Purpose, Session, Tries
from dunwell.errors import ConflictError
from dunwell.payments.order import CheckoutOrder, OrderLine, OrderStatus
from dunwell.payments.ports import OrderStore
from dunwell_aws.access import DynamoAccessStore
from dunwell_aws.orders import DynamoOrderStore
from dunwell_aws.table import Table
from tests.support.portal import NOW, InMemoryAccessStore, InMemoryOrderStore

ROOT = Path(__file__).resolve().parents[2]
EMULATOR = ROOT / ".local" / "ms" / "bin" / "ministack"
LINK = Link("h_link", "cus_anna", Purpose.ACCOUNT, NOW + timedelta(days=30), "h_address")
CODE = PendingCode("h_code", "h_link", "cus_anna", "mac", NOW + timedelta(minutes=15))
SESSION = Session("h_session", "cus_anna", NOW, NOW)
ORDER = CheckoutOrder("ord_1", "cus_anna", "USD", (OrderLine("inv_1", "A1", 5), OrderLine("inv_2", "A2", 6)), NOW)


@pytest.fixture(scope="module")
def dynamodb() -> Iterator[Any]:
    """A client of DynamoDB in the emulator, which ends with the module."""
    if not EMULATOR.exists():
        pytest.skip("the emulator is not installed: uv sync --only-group emulator into .local/ms")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {"PATH": os.environ["PATH"], "BIND_HOST": "127.0.0.1", "GATEWAY_PORT": str(port)}
    process = subprocess.Popen(
        [EMULATOR], env=environment | {"LOG_LEVEL": "ERROR", "IOT_MTLS_ENABLED": "0"}, stdout=sys.stderr
    )
    try:
        _wait_for(f"http://127.0.0.1:{port}/_ministack/health")
        yield boto3.client(
            "dynamodb",
            endpoint_url=f"http://127.0.0.1:{port}",
            region_name="us-east-1",
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )
    finally:
        process.terminate()
        process.wait(10)


def _wait_for(url: str) -> None:
    for _ in range(200):
        try:
            urlopen(url, timeout=1).close()
        except (URLError, OSError):
            time.sleep(0.05)
        else:
            return
    pytest.fail("the emulator did not start")


def _table(dynamodb: Any, name: str) -> Table:
    dynamodb.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in ("pk", "sk")],
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
    )
    return Table(dynamodb, name)


@pytest.fixture(params=["fake", "dynamodb"])
def store(request: pytest.FixtureRequest) -> AccessStore:
    if request.param == "fake":
        return InMemoryAccessStore()
    return DynamoAccessStore(_table(request.getfixturevalue("dynamodb"), f"access-{time.monotonic_ns()}"))


@pytest.fixture(params=["fake", "dynamodb"])
def orders(request: pytest.FixtureRequest) -> OrderStore:
    if request.param == "fake":
        return InMemoryOrderStore()
    return DynamoOrderStore(_table(request.getfixturevalue("dynamodb"), f"orders-{time.monotonic_ns()}"))


def test_what_is_kept_comes_back_as_it_was(store: AccessStore) -> None:
    store.add_link(LINK)
    store.add_code(CODE)
    store.count_try(Tries("h_link", 1, NOW, 1))
    store.start_session(CODE, SESSION)
    assert store.link("h_link") == LINK
    assert store.code("h_code") == replace(CODE, used=True)
    assert store.session("h_session") == SESSION
    assert store.tries("h_link") is None


def test_what_was_never_kept_is_not_there(store: AccessStore) -> None:
    assert (store.link("x"), store.code("x"), store.session("x"), store.tries("x")) == (None, None, None, None)


def test_a_code_starts_one_session_however_many_try_at_once(store: AccessStore) -> None:
    store.add_code(CODE)

    def start(number: int) -> bool:
        try:
            store.start_session(CODE, replace(SESSION, token_hash=f"h_{number}"))
        except ConflictError:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(start, range(16))) == 1
    assert sum(store.session(f"h_{number}") is not None for number in range(16)) == 1


def test_simultaneous_tries_are_all_counted_or_refused(store: AccessStore) -> None:
    first = Tries("h_link", 1, NOW, 1)
    store.count_try(first)
    with pytest.raises(ConflictError):
        store.count_try(first)
    store.count_try(first.next(NOW))
    with pytest.raises(ConflictError):
        store.count_try(first.next(NOW))
    assert store.tries("h_link") == Tries("h_link", 2, NOW, 2)


def test_a_session_that_was_ended_does_not_come_back(store: AccessStore) -> None:
    store.add_code(CODE)
    store.start_session(CODE, SESSION)
    later = replace(SESSION, seen_at=NOW + timedelta(minutes=5))
    store.touch(later)
    assert store.session("h_session") == later
    store.end_session("h_session")
    store.touch(later)
    store.end_session("h_session")
    assert store.session("h_session") is None


def test_items_end_by_the_real_clock_after_the_rules_own_times(dynamodb: Any) -> None:
    table = _table(dynamodb, "ttl-of-access")
    store = DynamoAccessStore(table)
    store.add_link(LINK)
    store.add_code(CODE)
    found = table.get("h_link", "LINK"), table.get("h_code", "CODE")
    link_ends, code_ends = (stored["ttl"] - time.time() for stored in found if stored)
    assert 30 * 86_400 < link_ends <= 31 * 86_400
    assert 15 * 60 < code_ends <= 86_400 + 15 * 60


def test_an_order_is_kept_under_its_version_and_its_customer(orders: OrderStore) -> None:
    orders.save(ORDER)
    with pytest.raises(ConflictError):
        orders.save(ORDER)
    paid = replace(ORDER, status=OrderStatus.PAID, payment_reference="pi_1", version=2)
    orders.save(paid)
    with pytest.raises(ConflictError):
        orders.save(replace(ORDER, checkout_url="https://x", version=2))
    assert orders.order("cus_anna", "ord_1") == paid
    assert orders.orders("cus_anna") == [paid]
    assert orders.order("cus_bert", "ord_1") is None
    assert orders.orders("cus_bert") == []


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(max_size=40))
def test_no_order_id_that_a_browser_sends_reaches_anything_else(dynamodb: Any, order_id: str) -> None:
    table = Table(dynamodb, "hostile-orders")
    if "hostile-orders" not in dynamodb.list_tables()["TableNames"]:
        _table(dynamodb, "hostile-orders")
        DynamoOrderStore(table).save(ORDER)
    found = DynamoOrderStore(table).order("cus_anna", order_id)
    assert found is None or order_id == "ord_1"
