"""Choosing among permitted channels: the customer's word, then what answers suggest; and only if worth it."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from dunwell.accounts.contact_points import PartOfDay
from dunwell.accounts.model import Channel, Customer
from dunwell.errors import InvalidInputError
from dunwell.ledger.entry import Entry, EntryKind
from dunwell.outreach.choice_policy import ChoicePolicy
from dunwell.outreach.contact import Contact, ContactStatus
from dunwell.outreach.plan import AccountPlan, plan_account
from dunwell.outreach.planning import SkipReason
from dunwell.outreach.ports import CollectionState
from dunwell.outreach.response import is_answered, part_of_day, responses
from tests.support.outreach import BOTH, NOW, POLICY, TODAY, overdue, sent
from tests.support.portal import account, changed, customer

ZONE = POLICY.creditor.timezone
CHOICE = ChoicePolicy(enabled=True, explore=False, answers_permille={Channel.EMAIL: 300, Channel.SMS: 200})
TEXTED = customer(phone="+12125550123", texts=True, region="NY")


def plan(
    who: Customer = TEXTED, state: CollectionState | None = None, days: int = 12, day: int = 0, **choice: Any
) -> AccountPlan:
    policy = replace(POLICY, choice=replace(CHOICE, **choice))
    as_of, now = TODAY + timedelta(days=day), NOW + timedelta(days=day)
    return plan_account(account(overdue(days), who=who), state or CollectionState(), policy, as_of, now)


def channel_of(made: AccountPlan) -> Channel:
    (one,) = made.contacts
    return one.channel


def told(channel: Channel, count: int, **changes: Any) -> list[Contact]:
    """Messages of the last months on a channel, one a week from ten days ago on."""
    return [sent("upcoming", 10 + 7 * n, channel=channel, **changes) for n in range(count)]


# --- the estimate ---


def test_without_history_the_portfolios_figure_is_expected() -> None:
    found = responses([], [], PartOfDay.MORNING, {Channel.EMAIL: 300}, 10, ZONE, TODAY)
    assert found[Channel.EMAIL].mean_permille == 300


def test_one_unanswered_message_changes_little_and_ten_do() -> None:
    def expected(count: int) -> int:
        found = responses(told(Channel.EMAIL, count), [], PartOfDay.MORNING, {Channel.EMAIL: 300}, 10, ZONE, TODAY)
        return found[Channel.EMAIL].mean_permille

    assert 230 < expected(1) < 300
    assert expected(10) < 100


def test_another_part_of_the_day_counts_less_than_the_same() -> None:
    morning = told(Channel.EMAIL, 5, opened_at=NOW)
    prior = {Channel.EMAIL: 300}
    then = responses(morning, [], PartOfDay.MORNING, prior, 10, ZONE, TODAY)[Channel.EMAIL].mean
    other = responses(morning, [], PartOfDay.EVENING, prior, 10, ZONE, TODAY)[Channel.EMAIL].mean
    assert 0.3 < other < then


@pytest.mark.parametrize("heard", ["opened_at", "clicked_at", "replied_at"])
def test_whatever_comes_back_is_an_answer(heard: str) -> None:
    assert is_answered(sent("due", 10, **{heard: NOW}), [], ZONE)
    assert not is_answered(sent("due", 10), [], ZONE)


@pytest.mark.parametrize(
    ("days_ago", "currency", "counts"),
    [(10, "USD", True), (3, "USD", True), (2, "USD", False), (11, "USD", False), (5, "EUR", False)],
)
def test_a_payment_within_a_week_in_the_currency_asked_for_is_an_answer(
    days_ago: int, currency: str, counts: bool
) -> None:
    paid = Entry("ent_1", EntryKind.PAYMENT, currency, 100, TODAY - timedelta(days=days_ago))
    assert is_answered(sent("due", 10), [paid], ZONE) is counts


def test_a_message_that_may_still_be_answered_is_not_held_against_the_channel() -> None:
    found = responses([sent("due", 3)], [], PartOfDay.MORNING, {Channel.EMAIL: 300}, 10, ZONE, TODAY)
    assert found[Channel.EMAIL].mean_permille == 300


@pytest.mark.parametrize(("hour", "part"), [(15, "morning"), (18, "afternoon"), (23, "evening")])
def test_parts_of_the_day_are_read_on_the_creditors_clock(hour: int, part: str) -> None:
    assert part_of_day(NOW.replace(hour=hour), ZONE) == part


# --- the choice ---


def test_the_better_expected_channel_is_taken_and_the_record_says_from_what() -> None:
    made = plan()
    (choice,) = made.choices
    assert channel_of(made) is choice.channel is Channel.EMAIL
    assert (choice.why, [one.expected_permille for one in choice.options]) == ("best", [300, 200])
    state = CollectionState(tuple(told(Channel.EMAIL, 12)))
    assert channel_of(plan(state=state)) is Channel.SMS


def test_the_channel_that_the_customer_prefers_is_taken_whatever_was_answered() -> None:
    made = plan(replace(TEXTED, preferred_channel=Channel.SMS))
    assert (channel_of(made), made.choices[0].why) == (Channel.SMS, "preferred")


def test_only_permitted_channels_are_offered() -> None:
    made = plan(changed(replace(TEXTED, preferred_channel=Channel.EMAIL), refuses=[Channel.EMAIL]))
    assert [one.channel for one in made.choices[0].options] == [Channel.SMS]
    refused = plan(changed(TEXTED, refuses=list(BOTH)))
    assert (refused.choices, refused.contacts[0].status) == ((), ContactStatus.REFUSED)


def test_sampling_draws_the_same_all_day_and_tries_both_channels_over_the_days() -> None:
    close = {Channel.EMAIL: 300, Channel.SMS: 290}
    drawn = [plan(day=day, explore=True, answers_permille=close) for day in range(40)]
    assert drawn == [plan(day=day, explore=True, answers_permille=close) for day in range(40)]
    assert {channel_of(one) for one in drawn} == set(BOTH)


def test_off_by_policy_the_stages_order_stands() -> None:
    made = plan(enabled=False, answers_permille={Channel.EMAIL: 1, Channel.SMS: 999})
    assert (channel_of(made), made.choices) == (Channel.EMAIL, ())


# --- what it is worth ---


def test_a_message_that_costs_more_than_it_may_bring_in_is_not_sent_and_the_reason_kept() -> None:
    made = plan(state=CollectionState(risk_permille=200), patience_minor={"USD": 200})
    assert made.contacts == ()
    assert [one.reason for one in made.skipped] == [SkipReason.NOT_WORTH_IT]
    (choice,) = made.choices
    assert choice.options[0].gain_minor == 10_000 * 200 // 1000 * 300 * 300 // 1_000_000 == 180
    assert choice.options[0].cost_minor == 200


def test_the_riskier_the_customer_the_more_a_message_is_worth() -> None:
    assert plan(state=CollectionState(risk_permille=230), patience_minor={"USD": 200}).contacts
    assert plan(patience_minor={"USD": 900}).contacts  # nothing known: all of it may stay unpaid
    assert not plan(patience_minor={"USD": 901}).contacts


def test_a_dear_channel_gives_way_to_one_that_is_worth_it() -> None:
    assert channel_of(plan(cost_minor={Channel.EMAIL: {"USD": 5_000}})) is Channel.SMS


def test_the_warning_is_sent_whatever_it_costs_for_nobody_is_escalated_without_it() -> None:
    made = plan(days=25, patience_minor={"USD": 99_999})
    assert made.contacts[0].stage == POLICY.escalation.after_stage


@pytest.mark.parametrize(
    "wrong",
    [
        {"answers_permille": {Channel.EMAIL: 1001}},
        {"answer_brings_permille": -1},
        {"cost_minor": {Channel.SMS: {"USD": -5}}},
        {"patience_minor": {"USD": -1}},
        {"prior_messages": 0},
    ],
)
def test_figures_that_make_no_sense_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(InvalidInputError):
        ChoicePolicy(**wrong)
