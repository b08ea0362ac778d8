"""Writes that clients may repeat, and how often a session may write: in DynamoDB."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from dunwell.accounts.access import Session
from dunwell.errors import ConflictError, RefusedError, TooManyRequestsError
from dunwell_aws.api import Answer
from dunwell_aws.once import Once
from dunwell_aws.rates import WriteRates
from dunwell_aws.table import Table
from tests.support.emulator import running_emulator
from tests.support.portal import NOW
from tests.support.template import create_table_call

SESSION = Session("h_session", "cus_anna", NOW, NOW)


@pytest.fixture(scope="module")
def table() -> Iterator[Table]:
    with running_emulator() as emulator:
        client = emulator.client("dynamodb")
        client.create_table(**create_table_call("AccessTable", "access"))
        yield Table(client, "access")


class Counted:
    """A write that counts how often it ran."""

    def __init__(self) -> None:
        self.ran = 0

    def __call__(self) -> Answer:
        self.ran += 1
        return 201, f'{{"n":{self.ran}}}'


def test_a_repeated_write_gets_the_first_answer(table: Table) -> None:
    once, write = Once(table.client, table.name), Counted()
    assert [once("cus_anna", "key-00001", "asked", write) for _ in range(3)] == [(201, '{"n":1}')] * 3
    assert write.ran == 1


def test_the_same_key_of_another_customer_is_another_write(table: Table) -> None:
    once, write = Once(table.client, table.name), Counted()
    once("cus_anna", "key-00002", "asked", write)
    once("cus_bert", "key-00002", "asked", write)
    assert write.ran == 2


def test_another_request_under_a_used_key_is_refused(table: Table) -> None:
    once, write = Once(table.client, table.name), Counted()
    once("cus_anna", "key-00003", "asked", write)
    with pytest.raises(ConflictError):
        once("cus_anna", "key-00003", "asked for more", write)
    assert write.ran == 1


def test_a_write_that_failed_may_be_tried_again(table: Table) -> None:
    once, write = Once(table.client, table.name), Counted()

    def refused() -> Answer:
        raise RefusedError("not now")

    with pytest.raises(RefusedError):
        once("cus_anna", "key-00004", "asked", refused)
    assert once("cus_anna", "key-00004", "asked", write) == (201, '{"n":1}')


def test_of_simultaneous_tries_one_runs_and_the_others_get_its_answer_or_a_conflict(table: Table) -> None:
    once, write = Once(table.client, table.name), Counted()

    def attempt(_: int) -> Any:
        try:
            return once("cus_anna", "key-00005", "asked", write)
        except ConflictError:
            return "at work"

    with ThreadPoolExecutor(8) as pool:
        answers = set(pool.map(attempt, range(8)))
    assert write.ran == 1
    assert answers <= {(201, '{"n":1}'), "at work"}


def test_a_session_writes_so_often_a_minute_and_no_more(table: Table) -> None:
    rates = WriteRates(table.client, table.name, most=3)
    for _ in range(3):
        rates(SESSION, NOW)
    with pytest.raises(TooManyRequestsError) as refused:
        rates(SESSION, NOW)
    assert refused.value.retry_after_seconds == 60
    rates(SESSION, NOW + timedelta(minutes=1))
    rates(replace(SESSION, token_hash="h_other"), NOW)
