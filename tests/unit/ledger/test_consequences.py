"""What follows from a change is written with it, in the order in which the consequences are given."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from dunwell.errors import ConflictError
from dunwell.ledger.change import Change
from dunwell.ledger.consequences import Consequence, ConsequentLedger
from dunwell.ledger.ports import SHARDS
from dunwell.ledger.posting import post_payment
from tests.support.memory import InMemoryLedger
from tests.support.portal import NOW, account, customer, invoice


def paying(amount_minor: int, reference: str) -> Consequence:
    """Pays so much, or what is left where that is less; nothing where nothing is."""

    def follows(change: Change) -> Change:
        before = change.applied()
        paid_minor = min(amount_minor, sum(before.balances.values()))
        if not paid_minor:
            return change
        how: dict[str, Any] = {"method": "test", "reference": reference, "currency": "USD", "received_at": NOW}
        return change.then(post_payment(before, amount_minor=paid_minor, **how))

    return follows


def store(*customers: str) -> InMemoryLedger:
    return InMemoryLedger(*(account(invoice(who, 1_000), who=customer(who)) for who in customers or ("cus_1",)))


def described(stored: InMemoryLedger, customer_id: str = "cus_1") -> Change:
    read = stored.accounts[customer_id]
    return Change(read, replace(read.customer, name="Anna B."))


def amounts(stored: InMemoryLedger, customer_id: str = "cus_1") -> dict[str, int]:
    return {one.reference: one.amount_minor for one in stored.accounts[customer_id].payments.values()}


def test_each_consequence_sees_what_the_earlier_ones_added_and_all_is_one_write() -> None:
    stored = store()
    after = ConsequentLedger(stored, paying(700, "a"), paying(500, "b"), paying(500, "c")).commit(described(stored))
    assert (after.version, after.customer.name) == (2, "Anna B.")
    assert amounts(stored) == {"a": 700, "b": 300}
    stored = store()
    ConsequentLedger(stored, paying(500, "b"), paying(700, "a")).commit(described(stored))
    assert amounts(stored) == {"b": 500, "a": 500}


def test_what_follows_is_not_written_when_somebody_was_faster() -> None:
    stored = store()
    change = described(stored)
    stored.commit(described(stored))
    with pytest.raises(ConflictError):
        ConsequentLedger(stored, paying(700, "a")).commit(change)
    assert amounts(stored) == {}


def test_every_account_of_a_write_has_its_own_consequences() -> None:
    stored = store("cus_1", "cus_2")
    ConsequentLedger(stored, paying(700, "a")).commit(described(stored), described(stored, "cus_2"))
    assert amounts(stored) == amounts(stored, "cus_2") == {"a": 700}


def test_what_is_read_is_what_the_store_has() -> None:
    stored = store("cus_1", "cus_2")
    ledger = ConsequentLedger(stored, paying(700, "a"))
    assert ledger.load("cus_2") == stored.accounts["cus_2"]
    assert ledger.load("cus_x") is None
    shards = range(SHARDS)
    assert sorted(i for one in shards for i in ledger.open_customer_ids(one)) == ["cus_1", "cus_2"]
    assert not [i for one in shards for i in ledger.open_customer_ids(one, "cus_2")]
    until = NOW.date() + timedelta(days=400)
    assert not [i for one in shards for i in ledger.agenda(one, until)]
