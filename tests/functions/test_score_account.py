"""Scoring on demand: one account anew, soon after it changed, and no oftener than it changed."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError

from dunwell.accounts.model import CustomerKind
from dunwell.ledger.model import Account
from dunwell.scoring.assessment import Basis
from functions.score_account import app as score_account
from tests.support.invocation import lambda_context, set_variables, sqs_event
from tests.support.memory import InMemoryCollection, InMemoryLedger
from tests.support.outreach import NOW, TODAY, overdue
from tests.support.portal import account, customer
from tests.unit.scoring.stand_in import ByHandScorer


@pytest.fixture(autouse=True)
def _variables(monkeypatch: pytest.MonkeyPatch) -> None:
    set_variables(monkeypatch)


class CountingLedger(InMemoryLedger):
    """Remembers who was loaded; one account cannot be."""

    def __init__(self, *accounts: Account, broken: str = "") -> None:
        super().__init__(*accounts)
        self.loaded: list[str] = []
        self.broken = broken

    def load(self, customer_id: str) -> Account | None:
        self.loaded.append(customer_id)
        if customer_id == self.broken:
            raise EndpointConnectionError(endpoint_url="dynamodb")
        return super().load(customer_id)


def owing(customer_id: str = "cus_1", version: int = 5) -> Account:
    return replace(account(overdue(12), who=customer(customer_id)), version=version)


def imported(customer_id: str, version: int) -> dict[str, Any]:
    return {"detail-type": "ReceivablesImported", "detail": {"customer_id": customer_id, "data": {"version": version}}}


def paid(customer_id: str) -> dict[str, Any]:
    return {"detail-type": "PaymentApplied", "detail": {"customer_id": customer_id, "data": {"amount_minor": 100}}}


def handle(
    *bodies: Any, ledger: InMemoryLedger, store: InMemoryCollection, model: Any = None, days: int = 0
) -> list[str]:
    """The ids of the messages that failed."""
    found = score_account.handler(
        sqs_event(*bodies),
        lambda_context(),
        ledger=ledger,
        store=store,
        model=model or ByHandScorer(),
        now=NOW + timedelta(days=days),
    )
    return [one["itemIdentifier"] for one in found["batchItemFailures"]]


def test_an_account_that_changed_is_scored_as_of_today_and_in_its_present_version() -> None:
    ledger, store = CountingLedger(owing(version=7)), InMemoryCollection()
    assert handle(paid("cus_1"), ledger=ledger, store=store) == []
    assert store.basis("cus_1") == Basis(TODAY, 7)
    assert store.assessments["cus_1"].invoices


def test_a_hundred_changes_of_one_account_in_a_batch_are_one_score() -> None:
    ledger, store, model = CountingLedger(owing(version=100)), InMemoryCollection(), ByHandScorer()
    bodies = [imported("cus_1", version) for version in range(1, 101)]
    assert handle(*bodies, ledger=ledger, store=store, model=model) == []
    assert (ledger.loaded, len(model.calls)) == (["cus_1"], 1)


def test_changes_that_a_score_of_today_has_seen_are_not_even_read() -> None:
    ledger, store, model = CountingLedger(owing(version=100)), InMemoryCollection(), ByHandScorer()
    handle(imported("cus_1", 40), ledger=ledger, store=store, model=model)
    for version in (41, 70, 100):
        assert handle(imported("cus_1", version), ledger=ledger, store=store, model=model) == []
    assert (ledger.loaded, len(model.calls)) == (["cus_1"], 1)


def test_an_event_that_comes_again_scores_nothing_while_the_account_stands_as_it_was() -> None:
    ledger, store, model = CountingLedger(owing()), InMemoryCollection(), ByHandScorer()
    for _ in range(3):
        assert handle(paid("cus_1"), ledger=ledger, store=store, model=model) == []
    assert len(model.calls) == 1


def test_a_later_version_and_a_later_day_are_scored_anew() -> None:
    store, model = InMemoryCollection(), ByHandScorer()
    handle(paid("cus_1"), ledger=InMemoryLedger(owing(version=5)), store=store, model=model)
    handle(paid("cus_1"), ledger=InMemoryLedger(owing(version=6)), store=store, model=model)
    assert store.basis("cus_1") == Basis(TODAY, 6)
    handle(paid("cus_1"), ledger=InMemoryLedger(owing(version=6)), store=store, model=model, days=1)
    assert store.basis("cus_1") == Basis(TODAY + timedelta(days=1), 6)
    assert len(model.calls) == 3


def test_a_score_dated_ahead_by_a_wrong_clock_does_not_stand_until_that_day() -> None:
    store, model = InMemoryCollection(), ByHandScorer()
    handle(paid("cus_1"), ledger=InMemoryLedger(owing(version=9)), store=store, model=model, days=365)
    assert handle(paid("cus_1"), ledger=InMemoryLedger(owing(version=9)), store=store, model=model) == []
    assert (store.basis("cus_1"), len(model.calls)) == (Basis(TODAY, 9), 2)


def test_a_slow_worker_does_not_put_an_older_score_over_a_newer_one() -> None:
    store = InMemoryCollection()
    handle(paid("cus_1"), ledger=InMemoryLedger(owing(version=9)), store=store)
    newer = store.assessments["cus_1"]
    store.assess([replace(newer, account_version=8, risk_permille=1)])
    assert store.assessments["cus_1"] == newer


def test_messages_that_cannot_be_read_and_accounts_that_cannot_be_loaded_fail_alone() -> None:
    ledger, store = CountingLedger(owing("cus_1"), owing("cus_2"), broken="cus_2"), InMemoryCollection()
    bodies: tuple[Any, ...] = ("not json", paid("cus_2"), paid("cus_1"), {"detail": {}}, paid("cus_2"))
    assert sorted(handle(*bodies, ledger=ledger, store=store)) == ["m0", "m1", "m3", "m4"]
    assert set(store.assessments) == {"cus_1"}


@pytest.mark.parametrize("who", ["cus_none", "cus_paid", "cus_internal"])
def test_who_is_unknown_owes_nothing_or_is_nobody_gets_no_score(who: str) -> None:
    internal = owing("cus_internal")
    ledger = InMemoryLedger(
        account(who=customer("cus_paid")),
        replace(internal, customer=replace(internal.customer, kind=CustomerKind.SUSPENSE)),
    )
    store = InMemoryCollection()
    assert handle(paid(who), ledger=ledger, store=store) == []
    assert store.assessments == {}
