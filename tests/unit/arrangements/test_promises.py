"""Promises to pay: kept, kept in part, broken (rule PTP)."""

from datetime import date, timedelta
from typing import Any

import pytest

from dunwell.accounts.holds import Hold
from dunwell.arrangements.evaluate import calendar_of
from dunwell.arrangements.policy import ArrangementPolicy, Authority, PromisePolicy
from dunwell.arrangements.progress import progress
from dunwell.arrangements.promises import PromiseOutcome, outcome
from dunwell.errors import InvalidInputError, NotFoundError, RefusedError
from dunwell.ledger.agreements import Agreement, AgreementStatus
from dunwell.ledger.change import Change
from dunwell.ledger.entry import EntryKind
from tests.support.arrangements import MONDAY, POLICY, ArrangementWorld, at, bill

FRIDAY = date(2026, 7, 3)
TWO_WEEKS_BEFORE = date(2026, 6, 22)


def world(**changes: Any) -> ArrangementWorld:
    return ArrangementWorld(today=TWO_WEEKS_BEFORE, **changes)


def seen(one: ArrangementWorld, agreement: Agreement) -> PromiseOutcome:
    return outcome(progress(one.account, agreement, calendar_of(one.policy), one.today))


def test_a_promise_kept_within_grace_counts_as_kept() -> None:
    one = world()
    promise = one.promised(200_00, FRIDAY)
    one.go_to(date(2026, 7, 6))
    one.pay(200_00)
    one.look()
    assert one.agreement(promise.agreement_id).status is AgreementStatus.COMPLETED
    assert seen(one, promise) is PromiseOutcome.KEPT


def test_less_than_promised_is_a_promise_kept_in_part() -> None:
    one = world()
    promise = one.promised(200_00, FRIDAY)
    one.go_to(date(2026, 7, 6))
    one.pay(190_00)
    assert seen(one, promise) is PromiseOutcome.OPEN
    one.go_to(date(2026, 7, 7))
    change = one.look()
    assert seen(one, promise) is PromiseOutcome.PARTIAL
    assert [step.why for step in one.agreement(promise.agreement_id).steps][-1] == "partial"
    assert [event.data["why"] for event in change.events] == ["partial"]


def test_a_returned_payment_breaks_a_promise_that_was_kept() -> None:
    one = world()
    promise = one.promised(200_00, FRIDAY)
    one.go_to(date(2026, 7, 6))
    payment = one.pay(200_00)
    one.look()
    one.go_to(date(2026, 7, 8))
    one.reverse(payment)
    one.look()
    assert one.agreement(promise.agreement_id).status is AgreementStatus.BROKEN
    assert seen(one, promise) is PromiseOutcome.BROKEN


def test_money_that_comes_after_the_grace_is_too_late() -> None:
    one = world()
    promise = one.promised(200_00, FRIDAY)
    one.go_to(date(2026, 7, 7))
    one.pay(200_00)
    one.look()
    assert one.agreement(promise.agreement_id).status is AgreementStatus.BROKEN


def test_a_payment_of_before_the_promise_does_not_keep_it() -> None:
    one = world()
    one.pay(50_00)
    one.go_to(TWO_WEEKS_BEFORE + timedelta(days=1))
    promise = one.promised(50_00, FRIDAY)
    assert seen(one, promise) is PromiseOutcome.OPEN
    assert promise.debts[0].amount_minor == 250_00


def test_an_announced_debit_is_not_money_yet_for_a_promise() -> None:
    one = world()
    promise = one.promised(200_00, FRIDAY)
    one.go_to(FRIDAY)
    pending = one.entry(EntryKind.PENDING, 200_00)
    one.go_to(date(2026, 7, 7))
    one.look()
    one.pay(200_00, of=pending)
    assert one.agreement(promise.agreement_id).status is AgreementStatus.BROKEN


def test_what_policy_tolerates_counts_as_all() -> None:
    one = world(policy=ArrangementPolicy(promises=PromisePolicy(tolerance_permille=950)))
    promise = one.promised(200_00, FRIDAY)
    one.pay(190_00)
    assert seen(one, promise) is PromiseOutcome.KEPT


def test_a_promise_of_what_was_written_down_meanwhile_is_kept_by_the_rest() -> None:
    one = world()
    promise = one.promised(300_00, FRIDAY)
    one.entry(EntryKind.CREDIT_NOTE, 100_00, reason="return")
    assert seen(one, promise) is PromiseOutcome.OPEN
    one.pay(200_00)
    assert seen(one, promise) is PromiseOutcome.KEPT


def test_a_promise_is_not_broken_while_its_debt_is_contested_or_on_hold() -> None:
    one = world()
    promise = one.promised(200_00, FRIDAY)
    one.go_to(date(2026, 7, 2))
    contest = one.entry(EntryKind.DISPUTE, 300_00)
    one.look_until(date(2026, 7, 20))
    assert one.agreement(promise.agreement_id).status is AgreementStatus.ACTIVE
    one.entry(EntryKind.DISPUTE_END, 300_00, of=contest)
    one.look_until(date(2026, 7, 23))
    assert one.agreement(promise.agreement_id).status is AgreementStatus.BROKEN


@pytest.mark.parametrize(
    ("kind", "invoice_id"),
    [
        ("breathing_space", None),
        ("attorney", "inv_a"),
        ("paid_or_settled", "inv_a"),
        ("deceased", "inv_of_another_debt"),
    ],
)
def test_a_hold_under_which_nothing_is_debited_excuses_for_as_long_as_it_stands(
    kind: str, invoice_id: str | None
) -> None:
    one = world()
    promise = one.promised(200_00, FRIDAY)
    hold = Hold(kind, invoice_id, at(date(2026, 7, 1)), until=at(date(2026, 7, 29)))
    one.write(lambda read: Change(read, read.customer.with_hold(hold)))
    one.look_until(date(2026, 7, 30))
    assert one.agreement(promise.agreement_id).status is AgreementStatus.ACTIVE
    one.look_until(date(2026, 8, 4))
    assert one.agreement(promise.agreement_id).status is AgreementStatus.BROKEN


@pytest.mark.parametrize(("kind", "invoice_id"), [("cease", None), ("attorney", "inv_of_another_debt")])
def test_a_hold_that_leaves_the_debt_alone_excuses_nobody(kind: str, invoice_id: str | None) -> None:
    one = world()
    promise = one.promised(200_00, FRIDAY)
    hold = Hold(kind, invoice_id, at(date(2026, 7, 1)))
    one.write(lambda read: Change(read, read.customer.with_hold(hold)))
    one.look_until(date(2026, 7, 20))
    assert one.agreement(promise.agreement_id).status is AgreementStatus.BROKEN


def test_a_promise_pauses_until_its_grace_is_over_whether_or_not_anybody_looks() -> None:
    one = world()
    one.promised(200_00, FRIDAY)
    assert one.account.paused_invoices(date(2026, 7, 6)) == {"inv_a"}
    assert one.account.paused_invoices(date(2026, 7, 7)) == frozenset()


def test_a_promised_saturday_is_the_next_day_on_which_banks_work() -> None:
    one = world()
    assert one.promised(200_00, date(2026, 7, 4)).instalments[0].due_on == date(2026, 7, 6)


def test_the_same_form_twice_is_one_promise() -> None:
    one = world()
    assert one.promised(200_00, FRIDAY) == one.promised(200_00, FRIDAY)
    assert one.events == ["AgreementMade"]
    with pytest.raises(RefusedError, match="agreement already"):
        one.promised(100_00, FRIDAY)


def test_a_promise_takes_the_place_of_the_one_before_in_one_write() -> None:
    one = world()
    old = one.promised(200_00, FRIDAY)
    version = one.account.version
    for _ in range(2):
        new = one.promised(100_00, FRIDAY, replacing=old.agreement_id)
        assert (one.account.version, new.replaces) == (version + 1, old.agreement_id)
    gone = one.agreement(old.agreement_id)
    assert (gone.status, gone.steps[-1].why) == (AgreementStatus.CANCELLED, "replaced")
    assert one.events == ["AgreementMade", "AgreementEnded", "AgreementMade"]


def test_a_promise_stands_when_the_one_that_was_to_replace_it_is_refused() -> None:
    one = world()
    old = one.promised(200_00, FRIDAY)
    with pytest.raises(InvalidInputError):
        one.promised(400_00, FRIDAY, replacing=old.agreement_id)
    assert one.agreement(old.agreement_id).is_standing
    with pytest.raises(NotFoundError):
        one.promised(100_00, FRIDAY, replacing="agr_other")


def test_a_promise_that_ended_meanwhile_is_not_replaced_and_the_new_one_stands() -> None:
    one = world()
    old = one.promised(200_00, FRIDAY)
    one.desk.cancel("cus_anna", old.agreement_id, who="customer", at=one.now)
    new = one.promised(100_00, FRIDAY, replacing=old.agreement_id)
    assert (new.replaces, new.is_standing) == ("", True)
    assert [step.why for step in one.agreement(old.agreement_id).steps][-1] == "cancelled"


def test_after_two_broken_promises_a_customer_asks_an_agent() -> None:
    one = ArrangementWorld()
    for _ in range(2):
        one.promised(10_00, one.today)
        one.look_until(one.today + timedelta(days=7))
    with pytest.raises(RefusedError, match="not kept"):
        one.promised(10_00, one.today)
    assert one.promised(10_00, one.today, who="agent:jo", authority=Authority.AGENT).made_by == "agent:jo"
    one.look_until(one.today + timedelta(days=100))
    assert one.promised(10_00, one.today)


@pytest.mark.parametrize(
    ("amount_minor", "on", "error", "words"),
    [
        (0, FRIDAY, InvalidInputError, "more than zero"),
        (-1, FRIDAY, InvalidInputError, "more than zero"),
        (300_01, FRIDAY, InvalidInputError, r"Only \$300.00"),
        (10_00, TWO_WEEKS_BEFORE - timedelta(days=1), InvalidInputError, "has passed"),
        (10_00, TWO_WEEKS_BEFORE + timedelta(days=15), InvalidInputError, "up to 2026-07-06"),
    ],
)
def test_a_promise_that_cannot_be_meant_is_refused(amount_minor: int, on: date, error: Any, words: str) -> None:
    with pytest.raises(error, match=words):
        world().promised(amount_minor, on)


def test_an_agent_may_agree_to_a_later_day() -> None:
    one = world()
    later = TWO_WEEKS_BEFORE + timedelta(days=40)
    assert one.promised(10_00, later, who="agent:jo", authority=Authority.AGENT).instalments[0].due_on >= later


def test_what_may_not_be_agreed_about_is_refused_by_name_and_left_out_otherwise() -> None:
    one = world(invoices=(bill("A"), bill("B"), bill("C", removed=True), bill("D", currency="EUR")))
    one.entry(EntryKind.DISPUTE, 300_00)
    assert one.promised(10_00, FRIDAY).invoice_ids == ("inv_b",)
    for invoice_id, error, words in (
        ("inv_a", RefusedError, "disputed"),
        ("inv_b", RefusedError, "agreement already"),
        ("inv_c", RefusedError, "withdrawn"),
        ("inv_d", InvalidInputError, "one currency"),
        ("inv_x", NotFoundError, "not on the account"),
    ):
        with pytest.raises(error, match=words):
            one.promised(11_00, FRIDAY, invoice_ids=(invoice_id,))
    with pytest.raises(InvalidInputError, match="at least one"):
        one.promised(11_00, FRIDAY, invoice_ids=())


@pytest.mark.parametrize(
    ("kind", "invoice_id", "words"),
    [
        ("bankruptcy", None, "on hold"),
        ("vulnerable", None, "talk to you"),
        ("attorney", "inv_a", "talk to you"),
        ("deceased", "inv_of_another_debt", "on hold"),
    ],
)
def test_a_hold_stops_promises(kind: str, invoice_id: str | None, words: str) -> None:
    one = world()
    one.write(lambda read: Change(read, read.customer.with_hold(Hold(kind, invoice_id, at(MONDAY)))))
    with pytest.raises(RefusedError, match=words):
        one.promised(10_00, FRIDAY)


@pytest.mark.parametrize(("kind", "invoice_id"), [("cease", None), ("bankruptcy", "inv_of_another_debt")])
def test_a_hold_on_something_else_leaves_promises_to_the_customer(kind: str, invoice_id: str | None) -> None:
    one = world()
    one.write(lambda read: Change(read, read.customer.with_hold(Hold(kind, invoice_id, at(MONDAY)))))
    assert one.promised(10_00, FRIDAY).status is AgreementStatus.ACTIVE


def test_without_promises_in_the_policy_none_is_taken() -> None:
    with pytest.raises(RefusedError, match="not taken"):
        world(policy=ArrangementPolicy(promises=None)).promised(10_00, FRIDAY)
    assert POLICY.promises
