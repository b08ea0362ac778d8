"""Changes of several accounts, in DynamoDB and in memory: all of it is written or nothing, and reads back the same."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from dunwell.charges.policy import ChargePolicy, ChargeRule, Regime
from dunwell.charges.posting import charges_due
from dunwell.charges.settling import charging_what_accrued
from dunwell.errors import ConflictError
from dunwell.ledger.consequences import ConsequentLedger
from dunwell.ledger.entry import Direction, EntryKind
from dunwell.ledger.model import Account
from dunwell.ledger.moving import merge, split, transfer
from tests.adapters.test_ledger_and_collection import Store, emulator, store, table  # noqa: F401 - fixtures
from tests.support.outreach import NOW, TODAY
from tests.support.portal import customer


def facts_of(account: Account | None) -> Any:
    assert account
    return account.customer, account.version, account.invoices, account.entries


def test_a_merger_a_split_and_a_merger_again(store: Store) -> None:  # noqa: F811
    store.holds("A1", who=customer("cus_merge_a", number="1"))
    store.holds("B1", who=customer("cus_merge_b", number="2"))
    store.post(150, customer_id="cus_merge_b")
    kept, absorbed = store.ledger.load("cus_merge_a"), store.ledger.load("cus_merge_b")
    after = store.ledger.commit(*merge(kept, absorbed, NOW, "ada"))
    found = store.ledger.load("cus_merge_b")
    assert facts_of(found) == facts_of(after)
    assert found is not None
    assert (found.balances, found.unapplied) == ({"USD": 50}, {})
    assert found.customer.customer_id == "cus_merge_a"

    first = store.ledger.commit(*split(found, ["inv_b1"], "3", NOW, "ada"))
    (second_id,) = (one.customer_id for one in first.customer.relations if one.kind.value == "split_into")
    second = store.ledger.load(second_id)
    assert facts_of(store.ledger.load("cus_merge_a")) == facts_of(first)
    assert (first.balances, second.balances, second.version > 0) == ({}, {"USD": 50}, True)
    whole = store.ledger.commit(*merge(first, second, NOW, "ada"))
    assert whole.balances == {"USD": 50}


def test_a_merger_that_lost_the_race_for_one_account_changes_neither(store: Store) -> None:  # noqa: F811
    kept = store.holds("A2", who=customer("cus_race_a", number="1"))
    absorbed = store.holds("B2", who=customer("cus_race_b", number="2"))
    changes = merge(kept, absorbed, NOW, "ada")
    store.post(10, customer_id="cus_race_b")
    with pytest.raises(ConflictError):
        store.ledger.commit(*changes)
    assert facts_of(store.ledger.load("cus_race_a")) == facts_of(kept)


def test_suspense_is_transferred_once(store: Store) -> None:  # noqa: F811
    store.holds("A3", who=customer("cus_to", number="1"))
    store.holds(who=customer("cus_from", number="2"))
    store.post(80, customer_id="cus_from")
    suspense, to = store.ledger.load("cus_from"), store.ledger.load("cus_to")
    (payment_id,) = suspense.payments
    store.ledger.commit(*transfer(suspense, payment_id, 60, to, [Direction("inv_a3", 60)], at=NOW))
    suspense, to = store.ledger.load("cus_from"), store.ledger.load("cus_to")
    assert (suspense.unapplied, to.balances) == ({"USD": 20}, {"USD": 40})
    again = transfer(suspense, payment_id, 60, to, [Direction("inv_a3", 60)], at=NOW)
    assert all(change.is_empty for change in again)


def test_what_accrued_is_written_with_the_payment_and_reads_back(store: Store) -> None:  # noqa: F811
    rule = ChargeRule(Regime.CONTRACT, date(2026, 1, 1), interest_percent=Decimal(12))
    policy = ChargePolicy((rule,))
    stored = store.holds("A4", who=customer("cus_interest", number="1"), amount_minor=100_000)
    charged = charging_what_accrued(policy, "America/New_York", lambda: NOW)
    charging = replace(store, ledger=ConsequentLedger(store.ledger, charged))
    after = charging.post(100_000, customer_id="cus_interest")
    found = store.ledger.load("cus_interest")
    assert facts_of(found) == facts_of(after)
    assert after.version == stored.version + 1
    assert {entry.kind for entry in found.entries.values()} == {EntryKind.PAYMENT, EntryKind.INTEREST}
    assert charges_due(found, policy, TODAY, "America/New_York", NOW).is_empty
