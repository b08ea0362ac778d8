"""The report on the model, from the log of its answers and the ledger to the bucket."""

import json
import shutil
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any, cast

import onnx
import pytest

from dunwell.ledger.entry import Entry, EntryKind
from dunwell.ledger.model import Invoice
from dunwell.ledger.ports import shard_of
from dunwell.scoring.facts import InvoiceFacts
from dunwell.scoring.features import UNSAID_AT_NEUTRAL
from dunwell.scoring.moment_log import KINDS, LoggedMoment, Sample, in_sample, log_lines, moments_to_log
from dunwell.scoring.score import score_customers
from dunwell_aws.model_log import LOG, PLACE, S3ModelLog
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


def at_once(one: InvoiceFacts) -> date:
    return one.issued_on


def on_the_next_monday(one: InvoiceFacts) -> date:
    """Who imports once a week knows an invoice from then on."""
    return one.issued_on + timedelta(days=7 - one.issued_on.weekday())


def log_of(
    portfolio: dict[str, list[InvoiceFacts]], known_from: Callable[[InvoiceFacts], date], days: Sequence[date]
) -> dict[date, list[LoggedMoment]]:
    """What the passes of these days would have left."""
    scorer = OnnxScorer(MODELS / "late_payment")
    known = {day: [[one for one in own if known_from(one) <= day] for own in portfolio.values()] for day in days}
    return {
        day: [
            moment
            for who, score in zip(portfolio, score_customers(known[day], day, scorer), strict=True)
            for moment in moments_to_log(who, score)
        ]
        for day in days
    }


@pytest.fixture(scope="module")
def logged(portfolio: dict[str, list[InvoiceFacts]]) -> dict[date, list[LoggedMoment]]:
    return log_of(portfolio, at_once, DAYS)


def bucket_of(logged: dict[date, list[LoggedMoment]]) -> ReportsBucket:
    made = ReportsBucket()
    for day, moments in logged.items():
        sample = Sample(workers=1)
        sample.add(moments)
        S3ModelLog(cast("Any", made), "reports").keep(day, "00-start", sample.kept, sample.one_in)
    return made


@pytest.fixture
def bucket(logged: dict[date, list[LoggedMoment]]) -> ReportsBucket:
    return bucket_of(logged)


def of_day(bucket: ReportsBucket, day: date) -> str:
    """The key of a day's file in the log."""
    (key,) = [one for one in bucket.files if one.startswith(f"{LOG}{day}/")]
    return key


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
    before = watch(bucket, ledger)
    for day in (TODAY + timedelta(days=1), TODAY - timedelta(days=400)):
        bucket.files[f"{LOG}{day}/00-start.00000000.1in64.jsonl"] = ("nonsense\n", "")
    assert watch(bucket, ledger) == before
    assert before["moments"] > 300


def test_what_was_logged_before_the_hash_stood_there_is_no_answer_of_this_model(
    bucket: ReportsBucket, ledger: InMemoryLedger
) -> None:
    before = watch(bucket, ledger)
    old = json.loads(next(iter(bucket.files.values()))[0].splitlines()[0])
    old["model_version"] = old.pop("model").partition("+")[0]
    bucket.files[f"{LOG}{DAYS[5]}/01-start.jsonl"] = (json.dumps(old) + "\n", "")
    assert watch(bucket, ledger) == before


def test_a_model_trained_again_under_the_same_version_begins_with_no_answers_and_no_first_weeks(
    bucket: ReportsBucket, ledger: InMemoryLedger, models: Path
) -> None:
    before = watch(bucket, ledger)
    trained_again(models / "late_payment")
    after = watch(bucket, ledger, models)
    assert len({one["version"].partition("+")[0] for one in (before, after)}) == 1
    assert before["version"] != after["version"]
    assert (after["moments"], after["outcomes"], after["reference_from"]) == (0, 0, None)
    assert len([one for one in bucket.files if one.startswith(f"{PLACE}reference/")]) == 1


def trained_again(folder: Path) -> None:
    """The same model to another hash: a property more in the graph."""
    graph = onnx.load(folder / "model.onnx")
    added = graph.metadata_props.add()
    added.key, added.value = "trained", "again"
    (folder / "model.onnx").write_bytes(graph.SerializeToString(deterministic=True))
    record = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))
    record["sha256"] = sha256((folder / "model.onnx").read_bytes()).hexdigest()
    (folder / "metrics.json").write_text(json.dumps(record), encoding="utf-8")


def test_with_an_import_once_a_week_as_many_are_judged_at_issue_and_nothing_drifts_of_that(
    portfolio: dict[str, list[InvoiceFacts]], ledger: InMemoryLedger
) -> None:
    days = [TODAY - timedelta(days=ago) for ago in range(1, 178)]
    daily, weekly = (
        watch(bucket_of(log_of(portfolio, known_from, days)), ledger) for known_from in (at_once, on_the_next_monday)
    )
    at_all = [found["calibration"][0] for found in (daily, weekly)]
    assert at_all[0]["rows"] > 900
    assert at_all[1]["rows"] > 0.8 * at_all[0]["rows"], "who pays within a week is paid before anybody asks"
    assert None not in (at_all[0]["slope"], at_all[1]["slope"])
    assert abs(at_all[1]["forecast_mean"] - at_all[1]["late_share"]) < 0.05
    assert [one for one in weekly["alarms"] if one.startswith("Spread otherwise")] == []
    assert weekly["alarms"] == daily["alarms"]


def test_a_challenger_is_asked_the_same_questions(bucket: ReportsBucket, ledger: InMemoryLedger, models: Path) -> None:
    shutil.copytree(models / "late_payment" / CHAMPION, models / "late_payment" / CHALLENGER)
    challenge = watch(bucket, ledger, models)["challenge"]
    assert challenge["version"].startswith("2.2.0+")
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
    assert found["version"].startswith("2.2.0+")
    assert "the champion, is served instead" in found["alarms"][0]


def test_made_again_it_is_the_same(bucket: ReportsBucket, ledger: InMemoryLedger) -> None:
    assert watch(bucket, ledger) == watch(bucket, ledger)


def test_of_a_log_too_long_to_read_every_day_is_looked_at_alike_and_an_invoice_whole_or_not_at_all(
    bucket: ReportsBucket, logged: dict[date, list[LoggedMoment]]
) -> None:
    every = [one for moments in logged.values() for one in moments]
    log = S3ModelLog(cast("Any", bucket), "reports")
    found, one_in = log.read(min(DAYS) - timedelta(days=1), TODAY, most=len(every) // 3, most_invoices=len(every))
    assert one_in in {4, 8}
    assert len(found) == pytest.approx(len(every) / one_in, rel=0.15)
    chosen = {one.invoice_id for one in found}
    assert len(found) == sum(one.invoice_id in chosen for one in every)
    share = len(found) / len(every)
    halves = [sum(is_older(one) for one in some) for some in (found, every)]
    assert halves[0] / halves[1] == pytest.approx(share, rel=0.15)
    kinds = [{kind: sum(one.kind == kind for one in some) / len(some) for kind in KINDS} for some in (found, every)]
    assert kinds[0] == pytest.approx(kinds[1], abs=0.06)


def test_of_days_on_which_a_sample_was_kept_and_others_the_same_sample_is_looked_at(
    logged: dict[date, list[LoggedMoment]], ledger: InMemoryLedger
) -> None:
    bucket = ReportsBucket()
    log = S3ModelLog(cast("Any", bucket), "reports")
    for number, (day, moments) in enumerate(logged.items()):
        one_in = (1, 4, 2)[number % 3]
        kept = sorted((one for one in moments if in_sample(one.place, one_in)), key=lambda one: one.place)
        log.keep(day, "00-start", kept, one_in)
    found = watch(bucket, ledger)
    every = [one for moments in logged.values() for one in moments if in_sample(one.place, 4)]
    assert (found["one_in"], found["invoices"]) == (4, len({one.place for one in every}))
    page = bucket.files[f"{WRITTEN}.html"][0]
    assert "one in 4 invoices" in page


def test_of_a_large_log_only_the_files_and_the_parts_of_them_are_read_that_hold_the_sample(
    logged: dict[date, list[LoggedMoment]],
) -> None:
    bucket = CountsReads()
    log = S3ModelLog(cast("Any", bucket), "reports")
    for day, moments in logged.items():
        for worker in range(64):
            own = sorted((m for m in moments if shard_of(m.customer_id) == worker), key=lambda one: one.place)
            if own:
                log.keep(day, f"{worker:02}-start", own, 1)
    every = [one for moments in logged.values() for one in moments]
    found, one_in = log.read(min(DAYS) - timedelta(days=1), TODAY, most=len(every) // 16, most_invoices=len(every))
    assert one_in >= 16
    assert {(m.invoice_id, m.as_of) for m in found} == {
        (m.invoice_id, m.as_of) for m in every if in_sample(m.place, one_in)
    }
    assert bucket.reads <= len(DAYS) * 64 // one_in
    assert bucket.bytes_read < 3 * len(log_lines(every)) // one_in


class CountsReads(ReportsBucket):
    reads = 0
    bytes_read = 0

    def get_object(self, **call: Any) -> dict[str, Any]:
        found = super().get_object(**call)
        self.reads += 1
        self.bytes_read += len(found["Body"].getvalue())
        return found


def is_older(moment: LoggedMoment) -> bool:
    return moment.as_of < sorted(DAYS)[len(DAYS) // 2]


def test_a_version_is_held_against_its_own_first_weeks_which_are_kept_for_good(
    bucket: ReportsBucket, ledger: InMemoryLedger
) -> None:
    found = watch(bucket, ledger)
    (key,) = [one for one in bucket.files if one.startswith(f"{PLACE}reference/")]
    kept = bucket.files[key][0]
    assert found["reference_from"] == min(DAYS).isoformat()
    assert "settled_count" not in json.loads(kept)["spread"]
    for day in sorted(DAYS)[:20]:
        del bucket.files[of_day(bucket, day)]
    assert watch(bucket, ledger)["reference_from"] == min(DAYS).isoformat()
    assert bucket.files[key][0] == kept


def test_in_its_first_weeks_a_version_is_shown_beside_its_training_and_raises_no_alarm_of_that(
    bucket: ReportsBucket, ledger: InMemoryLedger
) -> None:
    for day in DAYS:
        if (TODAY - day).days >= 28:
            del bucket.files[of_day(bucket, day)]
    found = watch(bucket, ledger)
    assert found["reference_from"] is None
    assert not [one for one in found["alarms"] if one.startswith("Spread otherwise")]
    assert found["drift"]
    assert "in training" in bucket.files[f"{WRITTEN}.html"][0]
