"""The first half of the daily cycle: scores and segments a worker's open accounts. Trigger: state machine."""

from collections.abc import Sequence
from datetime import date
from functools import cache
from typing import Any

from dunwell.dates import business_date
from dunwell.ledger.model import Account
from dunwell.scoring.assess import assess_accounts
from dunwell_aws import bootstrap
from dunwell_aws.documents import folder
from dunwell_aws.observability import count, logger, observed
from dunwell_aws.portfolio import Pass, run_pass
from dunwell_onnx.scorer import OnnxScorer


@cache
def scorer() -> OnnxScorer:
    return OnnxScorer(folder("model_artifacts") / "late_payment")


@observed
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    request = Pass.model_validate(event)
    zone = bootstrap.policy().creditor.timezone
    as_of = date.fromisoformat(request.as_of) if request.as_of else business_date(bootstrap.clock().now(), zone)
    scored = 0

    def score(accounts: Sequence[Account]) -> None:
        nonlocal scored
        assessments = assess_accounts(accounts, as_of, scorer())
        bootstrap.collection().assess(assessments)
        scored += sum(len(assessment.invoices) for assessment in assessments)

    cursor = run_pass(request, bootstrap.ledger(), score, context.get_remaining_time_in_millis)
    logger.info("invoices scored", scored=scored)
    count("InvoicesScored", scored)
    return {"cursor": cursor, "scored": event.get("scored", 0) + scored}
