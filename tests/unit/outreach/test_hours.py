"""Hours: what the customer asked for, then what answers suggest; never an instant that the contact rules forbid."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dunwell.accounts.contact_points import PartOfDay
from dunwell.accounts.model import Channel, Customer, CustomerKind
from dunwell.dates import business_date
from dunwell.errors import InvalidInputError
from dunwell.ledger.model import Account
from dunwell.outreach.choice_policy import ChoicePolicy
from dunwell.outreach.contact import Contact, ContactStatus
from dunwell.outreach.decisions import planned
from dunwell.outreach.permission import may_contact
from dunwell.outreach.plan import AccountPlan, plan_account
from dunwell.outreach.policy import Policy, Stage
from dunwell.outreach.ports import CollectionState
from tests.support.customers import property_of_customers
from tests.support.outreach import NOW, POLICY, TODAY, overdue, sent
from tests.support.portal import account, customer
from tests.unit.outreach.test_decisions import accounts, states

ZONE = POLICY.creditor.timezone
AT_SIX = NOW - timedelta(hours=4)
AT_EIGHT = NOW - timedelta(hours=2)
"""Six in the morning in New York, when the daily cycle runs: too early for any text message."""
HOURS = ChoicePolicy(enabled=True, hours=True, explore=False, answers_permille={Channel.EMAIL: 300, Channel.SMS: 300})
TEXTS_ONLY = tuple(replace(one, channels=(Channel.SMS,)) if isinstance(one, Stage) else one for one in POLICY.stages)
TEXTED = customer(phone="+12125550123", texts=True, region="NY")


def policy(*, texts: bool = False, **choice: Any) -> Policy:
    return replace(POLICY, choice=replace(HOURS, **choice), stages=TEXTS_ONLY if texts else POLICY.stages)


def plan(
    rules: Policy, who: Customer = TEXTED, state: CollectionState | None = None, now: datetime = AT_SIX
) -> AccountPlan:
    return plan_account(account(overdue(12), who=who), state or CollectionState(), rules, TODAY, now)


def contact_of(made: AccountPlan) -> Contact:
    (one,) = made.contacts
    return one


def told(hour: int, count: int, **changes: Any) -> CollectionState:
    """E-mails of the last months at an hour of New York, one a week from ten days ago on."""
    made = []
    for number in range(count):
        at = NOW.replace(hour=hour + 5) - timedelta(days=10 + 7 * number)
        answered = {name: at for name, wanted in changes.items() if wanted}
        made.append(sent("upcoming", 10 + 7 * number, sent_at=at, **answered))
    return CollectionState(tuple(made))


def test_what_the_clock_alone_forbids_waits_for_its_first_permitted_minute_of_the_day() -> None:
    for rules in (policy(texts=True, hours=False), policy(texts=True)):
        made = contact_of(plan(rules))
        assert made.status is ContactStatus.PLANNED
        assert made.send_after == AT_EIGHT
        assert (made.decisions[0].allowed, made.decisions[0].decided_at) == (True, AT_SIX)


def test_what_is_permitted_only_tomorrow_is_refused_today_with_the_reason() -> None:
    late = NOW.replace(hour=2) + timedelta(days=1)  # nine in the evening
    made = contact_of(plan(policy(texts=True), now=late))
    assert (made.status, made.send_after) == (ContactStatus.REFUSED, None)
    assert made.decisions[0].next_allowed
    assert business_date(made.decisions[0].next_allowed, ZONE) > TODAY


def test_what_time_does_not_lift_is_refused() -> None:
    made = contact_of(plan(policy(texts=True), who=customer(phone="+12125550123", refuses=[Channel.SMS])))
    assert (made.status, made.decisions[0].next_allowed) == (ContactStatus.REFUSED, None)


@pytest.mark.parametrize(("part", "hour"), [("afternoon", 17), ("evening", 22)])
def test_the_part_of_the_day_that_the_customer_asked_for_comes_first(part: str, hour: int) -> None:
    answers = told(9, 12, opened_at=True)
    made = plan(policy(), replace(TEXTED, preferred_hours=PartOfDay(part)), answers)
    (choice,) = made.choices
    assert (choice.part, choice.why_part) == (part, "preferred")
    assert contact_of(made).send_after == NOW.replace(hour=hour)


def test_hours_of_the_past_that_were_answered_are_taken_again() -> None:
    answered = contact_of(plan(policy(), state=told(18, 12, opened_at=True)))
    assert answered.send_after == NOW.replace(hour=22)
    silent = plan(policy(), state=told(9, 12, opened_at=False))
    expected = {(one.channel, one.part): one.expected_permille for one in silent.choices[0].options}
    assert expected[Channel.EMAIL, PartOfDay.MORNING] < expected[Channel.EMAIL, PartOfDay.EVENING]
    assert silent.choices[0].channel is Channel.SMS


def test_parts_of_the_day_are_read_on_the_customers_clock() -> None:
    west = customer(phone="+14155550123", texts=True, region="CA")
    made = contact_of(plan(policy(texts=True), replace(west, preferred_hours=PartOfDay.AFTERNOON)))
    assert made.send_after == NOW.replace(hour=20)


def test_sampling_draws_the_same_each_time_and_tries_every_part_over_the_days() -> None:
    def drawn(day: int) -> AccountPlan:
        rules, later = policy(explore=True), timedelta(days=day)
        owing = account(overdue(12), who=TEXTED)
        return plan_account(owing, CollectionState(), rules, TODAY + later, AT_SIX + later)

    made = [drawn(day) for day in range(30)]
    assert made == [drawn(day) for day in range(30)]
    assert {choice.part for one in made for choice in one.choices} == set(PartOfDay)


def test_hours_without_the_choice_are_refused() -> None:
    with pytest.raises(InvalidInputError, match="switch enabled on"):
        ChoicePolicy(hours=True)


hours_policies = st.builds(lambda explore, texts: policy(explore=explore, texts=texts), st.booleans(), st.booleans())
minutes = st.integers(-10 * 60, 14 * 60)
preferences = st.none() | st.sampled_from(PartOfDay)


def preferring(owing: Account, part: PartOfDay | None) -> Account:
    return replace(owing, customer=replace(owing.customer, preferred_hours=part))


@property_of_customers
@given(accounts(), states, hours_policies, minutes, preferences)
def test_a_chosen_instant_is_permitted_by_the_rules_and_of_the_same_business_date(
    owing: Account, state: CollectionState, rules: Policy, minutes_on: int, part: PartOfDay | None
) -> None:
    now, wanting = NOW + timedelta(minutes=minutes_on), preferring(owing, part)
    as_of = business_date(now, ZONE)
    for made in plan_account(wanting, state, rules, as_of, now).contacts:
        if made.status is ContactStatus.PLANNED:
            at = made.send_after or now
            asked = may_contact(wanting.customer, state.contacts, made.channel, made.invoice_ids, rules, at)
            assert asked.allowed
            assert at >= now
            assert business_date(at, ZONE) == as_of


@property_of_customers
@given(accounts(), states, hours_policies, minutes, preferences)
def test_a_plan_with_hours_is_decided_again_to_the_same_answer(
    owing: Account, state: CollectionState, rules: Policy, minutes_on: int, part: PartOfDay | None
) -> None:
    decision = planned(preferring(owing, part), state, rules, TODAY, NOW + timedelta(minutes=minutes_on))
    assert decision.again(rules) == decision.plan


@property_of_customers
@given(accounts(), states, minutes, preferences)
def test_off_by_policy_the_hours_that_are_asked_for_change_nothing(
    owing: Account, state: CollectionState, minutes_on: int, part: PartOfDay | None
) -> None:
    now = NOW + timedelta(minutes=minutes_on)
    for rules in (POLICY, policy(hours=False)):
        made = plan_account(preferring(owing, part), state, rules, TODAY, now)
        assert made == plan_account(owing, state, rules, TODAY, now)
        for one in made.contacts:  # what the clock forbids waits all the same
            refused = may_contact(owing.customer, state.contacts, one.channel, one.invoice_ids, rules, now)
            assert one.send_after in (None, refused.next_allowed)


PLACES = {"NY": "+12125550123", "CA": "+14155550123", "TX": "+19155550123", "HI": "+18085550123", "FL": "+18505550123"}
"""The clock of New York, others, and places where it may be one of two."""


@pytest.mark.parametrize("region", PLACES)
@pytest.mark.parametrize("kind", [CustomerKind.PERSON, CustomerKind.BUSINESS])
def test_whoever_is_planned_at_any_hour_anywhere_is_planned_for_a_permitted_instant(
    region: str, kind: CustomerKind
) -> None:
    who = customer(phone=PLACES[region], texts=True, region=region, kind=kind)
    waited = 0
    for hours_on in range(-10, 14):
        now = NOW + timedelta(hours=hours_on, minutes=7, seconds=5)
        for part in (None, *PartOfDay):
            wanting = replace(who, preferred_hours=part)
            rules = policy(texts=part is not PartOfDay.EVENING, explore=True)
            owing = account(overdue(12), who=wanting)
            as_of = business_date(now, ZONE)
            made = contact_of(plan_account(owing, CollectionState(), rules, as_of, now))
            asked = may_contact(wanting, (), made.channel, made.invoice_ids, rules, made.send_after or now)
            assert asked.allowed is (made.status is ContactStatus.PLANNED)
            assert business_date(made.send_after or now, ZONE) == as_of
            waited += made.send_after is not None
    assert waited > 20
