"""Pulls what is new at a source into the ledger; triggered by a schedule per source through a queue."""

from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from dunwell.errors import InvalidInputError
from dunwell.payments.gateway_events import GatewayEvent, GatewayEventKind, GatewayEvents, Outcome
from dunwell.timezones import zone
from dunwell_aws.batches import BatchAnswer, each_message
from dunwell_aws.bootstrap import base, books, ingestion, payments
from dunwell_aws.environment import GatewayEnvironment, LedgerEnvironment, read_environment
from dunwell_aws.observability import count, logger, observed

if TYPE_CHECKING:
    from dunwell.ingestion.syncing import Sync, SyncReport


class SyncEnvironment(LedgerEnvironment, GatewayEnvironment):
    """What the function reads from its variables."""


class Order(BaseModel):
    """What a message asks for."""

    source: str


class WebhookRepair:
    """``PaymentReports``: posts what a lost webhook would have posted, by the same rules under the same key."""

    def __init__(self, events: GatewayEvents, timezone: str) -> None:
        self._events = events
        self._timezone = timezone

    def look(self, reference: str) -> bool:
        """See the port. Asked as about a dispute: then there is nothing of a payment that is not dealt with."""
        event = GatewayEvent(f"sync#{reference}", GatewayEventKind.PAYMENT_DISPUTED, reference)
        return self._events.apply(event, self._now()) is not Outcome.UNMATCHED

    def _now(self) -> datetime:
        return base.clock().now().astimezone(zone(self._timezone))


@cache
def _stripe() -> "Sync":
    """Customers, invoices, credit notes, payments and payouts of Stripe."""
    from dunwell.ingestion.syncing import Sync
    from dunwell_aws.checkpoints import DynamoCheckpoints

    read_environment(SyncEnvironment)
    repair = WebhookRepair(payments.gateway_events(), base.policy().creditor.timezone)
    places = DynamoCheckpoints(books.ledger_table())
    return Sync(payments.stripe_source(), ingestion.record_sink(), repair, places, ingestion.remittance_index())


_SOURCES = {"stripe": _stripe}


@observed
def handler(event: dict[str, Any], context: Any, *, sync: "Sync | None" = None) -> BatchAnswer:
    """A batch of orders. A source pulled twice is in the ledger once."""

    def pull(body: str) -> None:
        source = Order.model_validate_json(body).source
        if source not in _SOURCES:
            raise InvalidInputError(f"there is no source {source}; there are: {', '.join(_SOURCES)}")
        if sync is None and not payments.stripe_secret().keys().api_key:
            payments.stripe_secret().forget()
            logger.info("source without a key: nothing to pull", source=source)
            return
        report = (sync or _SOURCES[source]()).run(lambda: context.get_remaining_time_in_millis() / 1000)
        _tell(source, report)

    return each_message(event, pull)


def _tell(source: str, report: "SyncReport") -> None:
    """Log and count what a run did; what was rejected is named by the source's own ids, never by its content."""
    for reject in report.rejects:
        logger.warning("record rejected", source=source, column=reject.column, value=reject.value, reason=reject.reason)
    logger.info(
        "source pulled",
        source=source,
        ended=report.ended,
        pages=report.pages,
        written=report.written,
        unchanged=report.unchanged,
        payments=report.payments,
        payouts=report.payouts,
        rejected=len(report.rejects),
    )
    count("RecordsWritten", report.written)
    count("RecordsRejected", len(report.rejects))
