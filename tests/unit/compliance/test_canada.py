"""Ontario, Quebec and British Columbia."""

from typing import Any

import pytest

from tests.unit.compliance.given import OPEN, TORONTO, Account, event, moment, outcome

ONTARIO: dict[str, Any] = {"country": "CA", "state": "ON", "timezone": TORONTO}
NOTICED = {**ONTARIO, "account": Account(notice_sent_at=moment("2026-01-05T15:00"))}
"""A consumer in Ontario who got the written notice long ago."""
QUEBEC = {"country": "CA", "state": "QC", "timezone": TORONTO}
BRITISH_COLUMBIA = {"country": "CA", "state": "BC", "timezone": "America/Vancouver"}


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        ("2026-06-15T10:59", ("ON_QUIET_HOURS", "2026-06-15T11:00")),
        ("2026-06-16T00:59", OPEN),
        ("2026-06-16T01:00", ("ON_QUIET_HOURS", "2026-06-16T11:00")),
        ("2026-06-14T16:59", ("ON_QUIET_HOURS", "2026-06-14T17:00")),
        ("2026-06-14T17:00", OPEN),
        ("2026-06-14T21:00", ("ON_QUIET_HOURS", "2026-06-15T11:00")),
        ("2026-05-17T21:00", ("ON_QUIET_HOURS", "2026-05-19T11:00")),
        ("2026-04-03T15:00", ("ON_QUIET_HOURS", "2026-04-04T11:00")),
        ("2026-12-25T15:00", ("ON_QUIET_HOURS", "2026-12-27T18:00")),
    ],
)
def test_ontario_hours_sundays_and_holidays(at: str, expected: tuple[str, str | None]) -> None:
    assert outcome(at, **NOTICED) == expected


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        ("2026-06-15T23:59", OPEN),
        ("2026-06-16T00:00", ("QC_QUIET_HOURS", "2026-06-16T12:00")),
        ("2026-06-14T16:00", ("QC_QUIET_HOURS", "2026-06-15T12:00")),
        ("2026-06-24T16:00", ("QC_QUIET_HOURS", "2026-06-25T12:00")),
        ("2026-04-06T16:00", ("QC_QUIET_HOURS", "2026-04-07T12:00")),
    ],
)
def test_quebec_hours_sundays_and_holidays(at: str, expected: tuple[str, str | None]) -> None:
    assert outcome(at, **QUEBEC) == expected


def test_british_columbia_no_longer_moves_its_clocks() -> None:
    assert outcome("2026-12-02T04:30", **BRITISH_COLUMBIA) == ("BC_QUIET_HOURS", "2026-12-02T14:00")
    assert outcome("2026-12-02T03:59", **BRITISH_COLUMBIA) == OPEN


def test_letters_and_creditors_are_outside_the_provinces_hours() -> None:
    assert outcome("2026-06-14T14:00", "letter", **NOTICED) == OPEN
    assert outcome("2026-06-14T14:00", party="first", **NOTICED) == OPEN
    assert outcome("2026-06-14T11:30", party="first", **NOTICED)[0] == "HOUSE_QUIET_HOURS"


def test_ontario_waits_until_the_sixth_day_after_the_written_notice() -> None:
    noticed = Account(notice_sent_at=moment("2026-05-04T15:00"))
    assert outcome("2026-05-09T15:00", account=noticed, **ONTARIO) == ("ON_6_DAY_NOTICE", "2026-05-10T17:00")
    assert outcome("2026-05-10T17:00", account=noticed, **ONTARIO) == OPEN
    assert outcome("2026-05-09T15:00", account=Account(), **ONTARIO) == ("ON_6_DAY_NOTICE", None)
    assert outcome("2026-05-09T15:00", "email", account=Account(), purpose="statutory_notice", **ONTARIO) == OPEN


CONTACTS = (
    event("conversation", "2026-06-01T15:00"),
    event("voicemail", "2026-06-02T15:00", debt="D2"),
    event("sent", "2026-06-03T15:00", "email"),
)


def test_ontario_counts_three_contacts_of_a_creditor_after_the_first_conversation() -> None:
    assert outcome("2026-06-05T15:00", history=CONTACTS, **NOTICED) == ("ON_3_IN_7", "2026-06-08T11:00")
    assert outcome("2026-06-05T15:00", "email", history=CONTACTS, **NOTICED)[0] == "ON_3_IN_7"
    assert outcome("2026-06-05T15:00", "letter", history=CONTACTS, **NOTICED) == OPEN


def test_ontario_does_not_count_bare_rings_or_contacts_before_any_conversation() -> None:
    rings = (CONTACTS[0], *(event("attempt", f"2026-06-0{day}T15:00") for day in (2, 3, 4)))
    assert outcome("2026-06-05T15:00", history=rings, **NOTICED) == OPEN
    no_talk = tuple(event("voicemail", f"2026-06-0{day}T15:00") for day in (1, 2, 3))
    assert outcome("2026-06-05T15:00", history=no_talk, **NOTICED) == OPEN
