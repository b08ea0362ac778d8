"""Opt-outs, consent, carriers, and what the words must contain."""

from typing import Any

import pytest

from dunwell.compliance import Channel
from tests.unit.compliance.given import (
    LONDON,
    NEW_YORK,
    OPEN,
    SMS_OPT_IN,
    VOICE_OPT_IN,
    WRITTEN,
    Account,
    Consents,
    MessageFacts,
    event,
    hold,
    moment,
    outcome,
)

NOON = "2026-06-15T16:00"
NO_SMS = frozenset({Channel.SMS})
STOPPED_AT_NIGHT = event("inbound_stop", "2026-06-16T03:10", "sms")


@pytest.mark.parametrize("channel", ["call", "sms", "email", "letter"])
def test_an_opt_out_bars_its_own_medium(channel: str) -> None:
    refused = frozenset({Channel(channel)})
    assert outcome(NOON, channel, opted_out=refused, consents=SMS_OPT_IN) == ("OPTED_OUT", None)


def test_an_opt_out_leaves_other_media_open() -> None:
    assert outcome(NOON, "email", opted_out=NO_SMS) == OPEN


def test_who_refuses_calls_refuses_artificial_voices() -> None:
    refused = frozenset({Channel.CALL})
    assert outcome(NOON, "voice_ai", opted_out=refused, consents=VOICE_OPT_IN)[0] == "OPTED_OUT"


def test_a_message_on_a_refused_medium_may_be_answered_once() -> None:
    wrote = event("inbound_message", "2026-06-15T15:00", "email")
    refused: dict[str, Any] = {"opted_out": frozenset({Channel.EMAIL}), "purpose": "reply_to_inbound"}
    assert outcome(NOON, "email", history=(wrote,), **refused) == OPEN
    answered = (wrote, event("reply", "2026-06-15T15:10", "email"))
    assert outcome(NOON, "email", history=answered, **refused)[0] == "OPTED_OUT"
    stopped_since = (wrote, event("inbound_stop", "2026-06-15T15:10", "email"))
    assert outcome(NOON, "email", history=stopped_since, **refused)[0] == "OPTED_OUT"


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        ("2026-06-16T03:15", OPEN),
        ("2026-06-16T03:15:01", ("OPTOUT_CONFIRMATION_WINDOW", None)),
    ],
)
def test_an_opt_out_is_confirmed_within_five_minutes_even_at_night(at: str, expected: tuple[str, str | None]) -> None:
    confirming: dict[str, Any] = {"purpose": "optout_confirmation", "opted_out": NO_SMS}
    assert outcome(at, "sms", history=(STOPPED_AT_NIGHT,), **confirming) == expected


def test_an_opt_out_is_confirmed_once_and_only_if_there_was_one() -> None:
    confirming: dict[str, Any] = {"purpose": "optout_confirmation", "opted_out": NO_SMS}
    confirmed = (STOPPED_AT_NIGHT, event("optout_confirmation", "2026-06-16T03:10:05", "sms"))
    assert outcome("2026-06-16T03:12", "sms", history=confirmed, **confirming) == (
        "OPTOUT_CONFIRMATION_DUPLICATE",
        None,
    )
    assert outcome("2026-06-16T03:12", "sms", **confirming) == ("OPTOUT_CONFIRMATION_WINDOW", None)


@pytest.mark.parametrize("profile", [True, False])
def test_texts_and_artificial_voices_need_consent_under_every_profile(profile: bool) -> None:
    assert outcome(NOON, "sms", "first", legal_minimum=profile) == ("NO_CONSENT_SMS", None)
    assert outcome(NOON, "voice_ai", "first", legal_minimum=profile) == ("NO_CONSENT_AI_VOICE", None)
    assert outcome(NOON, "voice_ai", "first", consents=SMS_OPT_IN, legal_minimum=profile)[0] == "NO_CONSENT_AI_VOICE"
    assert outcome(NOON, "voice_ai", "first", consents=VOICE_OPT_IN, legal_minimum=profile) == OPEN


def test_one_refusal_revokes_texts_and_artificial_voices_from_31_january_2027() -> None:
    refused: dict[str, Any] = {"opted_out": NO_SMS, "consents": VOICE_OPT_IN}
    assert outcome("2027-01-30T17:00", "voice_ai", "first", **refused) == OPEN
    assert outcome("2027-01-31T17:00", "voice_ai", "first", **refused) == ("TCPA_REVOKE_ALL", None)
    assert outcome("2027-01-31T17:00", "call", "first", **refused) == OPEN


@pytest.mark.parametrize(
    ("at", "expected"),
    [("2026-03-02T15:00", OPEN), ("2026-03-02T15:01", ("SMS_REVALIDATION_REQUIRED", None))],
)
def test_a_collector_confirms_a_mobile_number_every_sixty_days(at: str, expected: tuple[str, str | None]) -> None:
    confirmed = Consents(sms=True, sms_last_confirmed=moment("2026-01-01T15:00"))
    assert outcome(at, "sms", consents=confirmed) == expected
    assert outcome(at, "sms", "first", consents=confirmed) == OPEN


def test_a_text_from_the_customer_confirms_the_number() -> None:
    confirmed = Consents(sms=True, sms_last_confirmed=moment("2026-01-01T15:00"))
    wrote = (event("inbound_message", "2026-02-20T15:00", "sms"),)
    assert outcome("2026-03-05T15:00", "sms", consents=confirmed, history=wrote) == OPEN


@pytest.mark.parametrize(("days", "code"), [(34, "EMAIL_OPT_OUT_PERIOD"), (35, "EMAIL_OPT_OUT_PERIOD"), (36, "OK")])
def test_an_address_from_the_creditor_waits_for_its_35_day_notice(days: int, code: str) -> None:
    noticed = Consents(creditor_email_notice_at=moment("2026-06-01T15:00"))
    at = f"2026-07-{days - 29:02d}T16:00"
    assert outcome(at, "email", consents=noticed)[0] == code


def test_the_35_days_are_lifted_by_time_alone() -> None:
    noticed = Consents(creditor_email_notice_at=moment("2026-06-01T15:00"))
    assert outcome("2026-06-20T16:00", "email", consents=noticed)[1] == "2026-07-07T12:00"


def test_dc_nyc_and_new_york_want_written_consent_to_electronic_messages() -> None:
    dc = {"state": "DC", "timezone": NEW_YORK}
    city = {"state": "NY", "locality": "NYC", "timezone": NEW_YORK}
    state = {"state": "NY", "timezone": NEW_YORK}
    assert outcome(NOON, "sms", "first", consents=SMS_OPT_IN, **dc) == ("DC_ECOMM_CONSENT", None)
    assert outcome(NOON, "sms", "first", consents=WRITTEN, **dc) == OPEN
    assert outcome("2026-09-11T15:00", "sms", "first", consents=SMS_OPT_IN, **city) == ("NYC_ECOMM_CONSENT", None)
    assert outcome("2026-09-11T15:00", "email", "third", **city) == ("NYC_ECOMM_CONSENT", None)
    assert outcome(NOON, "email", "third", **city) == ("NY_EMAIL_CONSENT", None)
    assert outcome(NOON, "email", "third", **state) == ("NY_EMAIL_CONSENT", None)
    assert outcome(NOON, "email", "third", consents=Consents(email=True), **state) == OPEN
    assert outcome(NOON, "email", "first", **state) == OPEN


def test_a_provider_that_bars_third_party_collection_stops_their_texts_alone() -> None:
    barred: dict[str, Any] = {"third_party_sms_permitted": False, "consents": SMS_OPT_IN}
    assert outcome(NOON, "sms", "third", **barred) == ("CARRIER_FORBIDDEN_USE_CASE", None)
    assert outcome(NOON, "sms", "first", **barred) == OPEN
    assert outcome(NOON, "email", "third", **barred) == OPEN
    assert outcome("2026-06-15T12:00", "sms", "third", country="GB", timezone=LONDON, **barred) == OPEN


def test_a_work_address_needs_the_customers_own_word() -> None:
    assert outcome(NOON, "email", email_is_work=True) == ("WORK_EMAIL", None)
    assert outcome(NOON, "email", email_is_work=True, consents=Consents(work_email=True)) == OPEN
    assert outcome(NOON, "email", "first", email_is_work=True) == OPEN


def test_nobody_is_called_at_work_against_the_employers_wish() -> None:
    assert outcome(NOON, at_work=True, employer_prohibits=True) == ("WORKPLACE", None)
    assert outcome(NOON, at_work=True) == OPEN


@pytest.mark.parametrize("channel", ["sms", "email", "social"])
def test_collectors_messages_say_how_to_opt_out(channel: str) -> None:
    silent = MessageFacts(opt_out_notice=False, disclosure=True)
    assert outcome(NOON, channel, message=silent, consents=SMS_OPT_IN) == ("MISSING_OPT_OUT_NOTICE", None)
    complete = MessageFacts(opt_out_notice=True, disclosure=True)
    assert outcome(NOON, channel, message=complete, consents=SMS_OPT_IN) == OPEN
    assert outcome(NOON, channel, "first", message=silent, consents=SMS_OPT_IN) == OPEN


@pytest.mark.parametrize("channel", ["call", "email", "letter", "chatbot"])
def test_collectors_say_that_they_collect_a_debt(channel: str) -> None:
    silent = MessageFacts(opt_out_notice=True, disclosure=False)
    assert outcome(NOON, channel, message=silent) == ("MISSING_DISCLOSURE", None)
    assert outcome(NOON, channel, "first", message=silent) == OPEN


def test_a_post_that_others_can_read_is_refused() -> None:
    public = MessageFacts(opt_out_notice=True, disclosure=True, visible_to_others=True)
    assert outcome(NOON, "social", message=public) == ("VISIBLE_TO_OTHERS", None)


BEGUN = Account(initial_communication_at=moment("2026-06-01T15:00"))


@pytest.mark.parametrize(
    ("at", "expected"),
    [("2026-06-06T23:00", OPEN), ("2026-06-07T15:00", ("VALIDATION_NOTICE_OVERDUE", None))],
)
def test_the_validation_notice_follows_within_five_days(at: str, expected: tuple[str, str | None]) -> None:
    assert outcome(at, account=BEGUN) == expected


def test_the_overdue_notice_itself_may_go_and_then_collection_resumes() -> None:
    assert outcome("2026-06-09T15:00", "letter", account=BEGUN, purpose="validation_notice") == OPEN
    sent = Account(
        initial_communication_at=moment("2026-06-01T15:00"),
        validation_notice_sent_at=moment("2026-06-08T15:00"),
    )
    assert outcome("2026-06-09T15:00", account=sent) == OPEN


def test_no_opening_is_promised_for_a_time_when_the_notice_will_be_overdue() -> None:
    assert outcome("2026-06-07T02:00", account=BEGUN) == ("REGF_QUIET_HOURS", None)


def test_massachusetts_gives_creditors_five_business_days_for_the_notice() -> None:
    massachusetts: dict[str, Any] = {"state": "MA", "timezone": NEW_YORK, "account": BEGUN, "party": "first"}
    assert outcome("2026-06-08T15:00", **massachusetts) == OPEN
    assert outcome("2026-06-09T15:00", **massachusetts) == ("VALIDATION_NOTICE_OVERDUE", None)


# --- facts without which nothing may be sent ---


def test_who_has_no_licence_collects_nothing_for_another_and_a_creditor_needs_none() -> None:
    assert outcome(NOON, "letter", licensed=False) == ("NO_LICENSE", None)
    assert outcome(NOON, "letter", licensed=False, purpose="validation_notice") == ("NO_LICENSE", None)
    assert outcome(NOON, "letter", "first", licensed=False) == OPEN


def test_a_third_party_mails_an_address_only_when_it_is_known_to_be_the_consumers() -> None:
    unknown = Consents(email_procured=False)
    words = MessageFacts(opt_out_notice=True, disclosure=True)
    assert outcome(NOON, "email", consents=unknown, message=words) == ("EMAIL_OPT_OUT_PERIOD", None)
    assert outcome(NOON, "email", "first", consents=unknown) == OPEN
    noticed = Consents(email_procured=False, creditor_email_notice_at=moment("2026-06-01T15:00"))
    assert outcome("2026-07-05T16:00", "email", consents=noticed)[0] == "EMAIL_OPT_OUT_PERIOD", "day 34"
    assert outcome("2026-07-07T16:00", "email", consents=noticed) == OPEN, "day 36"


def test_a_debt_barred_by_time_is_not_pursued_in_the_united_kingdom() -> None:
    barred: dict[str, Any] = {"holds": (hold("time_barred"),), "party": "first"}
    british = {"country": "GB", "timezone": LONDON}
    assert outcome(NOON, "email", **barred, **british) == ("UK_TIME_BARRED", None)
    assert outcome(NOON, "email", **barred, **british, purpose="receipt") == OPEN
    assert outcome(NOON, "email", **barred) == OPEN, "in the United States it is said, not silenced"


def test_massachusetts_allows_two_calls_at_work_in_thirty_days() -> None:
    at_work: dict[str, Any] = {"state": "MA", "timezone": NEW_YORK, "party": "first", "at_work": True}
    calls = (event("attempt", "2026-05-26T15:00"), event("attempt", "2026-06-05T15:00"))
    assert outcome(NOON, history=calls, **at_work) == ("MA_2_IN_30", "2026-06-25T12:00")
    assert outcome(NOON, history=calls, **(at_work | {"at_work": False})) == OPEN
    assert outcome(NOON, history=calls[1:], **at_work) == OPEN
