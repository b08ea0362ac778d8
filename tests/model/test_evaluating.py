"""`make evaluate`: each kind of model is measured as what it is."""

import json
from pathlib import Path

import pytest

from dunwell.money import decimal_text
from model_artifacts import evaluate
from model_artifacts.late_payment.dataset import made_up
from model_artifacts.late_payment.ledger_csv import NEEDED

ARTIFACTS = Path(__file__).parents[2] / "model_artifacts"
CUT = "2025-10-01"


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A made-up ledger, and a row that cannot be right in its last line."""
    path = tmp_path_factory.mktemp("ledger") / "ledger.csv"
    rows = [
        f"{who},{i.invoice_id},{i.issued_on},{i.due_on},{decimal_text(i.amount_minor, i.currency)},{i.currency},"
        f"{i.settled_on or ''}"
        for who, invoices in made_up(73, 60).items()
        for i in invoices
    ]
    path.write_text("\n".join([",".join((*NEEDED, "settled_date")), *rows, "C,I,2025-01-01,2025-02-01,x,EUR,"]) + "\n")
    return path


def command(model: Path, ledger: Path, out: Path, cut: str = CUT) -> list[str]:
    return ["--model", str(model), "--data", str(ledger), "--cut", cut, "--out", str(out), "--today", "2026-06-30"]


@pytest.mark.parametrize("name", ["recovery", "segments", "late_payment"])
def test_a_model_is_measured_on_a_ledger_as_what_its_record_says_it_is(
    name: str, ledger: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "found.json"
    evaluate.main(command(ARTIFACTS / name, ledger, out))
    found, said = json.loads(out.read_text(encoding="utf-8")), capsys.readouterr().out
    record = json.loads((ARTIFACTS / name / "metrics.json").read_text(encoding="utf-8"))
    assert found["model"] == {key: record[key] for key in ("name", "version", "sha256")}
    assert found["cut"] == CUT
    assert list(found["left_out"].values()) == [1]
    assert "left out: 1 rows: amount and currency" in said
    assert str(out) in said


def test_recovery_is_held_against_the_roll_rate_on_what_was_past_due_after_the_cut(
    ledger: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "found.json"
    evaluate.main(command(ARTIFACTS / "recovery", ledger, out))
    within_30 = json.loads(out.read_text(encoding="utf-8"))["by_invoice"]["within_30_days"]
    assert {"this_model", "ageing_bucket_roll_rate", "constant_rate"} == set(within_30)
    assert within_30["this_model"]["rows"] > 100
    assert within_30["ageing_bucket_roll_rate"]["auc"] > within_30["constant_rate"]["auc"] == 0.5
    assert len({one["brier"] for one in within_30.values()}) == 3
    assert "paid within 30 days:" in capsys.readouterr().out


def test_segments_are_told_apart_by_what_was_issued_after_the_cut(ledger: Path, tmp_path: Path) -> None:
    out = tmp_path / "found.json"
    evaluate.main(command(ARTIFACTS / "segments", ledger, out))
    found = json.loads(out.read_text(encoding="utf-8"))
    later = found["late_afterwards"]
    assert sum(one["customers"] for one in later.values()) == 60
    assert found["variance_of_late_between_segments"] > 0.1
    assert 0 < found["same_with_one_invoice_left_out"] <= 1


@pytest.mark.parametrize(
    ("model", "cut", "more", "said"),
    [
        ("recovery", "2027-01-01", [], "Nothing was past due from 2027-01-01 on"),
        ("segments", "2027-01-01", [], "No invoice was issued from 2027-01-01 on and due 30 days before"),
        ("segments", "2010-01-01", [], "test what it has seen"),
        ("segments", CUT, ["--groups", "labels.csv"], "holds segments; figures and groups are for late_payment alone"),
        ("credit_default", CUT, [], "is no record of late_payment, recovery or segments"),
        ("nothing", CUT, [], "MODEL is a folder that `make train` wrote"),
    ],
)
def test_what_cannot_be_measured_is_said_in_a_sentence(
    model: str, cut: str, more: list[str], said: str, ledger: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        evaluate.main([*command(ARTIFACTS / model, ledger, tmp_path / "found.json", cut), *more])
    written = capsys.readouterr().err + str(ended.value.code)
    assert said in written
    assert "Traceback" not in written
    assert not (tmp_path / "found.json").exists()


def test_a_file_that_its_record_does_not_describe_is_not_measured(
    ledger: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    record = json.loads((ARTIFACTS / "segments" / "metrics.json").read_text(encoding="utf-8"))
    (tmp_path / "metrics.json").write_text(json.dumps(record | {"sha256": "0" * 64}), encoding="utf-8")
    with pytest.raises(SystemExit):
        evaluate.main(command(tmp_path, ledger, tmp_path / "found.json"))
    assert "holds the segments.json that" in capsys.readouterr().err
