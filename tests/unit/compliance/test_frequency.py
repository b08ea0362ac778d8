"""How often: seven in seven, the wait after a conversation, and the caps of states and cities."""

import pytest

from dunwell.compliance import Consents, DebtKind
from tests.unit.compliance.given import (
    NEW_YORK,
    OPEN,
    SMS_OPT_IN,
    VOICE_OPT_IN,
    WRITTEN,
    Account,
    daily,
    event,
    outcome,
)

SEVEN = "REGF_7_IN_7"
TALKED = "REGF_POST_CONVERSATION"
WEEK_OF_CALLS = daily("attempt", "2026-04-01T15:00", 7)
MASSACHUSETTS = {"state": "MA", "timezone": NEW_YORK}
DISTRICT = {"state": "DC", "timezone": NEW_YORK}
NEW_YORK_CITY = {"state": "NY", "locality": "NYC", "timezone": NEW_YORK}


def test_the_seventh_call_is_allowed_and_the_eighth_is_not() -> None:
    assert outcome("2026-04-07T20:00", history=WEEK_OF_CALLS[:6]) == OPEN
    assert outcome("2026-04-07T20:00", history=WEEK_OF_CALLS) == (SEVEN, "2026-04-08T12:00")


def test_days_are_the_customers_calendar_days_not_periods_of_24_hours() -> None:
    late = (event("attempt", "2026-04-02T00:30"), *daily("attempt", "2026-04-02T15:00", 6))
    assert outcome("2026-04-08T12:00", history=late) == OPEN  # the first was on 1 April in Ohio
    assert outcome("2026-04-08T00:30", history=late) == (SEVEN, "2026-04-08T12:00")


def test_with_several_zones_the_strictest_count_holds() -> None:
    border = {"state": "CA", "area_code": "212"}
    first_at_midnight = (event("attempt", "2026-04-02T04:30"), *daily("attempt", "2026-04-03T16:00", 6))
    # 2 April in New York, still 1 April in California: on 8 April it counts in New York.
    assert outcome("2026-04-08T16:00", history=first_at_midnight, **border) == (SEVEN, "2026-04-09T15:00")


def test_calls_that_never_connected_and_messages_do_not_count() -> None:
    assert outcome("2026-04-07T20:00", history=daily("no_connect", "2026-04-01T15:00", 7)) == OPEN
    assert outcome("2026-04-07T20:00", history=daily("sent", "2026-04-01T15:00", 7, "sms")) == OPEN


@pytest.mark.parametrize("kind", ["voicemail", "lcm", "ringless_vm"])
def test_voicemail_of_any_kind_counts(kind: str) -> None:
    history = (*WEEK_OF_CALLS[:6], event(kind, "2026-04-07T15:00"))
    assert outcome("2026-04-07T20:00", history=history)[0] == SEVEN


def test_artificial_voices_count_as_calls() -> None:
    history = daily("attempt", "2026-04-01T15:00", 7, "voice_ai")
    assert outcome("2026-04-07T20:00", history=history)[0] == SEVEN
    assert outcome("2026-04-07T20:00", "voice_ai", history=WEEK_OF_CALLS, consents=VOICE_OPT_IN)[0] == SEVEN


def test_the_count_is_for_each_debt_and_an_unnamed_debt_counts_for_all() -> None:
    other = daily("attempt", "2026-04-01T15:00", 7, debt="D2")
    unnamed = daily("attempt", "2026-04-01T15:00", 7, debt=None)
    assert outcome("2026-04-07T20:00", history=other) == OPEN
    assert outcome("2026-04-07T20:00", history=unnamed)[0] == SEVEN
    assert outcome("2026-04-07T20:00", history=other, debts=("D1", "D2"))[0] == SEVEN


def test_a_cap_reached_at_night_opens_in_the_morning_after_it_lifts() -> None:
    assert outcome("2026-04-08T03:00", history=WEEK_OF_CALLS) == ("REGF_QUIET_HOURS", "2026-04-08T12:00")


def test_the_wait_after_a_conversation_ends_on_the_same_weekday() -> None:
    monday = (event("conversation", "2026-04-06T15:00"),)
    assert outcome("2026-04-12T16:00", history=monday) == (TALKED, "2026-04-13T12:00")
    assert outcome("2026-04-13T12:00", history=monday) == OPEN


def test_an_evening_conversation_belongs_to_the_customers_day() -> None:
    first_of_april = (event("conversation", "2026-04-02T00:30"),)
    assert outcome("2026-04-08T12:00", history=first_of_april) == OPEN
    assert outcome("2026-04-08T00:30", history=first_of_april) == (TALKED, "2026-04-08T12:00")


def test_a_conversation_the_customer_began_starts_the_wait_for_calls_alone() -> None:
    called_us = (event("inbound_conversation", "2026-04-06T15:00"),)
    assert outcome("2026-04-08T15:00", history=called_us) == (TALKED, "2026-04-13T12:00")
    assert outcome("2026-04-08T15:00", "sms", history=called_us, consents=SMS_OPT_IN) == OPEN


def test_a_conversation_about_several_debts_stops_each_of_them() -> None:
    both = (event("conversation", "2026-04-06T15:00", debt="D1"), event("conversation", "2026-04-06T15:00", debt="D2"))
    assert outcome("2026-04-08T15:00", history=both, debts=("D2",))[0] == TALKED
    assert outcome("2026-04-08T15:00", history=both[:1], debts=("D2",)) == OPEN


def test_agreeing_to_further_calls_lifts_both_caps_for_seven_days() -> None:
    agreed = event("consent_extra_calls", "2026-04-06T16:00")
    assert outcome("2026-04-07T20:00", history=(*WEEK_OF_CALLS, agreed)) == OPEN
    talked = event("conversation", "2026-04-06T15:00")
    assert outcome("2026-04-08T15:00", history=(talked, agreed)) == OPEN
    old = event("consent_extra_calls", "2026-03-20T16:00")
    assert outcome("2026-04-07T20:00", history=(*WEEK_OF_CALLS, old))[0] == SEVEN


def test_calls_made_under_an_agreement_are_not_counted_later() -> None:
    agreed = event("consent_extra_calls", "2026-04-01T14:00")
    assert outcome("2026-04-08T20:00", history=(agreed, *daily("attempt", "2026-04-01T15:00", 7))) == OPEN


def test_a_creditor_keeps_the_same_caps_by_house_policy_and_businesses_have_none() -> None:
    assert outcome("2026-04-07T20:00", party="first", history=WEEK_OF_CALLS) == ("HOUSE_7_IN_7", "2026-04-08T12:00")
    talked = (event("conversation", "2026-04-06T15:00"),)
    assert outcome("2026-04-08T15:00", party="first", history=talked)[0] == "HOUSE_POST_CONVERSATION"
    assert outcome("2026-04-07T20:00", party="first", history=WEEK_OF_CALLS, legal_minimum=True) == OPEN
    assert outcome("2026-04-07T20:00", history=WEEK_OF_CALLS, consumer=False) == OPEN


def test_massachusetts_allows_two_calls_or_texts_in_seven_days_to_creditors_too() -> None:
    call_and_text = (event("attempt", "2026-04-01T15:00"), event("sent", "2026-04-03T15:00", "sms"))
    expected = ("MA_2_IN_7", "2026-04-08T12:00")
    assert outcome("2026-04-06T15:00", party="first", history=call_and_text, **MASSACHUSETTS) == expected
    assert (
        outcome("2026-04-06T15:00", "sms", "first", history=call_and_text, consents=SMS_OPT_IN, **MASSACHUSETTS)
        == expected
    )
    assert outcome("2026-04-06T15:00", "email", "first", history=call_and_text, **MASSACHUSETTS) == OPEN
    assert outcome("2026-04-06T15:00", party="first", history=call_and_text[:1], **MASSACHUSETTS) == OPEN


def test_massachusetts_counts_calls_that_failed_to_connect() -> None:
    failed = daily("no_connect", "2026-04-01T15:00", 2)
    assert outcome("2026-04-06T15:00", history=failed, **MASSACHUSETTS)[0] == "MA_2_IN_7"


def test_the_district_of_columbia_allows_four_calls_an_account() -> None:
    assert outcome("2026-04-06T15:00", party="first", history=WEEK_OF_CALLS[:3], **DISTRICT) == OPEN
    assert outcome("2026-04-06T15:00", party="first", history=WEEK_OF_CALLS[:4], **DISTRICT) == (
        "DC_4_CALLS_IN_7",
        "2026-04-08T12:00",
    )


def test_mortgages_are_outside_the_districts_caps() -> None:
    mortgage = Account(debt_kind=DebtKind.MORTGAGE)
    assert outcome("2026-04-06T15:00", party="first", history=WEEK_OF_CALLS[:4], account=mortgage, **DISTRICT) == OPEN
    assert outcome("2026-04-06T15:00", "email", "first", account=mortgage, **DISTRICT) == OPEN


def test_the_district_counts_all_electronic_messages_together() -> None:
    mixed = (*daily("sent", "2026-04-01T15:00", 3, "email"), *daily("sent", "2026-04-04T15:00", 2, "sms"))
    written = {"consents": WRITTEN, **DISTRICT}
    assert outcome("2026-04-06T15:00", "email", "first", history=mixed[:4], **written) == OPEN
    assert outcome("2026-04-06T15:00", "sms", "first", history=mixed, **written) == (
        "DC_5_ECOMM_IN_7",
        "2026-04-08T12:00",
    )


def test_the_district_lets_consent_be_asked_for_once_a_week() -> None:
    asking = {"purpose": "consent_request", **DISTRICT}
    before = (event("consent_request", "2026-04-01T15:00", "email"),)
    assert outcome("2026-04-06T15:00", "email", "first", **DISTRICT)[0] == "DC_ECOMM_CONSENT"
    assert outcome("2026-04-06T15:00", "email", "first", **asking) == OPEN
    assert outcome("2026-04-06T15:00", "email", "first", history=before, **asking) == (
        "DC_CONSENT_REQUEST_1_IN_7",
        "2026-04-08T12:00",
    )


def test_new_york_city_allows_three_communications_across_channels_from_september_2026() -> None:
    mixed = (
        event("attempt", "2026-09-08T15:00"),
        event("sent", "2026-09-09T15:00", "email"),
        event("voicemail", "2026-09-10T15:00"),
    )
    assert outcome("2026-09-11T15:00", party="first", history=mixed, **NEW_YORK_CITY) == (
        "NYC_3_IN_7",
        "2026-09-15T12:00",
    )
    assert outcome("2026-09-11T15:00", party="first", history=mixed[:2], **NEW_YORK_CITY) == OPEN
    august = daily("attempt", "2026-08-26T15:00", 3)
    assert outcome("2026-08-31T15:00", party="first", history=august, **NEW_YORK_CITY) == OPEN
    assert outcome("2026-09-01T15:00", party="first", history=august, **NEW_YORK_CITY)[0] == "NYC_3_IN_7"


def test_the_city_rule_begins_at_midnight_in_new_york() -> None:
    assert outcome("2026-09-01T00:30", "email", "first", **NEW_YORK_CITY) == OPEN  # 31 August, 20:30
    assert outcome("2026-09-01T12:30", "email", "first", **NEW_YORK_CITY)[0] == "NYC_ECOMM_CONSENT"


def test_the_city_leaves_a_creditors_routine_servicing_alone() -> None:
    servicing = Account(in_collection_procedures=False)
    assert outcome("2026-09-11T15:00", "email", "first", account=servicing, **NEW_YORK_CITY) == OPEN
    assert outcome("2026-09-11T15:00", "email", "third", account=servicing, **NEW_YORK_CITY)[0] == "NYC_ECOMM_CONSENT"


def test_a_second_text_to_the_same_customer_waits_for_tomorrow() -> None:
    sent = (event("sent", "2026-06-15T13:00", "sms"),)
    assert outcome("2026-06-15T15:00", "sms", history=sent, consents=SMS_OPT_IN) == (
        "HOUSE_1_MESSAGE_A_DAY",
        "2026-06-16T12:00",
    )
    assert outcome("2026-06-15T15:00", "email", history=sent, consents=Consents()) == OPEN
    assert outcome("2026-06-15T15:00", "sms", history=sent, consents=SMS_OPT_IN, legal_minimum=True) == OPEN
