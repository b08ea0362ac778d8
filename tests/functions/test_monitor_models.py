"""The report on the model, from the log of its answers and the ledger to the bucket."""

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any, cast

import pytest

from dunwell.ledger.entry import Entry, EntryKind
from dunwell.ledger.model import Invoice
from dunwell.scoring.facts import InvoiceFacts
from dunwell.scoring.features import UNSAID_AT_NEUTRAL
from dunwell.scoring.moment_log import KINDS, LoggedMoment, log_lines, moments_to_log
from dunwell.scoring.score import score_customers
from dunwell_aws.model_log import LOG, PLACE, S3ModelLog, is_sampled
from dunwell_onnx.fallback import CHALLENGER, CHAMPION
from dunwell_onnx.scorer import OnnxScorer
from functions.monitor_models import app
from model_artifacts.late_payment.dataset import PORTFOLIO_AS_OF, made_up
from tests.support.escalation import account
from tests.support.invocation import lambda_context, set_variables, sqs_event
from tests.support.ledger import Facts, in_dispute, paid
from tests.support.memory import InMemoryLedger
from tests.support.reports_bucket import ReportsBucket

MODELS = Path(__file__).parents[2] / "model_artifacts"
TODAY = PORTFOLIO_AS_OF
DAYS = [TODAY - timedelta(days=days) for days in range(3, 175, 2)]
WRITTEN = f"models/late_payment/{TODAY}"


@pytest.fixture(autouse=True)
def _variables(monkeypatch: pytest.MonkeyPatch) -> None:
    set_variables(monkeypatch, REPORTS_BUCKET="reports")


@pytest.fixture(scope="module")
def portfolio() -> dict[str, list[InvoiceFacts]]:
    return made_up(81, 250)


@pytest.fixture(scope="module")
def ledger(portfolio: dict[str, list[InvoiceFacts]]) -> InMemoryLedger:
    return InMemoryLedger(*(account(*facts_of(invoices), customer_id=who) for who, invoices in portfolio.items()))


def facts_of(invoices: list[InvoiceFacts]) -> list[Facts]:
    found: list[Facts] = []
    for one in invoices:
        made = Invoice(one.invoice_id, one.invoice_id, one.currency, one.amount_minor, one.issued_on, one.due_on)
        found.append(made)
        if one.settled_on:
            found.append(replace(paid(made), on=one.settled_on))
    return found


@pytest.fixture(scope="module")
def logged(portfolio: dict[str, list[InvoiceFacts]]) -> dict[date, list[LoggedMoment]]:
    """What the daily passes of half a year would have left."""
    scorer = OnnxScorer(MODELS / "late_payment")
    return {
        day: [
            moment
            for who, score in zip(portfolio, score_customers(list(portfolio.values()), day, scorer), strict=True)
            for moment in moments_to_log(who, score)
        ]
        for day in DAYS
    }


@pytest.fixture
def bucket(logged: dict[date, list[LoggedMoment]]) -> ReportsBucket:
    made = ReportsBucket()
    made.files = {f"{LOG}{day}/00-start.jsonl": (log_lines(moments), "") for day, moments in logged.items()}
    return made


def watch(bucket: ReportsBucket, ledger: InMemoryLedger, models: Path = MODELS, *orders: Any) -> dict[str, Any]:
    answer = app.handler(
        sqs_event(*(orders or ({"as_of": TODAY.isoformat()},))),
        lambda_context(),
        ledger=ledger,
        bucket=cast("Any", bucket),
        models=models,
    )
    assert answer == {"batchItemFailures": []}
    found: dict[str, Any] = json.loads(bucket.files[f"{WRITTEN}.json"][0])
    return found


@pytest.fixture
def models(tmp_path: Path) -> Path:
    shutil.copytree(MODELS / "late_payment", tmp_path / "late_payment", ignore=shutil.ignore_patterns("*.py"))
    return tmp_path


def test_the_report_holds_forecasts_against_what_happened(bucket: ReportsBucket, ledger: InMemoryLedger) -> None:
    found = watch(bucket, ledger)
    at_all = found["calibration"][0]
    assert at_all["rows"] > 150
    assert abs(at_all["forecast_mean"] - at_all["late_share"]) < 0.12
    assert 0.05 < at_all["brier"] < 0.25
    assert {one["kind"] for one in found["coverage"]} >= {"at_issue", "past_due_week"}
    assert all(0.6 < one["covered"] <= 1 for one in found["coverage"] if one["rows"] > 100)


def credited(one: Invoice) -> tuple[Invoice, Entry]:
    return one, replace(paid(one), kind=EntryKind.CREDIT_NOTE)


@pytest.mark.parametrize("ended", [credited, in_dispute])
def test_the_model_is_not_held_to_what_was_credited_or_in_dispute(
    bucket: ReportsBucket,
    portfolio: dict[str, list[InvoiceFacts]],
    ended: Callable[[Invoice], tuple[Invoice, Entry]],
) -> None:
    invoices = {who: [one for one in facts_of(own) if isinstance(one, Invoice)] for who, own in portfolio.items()}
    accounts = [account(*map(ended, own), customer_id=who) for who, own in invoices.items()]
    found = watch(bucket, InMemoryLedger(*accounts))
    assert found["moments"] > 150
    assert (found["calibration"], found["coverage"]) == ([], [])


def test_a_portfolio_unlike_the_training_data_is_said_in_an_alarm_and_shown(
    bucket: ReportsBucket, ledger: InMemoryLedger
) -> None:
    steady = [one for one in watch(bucket, ledger)["drift"] if (one["index"] or 0) > 0.3]
    assert steady == [], "some hundred rows of the same portfolio"
    for key, (text, kind) in list(bucket.files.items()):
        if not key.startswith(LOG):
            continue
        lines = [json.loads(line) for line in text.splitlines()]
        for line in lines:
            line["row"] = [500.0 for _ in line["row"]]
            line["row"][-len(UNSAID_AT_NEUTRAL) :] = [0.0] * len(UNSAID_AT_NEUTRAL)
        bucket.files[key] = ("".join(json.dumps(line) + "\n" for line in lines), kind)
    found = watch(bucket, ledger)
    assert found["alarms"][0].startswith(f"Spread otherwise than in the weeks from {min(DAYS)} on, by stability ")
    assert found["drift"][0]["name"].replace("_", " ") in bucket.files[f"{WRITTEN}.html"][0]


def test_the_page_stands_alone_with_pictures_and_no_script(bucket: ReportsBucket, ledger: InMemoryLedger) -> None:
    watch(bucket, ledger)
    page, kind = bucket.files[f"{WRITTEN}.html"]
    assert kind == "text/html; charset=utf-8"
    assert page.count("<svg") > 3
    assert page.count("aria-label=") >= page.count("<svg")
    assert "<script" not in page
    assert "src=" not in page


def test_with_nothing_logged_yet_the_page_says_so_and_nobody_is_alarmed(ledger: InMemoryLedger) -> None:
    bucket = ReportsBucket()
    found = watch(bucket, ledger)
    assert (found["moments"], found["alarms"], found["challenge"]) == (0, [], None)
    assert "not known yet" in bucket.files[f"{WRITTEN}.html"][0]


def test_the_future_and_what_is_long_past_are_not_read(bucket: ReportsBucket, ledger: InMemoryLedger) -> None:
    bucket.files[f"{LOG}{TODAY + timedelta(days=1)}/00-start.jsonl"] = ("nonsense\n", "")
    bucket.files[f"{LOG}{TODAY - timedelta(days=400)}/00-start.jsonl"] = ("nonsense\n", "")
    before = watch(bucket, ledger)
    assert before["moments"] > 300


def test_a_challenger_is_asked_the_same_questions(bucket: ReportsBucket, ledger: InMemoryLedger, models: Path) -> None:
    shutil.copytree(models / "late_payment" / CHAMPION, models / "late_payment" / CHALLENGER)
    challenge = watch(bucket, ledger, models)["challenge"]
    assert challenge["version"] == "2.2.0"
    assert challenge["rows"] > 150
    assert challenge["champion_brier"] == pytest.approx(challenge["challenger_brier"], abs=3e-3)
    assert "The challenger is not better" in bucket.files[f"{WRITTEN}.html"][0]


def test_a_challenger_that_is_damaged_stops_nothing(
    bucket: ReportsBucket, ledger: InMemoryLedger, models: Path
) -> None:
    shutil.copytree(models / "late_payment" / CHAMPION, models / "late_payment" / CHALLENGER)
    (models / "late_payment" / CHALLENGER / "model.onnx").write_bytes(b"")
    found = watch(bucket, ledger, models)
    assert found["alarms"][0].startswith("The challenger cannot be asked")
    assert found["challenge"] is None


def test_a_damaged_model_is_reported_and_the_report_is_of_the_champion(
    bucket: ReportsBucket, ledger: InMemoryLedger, models: Path
) -> None:
    (models / "late_payment" / "model.onnx").write_bytes(b"cut")
    found = watch(bucket, ledger, models)
    assert found["version"] == "2.2.0"
    assert "the champion, is served instead" in found["alarms"][0]


def test_made_again_it_is_the_same(bucket: ReportsBucket, ledger: InMemoryLedger) -> None:
    assert watch(bucket, ledger) == watch(bucket, ledger)


def test_of_a_log_too_long_to_read_every_day_is_looked_at_alike_and_an_invoice_whole_or_not_at_all(
    bucket: ReportsBucket, logged: dict[date, list[LoggedMoment]]
) -> None:
    every = [one for moments in logged.values() for one in moments]
    log = S3ModelLog(cast("Any", bucket), "reports")
    found = log.read(min(DAYS) - timedelta(days=1), TODAY, most=len(every) // 3)
    assert len(every) // 8 < len(found) <= len(every) // 3
    chosen = {one.invoice_id for one in found}
    assert len(found) == sum(one.invoice_id in chosen for one in every)
    share = len(found) / len(every)
    halves = [sum(is_older(one) for one in some) for some in (found, every)]
    assert halves[0] / halves[1] == pytest.approx(share, rel=0.15)
    kinds = [{kind: sum(one.kind == kind for one in some) / len(some) for kind in KINDS} for some in (found, every)]
    assert kinds[0] == pytest.approx(kinds[1], abs=0.04)


def is_older(moment: LoggedMoment) -> bool:
    return moment.as_of < sorted(DAYS)[len(DAYS) // 2]


def test_a_sample_is_a_part_of_every_larger_one() -> None:
    ids = [f"inv_{number}" for number in range(4_000)]
    small, large = ({one for one in ids if is_sampled(one, share)} for share in (0.25, 0.5))
    assert small < large
    assert len(small) == pytest.approx(1_000, rel=0.1)
    assert all(is_sampled(one, 1.0) for one in ids)


def test_a_version_is_held_against_its_own_first_weeks_which_are_kept_for_good(
    bucket: ReportsBucket, ledger: InMemoryLedger
) -> None:
    found = watch(bucket, ledger)
    (key,) = [one for one in bucket.files if one.startswith(f"{PLACE}reference/")]
    kept = bucket.files[key][0]
    assert found["reference_from"] == min(DAYS).isoformat()
    assert "settled_count" not in json.loads(kept)["spread"]
    for day in sorted(DAYS)[:20]:
        del bucket.files[f"{LOG}{day}/00-start.jsonl"]
    assert watch(bucket, ledger)["reference_from"] == min(DAYS).isoformat()
    assert bucket.files[key][0] == kept


def test_in_its_first_weeks_a_version_is_shown_beside_its_training_and_raises_no_alarm_of_that(
    bucket: ReportsBucket, ledger: InMemoryLedger
) -> None:
    for day in DAYS:
        if (TODAY - day).days >= 28:
            del bucket.files[f"{LOG}{day}/00-start.jsonl"]
    found = watch(bucket, ledger)
    assert found["reference_from"] is None
    assert not [one for one in found["alarms"] if one.startswith("Spread otherwise")]
    assert found["drift"]
    assert "in training" in bucket.files[f"{WRITTEN}.html"][0]
