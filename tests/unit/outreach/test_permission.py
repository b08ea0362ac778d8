"""The account, its contacts and the policy in the words of the contact rules."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dunwell.accounts.contact_points import ContactPoint, PointKind
from dunwell.accounts.merging import merge_customers
from dunwell.accounts.model import Channel, Customer, CustomerKind, Hold
from dunwell.compliance.model import MessageFacts
from dunwell.compliance.policy import Policy as RulesPolicy
from dunwell.compliance.policy import Profile, Relaxation
from dunwell.errors import InvalidInputError
from dunwell.hold_kinds import HoldKind
from dunwell.outreach.contact import REACHED_CUSTOMER, Contact, ContactStatus, DecisionRecord
from dunwell.outreach.permission import INTERNAL_ACCOUNT, UNCLEAR_FACTS, may_contact
from dunwell.outreach.policy import Policy
from tests.support.customers import START, customers, holds, moments, property_of_customers
from tests.support.outreach import NOW, POLICY, sent
from tests.support.portal import CREDITOR, LICENSED, changed, customer, proved

PERSON = customer(kind=CustomerKind.PERSON, region="NY", phone="+12125550123", texts=True)
THIRD: Policy = replace(POLICY, creditor=replace(CREDITOR, party="third", licences=LICENSED))
SILENCED_BY = {
    HoldKind.BANKRUPTCY: "BANKRUPTCY_STAY",
    HoldKind.DECEASED: "DECEASED",
    HoldKind.IDENTITY_THEFT: "IDENTITY_THEFT",
    HoldKind.CEASE: "CEASE_COMMUNICATION",
    HoldKind.ATTORNEY: "ATTORNEY_REPRESENTED",
}


def ask(
    who: Customer = PERSON,
    channel: Channel = Channel.EMAIL,
    contacts: tuple[Contact, ...] = (),
    policy: Policy = POLICY,
    now: datetime = NOW,
    **more: Any,
) -> DecisionRecord:
    return may_contact(who, contacts, channel, ("inv_a1",), policy, now, **more)


@pytest.mark.parametrize("channel", [Channel.EMAIL, Channel.SMS, Channel.CALL, Channel.LETTER])
def test_nothing_against_it_is_allowed_on_every_channel_of_ours(channel: Channel) -> None:
    decision = ask(channel=channel, words=MessageFacts(opt_out_notice=True, disclosure=True))
    assert (decision.allowed, decision.reason_code, decision.next_allowed) == (True, "OK", None)


@pytest.mark.parametrize(("kind", "reason"), SILENCED_BY.items(), ids=str)
def test_a_hold_on_the_customer_or_on_this_debt_silences_and_one_on_another_debt_does_not(
    kind: HoldKind, reason: str
) -> None:
    def held(invoice_id: str | None) -> str:
        return ask(replace(PERSON, holds=(Hold(kind.value, invoice_id, NOW),))).reason_code

    of_the_person = kind is HoldKind.DECEASED
    assert (held(None), held("inv_a1")) == (reason, reason)
    assert held("inv_other") == (reason if of_the_person else "OK")


def test_a_hold_ends_when_its_time_is_over() -> None:
    until = NOW - timedelta(minutes=1)
    over = Hold(HoldKind.CEASE.value, None, NOW - timedelta(days=9), until)
    assert ask(replace(PERSON, holds=(over,))).allowed
    assert not ask(replace(PERSON, holds=(replace(over, until=NOW + timedelta(days=1)),))).allowed


@pytest.mark.parametrize("kind", HoldKind)
def test_every_kind_of_hold_can_be_placed_on_a_customer(kind: HoldKind) -> None:
    assert ask(replace(PERSON, holds=(Hold(kind.value, None, NOW),))).reason_code


def test_an_address_that_bounced_is_not_written_to_and_the_telephone_may_still_be_used() -> None:
    bounced = changed(PERSON, bounced=[PERSON.email])
    assert ask(bounced).reason_code == "EMAIL_SUPPRESSED"
    assert ask(bounced, Channel.SMS).allowed


@pytest.mark.parametrize("channel", [Channel.EMAIL, Channel.SMS])
def test_who_opted_out_of_a_channel_is_left_alone_on_it(channel: Channel) -> None:
    assert ask(changed(PERSON, refuses=[channel]), channel).reason_code == "OPTED_OUT"


def test_a_text_message_needs_consent() -> None:
    assert ask(changed(PERSON, texts=False), Channel.SMS).reason_code == "NO_CONSENT_SMS"


def test_a_text_message_for_another_creditor_is_barred_by_the_carriers() -> None:
    assert ask(channel=Channel.SMS, policy=THIRD).reason_code == "CARRIER_FORBIDDEN_USE_CASE"


def test_the_creditors_party_decides_whose_hours_count() -> None:
    night = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
    assert ask(now=night).reason_code == "HOUSE_QUIET_HOURS"
    assert ask(proved(replace(PERSON, region="CO")), now=night, policy=THIRD).reason_code == "REGF_QUIET_HOURS"


def test_a_business_may_be_mailed_at_night_and_a_person_may_not() -> None:
    night = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
    assert ask(replace(PERSON, kind=CustomerKind.BUSINESS), now=night).allowed
    assert not ask(now=night).allowed


def test_the_number_counts_where_the_address_says_nothing_and_a_known_zone_overrides_both() -> None:
    eight_in_new_york = datetime(2026, 11, 23, 13, 30, tzinfo=UTC)
    numbered = replace(PERSON, region="", postcode="")
    nowhere = changed(numbered, phone="")

    def called(who: Customer) -> DecisionRecord:
        return ask(who, Channel.CALL, now=eight_in_new_york)

    assert called(numbered).allowed
    assert "QUIET_HOURS" in called(nowhere).reason_code
    assert called(replace(nowhere, timezone="America/New_York")).allowed
    assert not called(replace(PERSON, timezone="America/Los_Angeles")).allowed


def test_messages_that_reached_the_customer_count_and_others_do_not() -> None:
    """Massachusetts allows two texts in seven days."""

    def decided(status: ContactStatus) -> str:
        earlier = tuple(sent("due", days_ago, status=status, channel=Channel.SMS) for days_ago in (1, 2))
        return ask(replace(PERSON, region="MA"), Channel.SMS, earlier).reason_code

    found = {status: decided(status) for status in ContactStatus}
    assert {status for status, reason in found.items() if reason == "MA_2_IN_7"} == REACHED_CUSTOMER


@pytest.mark.parametrize(
    "changes",
    [{"timezone": "Mars/Olympus"}, {"country": "USA"}, {"region": "XX"}, {"phone": "+11125550123", "region": ""}],
)
def test_a_customer_whose_place_makes_no_sense_is_refused_and_stops_nobody_else(changes: dict[str, Any]) -> None:
    decision = ask(changed(PERSON, **changes))
    assert (decision.allowed, decision.reason_code, decision.next_allowed) == (False, UNCLEAR_FACTS, None)


@property_of_customers
@given(customers(), holds(), st.sampled_from(Channel), moments)
def test_adding_a_hold_or_a_refusal_never_makes_anybody_contactable(
    who: Customer, hold: Hold, channel: Channel, now: datetime
) -> None:
    stricter = [who.with_hold(hold), who.with_refusal(channel, now, "agent"), changed(who, holds=(*who.holds, hold))]
    for asked in Channel:
        if not ask(who, asked, now=now).allowed:
            assert not any(ask(one, asked, now=now).allowed for one in stricter)
    last_word = who.with_refusal(channel, START + timedelta(days=99), "agent")
    assert not ask(last_word, channel, now=now).allowed


@property_of_customers
@given(customers("C-1"), customers("C-2"), st.sampled_from(Channel), moments)
def test_who_was_left_alone_for_a_hold_or_a_refusal_is_left_alone_after_a_merge(
    a: Customer, b: Customer, channel: Channel, now: datetime
) -> None:
    merged, _ = merge_customers(a, b, now, "agent")
    before = [ask(one, channel, now=now).reason_code for one in (a, b)]
    if {*SILENCED_BY.values(), "OPTED_OUT"} & set(before):
        assert not ask(merged, channel, now=now).allowed


@pytest.mark.parametrize("channel", Channel)
def test_nobody_is_behind_a_suspense_account(channel: Channel) -> None:
    decision = ask(replace(PERSON, kind=CustomerKind.SUSPENSE), channel)
    assert (decision.allowed, decision.reason_code, decision.next_allowed) == (False, INTERNAL_ACCOUNT, None)


def test_a_hold_that_was_lifted_no_longer_silences() -> None:
    hold = Hold(HoldKind.CEASE.value, None, NOW - timedelta(days=9))
    held = PERSON.with_hold(hold)
    assert not ask(held).allowed
    assert ask(held.without_hold(hold.hold_id, NOW - timedelta(minutes=1), "lead")).allowed
    assert not ask(held.without_hold(hold.hold_id, NOW + timedelta(minutes=1), "lead")).allowed


def test_a_second_address_is_used_when_the_first_bounced() -> None:
    second = ContactPoint(PointKind.EMAIL, "till@bakery.example")
    both = replace(PERSON, contact_points=(*PERSON.contact_points, second))
    assert ask(changed(both, bounced=[PERSON.email])).allowed
    assert ask(changed(both, bounced=[PERSON.email, second.address])).reason_code == "EMAIL_SUPPRESSED"


# --- whose rules: the creditor's profile, and what its counsel relaxed ---

AT_EIGHT = datetime(2026, 11, 23, 12, 30, tzinfo=UTC)
"""Half past seven in New York, before the house's hours."""


def following(rules: RulesPolicy) -> Policy:
    return replace(POLICY, creditor=replace(CREDITOR, compliance=rules))


def test_a_creditor_may_follow_the_legal_minimum() -> None:
    assert ask(now=AT_EIGHT).reason_code == "HOUSE_QUIET_HOURS"
    assert ask(now=AT_EIGHT, policy=following(RulesPolicy(Profile.LEGAL_MINIMUM))).allowed


def test_a_rule_that_counsel_relaxed_no_longer_forbids_from_that_moment_on() -> None:
    relaxed = Relaxation("HOUSE-TIME", "counsel@creditor.example", AT_EIGHT, "written opinion of 2026-11-20")
    assert ask(now=AT_EIGHT, policy=following(RulesPolicy(relaxations=(relaxed,)))).allowed
    later = replace(relaxed, at=AT_EIGHT + timedelta(days=1))
    assert not ask(now=AT_EIGHT, policy=following(RulesPolicy(relaxations=(later,)))).allowed


def test_a_policy_that_relaxes_the_law_is_refused_when_it_is_read() -> None:
    relaxed = Relaxation("REGF-7IN7", "counsel@creditor.example", AT_EIGHT, "they would like to")
    with pytest.raises(InvalidInputError, match="REGF-7IN7 is law"):
        following(RulesPolicy(relaxations=(relaxed,)))
