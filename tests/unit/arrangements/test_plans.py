"""The life of a payment plan."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from dunwell.accounts.holds import Hold
from dunwell.arrangements.policy import ArrangementPolicy, Authority, Frequency
from dunwell.arrangements.progress import PartState, Progress, progress
from dunwell.errors import InvalidInputError, NotFoundError, RefusedError
from dunwell.ledger.agreements import Agreement, AgreementStatus
from dunwell.ledger.change import Change
from dunwell.ledger.entry import EntryKind
from tests.support.arrangements import CHARGING, MONDAY, POLICY, ArrangementWorld, at, bill

JULY, AUGUST = date(2026, 7, 1), date(2026, 8, 3)


def kept(one: ArrangementWorld, agreement: Agreement) -> Progress:
    return progress(one.account, agreement, "us", one.today)


def status(one: ArrangementWorld, agreement: Agreement) -> AgreementStatus:
    return one.agreement(agreement.agreement_id).status


# --- proposing and agreeing ---


def test_a_plan_is_proposed_authorised_with_its_evidence_active_and_completed() -> None:
    one = ArrangementWorld()
    plan = one.proposed(3)
    assert (plan.status, plan.approval, one.account.agreement_on("inv_a")) == (AgreementStatus.PROPOSED, "", None)
    agreed = one.desk.authorise("cus_anna", plan.agreement_id, one.evidence())
    assert agreed.authorisation
    assert (agreed.authorisation.words, agreed.authorisation.address) == ("I agree to pay.", "192.0.2.7")
    assert [one_.due_on for one_ in agreed.instalments] == [MONDAY, JULY, AUGUST]
    assert one.account.paused_invoices(AUGUST) == {"inv_a"}
    for day in (MONDAY, JULY, AUGUST):
        one.look_until(day)
        one.pay(100_00)
        one.look()
    assert one.events == [
        "AgreementProposed",
        "AgreementMade",
        "PaymentApplied",
        "InstalmentDue",
        "PaymentApplied",
        "InstalmentDue",
        "PaymentApplied",
        "AgreementCompleted",
    ]
    assert [step.status for step in one.agreement(plan.agreement_id).steps] == [
        AgreementStatus.PROPOSED,
        AgreementStatus.AUTHORISED,
        AgreementStatus.ACTIVE,
        AgreementStatus.COMPLETED,
    ]
    assert one.account.next_look_on is None


def test_the_same_form_twice_is_one_plan_before_and_after_it_was_agreed_to() -> None:
    one = ArrangementWorld()
    first = one.proposed(3)
    assert one.proposed(3) == first
    agreed = one.desk.authorise("cus_anna", first.agreement_id, one.evidence())
    assert one.desk.authorise("cus_anna", first.agreement_id, one.evidence()) == agreed
    assert one.proposed(3) == agreed
    assert one.events == ["AgreementProposed", "AgreementMade"]


def test_another_proposal_takes_the_place_of_the_first() -> None:
    one = ArrangementWorld()
    first, second = one.proposed(3), one.proposed(4)
    assert status(one, first) is AgreementStatus.CANCELLED
    assert status(one, second) is AgreementStatus.PROPOSED
    with pytest.raises(RefusedError, match="has ended"):
        one.desk.authorise("cus_anna", first.agreement_id, one.evidence())


def test_the_same_terms_can_be_agreed_to_anew_after_the_first_plan_ended() -> None:
    one = ArrangementWorld()
    first = one.planned(3)
    one.desk.cancel("cus_anna", first.agreement_id, who="customer", at=at(one.today))
    second = one.planned(3)
    assert second.agreement_id != first.agreement_id
    assert second.is_standing


def test_a_debt_is_under_one_standing_agreement_at_a_time() -> None:
    one = ArrangementWorld(invoices=(bill("A"), bill("B")))
    plan, offer = one.proposed(3, invoice_ids=("inv_a",)), one.offered(40_00, invoice_ids=("inv_a",))
    one.desk.authorise("cus_anna", plan.agreement_id, one.evidence())
    assert status(one, offer) is AgreementStatus.CANCELLED
    assert one.proposed(2).invoice_ids == ("inv_b",)
    with pytest.raises(RefusedError, match="agreement already"):
        one.proposed(2, invoice_ids=("inv_a", "inv_b"))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"words": "  "}, "words"),
        ({"by": ""}, "who agreed"),
        ({"method": ""}, "who agreed"),
        ({"method_id": "pmt_x"}, "cannot be debited"),
    ],
)
def test_nothing_is_agreed_without_evidence(changes: dict[str, Any], words: str) -> None:
    one = ArrangementWorld()
    plan = one.proposed(3)
    with pytest.raises(InvalidInputError, match=words):
        one.desk.authorise("cus_anna", plan.agreement_id, replace(one.evidence(), **changes))


def test_a_proposal_lapses_and_is_not_accepted_afterwards() -> None:
    one = ArrangementWorld()
    plan = one.proposed(3, first_in=30)
    assert plan.expires_on == MONDAY + timedelta(days=14)
    one.go_to(MONDAY + timedelta(days=15))
    with pytest.raises(RefusedError, match="run out"):
        one.desk.authorise("cus_anna", plan.agreement_id, one.evidence())
    assert [event.name for event in one.look().events] == ["AgreementEnded"]
    assert status(one, plan) is AgreementStatus.LAPSED


def test_what_is_paid_or_unknown_is_not_agreed_about() -> None:
    one = ArrangementWorld()
    plan = one.proposed(3)
    one.pay(300_00)
    with pytest.raises(RefusedError, match="paid already"):
        one.desk.authorise("cus_anna", plan.agreement_id, one.evidence())
    with pytest.raises(RefusedError, match="Nothing is open"):
        one.proposed(3)
    with pytest.raises(RefusedError, match="is paid"):
        one.proposed(3, invoice_ids=("inv_a",))
    with pytest.raises(NotFoundError, match="no such agreement"):
        one.desk.authorise("cus_anna", "agr_x", one.evidence())


def test_a_hold_placed_meanwhile_stops_a_proposal_from_being_accepted() -> None:
    one = ArrangementWorld()
    plan = one.proposed(3)
    one.write(lambda read: Change(read, read.customer.with_hold(Hold("bankruptcy", None, at(MONDAY, 1)))))
    with pytest.raises(RefusedError, match="on hold"):
        one.desk.authorise("cus_anna", plan.agreement_id, one.evidence())


# --- authority ---


@pytest.mark.parametrize(
    ("changes", "approval"),
    [
        ({"instalments": 6}, ""),
        ({"instalments": 7}, "agent"),
        ({"instalments": 2, "first_in": 40}, "agent"),
        ({"instalments": 20, "frequency": Frequency.TWO_WEEKS}, "supervisor"),
        ({"instalments": 6, "first_minor": 210_00}, "agent"),
    ],
)
def test_what_exceeds_the_customers_limits_waits_for_who_may_approve(changes: dict[str, Any], approval: str) -> None:
    limits = {key: replace(one, max_first_days=60) for key, one in POLICY.plans.limits.items()} if POLICY.plans else {}
    limits[Authority.CUSTOMER] = replace(limits[Authority.CUSTOMER], max_first_days=31)
    assert POLICY.plans
    policy = replace(POLICY, plans=replace(POLICY.plans, limits=limits))
    one = ArrangementWorld(policy=policy)
    plan = one.proposed(**changes)
    assert plan.approval == approval
    if not approval:
        return
    with pytest.raises(RefusedError, match="waits for our approval"):
        one.desk.authorise("cus_anna", plan.agreement_id, one.evidence())


def test_an_approval_takes_its_authority_and_is_given_once() -> None:
    one = ArrangementWorld()
    plan = one.proposed(20, frequency=Frequency.TWO_WEEKS)
    how: dict[str, Any] = {"at": at(one.today)}
    with pytest.raises(RefusedError, match="Only a supervisor"):
        one.desk.approve("cus_anna", plan.agreement_id, who="agent:jo", authority=Authority.AGENT, **how)
    for _ in range(2):
        one.desk.approve("cus_anna", plan.agreement_id, who="agent:al", authority=Authority.SUPERVISOR, **how)
    assert one.desk.authorise("cus_anna", plan.agreement_id, one.evidence()).is_standing
    assert one.events == ["AgreementProposed", "AgreementProposed", "AgreementMade"]


def test_a_refused_proposal_ends() -> None:
    one = ArrangementWorld()
    plan = one.proposed(12)
    refused: dict[str, Any] = {"who": "agent:jo", "authority": Authority.AGENT, "at": at(one.today)}
    with pytest.raises(RefusedError, match="Only a"):
        one.desk.refuse("cus_anna", plan.agreement_id, **(refused | {"authority": Authority.CUSTOMER}))
    for _ in range(2):
        assert one.desk.refuse("cus_anna", plan.agreement_id, **refused).status is AgreementStatus.CANCELLED
    assert one.events == ["AgreementProposed", "AgreementEnded"]


def test_an_agent_proposes_within_their_own_limits_without_approval() -> None:
    assert ArrangementWorld().proposed(12, who="agent:jo", authority=Authority.AGENT).approval == ""


def test_what_nobody_may_agree_to_is_refused_with_the_limit() -> None:
    with pytest.raises(InvalidInputError, match="at most 24 parts"):
        ArrangementWorld().proposed(30)
    with pytest.raises(RefusedError, match=r"\$50.00 and more"):
        ArrangementWorld(invoices=(bill("A", 49_00),)).proposed(2)
    with pytest.raises(RefusedError, match="not offered"):
        ArrangementWorld(policy=ArrangementPolicy()).proposed(2)


def test_who_broke_a_plan_or_needs_care_waits_for_a_person() -> None:
    one = ArrangementWorld()
    one.planned(2)
    one.look_until(MONDAY + timedelta(days=14))
    assert one.proposed(2).approval == "agent"
    other = ArrangementWorld()
    other.write(lambda read: Change(read, read.customer.with_hold(Hold("vulnerable", None, at(MONDAY, 1)))))
    assert other.proposed(2).approval == "agent"


# --- what happens to it ---


def test_a_missed_instalment_is_told_cured_within_grace_and_told_once() -> None:
    one = ArrangementWorld()
    plan = one.planned(3)
    one.go_to(MONDAY + timedelta(days=1))
    assert [event.name for event in one.look().events] == ["InstalmentMissed"]
    assert one.look().is_empty
    (missed,) = kept(one, plan).missed
    assert (missed.agreed.number, missed.left_minor, missed.last_on) == (1, 100_00, date(2026, 6, 8))
    one.go_to(date(2026, 6, 8))
    one.pay(100_00)
    one.look_until(date(2026, 6, 20))
    assert status(one, plan) is AgreementStatus.ACTIVE
    assert [step.why for step in one.agreement(plan.agreement_id).steps[2:]] == ["missed_1", "first_money", "cured_1"]


def test_after_the_grace_a_plan_is_broken_and_its_debts_are_asked_for_again() -> None:
    one = ArrangementWorld()
    plan = one.planned(3)
    one.look_until(date(2026, 6, 8))
    assert status(one, plan) is AgreementStatus.AUTHORISED
    one.look_until(date(2026, 6, 9))
    assert status(one, plan) is AgreementStatus.BROKEN
    assert one.account.paused_invoices(one.today) == frozenset()
    assert one.events[-1] == "AgreementBroken"
    assert one.account.next_look_on is None


def test_a_broken_plan_stays_broken_when_money_comes_later() -> None:
    one = ArrangementWorld()
    plan = one.planned(3)
    one.look_until(date(2026, 6, 9))
    one.pay(300_00)
    assert one.look().is_empty
    assert status(one, plan) is AgreementStatus.BROKEN


def test_a_returned_payment_gives_a_plan_its_grace_again() -> None:
    one = ArrangementWorld()
    plan = one.planned(3)
    payment = one.pay(100_00)
    one.look_until(date(2026, 6, 15))
    one.reverse(payment)
    one.look_until(date(2026, 6, 23))
    assert status(one, plan) is AgreementStatus.ACTIVE
    assert [part.state for part in kept(one, plan).parts] == [PartState.MISSED, PartState.OPEN, PartState.OPEN]
    one.look_until(date(2026, 6, 24))
    assert status(one, plan) is AgreementStatus.BROKEN


def test_a_debit_on_its_way_is_waited_for() -> None:
    one = ArrangementWorld()
    plan = one.planned(3)
    pending = one.entry(EntryKind.PENDING, 100_00)
    one.look_until(date(2026, 6, 11))
    assert status(one, plan) is AgreementStatus.AUTHORISED
    one.pay(100_00, of=pending)
    one.look()
    assert status(one, plan) is AgreementStatus.ACTIVE
    assert kept(one, plan).parts[0].state is PartState.PAID


def test_a_debit_that_failed_late_leaves_a_grace() -> None:
    one = ArrangementWorld()
    plan = one.planned(3)
    pending = one.entry(EntryKind.PENDING, 100_00)
    one.look_until(date(2026, 6, 11))
    one.entry(EntryKind.FAILURE, 100_00, of=pending)
    one.look_until(date(2026, 6, 18))
    assert status(one, plan) is AgreementStatus.AUTHORISED
    one.look_until(date(2026, 6, 19))
    assert status(one, plan) is AgreementStatus.BROKEN


def test_paying_off_early_completes_a_plan() -> None:
    one = ArrangementWorld()
    plan = one.planned(3)
    assert one.desk.pay_off("cus_anna", plan.agreement_id, one.today).amount_minor == 300_00
    one.pay(300_00)
    one.look()
    assert status(one, plan) is AgreementStatus.COMPLETED
    assert [part.state for part in kept(one, plan).parts] == [PartState.PAID] * 3


def test_a_completed_plan_whose_money_went_back_goes_on() -> None:
    one = ArrangementWorld()
    plan = one.planned(3)
    one.pay(100_00)
    second = one.pay(200_00)
    one.look()
    one.go_to(MONDAY + timedelta(days=3))
    one.reverse(second)
    one.look()
    assert status(one, plan) is AgreementStatus.ACTIVE
    assert one.agreement(plan.agreement_id).next_on == JULY - timedelta(days=3)


def test_a_plan_that_was_paid_off_stays_so_when_more_is_billed_later() -> None:
    one = ArrangementWorld(CHARGING, (bill("A", 1200_00),))
    plan = one.planned(3, first_in=30)
    one.pay(1205_00)
    one.look()
    one.go_to(MONDAY + timedelta(days=2))
    one.entry(EntryKind.DEBIT_NOTE, 80_00)
    assert kept(one, plan).status is AgreementStatus.COMPLETED


def test_after_a_dispute_an_instalment_has_its_whole_grace() -> None:
    one = ArrangementWorld()
    plan = one.planned(3)
    contest = one.entry(EntryKind.DISPUTE, 300_00)
    one.look_until(date(2026, 6, 22))
    one.entry(EntryKind.DISPUTE_END, 300_00, of=contest)
    one.look_until(date(2026, 6, 29))
    assert status(one, plan) is AgreementStatus.AUTHORISED
    one.look_until(date(2026, 6, 30))
    assert status(one, plan) is AgreementStatus.BROKEN


def test_a_plan_that_came_to_life_again_gives_way_to_what_was_agreed_meanwhile() -> None:
    one = ArrangementWorld()
    plan = one.planned(3)
    payment = one.pay(300_00)
    one.look()
    one.entry(EntryKind.DEBIT_NOTE, 80_00)
    promise = one.promised(80_00, MONDAY + timedelta(days=7))
    one.reverse(payment)
    one.look()
    assert (status(one, plan), status(one, promise)) == (AgreementStatus.BROKEN, AgreementStatus.ACTIVE)


def test_a_reminder_leaves_days_before_each_instalment_that_is_not_paid() -> None:
    one = ArrangementWorld()
    one.planned(3)
    one.pay(150_00)
    one.look_until(JULY)
    (due,) = [event for event in one.memory.events if event.name == "InstalmentDue"]
    assert (due.occurred_at, due.data["amount_minor"]) == (at(JULY - timedelta(days=3)), 50_00)
    assert due.data["is_debited"] is False


def test_days_on_which_nobody_looked_lose_no_more_than_reminders_of_past_days() -> None:
    daily, rare = ArrangementWorld(), ArrangementWorld()
    for one in (daily, rare):
        one.planned(3)
        one.pay(100_00)
    daily.look_until(date(2026, 9, 1))
    rare.go_to(date(2026, 9, 1))
    rare.look()
    for one in (daily, rare):
        (agreement,) = one.account.agreements.values()
        assert agreement.status is AgreementStatus.BROKEN
    assert kept(daily, agreement).broken_on == kept(rare, agreement).broken_on == date(2026, 7, 9)


def test_a_ledger_that_keeps_agreements_completes_them_with_the_payment() -> None:
    one = ArrangementWorld(keeps=True)
    plan = one.planned(3)
    one.pay(100_00)
    assert status(one, plan) is AgreementStatus.ACTIVE
    payment = one.pay(200_00)
    assert status(one, plan) is AgreementStatus.COMPLETED
    one.reverse(payment)
    assert status(one, plan) is AgreementStatus.ACTIVE
    assert one.look().is_empty
