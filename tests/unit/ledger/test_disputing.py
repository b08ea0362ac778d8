"""Disputes that customers raise and take back."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dunwell.errors import ConflictError, InvalidInputError, NotFoundError
from dunwell.events import HOLD_LIFTED, HOLD_PLACED
from dunwell.ledger.change import Change
from dunwell.ledger.disputing import (
    DisputeEnd,
    DisputeReason,
    contestable_minor,
    dispute,
    end_disputes,
    endable_disputes,
    standing_disputes,
    withdraw_dispute,
)
from dunwell.ledger.model import Account
from tests.support.ledger import in_dispute
from tests.support.portal import NOW, account, invoice

TODAY = NOW.date()


def contest(of: Account, amount_minor: int | None = None, key: str = "k", **changes: Any) -> Change:
    told: dict[str, Any] = {"key": key, "note": "late", "on": TODAY, "at": NOW} | changes
    return dispute(of, "inv_a1", amount_minor, DisputeReason.NOT_RECEIVED, **told)


def test_the_whole_is_contested_with_a_hold_and_told_to_others() -> None:
    change = contest(account(invoice("A1", 1_000)))
    after = change.applied()
    assert after.disputed_minor("inv_a1") == 1_000
    (hold,) = after.customer.holds
    assert (hold.kind, hold.invoice_id, hold.note, hold.placed_by) == ("dispute_written", "inv_a1", "late", "portal")
    assert [event.name for event in change.events][-1] == HOLD_PLACED


def test_a_part_is_contested_without_a_hold_until_nothing_uncontested_is_left() -> None:
    part = contest(account(invoice("A1", 1_000)), 400).applied()
    assert part.customer.holds == ()
    whole = contest(part, 600, key="k2").applied()
    assert len(whole.customer.holds) == 1
    assert contestable_minor(whole, "inv_a1") == 0
    with pytest.raises(ConflictError):
        contest(whole, key="k3")


@given(amounts=st.lists(st.integers(-5, 1_500), max_size=6))
def test_never_more_is_contested_than_is_open(amounts: list[int]) -> None:
    now = account(invoice("A1", 1_000))
    for number, amount_minor in enumerate(amounts):
        try:
            now = contest(now, amount_minor, key=str(number)).applied()
        except (InvalidInputError, ConflictError):
            continue
    assert 0 <= now.disputed_minor("inv_a1") <= 1_000
    assert now.disputed_minor("inv_a1") == sum(one.amount_minor for one in standing_disputes(now, "inv_a1"))


def test_the_same_key_is_the_same_dispute_and_taking_it_back_is_once() -> None:
    raised = contest(account(invoice("A1", 1_000))).applied()
    assert contest(raised).is_empty
    (entry,) = standing_disputes(raised, "inv_a1")
    back = withdraw_dispute(raised, entry.entry_id, on=TODAY, at=NOW + timedelta(hours=1))
    assert [event.name for event in back.events][-1] == HOLD_LIFTED
    after = back.applied()
    assert after.disputed_minor("inv_a1") == 0
    assert after.customer.holds_in_force(NOW + timedelta(hours=2)) == []
    assert withdraw_dispute(after, entry.entry_id, on=TODAY, at=NOW + timedelta(hours=2)).is_empty


def test_what_a_source_contests_a_customer_does_not_take_back() -> None:
    one, entry = in_dispute(invoice("A1", 1_000))
    with pytest.raises(NotFoundError):
        withdraw_dispute(account(one, entry), entry.entry_id, on=TODAY, at=NOW)


def test_an_invoice_that_was_removed_or_is_elsewhere_cannot_be_contested() -> None:
    for of in (account(invoice("A1", 1_000, removed=True)), account(invoice("A2", 5))):
        with pytest.raises(NotFoundError):
            contest(of)
    with pytest.raises(ConflictError):
        contest(replace(account(invoice("A1", 0))))


def ended(of: Account, outcome: DisputeEnd = DisputeEnd.VERIFIED) -> Change:
    return end_disputes(of, "inv_a1", outcome, agent="ada", on=TODAY, at=NOW + timedelta(days=1))


def test_an_agent_ends_what_was_contested_on_the_page_or_by_post_and_it_may_be_asked_for_again() -> None:
    part = contest(account(invoice("A1", 1_000)), 400).applied()
    whole = contest(part, 600, key="k2", agent="ada").applied()
    assert [hold.placed_by for hold in whole.customer.holds] == ["ada"]
    change = ended(whole)
    after = change.applied()
    assert (after.disputed_minor("inv_a1"), endable_disputes(after, "inv_a1")) == (0, [])
    assert [entry.reason for entry in change.entries.values()] == ["verified", "verified"]
    assert [(hold.lifted_by, hold.in_force(NOW + timedelta(days=2))) for hold in after.customer.holds] == [
        ("ada", False)
    ]
    assert [event.name for event in change.events][-1] == HOLD_LIFTED
    assert ended(after).is_empty


def test_what_others_contest_is_not_ended_by_an_agent() -> None:
    owing = account(*in_dispute(invoice("A1", 1_000)))
    assert endable_disputes(owing, "inv_a1") == []
    assert ended(owing).is_empty
    assert owing.disputed_minor("inv_a1")


def test_a_dispute_of_an_invoice_that_is_not_there_cannot_end() -> None:
    with pytest.raises(NotFoundError):
        ended(account())
