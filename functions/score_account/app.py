"""Scores accounts anew soon after they changed; triggered by the bus through a queue."""

from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from dunwell.dates import business_date
from dunwell.scoring.assessment import Basis
from dunwell_aws.batches import BatchAnswer, each_group
from dunwell_aws.bootstrap import base, books, outreach, scoring
from dunwell_aws.documents import folder
from dunwell_aws.observability import count, logger, observed
from dunwell_aws.scoring import model_fell_back, score_page
from dunwell_onnx.fallback import FallbackScorer

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

    from dunwell.ledger.ports import Ledger
    from dunwell.scoring.ports import Scorer
    from dunwell_aws.actions import AssessedAccounts

NEWEST = 2**53
"""Stands for the version of an account when an event does not say which one it left."""


class Data(BaseModel):
    """Of an event. An import says which version of the account it left."""

    version: int = NEWEST


class Detail(BaseModel):
    """An event of the ledger, as far as it matters here."""

    customer_id: str
    data: Data = Data()


class Message(BaseModel):
    """What the bus puts into the queue."""

    detail: Detail


@cache
def scorer() -> FallbackScorer:
    return FallbackScorer(folder("model_artifacts") / "late_payment", model_fell_back)


@observed
def handler(
    event: dict[str, Any],
    context: "LambdaContext",
    *,
    ledger: "Ledger | None" = None,
    store: "AssessedAccounts | None" = None,
    model: "Scorer | None" = None,
    now: datetime | None = None,
) -> BatchAnswer:
    """A batch of events. An account is scored once for all that the batch says of it, and not at all when it has been
    scored in its present version today: of a hundred events of an import the first to be handled does the work.
    """
    policy, accounts, kept = base.policy(), ledger or books.ledger(), store or outreach.collection()
    today = business_date(now or base.clock().now(), policy.creditor.timezone)
    outside = scoring.outside()

    def score(customer_id: str, details: Sequence[Detail]) -> None:
        assessed = kept.basis(customer_id) or Basis(today, -1)
        if assessed.covers(Basis(today, max(one.data.version for one in details))):
            return
        account = accounts.load(customer_id)
        if account and not assessed.covers(Basis(today, account.version)):
            found = score_page([account], today, today, model or scorer(), kept, policy, outside)
            count("AccountsScoredAnew", len(found.assessments))

    answer = each_group(event, read, score)
    logger.info("changes handled", messages=len(event["Records"]), failed=len(answer["batchItemFailures"]))
    return answer


def read(body: str) -> tuple[str, Detail]:
    """Whose account a message is about, and what it says."""
    detail = Message.model_validate_json(body).detail
    return detail.customer_id, detail
