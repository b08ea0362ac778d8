"""Compares the ledger with the payment gateway and repairs what is missing. Trigger: a schedule through a queue."""

import json
import time
from functools import cache
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, Field

from dunwell.errors import NotFoundError
from dunwell.payments.reconciling import Reconciliation
from dunwell.timezones import zone
from dunwell_aws.aws import client
from dunwell_aws.batches import BatchAnswer, each_message
from dunwell_aws.bootstrap import base, books, payments
from dunwell_aws.environment import GatewayEnvironment, GatewayEventsEnvironment, LedgerEnvironment, read_environment
from dunwell_aws.observability import count, logger, observed
from dunwell_aws.stripe_reports import report_of

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

    from dunwell.payments.gateway_events import GatewayEvents
    from dunwell.payments.reconciling import Reconciling
    from dunwell_aws.raw_events import RawEvents


class ReconcileEnvironment(LedgerEnvironment, GatewayEnvironment, GatewayEventsEnvironment):
    """What the function reads from its variables."""

    reports_bucket: str = Field(alias="REPORTS_BUCKET", min_length=1)


class Order(BaseModel):
    """What a message asks for: a run, or to do again what reports say that came before, by their event ids."""

    replay: tuple[str, ...] = ()


@cache
def _reconciling() -> "Reconciling":
    from dunwell.payments.reconciling import Reconciling
    from dunwell_aws.reconciliations import DynamoReconciliations
    from dunwell_aws.stripe_books import StripeBooks
    from dunwell_aws.stripe_client import StripeConnection

    environment = read_environment(ReconcileEnvironment)
    local = zone(base.policy().creditor.timezone)
    return Reconciling(
        StripeBooks(StripeConnection(payments.stripe_secret(), environment.stripe_api_base)),
        payments.gateway(),
        payments.gateway_events(),
        books.ledger(),
        DynamoReconciliations(books.ledger_table()),
        epoch=time.time,
        now=lambda: base.clock().now().astimezone(local),
    )


@observed
def handler(
    event: dict[str, Any],
    context: Any,
    *,
    reconciling: "Reconciling | None" = None,
    bucket: "S3Client | None" = None,
    events: "GatewayEvents | None" = None,
    raw: "RawEvents | None" = None,
) -> BatchAnswer:
    """A batch of orders. A run that is done writes its report; one that ran out of time is gone on with by the next."""

    def reconcile(body: str) -> None:
        order = Order.model_validate_json(body)
        if order.replay:
            _replay(order.replay, raw or payments.raw_events(), events or payments.gateway_events())
            return
        if reconciling is None and not payments.stripe_secret().keys().api_key:
            payments.stripe_secret().forget()
            logger.info("gateway without a key: nothing to compare")
            return
        run = (reconciling or _reconciling()).run(lambda: context.get_remaining_time_in_millis() / 1000)
        if run is None or not run.done:
            logger.info("reconciliation goes on", overtaken=run is None)
            return
        _keep(bucket or client("s3"), run)
        _tell(run)

    return each_message(event, reconcile)


def _replay(event_ids: tuple[str, ...], raw: "RawEvents", events: "GatewayEvents") -> None:
    """Do again what kept reports say; a replayed report that was done changes nothing."""
    now = base.clock().now().astimezone(zone(base.policy().creditor.timezone))
    for event_id in event_ids:
        try:
            outcome = events.apply(report_of(json.loads(raw.body(event_id))), now)
        except NotFoundError as error:
            logger.warning("report not replayed", event_id=event_id, reason=str(error))
            continue
        logger.info("report replayed", event_id=event_id, outcome=outcome)


def _keep(s3: "S3Client", run: Reconciliation) -> None:
    """Write the report of a run: differences by currency, and the payments still apart by the gateway's names."""
    report = {
        "since": run.since,
        "until": run.until,
        "undelivered_reports": run.reports,
        "payments": run.payments,
        "payments_of_others": run.others,
        "difference_found_minor": run.found,
        "difference_left_minor": run.left_minor(),
        "suspended_minor": run.suspended,
        "repaired": run.repaired,
        "left": [
            {"payment": one.reference, "currency": one.currency, "minor": one.minor, "why": one.why} for one in run.left
        ],
    }
    s3.put_object(
        Bucket=read_environment(ReconcileEnvironment).reports_bucket,
        Key=f"gateway/{run.until}.json",
        Body=json.dumps(report, indent=2).encode(),
        ContentType="application/json",
    )


def _tell(run: Reconciliation) -> None:
    say = logger.error if run.left else logger.info
    say(
        "gateway reconciled",
        payments=run.payments,
        reports=run.reports,
        found=run.found,
        repaired=run.repaired,
        left=[one.reference for one in run.left],
    )
    count("GatewayReportsRecovered", run.reports)
    count("GatewayPaymentsRepaired", run.repaired)
    count("GatewayPaymentsApart", len(run.left))
