"""Profiles, relaxations, the catalogue as a whole, and what a decision records."""

from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest

from dunwell.compliance import Account, Policy, ReasonCode, Relaxation
from dunwell.compliance.case import case_of
from dunwell.compliance.catalogue import RULES
from dunwell.compliance.rule import Rule, Scope, situation_of
from dunwell.errors import InvalidInputError
from tests.unit.compliance.given import OPEN, asked, contact, daily, moment, outcome

WEEK_OF_CALLS = daily("attempt", "2026-04-01T15:00", 7)


def relaxed(rule_id: str, at: str = "2026-04-01T00:00") -> Policy:
    return Policy(relaxations=(Relaxation(rule_id, "counsel@creditor.example", moment(at), "first-party, low risk"),))


def test_counsel_may_relax_a_house_rule_from_a_moment_on() -> None:
    calls: dict[str, Any] = {"party": "first", "history": WEEK_OF_CALLS}
    assert outcome("2026-04-07T20:00", policy=relaxed("HOUSE-FREQ"), **calls) == OPEN
    later = relaxed("HOUSE-FREQ", at="2026-05-01T00:00")
    assert outcome("2026-04-07T20:00", policy=later, **calls)[0] == "HOUSE_7_IN_7"


def test_what_is_relaxed_from_a_later_moment_on_is_next_allowed_at_that_moment() -> None:
    soon = relaxed("HOUSE-TIME", at="2026-06-16T07:00")
    night: dict[str, Any] = {"channel": "email", "party": "first", "policy": soon}
    assert outcome("2026-06-16T02:00", **night) == ("HOUSE_QUIET_HOURS", "2026-06-16T07:00")
    assert outcome("2026-06-16T07:00", **night) == OPEN


def test_law_cannot_be_relaxed_unless_it_is_unsettled() -> None:
    with pytest.raises(InvalidInputError, match="REGF-7IN7"):
        asked("2026-04-07T20:00", policy=relaxed("REGF-7IN7"))
    assert outcome("2026-04-07T20:00", policy=relaxed("TCPA-REVOKE-ALL")) == OPEN


def test_an_unknown_rule_cannot_be_relaxed() -> None:
    with pytest.raises(InvalidInputError, match="NO-SUCH-RULE"):
        asked("2026-04-07T20:00", policy=relaxed("NO-SUCH-RULE"))


def test_a_relaxation_needs_a_name_and_a_reason() -> None:
    with pytest.raises(InvalidInputError):
        Relaxation("HOUSE-FREQ", "", moment("2026-04-01T00:00"), "because")


def test_a_decision_says_which_rules_were_asked_the_failing_one_first() -> None:
    decision = asked("2026-04-07T20:00", history=WEEK_OF_CALLS)
    assert decision.rules[0] == "REGF-7IN7"
    assert "HOLD-BK" in decision.rules
    assert decision.citations[0].startswith("12 CFR 1006.14")
    assert len(decision.citations) == len(decision.rules)
    assert decision.candidate_zones == ("America/New_York",)
    assert decision.tzdata_version >= "2026f"
    assert decision.policy_version == Policy().version


def test_an_allowed_decision_names_everything_that_was_asked() -> None:
    decision = asked("2026-04-07T20:00")
    assert {"HOLD-BK", "OPTOUT-HONOR", "REGF-TIME", "REGF-7IN7"} <= set(decision.rules)
    assert not {"MA-2IN7", "TCPA-REVOKE-ALL"} & set(decision.rules)


def test_a_rule_not_yet_effective_is_not_named() -> None:
    city: dict[str, Any] = {"state": "NY", "locality": "NYC"}
    assert "NYC-3IN7" not in asked("2026-08-31T16:00", **city).rules
    assert "NYC-3IN7" in asked("2026-09-01T16:00", **city).rules


def test_rule_ids_are_unique_and_every_reason_but_ok_is_used() -> None:
    ids = [rule.id for rule in RULES]
    assert len(ids) == len(set(ids))
    assert {rule.reason for rule in RULES} == set(ReasonCode) - {ReasonCode.OK}
    assert all(rule.citation for rule in RULES)


def test_rules_of_a_stage_come_in_the_order_of_the_reason_codes() -> None:
    codes = list(ReasonCode)
    order = [codes.index(rule.reason) for rule in RULES if rule.reason is not ReasonCode.TCPA_REVOKE_ALL]
    late = [(a, b) for a, b in pairwise(order) if b < a]
    # California's two rows and the split of known and unknown locations share codes; nothing else goes back.
    assert all(codes[a].endswith("QUIET_HOURS") for a, _ in late)


def test_a_rule_ends_on_the_day_it_is_effective_until() -> None:
    rule = Rule(
        id="X",
        reason=ReasonCode.OPTED_OUT,
        citation="none",
        test=lambda case, at: None,
        effective_from=moment("2026-01-01T00:00").date(),
        effective_until=moment("2026-07-01T00:00").date(),
    )
    june, july = moment("2026-06-30T00:00").date(), moment("2026-07-01T00:00").date()
    assert rule.in_force(june, july)
    assert not rule.in_force(july, july)
    assert not rule.in_force(moment("2025-12-31T00:00").date(), moment("2025-12-31T00:00").date())


def test_a_scope_left_empty_covers_everybody() -> None:
    situation = situation_of(case_of(contact("2026-04-07T20:00")))
    assert Scope().covers(situation)
    assert not Scope(consumer=False).covers(situation)
    assert not Scope(outside=frozenset({"US"})).covers(situation)


def test_california_protects_small_business_debtors_from_july_2025() -> None:
    owner: dict[str, Any] = {"consumer": False, "state": "CA", "legal_minimum": True, "party": "first"}
    covered = Account(covered_commercial=True)
    assert outcome("2026-06-15T14:30", account=covered, **owner)[0] == "CA_ROSENTHAL_QUIET_HOURS"
    assert outcome("2025-06-15T14:30", account=covered, **owner) == OPEN
    assert outcome("2026-06-15T14:30", **owner) == OPEN


@pytest.mark.parametrize(("part", "value"), [("channel", "pigeon"), ("party", "second"), ("purpose", "fun")])
def test_what_is_not_known_is_refused_by_name(part: str, value: str) -> None:
    with pytest.raises(InvalidInputError, match=value):
        replace(contact("2026-04-07T20:00"), **{part: value})  # type: ignore[arg-type]


def test_a_request_needs_a_zoned_moment_and_a_debt() -> None:
    request = contact("2026-04-07T20:00")
    with pytest.raises(InvalidInputError, match="time zone"):
        replace(request, now=request.now.replace(tzinfo=None))
    with pytest.raises(InvalidInputError, match="debt"):
        replace(request, debt_ids=())
