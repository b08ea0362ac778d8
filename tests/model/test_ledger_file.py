"""Training and evaluating on any ledger: what a file may hold, and what the commands say."""

import csv
import json
import time
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pytest

from dunwell.ledger.model import Delivery
from dunwell.money import decimal_text
from dunwell.scoring.delivery import NO_OFFSETS
from dunwell.scoring.features import features
from dunwell_onnx.scorer import OnnxScorer
from model_artifacts.late_payment import evaluate as evaluate_command
from model_artifacts.late_payment import train as train_command
from model_artifacts.late_payment.dataset import made_up, moments
from model_artifacts.late_payment.evaluate import CutError, evaluate, refuse_seen, summary
from model_artifacts.late_payment.ledger_csv import NEEDED, OPTIONAL, LedgerFileError, read_ledger

MODEL = Path(__file__).parents[2] / "model_artifacts" / "late_payment"
HEADER = ",".join((*NEEDED, *OPTIONAL))
GOOD = "C-1,I-1,2026-01-05,2026-02-04,120.50,EUR,2026-02-10,no"


def written(folder: Path, *rows: str, header: str = HEADER) -> Path:
    path = folder / "ledger.csv"
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def portfolio(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A made-up ledger in the canonical columns, some of it still open."""
    path = tmp_path_factory.mktemp("portfolio") / "ledger.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(NEEDED + OPTIONAL)
        for customer, invoices in made_up(71, 40).items():
            for i in invoices:
                amount = decimal_text(i.amount_minor, i.currency)
                writer.writerow(
                    [customer, i.invoice_id, i.issued_on, i.due_on, amount, i.currency, i.settled_on or "", i.disputed]
                )
    return path


def test_a_row_becomes_an_invoice_in_minor_units(tmp_path: Path) -> None:
    file = read_ledger(written(tmp_path, GOOD))
    (invoice,) = file.ledger["C-1"]
    assert (invoice.amount_minor, invoice.currency, invoice.days_late()) == (12050, "EUR", 6)
    assert (file.end, file.has_disputes) == (date(2026, 2, 11), True)


@pytest.mark.parametrize(("sign", "name"), [(";", "semicolons"), ("\t", "tabs"), ("|", "bars")])
def test_a_file_with_another_separator_is_refused_by_its_name(tmp_path: Path, sign: str, name: str) -> None:
    path = written(tmp_path, GOOD.replace(",", sign), header=HEADER.replace(",", sign))
    with pytest.raises(LedgerFileError, match=f"separated by commas, in UTF-8. It is separated by {name}."):
        read_ledger(path)


def test_settlement_and_dispute_may_be_missing_altogether(tmp_path: Path) -> None:
    file = read_ledger(written(tmp_path, GOOD.rsplit(",", 2)[0], header=",".join(NEEDED)))
    assert file.ledger["C-1"][0].settled_on is None
    assert not file.has_disputes


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("C-1,I-2,2026-01-05,2026-02-04,,EUR,,no", "amount is empty"),
        ("C-1,I-2,2026-01-05,2026-02-04,NaN,EUR,,no", "is not an amount"),
        ("C-1,I-2,2026-01-05,2026-02-04,-5,EUR,,no", "amount is negative"),
        ("C-1,I-2,2026-01-05,2026-02-04,5,,,no", "currency is empty"),
        ("C-1,I-2,2026-01-05,2026-02-04,5,XQZ,,no", "is not an ISO 4217 currency"),
        ("C-1,I-2,1/5/2026,2026-02-04,5,EUR,,no", "issue_date is not a date"),
        ("C-1,I-2,2026-02-05,2026-02-04,5,EUR,,no", "due before it was issued"),
        ("C-1,I-2,2026-01-05,9999-12-31,5,EUR,,no", "due more than ten years after"),
        ("C-1,I-2,2026-01-05,2026-02-04,5,EUR,2025-01-01,no", "settled before it was issued"),
        ("C-1,I-2,2026-01-05,2026-02-04,5,EUR,,perhaps", "disputed is neither"),
        ("C-1,I-2,2026-01-05,2026-02-04,5,EUR,,no,fax", "delivery is neither paper nor electronic"),
        ("C-1,I-2,0001-01-05,0001-02-04,5,EUR,,no", "issued before 1970"),
        ("C-1,I-2,2026-01-05,2026-02-04,1,234.50,EUR,,no,paper", "more cells than the header has columns"),
        (GOOD, "invoice_id was there before"),
        ("C-1,I-2", "issue_date is empty"),
    ],
)
def test_a_row_that_cannot_be_right_is_left_out_and_counted(tmp_path: Path, row: str, said: str) -> None:
    file = read_ledger(written(tmp_path, GOOD, row))
    assert sum(map(len, file.ledger.values())) == 1
    assert [count for what, count in file.left_out.items() if said in what] == [1]
    assert [what.endswith("(first in line 3)") for what in file.left_out] == [True]


@pytest.mark.parametrize("place", range(8))
@pytest.mark.parametrize("others_are_quoted", [False, True])
def test_a_lost_quotation_mark_costs_its_own_row_and_none_that_follow(
    tmp_path: Path, place: int, others_are_quoted: bool
) -> None:
    """Once all rows up to the next mark, or to the end, were one cell of this one."""
    rows = [GOOD.replace("I-1", f"I-{n}") for n in range(300)]
    if others_are_quoted:
        rows = [",".join(f'"{cell}"' for cell in row.split(",")) for row in rows]
    cells = rows[17].split(",")
    cells[place] = f'"{cells[place].strip(chr(34))}'
    file = read_ledger(written(tmp_path, *rows[:17], ",".join(cells), *rows[18:]))
    assert [i.invoice_id for i in file.ledger["C-1"]] == [f"I-{n}" for n in range(300) if n != 17]
    ((said, count),) = file.left_out.items()
    assert (file.rows, count) == (300, 1)
    assert "quotation mark" in said
    assert said.endswith("(first in line 19)")


def test_two_lost_quotation_marks_do_not_swallow_what_is_between_them(tmp_path: Path) -> None:
    rows = [GOOD.replace("I-1", f"I-{n}") for n in range(60)]
    rows[10], rows[50] = rows[10].replace(",no", ',"no'), rows[50] + '"'
    file = read_ledger(written(tmp_path, *rows))
    assert len(file.ledger["C-1"]) == 58
    assert sum(file.left_out.values()) == 2


def test_a_line_without_an_end_is_left_out_in_words(tmp_path: Path) -> None:
    file = read_ledger(written(tmp_path, GOOD, "C-1," + 200_000 * "9"))
    assert list(file.left_out) == [
        "the line is longer than 100000 characters: is a line break missing? (first in line 3)"
    ]


@pytest.mark.parametrize("spelt", [str.upper, str.title, lambda name: f" {name} "])
def test_a_header_may_be_spelt_in_capitals_or_with_blanks(tmp_path: Path, spelt: Callable[[str], str]) -> None:
    header = ",".join(map(spelt, (*NEEDED, *OPTIONAL)))
    (invoice,) = read_ledger(written(tmp_path, GOOD, header=header)).ledger["C-1"]
    assert (invoice.amount_minor, invoice.settled_on) == (12050, date(2026, 2, 10))


def test_two_columns_of_one_name_are_refused(tmp_path: Path) -> None:
    with pytest.raises(LedgerFileError, match="has two columns amount: leave one of them"):
        read_ledger(written(tmp_path, f"{GOOD},,5", header=f"{HEADER},Amount"))


def test_utf_16_is_called_by_its_name_and_a_header_that_lost_a_quotation_mark_by_its_line(tmp_path: Path) -> None:
    path = tmp_path / "ledger.csv"
    path.write_text(f"{HEADER}\n{GOOD}\n", encoding="utf-16")
    with pytest.raises(LedgerFileError, match="is in UTF-16: save it as CSV in UTF-8"):
        read_ledger(path)
    with pytest.raises(LedgerFileError, match="line 1, the header: a cell opens with a quotation mark"):
        read_ledger(written(tmp_path, GOOD, header=f'"{HEADER}'))


def test_how_an_invoice_was_sent_is_read_and_an_empty_cell_or_no_column_is_not_known(tmp_path: Path) -> None:
    rows = [GOOD.replace("I-1", f"I-{n}") + f",{sent}" for n, sent in enumerate(("paper", "Electronic", ""))]
    (invoices,) = read_ledger(written(tmp_path, *rows)).ledger.values()
    assert [one.delivery for one in invoices] == [Delivery.PAPER, Delivery.ELECTRONIC, None]
    bare = written(tmp_path, GOOD.removesuffix(",2026-02-10,no"), header=",".join(NEEDED))
    ((one,),) = read_ledger(bare).ledger.values()
    assert one.delivery is None


def test_amounts_of_nothing_and_of_a_trillion_are_kept(tmp_path: Path) -> None:
    rows = (GOOD.replace("I-1", name).replace("120.50", amount) for name, amount in (("a", "0"), ("b", "1" + "0" * 12)))
    assert [i.amount_minor for i in read_ledger(written(tmp_path, *rows)).ledger["C-1"]] == [0, 10**14]


def test_what_is_dated_in_the_future_is_left_out_and_does_not_move_the_ledgers_end(tmp_path: Path) -> None:
    later = ("C-1,I-2,2062-01-05,2062-02-04,5,EUR,,no", "C-1,I-3,2026-01-05,2026-02-04,5,EUR,2062-02-10,no")
    due_later = "C-1,I-4,2026-02-05,2026-06-04,5,EUR,,no"
    file = read_ledger(written(tmp_path, GOOD, *later, due_later), today=date(2026, 2, 28))
    assert [i.invoice_id for i in file.ledger["C-1"]] == ["I-1", "I-4"]
    assert (file.end, dict(file.left_out)) == (
        date(2026, 2, 11),
        {"issued or settled in the future (first in line 3)": 2},
    )


def test_a_customer_with_thousands_of_invoices_is_measured_in_seconds_and_as_one_by_one(tmp_path: Path) -> None:
    """Once a customer's history was read again for each invoice: hours for 50,000."""
    days = [date(2024, 1, 1) + timedelta(days=n // 20) for n in range(4_000)]
    rows = [
        f"BIG,I-{n},{day},{day + timedelta(days=30)},{10 ** (n % 13)},EUR,{day + timedelta(days=25 + n % 11)},no"
        for n, day in enumerate(days)
    ]
    file, cut = read_ledger(written(tmp_path, *rows)), date(2024, 6, 1)
    began = time.process_time()
    found = moments(file.ledger, file.end, NO_OFFSETS, issued_from=cut, only_at_issue=True)
    assert time.process_time() - began < 10
    some = found[:: len(found) // 3]
    assert [m.features for m in some] == [features(m.invoice, file.ledger["BIG"], m.day) for m in some]


def test_a_ledger_that_begins_with_the_test_part_is_evaluated_without_rivals_that_learn(tmp_path: Path) -> None:
    rows = [
        f"C-{n % 9},I-{n},2026-01-{1 + n % 28:02},2026-02-01,5,EUR,{'2026-03-05' if n % 2 else '2026-01-31'},yes"
        for n in range(90)
    ]
    late = "C-0,I-last,2026-04-01,2026-04-02,5,EUR,2026-04-02,no"
    found = evaluate(OnnxScorer(MODEL), read_ledger(written(tmp_path, *rows, late)), date(2026, 1, 1))
    assert {"model", "always_on_time", "customers_ratio"} <= set(found["late_0"]["at_issue"])
    assert "logistic_regression" not in found["late_0"]["at_issue"]


def test_moments_for_which_the_model_names_no_day_are_counted_apart_and_their_chances_measured(tmp_path: Path) -> None:
    def rows(terms: int) -> list[str]:
        due = [date(2026, 1, 1) + timedelta(days=n % 28 + terms) for n in range(90)]
        return [
            f"C-{n % 9},I-{terms}-{n},{day - timedelta(days=terms)},{day},5,EUR,{day + timedelta(days=9 * (n % 2))},no"
            for n, day in enumerate(due)
        ]

    late = "C-0,I-last,2027-04-01,2027-05-01,5,EUR,2027-05-01,no"
    usual, long = rows(30), rows(150)
    found = {
        name: evaluate(OnnxScorer(MODEL), read_ledger(written(tmp_path, *some, late)), date(2026, 1, 1))
        for name, some in (("usual", usual), ("long", long), ("both", [*usual, *long]))
    }
    assert "without_a_day" not in found["usual"]["interval_80"]["at_issue"]
    assert found["both"]["interval_80"]["at_issue"]["rows"] == len(usual) + 1
    assert found["both"]["interval_80"]["at_issue"]["without_a_day"] == len(long)
    assert found["both"]["days_late"]["model"]["rows"] == len(usual) + 1
    assert found["both"]["late_0"]["at_issue"]["model"]["rows"] == len(usual) + len(long) + 1
    assert found["long"]["interval_80"] == {}
    assert "not counted:" in summary(found["both"])


def test_a_file_without_a_needed_column_is_refused_by_its_name(tmp_path: Path) -> None:
    with pytest.raises(LedgerFileError, match="lacks the columns due_date, currency"):
        read_ledger(written(tmp_path, header="customer_id,invoice_id,issue_date,amount"))


@pytest.mark.parametrize("content", [b"", b"\xff\xfe\x00", b"%PDF-1.7 \x93"])
def test_a_file_that_is_no_ledger_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "ledger.csv"
    path.write_bytes(content)
    with pytest.raises(LedgerFileError):
        read_ledger(path)


def test_a_file_whose_rows_are_all_wrong_says_how(tmp_path: Path) -> None:
    with pytest.raises(LedgerFileError, match="1 rows: amount is empty"):
        read_ledger(written(tmp_path, GOOD.replace("120.50", "")))


def test_any_ledger_can_be_evaluated_beside_the_rivals(portfolio: Path, tmp_path: Path) -> None:
    out = tmp_path / "found.json"
    command = ["--model", str(MODEL), "--data", str(portfolio), "--cut", "2025-10-01", "--today", "2026-06-30"]
    evaluate_command.main([*command, "--out", str(out)])
    found = json.loads(out.read_text(encoding="utf-8"))
    needed = {"model", "always_on_time", "customers_ratio", "logistic_regression", "gradient_boosting"}
    assert needed <= set(found["late_0"]["at_issue"])
    assert "model" in found["late_30"]["past_due"]
    assert {"model", "always_on_time", "customers_median", "gradient_boosting"} <= set(found["days_late"])
    assert found["late_0"]["at_issue"]["model"]["auc"] > 0.7
    assert 0.6 < found["interval_80"]["at_issue"]["coverage"] < 0.95
    assert found["model"]["sha256"] == OnnxScorer(MODEL).model.sha256


def test_nothing_issued_from_the_cut_on_is_said(portfolio: Path) -> None:
    with pytest.raises(CutError, match="No invoice was issued from 2027-01-01 on"):
        evaluate(OnnxScorer(MODEL), read_ledger(portfolio), date(2027, 1, 1))


def test_a_model_is_not_tested_on_what_it_was_trained_on() -> None:
    record = {"trained_on": {"ledger_before": "2013-06-01"}}
    refuse_seen(record, date(2013, 6, 1))
    with pytest.raises(CutError, match="what it has seen"):
        refuse_seen(record, date(2013, 5, 31))


def test_the_command_says_in_one_line_what_is_wrong(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        evaluate_command.main(["--model", str(MODEL), "--data", str(tmp_path / "none.csv"), "--cut", "2026-01-01"])
    assert ended.value.code == 1
    said = capsys.readouterr().err
    assert said.startswith("evaluate: ")
    assert said.count("\n") == 1


def test_a_ledger_that_knows_of_no_settlement_is_refused_with_a_sentence_and_leaves_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [f"C-{n % 40},I-{n},2026-01-05,2026-02-04,5,EUR" for n in range(400)]
    data, out = written(tmp_path, *rows, header=",".join(NEEDED)), tmp_path / "out"
    with pytest.raises(SystemExit) as ended:
        train_command.main(["--data", str(data), "--out", str(out), "--cut", "2026-01-05", "--today", "2026-06-01"])
    assert ended.value.code == 1
    assert "no invoice settled before 2026-01-05" in capsys.readouterr().err
    assert list(out.iterdir()) == []
