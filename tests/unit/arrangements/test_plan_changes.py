"""What plans cost, and how they are changed and ended."""

from datetime import date
from typing import Any

import pytest

from dunwell.arrangements.policy import Authority
from dunwell.arrangements.progress import Progress, progress
from dunwell.errors import ConflictError, InvalidInputError, RefusedError
from dunwell.ledger.agreements import Agreement, AgreementStatus, Authorisation
from dunwell.ledger.change import Change
from dunwell.ledger.entry import EntryKind
from tests.support.agreements import method
from tests.support.arrangements import CHARGING, ArrangementWorld, at, bill

JULY, AUGUST = date(2026, 7, 1), date(2026, 8, 3)


def kept(one: ArrangementWorld, agreement: Agreement) -> Progress:
    return progress(one.account, agreement, "us", one.today)


def status(one: ArrangementWorld, agreement: Agreement) -> AgreementStatus:
    return one.agreement(agreement.agreement_id).status


# --- charges ---


def test_the_setup_fee_is_charged_at_the_start_and_interest_on_its_days() -> None:
    one = ArrangementWorld(CHARGING, (bill("A", 1200_00),))
    plan = one.planned(3, first_in=30)
    assert plan.charges_minor > 5_00
    assert one.account.balances == {"USD": 1205_00}
    one.look_until(JULY)
    interest = plan.instalments[0].charges_minor - 5_00
    assert one.account.balances == {"USD": 1205_00 + interest}
    assert one.look().is_empty
    for part in plan.instalments:
        one.look_until(part.due_on)
        one.pay(part.amount_minor)
    one.look()
    assert one.account.balances == {}
    assert status(one, plan) is AgreementStatus.COMPLETED


def test_the_setup_fee_of_a_plan_that_is_cancelled_before_any_money_came_is_taken_back() -> None:
    one = ArrangementWorld(CHARGING, (bill("A", 1200_00),))
    plan = one.planned(3, first_in=30)
    for _ in range(2):
        one.desk.cancel("cus_anna", plan.agreement_id, who="customer", at=one.now)
    assert one.account.balances == {"USD": 1200_00}
    one.ticks += 1
    again = one.planned(3, first_in=30, who="agent:jo", authority=Authority.AGENT)
    assert again.debt_minor == 1200_00
    assert one.account.balances == {"USD": 1205_00}


def test_the_setup_fee_stays_when_money_came_or_another_plan_takes_the_place() -> None:
    paid, changed = (ArrangementWorld(CHARGING, (bill("A", 1200_00),)) for _ in range(2))
    plan = paid.planned(3, first_in=30)
    paid.pay(100_00)
    paid.desk.cancel("cus_anna", plan.agreement_id, who="customer", at=paid.now)
    assert paid.account.balances == {"USD": 1105_00}
    plan = changed.planned(3, first_in=30)
    how: dict[str, Any] = {"who": "agent:jo", "authority": Authority.AGENT, "at": changed.now}
    changed.desk.revise("cus_anna", plan.agreement_id, changed.plan_terms(4, 30), **how)
    assert changed.account.balances == {"USD": 1205_00}


def test_interest_is_not_charged_after_a_plan_was_paid_off_or_broken() -> None:
    paid, broken = (ArrangementWorld(CHARGING, (bill("A", 1200_00),)) for _ in range(2))
    for one in (paid, broken):
        one.planned(3, first_in=30)
    quote = paid.desk.pay_off("cus_anna", next(iter(paid.account.agreements)), paid.today)
    assert quote.saved_minor > 0
    paid.pay(quote.amount_minor)
    for one in (paid, broken):
        one.look_until(date(2026, 10, 1))
    assert paid.account.balances == {}
    charged = [entry.on for entry in broken.account.entries.values() if entry.kind is EntryKind.INTEREST]
    assert charged == [JULY]


def test_a_pay_off_on_the_day_of_an_instalment_includes_its_interest() -> None:
    one = ArrangementWorld(CHARGING, (bill("A", 1200_00),))
    plan = one.planned(3, first_in=30)
    one.go_to(JULY)
    quote = one.desk.pay_off("cus_anna", plan.agreement_id, JULY)
    assert quote.amount_minor == 1200_00 + plan.instalments[0].charges_minor
    one.look()
    assert one.desk.pay_off("cus_anna", plan.agreement_id, JULY) == quote
    one.pay(quote.amount_minor)
    one.look()
    assert (status(one, plan), one.account.balances) == (AgreementStatus.COMPLETED, {})


def test_interest_of_days_on_which_nobody_looked_is_charged_for_those_days() -> None:
    daily, rare = (ArrangementWorld(CHARGING, (bill("A", 1200_00),)) for _ in range(2))
    for one in (daily, rare):
        for part in one.planned(3, first_in=30).instalments:
            if one is daily:
                one.look_until(part.due_on)
            one.go_to(part.due_on)
            one.pay(part.amount_minor)
        one.look()
        assert one.account.balances == {}
        assert one.account.unapplied == {}
        (agreement,) = one.account.agreements.values()
        assert agreement.status is AgreementStatus.COMPLETED


# --- changing and ending ---


def debited(one: ArrangementWorld) -> Agreement:
    """A plan whose instalments are debited."""
    one.write(lambda read: Change(read, methods={"pmt_1": method()}))
    plan = one.proposed(3, first_in=30)
    return one.desk.authorise("cus_anna", plan.agreement_id, one.evidence("pmt_1"))


def revised(one: ArrangementWorld, plan: Agreement, evidence: Authorisation | None = None, **terms: Any) -> Agreement:
    asked = one.plan_terms(**terms)
    how: dict[str, Any] = {"who": "agent:jo", "authority": Authority.AGENT, "at": at(one.today)}
    return one.desk.revise("cus_anna", plan.agreement_id, asked, authorisation=evidence, **how)


def test_a_revised_plan_takes_the_place_of_the_old_one_in_one_write() -> None:
    one = ArrangementWorld()
    plan = one.planned(3)
    one.pay(100_00)
    one.look()
    version = one.account.version
    new = revised(one, plan, instalments=4, first_in=14)
    assert revised(one, plan, instalments=4, first_in=14) == new
    assert one.account.version == version + 1
    assert (new.status, new.replaces, new.amount_minor) == (AgreementStatus.AUTHORISED, plan.agreement_id, 200_00)
    assert one.agreement(plan.agreement_id).status is AgreementStatus.CANCELLED
    assert one.events[-2:] == ["AgreementEnded", "AgreementRevised"]
    with pytest.raises(RefusedError, match="plan that stands"):
        revised(one, plan, instalments=5, first_in=14)


def test_a_revised_plan_is_about_what_is_left_of_the_old_one() -> None:
    one = ArrangementWorld(invoices=(bill("A"), bill("B"), bill("C")))
    plan = one.planned(4, invoice_ids=("inv_a", "inv_b"))
    one.pay(300_00, to="inv_a")
    assert revised(one, plan, instalments=3, first_in=14).invoice_ids == ("inv_b",)


@pytest.mark.parametrize(("first_in", "is_told"), [(9, False), (10, True)])
def test_a_changed_amount_is_told_ten_days_before_it_is_debited(first_in: int, is_told: bool) -> None:
    one = ArrangementWorld(today=date(2026, 6, 5))
    plan = debited(one)
    if is_told:
        assert revised(one, plan, instalments=4, first_in=first_in).is_standing
        return
    with pytest.raises(InvalidInputError, match="choose 2026-06-15"):
        revised(one, plan, instalments=4, first_in=first_in - 2)


def test_a_changed_day_is_told_seven_days_before_it_is_debited() -> None:
    one = ArrangementWorld()
    plan = debited(one)
    with pytest.raises(InvalidInputError, match="told 7 days before"):
        revised(one, plan, instalments=3, first_in=4)
    assert revised(one, plan, instalments=3, first_in=7).is_standing


def test_who_agrees_anew_or_pays_by_themselves_needs_no_notice() -> None:
    one = ArrangementWorld()
    plan = debited(one)
    assert revised(one, plan, one.evidence("pmt_1"), instalments=4).is_standing
    other = ArrangementWorld()
    assert revised(other, other.planned(3), instalments=4).is_standing


def test_a_revision_beyond_ones_authority_is_refused_and_leaves_the_plan() -> None:
    one = ArrangementWorld()
    plan = one.planned(3)
    with pytest.raises(RefusedError, match="takes an approval"):
        revised(one, plan, instalments=13, first_in=14)
    assert status(one, plan) is AgreementStatus.AUTHORISED


def test_a_cancelled_plan_ends_once() -> None:
    one = ArrangementWorld()
    plan = one.planned(3)
    for _ in range(2):
        ended = one.desk.cancel("cus_anna", plan.agreement_id, who="customer", at=at(one.today))
    assert (ended.status, one.events.count("AgreementEnded")) == (AgreementStatus.CANCELLED, 1)
    with pytest.raises(RefusedError, match="does not stand"):
        one.desk.pay_off("cus_anna", plan.agreement_id, one.today)
    with pytest.raises(RefusedError, match="has ended"):
        one.desk.authorise("cus_anna", plan.agreement_id, one.evidence())


def test_what_was_agreed_to_cannot_be_declined() -> None:
    one = ArrangementWorld()
    plan = one.planned(3)
    with pytest.raises(ConflictError, match="agreed to meanwhile"):
        one.desk.decline("cus_anna", plan.agreement_id, who="customer", at=at(one.today))
