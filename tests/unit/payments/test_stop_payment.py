"""One debit is stopped by the customer before it is made; the debt and the other debits stay."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from dunwell.arrangements.policy import ArrangementPolicy
from dunwell.errors import RefusedError
from dunwell.ledger.change import Change
from dunwell.ledger.debits import AttemptStatus
from dunwell.ledger.entry import Entry, EntryKind
from dunwell.ledger.model import Account
from dunwell.ledger.update import update
from dunwell.payments.stop_payment import coming_debits, stop_debit
from dunwell_aws.agreed import PolicyArrangements
from tests.support.agreements import attempt, method
from tests.support.debits import AGREED_AT, DUE_ON, MORNING, DebitWorld, debtor, plan

FIRST, SECOND = "agr_1#1", "agr_1#2"
BEFORE = date(2026, 11, 24)


def coming(world: DebitWorld) -> list[tuple[str, int, date]]:
    unpaid = PolicyArrangements(world.policy).unpaid
    return [(one.purpose, one.amount_minor, one.on) for one in coming_debits(world.account, unpaid, BEFORE)]


def stop(world: DebitWorld, purpose: str) -> Account:
    def decide(account: Account) -> Change:
        return stop_debit(account, purpose, PolicyArrangements(world.policy).unpaid, BEFORE, AGREED_AT)

    return update(world.store, "cus_anna", decide)


def test_what_will_be_debited_is_known_before() -> None:
    assert coming(DebitWorld(debtor(plan()))) == [(FIRST, 60_00, DUE_ON), (SECOND, 65_50, date(2027, 1, 4))]


def test_a_stopped_debit_is_never_made_and_the_next_one_is() -> None:
    world = DebitWorld(debtor(plan()))
    stop(world, FIRST)
    assert [purpose for purpose, _, _ in coming(world)] == [SECOND]
    world.collect(MORNING)
    assert world.bank.asked == []
    assert world.account.balances == {"USD": 125_50}
    stop(world, FIRST)
    assert len(world.account.attempts) == 1


def test_an_invoice_on_automatic_payment_is_stopped_alone() -> None:
    world = DebitWorld(debtor(methods=(method(words="I agree.", autopay=True),)))
    purposes = [purpose for purpose, _, _ in coming(world)]
    stop(world, purposes[0])
    for ahead in range(20):
        world.on_day(DUE_ON + timedelta(days=ahead))
    assert [purpose for purpose, _ in world.bank.charged] == purposes[1:]


def test_a_debit_to_come_is_never_shown_for_a_day_before_its_notice_is_old_enough() -> None:
    """Two invoices were due weeks ago when automatic payment was switched on; once they are announced, that day."""
    world = DebitWorld(debtor(methods=(method(words="I agree.", autopay=True),)))
    assert {on for _, _, on in coming(world)} == {BEFORE + timedelta(days=10)}
    world.collect(AGREED_AT + timedelta(days=1))
    assert {on for _, _, on in coming(world)} == {date(2026, 12, 4)}
    unpaid = PolicyArrangements(world.policy).unpaid
    late = coming_debits(world.account, unpaid, date(2026, 12, 6))
    assert {one.on for one in late} == {date(2026, 12, 6)}


def test_the_rest_of_a_debit_made_in_part_is_shown_and_one_that_waits_for_its_retry_on_its_day() -> None:
    made = attempt(status=AttemptStatus.SUCCEEDED, amount_minor=45_00, started_at=MORNING)
    retried = replace(made, status=AttemptStatus.FAILED, next_on=date(2026, 12, 4))
    paid = Entry("pay_1", EntryKind.PAYMENT, "USD", 45_00, DUE_ON, MORNING, "stripe", "pi_1#succeeded")
    unpaid = PolicyArrangements(ArrangementPolicy()).unpaid
    for one, entries, on, amount in (
        (made, {"pay_1": paid}, DUE_ON + timedelta(days=1), 15_00),
        (retried, {}, date(2026, 12, 4), 60_00),
    ):
        mine = debtor(plan(), attempts={one.attempt_id: one}, entries=entries)
        first = coming_debits(mine, unpaid, DUE_ON + timedelta(days=1))[0]
        assert (first.purpose, first.amount_minor, first.on) == (FIRST, amount, on)


def test_what_was_debited_or_is_nobodys_cannot_be_stopped() -> None:
    world = DebitWorld(debtor(plan()))
    world.collect(MORNING)
    for purpose in (FIRST, "agr_2#1", ""):
        with pytest.raises(RefusedError):
            stop(world, purpose)


def test_nothing_comes_from_a_method_that_cannot_be_debited_or_for_what_is_paid_by_hand() -> None:
    by_hand = plan()
    assert by_hand.authorisation
    by_hand = replace(by_hand, authorisation=replace(by_hand.authorisation, method_id=""))
    assert coming(DebitWorld(debtor(by_hand))) == []
