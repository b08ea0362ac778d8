"""Fees and interest as part of the daily cycle: posted once, in pages, and not at all where the policy has none."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from dunwell.accounts.holds import Hold
from dunwell.accounts.model import Customer
from dunwell.charges.policy import ChargePolicy, ChargeRule, LateFee, Regime
from dunwell.charges.settling import charging_what_accrued
from dunwell.errors import ConflictError
from dunwell.ledger.agreements import AgreementKind, AgreementStatus
from dunwell.ledger.books import Part
from dunwell.ledger.change import Change
from dunwell.ledger.consequences import ConsequentLedger
from dunwell.ledger.entry import Direction, Entry, EntryKind
from dunwell.ledger.model import Account
from dunwell.ledger.posting import post, post_payment
from dunwell.ledger.update import update
from dunwell_aws import portfolio
from dunwell_aws.bootstrap import books
from functions.post_charges import app as post_charges
from tests.support.agreements import agreement
from tests.support.invocation import lambda_context, set_variables
from tests.support.memory import InMemoryLedger
from tests.support.outreach import NOW, POLICY, TODAY, overdue
from tests.support.portal import account, customer

FEE = ChargeRule(Regime.CONTRACT, date(2026, 1, 1), late_fee=LateFee({"USD": 25_00}))
CHARGING = replace(POLICY, charges=ChargePolicy((FEE,)))
INTEREST = replace(POLICY, charges=ChargePolicy((replace(FEE, late_fee=None, interest_percent=Decimal(12)),)))


@pytest.fixture(autouse=True)
def _variables(monkeypatch: pytest.MonkeyPatch) -> None:
    set_variables(monkeypatch)


def portfolio_of(number: int, **who: Any) -> InMemoryLedger:
    return InMemoryLedger(*(account(overdue(12), who=customer(f"cus_{n}", **who)) for n in range(number)))


def run(ledger: InMemoryLedger, policy: Any = CHARGING, context: Any = None, **event: Any) -> dict[str, Any]:
    given = {"worker": 0, "workers": 1, "request": {"as_of": TODAY.isoformat()}} | event
    found = post_charges.handler(given, context or lambda_context(), ledger=ledger, policy=policy, now=NOW)
    passed: dict[str, Any] = json.loads(json.dumps(found))
    return passed


def test_every_late_invoice_gets_its_fee_once_however_often_the_pass_is_run() -> None:
    ledger = portfolio_of(70)
    assert (run(ledger)["charged"], run(ledger)["charged"]) == (70, 0)
    assert {one.balances["USD"] for one in ledger.accounts.values()} == {125_00}
    assert {event.name for event in ledger.events} == {"EntryPosted"}


def test_a_policy_without_charges_reads_no_account() -> None:
    class Unread(InMemoryLedger):
        def load(self, customer_id: str) -> Account | None:
            raise AssertionError("an account was read")

        def open_customer_ids(self, shard: int, after: str = "") -> Iterator[str]:
            raise AssertionError("the work list was read")

    assert run(Unread(*portfolio_of(1).accounts.values()), POLICY)["cursor"] == ""


def test_a_worker_short_of_time_goes_on_where_it_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(portfolio, "PAGE", 2)
    ledger, context, event, calls = portfolio_of(20), lambda_context(), dict[str, Any](), 0
    context.get_remaining_time_in_millis = lambda: 0
    while not calls or event["cursor"]:
        event = run(ledger, context=context, **{"cursor": event.get("cursor", ""), "charged": event.get("charged", 0)})
        calls += 1
    assert (event["charged"], calls > 5) == (20, True)


def test_a_missing_rate_stops_only_the_accounts_that_need_it(caplog: pytest.LogCaptureFixture) -> None:
    uk = ChargeRule(Regime.UK_LATE_PAYMENT, date(2026, 1, 1), currencies=frozenset({"GBP"}))
    ledger = portfolio_of(1)
    pounds = account(overdue(12, currency="GBP"), who=customer("cus_gb"))
    ledger.accounts["cus_gb"] = pounds
    assert run(ledger, replace(POLICY, charges=ChargePolicy((uk, FEE))))["charged"] == 1
    assert not ledger.accounts["cus_gb"].entries
    assert "nothing was charged" in caplog.messages


def test_who_serves_in_the_armed_forces_is_not_charged_and_brought_to_a_persons_eyes(
    caplog: pytest.LogCaptureFixture,
) -> None:
    ledger = portfolio_of(1, holds=(Hold("scra_active_duty", None, NOW - timedelta(days=60)),))
    assert run(ledger)["charged"] == 0
    assert "charges need a person's review" in caplog.messages


def test_an_account_that_changes_meanwhile_is_charged_afresh() -> None:
    ledger = portfolio_of(1)

    def overtaken(_: Change) -> None:
        ledger.before_commit = lambda change: None
        raise ConflictError("somebody was faster")

    ledger.before_commit = overtaken
    assert run(ledger)["charged"] == 1
    assert ledger.accounts["cus_0"].balances == {"USD": 125_00}


def pay(ledger: Any, who: Customer, amount_minor: int) -> Account:
    return update(
        ledger,
        who.customer_id,
        lambda account: post_payment(
            account, method="test", reference="r", currency="USD", amount_minor=amount_minor, received_at=NOW
        ),
    )


def charging(stored: InMemoryLedger, policy: ChargePolicy) -> ConsequentLedger:
    return ConsequentLedger(stored, charging_what_accrued(policy, "America/New_York", lambda: NOW))


def test_what_accrued_is_charged_in_the_write_that_settles_the_invoice() -> None:
    stored = portfolio_of(1)
    ledger = charging(stored, INTEREST.charges)
    paid = pay(ledger, customer("cus_0"), 100_00)
    (interest,) = (entry for entry in paid.entries.values() if entry.kind is EntryKind.INTEREST)
    assert (paid.version, interest.amount_minor, paid.balances) == (2, 39, {"USD": 39})
    assert [event.name for event in stored.events] == ["PaymentApplied", "EntryPosted"]
    assert run(stored, INTEREST)["charged"] == 0


def test_money_is_posted_even_where_a_rate_is_missing() -> None:
    uk = ChargeRule(Regime.UK_LATE_PAYMENT, date(2026, 1, 1), currencies=frozenset({"GBP"}))
    stored = InMemoryLedger(account(overdue(12), overdue(12, "B", currency="GBP"), who=customer("cus_0")))
    ledger = charging(stored, ChargePolicy((uk,)))
    assert pay(ledger, customer("cus_0"), 100_00).balances == {"GBP": 100_00}


def test_what_settles_nothing_is_written_as_it_is() -> None:
    stored = portfolio_of(1)
    ledger = charging(stored, INTEREST.charges)
    assert not pay(ledger, customer("cus_0"), 10_00).books.part_minor("inv_a1", Part.INTEREST)
    assert [*ledger.open_customer_ids(next(iter(range(64))))] == [*stored.open_customer_ids(0)]


def test_agreements_are_judged_by_the_books_with_what_accrued() -> None:
    """What a credit note left of a promise is paid, and the interest that comes up then is still owed."""
    promise = agreement("inv_a1", kind=AgreementKind.PROMISE, amount_minor=100_00, made_at=NOW, pauses_until=TODAY)
    owing = replace(account(overdue(12), who=customer("cus_0")), agreements={promise.agreement_id: promise})
    note = Entry("cn", EntryKind.CREDIT_NOTE, "USD", 5_00, TODAY, NOW, directed_to=(Direction("inv_a1", 5_00),))
    outcomes = {}
    for name, follows in (("as deployed", list), ("the other way round", reversed)):
        stored = InMemoryLedger(owing)
        ledger = ConsequentLedger(stored, *follows(books.consequences(INTEREST, lambda: NOW)))
        update(ledger, "cus_0", lambda read: post(read, note, NOW))
        outcomes[name] = pay(ledger, customer("cus_0"), 95_00).agreements[promise.agreement_id].status
    assert outcomes == {"as deployed": AgreementStatus.ACTIVE, "the other way round": AgreementStatus.COMPLETED}
