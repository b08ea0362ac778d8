"""Holds the model to what has happened since, and says how it does; triggered by a schedule through a queue."""

import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jinja2 import Environment as Templates
from jinja2 import FileSystemLoader, StrictUndefined
from pydantic import BaseModel, Field

from dunwell.dates import business_date
from dunwell.scoring.account_facts import invoice_facts
from dunwell.scoring.care import Group, ModelReport, Reference, examine, first_weeks
from dunwell.scoring.drift import ACT, FEWEST_CUSTOMERS, read_spreads
from dunwell.scoring.features import NEUTRAL_VALUES
from dunwell.scoring.moment_log import LoggedMoment
from dunwell_aws.aws import client
from dunwell_aws.batches import BatchAnswer, each_message
from dunwell_aws.bootstrap import base, books
from dunwell_aws.documents import folder
from dunwell_aws.environment import LedgerEnvironment, read_environment
from dunwell_aws.model_log import PLACE, S3ModelLog
from dunwell_aws.observability import count, logger, observed
from dunwell_onnx.fallback import CHALLENGER, FallbackScorer
from dunwell_onnx.scorer import ModelFileError, OnnxScorer

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext
    from mypy_boto3_s3 import S3Client

    from dunwell.ledger.ports import Ledger

WINDOW_DAYS = 180
MOST_MOMENTS = 50_000
MOST_INVOICES = 10_000  # each may be another customer's, and a query
THREADS = 16
DRIFT_SHOWN = 12
AXIS_ENDS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.75, 1.0)


class Environment(LedgerEnvironment):
    """Where the log is and the report goes."""

    reports_bucket: str = Field(alias="REPORTS_BUCKET", min_length=1)


class Order(BaseModel):
    """What a message asks for; without a date, the creditor's business date."""

    as_of: date | None = None


@observed
def handler(
    event: dict[str, Any],
    context: "LambdaContext",
    *,
    ledger: "Ledger | None" = None,
    bucket: "S3Client | None" = None,
    models: Path | None = None,
) -> BatchAnswer:
    """A batch of orders. A report made twice is the same file written twice."""

    def watch(body: str) -> None:
        as_of = Order.model_validate_json(body).as_of or _today()
        s3 = bucket or client("s3")
        report = model_report(as_of, s3, ledger or books.ledger(), models or folder("model_artifacts"))
        document = json.dumps(asdict(report), default=str, indent=1)
        _keep(s3, f"{PLACE}{as_of.isoformat()}.json", document, "application/json")
        _keep(s3, f"{PLACE}{as_of.isoformat()}.html", model_page(report), "text/html")
        for alarm in report.alarms:
            logger.warning("model alarm", what=alarm)
        count("ModelAlarms", len(report.alarms))
        count("ModelsMonitored")

    return each_message(event, watch)


def _today() -> date:
    return business_date(base.clock().now(), base.policy().creditor.timezone)


def model_report(as_of: date, s3: "S3Client", ledger: "Ledger", models: Path) -> ModelReport:
    """What is to be known about the late payment model on a day, from the log of its answers and the ledger."""
    served: list[str] = []
    where = models / "late_payment"
    scorer = FallbackScorer(where, served.append)
    model = scorer.model
    log = S3ModelLog(s3, read_environment(Environment).reports_bucket)
    looked = log.read(as_of - timedelta(days=WINDOW_DAYS), as_of, MOST_MOMENTS, MOST_INVOICES)
    moments = [one for one in looked.moments if one.model == model.identity]
    answers = _challenger(where / CHALLENGER, moments, served)
    columns = model.feature_names, model.horizons_days
    trained = Reference(read_spreads(scorer.record.get("reference", {})))
    return examine(
        (model.name, model.identity),
        as_of,
        moments,
        _outcomes(ledger, moments),
        _reference(log, model.identity, moments, columns, as_of) or trained,
        columns,
        answers,
        served,
        looked.one_in,
    )


def _reference(
    log: S3ModelLog,
    model: str,
    moments: Sequence[LoggedMoment],
    columns: tuple[Sequence[str], Sequence[int]],
    as_of: date,
) -> Reference | None:
    """How things were spread in the model's first weeks in service; kept as soon as these are over."""
    kept = log.reference(model)
    if kept is None and (found := first_weeks(moments, columns, as_of)):
        log.keep_reference(model, found)
        return found
    return kept


def _outcomes(ledger: "Ledger", moments: Sequence[LoggedMoment]) -> dict[tuple[str, str], date | None]:
    """How every logged invoice ended so far; one query a customer. None of what was credited: it tells nothing of when
    the customer pays. None either of what was in dispute: the model's days are not those of the calendar there.
    """
    asked = {(one.customer_id, one.invoice_id) for one in moments}

    def of(customer_id: str) -> list[tuple[tuple[str, str], date | None]]:
        account = ledger.load(customer_id)
        if account is None:
            return []
        return [
            ((customer_id, one.invoice_id), one.settled_on)
            for one in invoice_facts(account)
            if (customer_id, one.invoice_id) in asked and not one.cancelled_on and not one.held
        ]

    with ThreadPoolExecutor(THREADS) as pool:
        customers = sorted({customer_id for customer_id, _ in asked})
        return {key: day for found in pool.map(of, customers) for key, day in found}


def _challenger(
    where: Path, moments: Sequence[LoggedMoment], served: list[str]
) -> tuple[str, list[tuple[float, ...]]] | None:
    """The shadow model's identity and its answers to the same questions, if there is one."""
    if not where.exists():
        return None
    scorer = OnnxScorer(where)
    try:
        return scorer.model.identity, scorer.probabilities(
            [one.row + NEUTRAL_VALUES[len(one.row) :] for one in moments]
        )
    except (ModelFileError, ValueError) as error:
        served.append(f"The challenger cannot be asked: {error}")
        return None


def _keep(s3: "S3Client", key: str, text: str, kind: str) -> None:
    bucket = read_environment(Environment).reports_bucket
    s3.put_object(Bucket=bucket, Key=key, Body=text.encode(), ContentType=f"{kind}; charset=utf-8")


def model_page(report: ModelReport) -> str:
    """The report as a page that stands alone."""
    text: str = _page().render(
        report=report,
        creditor=base.policy().creditor.name,
        shown=[one for one in report.drift if one.index is not None][:DRIFT_SHOWN],
        act=ACT,
        fewest=FEWEST_CUSTOMERS,
    )
    return text


def _axis_end(groups: Sequence[Group]) -> float:
    """Where both axes of a picture of these end: they are to fill it."""
    largest = max(max(one.forecast, one.came_true) for one in groups)
    return next(end for end in AXIS_ENDS if largest <= end)


@cache
def _page() -> Any:
    templates = Templates(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
    )
    templates.filters |= {
        "words": lambda code: code.replace("_", " "),
        "percent": lambda share: f"{100 * share:.0f}%",
        "tenths": lambda share: f"{100 * share:.1f}%",
        "axis_end": _axis_end,
    }
    return templates.get_template("model.html")
