"""What each of Stripe's events is about, as the domain's report: only names are taken, for all else is fetched."""

from collections.abc import Mapping
from typing import Any

from dunwell.payments.gateway_events import GatewayEvent, GatewayEventKind

_KINDS = {
    "payment_intent.succeeded": GatewayEventKind.PAYMENT_SUCCEEDED,
    "payment_intent.processing": GatewayEventKind.PAYMENT_PROCESSING,
    "payment_intent.payment_failed": GatewayEventKind.PAYMENT_FAILED,
    "payment_intent.requires_action": GatewayEventKind.PAYMENT_ACTION,
    "charge.failed": GatewayEventKind.PAYMENT_FAILED,
    "charge.refunded": GatewayEventKind.PAYMENT_REFUNDED,
    "charge.refund.updated": GatewayEventKind.PAYMENT_REFUNDED,
    "refund.created": GatewayEventKind.PAYMENT_REFUNDED,
    "refund.updated": GatewayEventKind.PAYMENT_REFUNDED,
    "refund.failed": GatewayEventKind.PAYMENT_REFUNDED,
    "charge.dispute.created": GatewayEventKind.PAYMENT_DISPUTED,
    "charge.dispute.updated": GatewayEventKind.PAYMENT_DISPUTED,
    "charge.dispute.funds_withdrawn": GatewayEventKind.PAYMENT_DISPUTED,
    "charge.dispute.funds_reinstated": GatewayEventKind.PAYMENT_DISPUTED,
    "charge.dispute.closed": GatewayEventKind.PAYMENT_DISPUTED,
    "checkout.session.completed": GatewayEventKind.CHECKOUT_COMPLETED,
    "checkout.session.async_payment_succeeded": GatewayEventKind.CHECKOUT_COMPLETED,
    "checkout.session.async_payment_failed": GatewayEventKind.CHECKOUT_CLOSED,
    "checkout.session.expired": GatewayEventKind.CHECKOUT_CLOSED,
    "setup_intent.succeeded": GatewayEventKind.METHOD_SAVED,
    "payment_method.automatically_updated": GatewayEventKind.METHOD_CHANGED,
    "payment_method.detached": GatewayEventKind.METHOD_CHANGED,
    "mandate.updated": GatewayEventKind.MANDATE_CHANGED,
    "payout.paid": GatewayEventKind.PAYOUT,
    "payout.failed": GatewayEventKind.PAYOUT,
}
EVENTS = tuple(_KINDS)
"""The types that mean something here: what a webhook endpoint has to be registered for."""


def report_of(event: Mapping[str, Any]) -> GatewayEvent:
    """An event, verified or listed, as the report it is; what is misshapen is a report about nothing."""
    event_id, kind = str(event["id"]), _KINDS.get(event["type"], GatewayEventKind.OTHER)
    data = event.get("data")
    about = data.get("object") if isinstance(data, dict) else None
    if not isinstance(about, dict) or kind is GatewayEventKind.OTHER:
        return GatewayEvent(event_id, GatewayEventKind.OTHER)
    name = event["type"].partition(".")[0]
    if name == "payment_intent":
        return GatewayEvent(event_id, kind, payment_reference=_text(about, "id"))
    if name in ("charge", "refund"):
        return GatewayEvent(event_id, kind, payment_reference=_text(about, "payment_intent"))
    if name == "checkout":
        return _page(event_id, kind, about)
    return GatewayEvent(event_id, kind, subject=_text(about, "id"))


def _page(event_id: str, kind: GatewayEventKind, session: Mapping[str, Any]) -> GatewayEvent:
    """A hosted page: it paid, or saved a method, or is over."""
    payment, setup = _text(session, "payment_intent"), _text(session, "setup_intent")
    if setup and kind is GatewayEventKind.CHECKOUT_COMPLETED:
        return GatewayEvent(event_id, GatewayEventKind.METHOD_SAVED, subject=setup)
    metadata = session.get("metadata")
    known = metadata if isinstance(metadata, dict) else {}
    customer_id, order_key = _text(known, "customer_id"), _text(known, "order_key")
    return GatewayEvent(event_id, kind, payment, customer_id, order_key)


def _text(values: Mapping[str, Any], name: str) -> str:
    value = values.get(name)
    return value if isinstance(value, str) else ""
