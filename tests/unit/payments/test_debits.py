"""Collecting: an instalment is charged once, whatever crashes, comes twice or is lost in between."""

from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest

from dunwell.accounts.holds import Hold
from dunwell.errors import UnavailableError
from dunwell.events import DEBIT_FAILED, DEBIT_PLANNED, INSTALMENT_MISSED, PAYMENT_APPLIED, PAYMENT_METHOD_ENDED
from dunwell.hold_kinds import PAUSING, Activity
from dunwell.ledger.agreements import AgreementStatus
from dunwell.ledger.debits import AttemptStatus, MethodKind, MethodStatus
from dunwell.ledger.entry import Direction, Entry, EntryKind
from dunwell.ledger.posting import post_payment
from dunwell.payments.debits import NOT_MADE
from dunwell.payments.ports import DebitRefusedError
from tests.support.agreements import method
from tests.support.debits import DUE_ON, MORNING, NEW_YORK, PROCESSING, DebitWorld, debtor, declined, plan, told
from tests.support.portal import invoice

SECOND = date(2027, 1, 4)
HOUR = timedelta(hours=1)


def at(day: date, hour: int = 10) -> datetime:
    return datetime(day.year, day.month, day.day, hour, tzinfo=NEW_YORK)


def test_a_plan_is_debited_on_its_days_and_completes() -> None:
    world = DebitWorld(debtor(plan()))
    for ahead in range(50):
        world.on_day(date(2026, 11, 24) + timedelta(days=ahead))
    assert world.bank.charged == [("agr_1#1", 60_00), ("agr_1#2", 65_50)]
    assert [(one.on, one.amount_minor, one.reference) for one in world.account.payments.values()] == [
        (DUE_ON, 60_00, "pi_1#succeeded"),
        (SECOND, 65_50, "pi_2#succeeded"),
    ]
    assert world.account.balances == {}
    assert world.account.agreements["agr_1"].status is AgreementStatus.COMPLETED
    assert world.account.next_look_on is None


def test_the_try_is_stored_before_the_gateway_is_asked() -> None:
    world = DebitWorld(debtor(plan()))
    world.bank.faults = ["down"]
    with pytest.raises(UnavailableError):
        world.collect()
    stored = world.account.attempts["agr_1#1#1"]
    assert (stored.status, stored.next_on, stored.amount_minor) == (AttemptStatus.STARTED, DUE_ON, 60_00)
    assert world.listed(DUE_ON)


def test_a_trigger_that_comes_twice_or_late_debits_once() -> None:
    world = DebitWorld(debtor(plan()))
    for _ in range(3):
        world.collect()
    world.collect(MORNING + timedelta(days=2))
    assert world.bank.asked == ["agr_1#1#1"]


def test_after_a_lost_answer_the_same_payment_is_found_again_even_when_the_gateway_forgot_the_key() -> None:
    world = DebitWorld(debtor(plan()))
    world.bank.faults = ["lost"]
    with pytest.raises(UnavailableError):
        world.collect()
    world.collect(MORNING + timedelta(days=2))
    assert world.bank.asked == ["agr_1#1#1"]
    assert world.account.attempts["agr_1#1#1"].status is AttemptStatus.SUCCEEDED
    assert len(world.account.payments) == 1


def test_a_try_that_never_reached_the_gateway_is_asked_for_again_or_given_up_for_another_once_it_is_old() -> None:
    world = DebitWorld(debtor(plan()))
    world.bank.faults = ["down", ""]
    with pytest.raises(UnavailableError):
        world.collect()
    world.collect(MORNING + timedelta(minutes=2))
    assert world.bank.asked == ["agr_1#1#1", "agr_1#1#1"]
    old = DebitWorld(debtor(plan()))
    old.bank.faults = ["down"]
    with pytest.raises(UnavailableError):
        old.collect()
    old.collect(MORNING + HOUR)
    old.collect(MORNING + 2 * HOUR)
    assert old.account.attempts["agr_1#1#1"].code == NOT_MADE
    assert old.bank.charged == [("agr_1#1", 60_00)]
    assert old.account.attempts["agr_1#1#2"].status is AttemptStatus.SUCCEEDED
    assert not told(old, DEBIT_FAILED)


def test_what_came_between_a_crash_and_the_next_look_counts() -> None:
    """A hold at 14:00 stops what was started at 13:59 and did not reach the gateway."""
    world = DebitWorld(debtor(plan()))
    world.bank.faults = ["down"]
    with pytest.raises(UnavailableError):
        world.collect()
    hold = Hold("bankruptcy", None, MORNING + timedelta(minutes=1))
    world.store.accounts["cus_anna"] = replace(world.account, customer=replace(world.account.customer, holds=(hold,)))
    world.collect(MORNING + timedelta(minutes=2))
    world.on_day(DUE_ON)
    world.on_day(DUE_ON + timedelta(days=1))
    assert world.bank.asked == ["agr_1#1#1"]
    assert not world.bank.made


def test_a_hold_that_is_lifted_lets_the_debit_go_on() -> None:
    hold = Hold("complaint", None, MORNING - timedelta(days=1), until=at(date(2026, 12, 3), 8))
    mine = debtor(plan())
    world = DebitWorld(replace(mine, customer=replace(mine.customer, holds=(hold,))))
    for ahead in range(4):
        world.on_day(DUE_ON + timedelta(days=ahead))
    (payment,) = world.account.payments.values()
    assert payment.on == date(2026, 12, 3)
    assert world.account.agreements["agr_1"].is_standing


def test_money_by_another_way_in_the_morning_of_the_day_leaves_only_the_rest_to_be_debited() -> None:
    world = DebitWorld(debtor(plan()))
    world.now = at(DUE_ON, 7)
    world.ledger.commit(
        post_payment(
            world.account, method="bank", reference="b1", currency="USD", amount_minor=20_00, received_at=world.now
        )
    )
    world.on_day(DUE_ON)
    assert world.bank.charged == [("agr_1#1", 40_00)]


def test_without_money_the_next_payday_is_tried_until_the_cap_and_the_customer_is_told_each_time() -> None:
    world = DebitWorld(debtor(plan(grace_days=60)))
    world.bank.answers = [declined("insufficient_funds", advice="try_again_later")] * 9
    for ahead in range(60):
        world.on_day(DUE_ON + timedelta(days=ahead))
    days = [one.started_at.date() for one in world.account.attempts.values() if one.purpose == "agr_1#1"]
    assert days == [DUE_ON, date(2026, 12, 4), date(2026, 12, 11), date(2026, 12, 15)]
    first = [one for one in told(world, DEBIT_FAILED) if one["attempt_id"].startswith("agr_1#1#")]
    assert [one["outcome"] for one in first] == ["retry", "retry", "retry", "customer"]
    assert [one["next_on"] for one in first] == ["2026-12-04", "2026-12-11", "2026-12-15", None]


def test_a_retry_that_succeeds_keeps_the_plan() -> None:
    world = DebitWorld(debtor(plan()))
    world.bank.answers = [declined("insufficient_funds")]
    for ahead in range(5):
        world.on_day(DUE_ON + timedelta(days=ahead))
    assert world.bank.charged == [("agr_1#1", 60_00)]
    assert world.account.agreements["agr_1"].status is AgreementStatus.ACTIVE


@pytest.mark.parametrize("code", ["lost_card", "stolen_card", "pickup_card", "do_not_try_again"])
def test_a_hard_decline_ends_the_method_and_nothing_is_tried_again(code: str) -> None:
    world = DebitWorld(debtor(plan()))
    world.bank.answers = [declined(code, advice="do_not_try_again")]
    for ahead in range(40):
        world.on_day(DUE_ON + timedelta(days=ahead))
    assert world.bank.asked == ["agr_1#1#1"]
    ended = world.account.methods["pmt_1"]
    assert (ended.status, ended.why) == (MethodStatus.UNUSABLE, code)
    assert [one["outcome"] for one in told(world, DEBIT_FAILED)] == ["stop"]
    assert len(told(world, PAYMENT_METHOD_ENDED)) == 1
    assert world.account.agreements["agr_1"].status is AgreementStatus.BROKEN


def test_a_card_that_wants_its_holder_brings_the_customer_and_is_not_tried_blindly() -> None:
    world = DebitWorld(debtor(plan()))
    world.bank.answers = [declined("authentication_required", failure_code="authentication_required")]
    for ahead in range(4):
        world.on_day(DUE_ON + timedelta(days=ahead))
    assert world.bank.asked == ["agr_1#1#1"]
    assert [one["outcome"] for one in told(world, DEBIT_FAILED)] == ["customer"]
    assert world.account.methods["pmt_1"].is_usable


def test_what_the_gateway_does_not_take_is_a_failed_try_for_the_customer_to_look_at() -> None:
    world = DebitWorld(debtor(plan()))
    world.bank.refusal = DebitRefusedError("amount_too_small")
    world.collect()
    world.collect(MORNING + HOUR)
    assert world.bank.asked == ["agr_1#1#1"]
    (failed,) = told(world, DEBIT_FAILED)
    assert (failed["code"], failed["outcome"]) == ("amount_too_small", "customer")


def bank_world() -> DebitWorld:
    return DebitWorld(debtor(plan(), methods=(method(words="x", kind=MethodKind.BANK_DEBIT, mandate="mandate_1"),)))


def test_a_bank_debit_is_pending_and_nothing_else_is_debited_until_the_bank_answered() -> None:
    world = bank_world()
    world.bank.answers = [PROCESSING]
    for ahead in range(10):
        world.on_day(DUE_ON + timedelta(days=ahead))
    assert world.bank.asked == ["agr_1#1#1"]
    assert [one.kind for one in world.account.entries.values()] == [EntryKind.PENDING]
    assert world.account.attempts["agr_1#1#1"].status is AttemptStatus.PROCESSING
    assert world.account.agreements["agr_1"].is_standing
    assert not world.account.payments


def test_automatic_payment_tells_of_each_debit_and_makes_it_on_the_day_it_told() -> None:
    mine = debtor(methods=(method(words="x", autopay=True),))
    world = DebitWorld(replace(mine, invoices={"inv_b1": invoice("B1", 9_00, date(2026, 12, 26))} | mine.invoices))
    for ahead in range(40):
        world.on_day(DUE_ON + timedelta(days=ahead))
    announced = [(one["invoice_id"], one["amount_minor"], one["on"]) for one in told(world, DEBIT_PLANNED)]
    assert announced == [
        ("inv_a1", 100_00, "2026-12-11"),
        ("inv_a2", 25_50, "2026-12-11"),
        ("inv_b1", 9_00, "2026-12-28"),  # the 26th is a Saturday
    ]
    assert world.bank.charged == [
        ("autopay#inv_a1#2026-10-31", 100_00),
        ("autopay#inv_a2#2026-10-31", 25_50),
        ("autopay#inv_b1#2026-12-26", 9_00),
    ]
    assert [one.on for one in world.account.payments.values()] == [
        date(2026, 12, 11),
        date(2026, 12, 11),
        date(2026, 12, 28),
    ]
    assert world.account.next_look_on is None


# --- a plan is not broken by what we do not debit ---


def paying_on(day: int) -> DebitWorld:
    """A customer who always paid on a day of the month, and whose first instalment is due on the 1st."""
    mine = debtor(plan())
    past = invoice("H", 5_00, date(2026, 1, 31))
    world = DebitWorld(replace(mine, invoices=mine.invoices | {"inv_h": past}))
    for month in range(5, 10):
        when = datetime(2026, month, day, 9, tzinfo=NEW_YORK)
        change = post_payment(
            world.account,
            method="bank",
            reference=f"h{month}",
            currency="USD",
            amount_minor=1_00,
            received_at=when,
            directed_to=(Direction("inv_h", 1_00),),
        )
        world.store.commit(change)
    return world


def test_a_retry_lies_within_the_grace_though_the_customers_payday_is_later() -> None:
    world = paying_on(14)
    world.bank.answers = [declined("insufficient_funds")]
    for ahead in range(10):
        world.on_day(DUE_ON + timedelta(days=ahead))
    (failed,) = told(world, DEBIT_FAILED)
    assert failed["next_on"] == "2026-12-04"
    assert world.bank.charged == [("agr_1#1", 60_00)]
    assert world.account.agreements["agr_1"].status is AgreementStatus.ACTIVE


def test_no_announced_retry_is_cut_off_by_the_end_of_the_grace() -> None:
    """An import, or an older version, planned a retry for a day after the grace: it is made, then the grace runs."""
    world = DebitWorld(debtor(plan()))
    world.bank.answers = [declined("insufficient_funds"), declined("call_issuer")]
    world.collect()
    late = date(2026, 12, 15)
    tried = world.account.attempts["agr_1#1#1"]
    stored = {"agr_1#1#1": replace(tried, next_on=late)}
    world.store.accounts["cus_anna"] = replace(world.account, attempts=stored)
    for ahead in range(1, 20):
        world.on_day(DUE_ON + timedelta(days=ahead))
        assert world.account.agreements["agr_1"].is_standing, ahead
    assert world.account.attempts["agr_1#1#2"].started_at.date() == late
    for ahead in range(20, 26):
        world.on_day(DUE_ON + timedelta(days=ahead))
    assert world.account.agreements["agr_1"].status is AgreementStatus.BROKEN


@pytest.mark.parametrize("kind", sorted(PAUSING[Activity.DEBIT]))
def test_no_plan_is_broken_or_told_as_missed_while_a_hold_keeps_us_from_debiting(kind: str) -> None:
    mine = debtor(plan())
    hold = Hold(kind, None, MORNING - timedelta(days=1))
    world = DebitWorld(replace(mine, customer=replace(mine.customer, holds=(hold,))))
    for ahead in range(20):
        world.on_day(DUE_ON + timedelta(days=ahead))
    assert not world.bank.asked
    assert world.account.agreements["agr_1"].is_standing
    assert not told(world, INSTALMENT_MISSED)
    lifted = replace(mine.customer, holds=(replace(hold, until=at(date(2026, 12, 21), 8)),))
    world.store.accounts["cus_anna"] = replace(world.account, customer=lifted)
    world.on_day(date(2026, 12, 21))
    assert world.bank.charged == [("agr_1#1", 60_00)]


def test_the_grace_runs_from_the_first_debit_when_we_made_that_late() -> None:
    world = DebitWorld(debtor(plan()))
    world.bank.answers = [declined("call_issuer")]
    late = date(2026, 12, 14)
    world.on_day(late)  # nobody looked before
    for ahead in range(1, 8):
        world.on_day(late + timedelta(days=ahead))
    assert world.account.agreements["agr_1"].is_standing
    world.on_day(date(2026, 12, 22))
    assert world.account.agreements["agr_1"].status is AgreementStatus.BROKEN


def test_the_rest_of_an_instalment_is_debited_once_the_dispute_is_over() -> None:
    mine = debtor(plan())
    contests = {
        f"ent_{number}": Entry(
            f"ent_{number}", EntryKind.DISPUTE, "USD", minor, DUE_ON, directed_to=(Direction(invoice_id, minor),)
        )
        for number, (invoice_id, minor) in enumerate([("inv_a1", 70_00), ("inv_a2", 25_50)])
    }
    world = DebitWorld(replace(mine, entries=contests))
    for ahead in range(12):
        world.on_day(DUE_ON + timedelta(days=ahead))
    assert world.bank.charged == [("agr_1#1", 30_00)]
    assert world.account.agreements["agr_1"].is_standing
    ends = Entry("ent_end", EntryKind.DISPUTE_END, "USD", 70_00, date(2026, 12, 13), of="ent_0")
    world.store.accounts["cus_anna"] = replace(world.account, entries=world.account.entries | {"ent_end": ends})
    for ahead in range(12, 16):
        world.on_day(DUE_ON + timedelta(days=ahead))
    assert world.bank.charged == [("agr_1#1", 30_00), ("agr_1#1", 30_00)]
    assert sorted(world.account.attempts) == ["agr_1#1#1", "agr_1#1#2"]


def test_an_agreement_is_moved_on_though_nothing_is_debited() -> None:
    evidence = plan().authorisation
    assert evidence
    world = DebitWorld(debtor(plan(authorisation=replace(evidence, method_id=""))))
    for ahead in range(20):
        world.on_day(DUE_ON + timedelta(days=ahead))
    assert world.account.agreements["agr_1"].status is AgreementStatus.BROKEN
    assert not world.bank.asked


def test_money_of_a_try_comes_with_its_event_once() -> None:
    world = DebitWorld(debtor(plan()))
    world.collect()
    (paid,) = told(world, PAYMENT_APPLIED)
    assert paid["amount_minor"] == 60_00
