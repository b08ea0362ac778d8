"""Writes the ageing report and the unmatched money to the reports bucket; triggered by a schedule through a queue."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jinja2 import Environment as Templates
from jinja2 import FileSystemLoader, StrictUndefined
from pydantic import BaseModel, Field

from dunwell.dates import business_date
from dunwell.ledger.ageing import BUCKETS, AgeingRow, age_account
from dunwell.ledger.ports import SHARDS
from dunwell.money import format_money
from dunwell.reporting.ageing_report import AgeingReport, ageing_csv, ageing_report, largest_overdue, overdue_minor
from dunwell.reporting.bars import BAR_SPACE, bars
from dunwell.reporting.unmatched import UnmatchedRow, unmatched_csv, unmatched_rows, unmatched_totals
from dunwell_aws.aws import client
from dunwell_aws.batches import BatchAnswer, each_message
from dunwell_aws.bootstrap import base, books
from dunwell_aws.environment import LedgerEnvironment, read_environment
from dunwell_aws.observability import count, logger, observed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aws_lambda_powertools.utilities.typing import LambdaContext
    from mypy_boto3_s3 import S3Client

    from dunwell.ledger.ports import Ledger

THREADS = 16
LARGEST_SHOWN = 25


class Environment(LedgerEnvironment):
    """Where reports go."""

    reports_bucket: str = Field(alias="REPORTS_BUCKET", min_length=1)


class Order(BaseModel):
    """What a message asks for; without a date, the creditor's business date."""

    as_of: date | None = None


@observed
def handler(
    event: dict[str, Any], context: "LambdaContext", *, ledger: "Ledger | None" = None, bucket: "S3Client | None" = None
) -> BatchAnswer:
    """A batch of orders. A report made twice is the same file written twice."""

    def build(body: str) -> None:
        as_of = Order.model_validate_json(body).as_of or _today()
        owed, unmatched = _rows(ledger or books.ledger(), as_of)
        report, s3 = ageing_report(owed, as_of), bucket or client("s3")
        _keep(s3, f"unmatched/{as_of.isoformat()}.csv", unmatched_csv(unmatched, as_of), "text/csv")
        _keep(s3, f"ageing/{as_of.isoformat()}.csv", ageing_csv(report), "text/csv")
        _keep(s3, f"ageing/{as_of.isoformat()}.html", ageing_page(report, unmatched_totals(unmatched)), "text/html")
        logger.info("ageing report written", extra={"as_of": as_of.isoformat(), "rows": len(report.rows)})
        count("ReportsBuilt")

    return each_message(event, build)


def _today() -> date:
    return business_date(base.clock().now(), base.policy().creditor.timezone)


def _rows(ledger: "Ledger", as_of: date) -> tuple[list[AgeingRow], list[UnmatchedRow]]:
    """Every open customer's rows, and what internal accounts hold.

    One index query a shard and one query an account, a few shards at a time.
    """

    def shard_rows(shard: int) -> tuple[list[AgeingRow], list[UnmatchedRow]]:
        owed, unmatched = list[AgeingRow](), list[UnmatchedRow]()
        for account in filter(None, map(ledger.load, ledger.open_customer_ids(shard))):
            if account.customer.is_internal:
                unmatched += unmatched_rows(account, as_of)
            else:
                owed += age_account(account, as_of)
        return owed, unmatched

    with ThreadPoolExecutor(THREADS) as pool:
        found = list(pool.map(shard_rows, range(SHARDS)))
    return [row for owed, _ in found for row in owed], [row for _, unmatched in found for row in unmatched]


def _keep(s3: "S3Client", key: str, text: str, kind: str) -> None:
    bucket = read_environment(Environment).reports_bucket
    s3.put_object(Bucket=bucket, Key=key, Body=text.encode(), ContentType=f"{kind}; charset=utf-8")


def ageing_page(report: AgeingReport, unmatched: "Sequence[UnmatchedRow]" = ()) -> str:
    """The report as a page that stands alone: a picture and a table for each currency, and what belongs to nobody."""
    currencies = [
        {
            "total": total,
            "overdue_minor": overdue_minor(total),
            "bars": bars(total.by_bucket),
            "largest": largest_overdue(report, total.currency, LARGEST_SHOWN),
            "customers": sum(row.currency == total.currency for row in report.rows),
        }
        for total in report.totals
    ]
    text: str = _page().render(
        as_of=report.as_of,
        creditor=base.policy().creditor.name,
        currencies=currencies,
        labels=[*BUCKETS],
        bar_space=BAR_SPACE,
        unmatched=unmatched,
    )
    return text


@cache
def _page() -> Any:
    folder = FileSystemLoader(Path(__file__).parent / "templates")
    templates = Templates(loader=folder, autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    templates.filters |= {"money": format_money, "overdue": overdue_minor}
    return templates.get_template("ageing.html")
