"""The cascade: creditor → group → segment → customer → invoice; the narrowest word wins."""

from dataclasses import replace
from itertools import combinations
from typing import Any

import pytest

from dunwell.accounts.model import Channel
from dunwell.outreach.planning import DueContact, Skipped, SkipReason, considered
from dunwell.outreach.policy import Override
from dunwell.outreach.ports import CollectionState
from tests.support.ledger import Facts
from tests.support.outreach import POLICY, TODAY, overdue, sent
from tests.support.portal import account, customer

WHO = customer(group="key accounts")


def outcome(*overrides: Override, facts: tuple[Facts, ...] = (), **state: Any) -> DueContact | Skipped:
    """What comes of a key account of the drifting segment that owes invoice A1 for twelve days."""
    plain: dict[str, Any] = {"segment": "drifting", "risk_permille": 700}
    known = CollectionState(**plain | state)
    policy = replace(POLICY, overrides=overrides)
    (found,) = considered(account(*(facts or (overdue(12),)), who=WHO), known, policy, TODAY)
    return found


LEVELS: list[dict[str, Any]] = [
    {"group": "key accounts"},
    {"segment": "drifting"},
    {"customer": WHO.number},
    {"invoice": "A1"},
]


@pytest.mark.parametrize(("wide", "narrow"), list(combinations(LEVELS, 2)))
def test_the_narrower_word_wins_in_whatever_order_they_stand(wide: dict[str, Any], narrow: dict[str, Any]) -> None:
    out, back = Override(**wide, exclude=True), Override(**narrow, exclude=False)
    assert isinstance(outcome(out, back), DueContact)
    assert isinstance(outcome(back, out), DueContact)
    assert isinstance(outcome(replace(out, exclude=False), replace(back, exclude=True)), Skipped)


@pytest.mark.parametrize("level", LEVELS)
def test_an_excluded_account_or_invoice_gets_no_message_and_it_says_why(level: dict[str, Any]) -> None:
    found = outcome(Override(**level, exclude=True))
    assert isinstance(found, Skipped)
    assert found.reason is SkipReason.EXCLUDED


def other(level: str) -> dict[str, Any]:
    return {level: "other"}


def test_what_is_for_others_changes_nothing() -> None:
    others = [Override(exclude=True, **other(level)) for level in ("group", "segment", "customer", "invoice")]
    assert outcome(*others) == outcome()


def test_an_excluded_invoice_is_not_asked_for_and_does_not_raise_the_stage() -> None:
    found = outcome(Override(invoice="A1", exclude=True), facts=(overdue(40), overdue(2, "B")))
    assert isinstance(found, DueContact)
    assert (found.stage.name, [one.invoice.number for one in found.invoices]) == ("due", ["B"])


def test_a_customer_may_hear_some_of_the_stages_only_and_by_other_channels() -> None:
    letters = Override(group="key accounts", channels=(Channel.LETTER,))
    some = Override(customer=WHO.customer_id, stages=("upcoming", "due"))
    found = outcome(letters, some, facts=(overdue(90),))
    assert isinstance(found, DueContact)
    assert (found.stage.name, found.stage.channels) == ("due", (Channel.LETTER,))
    assert found.overrides == ("channels: group key accounts", f"stages: customer {WHO.customer_id}")


def test_the_oldest_invoices_own_terms_are_those_of_the_message() -> None:
    apart = Override(invoice="A1", min_gap_days=30)
    earlier = (sent("due", 20, invoice_ids=("inv_b",)),)
    assert isinstance(outcome(apart, contacts=earlier), Skipped)
    assert isinstance(outcome(apart, facts=(overdue(12, "B"), overdue(3)), contacts=earlier), DueContact)


def test_gaps_patience_and_tolerance_follow_the_cascade() -> None:
    gap = Override(group="key accounts", min_gap_days=5)
    earlier = (sent("due", 4),)
    assert isinstance(outcome(contacts=earlier), DueContact)
    assert outcome(gap, contacts=earlier) == Skipped("USD", SkipReason.TOO_SOON, ("min_gap_days: group key accounts",))
    patient = Override(segment="drifting", patience_permille=800, patience_days=20)
    assert isinstance(outcome(patient), Skipped)
    assert isinstance(outcome(patient, Override(customer=WHO.number, patience_days=11)), DueContact)
    trifle = Override(group="key accounts", tolerance_minor={"EUR": 1, "USD": 10_000})
    assert isinstance(outcome(trifle), Skipped)
    assert isinstance(outcome(trifle, Override(segment="drifting", tolerance_minor={"USD": 9_999})), DueContact)
    assert isinstance(outcome(trifle, Override(segment="drifting", tolerance_minor={"EUR": 0})), Skipped)
