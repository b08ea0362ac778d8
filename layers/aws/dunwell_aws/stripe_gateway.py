"""Stripe as the domain's ``PaymentGateway``: hosted Checkout, so that no card data passes through us."""

from collections.abc import Callable
from typing import Any, TypeVar

import stripe

from dunwell.errors import ConflictError, NotFoundError, RefusedError, UnavailableError
from dunwell.payments.order import CheckoutOrder
from dunwell.payments.ports import GatewayPayment, PaymentStatus
from dunwell_aws.observability import logger
from dunwell_aws.stripe_amounts import from_stripe, to_stripe
from dunwell_aws.stripe_client import StripeConnection
from dunwell_aws.stripe_secret import StripeSecret

_MOST_LINES = 100
_REFUSED_CODES = {"amount_too_small", "amount_too_large", "invalid_charge_amount"}
_STATUS = {"succeeded": PaymentStatus.SUCCEEDED, "processing": PaymentStatus.PROCESSING}
T = TypeVar("T")


class StripeGateway:
    """``dunwell.payments.ports.PaymentGateway`` over Stripe's API."""

    def __init__(self, secret: StripeSecret, api_base: str) -> None:
        self._stripe = StripeConnection(secret, api_base)

    def start_checkout(self, order: CheckoutOrder, success_url: str, cancel_url: str, email: str = "") -> str:
        """See the port. The attempt's key is Stripe's idempotency key."""
        metadata = {"customer_id": order.customer_id, "order_id": order.order_id, "order_key": order.key}
        params: Any = {
            "mode": "payment",
            "submit_type": "pay",
            "line_items": _line_items(order),
            "client_reference_id": order.order_id,
            "metadata": metadata,
            "payment_intent_data": {"metadata": metadata},
            "success_url": success_url,
            "cancel_url": cancel_url,
        }
        if email:
            params["customer_email"] = email
        session = self._call(
            lambda client: client.v1.checkout.sessions.create(params, options={"idempotency_key": order.key})
        )
        if not session.url:
            raise UnavailableError("the payment gateway gave no page to pay on")
        return session.url

    def payment(self, reference: str) -> GatewayPayment:
        """See the port."""
        intent = self._call(lambda client: client.v1.payment_intents.retrieve(reference))
        metadata = intent.metadata.to_dict() if intent.metadata else {}
        error = intent.last_payment_error
        failed = error is not None and intent.status in {"requires_payment_method", "canceled"}
        currency = intent.currency.upper()
        charge = intent.latest_charge
        return GatewayPayment(
            reference=intent.id,
            status=PaymentStatus.FAILED if failed else _STATUS.get(intent.status, PaymentStatus.OTHER),
            currency=currency,
            amount_minor=from_stripe(intent.amount_received, currency) if intent.status == "succeeded" else 0,
            customer_id=str(metadata.get("customer_id", "")),
            order_id=str(metadata.get("order_id", "")),
            try_reference=charge if isinstance(charge, str) else getattr(charge, "id", ""),
            failure_code=_attribute(error, "code"),
            decline_code=_attribute(error, "decline_code"),
            advice=_attribute(error, "advice_code"),
        )

    def _call(self, request: Callable[[stripe.StripeClient], T]) -> T:
        try:
            return request(self._stripe.client())
        except stripe.StripeError as error:
            if isinstance(error, stripe.AuthenticationError):
                self._stripe.key_refused()
            raise _translated(error) from error


def _line_items(order: CheckoutOrder) -> list[dict[str, Any]]:
    """An item for each invoice; one for all when there are more than Stripe shows."""
    named = [(f"Invoice {line.number}", line.amount_minor) for line in order.lines]
    if len(named) > _MOST_LINES:
        named = [(f"{len(named)} invoices", order.amount_minor)]
    return [
        {
            "quantity": 1,
            "price_data": {
                "currency": order.currency.lower(),
                "unit_amount": to_stripe(amount_minor, order.currency),
                "product_data": {"name": name},
            },
        }
        for name, amount_minor in named
    ]


def _attribute(error: Any, name: str) -> str:
    return str(getattr(error, name, None) or "")


def _translated(error: stripe.StripeError) -> Exception:
    code = error.code or ""
    logger.warning("gateway error", kind=type(error).__name__, code=code, request=error.request_id)
    if code in _REFUSED_CODES:
        return RefusedError("This amount cannot be paid online. Please call us.")
    if isinstance(error, stripe.IdempotencyError):
        return ConflictError("The same payment is being started already. Try again in a moment.")
    if error.http_status == 404:
        return NotFoundError("the payment gateway does not know this payment")
    return UnavailableError("The payment service does not answer. Nothing was charged. Please try again in a minute.")
