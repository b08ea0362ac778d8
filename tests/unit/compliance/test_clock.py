"""Hours of the day: edges, clock changes, and the customer's own wishes."""

import pytest

from tests.unit.compliance.given import (
    NEW_YORK,
    OPEN,
    SMS_OPT_IN,
    VOICE_OPT_IN,
    event,
    excluded,
    outcome,
)

REGF = "REGF_QUIET_HOURS"
HOUSE = "HOUSE_QUIET_HOURS"


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        ("2026-06-15T11:59:59", (REGF, "2026-06-15T12:00")),
        ("2026-06-15T12:00", OPEN),
        ("2026-06-16T00:59:59", OPEN),
        ("2026-06-16T01:00", (REGF, "2026-06-16T12:00")),
    ],
)
def test_calls_are_permitted_from_eight_until_just_before_nine(at: str, expected: tuple[str, str | None]) -> None:
    assert outcome(at) == expected


def test_a_text_queued_before_nine_may_not_be_sent_after_nine() -> None:
    assert outcome("2026-06-16T00:58", "sms", consents=SMS_OPT_IN) == OPEN
    assert outcome("2026-06-16T01:03", "sms", consents=SMS_OPT_IN) == (REGF, "2026-06-16T12:00")


@pytest.mark.parametrize("channel", ["call", "sms", "email", "voice_ai", "social"])
def test_regulation_f_hours_bind_every_channel_that_rings(channel: str) -> None:
    consents = VOICE_OPT_IN if channel == "voice_ai" else SMS_OPT_IN
    assert outcome("2026-06-15T03:00", channel, consents=consents)[0] == REGF


def test_letters_and_a_chat_that_the_customer_opened_have_no_hours() -> None:
    assert outcome("2026-06-15T07:00", "letter") == OPEN
    assert outcome("2026-06-15T07:00", "chatbot") == OPEN


@pytest.mark.parametrize(
    ("zone", "state", "at", "expected"),
    [
        ("America/Indiana/Indianapolis", "IN", "2026-06-15T11:30", (REGF, "2026-06-15T12:00")),
        ("America/Puerto_Rico", "PR", "2026-12-15T11:59", (REGF, "2026-12-15T12:00")),
        ("America/Puerto_Rico", "PR", "2026-12-15T12:00", OPEN),
        ("America/Anchorage", "AK", "2026-06-15T15:59", (REGF, "2026-06-15T16:00")),
        ("Pacific/Honolulu", "HI", "2026-06-16T06:59", OPEN),
        ("America/Phoenix", "AZ", "2026-11-02T14:30", (REGF, "2026-11-02T15:00")),
        ("America/Denver", "AZ", "2026-11-02T14:30", (REGF, "2026-11-02T15:00")),
    ],
)
def test_a_confirmed_zone_decides(zone: str, state: str, at: str, expected: tuple[str, str | None]) -> None:
    assert outcome(at, timezone=zone, state=state) == expected


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        ("2026-03-08T11:59", (REGF, "2026-03-08T12:00")),
        ("2026-03-09T00:30", OPEN),
        ("2026-03-09T01:00", (REGF, "2026-03-09T12:00")),
        ("2026-11-01T02:00", (REGF, "2026-11-01T13:00")),
        ("2026-11-01T12:30", (REGF, "2026-11-01T13:00")),
        ("2026-11-02T02:00", (REGF, "2026-11-02T13:00")),
    ],
)
def test_opening_hours_follow_clock_changes(at: str, expected: tuple[str, str | None]) -> None:
    assert outcome(at) == expected


def test_a_creditor_keeps_house_hours_where_no_law_sets_any() -> None:
    assert outcome("2026-06-15T11:30", party="first") == (HOUSE, "2026-06-15T12:00")
    assert outcome("2026-06-15T11:30", party="first", legal_minimum=True) == OPEN


def test_businesses_are_called_in_house_hours_and_mailed_at_any() -> None:
    assert outcome("2026-06-15T03:00", consumer=False) == (HOUSE, "2026-06-15T12:00")
    assert outcome("2026-06-15T03:00", "email", consumer=False) == OPEN
    assert outcome("2026-06-15T03:00", consumer=False, legal_minimum=True) == OPEN


@pytest.mark.parametrize(
    ("state", "zone", "code"),
    [
        ("CA", "America/Los_Angeles", "CA_ROSENTHAL_QUIET_HOURS"),
        ("FL", NEW_YORK, "FL_FCCPA_QUIET_HOURS"),
        ("MA", NEW_YORK, "MA_QUIET_HOURS"),
    ],
)
def test_some_states_bind_creditors_too(state: str, zone: str, code: str) -> None:
    night = "2026-06-15T10:30"
    assert outcome(night, party="first", state=state, timezone=zone, legal_minimum=True)[0] == code
    assert outcome(night, party="third", state=state, timezone=zone)[0] == REGF


def test_florida_lets_a_creditors_email_through_but_the_house_does_not() -> None:
    florida = {"state": "FL", "timezone": NEW_YORK}
    assert outcome("2026-06-16T02:30", "email", "first", legal_minimum=True, **florida) == OPEN
    assert outcome("2026-06-16T02:30", "email", "first", **florida) == (HOUSE, "2026-06-16T12:00")


def test_british_customers_are_contacted_in_house_hours_on_their_own_clock() -> None:
    britain = {"country": "GB", "timezone": "Europe/London"}
    assert outcome("2026-03-29T06:59", party="first", **britain) == (HOUSE, "2026-03-29T07:00")
    assert outcome("2026-03-28T07:30", party="first", **britain) == (HOUSE, "2026-03-28T08:00")


WORKING_HOURS = excluded(range(5), "08:00", "17:00")


def test_a_customers_excluded_time_comes_before_quiet_hours() -> None:
    assert outcome("2026-06-15T15:00", inconvenient=(WORKING_HOURS,)) == (
        "CONSUMER_INCONVENIENT_TIME",
        "2026-06-15T21:00",
    )
    assert outcome("2026-06-15T21:00", inconvenient=(WORKING_HOURS,)) == OPEN


def test_the_next_opening_is_outside_excluded_times_too() -> None:
    assert outcome("2026-06-16T02:00", inconvenient=(WORKING_HOURS,)) == (REGF, "2026-06-16T21:00")


def test_an_excluded_time_may_run_past_midnight() -> None:
    nights = (excluded([4], "19:00", "09:30"),)
    assert outcome("2026-06-19T23:30", inconvenient=nights) == ("CONSUMER_INCONVENIENT_TIME", "2026-06-20T13:30")
    assert outcome("2026-06-20T13:00", inconvenient=nights)[0] == "CONSUMER_INCONVENIENT_TIME"
    assert outcome("2026-06-21T13:00", inconvenient=nights) == OPEN


def test_a_week_excluded_as_a_whole_has_no_next_opening() -> None:
    always = (excluded(range(7), "00:00", "24:00"),)
    assert outcome("2026-06-15T15:00", inconvenient=always) == ("CONSUMER_INCONVENIENT_TIME", None)


def test_one_reply_to_the_customers_own_message_may_go_at_night() -> None:
    asked_at = event("inbound_message", "2026-06-16T02:28", "email")
    reply = {"purpose": "reply_to_inbound"}
    assert outcome("2026-06-16T02:30", "email", history=(asked_at,), **reply) == OPEN
    answered = (asked_at, event("reply", "2026-06-16T02:29", "email"))
    assert outcome("2026-06-16T02:30", "email", history=answered, **reply) == (REGF, "2026-06-16T12:00")
    automatic = (asked_at, event("sent", "2026-06-16T02:29", "email"))
    assert outcome("2026-06-16T02:30", "email", history=automatic, **reply)[0] == REGF


def test_a_reply_on_another_medium_waits_until_morning() -> None:
    wrote = (event("inbound_message", "2026-06-16T02:28", "email"),)
    assert outcome("2026-06-16T02:30", purpose="reply_to_inbound", history=wrote)[0] == REGF
    assert outcome("2026-06-16T02:30", "email", purpose="reply_to_inbound")[0] == REGF
