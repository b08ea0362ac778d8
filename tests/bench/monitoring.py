"""The report on the model: half a year of 64 workers' files, from a store that takes its time for each."""

import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from itertools import cycle, islice
from typing import Any, cast

import pytest

from dunwell.ledger.ports import SHARDS, shard_of
from dunwell.scoring.account_facts import invoice_facts
from dunwell.scoring.moment_log import MOST_A_DAY, LoggedMoment, in_sample, moments_to_log, read_line
from dunwell.scoring.score import score_customers
from dunwell_aws.documents import folder
from dunwell_aws.model_log import LOG, S3ModelLog
from dunwell_onnx.scorer import OnnxScorer
from functions.monitor_models import app as monitor_models
from tests.bench.dispatching import TABLE_SECONDS, Slow
from tests.bench.measure import Entry, Result, Spread, spread
from tests.bench.portfolio import AS_OF, portfolio
from tests.support.invocation import lambda_context, set_variables, sqs_event
from tests.support.memory import InMemoryLedger
from tests.support.reports_bucket import ReportsBucket

STORE_SECONDS = 0.02
"""What S3 takes for a call from a function in the same region, about."""
BUDGET_SECONDS = 100.0
"""The function has 150; boto3's own work, about a millisecond a call, is not in what is measured."""
CUSTOMERS = 4_000
LINES_A_FILE = 3
PARTS = 15
"""Invocations a worker needs for its part of a hundred million open invoices."""
SAMPLE_DAYS = 6
DAYS = [AS_OF - timedelta(days=ago) for ago in range(monitor_models.WINDOW_DAYS)]


def bench(repetitions: int) -> list[Result]:
    """A portfolio of which everything is logged, the whole report; and one of a hundred million, the reading."""
    accounts = portfolio(CUSTOMERS).open_accounts
    scores = score_customers([invoice_facts(one) for one in accounts], AS_OF, _model())
    moments = [
        moment
        for account, score in zip(accounts, scores, strict=True)
        for moment in moments_to_log(account.customer.customer_id, score)
    ]
    everything, sampled = _all_of_it(moments), _a_sample(moments)
    times = min(3, repetitions)
    with pytest.MonkeyPatch.context() as patch:
        set_variables(patch, REPORTS_BUCKET="reports")
        ledger = Slow(InMemoryLedger(*accounts), TABLE_SECONDS)
        report = _seconds(times, lambda: _report(everything, ledger))
    return [
        _entry(
            "model_report", "the report on the model of 180 days, everything logged by 64 workers", report, everything
        ),
        _entry(
            "model_log_of_100_million",
            "reading 180 days of the log of a hundred million open invoices, of which a sample is kept",
            _seconds(times, lambda: _read(sampled)),
            sampled,
        ),
    ]


def _model() -> OnnxScorer:
    return OnnxScorer(folder("model_artifacts") / "late_payment")


def _entry(name: str, what: str, ours: Spread, bucket: ReportsBucket) -> Entry:
    whole = _seconds(1, lambda: _one_after_another(bucket))
    share = len(DAYS) / SAMPLE_DAYS
    plain = Spread(share * whole.median, share * whole.minimum, share * whole.maximum, whole.repetitions)
    logged = [text for key, (text, _) in bucket.files.items() if key.startswith(LOG)]
    lines = sum(text.count("\n") for text in logged)
    return Entry(
        name,
        what,
        "s",
        ours,
        f"reading every file one after another, {SAMPLE_DAYS} days of it times {share:.0f}",
        plain,
        f"{len(logged):,} files with {lines:,} lines; {1000 * STORE_SECONDS:.0f} ms a file",
        (f"more than {BUDGET_SECONDS:.0f} s of the function's 150",) if ours.maximum > BUDGET_SECONDS else (),
        {"files": len(logged), "lines": lines},
    )


def _all_of_it(moments: list[LoggedMoment]) -> ReportsBucket:
    """A file a worker and day, with so few lines that the reader wants them all."""
    of_worker: dict[int, list[LoggedMoment]] = defaultdict(list)
    for one in moments:
        of_worker[shard_of(one.customer_id)].append(one)
    return _bucket((f"{worker:02}-start", own, LINES_A_FILE, 1) for worker, own in of_worker.items())


def _a_sample(moments: list[LoggedMoment]) -> ReportsBucket:
    """One in as many as there are shards: the customers of one shard, whose worker needs several invocations."""
    own = [
        replace(one, invoice_id=f"{one.invoice_id}-{copy}")
        for one in moments
        if in_sample(one.place, SHARDS)
        for copy in range(MOST_A_DAY * 20 // len(moments))
    ]
    size = MOST_A_DAY // PARTS
    return _bucket((f"00-0-cus_{part}", own[part * size :] + own[: part * size], size, SHARDS) for part in range(PARTS))


def _bucket(parts: Iterator[tuple[str, list[LoggedMoment], int, int]]) -> ReportsBucket:
    """Each part's lines, other ones every day."""
    found = ReportsBucket()
    log = S3ModelLog(cast("Any", found), found.name)
    for part, own, size, one_in in parts:
        more = cycle(own)
        for day in DAYS:
            some = [replace(one, as_of=day) for one in islice(more, size)]
            log.keep(day, part, sorted(some, key=lambda one: one.place), one_in)
    return found


def _report(bucket: ReportsBucket, ledger: Any) -> None:
    monitor_models.handler(
        sqs_event({"as_of": AS_OF.isoformat()}),
        lambda_context(),
        ledger=ledger,
        bucket=cast("Any", Slow(bucket, STORE_SECONDS)),
    )


def _read(bucket: ReportsBucket) -> None:
    log = S3ModelLog(cast("Any", Slow(bucket, STORE_SECONDS)), bucket.name)
    log.read(DAYS[-1] - timedelta(days=1), AS_OF, monitor_models.MOST_MOMENTS, monitor_models.MOST_INVOICES)


def _one_after_another(bucket: ReportsBucket) -> None:
    slow = Slow(bucket, STORE_SECONDS)
    wanted = {day.isoformat() for day in DAYS[:SAMPLE_DAYS]}
    for key in [key for key in bucket.files if key.startswith(LOG) and key[len(LOG) :][:10] in wanted]:
        text = slow.get_object(Bucket=bucket.name, Key=key)["Body"].read().decode()
        assert all(map(read_line, text.splitlines()))


def _seconds(repetitions: int, work: Callable[[], object]) -> Spread:
    found = []
    for _ in range(repetitions):
        started = time.perf_counter()
        work()
        found.append(time.perf_counter() - started)
    return spread(found)
