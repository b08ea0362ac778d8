"""The policy on arrangements: greater authority may do more, and every fault is told with its place and line."""

from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from dunwell.arrangements.policy import (
    ArrangementPolicy,
    Authority,
    DebitHours,
    Frequency,
    OfferRule,
    PlanLimits,
    PlanPolicy,
    PromisePolicy,
)
from dunwell.errors import InvalidInputError
from dunwell_aws.documents import folder, read_policy

SHIPPED = folder("infra") / "policies"
NAMES = sorted(path.stem for path in SHIPPED.glob("*.yaml"))
DEFAULT = (SHIPPED / "default.yaml").read_text(encoding="utf-8")
LESS = PlanLimits(max_instalments=3, max_days=100, max_first_days=20)
MORE = PlanLimits(max_instalments=6, max_days=200, max_first_days=40)
RULE = OfferRule("settle", {Authority.CUSTOMER: 100, Authority.SUPERVISOR: 400}, 90, 400, {"USD": 100_00})


def plans(customer: PlanLimits = LESS, agent: PlanLimits = MORE, **changes: Any) -> ArrangementPolicy:
    return ArrangementPolicy(plans=PlanPolicy({Authority.CUSTOMER: customer, Authority.AGENT: agent}, **changes))


def settlement(**changes: Any) -> ArrangementPolicy:
    return ArrangementPolicy(settlements=(replace(RULE, **changes),))


@pytest.mark.parametrize("name", NAMES)
def test_every_shipped_policy_has_a_section_and_lets_customers_agree_to_plans_and_promises(name: str) -> None:
    assert "\narrangements:\n" in (SHIPPED / f"{name}.yaml").read_text(encoding="utf-8")
    found = read_policy(SHIPPED.parent, name).arrangements
    assert found.plans is not None
    assert set(found.plans.limits) == set(Authority)
    assert found.promises is not None


def test_the_default_offers_six_monthly_parts_and_no_incentive() -> None:
    found = read_policy(SHIPPED.parent).arrangements
    assert found.plans is not None
    limits = found.plans.limits_of(Authority.CUSTOMER)
    assert limits is not None
    assert (limits.max_instalments, found.plans.min_debt_minor["USD"]) == (6, 50_00)
    assert Frequency.MONTHLY in limits.frequencies
    assert found.discounts == found.settlements == ()


def test_the_examples_in_the_comments_are_a_policy(tmp_path: Path) -> None:
    start, end = DEFAULT.index("  # discounts:"), DEFAULT.index("  cost_of_money_percent")
    example = DEFAULT[start:end]
    text = DEFAULT.replace(example, "".join(line.replace("  # ", "  ", 1) for line in example.splitlines(True)))
    found = written(tmp_path, text).arrangements
    assert [rule.name for rule in (*found.discounts, *found.settlements)] == ["pay_now", "long_overdue"]


def written(tmp_path: Path, text: str) -> Any:
    (tmp_path / "policies").mkdir()
    (tmp_path / "policies" / "default.yaml").write_text(text, encoding="utf-8")
    return read_policy(tmp_path)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("max_instalments: 12", "max_instalments: 5", "plans.limits.agent.max_instalments: .* not agree to less than"),
        ("max_days: 190", "max_days: 0", "plans.limits.customer.max_days: is 0; allowed is from 1 to 1830"),
        ("calendar: us\n", "calendar: mars\n", "plans.calendar: 'mars' is not a calendar: name one of ca, target2"),
        ("max_days: 14, grace", "max_day: 14, grace", "promises.max_day: .* did you mean 'max_days'"),
        ("opens: 9, closes: 17", "opens: 9, closes: 8", "debit_hours.closes: is 8; allowed is from 10 to 24"),
        ("supervisor: {max", "boss: {max", "plans.limits.boss"),
    ],
)
def test_a_fault_is_told_with_its_line(tmp_path: Path, old: str, new: str, words: str) -> None:
    assert DEFAULT.count(old) == 1
    line = DEFAULT[: DEFAULT.index(old)].count("\n") + 1
    with pytest.raises(InvalidInputError, match=rf"^default\.yaml, line {line}, arrangements\..*{words}"):
        written(tmp_path, DEFAULT.replace(old, new))


@pytest.mark.parametrize(
    ("customer", "agent", "what"),
    [
        ({"max_instalments": 7}, {}, "max_instalments"),
        ({"max_days": 201}, {}, "max_days"),
        ({"max_first_days": 41}, {}, "max_first_days"),
        ({}, {"min_first_permille": 1}, "min_first_permille"),
        ({}, {"min_instalment_minor": {"USD": 1}}, "min_instalment_minor"),
        ({}, {"frequencies": (Frequency.MONTHLY,)}, "frequencies"),
    ],
)
def test_limits_grow_with_authority(customer: dict[str, Any], agent: dict[str, Any], what: str) -> None:
    plans()
    with pytest.raises(InvalidInputError, match="agent may not agree to less than customer") as found:
        plans(replace(LESS, **customer), replace(MORE, **agent))
    assert found.value.field == f"arrangements.plans.limits.agent.{what}"


@pytest.mark.parametrize(
    "changed",
    [
        lambda: plans(replace(LESS, max_instalments=1)),
        lambda: plans(replace(LESS, max_first_days=101)),
        lambda: plans(replace(LESS, min_first_permille=1001)),
        lambda: plans(replace(LESS, frequencies=())),
        lambda: plans(replace(LESS, frequencies=(Frequency.WEEKLY, Frequency.WEEKLY))),
        lambda: plans(replace(LESS, min_instalment_minor={"USD": -1})),
        lambda: plans(min_debt_minor={"XXX": 1}),
        lambda: plans(interest_percent=Decimal(-1)),
        lambda: plans(grace_days=-1),
        lambda: plans(max_broken=0),
        lambda: ArrangementPolicy(plans=PlanPolicy({})),
        lambda: ArrangementPolicy(promises=PromisePolicy(tolerance_permille=0)),
        lambda: ArrangementPolicy(promises=PromisePolicy(max_days=0)),
        lambda: ArrangementPolicy(cost_of_money_percent=Decimal(101)),
        lambda: ArrangementPolicy(debit_hours=DebitHours(9, 9)),
        lambda: ArrangementPolicy(debit_hours=DebitHours(9, 25)),
        lambda: ArrangementPolicy(debit_hours=DebitHours(-1, 5)),
        lambda: settlement(name=" "),
        lambda: settlement(max_permille={}),
        lambda: settlement(max_permille={Authority.AGENT: 1000}),
        lambda: settlement(max_permille={Authority.CUSTOMER: 200, Authority.AGENT: 100}),
        lambda: settlement(max_days_past_due=80),
        lambda: settlement(min_debt_minor={}),
        lambda: settlement(min_risk_permille=1001),
        lambda: settlement(expires_days=0),
        lambda: settlement(instalments=0),
        lambda: ArrangementPolicy(discounts=(replace(RULE, instalments=2),)),
        lambda: ArrangementPolicy(settlements=(RULE, RULE)),
    ],
)
def test_what_makes_no_sense_is_refused_with_its_place(changed: Any) -> None:
    with pytest.raises(InvalidInputError) as found:
        changed()
    assert found.value.field is not None
    assert found.value.field.startswith("arrangements.")


def test_an_authority_without_limits_of_its_own_has_those_of_the_one_below() -> None:
    only_agent = PlanPolicy({Authority.AGENT: MORE})
    assert [only_agent.limits_of(one) for one in Authority] == [None, MORE, MORE]


def test_the_most_that_may_be_given_up_is_rounded_down_and_leaves_the_floor() -> None:
    assert RULE.most_minor(999, "USD", Authority.CUSTOMER) == 99
    assert RULE.most_minor(999, "USD", Authority.AGENT) == 99
    assert RULE.most_minor(1000_00, "USD", Authority.SUPERVISOR) == 400_00
    floored = replace(RULE, min_paid_minor={"USD": 750_00})
    assert floored.most_minor(1000_00, "USD", Authority.SUPERVISOR) == 250_00
    assert floored.most_minor(700_00, "USD", Authority.SUPERVISOR) == 0
    assert replace(RULE, max_permille={Authority.AGENT: 100}).most_minor(1000_00, "USD", Authority.CUSTOMER) == 0
