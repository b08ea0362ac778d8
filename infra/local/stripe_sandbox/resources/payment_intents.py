"""Payment intents: the life of one payment, on session and off."""

from __future__ import annotations

from ..api import LIST_PARAMETERS, list_page, operation
from ..errors import invalid_request
from ..money import check_charge_amount, check_currency
from ..state import Params, Resource, Sandbox, merge_metadata, pick
from . import attempts, customers
from .intents import (
    automatic_methods,
    base_fields,
    check_method,
    check_return_url,
    given_method,
    method_types,
    unexpected_state,
)
from .mandates import mandate_for

_CONFIRMABLE = ("requires_payment_method", "requires_confirmation", "requires_action")
_CANCELABLE = ("requires_payment_method", "requires_capture", "requires_confirmation", "requires_action")
_DATA = " ".join(
    f"payment_method_data.{name}" for name in ("type", "billing_details", "us_bank_account", "sepa_debit", "metadata")
)
_EDITABLE = "amount currency customer description metadata payment_method receipt_email shipping"
_EDITABLE += f" setup_future_usage statement_descriptor_suffix {_DATA}"
_CONFIRM_ONLY = "error_on_requires_action mandate mandate_data off_session return_url"


@operation(
    "payment_intents.create",
    f"{_EDITABLE} {_CONFIRM_ONLY} confirm capture_method confirmation_method automatic_payment_methods "
    "allowed_payment_method_types excluded_payment_method_types payment_method_configuration",
)
def create(sandbox: Sandbox, params: Params) -> Resource:
    """Create a payment intent, and confirm it at once when `confirm` is true."""
    confirm_now = params.get("confirm", False)
    _check_confirm_only(params, confirm_now)
    fields = _checked_fields(sandbox, params)
    automatic = automatic_methods(sandbox, params)
    method = given_method(sandbox, params)
    if method is not None:
        check_method(sandbox, method, fields["customer"], fields["payment_method_types"])
        fields["payment_method"] = method["id"]
    mandate = None
    if confirm_now:
        check_return_url({"automatic_payment_methods": automatic}, params)
        mandate = mandate_for(sandbox, _require_method(method), params)
    intent = open_intent(sandbox, {**fields, "automatic_payment_methods": automatic})
    if confirm_now and method is not None:
        attempts.attempt(sandbox, intent, method, params, mandate=mandate)
    return intent


def _check_confirm_only(params: Params, confirm_now: bool) -> None:
    for name in _CONFIRM_ONLY.split():
        if name in params and not confirm_now:
            raise invalid_request(
                f"The parameter `{name}` may only be passed when `confirm` is set to `true`.", param=name
            )


def _checked_fields(sandbox: Sandbox, params: Params) -> Resource:
    currency = check_currency(params["currency"])
    check_charge_amount(params["amount"], currency)
    if "customer" in params:
        customers.live_customer(sandbox, params["customer"])
    _check_suffix(params)
    copied = ["receipt_email", "shipping", "setup_future_usage", "statement_descriptor_suffix"]
    return {
        "customer": None,
        "allowed_payment_method_types": params.get("allowed_payment_method_types"),
        "amount": params["amount"],
        "capture_method": params.get("capture_method", "automatic_async"),
        "confirmation_method": params.get("confirmation_method", "automatic"),
        "currency": currency,
        "excluded_payment_method_types": params.get("excluded_payment_method_types"),
        "metadata": merge_metadata({}, params.get("metadata")),
        "payment_method_types": method_types(sandbox, params, currency),
        **base_fields(params),
        **pick(params, copied),
    }


def _check_suffix(params: Params) -> None:
    if len(params.get("statement_descriptor_suffix", "")) > 22:
        raise invalid_request(
            "The statement descriptor suffix must be at most 22 characters.",
            param="statement_descriptor_suffix",
        )


def open_intent(sandbox: Sandbox, fields: Resource) -> Resource:
    """Keep a new payment intent and announce it."""
    intent = sandbox.new(
        "payment_intent",
        {
            "amount_capturable": 0,
            "amount_details": {"tip": {}},
            "amount_received": 0,
            "payment_method_options": {},
            "status": "requires_confirmation" if fields.get("payment_method") else "requires_payment_method",
            **fields,
        },
    )
    intent["client_secret"] = f"{intent['id']}_secret_{sandbox.token(25)}"
    sandbox.emit("payment_intent.created", intent)
    return intent


def _require_method(method: Resource | None) -> Resource:
    if method is None:
        raise invalid_request(
            "You cannot confirm this PaymentIntent because it's missing a payment method. You can "
            "either update "
            "the PaymentIntent with a payment method and then confirm it again, or confirm it again "
            "directly with "
            "a payment method or ConfirmationToken.",
            code="payment_intent_unexpected_state",
        )
    return method


@operation(
    "payment_intents.confirm",
    f"{_CONFIRM_ONLY} capture_method payment_method {_DATA} receipt_email setup_future_usage shipping",
)
def confirm(sandbox: Sandbox, params: Params, intent_id: str) -> Resource:
    """Try to collect: with the method given, or the one kept, or again after a refusal."""
    intent = sandbox.get("payment_intent", intent_id, "intent")
    if intent["status"] not in _CONFIRMABLE:
        raise unexpected_state("payment_intent", "confirm", intent, _CONFIRMABLE)
    authenticated = intent_id in sandbox.authenticated_intents
    method = given_method(sandbox, params)
    if method is None and intent["payment_method"]:
        method = sandbox.get("payment_method", intent["payment_method"])
    method = _require_method(method)
    check_method(sandbox, method, intent["customer"], intent["payment_method_types"])
    mandate = None
    if not authenticated:
        check_return_url(intent, params)
        mandate = mandate_for(sandbox, method, params)
    intent.update(pick(params, ["capture_method", "receipt_email", "setup_future_usage", "shipping"]))
    sandbox.authenticated_intents.discard(intent_id)
    attempts.attempt(sandbox, intent, method, params, mandate=mandate, authenticated=authenticated)
    return intent


@operation("payment_intents.update", _EDITABLE)
def update(sandbox: Sandbox, params: Params, intent_id: str) -> Resource:
    """Change an intent; once it is processing or done, only its description and metadata."""
    intent = sandbox.get("payment_intent", intent_id, "intent")
    if intent["status"] not in _CONFIRMABLE and set(params) - {"description", "metadata"}:
        raise unexpected_state("payment_intent", "update", intent, _CONFIRMABLE)
    currency = check_currency(params.get("currency") or str(intent["currency"]))
    check_charge_amount(params.get("amount") or intent["amount"], currency)
    if params.get("customer"):
        customers.live_customer(sandbox, params["customer"])
    _check_suffix(params)
    names = "amount customer description receipt_email shipping setup_future_usage statement_descriptor_suffix"
    changes = {**pick(params, names.split()), "currency": currency}
    changes["metadata"] = merge_metadata(intent["metadata"], params.get("metadata"))
    method = given_method(sandbox, params)
    if method is not None:
        customer = changes.get("customer", intent["customer"])
        check_method(sandbox, method, customer, intent["payment_method_types"])
        changes |= {"payment_method": method["id"], "status": "requires_confirmation", "next_action": None}
    sandbox.update(intent, changes)
    return intent


@operation("payment_intents.capture", "amount_to_capture metadata")
def capture(sandbox: Sandbox, params: Params, intent_id: str) -> Resource:
    """Take money that was reserved, all of it or `amount_to_capture`."""
    intent = sandbox.get("payment_intent", intent_id, "intent")
    if intent["status"] != "requires_capture":
        raise unexpected_state("payment_intent", "capture", intent, ("requires_capture",))
    capturable_minor: int = intent["amount_capturable"]
    amount_minor = params.get("amount_to_capture", capturable_minor)
    if not 1 <= amount_minor <= intent["amount_capturable"]:
        raise invalid_request(
            f"The amount to capture must be between 1 and {intent['amount_capturable']}.",
            param="amount_to_capture",
            code="amount_too_large" if amount_minor > 0 else "amount_too_small",
        )
    intent["metadata"] = merge_metadata(intent["metadata"], params.get("metadata"))
    attempts.capture(sandbox, intent, amount_minor)
    return intent


@operation("payment_intents.cancel", "cancellation_reason")
def cancel(sandbox: Sandbox, params: Params, intent_id: str) -> Resource:
    """Give a payment up; what was reserved is released."""
    intent = sandbox.get("payment_intent", intent_id, "intent")
    if intent["status"] not in _CANCELABLE:
        raise unexpected_state("payment_intent", "cancel", intent, _CANCELABLE)
    cancel_intent(sandbox, intent, params.get("cancellation_reason"))
    return intent


def cancel_intent(sandbox: Sandbox, intent: Resource, reason: str | None) -> None:
    """Cancel an intent whose status allows it."""
    if intent["status"] == "requires_capture":
        attempts.release(sandbox, intent)
    intent.update(
        status="canceled",
        amount_capturable=0,
        canceled_at=sandbox.now(),
        cancellation_reason=reason,
        next_action=None,
    )
    sandbox.emit("payment_intent.canceled", intent)


@operation("payment_intents.retrieve", "client_secret")
def retrieve(sandbox: Sandbox, params: Params, intent_id: str) -> Resource:
    """Read a payment intent."""
    return sandbox.get("payment_intent", intent_id, "intent")


@operation("payment_intents.list", f"{LIST_PARAMETERS} customer")
def list_intents(sandbox: Sandbox, params: Params) -> Resource:
    """List payment intents, newest first."""
    found = sandbox.all("payment_intent", customer=params.get("customer"))
    return list_page(found, params, "/v1/payment_intents")
