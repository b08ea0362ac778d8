"""Holds: what each stops, on which debt, and when it ends."""

from typing import Any

import pytest

from dunwell.hold_kinds import HoldKind
from tests.unit.compliance.given import LONDON, OPEN, SMS_OPT_IN, event, hold, outcome

NOON = "2026-06-15T16:00"


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        ("bankruptcy", "BANKRUPTCY_STAY"),
        ("chapter_13_codebtor", "BANKRUPTCY_STAY"),
        ("discharged", "BANKRUPTCY_STAY"),
        ("deceased", "DECEASED"),
        ("identity_theft", "IDENTITY_THEFT"),
        ("cease", "CEASE_COMMUNICATION"),
        ("attorney", "ATTORNEY_REPRESENTED"),
        ("mental_health_crisis", "UK_BREATHING_SPACE"),
        ("dispute_written", "DISPUTE_PENDING_VERIFICATION"),
        ("dispute_oral", "DISPUTE_PENDING_VERIFICATION"),
        ("dispute_late", "DISPUTE_PENDING_VERIFICATION"),
        ("minor", "MINOR"),
        ("paid_or_settled", "PAID_OR_SETTLED"),
        ("vulnerable", "VULNERABLE_CUSTOMER"),
        ("disaster", "PAUSED_FOR_REVIEW"),
    ],
)
@pytest.mark.parametrize("channel", ["call", "sms", "email", "letter", "chatbot"])
@pytest.mark.parametrize("party", ["first", "third"])
def test_a_hold_stops_every_channel_until_lifted(kind: str, code: str, channel: str, party: str) -> None:
    assert outcome(NOON, channel, party, holds=(hold(kind),), consents=SMS_OPT_IN) == (code, None)


@pytest.mark.parametrize("kind", ["scra_active_duty", "time_barred"])
def test_some_facts_limit_what_may_be_done_but_not_contact(kind: str) -> None:
    assert outcome(NOON, holds=(hold(kind),)) == OPEN


def test_every_kind_of_hold_is_decided_about() -> None:
    harmless = {HoldKind.SCRA_ACTIVE_DUTY, HoldKind.TIME_BARRED, HoldKind.EMAIL_SUPPRESSED, HoldKind.REPLY_UNREAD}
    stops = {kind for kind in HoldKind if outcome(NOON, holds=(hold(kind, at="2026-06-15T15:00"),)) != OPEN}
    assert stops == set(HoldKind) - harmless  # a suppressed address or an unread text does not stop a call


def test_a_suppressed_address_stops_mail_and_a_reassigned_number_stops_the_phone() -> None:
    suppressed, reassigned = (hold("email_suppressed"),), (hold("number_reassigned"),)
    assert outcome(NOON, "email", holds=suppressed) == ("EMAIL_SUPPRESSED", None)
    assert outcome(NOON, "call", holds=suppressed) == OPEN
    assert outcome(NOON, "sms", holds=reassigned, consents=SMS_OPT_IN) == ("NUMBER_REASSIGNED", None)
    assert outcome(NOON, "call", holds=reassigned)[0] == "NUMBER_REASSIGNED"
    assert outcome(NOON, "email", holds=reassigned) == OPEN


@pytest.mark.parametrize("channel", ["call", "email", "letter", "chatbot"])
def test_an_unread_answer_stops_text_messages_and_nothing_else(channel: str) -> None:
    unread = (hold("reply_unread"),)
    assert outcome(NOON, "sms", holds=unread, consents=SMS_OPT_IN) == ("REPLY_UNREAD", None)
    assert outcome(NOON, channel, holds=unread) == OPEN


def test_a_hold_on_another_debt_does_not_reach_this_one() -> None:
    assert outcome(NOON, holds=(hold("attorney", debt="D2"),)) == OPEN
    assert outcome(NOON, holds=(hold("attorney", debt="D2"),), debts=("D1", "D2"))[0] == "ATTORNEY_REPRESENTED"


def test_death_is_a_fact_of_the_person_whatever_debt_it_was_recorded_on() -> None:
    assert outcome(NOON, holds=(hold("deceased", debt="D2"),))[0] == "DECEASED"


def test_a_hold_placed_at_fourteen_hundred_kills_the_message_queued_for_one_minute_past() -> None:
    placed = (hold("bankruptcy", at="2026-06-15T14:00"),)
    assert outcome("2026-06-15T13:59", "email", holds=placed) == OPEN
    assert outcome("2026-06-15T14:01", "email", holds=placed) == ("BANKRUPTCY_STAY", None)


def test_a_lifted_hold_no_longer_counts_and_a_dated_one_opens_after_its_end() -> None:
    dated = (hold("dispute_written", until="2026-06-17T03:00"),)
    assert outcome(NOON, holds=dated) == ("DISPUTE_PENDING_VERIFICATION", "2026-06-17T12:00")
    assert outcome("2026-06-17T12:00", holds=dated) == OPEN


def test_the_first_hold_in_the_order_of_reasons_is_reported() -> None:
    assert outcome(NOON, holds=(hold("cease"), hold("bankruptcy")))[0] == "BANKRUPTCY_STAY"


def test_british_breathing_space_lasts_sixty_days() -> None:
    britain: dict[str, Any] = {"country": "GB", "timezone": LONDON, "consents": SMS_OPT_IN}
    expected = ("UK_BREATHING_SPACE", "2026-08-14T07:00")
    dated = hold("breathing_space", at="2026-06-14T23:00", until="2026-08-13T23:00")
    open_ended = hold("breathing_space", at="2026-06-14T23:00")
    for space in (dated, open_ended):
        assert outcome("2026-07-01T10:00", "sms", "first", holds=(space,), **britain) == expected
        assert outcome("2026-08-14T07:00", "sms", "first", holds=(space,), **britain) == OPEN


def test_breathing_space_lets_required_notices_and_answers_through() -> None:
    space = (hold("breathing_space", at="2026-06-14T23:00"),)
    britain: dict[str, Any] = {"country": "GB", "timezone": LONDON, "holds": space}
    assert outcome("2026-07-01T10:00", "letter", "first", purpose="statutory_notice", **britain) == OPEN
    wrote = (event("inbound_message", "2026-07-01T09:00", "email"),)
    assert outcome("2026-07-01T10:00", "email", "first", purpose="reply_to_inbound", history=wrote, **britain) == OPEN


def test_one_final_notice_may_follow_a_cease_request_by_post() -> None:
    cease = (hold("cease", debt="D1"),)
    final: dict[str, Any] = {"purpose": "cease_final_notice", "holds": cease}
    assert outcome(NOON, "letter", **final) == OPEN
    assert outcome(NOON, "email", **final)[0] == "CEASE_COMMUNICATION"
    sent = (event("cease_final_notice", "2026-06-01T15:00", "letter"),)
    assert outcome(NOON, "letter", history=sent, **final)[0] == "CEASE_COMMUNICATION"


def test_verification_may_be_sent_during_a_dispute() -> None:
    disputed = (hold("dispute_written", debt="D1"),)
    assert outcome(NOON, "letter", purpose="verification", holds=disputed) == OPEN


@pytest.mark.parametrize("kind", ["cease", "attorney", "dispute_written", "dispute_oral"])
def test_the_law_alone_leaves_a_creditor_free_where_only_collectors_are_bound(kind: str) -> None:
    assert outcome(NOON, party="first", holds=(hold(kind),), legal_minimum=True) == OPEN


def test_california_and_massachusetts_bind_creditors_by_law() -> None:
    california: dict[str, Any] = {"state": "CA", "legal_minimum": True, "party": "first"}
    assert outcome("2026-06-15T18:00", holds=(hold("cease"),), **california)[0] == "CEASE_COMMUNICATION"
    massachusetts: dict[str, Any] = {"state": "MA", "legal_minimum": True, "party": "first"}
    assert outcome(NOON, holds=(hold("dispute_written"),), **massachusetts)[0] == "DISPUTE_PENDING_VERIFICATION"
