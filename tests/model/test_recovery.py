"""Recovery: what is deployed is what was learned and measured, calibrated, and better than its plain rivals."""

import copy
import hashlib
import json
import os
import re
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from dunwell.scoring.recovery import ACTION_FEATURES, RECOVERY_FEATURES, RECOVERY_FILE, learned
from model_artifacts.late_payment.dataset import PORTFOLIO_AS_OF
from model_artifacts.late_payment.from_ibm import convert
from model_artifacts.late_payment.ledger_csv import read_ledger
from model_artifacts.recovery.dataset import Moment, of_ledger, of_simulation
from model_artifacts.recovery.evaluate import by_invoice, chances, constant, roll_rates, without_actions
from model_artifacts.recovery.gate import refusals
from model_artifacts.recovery.learn import NEVER_LOWERS, NEVER_RAISES, learn
from model_artifacts.recovery.simulate import collected
from model_artifacts.recovery.train import TRAINING_SEEDS, content_of, main, simulated, summary, train
from tests.support.few import ledger_of_few, refusal
from tests.support.records import changed
from tests.support.threads import threads

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "model_artifacts" / "recovery"
SHARED = Path(os.environ.get("DUNWELL_SHARED", ROOT.parent / "shared"))
IBM = SHARED / "data" / "ibm_late_payment" / "WA_Fn-UseC_-Accounts-Receivable.csv"
RECORD = json.loads((FOLDER / "metrics.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def learned_from() -> list[Moment]:
    return simulated(TRAINING_SEEDS)


@pytest.fixture(scope="module")
def later() -> list[Moment]:
    return simulated((201,))


def test_the_deployed_model_is_the_one_that_was_measured_and_the_card_names_it() -> None:
    digest = hashlib.sha256(RECOVERY_FILE.read_bytes()).hexdigest()
    card = (FOLDER / "card.md").read_text(encoding="utf-8")
    assert digest == RECORD["sha256"]
    assert digest in card
    assert learned().card_id == RECORD["card_id"]
    assert learned().card_id in card


def test_learning_again_gives_the_same_model(learned_from: list[Moment], tmp_path: Path) -> None:
    if not IBM.exists():
        pytest.skip(f"IBM's receivables sample is not at {IBM}: DUNWELL_SHARED says where.")
    convert(IBM, tmp_path / "ibm.csv")
    real = of_ledger(
        read_ledger(tmp_path / "ibm.csv").ledger, date.fromisoformat(RECORD["trained_on"]["ledger_before"])
    )
    again = learn([*learned_from, *real])
    assert content_of(again) == RECOVERY_FILE.read_bytes()


def test_it_is_calibrated_and_ahead_of_its_plain_rivals(learned_from: list[Moment], later: list[Moment]) -> None:
    found = by_invoice(
        later,
        {
            "ours": lambda moments: chances(moments, learned()),
            "roll_rate": roll_rates(learned_from),
            "constant": constant(learned_from),
        },
    )
    for measures in found.values():
        ours = measures["ours"]
        assert ours["brier"] < measures["roll_rate"]["brier"] < measures["constant"]["brier"]
        assert ours["auc"] > measures["roll_rate"]["auc"] + 0.05
        assert 0.8 < ours["calibration_slope"] < 1.25
        assert ours["calibration_error"] < 0.05


def test_where_a_promise_is_open_the_model_is_nearer_to_what_came_than_one_blind_to_it(later: list[Moment]) -> None:
    promise = RECOVERY_FEATURES.index("promise_open")
    promised = [one for one in later if one.within(0) is not None and one.months[0][promise]]
    paid = np.mean([bool(one.within(0)) for one in promised])
    off, blind = (
        abs(chances(promised, model)[:, 0].mean() - paid) for model in (learned(), without_actions(learned()))
    )
    assert off < blind


def test_in_no_month_does_a_weight_contradict_its_words() -> None:
    assert set(RECOVERY_FEATURES) == NEVER_LOWERS | NEVER_RAISES
    assert not NEVER_LOWERS & NEVER_RAISES
    for month in learned().weights:
        weights = dict(zip(RECOVERY_FEATURES, month, strict=True))
        assert [name for name in NEVER_LOWERS if weights[name] < 0] == []
        assert [name for name in NEVER_RAISES if weights[name] > 0] == []
        assert weights["unpaid_months"] < 0 > weights["silence"]


@pytest.mark.parametrize("over_30_days", [False, True])
def test_what_is_expected_of_who_never_paid_comes(over_30_days: bool) -> None:
    fresh = simulated(range(207, 213))
    never = [one for one in fresh if not one.has_paid and (one.overdue_days > 30) == over_30_days]
    for column in range(3):
        known = [one for one in never if one.within(column) is not None]
        came = np.mean([bool(one.within(column)) for one in known])
        assert chances(known, learned())[:, column].mean() == pytest.approx(came, abs=0.08)


def test_learning_sees_only_what_was_known_on_the_day() -> None:
    account = next(one for one in collected(202, 40) if one.actions)
    day = sorted(one.on for one in account.actions)[len(account.actions) // 2]
    as_it_was = account.__class__(
        account.customer,
        [
            one if one.settled_on is None or one.settled_on < day else type(one)(
                one.invoice_id, one.issued_on, one.due_on, one.amount_minor, one.currency, None, one.disputed
            )
            for one in account.invoices
            if one.issued_on < day
        ],
        [one for one in account.actions if one.on < day],
    )  # fmt: skip
    now = {(one.day, one.overdue_days): one.months for one in of_simulation([account], PORTFOLIO_AS_OF)}
    then = {(one.day, one.overdue_days): one.months for one in of_simulation([as_it_was], PORTFOLIO_AS_OF)}
    compared = [key for key in then if key[0] <= day]
    assert all(now[key] == then[key] for key in compared)
    assert compared or min(one.due_on for one in account.invoices) >= day


FEW = [  # one pays on time, the other late, and then nothing any more
    f"{who},{who}{month},2024-{month:02}-01,2024-{month:02}-20,100.00,USD,{paid}"
    for month in range(1, 13)
    for who, paid in (("A", f"2024-{month:02}-18"), ("B", f"2024-{month + 2:02}-25" if month < 10 else ""))
]


def test_training_twice_writes_the_same_bytes_however_many_threads_there_are(tmp_path: Path) -> None:
    file = read_ledger(ledger_of_few(tmp_path / "few.csv", FEW))
    for count in (1, 2):
        with threads(count):
            train(tmp_path / str(count), file, date(2024, 9, 1), (101,), (201,))
    for name in ("recovery.json", "metrics.json"):
        assert (tmp_path / "1" / name).read_bytes() == (tmp_path / "2" / name).read_bytes()


@pytest.mark.parametrize(
    ("rows", "cut", "said"),
    [
        (FEW, "2024-01-10", "knows of no invoice settled before 2024-01-10"),
        (FEW, "2024-02-10", "nothing was past due before 2024-02-10 whose next 30 days are known"),
        (FEW, "2025-06-01", "No invoice was issued from 2025-06-01 on: the ledger ends on 2024-12-19"),
        (FEW, "2024-12-01", "From 2024-12-01 on nothing was past due whose next 30 days are known"),
        (FEW[:1], None, "nothing was past due before 2024-01-19"),
        ([one.rsplit(",", 1)[0] + "," for one in FEW], None, "knows of no invoice settled"),
    ],
)
def test_a_ledger_that_can_teach_or_test_nothing_is_refused_in_a_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], rows: list[str], cut: str | None, said: str
) -> None:
    path = ledger_of_few(tmp_path / "few.csv", rows)
    assert said in refusal(main, path, cut, tmp_path / "out", capsys)


def test_training_tells_what_was_left_out_and_measures_beside_the_rivals(tmp_path: Path) -> None:
    path = ledger_of_few(tmp_path / "few.csv", [*FEW, "C,C1,2024-01-01,2024-01-20,many,USD,"])
    record = train(tmp_path, read_ledger(path), date(2024, 9, 1), (101,), (201,))
    (what,) = record["trained_on"]["left_out"]
    told = summary(record)
    assert what.startswith("amount and currency")
    assert "the ledger, within 30 days" in told
    assert [told.count(name) for name in ("this_model", "ageing_bucket_roll_rate")] == [told.count("moments, ")] * 2


def test_where_nobody_knows_what_was_done_the_average_stands_in(learned_from: list[Moment]) -> None:
    one = next(moment for moment in learned_from if any(moment.months[0][-len(ACTION_FEATURES) :]))
    unknown = one._replace(knows_actions=False)
    assert chances([unknown], learned())[0, 0] == pytest.approx(chances([unknown], without_actions(learned()))[0, 0])
    assert chances([unknown], learned())[0, 0] != chances([one], learned())[0, 0]


def test_the_recorded_order_by_expected_value_collects_more_than_by_risk_or_age() -> None:
    shares = RECORD["simulated_hold_out"]["order_of_the_worklist"]["share_of_money"]
    assert shares["expected_value"] > max(shares["amount"], shares["risk"], shares["days_past_due"])


def test_the_model_passes_its_gate() -> None:
    assert refusals(RECORD) == RECORD["refused_because"] == []


WITHIN_60 = ("simulated_hold_out", "by_invoice", "within_60_days", "this_model")
NEVER_PAID = ("simulated_hold_out", "by_group", "without_history", "within_30_days")
OF_TWO_MONTHS = {key: one for key, one in RECORD["simulated_hold_out"]["by_group"]["with_history"].items()
                 if key != "within_90_days"}  # fmt: skip
OF_ACCOUNTS = ("simulated_hold_out", "by_account", "this_model")


@pytest.mark.parametrize(
    ("part", "worse", "said"),
    [
        (WITHIN_60, {"brier": 0.1015}, r"Within 60 days: Brier 0\.1015 is not better than the roll rate's"),
        (WITHIN_60, {"auc": 0.815}, r"AUC 0\.815 is not better"),
        (WITHIN_60, {"calibration_slope": 1.3}, r"the calibration slope is 1\.3"),
        (WITHIN_60, {"calibration_slope": None}, "the calibration slope is None"),
        (WITHIN_60, {"calibration_error": 0.06}, r"the calibration error is 0\.06"),
        (NEVER_PAID, {"came": 0.4}, r"Of those without history, within 30 days: 50\.\d% was expected, 40\.0% came"),
        (("simulated_hold_out", "by_group"), {"with_history": OF_TWO_MONTHS}, "within 90 days: it was not measured"),
        (OF_ACCOUNTS, {"expected_over_collected": 1.2}, r"It expects 1\.2 of what came"),
        (OF_ACCOUNTS, {"mean_error_of_an_account": 0.13}, "mean error of an account, 0.13, is above"),
        (("simulated_hold_out",), {"by_account": {}}, "not measured by account"),
        ((), {"simulated_hold_out": None}, "not measured beside the roll rate within 30 days"),
    ],
)
def test_a_model_that_is_no_better_than_the_roll_rate_or_unmeasured_is_refused(
    part: tuple[str, ...], worse: dict[str, object], said: str
) -> None:
    (reason,) = refusals(changed(RECORD, part, worse))
    assert re.search(said, reason)


def test_a_ledger_counts_only_where_enough_was_paid_and_enough_was_not() -> None:
    record = copy.deepcopy(RECORD)
    by = record["ledger_after_the_cut"]["within_30_days"]
    by["this_model"]["brier"] = 0.3
    assert refusals(record) == []  # all were paid: nothing can be told apart
    by["this_model"]["late_share"] = 0.6
    (reason,) = refusals(record)
    assert reason.startswith("On the ledger, within 30 days: Brier 0.3")
