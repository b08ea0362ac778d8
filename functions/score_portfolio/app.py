"""The first half of the daily cycle: scores and segments a worker's open accounts. Trigger: state machine."""

from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from dunwell.ledger.model import Account
from dunwell.scoring.assess import assess_accounts
from dunwell_aws import bootstrap
from dunwell_aws.actions import DoneSoFar
from dunwell_aws.documents import folder
from dunwell_aws.observability import count, logger, observed
from dunwell_aws.portfolio import Pass, run_pass
from dunwell_onnx.scorer import OnnxScorer

if TYPE_CHECKING:
    from dunwell.ledger.ports import Ledger
    from dunwell.scoring.ports import Scorer
    from dunwell_aws.actions import AssessedAccounts


@cache
def scorer() -> OnnxScorer:
    return OnnxScorer(folder("model_artifacts") / "late_payment")


@observed
def handler(
    event: dict[str, Any],
    context: Any,
    *,
    ledger: "Ledger | None" = None,
    store: "AssessedAccounts | None" = None,
    model: "Scorer | None" = None,
) -> dict[str, Any]:
    """One worker's pass, or the part of it that time allows. Scoring a page twice keeps the same scores."""
    request = Pass.model_validate(event)
    as_of = request.business_date(bootstrap.clock().now(), bootstrap.policy().creditor.timezone)
    scored = 0

    def score(accounts: Sequence[Account]) -> None:
        nonlocal scored
        kept = store or bootstrap.collection()
        assessments = assess_accounts(accounts, as_of, model or scorer(), DoneSoFar(kept, bootstrap.policy()))
        kept.assess(assessments)
        scored += sum(len(assessment.invoices) for assessment in assessments)

    cursor = run_pass(request, ledger or bootstrap.ledger(), score, context.get_remaining_time_in_millis)
    logger.info("invoices scored", scored=scored)
    count("InvoicesScored", scored)
    return request.then(cursor=cursor, scored=request.scored + scored)
