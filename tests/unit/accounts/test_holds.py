"""Holds: placed, lifted, run out; never deleted."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dunwell.accounts.holds import Hold, added_holds, hold_lifted, hold_placed, merged_holds
from dunwell.errors import InvalidInputError, NotFoundError
from tests.support.customers import holds, moments, property_of_customers
from tests.support.portal import NOW, customer

DAY = timedelta(days=1)
HOLD = Hold("attorney", None, NOW, placed_by="agent", note="Letter of 20 November")
HELD = customer().with_hold(HOLD)
some_holds = st.lists(holds(), max_size=3).map(tuple)


def test_a_hold_is_in_force_from_when_it_was_placed_until_it_is_lifted() -> None:
    assert HELD.holds_in_force(NOW - DAY) == []
    assert HELD.holds_in_force(NOW + 100 * DAY) == [HOLD]
    lifted = HELD.without_hold(HOLD.hold_id, NOW + DAY, "lead")
    assert (lifted.holds_in_force(NOW), lifted.holds_in_force(NOW + DAY)) == ([lifted.holds[0]], [])
    assert lifted.holds == (replace(HOLD, lifted_at=NOW + DAY, lifted_by="lead"),)


def test_a_hold_with_an_end_runs_out_by_itself_and_may_be_lifted_before() -> None:
    dated = replace(HOLD, until=NOW + 2 * DAY)
    assert dated.in_force(NOW + 2 * DAY - timedelta(seconds=1))
    assert not dated.in_force(NOW + 2 * DAY)
    assert replace(dated, lifted_at=NOW + DAY).ends_at == NOW + DAY
    assert replace(dated, lifted_at=NOW + 9 * DAY).ends_at == NOW + 2 * DAY


def test_placing_and_lifting_again_changes_nothing() -> None:
    lifted = HELD.without_hold(HOLD.hold_id, NOW + DAY, "lead")
    assert HELD.with_hold(HOLD) == HELD
    assert lifted.without_hold(HOLD.hold_id, NOW + 2 * DAY, "another") == lifted
    assert lifted.with_hold(HOLD) == lifted


def test_holds_on_two_debts_are_lifted_one_by_one() -> None:
    debts = [replace(HOLD, invoice_id=one) for one in ("inv_a1", "inv_b1")]
    who = customer().with_hold(debts[0]).with_hold(debts[1])
    assert who.without_hold(debts[0].hold_id, NOW, "lead").holds_in_force(NOW) == [debts[1]]


def test_a_hold_that_is_not_there_cannot_be_lifted() -> None:
    with pytest.raises(NotFoundError):
        HELD.without_hold("hld_other", NOW, "lead")


@pytest.mark.parametrize("who", ["", "lead"])
def test_a_hold_is_lifted_by_somebody_at_a_known_time(who: str) -> None:
    at = NOW if not who else NOW.replace(tzinfo=None)
    with pytest.raises(InvalidInputError):
        HELD.without_hold(HOLD.hold_id, at, who)


@pytest.mark.parametrize(
    "changes",
    [
        {"placed_at": NOW.replace(tzinfo=None)},
        {"until": (NOW + DAY).replace(tzinfo=None)},
        {"until": NOW},
        {"until": NOW - DAY},
    ],
)
def test_a_hold_whose_times_make_no_sense_is_not_placed(changes: dict[str, datetime]) -> None:
    with pytest.raises(InvalidInputError):
        customer().with_hold(replace(HOLD, **changes))  # type: ignore[arg-type]


def test_events_name_the_hold_and_nobody() -> None:
    lifted = replace(HOLD, lifted_at=NOW + DAY, lifted_by="lead")
    made = [hold_placed("cus_anna", HOLD, NOW), hold_lifted("cus_anna", lifted, NOW + DAY)]
    assert [one.name for one in made] == ["HoldPlaced", "HoldLifted"]
    for one in made:
        assert dict(one.data) == {"hold_id": HOLD.hold_id, "kind": "attorney", "invoice_id": None}
    again = replace(lifted, lifted_at=NOW + 2 * DAY)
    assert hold_lifted("cus_anna", again, NOW + 2 * DAY).event_id != made[1].event_id


@property_of_customers
@given(some_holds, some_holds, moments)
def test_of_two_lists_of_holds_every_hold_in_force_stays_in_force(
    one: tuple[Hold, ...], other: tuple[Hold, ...], at: datetime
) -> None:
    def in_force(found: tuple[Hold, ...]) -> set[str]:
        return {hold.hold_id for hold in found if hold.in_force(at)}

    assert in_force(merged_holds(one, other)) == in_force(one) | in_force(other)
    assert set(merged_holds(one, other)) == set(merged_holds(other, one))


@property_of_customers
@given(some_holds, some_holds)
def test_hearing_of_holds_adds_those_that_are_new_and_changes_none(
    known: tuple[Hold, ...], new: tuple[Hold, ...]
) -> None:
    added = added_holds(known, new)
    assert added[: len(known)] == known
    assert {hold.hold_id for hold in added} == {hold.hold_id for hold in (*known, *new)}
    assert added_holds(added, new) == added
