"""The segments: what is deployed is what was learned and measured, and learning it again gives the same."""

import contextlib
import copy
import csv
import hashlib
import json
import os
import re
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from dunwell.scoring.behaviour import bent
from dunwell.scoring.segments import SEGMENTS_FILE, learned
from model_artifacts.late_payment.dataset import PORTFOLIO_AS_OF, Ledger, made_up
from model_artifacts.late_payment.from_ibm import convert
from model_artifacts.late_payment.ledger_csv import read_ledger
from model_artifacts.segments import evaluate as measured
from model_artifacts.segments.gate import refusals
from model_artifacts.segments.learn import MEANINGS, MeaningError, centroids, learn, training_rows
from model_artifacts.segments.train import TRAINING_SEEDS, content_of, main
from tests.support.few import ledger_of_few, refusal
from tests.support.records import changed
from tests.support.threads import threads

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "model_artifacts" / "segments"
SHARED = Path(os.environ.get("DUNWELL_SHARED", ROOT.parent / "shared"))
IBM = SHARED / "data" / "ibm_late_payment" / "WA_Fn-UseC_-Accounts-Receivable.csv"
RECORD = json.loads((FOLDER / "metrics.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def made() -> list[Ledger]:
    return [made_up(seed) for seed in TRAINING_SEEDS]


def test_the_deployed_segments_are_those_that_were_measured() -> None:
    assert hashlib.sha256(SEGMENTS_FILE.read_bytes()).hexdigest() == RECORD["sha256"]
    assert (learned().version, learned().card_id) == (RECORD["version"], RECORD["card_id"])
    card = (FOLDER / "card.md").read_text(encoding="utf-8")
    assert RECORD["sha256"] in card
    assert RECORD["card_id"] in card


def test_learning_again_gives_the_same_segments(made: list[Ledger], tmp_path: Path) -> None:
    if not IBM.exists():
        pytest.skip(f"IBM's receivables sample is not at {IBM}: DUNWELL_SHARED says where.")
    convert(IBM, tmp_path / "ibm.csv")
    file = read_ledger(tmp_path / "ibm.csv")
    cut = type(file.end).fromisoformat(RECORD["trained_on"]["ledger_before"])
    for count in (1, 2):
        with threads(count):
            again = learn(training_rows(made, file.ledger, cut), made)
        assert content_of(again) == SEGMENTS_FILE.read_bytes()


def test_without_any_real_ledger_the_names_still_mean_what_they_mean(made: list[Ledger]) -> None:
    alone = learn(training_rows(made, None, None), made)
    for name, (late, mean, spread, long_late, slip) in MEANINGS.items():
        assert alone.nearest((late, bent(mean), bent(spread), long_late, bent(slip))) == name


def test_data_in_which_a_name_would_change_its_meaning_stop_training() -> None:
    only_slow = np.array([(1.0, bent(20 + n % 9), bent(4 + n % 7), 0.0, 0.0) for n in range(60)])
    with pytest.raises(MeaningError, match="now looks like"):
        centroids(only_slow, np.ones(60))


@pytest.fixture(scope="module")
def later(made: list[Ledger]) -> dict[str, measured.Found]:
    return measured.later_payments(made_up(201), PORTFOLIO_AS_OF - timedelta(days=180), PORTFOLIO_AS_OF, learned())


def test_what_customers_did_later_differs_by_segment_as_the_names_say(later: dict[str, measured.Found]) -> None:
    assert later["reliable"]["late"] < later["forgetful"]["late"] < later["slow_but_sure"]["late"]
    assert later["cash_strapped"]["over_30_days"] > later["slow_but_sure"]["over_30_days"]
    assert (measured.spread_between(later) or 0) > 0.25


def test_where_being_late_does_not_vary_nothing_is_said_of_its_variance() -> None:
    assert measured.spread_between({}) is None
    assert measured.spread_between({"new": {"invoices": 0}}) is None
    assert measured.spread_between({"reliable": {"invoices": 5, "late": 0.0}}) is None
    assert measured.spread_between({"reliable": {"invoices": 5, "late": 0.0}, "new": {"invoices": 5, "late": 1.0}}) == 1


def test_the_segments_are_as_steady_as_recorded() -> None:
    resampling = RECORD["made_up_hold_out"]["resampling"]
    assert resampling["adjusted_rand_mean"] > 0.9
    assert resampling["lost_a_name"] == 0
    by = RECORD["made_up_hold_out"]["by_confirmations"]
    assert by["2"]["chosen"]
    assert by["2"]["changes_a_customer_a_year"] < by["1"]["changes_a_customer_a_year"]


def test_the_segments_pass_their_gate() -> None:
    assert refusals(RECORD) == RECORD["refused_because"] == []


@pytest.mark.parametrize(
    ("part", "worse", "said"),
    [
        (("made_up_hold_out", "resampling"), {"lost_a_name": 2}, "2 of 30 resamplings lost a name"),
        (("ledger", "resampling"), {"adjusted_rand_mean": 0.8}, "On the ledger: the adjusted Rand index is 0.8"),
        (("made_up_hold_out", "resampling"), {"adjusted_rand_least": 0.6}, "least 0.6"),
        (("ledger",), {"same_with_one_invoice_left_out": 0.85}, r"only 85\.0% keep"),
        (("made_up_hold_out", "by_confirmations", "2"), {"changes_a_customer_a_year": 1.13}, r"changes segment 1\.13"),
        (("ledger",), {"changes_a_customer_a_year_after_the_cut": 1.1}, "On the ledger: a customer changes segment"),
        (("made_up_hold_out",), {"variance_of_late_between_segments": 0.2}, r"20\.0% of the variance"),
        (("ledger",), {"variance_of_late_between_segments": 0.05}, r"On the ledger: 5\.0% of the variance"),
        (("made_up_hold_out", "late_afterwards", "reliable"), {"late": 0.5}, "reliable pay late as often as forgetful"),
        (("made_up_hold_out", "by_confirmations", "2", "deteriorating"), {"noticed": 17}, "17 of 23 who get worse"),
        (
            ("made_up_hold_out", "by_confirmations", "2"),
            {"chosen": False},
            "confirmations that it uses was not measured",
        ),
        ((), {"made_up_hold_out": None}, "not measured on portfolios"),
    ],
)
def test_segments_that_are_less_steady_less_separate_or_unmeasured_are_refused(
    part: tuple[str, ...], worse: dict[str, object], said: str
) -> None:
    (reason,) = refusals(changed(RECORD, part, worse))
    assert re.search(said, reason)


def test_a_ledger_that_ends_with_the_cut_is_asked_about_steadiness_alone() -> None:
    record = copy.deepcopy(RECORD)
    del record["ledger"]["variance_of_late_between_segments"], record["ledger"]["late_afterwards"]
    assert refusals(record) == []
    del record["ledger"]
    assert refusals(record) == []


def test_training_refuses_a_file_that_is_no_ledger(tmp_path: Path) -> None:
    bad = tmp_path / "bad.csv"
    with bad.open("w", newline="") as file:
        csv.writer(file).writerow(["nothing", "useful"])
    with pytest.raises(SystemExit) as stopped:
        main(["--out", str(tmp_path), "--data", str(bad)])
    assert stopped.value.code == 1


FEW = [
    f"A,A{month},2024-{month:02}-01,2024-{month:02}-20,100.00,USD,2024-{month:02}-{day}"
    for month, day in zip(range(1, 13), (18, 25, 19, 26, 18, 25, 19, 26, 18, 25, 19, 26), strict=True)
]


@pytest.mark.parametrize(
    ("rows", "cut", "said"),
    [
        (FEW, "2024-01-10", "knows of no invoice settled before 2024-01-10"),
        (FEW, "2024-03-05", "No customer of this ledger had paid 3 invoices before 2024-03-05"),
        (FEW, "2025-06-01", "No invoice was issued from 2025-06-01 on: the ledger ends on 2024-12-27"),
        (FEW[:1], None, "No customer of this ledger had paid 3 invoices before 2024-01-19"),
        ([one.rsplit(",", 1)[0] + "," for one in FEW], None, "knows of no invoice settled"),
    ],
)
def test_a_ledger_that_can_teach_or_test_nothing_is_refused_in_a_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], rows: list[str], cut: str | None, said: str
) -> None:
    path = ledger_of_few(tmp_path / "few.csv", rows)
    assert said in refusal(main, path, cut, tmp_path / "out", capsys)


@pytest.mark.parametrize("cut", [None, "2024-08-01", "2024-12-01"])
def test_a_small_ledger_is_learned_from_and_what_was_left_out_and_measured_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], cut: str | None
) -> None:
    path = ledger_of_few(tmp_path / "few.csv", [*FEW, "C,C1,2024-01-01,2024-01-20,many,USD,"])
    with contextlib.suppress(SystemExit):  # so little need not pass the gate
        main(["--out", str(tmp_path), "--data", str(path), *(["--cut", cut] if cut else [])])
    told = capsys.readouterr().out
    assert "Left out: 1 rows: amount and currency" in told
    assert [told.count(place) for place in ("\nmade up, held out: ", "\nthe ledger: ")] == [1, 1]
    assert json.loads((tmp_path / "metrics.json").read_text(encoding="utf-8"))["trained_on"]["left_out"]
