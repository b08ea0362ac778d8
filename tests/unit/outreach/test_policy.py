"""The dunning policy: what is refused, and which stage is due when."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dunwell.accounts.model import Channel
from dunwell.errors import InvalidInputError
from dunwell.outreach.policy import Conditions, Stage
from dunwell_aws.documents import folder, read_cash_policy, read_mappings, read_policy
from tests.support.outreach import POLICY

EMAIL = (Channel.EMAIL,)


@pytest.mark.parametrize(
    "stages",
    [
        (),
        (Stage("a", Conditions(5), EMAIL), Stage("final", Conditions(1), EMAIL)),
        (Stage("a", Conditions(5), EMAIL), Stage("final", Conditions(5), EMAIL)),
    ],
)
def test_stages_are_listed_from_the_mildest_on(stages: tuple[Stage, ...]) -> None:
    with pytest.raises(InvalidInputError, match="from the mildest on"):
        replace(POLICY, stages=stages)


def test_escalation_follows_a_stage_that_exists() -> None:
    with pytest.raises(InvalidInputError, match=r"after_stage 'last' is not one of the stages"):
        replace(POLICY, escalation=replace(POLICY.escalation, after_stage="last"))


@pytest.mark.parametrize(
    ("days", "stage"),
    [
        (-8, None),
        (-7, "upcoming"),
        (0, "upcoming"),
        (1, "due"),
        (9, "due"),
        (10, "firm"),
        (19, "firm"),
        (4_000, "final"),
    ],
)
def test_the_most_severe_stage_reached_is_due(days: int, stage: str | None) -> None:
    found = POLICY.stage_due(days)
    assert (found.name if found else None) == stage


@given(st.integers(-100, 400), st.integers(0, 100))
def test_waiting_never_makes_a_stage_milder(days: int, more: int) -> None:
    first, later = POLICY.stage_due(days), POLICY.stage_due(days + more)
    assert POLICY.severity(later.name if later else "") >= POLICY.severity(first.name if first else "")


def test_a_stage_that_the_policy_no_longer_has_ranks_below_all() -> None:
    assert POLICY.severity("retired") < POLICY.severity("upcoming")


def test_what_is_shipped_can_be_read() -> None:
    names = [path.stem for path in (folder("infra") / "policies").glob("*.yaml")]
    assert len(names) > 1
    for name in names:
        assert read_policy(folder("infra"), name).stages
        assert read_cash_policy(folder("infra"), name).version == read_policy(folder("infra"), name).version
    assert {one.name for one in read_mappings(folder("infra"))} >= {"dunwell_receivables", "ibm_late_payment"}
