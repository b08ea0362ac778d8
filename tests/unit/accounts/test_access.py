"""Links, codes and sessions (rule MAGIC-LINK)."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dunwell.accounts.access import (
    LINK_LIFE,
    LOCK,
    MAX_TRIES,
    Link,
    Purpose,
    Session,
    TooManyTriesError,
    Tries,
    answers,
    csrf_matches,
    csrf_token,
    fingerprint,
    new_code,
    new_token,
)
from tests.support.portal import NOW, customer


@pytest.mark.parametrize("answer", ["C-1042", "c1042", " c 10-42 ", "C\u20131042", "12207", "12207-1234", "122071234"])
def test_a_customer_number_or_postcode_is_right_however_it_is_spaced(answer: str) -> None:
    assert answers(customer(), answer)


@pytest.mark.parametrize("answer", ["", " - ", "C-1043", "1220", "12208", "12207-9999x", "Anna's Bakery", "1234"])
def test_anything_else_is_wrong(answer: str) -> None:
    assert not answers(customer(), answer)


@pytest.mark.parametrize("answer", ["", "-", "  "])
def test_a_customer_without_number_or_postcode_is_never_matched_by_nothing(answer: str) -> None:
    assert not answers(customer(number="", postcode=""), answer)


@pytest.mark.parametrize("postcode", ["-", ".", "N/A", "none", "0", "1234"])
def test_what_stands_in_a_source_instead_of_a_postcode_is_no_answer(postcode: str) -> None:
    unknown = customer(number="C-1042", postcode=postcode)
    assert not any(answers(unknown, given) for given in ("", "-", "!", " ", postcode))
    assert answers(unknown, "c1042")


def test_a_british_postcode_is_compared_whole() -> None:
    british = customer(country="GB", postcode="SW1A 1AA")
    assert answers(british, "sw1a1aa")
    assert not answers(british, "SW1A")


def test_tokens_are_long_and_codes_have_six_digits() -> None:
    assert len(new_token(160)) == 27
    assert len(new_token()) == 43
    assert all(len(code) == 6 and code.isdecimal() for code in (new_code() for _ in range(200)))


def test_a_link_opens_its_own_page_until_it_ends() -> None:
    link = Link(fingerprint("t"), "cus", Purpose.ACCOUNT, NOW + LINK_LIFE[Purpose.ACCOUNT])
    assert link.opens(Purpose.ACCOUNT, NOW + timedelta(days=30) - timedelta(seconds=1))
    assert not link.opens(Purpose.ACCOUNT, NOW + timedelta(days=30))
    assert not link.opens(Purpose.STOP, NOW)


def test_a_stop_link_works_for_longer_than_the_thirty_days_of_the_law() -> None:
    assert LINK_LIFE[Purpose.STOP] > timedelta(days=30)


def test_the_sixth_try_within_an_hour_is_refused_and_an_hour_later_allowed() -> None:
    tries = Tries("h", 1, NOW, 1)
    for minute in range(1, MAX_TRIES):
        tries = tries.next(NOW + timedelta(minutes=minute))
    fifth = NOW + timedelta(minutes=MAX_TRIES - 1)
    with pytest.raises(TooManyTriesError):
        tries.next(fifth + LOCK - timedelta(seconds=1))
    assert tries.next(fifth + LOCK).count == 1


@given(st.lists(st.integers(min_value=0, max_value=3600), min_size=1, max_size=60))
def test_never_more_than_five_tries_before_a_pause_of_an_hour(gaps: list[int]) -> None:
    at, tries, made = NOW, Tries("h", 1, NOW, 1), [NOW]
    for gap in gaps:
        at += timedelta(seconds=gap)
        try:
            tries = tries.next(at)
        except TooManyTriesError:
            continue
        made.append(at)
    # Six tries in a row never lie within less than an hour.
    assert all(later - earlier >= LOCK for earlier, later in zip(made, made[MAX_TRIES:], strict=False))


def test_a_session_ends_after_half_an_hour_of_silence_or_eight_hours_in_all() -> None:
    session = Session("h", "cus", started_at=NOW, seen_at=NOW)
    assert session.is_alive(NOW + timedelta(minutes=29, seconds=59))
    assert not session.is_alive(NOW + timedelta(minutes=30))
    kept_busy = Session("h", "cus", started_at=NOW, seen_at=NOW + timedelta(hours=7, minutes=59))
    assert kept_busy.is_alive(NOW + timedelta(hours=7, minutes=59, seconds=59))
    assert not kept_busy.is_alive(NOW + timedelta(hours=8))


def test_a_use_is_noted_once_a_minute() -> None:
    session = Session("h", "cus", started_at=NOW, seen_at=NOW)
    assert session.seen(NOW + timedelta(seconds=59)) is session
    assert session.seen(NOW + timedelta(seconds=60)).seen_at == NOW + timedelta(seconds=60)


def test_a_form_token_belongs_to_one_session() -> None:
    assert csrf_matches("one", csrf_token("one"))
    assert not csrf_matches("one", csrf_token("two"))
    assert not csrf_matches("one", "")
    assert not csrf_matches("one", "ünïcode")
