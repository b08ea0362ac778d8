"""What a policy would do, before it does it."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

from dunwell.outreach.policy import Override, Policy, PolicyVersions
from dunwell.outreach.ports import CollectionState
from dunwell.outreach.preview import Preview, days_between, differences, preview
from tests.support.ledger import in_dispute
from tests.support.outreach import POLICY, TODAY, overdue
from tests.support.portal import account, customer

UNKNOWN = CollectionState()
MONTH = days_between(TODAY, TODAY + timedelta(days=30))


def afternoon(day: date, policy: Policy) -> datetime:
    return datetime.combine(day, time(15), UTC)


def foreseen(policy: Policy = POLICY, state: CollectionState = UNKNOWN, age: int = -7) -> Preview:
    owing = account(overdue(age), overdue(age - 3, "B"))
    return preview([owing], PolicyVersions((policy,)), MONTH, afternoon, state)


def steps(found: Preview) -> list[tuple[int, str]]:
    return [((one.on - TODAY).days, one.stage) for one in found.foreseen]


def test_a_month_shows_each_stage_on_its_day_with_what_it_asks_for() -> None:
    found = foreseen()
    assert steps(found) == [(0, "upcoming"), (8, "due"), (17, "firm"), (27, "final")]
    first, second = found.foreseen[:2]
    assert (first.customer, first.channel, first.invoices, first.amount_minor) == ("C-1042", "email", 1, 10_000)
    assert (second.invoices, second.amount_minor, second.is_allowed) == (1, 10_000, True)
    assert found.silent.total() == len(MONTH) - 4, "every other day has its reason"


def test_a_risky_customer_who_stays_silent_is_shown_going_to_an_agent() -> None:
    found = foreseen(state=CollectionState(risk_permille=700), age=30)
    assert steps(found) == [(0, "final"), (7, "escalated")]
    assert found.silent["IN_CASE"] == len(MONTH) - 8
    assert found.foreseen[-1].amount_minor == 20_000


def test_what_the_law_or_a_missing_address_stops_is_shown_with_its_reason() -> None:
    unreachable = account(overdue(5), who=customer(email=""))
    found = preview([unreachable], PolicyVersions((POLICY,)), MONTH[:2], afternoon, UNKNOWN)
    assert [(one.stage, one.is_allowed, one.reason_code) for one in found.foreseen] == [
        ("due", False, "NO_USABLE_ADDRESS")
    ] * 2


def test_what_won_in_the_cascade_is_shown_for_contacts_and_silences() -> None:
    policy = replace(POLICY, overrides=(Override(customer="C-1042", min_gap_days=12),))
    found = foreseen(policy)
    assert steps(found) == [(0, "upcoming"), (12, "due"), (24, "firm")]
    assert {one.overrides for one in found.foreseen} == {("min_gap_days: customer C-1042",)}
    assert found.overrides["min_gap_days: customer C-1042"] == found.silent.total()


def test_on_each_day_the_version_in_force_counts() -> None:
    fewer, begins = POLICY.stages[:2] + POLICY.stages[3:], TODAY + timedelta(days=10)
    later = replace(POLICY, version="2", effective_from=begins, stages=fewer)
    found = preview([account(overdue(-7))], PolicyVersions((POLICY, later)), MONTH, afternoon, UNKNOWN)
    assert steps(found) == [(0, "upcoming"), (8, "due"), (27, "final")]


def test_two_policies_differ_only_where_a_customer_would_notice() -> None:
    owing = [account(overdue(12)), account(in_dispute(overdue(12)), who=customer("cus_bo", number="C-2"))]
    ours, same, other = (
        preview(owing, PolicyVersions((policy,)), MONTH[:1], afternoon, UNKNOWN)
        for policy in (
            POLICY,
            replace(POLICY, overrides=(Override(customer="C-1042", min_gap_days=1),)),
            replace(POLICY, stages=POLICY.stages[:2] + POLICY.stages[3:]),
        )
    )
    assert differences(ours, same) == []
    (found,) = differences(ours, other)
    assert (found.customer, [one.stage for one in found.ours], [one.stage for one in found.theirs]) == (
        "C-1042",
        ["firm"],
        ["due"],
    )
