"""Calls that agents make about cases: asked of the contact rules, kept with the answer, counted like any other."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dunwell.accounts.model import Channel, Customer, CustomerKind, Hold
from dunwell.errors import RefusedError
from dunwell.events import CONTACT_SENT
from dunwell.outreach.calls import STATUS, may_call
from dunwell.outreach.case_calls import CaseCalls, MadeCall
from dunwell.outreach.contact import CallOutcome, Contact, ContactStatus, DecisionRecord
from dunwell.outreach.decisions import DispatchDecision
from dunwell.outreach.inbound import record_their_call
from dunwell.outreach.permission import may_contact
from dunwell.outreach.planning import DueContact, Skipped, SkipReason, considered
from dunwell.outreach.policy import Policy
from dunwell.outreach.ports import CollectionState
from dunwell.outreach.stage import CASE_CALL
from tests.support.decisions import DecisionsBucket, decision_log
from tests.support.memory import InMemoryCollection, InMemoryLedger
from tests.support.outreach import NOW, POLICY, TODAY, overdue, sent
from tests.support.portal import CREDITOR, LICENSED, account, changed, customer

NUMBER, OTHER = "+12125550111", "+12125550112"
ABOUT = ("inv_a1",)
CONSUMER = customer(kind=CustomerKind.PERSON, region="OH", postcode="44114", phone=NUMBER)
IN_MASSACHUSETTS = changed(CONSUMER, region="MA", postcode="02139")
IN_WASHINGTON = changed(CONSUMER, region="DC", postcode="20001")
THIRD = replace(POLICY, creditor=replace(CREDITOR, party="third", licences=LICENSED))
TOLD = frozenset(CallOutcome) - {CallOutcome.NOT_NEEDED}
AT_NIGHT = NOW + timedelta(hours=14)  # midnight in Ohio


class World:
    """A customer who is called about a case."""

    def __init__(self, who: Customer = CONSUMER, policy: Policy = POLICY) -> None:
        made = account(overdue(40), who=who)
        self.policy, self.bucket = policy, DecisionsBucket()
        self.ledger, self.store = InMemoryLedger(made), InMemoryCollection()
        self.log = decision_log(self.bucket)
        self.calls = CaseCalls(self.ledger, self.store, self.log, policy)

    def call(
        self, outcome: CallOutcome, at: datetime | None = None, now: datetime = NOW, key: str = "", number: str = NUMBER
    ) -> Contact:
        """Told and kept; the contact as it stands."""
        told = MadeCall(outcome, key or f"cas_1#{len(self.store.contacts)}", "USD", ABOUT, number, at)
        contact = self.calls.told(self.ledger.accounts["cus_anna"], told, now)
        self.calls.keep(contact, told)
        return self.store.contacts[contact.contact_id]

    def asked(self, now: datetime = NOW) -> DecisionRecord:
        """May the customer be called now?"""
        known = self.store.state("cus_anna").contacts
        return may_call(self.ledger.accounts["cus_anna"], known, ABOUT, self.policy, now)


def days(number: int) -> timedelta:
    return timedelta(days=number)


# --- they count ---


def test_ten_unanswered_calls_about_a_case_are_as_many_calls_to_the_contact_rules() -> None:
    world = World()
    for hours in range(10):
        world.call(CallOutcome.NO_ANSWER, NOW - timedelta(hours=hours, minutes=30))
    assert {one.status for one in world.store.contacts.values()} == {ContactStatus.MISSED}
    assert (world.asked().allowed, world.asked().reason_code) == (False, "HOUSE_7_IN_7")
    assert world.asked(NOW + days(9)).allowed


@pytest.mark.parametrize(
    ("who", "policy", "calls", "reason"),
    [
        (CONSUMER, THIRD, 7, "REGF_7_IN_7"),
        (IN_MASSACHUSETTS, POLICY, 2, "MA_2_IN_7"),
        (IN_WASHINGTON, POLICY, 4, "DC_4_CALLS_IN_7"),
    ],
)
def test_the_caps_of_law_see_the_calls_about_a_case(who: Customer, policy: Policy, calls: int, reason: str) -> None:
    world = World(who, policy)
    for number in range(calls):
        assert world.asked().reason_code != reason, f"after {number} calls"
        world.call(CallOutcome.NO_ANSWER, NOW - timedelta(hours=number, minutes=10))
    assert world.asked().reason_code == reason


@pytest.mark.parametrize("outcome", [CallOutcome.REACHED, CallOutcome.PROMISED, CallOutcome.THEY_CALLED])
def test_after_a_conversation_of_yesterday_nobody_calls_for_a_week(outcome: CallOutcome) -> None:
    world = World(policy=THIRD)
    world.call(outcome, NOW - days(1))
    assert world.asked().reason_code == "REGF_POST_CONVERSATION"
    assert world.asked(NOW + days(7)).reason_code != "REGF_POST_CONVERSATION"


@given(
    told=st.lists(st.tuples(st.sampled_from(sorted(TOLD)), st.integers(0, 9 * 24 * 60)), max_size=12),
    who=st.sampled_from([CONSUMER, IN_MASSACHUSETTS, IN_WASHINGTON]),
    ahead=st.integers(0, 10 * 24),
)
def test_a_call_about_a_case_counts_as_the_same_call_of_a_task(
    told: list[tuple[CallOutcome, int]], who: Customer, ahead: int
) -> None:
    world, then = World(who, THIRD), NOW + timedelta(hours=ahead)
    for number, (outcome, minutes) in enumerate(told):
        world.call(outcome, NOW - timedelta(minutes=minutes), key=f"{number}", number="")
    same = [
        sent("final", minutes // 1440, channel=Channel.CALL, contact_id=f"con_{number}", status=STATUS[outcome],
             call_outcome=outcome, sent_at=NOW - timedelta(minutes=minutes))
        for number, (outcome, minutes) in enumerate(told)
    ]  # fmt: skip
    assert world.asked(then) == may_call(world.ledger.accounts["cus_anna"], same, ABOUT, THIRD, then)


def test_the_same_telling_counts_once() -> None:
    world = World()
    first = world.call(CallOutcome.REACHED, key="cas_1#3#ada")
    again = world.call(CallOutcome.REACHED, now=NOW + timedelta(minutes=1), key="cas_1#3#ada")
    assert (again, len(world.store.contacts), len(world.bucket.files)) == (first, 1, 1)
    assert [one.name for one in world.store.events] == [CONTACT_SENT]


def test_that_they_called_is_what_the_customers_page_keeps_of_it() -> None:
    here, there = World(), World()
    kept = here.call(CallOutcome.THEY_CALLED, key="k")
    record_their_call(there.store, there.ledger.accounts["cus_anna"], POLICY, "k", NOW)
    assert there.store.contacts == {kept.contact_id: kept}
    assert (kept.decisions, kept.was_against_rules) == ((), False)


def test_a_call_says_no_stage_and_is_minded_by_the_gap_before_the_next_message() -> None:
    world = World()
    world.call(CallOutcome.REACHED)
    state = CollectionState(world.store.state("cus_anna").contacts)
    (silent,) = considered(world.ledger.accounts["cus_anna"], state, POLICY, TODAY + days(1))
    assert isinstance(silent, Skipped)
    assert silent.reason is SkipReason.TOO_SOON
    (due,) = considered(world.ledger.accounts["cus_anna"], state, POLICY, TODAY + days(3))
    assert isinstance(due, DueContact)
    assert due.stage.name == "final"


# --- what may not be done, and what was done all the same ---


def test_a_call_that_may_not_be_made_is_refused_with_the_rule_and_leaves_nothing() -> None:
    world = World()
    with pytest.raises(RefusedError, match=r"quiet hours.*\(HOUSE-.*If it has been made, write when"):
        world.call(CallOutcome.REACHED, now=AT_NIGHT)
    assert (world.store.contacts, world.bucket.files, world.store.events) == ({}, {}, [])


def test_a_call_that_was_made_against_a_rule_counts_and_shows_it() -> None:
    world = World()
    kept = world.call(CallOutcome.REACHED, AT_NIGHT - days(1), NOW)
    assert (kept.status, kept.sent_at, kept.was_against_rules) == (ContactStatus.DELIVERED, AT_NIGHT - days(1), True)
    (record,) = kept.decisions
    assert (record.allowed, record.reason_code) == (False, "HOUSE_QUIET_HOURS")
    assert not world.asked().allowed


def test_a_call_is_judged_by_its_own_time_and_what_came_before_it() -> None:
    world = World()
    world.call(CallOutcome.REACHED, NOW - timedelta(hours=1))
    earlier = world.call(CallOutcome.NO_ANSWER, NOW - timedelta(hours=2), AT_NIGHT)
    assert not earlier.was_against_rules
    later = world.call(CallOutcome.NO_ANSWER, NOW - timedelta(minutes=5), NOW)
    assert later.was_against_rules


@pytest.mark.parametrize("kind", ["attorney", "cease", "bankruptcy"])
def test_a_hold_refuses_a_call_about_a_case(kind: str) -> None:
    world = World(replace(CONSUMER, holds=(Hold(kind, None, NOW - days(1)),)))
    with pytest.raises(RefusedError, match=r"HO(LD|USE)-"):
        world.call(CallOutcome.NO_ANSWER)


def test_what_the_rules_said_of_a_call_is_kept_and_is_decided_alike_again() -> None:
    world = World()
    world.call(CallOutcome.NO_ANSWER, NOW - timedelta(hours=3))
    (record,) = world.call(CallOutcome.NO_ANSWER).decisions
    found = world.log.find(record.decision_id)
    assert found.decision_id == record.decision_id
    assert isinstance(found.decision, DispatchDecision)
    assert found.decision.again(POLICY) == replace(record, decision_id="")
    assert [one.stage for one in found.decision.contacts] == [CASE_CALL]
    assert NUMBER.encode() not in b"".join(world.bucket.files.values())


# --- numbers of other people ---


def test_a_wrong_number_is_not_used_again_and_no_other_one_is_lost() -> None:
    world = World()
    for _ in range(2):
        world.call(CallOutcome.WRONG_NUMBER, key="k")
        world.call(CallOutcome.WRONG_NUMBER, key="other", number=OTHER)
    who = world.ledger.accounts["cus_anna"].customer
    assert (who.address(Channel.CALL), who.suppressed) == ("", frozenset({NUMBER}))


def test_an_email_is_not_kept_back_by_a_call() -> None:
    world = World()
    world.call(CallOutcome.NO_ANSWER)
    known = world.store.state("cus_anna").contacts
    assert may_contact(CONSUMER, known, Channel.EMAIL, ABOUT, POLICY, NOW).allowed
