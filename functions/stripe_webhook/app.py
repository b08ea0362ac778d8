"""Stripe's webhook: believe only what Stripe signed, keep it, do it once, and let Stripe try again when it fails."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from chalice.app import Chalice, Response

from dunwell.errors import InvalidInputError
from dunwell.payments.gateway_events import GatewayEvents, Outcome
from dunwell.timezones import zone
from dunwell_aws.bootstrap import base, payments
from dunwell_aws.clock import Clock
from dunwell_aws.environment import GatewayEnvironment, GatewayEventsEnvironment, LedgerEnvironment, read_environment
from dunwell_aws.observability import count, logger, observed
from dunwell_aws.problems import answers_problems
from dunwell_aws.raw_events import RawEvents
from dunwell_aws.stripe_events import verify_event
from dunwell_aws.stripe_secret import StripeSecret

app = Chalice(app_name="stripe_webhook")


class StripeWebhookEnvironment(LedgerEnvironment, GatewayEnvironment, GatewayEventsEnvironment):
    """What the webhook reads from its variables."""


@dataclass(frozen=True)
class Webhook:
    """What the webhook is made of; tests bring their own."""

    clock: Clock
    secret: StripeSecret
    events: GatewayEvents
    raw: RawEvents
    timezone: str
    real_epoch: Callable[[], float] = time.time


_webhook: Webhook | None = None


def use(webhook: Webhook | None) -> None:
    """Serve with these parts from now on; None composes them anew from the environment."""
    global _webhook
    _webhook = webhook


def webhook() -> Webhook:
    """The parts in use, composed at first use."""
    if _webhook is None:
        read_environment(StripeWebhookEnvironment)
        events, raw, timezone = payments.gateway_events(), payments.raw_events(), base.policy().creditor.timezone
        use(Webhook(base.clock(), payments.stripe_secret(), events, raw, timezone))
    assert _webhook is not None
    return _webhook


def receive() -> Response:
    """One report of Stripe's: 200 when it is done or means nothing to us."""
    request = app.current_request
    assert request is not None
    parts = webhook()
    body = request.raw_body
    payload = body if isinstance(body, bytes) else body.encode()
    try:
        event = verify_event(
            payload,
            request.headers.get("stripe-signature", ""),
            parts.secret.keys().webhook_secrets,
            int(parts.real_epoch()),
        )
    except InvalidInputError:
        count("WebhookRefused")
        raise
    parts.raw.keep(event.event_id, payload)
    outcome = parts.events.apply(event, parts.clock.now().astimezone(zone(parts.timezone)))
    count(f"Webhook{outcome.value.capitalize()}")
    say = logger.error if outcome is Outcome.UNMATCHED else logger.info
    about = event.payment_reference or event.subject
    say("webhook", event_id=event.event_id, kind=event.kind, about=about, outcome=outcome)
    return Response({"outcome": outcome.value}, {"Content-Type": "application/json"})


app.route("/stripe", methods=["POST"], content_types=["*/*"])(answers_problems(receive))


@observed
def handler(event: dict[str, Any], context: Any, parts: Webhook | None = None) -> Any:
    """Entry point: a proxy event of API Gateway."""
    if parts is not None:
        use(parts)
    return app(event, context)
