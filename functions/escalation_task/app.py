"""Does the steps of an escalation; invoked by the escalation state machine, which chooses by what they return."""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from dunwell.dates import business_date
from dunwell.escalation.escalation import Trouble
from dunwell_aws.bootstrap import base, outreach
from dunwell_aws.observability import count, logger, observed

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

    from dunwell.escalation.escalation import Escalation

Answer = dict[str, str]


@observed
def handler(
    event: Mapping[str, Any],
    context: "LambdaContext",
    *,
    escalation: "Escalation | None" = None,
    now: datetime | None = None,
) -> Answer:
    """One step. Raises only for what a retry may heal; what the business decided is in the answer's ``outcome``."""
    at = now or base.clock().now()
    today = business_date(at, base.policy().creditor.timezone)
    logger.append_keys(action=event["action"], customer_id=event["customer_id"], case_id=event.get("case_id"))
    return _STEPS[event["action"]](event, escalation or outreach.escalation(), at, today)


def _open(event: Mapping[str, Any], escalation: "Escalation", now: datetime, today: date) -> Answer:
    data = event["data"]
    codes = tuple(code for code in str(data.get("reason_codes") or "").split(",") if code)
    trouble = Trouble(
        customer_id=event["customer_id"],
        currency=data["currency"],
        oldest_invoice_id=data["oldest_invoice_id"],
        reason_codes=codes,
        policy_version=str(data.get("policy_version") or ""),
        model_version=str(data.get("model_version") or ""),
    )
    case = escalation.open(trouble, event["execution"], now)
    count("CasesOpened", 1 if case else 0)
    if case is None:
        return {"outcome": "taken"}
    return {"outcome": "opened", "customer_id": case.customer_id, "case_id": case.case_id}


def _evaluate(event: Mapping[str, Any], escalation: "Escalation", now: datetime, today: date) -> Answer:
    evaluation = escalation.evaluate(event["customer_id"], event["case_id"], today)
    return {"outcome": evaluation.next_step.value, "close_as": evaluation.outcome}


def _await(event: Mapping[str, Any], escalation: "Escalation", now: datetime, today: date) -> Answer:
    escalation.await_agent(event["customer_id"], event["case_id"], event["task_token"], now, today)
    return {"outcome": "waiting"}


def _close(event: Mapping[str, Any], escalation: "Escalation", now: datetime, today: date) -> Answer:
    case = escalation.close(event["customer_id"], event["case_id"], event["close_as"], now)
    return {"outcome": case.outcome}


_STEPS: dict[str, Callable[[Mapping[str, Any], "Escalation", datetime, date], Answer]] = {
    "open": _open,
    "evaluate": _evaluate,
    "await": _await,
    "close": _close,
}
