"""The first half of the daily cycle: scores and segments a worker's open accounts. Trigger: state machine."""

from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any

from pydantic import Field

from dunwell.dates import business_date
from dunwell.ledger.model import Account
from dunwell.scoring.moment_log import Sample
from dunwell_aws.aws import client
from dunwell_aws.bootstrap import base, books, outreach, scoring
from dunwell_aws.documents import folder
from dunwell_aws.environment import LedgerEnvironment, read_environment
from dunwell_aws.model_log import S3ModelLog
from dunwell_aws.observability import count, logger, observed
from dunwell_aws.portfolio import Pass, run_pass
from dunwell_aws.scoring import model_fell_back, score_page
from dunwell_onnx.fallback import FallbackScorer

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

    from dunwell.ledger.ports import Ledger
    from dunwell.scoring.ports import Scorer
    from dunwell_aws.actions import AssessedAccounts


class Environment(LedgerEnvironment):
    """Where the model's answers are kept for those who look after it."""

    reports_bucket: str = Field(alias="REPORTS_BUCKET", min_length=1)


@cache
def scorer() -> FallbackScorer:
    return FallbackScorer(folder("model_artifacts") / "late_payment", model_fell_back)


@observed
def handler(
    event: dict[str, Any],
    context: Any,
    *,
    ledger: "Ledger | None" = None,
    store: "AssessedAccounts | None" = None,
    model: "Scorer | None" = None,
    bucket: "S3Client | None" = None,
    now: datetime | None = None,
) -> dict[str, Any]:
    """One worker's pass, or the part of it that time allows. Scoring a page twice keeps the same scores."""
    request = Pass.model_validate(event)
    at, zone = now or base.clock().now(), base.policy().creditor.timezone
    as_of, today = request.business_date(at, zone), business_date(at, zone)
    scored, sample, outside = 0, Sample(request.workers, request.moments), scoring.outside()

    def score(accounts: Sequence[Account]) -> None:
        nonlocal scored
        kept = store or outreach.pass_collection()
        found = score_page(accounts, as_of, today, model or scorer(), kept, base.policy(), outside)
        scored += sum(len(one.invoices) + one.invoices_left_out for one in found.assessments)
        sample.add(found.moments)

    cursor = run_pass(request, ledger or books.pass_ledger(), score, context.get_remaining_time_in_millis)
    if kept := sample.kept:
        log = S3ModelLog(bucket or client("s3"), read_environment(Environment).reports_bucket)
        log.keep(as_of, f"{request.worker:02}-{request.cursor.replace('/', '-') or 'start'}", kept, sample.one_in)
    logger.info("invoices scored", scored=scored)
    count("InvoicesScored", scored)
    return request.then(cursor=cursor, scored=request.scored + scored, moments=sample.seen)
