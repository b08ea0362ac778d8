"""Model cards: every line that rule MRM-DOC names stands in every card, and each names what it describes."""

import json
import re
from pathlib import Path

import pytest

from model_artifacts.late_payment.check import named_by, why_not_measured

ROOT = Path(__file__).parents[2]
ARTIFACTS = ROOT / "model_artifacts"
CARDS = sorted(path.parent.name for path in ARTIFACTS.glob("*/card.md"))
SECTIONS = (
    *("purpose", "owner", "data window", "target", "exclusions", "leakage checks", "metrics", "segments", "fairness"),
    *("limits", "monitoring", "champion and challenger", "version", "validation", "approval", "rollback"),
)
VALIDATED_BY = ("independent validation", "outcome analysis", "effective challenge")
MEASURES = ("AUC", "KS", "Brier", "slope")


def card(name: str) -> str:
    return (ARTIFACTS / name / "card.md").read_text(encoding="utf-8")


def section(name: str, title: str) -> str:
    found = re.search(rf"^## {title}\n(.*?)(?=^## |\Z)", card(name), re.DOTALL | re.MULTILINE | re.IGNORECASE)
    return found[1].strip() if found else ""


def test_every_model_has_a_card() -> None:
    assert CARDS == ["arrangements", "credit_default", "late_payment", "recovery", "segments"]


@pytest.mark.parametrize("name", CARDS)
def test_a_card_says_something_on_every_line_that_the_rule_names(name: str) -> None:
    assert [title for title in SECTIONS if not section(name, title)] == []
    assert [one for one in VALIDATED_BY if one not in section(name, "validation").lower()] == []
    assert [one for one in MEASURES if one not in section(name, "metrics")] == []


@pytest.mark.parametrize("name", CARDS)
def test_a_card_has_an_id_of_its_own_and_names_a_version_and_a_hash(name: str) -> None:
    named = named_by(card(name))
    assert named is not None
    assert re.fullmatch(r"MC-[A-Z0-9-]+", named.card_id)
    assert [other for other in CARDS if f"Card {named.card_id}." in card(other)] == [name]
    assert re.fullmatch(r"\d+\.\d+\.\d+", named.version)


def test_the_hashes_of_cards_without_a_model_file_are_those_of_what_they_describe() -> None:
    assert why_not_measured(ARTIFACTS) == []


@pytest.mark.parametrize(
    ("row", "days", "name"),
    [
        ("| within 30 days: **this model**", 30, "this_model"),
        ("| within 60 days: **this model**", 60, "this_model"),
        ("| within 90 days: **this model**", 90, "this_model"),
    ],
)
def test_recoverys_figures_are_those_on_record(row: str, days: int, name: str) -> None:
    record = json.loads((ARTIFACTS / "recovery" / "metrics.json").read_text(encoding="utf-8"))
    measured = record["simulated_hold_out"]["by_invoice"][f"within_{days}_days"][name]
    (line,) = [one for one in card("recovery").splitlines() if one.startswith(row)]
    shown = [float(one) for one in line.split("|")[4:-1]]
    on_record = ("auc", "ks", "brier", "calibration_slope", "calibration_error")
    assert shown == pytest.approx([measured[one] for one in on_record], abs=6e-3)


def test_credit_defaults_figures_are_those_on_record() -> None:
    measured = json.loads((ARTIFACTS / "credit_default" / "metrics.json").read_text(encoding="utf-8"))["model"]
    (line,) = [one for one in card("credit_default").splitlines() if one.startswith("| gradient boosting in small")]
    shown = [float(one) for one in line.split("|")[2:-1]]
    on_record = ("auc", "ks", "pr_auc", "brier", "calibration_slope")
    assert shown == pytest.approx([measured[one] for one in on_record], abs=6e-3)


def test_credit_defaults_card_tells_the_impact_on_each_group_and_every_flag() -> None:
    record = json.loads((ARTIFACTS / "credit_default" / "metrics.json").read_text(encoding="utf-8"))
    lines = [
        one.split(" | ") for one in section("credit_default", "fairness").splitlines() if re.match(r"\| \w+: ", one)
    ]
    shown = {line[0].removeprefix("| "): line[1:] for line in lines}
    measured = {
        f"{kind.lower()}: {group}": [of_kind["below"][threshold][group] for threshold in ("0.15", "0.3", "0.5")]
        for kind, of_kind in record["adverse_impact"].items()
        for group in of_kind["below"]["0.15"]
    }
    assert shown.keys() == measured.keys()
    for name, (accounts, _, *cells) in shown.items():
        assert int(accounts.replace(",", "")) == measured[name][0]["count"]
        for cell, one in zip(cells, measured[name], strict=True):
            share, ratio = re.findall(r"[\d.]+", cell)
            assert float(share) / 100 == pytest.approx(one["share_in_favour"], abs=6e-4)
            assert float(ratio) == pytest.approx(one["ratio"], abs=6e-3)
            assert ("flagged" in cell) == (one["verdict"] == "flagged")
