"""Planning an account: a lawful channel for each message, and events that are the same each time."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from dunwell.accounts.model import Channel, Customer, CustomerKind
from dunwell.events import CONTACT_PLANNED, ESCALATION_DUE
from dunwell.outreach.asking import SkipReason
from dunwell.outreach.contact import ContactStatus
from dunwell.outreach.permission import NO_ADDRESS
from dunwell.outreach.plan import AccountPlan, plan_account
from dunwell.outreach.ports import CollectionState
from tests.support.decisions import plan_and_keep
from tests.support.memory import InMemoryCollection
from tests.support.outreach import NOW, POLICY, TODAY, assessment, overdue, sent
from tests.support.portal import account, changed, customer

NIGHT = datetime(2026, 11, 23, 4, 30, tzinfo=UTC)
"""Half past eleven in the evening of the day before in New York."""

TEXTED = customer(phone="+12125550123", texts=True, region="NY")


def plan(who: Customer = TEXTED, now: datetime = NOW, state: CollectionState | None = None) -> AccountPlan:
    return plan_account(account(overdue(12), who=who), state or CollectionState(), POLICY, TODAY, now)


def test_a_planned_contact_carries_what_was_decided_and_by_which_versions() -> None:
    state = CollectionState(risk_permille=600, model_version="7")
    (made,) = plan(state=state).contacts
    assert (made.status, made.channel, made.stage) == (ContactStatus.PLANNED, Channel.EMAIL, "firm")
    assert (made.invoice_ids, made.planned_on) == (("inv_a1",), TODAY)
    assert (made.risk_permille, made.model_version, made.policy_version) == (600, "7", "test-1")
    (decision,) = made.decisions
    assert (decision.allowed, decision.reason_code, decision.decided_at) == (True, "OK", NOW)
    assert decision.policy_version.startswith("test-1/")
    assert decision.tzdata_version


def test_the_next_channel_is_taken_when_the_preferred_one_is_not_allowed() -> None:
    (made,) = plan(changed(TEXTED, refuses=[Channel.EMAIL])).contacts
    assert (made.channel, made.status) == (Channel.SMS, ContactStatus.PLANNED)


def test_a_refused_contact_gives_the_reason_of_the_preferred_channel() -> None:
    (made,) = plan(changed(TEXTED, refuses=[Channel.EMAIL, Channel.SMS])).contacts
    assert (made.channel, made.status) == (Channel.EMAIL, ContactStatus.REFUSED)
    assert made.decisions[0].reason_code == "OPTED_OUT"


def test_a_customer_whom_nothing_reaches_is_refused_with_a_reason_of_our_own() -> None:
    (made,) = plan(customer(email="")).contacts
    assert (made.status, made.decisions[0].reason_code) == (ContactStatus.REFUSED, NO_ADDRESS)


def test_a_person_is_not_disturbed_at_night_and_the_message_waits_for_the_morning() -> None:
    (made,) = plan(replace(TEXTED, kind=CustomerKind.PERSON), NIGHT).contacts
    assert (made.status, made.channel) == (ContactStatus.PLANNED, Channel.EMAIL)
    assert made.send_after == datetime(2026, 11, 23, 13, 0, tzinfo=UTC)
    assert (made.decisions[0].allowed, made.decisions[0].decided_at) == (True, NIGHT)


def test_events_hold_ids_and_codes_and_are_the_same_at_every_run() -> None:
    (event,) = plan().events
    assert (event.name, event.customer_id) == (CONTACT_PLANNED, "cus_anna")
    assert set(event.data) == {"contact_id", "channel", "stage", "currency", "reason_code"}
    assert [again.event_id for again in plan(now=NOW + timedelta(hours=1)).events] == [event.event_id]
    assert plan(changed(TEXTED, email="")).events[0].data["channel"] == "sms"


def test_an_account_that_goes_to_an_agent_gets_no_message_in_that_currency() -> None:
    owing = account(overdue(40), overdue(2, "E", currency="EUR"), who=TEXTED)
    state = CollectionState((sent("final", 10),), 700, "7")
    made = plan_account(owing, state, POLICY, TODAY, NOW)
    assert [one.currency for one in made.contacts] == ["EUR"]
    (due,) = made.escalations
    assert (due.name, due.data["oldest_invoice_id"], due.data["open_minor"]) == (ESCALATION_DUE, "inv_a1", 10_000)
    assert due.data["reason_codes"] == "OVERDUE,HIGH_RISK,UNRESPONSIVE_AFTER_WARNING"


def test_an_escalation_is_the_same_event_all_through_the_business_day_and_another_the_day_after() -> None:
    owing, state = account(overdue(40), who=TEXTED), CollectionState((sent("final", 10),), 700, "7")

    def event_id(as_of_days: int, now: datetime) -> str:
        (event,) = plan_account(owing, state, POLICY, TODAY + timedelta(days=as_of_days), now).escalations
        return event.event_id

    evening, past_midnight_in_utc = NOW.replace(hour=23), NOW + timedelta(hours=10)
    assert event_id(0, evening) == event_id(0, past_midnight_in_utc)
    assert event_id(0, NOW) != event_id(1, NOW + timedelta(days=1))


# --- keeping the plan ---


def test_planning_a_day_twice_keeps_one_contact_and_one_event() -> None:
    store, owing = InMemoryCollection(), account(overdue(12), who=TEXTED)
    (kept,) = plan_and_keep(owing, store, POLICY, TODAY, NOW).contacts
    assert plan_and_keep(owing, store, POLICY, TODAY, NOW) == AccountPlan()
    assert store.contacts == {kept.contact_id: kept}
    assert [event.name for event in store.events] == [CONTACT_PLANNED]


def test_a_refusal_is_told_once_for_each_reason_and_what_is_lifted_is_said_the_next_day() -> None:
    store = InMemoryCollection()
    unreachable, refused = account(overdue(12), who=customer(email="")), changed(TEXTED, refuses=[*Channel])
    for days, owing in enumerate([unreachable, unreachable, account(overdue(12), who=refused)]):
        plan_and_keep(owing, store, POLICY, TODAY + timedelta(days=days), NOW + timedelta(days=days))
    assert [event.data["reason_code"] for event in store.events] == [NO_ADDRESS, "OPTED_OUT"]
    again = plan_account(unreachable, CollectionState(tuple(store.contacts.values())[:1]), POLICY, TODAY, NOW)
    assert [one.reason for one in again.skipped] == [SkipReason.STILL_REFUSED]
    later = NOW + timedelta(days=3)
    made = plan_and_keep(account(overdue(12), who=TEXTED), store, POLICY, later.date(), later)
    assert [one.status for one in made.contacts] == [ContactStatus.PLANNED]


@pytest.mark.parametrize("days", [-30, 0])
def test_nothing_due_writes_nothing(days: int) -> None:
    store = InMemoryCollection(sent("upcoming", 5))
    assert plan_and_keep(account(overdue(days)), store, POLICY, TODAY, NOW) == AccountPlan()
    assert not store.events


def test_a_year_of_planning_never_skips_the_warning_before_an_agent() -> None:
    """One customer who never answers, day by day: the stages come in order, and the agent after the final one."""
    store, owing = InMemoryCollection(), account(overdue(-10), who=TEXTED)
    store.assess([assessment(700)])
    told: list[str] = []
    for day in range(60):
        today, now = TODAY + timedelta(days=day), NOW + timedelta(days=day)
        for made in plan_and_keep(owing, store, POLICY, today, now).contacts:
            told.append(made.stage)
            assert store.move(replace(made, status=ContactStatus.SENT, sent_at=now), ContactStatus.PLANNED)
        if any(event.name == ESCALATION_DUE for event in store.events):
            break
    assert told == ["upcoming", "due", "firm", "final"]
    assert store.events[-1].occurred_at - store.events[-2].occurred_at >= timedelta(days=7)
