"""Stripe's own lists for reconciliation: events that were not delivered, and what moved the balance."""

from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import stripe

from dunwell.errors import UnavailableError
from dunwell.payments.gateway_events import GatewayEvent, GatewayEventKind
from dunwell.payments.reconciling import Listed
from dunwell_aws.observability import logger
from dunwell_aws.stripe_client import StripeConnection
from dunwell_aws.stripe_records import Object
from dunwell_aws.stripe_reports import report_of

PAGE = 50
T = TypeVar("T")


class StripeBooks:
    """``dunwell.payments.reconciling.GatewayBooks`` over Stripe's API."""

    def __init__(self, connection: StripeConnection) -> None:
        self._stripe = connection

    def undelivered(self, since: int, until: int, after: str) -> Listed:
        """See the port. Events about the same object are one report: it is fetched as it is now anyway."""
        asked = self._asked(since, until, after) | {"delivery_success": False}
        found = self._ask(lambda v1: v1.events.list(asked))
        reports: dict[tuple[str, str, str, str], GatewayEvent] = {}
        for event in found.data:
            one = report_of(event.to_dict())
            if one.kind is not GatewayEventKind.OTHER:
                reports.setdefault((_sort(one), one.payment_reference, one.subject, one.order_key), one)
        return Listed(tuple(reports.values()), _last(found.data, after), found.has_more)

    def moved(self, since: int, until: int, after: str) -> Listed:
        """See the port. Charges, refunds and disputes name their payment; payouts and fees are about none."""
        asked = self._asked(since, until, after) | {"expand": ["data.source"]}
        found = self._ask(lambda v1: v1.balance_transactions.list(asked))
        names = dict.fromkeys(_payments(one.to_dict() for one in found.data))
        reports = (GatewayEvent(f"moved#{one}", GatewayEventKind.PAYMENT_DISPUTED, one) for one in names)
        return Listed(tuple(reports), _last(found.data, after), found.has_more)

    def _asked(self, since: int, until: int, after: str) -> dict[str, Any]:
        asked: dict[str, Any] = {"created": {"gte": since, "lte": until}, "limit": PAGE}
        return asked | ({"starting_after": after} if after else {})

    def _ask(self, request: Callable[[Any], T]) -> T:
        try:
            return request(self._stripe.client().v1)
        except stripe.StripeError as error:
            if isinstance(error, stripe.AuthenticationError):
                self._stripe.key_refused()
            logger.warning("gateway error", kind=type(error).__name__, code=error.code, request=error.request_id)
            raise UnavailableError("Stripe did not answer as expected; the next run goes on") from error


def _sort(report: GatewayEvent) -> str:
    """Reports about a payment are one, whatever they say of it; but a dispute is looked for only when told of."""
    about_payment = report.payment_reference and report.kind not in (
        GatewayEventKind.PAYMENT_DISPUTED,
        GatewayEventKind.CHECKOUT_CLOSED,
    )
    return "payment" if about_payment else report.kind.value


def _payments(transactions: Iterator[Object]) -> Iterator[str]:
    for one in transactions:
        source = one.get("source")
        intent = source.get("payment_intent") if isinstance(source, dict) else None
        if intent:
            yield intent if isinstance(intent, str) else intent["id"]


def _last(listed: list[Any], after: str) -> str:
    return str(listed[-1].id) if listed else after
