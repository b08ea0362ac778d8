"""Consents: added, never edited; a refusal is lifted by the customer alone."""

from dataclasses import replace
from datetime import timedelta
from itertools import permutations
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dunwell.accounts.consent import (
    FROM_SOURCE,
    ConsentAct,
    ConsentPurpose,
    ConsentRecord,
    Records,
    added_consent,
    redescribed_consents,
    refused_channels,
    source_consents,
    standing,
)
from dunwell.accounts.contact_points import Channel
from tests.support.customers import own_acts, property_of_customers, stated
from tests.support.portal import NOW, changed, customer

TEXTED = customer(phone="+12125550123", texts=True)
LATER = NOW + timedelta(hours=1)
GIVEN = ConsentRecord(Channel.SMS, ConsentAct.GIVEN, "sms_reply", NOW)
WITHDRAWN = ConsentRecord(Channel.SMS, ConsentAct.WITHDRAWN, "sms_reply", LATER)
SOURCE_REFUSES = ConsentRecord(Channel.SMS, ConsentAct.WITHDRAWN, FROM_SOURCE)


def test_a_refusal_stands_until_the_customer_consents_again() -> None:
    refused = TEXTED.with_refusal(Channel.SMS, NOW, "sms_reply")
    assert refused.opted_out == {Channel.SMS}
    assert refused.consent(Channel.SMS) is None
    again = refused.with_consent(Channel.SMS, LATER, "portal")
    assert (again.opted_out, again.consent(Channel.SMS)) == (
        frozenset(),
        ConsentRecord(Channel.SMS, ConsentAct.GIVEN, "portal", LATER, "+12125550123"),
    )
    assert [record.act for record in again.consents] == [ConsentAct.GIVEN, ConsentAct.WITHDRAWN, ConsentAct.GIVEN]


def test_a_source_that_says_yes_again_does_not_lift_a_refusal() -> None:
    refused = TEXTED.with_refusal(Channel.SMS, NOW, "sms_reply").consents
    without = redescribed_consents(refused, ())
    assert refused_channels(redescribed_consents(without, source_consents([Channel.SMS]))) == {Channel.SMS}


@pytest.mark.parametrize("order", list(permutations([GIVEN, WITHDRAWN])))
def test_the_later_of_two_acts_counts_whichever_is_heard_of_first(order: tuple[ConsentRecord, ...]) -> None:
    records: Records = ()
    for record in order:
        records = added_consent(records, record)
    assert refused_channels(records) == {Channel.SMS}


@pytest.mark.parametrize("order", list(permutations([GIVEN, replace(WITHDRAWN, at=NOW)])))
def test_of_two_acts_at_one_instant_the_refusal_counts(order: tuple[ConsentRecord, ...]) -> None:
    records: Records = ()
    for record in order:
        records = added_consent(records, record)
    assert refused_channels(records) == {Channel.SMS}


def test_the_same_act_heard_of_twice_is_kept_once() -> None:
    assert added_consent((GIVEN,), GIVEN) == (GIVEN,)


def test_a_consent_is_for_the_number_it_was_given_for() -> None:
    agreed = customer(phone="+12125550123").with_consent(Channel.SMS, NOW, "portal")
    assert agreed.consent(Channel.SMS)
    moved = changed(agreed, phone="+12125550199")
    assert (moved.consent(Channel.SMS), moved.opted_out) == (None, frozenset())


def test_a_sources_yes_is_for_the_numbers_it_lists_and_not_for_others() -> None:
    learnt = replace(TEXTED, contact_points=(replace(TEXTED.contact_points[1], source="portal"),))
    assert TEXTED.consent(Channel.SMS)
    assert learnt.consent(Channel.SMS) is None


def test_without_an_address_there_is_no_consent_to_use() -> None:
    assert changed(TEXTED, phone="").consent(Channel.SMS) is None


def test_marketing_consents_and_refusals_say_nothing_about_collecting() -> None:
    records = tuple(replace(one, purpose=ConsentPurpose.MARKETING) for one in (GIVEN, WITHDRAWN))
    assert standing(records, Channel.SMS) == standing((), Channel.SMS)


def test_what_a_source_no_longer_says_lapses_and_what_the_customer_said_does_not() -> None:
    source = source_consents([Channel.SMS])
    lapsed = redescribed_consents(source, ())
    assert [record.act for record in lapsed] == [ConsentAct.GIVEN, ConsentAct.LAPSED]
    assert standing(lapsed, Channel.SMS).given == ()
    assert standing(redescribed_consents((*source, GIVEN), ()), Channel.SMS).given == (GIVEN,)


def test_a_refusal_that_a_source_reports_counts_and_outlives_the_report() -> None:
    refused = redescribed_consents((GIVEN,), (SOURCE_REFUSES,))
    assert refused_channels(refused) == {Channel.SMS}
    assert refused_channels(redescribed_consents(refused, ())) == {Channel.SMS}


def test_what_the_customer_said_lifts_a_sources_refusal_once_the_source_no_longer_reports_it() -> None:
    agreed = added_consent(redescribed_consents((), (SOURCE_REFUSES,)), GIVEN)
    assert refused_channels(redescribed_consents(agreed, ())) == frozenset()
    assert refused_channels(redescribed_consents(agreed, (SOURCE_REFUSES,))) == {Channel.SMS}


@property_of_customers
@given(st.lists(own_acts, max_size=6), stated, stated)
def test_a_source_that_says_the_same_again_adds_nothing(
    acts: list[ConsentRecord], first: Records, second: Records
) -> None:
    records = redescribed_consents((*first, *acts), second)
    assert redescribed_consents(records, second) == records


@property_of_customers
@given(st.lists(own_acts, max_size=6), st.randoms(use_true_random=False))
def test_the_order_in_which_dated_acts_are_heard_of_makes_no_difference_to_refusals(
    acts: list[ConsentRecord], chance: Random
) -> None:
    ordered: Records = ()
    shuffled: Records = ()
    mixed = list(acts)
    chance.shuffle(mixed)
    for one, other in zip(acts, mixed, strict=True):
        ordered, shuffled = added_consent(ordered, one), added_consent(shuffled, other)
    assert refused_channels(ordered) == refused_channels(shuffled)
