"""Stripe as the domain's ``PaymentGateway``: hosted Checkout, so that no card data passes through us."""

import contextlib
import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, TypeVar

import stripe

from dunwell.errors import ConflictError, NotFoundError, RefusedError, UnavailableError
from dunwell.ledger.debits import DebitAttempt, MethodKind, PaymentMethod
from dunwell.payments.order import CheckoutOrder
from dunwell.payments.ports import DebitRefusedError, GatewayPayment, HostedPage, SavedMethod
from dunwell_aws.clock import Clock
from dunwell_aws.observability import logger
from dunwell_aws.stripe_amounts import is_three_decimal, least_charge_minor, to_stripe
from dunwell_aws.stripe_client import StripeConnection
from dunwell_aws.stripe_methods import ANY, Offer, saved_method
from dunwell_aws.stripe_payments import EXPANDED, charge_of, payment_of
from dunwell_aws.stripe_secret import StripeSecret

_MOST_LINES = 100
_OTHER_PARAMETERS = 400
"""Stripe's status for a key that was used with other parameters; 409 is one that is being used at this moment."""
_ITEMS = {
    "en": ("Invoice {}", "{} invoices"),
    "es": ("Factura {}", "{} facturas"),
    "fr": ("Facture {}", "{} factures"),
    "de": ("Rechnung {}", "{} Rechnungen"),
}
_REFUSED_CODES = {"amount_too_small", "amount_too_large", "invalid_charge_amount"}
T = TypeVar("T")


class CardRefusedError(Exception):
    """The bank refused, and Stripe keeps the payment that was tried."""

    def __init__(self, payment: GatewayPayment) -> None:
        super().__init__(payment.reference)
        self.payment = payment


class StripeGateway:
    """``dunwell.payments.ports.PaymentGateway`` and ``DebitGateway`` over Stripe's API.

    Args:
        offer: what customers may pay with.
        clock: the deployment's.
    """

    def __init__(self, secret: StripeSecret, api_base: str, offer: Offer = ANY, clock: Clock | None = None) -> None:
        self._stripe = StripeConnection(secret, api_base)
        self._offer = offer
        self._clock = clock or Clock()

    def start_checkout(self, order: CheckoutOrder, success_url: str, cancel_url: str, email: str = "") -> HostedPage:
        """See the port. The attempt's key is Stripe's idempotency key."""
        params: Any = {
            "client_reference_id": order.order_id,
            "metadata": _metadata(order),
            "success_url": success_url,
            "cancel_url": cancel_url,
            "locale": order.language if order.language in _ITEMS else "auto",
            **self._offer.params(order.currency),
            **(_setup(order) if order.only_saves else self._payment(order)),
        }
        if order.owner:
            params["customer"] = order.owner
        else:
            params |= {"customer_creation": "always"} if order.consent else {}
            params |= {"customer_email": email} if email else {}
        session = self._created(params, order.key)
        if not session.url:
            raise UnavailableError("the payment gateway gave no page to pay on")
        return HostedPage(session.url, session.id)

    def _created(self, params: Any, key: str) -> stripe.checkout.Session:
        """The page of a key; another one where an answer was lost and parameters changed since, such as the address.

        Stripe refuses the key with other parameters then, and nobody has seen the first page.
        """
        try:
            return self._page(params, key)
        except ConflictError as error:
            if getattr(error.__cause__, "http_status", None) != _OTHER_PARAMETERS:
                raise
            digest = hashlib.sha256(json.dumps(params, sort_keys=True, default=str).encode()).hexdigest()
            return self._page(params, f"{key}.{digest[:16]}")

    def _page(self, params: Any, key: str) -> stripe.checkout.Session:
        return self._call(lambda client: client.v1.checkout.sessions.create(params, options={"idempotency_key": key}))

    def end_checkout(self, reference: str) -> bool:
        """See the port. A page that is not open any more cannot be ended, and says why."""
        try:
            self._call(lambda client: client.v1.checkout.sessions.expire(reference))
        except UnavailableError as error:
            if not isinstance(error.__cause__, stripe.InvalidRequestError):
                raise
            return self._call(lambda client: client.v1.checkout.sessions.retrieve(reference)).status == "expired"
        return True

    def _payment(self, order: CheckoutOrder) -> dict[str, Any]:
        self._check_currency(order.currency)
        intent: dict[str, Any] = {"metadata": _metadata(order)}
        if order.consent:
            intent["setup_future_usage"] = "off_session"
        return {
            "mode": "payment",
            "submit_type": "pay",
            "line_items": _line_items(order),
            "payment_intent_data": intent,
        }

    def _check_currency(self, currency: str) -> None:
        if is_three_decimal(currency) and currency not in self._offer.three_decimals:
            raise RefusedError(f"{currency} cannot be paid online. Please call us.", code="not_online")

    def least_minor(self, currency: str) -> int:
        """See the port."""
        self._check_currency(currency)
        return least_charge_minor(currency)

    def payment(self, reference: str, *, contested: bool = False) -> GatewayPayment:
        """See the port. One request, and one more for a payment that is or was disputed."""
        version = self._clock.now().isoformat(timespec="microseconds")
        wanted: Any = {"expand": EXPANDED}
        intent = self._call(lambda client: client.v1.payment_intents.retrieve(reference, wanted)).to_dict()
        disputes: list[Any] = []
        if contested or charge_of(intent).get("disputed"):
            asked: Any = {"payment_intent": reference, "limit": 100}
            disputes = [one.to_dict() for one in self._call(lambda client: client.v1.disputes.list(asked)).data]
        return payment_of(intent, disputes, version, self._clock.shifted)

    def saved_method(self, reference: str) -> SavedMethod | None:
        """See the port: of a setup intent, a payment intent, or a payment method."""
        if reference.startswith("pm_"):
            found = self._call(lambda client: client.v1.payment_methods.retrieve(reference))
            return saved_method(found, found.metadata.to_dict() if found.metadata else {})
        if reference.startswith("seti_"):
            wanted: Any = {"expand": ["payment_method"]}
            setup = self._call(lambda client: client.v1.setup_intents.retrieve(reference, wanted))
            return self._kept(setup, setup.mandate)
        wanted = {"expand": ["payment_method", "latest_charge"]}
        intent = self._call(lambda client: client.v1.payment_intents.retrieve(reference, wanted))
        return self._kept(intent, _mandate_of(intent.latest_charge))

    def _kept(self, by: stripe.SetupIntent | stripe.PaymentIntent, mandate: Any) -> SavedMethod | None:
        """The method that an intent kept, with what we told Stripe of the intent."""
        if by.status != "succeeded" or by.payment_method is None or isinstance(by.payment_method, str):
            return None
        name = mandate if isinstance(mandate, str) else getattr(mandate, "id", "")
        kept: Any = by.payment_method
        found = saved_method(kept, by.metadata.to_dict() if by.metadata else {}, name or "")
        saved_at = self._clock.shifted(datetime.fromtimestamp(by.created, UTC))
        return replace(found, saved_at=saved_at) if found else None

    def claim(self, method: SavedMethod, customer_id: str) -> None:
        """See the port."""
        note: Any = {"metadata": {"customer_id": customer_id}}
        self._call(lambda client: client.v1.payment_methods.update(method.reference, note))

    def ended_mandate(self, reference: str) -> SavedMethod | None:
        """See the port. A mandate that waits for the bank is in force for us: debits say when it is not."""
        mandate = self._call(lambda client: client.v1.mandates.retrieve(reference))
        if mandate.status != "inactive":
            return None
        method = mandate.payment_method
        return self.saved_method(method if isinstance(method, str) else method.id)

    def detach(self, method: PaymentMethod) -> None:
        """See the port. A method that Stripe does not have, or that belongs to nobody, is detached."""
        with contextlib.suppress(NotFoundError):
            found = self._call(lambda client: client.v1.payment_methods.retrieve(method.reference))
            if found.customer:
                self._call(lambda client: client.v1.payment_methods.detach(method.reference))

    def debit(self, customer_id: str, attempt: DebitAttempt, method: PaymentMethod) -> GatewayPayment:
        """See the port. A refused card is an answer; Stripe keeps it under the key like any other."""
        params: Any = {
            "amount": self._chargeable(attempt),
            "currency": attempt.currency.lower(),
            "customer": method.owner,
            "payment_method": method.reference,
            "confirm": True,
            "off_session": True,
            "metadata": {"customer_id": customer_id, "attempt_id": attempt.attempt_id},
            "expand": ["latest_charge"],
        }
        if method.kind is MethodKind.BANK_DEBIT and method.mandate:
            params["mandate"] = method.mandate
        options: Any = {"idempotency_key": attempt.attempt_id}
        try:
            made = self._call(lambda client: client.v1.payment_intents.create(params, options=options))
            return self._as_payment(made)
        except CardRefusedError as refused:
            return refused.payment
        except (RefusedError, NotFoundError, UnavailableError) as failure:
            code = _why_not_taken(failure.__cause__)
            if not code:
                raise
            raise DebitRefusedError(code) from failure

    def _as_payment(self, intent: stripe.PaymentIntent) -> GatewayPayment:
        return payment_of(intent.to_dict(), shifted=self._clock.shifted)

    def _chargeable(self, attempt: DebitAttempt) -> int:
        try:
            self._check_currency(attempt.currency)
            return to_stripe(attempt.amount_minor, attempt.currency)
        except RefusedError as error:
            raise DebitRefusedError("invalid_charge_amount") from error

    def find_debit(self, attempt: DebitAttempt, method: PaymentMethod) -> GatewayPayment | None:
        """See the port. Stripe forgets keys after a day, and keeps payments: the customer's, the newest first."""
        asked: Any = {"customer": method.owner, "limit": 100}

        def search(client: stripe.StripeClient) -> str:
            for intent in client.v1.payment_intents.list(asked).auto_paging_iter():
                if intent.metadata and intent.metadata.to_dict().get("attempt_id") == attempt.attempt_id:
                    return intent.id
            return ""

        found = self._call(search)
        return self.payment(found) if found else None

    def _call(self, request: Callable[[stripe.StripeClient], T]) -> T:
        try:
            return request(self._stripe.client())
        except stripe.CardError as error:
            intent = error.error.payment_intent if error.error else None
            raise (CardRefusedError(self._as_payment(intent)) if intent else _translated(error)) from error
        except stripe.StripeError as error:
            if isinstance(error, stripe.AuthenticationError):
                self._stripe.key_refused()
            raise _translated(error) from error


def _why_not_taken(error: BaseException | None) -> str:
    """Why Stripe can never take a debit as it is: the amount, the method or its mandate; empty for every other error.

    A mistake of ours is not the customer's: it stays an error, and ends among the dead letters.
    """
    if not isinstance(error, stripe.InvalidRequestError):
        return ""
    code = error.code or ""
    if code in _REFUSED_CODES or code == "payment_intent_mandate_invalid":
        return code
    return "payment_method_detached" if error.param in {"payment_method", "customer", "mandate"} else ""


def _mandate_of(charge: Any) -> str:
    details = charge.payment_method_details.to_dict() if charge and charge.payment_method_details else {}
    mandate = (details.get(details.get("type")) or {}).get("mandate")
    return mandate if isinstance(mandate, str) else (mandate or {}).get("id", "")


def _metadata(order: CheckoutOrder) -> dict[str, str]:
    return {"customer_id": order.customer_id, "order_id": order.order_id, "order_key": order.key}


def _setup(order: CheckoutOrder) -> dict[str, Any]:
    return {
        "mode": "setup",
        "currency": order.currency.lower(),
        "setup_intent_data": {"metadata": _metadata(order)},
    }


def _line_items(order: CheckoutOrder) -> list[dict[str, Any]]:
    """An item for each invoice; one for all when there are more than Stripe shows."""
    one, several = _ITEMS.get(order.language, _ITEMS["en"])
    named = [(one.format(line.number), line.amount_minor) for line in order.lines]
    if len(named) > _MOST_LINES:
        named = [(several.format(len(named)), order.amount_minor)]
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


def _translated(error: stripe.StripeError) -> Exception:
    code = error.code or ""
    logger.warning("gateway error", kind=type(error).__name__, code=code, request=error.request_id)
    if code in _REFUSED_CODES:
        return RefusedError("This amount cannot be paid online. Please call us.", code="not_online")
    if isinstance(error, stripe.IdempotencyError):
        return ConflictError(
            "The same payment is being started already. Try again in a moment.", code="started_already"
        )
    if error.http_status == 404:
        return NotFoundError("the payment gateway does not know this payment")
    return UnavailableError("The payment service does not answer. Nothing was charged. Please try again in a minute.")
