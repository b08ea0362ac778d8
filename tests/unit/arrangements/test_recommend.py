"""Recommended plans: never beyond what the customer can pay or anybody may agree to, clearly different, best first."""

from calendar import monthrange
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dunwell.accounts.holds import Hold
from dunwell.accounts.model import Customer, CustomerKind
from dunwell.arrangements.affordability import NOTHING_SAID, Needs, Payday
from dunwell.arrangements.desk import ArrangementDesk
from dunwell.arrangements.explain import SayingCode, in_english, obstacle_in_english
from dunwell.arrangements.plans import authority_for
from dunwell.arrangements.policy import ArrangementPolicy, Authority, Frequency, PlanLimits, PlanPolicy
from dunwell.arrangements.recommend import LONGER, MORE_BURDEN, Recommendation, recommend, why_none
from dunwell.arrangements.worth import MONTH_DAYS, UNKNOWN, Outlook
from dunwell.calendars import banking_calendar, is_business_day
from dunwell.ledger.agreements import AgreementKind, AgreementStatus, AgreementStep
from dunwell.ledger.entry import Direction, Entry, EntryKind
from dunwell.ledger.model import Account, Invoice
from tests.bench.arranging import best_of_all
from tests.support.agreements import agreement
from tests.support.ledger import account_of, in_dispute
from tests.support.memory import InMemoryLedger

AS_OF = date(2026, 11, 23)
NOW = datetime(2026, 11, 23, 15, tzinfo=UTC)
WHO = Customer("cus_a", "example", "test", "1", CustomerKind.PERSON, "A", country="US")
OUTLOOK = Outlook(500, (250, 350, 400), "forgetful", "model-7")
LIMITS = {
    Authority.CUSTOMER: PlanLimits(min_instalment_minor={"USD": 10_00}),
    Authority.AGENT: PlanLimits(max_instalments=12, max_days=380, min_instalment_minor={"USD": 5_00}),
    Authority.SUPERVISOR: PlanLimits(max_instalments=24, max_days=750),
}
PLANS = PlanPolicy(LIMITS, min_debt_minor={"USD": 50_00})
POLICY = ArrangementPolicy(plans=PLANS)


def invoice(letter: str = "a", amount_minor: int = 360_00, due_on: date = date(2026, 9, 1)) -> Invoice:
    return Invoice(f"inv_{letter}", letter.upper(), "USD", amount_minor, due_on - timedelta(days=30), due_on)


def owing(amount_minor: int = 360_00) -> Account:
    return account_of(WHO, invoice(amount_minor=amount_minor))


def found(
    account: Account,
    needs: Needs = NOTHING_SAID,
    policy: ArrangementPolicy = POLICY,
    outlook: Outlook = OUTLOOK,
    **changes: Any,
) -> tuple[Recommendation, ...]:
    return recommend(account, "USD", policy, outlook, needs, AS_OF, **changes)


paydays = st.one_of(
    st.none(),
    st.builds(Payday, st.just(Frequency.MONTHLY), st.integers(1, 31)),
    st.builds(Payday, st.sampled_from([Frequency.WEEKLY, Frequency.TWO_WEEKS]), st.integers(0, 6)),
)
told = st.builds(
    Needs,
    st.one_of(st.none(), st.integers(0, 1000_00)),
    st.sampled_from(list(Frequency)),
    payday=paydays,
    first_on=st.one_of(st.none(), st.integers(-10, 40).map(lambda days: AS_OF + timedelta(days=days))),
)
policies = st.builds(
    lambda interest, fee, first: ArrangementPolicy(
        plans=replace(
            PLANS,
            interest_percent=Decimal(interest),
            setup_fee_minor={"USD": fee},
            limits={one: replace(limits, min_first_permille=first) for one, limits in LIMITS.items()},
        )
    ),
    st.sampled_from([0, 0, 12]),
    st.sampled_from([0, 0, 15_00]),
    st.sampled_from([0, 0, 200, 500]),
)
outlooks = st.builds(
    lambda risk, a, b, c: Outlook(risk, (min(a, b, c), sorted((a, b, c))[1], max(a, b, c))),
    st.one_of(st.none(), st.integers(0, 1000)),
    *[st.integers(0, 1000)] * 3,
)


@settings(max_examples=150)
@given(st.integers(50_00, 5000_00), told, policies, outlooks, st.sampled_from(list(Authority)))
def test_whatever_is_recommended_can_be_afforded_and_agreed_to(
    debt_minor: int, needs: Needs, policy: ArrangementPolicy, outlook: Outlook, authority: Authority
) -> None:
    account = owing(debt_minor)
    shown = found(account, needs, policy=policy, outlook=outlook, authority=authority)
    assert len(shown) <= 3
    for one in shown:
        _check_afforded(one, needs)
        assert policy.plans is not None
        needed = authority_for(policy.plans, one.draft, "USD", one.terms.frequency, AS_OF)
        assert list(Authority).index(needed) <= list(Authority).index(authority)
        parts = one.draft.instalments
        assert sum(part.amount_minor for part in parts) == debt_minor + one.draft.charges_minor
        assert parts[0].due_on >= max(AS_OF, needs.first_on or AS_OF)
        assert all(is_business_day(part.due_on, banking_calendar("us")) for part in parts)
    assert [one.worth.expected_minor for one in shown] == sorted((o.worth.expected_minor for o in shown), reverse=True)
    assert (why_none(account, "USD", policy, needs, AS_OF, authority=authority) is None) == bool(shown)
    assert shown == found(account, needs, policy=policy, outlook=outlook, authority=authority)


def _check_afforded(one: Recommendation, needs: Needs) -> None:
    """Counted anew: no part is more than was said for the periods that it stands for."""
    if needs.amount_minor is None:
        return
    days = {Frequency.WEEKLY: 7, Frequency.TWO_WEEKS: 14, Frequency.MONTHLY: 31}
    parts, step, period = one.draft.instalments, days[one.terms.frequency], days[needs.per]
    shortest = 28 if one.terms.frequency is Frequency.MONTHLY else step
    for part in parts:
        if step >= period:
            assert part.amount_minor <= needs.amount_minor * max(1, shortest // period)
        else:
            assert part.amount_minor * -(-period // step) <= needs.amount_minor


@settings(max_examples=80)
@given(st.integers(50_00, 5000_00), told)
def test_the_plans_shown_are_different_choices(debt_minor: int, needs: Needs) -> None:
    shown = found(owing(debt_minor), needs)
    for number, one in enumerate(shown):
        for other in shown[:number]:
            (less, more), (sooner, later) = (sorted(map(measure, (one, other))) for measure in (_burden, _days))
            assert more * 1000 >= less * MORE_BURDEN or later * 1000 >= sooner * LONGER


def _burden(one: Recommendation) -> int:
    parts = one.draft.instalments
    return (
        max(part.amount_minor for part in parts[1:])
        * MONTH_DAYS
        // max(1, (parts[-1].due_on - parts[0].due_on).days // (len(parts) - 1))
    )


def _days(one: Recommendation) -> int:
    return (one.draft.instalments[-1].due_on - AS_OF).days


@given(st.integers(1, 31), st.integers(100_00, 2000_00))
def test_parts_fall_on_paydays_or_the_nearest_day_on_which_banks_work(day: int, debt_minor: int) -> None:
    for one in found(owing(debt_minor), Needs(1000_00, payday=Payday(Frequency.MONTHLY, day))):
        for part in one.draft.instalments:
            nominal = _paydays(day)
            assert min(abs((part.due_on - it).days) for it in nominal) <= 4
            assert part.due_on in nominal or not any(
                is_business_day(it, banking_calendar("us")) for it in nominal if abs((part.due_on - it).days) <= 4
            )


def _paydays(day: int) -> list[date]:
    months = [(2026, 11), (2026, 12), *((2027, month) for month in range(1, 13))]
    return [date(year, month, min(day, monthrange(year, month)[1])) for year, month in months]


def test_a_weekly_payday_gives_weekly_or_two_weekly_parts_and_a_monthly_one_monthly_parts() -> None:
    weekly = found(owing(), Needs(90_00, Frequency.WEEKLY, payday=Payday(Frequency.WEEKLY, 4)))
    assert {one.terms.frequency for one in weekly} <= {Frequency.WEEKLY, Frequency.TWO_WEEKS}
    monthly = found(owing(), Needs(90_00, payday=Payday(Frequency.MONTHLY, 15)))
    assert {one.terms.frequency for one in monthly} == {Frequency.MONTHLY}
    assert weekly
    assert monthly


def test_the_customer_is_told_what_a_plan_is_and_why_it_fits() -> None:
    shown = found(owing(), Needs(150_00, payday=Payday(Frequency.MONTHLY, 29)))
    three = next(one for one in shown if one.terms.instalments == 3)
    assert in_english(three.sayings).startswith(
        "Three payments of $120.00 on your paydays; the first on 30 November 2026; paid off by 29 January 2027; "
        "costs nothing extra; within the $150.00 a month that you said you can pay"
    )
    assert three.reasons[:4] == ("EQUAL_PARTS", "STARTS", "PAID_OFF", "COSTS_NOTHING")
    assert three.model_version == "model-7"


def test_what_a_plan_costs_is_told_with_its_rate() -> None:
    policy = ArrangementPolicy(plans=replace(PLANS, interest_percent=Decimal(12)))
    one = found(owing(1200_00), Needs(300_00), policy=policy)[0]
    assert one.draft.charges_minor > 0
    assert "extra, $" in in_english(one.sayings)
    assert "APR 1" in in_english(one.sayings)
    assert SayingCode.COSTS_NOTHING.value not in one.reasons


def test_one_plan_is_the_soonest_and_another_has_the_smallest_payments() -> None:
    shown = found(owing(600_00))
    assert len(shown) == 3
    said = [code for one in shown for code in one.reasons]
    assert said.count("SOONEST") == said.count("SMALLEST") == 1


def test_a_recommended_plan_is_proposed_as_it_was_shown_and_needs_nobodys_approval() -> None:
    account = owing(1234_56)
    ledger = InMemoryLedger(account)
    desk = ArrangementDesk(ledger, POLICY, "America/New_York", "v1")
    for one in found(account, Needs(400_00, payday=Payday(Frequency.MONTHLY, 31))):
        made = desk.propose_plan(
            "cus_a",
            one.terms,
            who="customer",
            authority=Authority.CUSTOMER,
            at=NOW,
            model_version=one.model_version,
            reasons=one.reasons,
        )
        assert made.approval == ""
        assert made.instalments == one.draft.instalments
        assert made.debts == one.debts
        assert made.reasons == one.reasons


def test_what_is_due_is_divided_and_what_is_not_due_yet_only_when_nothing_is() -> None:
    late, later = invoice("a"), invoice("b", 500_00, date(2027, 1, 10))
    assert [debt.invoice_id for debt in found(account_of(WHO, late, later))[0].debts] == ["inv_a"]
    assert [debt.invoice_id for debt in found(account_of(WHO, later))[0].debts] == ["inv_b"]
    named = found(account_of(WHO, late, later), invoice_ids=("inv_b",))
    assert [debt.invoice_id for debt in named[0].debts] == ["inv_b"]


def test_what_is_contested_on_hold_or_agreed_about_is_left_out() -> None:
    held = replace(WHO, holds=(Hold("bankruptcy", "inv_b", NOW - timedelta(days=3)),))
    account = account_of(held, invoice("a"), invoice("b"), in_dispute(invoice("c")), invoice("d"))
    promised = agreement("inv_d", pauses_until=None)
    account = replace(account, agreements={"agr_1": promised})
    assert {debt.invoice_id for one in found(account) for debt in one.debts} == {"inv_a"}


def test_a_part_that_was_paid_is_not_divided_again() -> None:
    paid = Entry("p", EntryKind.PAYMENT, "USD", 60_00, date(2026, 10, 1), directed_to=(Direction("inv_a", 60_00),))
    assert {one.draft.debt_minor for one in found(account_of(WHO, invoice(), paid))} == {300_00}


def broken(account: Account, days_ago: int) -> Account:
    at = NOW - timedelta(days=days_ago)
    steps = (AgreementStep(AgreementStatus.BROKEN, at, "system"),)
    one = agreement("inv_z", kind=AgreementKind.PLAN, status=AgreementStatus.BROKEN, made_at=at, steps=steps)
    return replace(account, agreements={"agr_1": one})


@pytest.mark.parametrize(
    ("account", "policy", "needs", "code", "approver"),
    [
        (owing(), ArrangementPolicy(), NOTHING_SAID, SayingCode.NO_PLANS, None),
        (account_of(WHO), POLICY, NOTHING_SAID, SayingCode.NOTHING_TO_AGREE, None),
        (owing(49_99), POLICY, NOTHING_SAID, SayingCode.TOO_SMALL, None),
        (broken(owing(), 30), POLICY, NOTHING_SAID, SayingCode.BROKEN_BEFORE, Authority.AGENT),
        (owing(), POLICY, Needs(0), SayingCode.NO_ROOM, None),
        (owing(), POLICY, Needs(income_minor=1, outgoings_minor=2), SayingCode.NO_ROOM, None),
        (owing(), POLICY, Needs(40_00), SayingCode.BEYOND_LIMITS, Authority.AGENT),
        (owing(), POLICY, Needs(16_00), SayingCode.BEYOND_LIMITS, Authority.SUPERVISOR),
        (owing(), POLICY, Needs(5_00), SayingCode.BEYOND_LIMITS, None),
        (owing(), POLICY, Needs(first_on=AS_OF + timedelta(days=60)), SayingCode.BEYOND_LIMITS, None),
    ],
)
def test_where_nothing_is_possible_it_is_said_why_and_who_can_help(
    account: Account, policy: ArrangementPolicy, needs: Needs, code: SayingCode, approver: Authority | None
) -> None:
    assert found(account, needs, policy=policy) == ()
    obstacle = why_none(account, "USD", policy, needs, AS_OF)
    assert obstacle is not None
    assert (obstacle.saying.code, obstacle.approver) == (code, approver)
    words = obstacle_in_english(obstacle.saying, approver.value if approver else "")
    assert words[0].isupper() or words[0] == "$"
    assert words.endswith(".")
    if approver:
        assert approver.value in words
        assert found(account, needs, policy=policy, authority=approver)


def test_the_first_part_is_never_before_the_day_on_which_the_customer_can_pay() -> None:
    saturday = date(2027, 1, 30)  # the bank day that monthly parts would move to is the Friday before
    late = ArrangementPolicy(plans=PlanPolicy({Authority.CUSTOMER: PlanLimits(max_first_days=90)}))
    shown = found(owing(), Needs(first_on=saturday), policy=late)
    assert shown
    assert min(one.draft.instalments[0].due_on for one in shown) > saturday


@pytest.mark.parametrize("debt_minor", [60_00, 333_33, 950_00])
@pytest.mark.parametrize("needs", [NOTHING_SAID, Needs(200_00), Needs(60_00, Frequency.WEEKLY)])
def test_trying_every_schedule_finds_hardly_anything_worth_more(debt_minor: int, needs: Needs) -> None:
    shown = found(owing(debt_minor), needs)
    best = best_of_all(owing(debt_minor), POLICY, needs, OUTLOOK, AS_OF)
    assert shown[0].worth.expected_minor * 1000 >= best * 990


def test_a_plan_broken_long_ago_is_forgotten() -> None:
    assert found(broken(owing(), 400))


def test_a_customer_without_an_assessment_gets_plans_too() -> None:
    assert found(owing(), outlook=UNKNOWN)


def test_a_plan_for_yen_has_whole_amounts() -> None:
    yen = Invoice("inv_a", "A", "JPY", 10_000, date(2026, 8, 1), date(2026, 9, 1))
    shown = recommend(account_of(WHO, yen), "JPY", POLICY, OUTLOOK, Needs(4_000), AS_OF)
    assert {sum(part.amount_minor for part in one.draft.instalments) for one in shown} == {10_000}
    assert "¥" in in_english(shown[0].sayings)


def test_nothing_the_customer_is_told_says_what_a_plan_is_worth_to_the_creditor() -> None:
    for one in found(owing(1234_56), Needs(300_00)):
        values = {value for saying in one.sayings for value in saying.values.values()}
        assert not values & {one.worth.expected_minor, one.worth.waiting_minor}
