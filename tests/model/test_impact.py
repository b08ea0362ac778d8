"""Adverse impact by group: the ratios, what flags them, and the labels that cannot be used."""

import csv
import json
from datetime import date
from pathlib import Path

import pytest

from dunwell.money import decimal_text
from model_artifacts.late_payment import evaluate as evaluate_command
from model_artifacts.late_payment import impact as impact_command
from model_artifacts.late_payment.dataset import made_up
from model_artifacts.late_payment.impact import GroupFileError, adverse_impact, read_decisions, read_groups
from model_artifacts.late_payment.ledger_csv import NEEDED

MODEL = Path(__file__).parents[2] / "model_artifacts" / "late_payment"
CUT = date(2025, 10, 1)


def of_shares(**below: tuple[int, int]) -> tuple[dict[str, float], dict[str, dict[str, str]]]:
    """Risks and labels of groups of which so many of so many are below 0.5."""
    risks, labels = dict[str, float](), dict[str, str]()
    for group, (low, of) in below.items():
        for number in range(of):
            risks[f"{group}-{number}"] = 0.2 if number < low else 0.9
            labels[f"{group}-{number}"] = group
    return risks, {"sex": labels}


@pytest.mark.parametrize(
    ("favoured", "ratio", "verdict"), [(42, 0.75, "flagged"), (45, 0.8036, "passes"), (56, 1.0, "passes")]
)
def test_a_share_below_four_fifths_of_the_best_groups_is_flagged(favoured: int, ratio: float, verdict: str) -> None:
    found = adverse_impact(*of_shares(a=(56, 100), b=(favoured, 100)), [0.5])["sex"]["below"]["0.5"]
    assert found["a"] == {"count": 100, "share_in_favour": 0.56, "ratio": 1.0, "p_value": 1.0, "verdict": "the best"}
    assert (found["b"]["ratio"], found["b"]["verdict"]) == (ratio, verdict)


def test_a_difference_that_chance_would_hardly_make_has_a_small_p_value() -> None:
    found = adverse_impact(*of_shares(a=(560, 1000), b=(420, 1000), c=(555, 1000)), [0.5])["sex"]["below"]["0.5"]
    assert found["b"]["p_value"] < 0.001 < 0.5 < found["c"]["p_value"]


def test_fewer_than_thirty_customers_are_neither_flagged_nor_the_measure_of_others() -> None:
    found = adverse_impact(*of_shares(a=(50, 100), b=(5, 29), c=(29, 29)), [0.5])["sex"]["below"]["0.5"]
    assert (found["a"]["verdict"], found["b"]["verdict"], found["c"]["verdict"]) == ("the best", "too few", "too few")
    assert found["a"]["ratio"] == 1.0


def test_who_has_no_label_or_no_score_is_counted_and_not_guessed() -> None:
    risks, groups = of_shares(a=(1, 2))
    found = adverse_impact(risks | {"x": 0.3}, {"sex": groups["sex"] | {"y": "a", "z": "b"}}, [0.5])["sex"]
    assert (found["customers_without_a_label"], found["customers_without_a_score"]) == (1, 2)
    assert set(found["below"]["0.5"]) == {"a"}


def test_when_nobody_is_below_the_threshold_there_is_no_ratio() -> None:
    found = adverse_impact(*of_shares(a=(0, 40), b=(0, 40)), [0.5])["sex"]["below"]["0.5"]
    assert found["b"]["ratio"] is None


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "needs the column customer_id"),
        (b"customer_id\nC-1\n", "at least one with groups"),
        (b"customer,sex\nC-1,f\n", "needs the column customer_id"),
        (b"customer_id,sex\n", "has no row with a customer and a group"),
        (b"customer_id,sex\nC-1,\n,f\n", "has no row with a customer and a group"),
        (b"customer_id,sex\nC-1,f\nC-1,m\n", "says of customer C-1 two things under sex: f and m"),
        (b"\xff\xfe\x00", "is in UTF-16: save it as CSV in UTF-8"),
        (b"\x81\n", "is not in UTF-8"),
        (b'customer_id,sex\nC-1,f\nC-2,"m\nC-3,f\n', "line 3: a cell opens with a quotation mark"),
        (b"customer_id,sex,sex\nC-1,f,m\n", "has two columns of one name"),
    ],
)
def test_labels_that_cannot_be_used_are_refused_with_the_reason(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "groups.csv"
    path.write_bytes(content)
    with pytest.raises(GroupFileError, match=said):
        read_groups(path)


def test_decisions_are_compared_by_kind_and_group_and_a_short_share_is_flagged(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The two vectors of the four-fifths rule: 0.42 of 0.56, and 0.45."""
    decisions, groups, out = (tmp_path / name for name in ("decisions.csv", "groups.csv", "found.json"))
    approved = {"a": 56, "b": 42, "c": 45}
    rows = [
        f"{group}{n},plan approval,{'yes' if n < good else 'no'}"
        for group, good in approved.items()
        for n in range(100)
    ]
    rows += [f"a{n},legal referral,{'No' if n % 2 else 'Yes'}" for n in range(10)] + ["x1,legal referral,yes"]
    decisions.write_text("\n".join(["customer_id,decision,in_favour", *rows]), encoding="utf-8")
    labels = [f"{group}{n},{group.upper()}" for group in approved for n in range(100)]
    groups.write_text("\n".join(["customer_id,origin", *labels]), encoding="utf-8")
    impact_command.main(["--decisions", str(decisions), "--groups", str(groups), "--out", str(out)])
    found = json.loads(out.read_text(encoding="utf-8"))["origin"]
    by_group = found["plan approval"]["groups"]
    assert [(one["ratio"], one["verdict"]) for one in by_group.values()] == [
        (1.0, "the best"),
        (0.75, "flagged"),
        (0.8036, "passes"),
    ]
    assert found["legal referral"]["without_a_label"] == 1
    assert found["legal referral"]["groups"]["A"]["verdict"] == "too few"
    assert "origin: plan approval, in favour (0 without a label)" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("customer_id,decision\n", "needs the columns customer_id, decision, in_favour"),
        ("customer_id,decision,in_favour\n", "has no decisions in it"),
        (
            "customer_id,decision,in_favour\nC-1,plan,perhaps\n",
            "line 2: it needs a customer, a decision, and in_favour",
        ),
        ("customer_id,decision,in_favour\n,plan,yes\n", "line 2: it needs a customer"),
    ],
)
def test_decisions_that_cannot_be_used_are_refused_with_the_reason(tmp_path: Path, content: str, said: str) -> None:
    path = tmp_path / "decisions.csv"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(GroupFileError, match=said):
        read_decisions(path)


def test_evaluate_writes_and_prints_the_ratios_when_there_are_labels(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ledger, groups, out = tmp_path / "ledger.csv", tmp_path / "groups.csv", tmp_path / "found.json"
    customers = made_up(72, 120)
    with ledger.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow((*NEEDED, "settled_date"))
        for customer, invoices in customers.items():
            for i in invoices:
                amount = decimal_text(i.amount_minor, i.currency)
                writer.writerow([customer, i.invoice_id, i.issued_on, i.due_on, amount, i.currency, i.settled_on or ""])
    labels = [f"{customer},{'ab'[number % 2]}" for number, customer in enumerate(customers)]
    groups.write_text("\n".join(["customer_id,region_code", *labels]) + "\n", encoding="utf-8")
    command = ["--model", str(MODEL), "--data", str(ledger), "--cut", str(CUT), "--out", str(out)]
    evaluate_command.main([*command, "--groups", str(groups), "--today", "2026-06-30"])
    found = json.loads(out.read_text(encoding="utf-8"))["adverse_impact"]["region_code"]
    assert set(found["below"]) == {"0.15", "0.7"}, "the policy's patience and the risk that calls an agent"
    assert set(found["below"]["0.15"]) == {"a", "b"}
    assert sum(one["count"] for one in found["below"]["0.7"].values()) >= 60
    assert "region_code: customers with a risk below 0.15" in capsys.readouterr().out
