"""Switches: what they cover, who turns them, and when the breaker does."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dunwell.accounts.model import Channel
from dunwell.errors import ConflictError, InvalidInputError
from dunwell.outreach.switches import Counts, Switch, count_and_judge, scope_of, tripped, turned
from tests.support.memory import InMemorySwitches
from tests.support.outreach import NOW


@pytest.mark.parametrize("text", ["channel:sms", "creditor:example", "jurisdiction:us-ny", " jurisdiction:GB "])
def test_a_scope_names_a_channel_a_creditor_or_a_jurisdiction(text: str) -> None:
    assert scope_of(text) == text.strip().replace("us-ny", "US-NY")


@pytest.mark.parametrize("text", ["", "sms", "channel:fax", "channel:", "jurisdiction:USA", "creditor:", "state:NY"])
def test_anything_else_is_refused_with_what_to_write(text: str) -> None:
    with pytest.raises(InvalidInputError, match="write channel:NAME"):
        scope_of(text)


def test_a_switch_keeps_who_turned_it_why_and_how_often() -> None:
    store = InMemorySwitches()
    turned(store, "channel:sms", True, "ops", "wrong price", NOW)
    again = turned(store, "channel:sms", True, "other", "me too", NOW)
    assert (again.by, again.turns) == ("ops", 1)
    back = turned(store, "channel:sms", False, "counsel", "mended", NOW)
    assert (back.by, back.reason, back.turns, store.stopped()) == ("counsel", "mended", 2, set())


def test_starting_what_was_never_stopped_changes_nothing() -> None:
    store = InMemorySwitches()
    turned(store, "channel:sms", False, "ops", "why not", NOW)
    assert store.kept == {} or not store.stopped()


@pytest.mark.parametrize(("by", "reason"), [("", "x"), ("x", " ")])
def test_nobody_turns_a_switch_without_a_name_and_a_reason(by: str, reason: str) -> None:
    with pytest.raises(InvalidInputError):
        turned(InMemorySwitches(), "channel:sms", True, by, reason, NOW)


def test_of_two_who_turn_at_once_one_is_told() -> None:
    store = InMemorySwitches()
    read = store.switches()
    store.turn(Switch("channel:sms", True, NOW, "first", "x"))
    store.switches = lambda: read  # type: ignore[method-assign]
    with pytest.raises(ConflictError):
        turned(store, "channel:sms", True, "second", "y", NOW)


@pytest.mark.parametrize(
    ("counts", "stops"),
    [
        (Counts(100, 4), False),
        (Counts(100, 5), True),
        (Counts(20, 4), False),
        (Counts(1000, 49), False),
        (Counts(1000, 50), True),
        (Counts(1000, 0, 1), False),
        (Counts(500, 0, 2), True),
        (Counts(2000, 0, 2), True),
        (Counts(2001, 0, 2), False),
        (Counts(), False),
    ],
)
def test_the_breaker_opens_at_five_percent_of_bounces_and_a_thousandth_of_complaints(
    counts: Counts, stops: bool
) -> None:
    assert bool(tripped(counts)) is stops


def test_a_breaker_stays_open_until_a_person_closes_it_and_counts_anew_then() -> None:
    store = InMemorySwitches()
    bad = {Channel.EMAIL: Counts(10, 5)}
    (opened,) = count_and_judge(store, store, bad, NOW)
    assert (opened.scope, opened.by, store.stopped()) == ("channel:email", "breaker", {"channel:email"})
    assert count_and_judge(store, store, bad, NOW) == []
    turned(store, "channel:email", False, "ops", "list mended", NOW)
    assert count_and_judge(store, store, {Channel.EMAIL: Counts(10, 4)}, NOW) == []
    assert store.stopped() == set()
    assert count_and_judge(store, store, {Channel.EMAIL: Counts(1, 1)}, NOW)


def test_what_is_older_than_the_window_does_not_count() -> None:
    store = InMemorySwitches()
    count_and_judge(store, store, {Channel.EMAIL: Counts(4, 4)}, NOW - timedelta(days=7))
    assert count_and_judge(store, store, {Channel.EMAIL: Counts(1, 1)}, NOW) == []
    assert count_and_judge(store, store, {Channel.EMAIL: Counts(4, 4)}, NOW)


def test_one_channel_does_not_stop_another() -> None:
    store = InMemorySwitches()
    count_and_judge(store, store, {Channel.SMS: Counts(100, 0), Channel.EMAIL: Counts(5, 5)}, NOW)
    assert store.stopped() == {"channel:email"}


@given(st.integers(0, 5000), st.integers(0, 500), st.integers(0, 20))
def test_more_of_what_is_bad_never_lets_a_channel_go_on(reported: int, bounced: int, complained: int) -> None:
    if tripped(Counts(reported, bounced, complained)):
        assert tripped(Counts(reported, bounced + 1, complained))
        assert tripped(Counts(reported, bounced, complained + 1))
