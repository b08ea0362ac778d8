"""Recommended plans and chosen offers on a simulated portfolio: better than one size for all, worth what they say."""

import json
from pathlib import Path
from typing import Any

import pytest

from model_artifacts.arrangements.evaluate import FOLDER, curves, figure, measured
from model_artifacts.arrangements.simulate import AS_OF, agrees, equal_parts, people, with_plan, without

RECORD = json.loads((FOLDER / "metrics.json").read_text(encoding="utf-8"))
CARD = (FOLDER / "card.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def found() -> dict[str, Any]:
    return measured()


def test_what_is_written_down_is_what_comes_out(found: dict[str, Any]) -> None:
    assert found == RECORD
    assert figure(curves()) == Path(FOLDER / "recovered.svg").read_text(encoding="utf-8")


def test_recommended_plans_bring_in_more_than_one_size_for_all_in_every_portfolio(found: dict[str, Any]) -> None:
    for row in found["plans"]:
        assert row["recommended"] > row["three_parts"] + 0.10
        assert row["recommended"] > row["six_parts"] + 0.03
        assert row["recommended"] > row["none"] + 0.20


def test_a_plan_is_worth_about_what_it_says(found: dict[str, Any]) -> None:
    mean = found["plans_mean"]
    assert mean["expected"] == pytest.approx(mean["expected_realised"], rel=0.06)
    for row in found["plans"]:
        assert row["expected"] == pytest.approx(row["expected_realised"], rel=0.15)


def test_chosen_offers_bring_in_more_than_the_same_discount_for_everybody(found: dict[str, Any]) -> None:
    for row in found["offers"]:
        assert row["chosen"] > max(row["blanket"], row["blanket_at_cap"], row["none"])
        assert 0 < row["offered"] < 400
    mean = found["offers_mean"]
    assert mean["chosen"] > mean["blanket"] + 0.01


def test_the_card_says_that_it_is_a_simulation_and_repeats_the_record() -> None:
    assert RECORD["is_simulation"] is True
    assert "Everything here is a simulation" in CARD
    assert RECORD["card_id"] in CARD
    for part, names in (
        ("plans_mean", ("none", "three_parts", "six_parts", "recommended", "expected", "expected_realised")),
        ("offers_mean", ("none", "blanket", "blanket_at_cap", "chosen")),
    ):
        for name in names:
            assert f"{100 * RECORD[part][name]:.1f} %" in CARD, name


def test_nobody_in_the_simulation_pays_more_than_they_owe() -> None:
    for person in people(7, 100):
        parts = equal_parts(person, 3)
        for came in (without(person), with_plan(person, parts)):
            assert sum(amount for _, amount in came) <= person.debt_minor
            assert all(day >= 0 and amount > 0 for day, amount in came)
        assert parts[0].due_on == AS_OF
    assert {agrees(person, equal_parts(person, 3)) for person in people(7, 100)} == {True, False}
