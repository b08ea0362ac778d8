"""Setup intents: saving a card or a bank account for later payments."""

from __future__ import annotations

import copy

from ..api import LIST_PARAMETERS, list_page, operation
from ..cards import Card
from ..errors import ApiError, invalid_request
from ..state import Params, Resource, Sandbox, merge_metadata
from . import customers, payment_methods
from .intents import (
    FAILED_AUTHENTICATION,
    authentication_step,
    automatic_methods,
    base_fields,
    check_method,
    check_return_url,
    declined,
    given_method,
    method_types,
    must_authenticate,
    unexpected_state,
)
from .mandates import mandate_for

_OPEN = ("requires_payment_method", "requires_confirmation", "requires_action")
_DATA = "payment_method_data.type payment_method_data.billing_details payment_method_data.us_bank_account "
_DATA += "payment_method_data.sepa_debit"
_CONFIRM = f"mandate_data payment_method {_DATA} return_url"
_MICRODEPOSIT_DESCRIPTOR = "SM11AA"
_MICRODEPOSIT_AMOUNTS = [32, 45]


@operation(
    "setup_intents.create",
    f"{_CONFIRM} automatic_payment_methods allowed_payment_method_types excluded_payment_method_types "
    f"confirm payment_method_configuration "
    "customer description metadata usage",
)
def create(sandbox: Sandbox, params: Params) -> Resource:
    """Create a setup intent, and confirm it at once when `confirm` is true."""
    if "customer" in params:
        customers.live_customer(sandbox, params["customer"])
    types = method_types(sandbox, params, None)
    automatic = automatic_methods(sandbox, params)
    method = given_method(sandbox, params)
    mandate = None
    if method is not None:
        check_method(sandbox, method, params.get("customer"), types)
    if params.get("confirm"):
        check_return_url({"automatic_payment_methods": automatic}, params)
        mandate = mandate_for(sandbox, _require_method(method), params)
    intent = open_intent(
        sandbox,
        {
            "allowed_payment_method_types": params.get("allowed_payment_method_types"),
            "automatic_payment_methods": automatic,
            "metadata": merge_metadata({}, params.get("metadata")),
            "payment_method": method["id"] if method else None,
            "payment_method_types": types,
            "usage": params.get("usage", "off_session"),
            **base_fields(params),
        },
    )
    if params.get("confirm") and method is not None:
        attempt(sandbox, intent, method, params, mandate=mandate)
    return intent


def open_intent(sandbox: Sandbox, fields: Resource) -> Resource:
    """Keep a new setup intent and announce it."""
    status = "requires_confirmation" if fields.get("payment_method") else "requires_payment_method"
    intent = sandbox.new("setup_intent", {"payment_method_options": {}, "status": status, **fields})
    intent["client_secret"] = f"{intent['id']}_secret_{sandbox.token(25)}"
    sandbox.emit("setup_intent.created", intent)
    return intent


def _require_method(method: Resource | None) -> Resource:
    if method is None:
        raise invalid_request(
            "You cannot confirm this SetupIntent because it's missing a payment method. Update the "
            "SetupIntent "
            "with a payment method and then confirm it again.",
            code="setup_intent_unexpected_state",
        )
    return method


@operation("setup_intents.confirm", _CONFIRM)
def confirm(sandbox: Sandbox, params: Params, intent_id: str) -> Resource:
    """Try to save the method given, or the one kept."""
    intent = sandbox.get("setup_intent", intent_id, "intent")
    if intent["status"] not in _OPEN:
        raise unexpected_state("setup_intent", "confirm", intent, _OPEN)
    method = given_method(sandbox, params)
    if method is None and intent["payment_method"]:
        method = sandbox.get("payment_method", intent["payment_method"])
    method = _require_method(method)
    check_method(sandbox, method, intent["customer"], intent["payment_method_types"])
    check_return_url(intent, params)
    attempt(sandbox, intent, method, params, mandate=mandate_for(sandbox, method, params))
    return intent


def attempt(
    sandbox: Sandbox,
    intent: Resource,
    method: Resource,
    params: Params,
    *,
    mandate: Resource | None = None,
    authenticated: bool = False,
) -> None:
    """Try to save a method. Raises ApiError (402) when its bank refuses, after the intent recorded it."""
    instrument = sandbox.instruments[method["id"]]
    intent.update(payment_method=method["id"], last_setup_error=None, next_action=None)
    if mandate is not None:
        intent["mandate"] = mandate["id"]
    if isinstance(instrument, Card) and instrument.decline is not None and not instrument.attaches:
        _refuse(sandbox, intent, method, payment_methods.card_error(instrument.decline))
    if method["type"] == "us_bank_account" and "payment_method_data" in params:
        # An account typed in by number is proved by two small deposits; Stripe's test ids are proved already.
        _require_action(sandbox, intent, _microdeposit_step(sandbox))
    elif must_authenticate(sandbox, method, off_session=False) and not authenticated:
        step = authentication_step(sandbox, intent, params.get("return_url"))
        _require_action(sandbox, intent, step)
    else:
        _succeed(sandbox, intent, method, authenticated=authenticated)


def _require_action(sandbox: Sandbox, intent: Resource, step: Resource) -> None:
    intent.update(status="requires_action", next_action=step)
    sandbox.emit("setup_intent.requires_action", intent)


def _microdeposit_step(sandbox: Sandbox) -> Resource:
    details = {
        "arrival_date": sandbox.now() + 2 * 86400,
        "hosted_verification_url": None,
        "microdeposit_type": "descriptor_code",
    }
    return {"type": "verify_with_microdeposits", "verify_with_microdeposits": details}


def _succeed(sandbox: Sandbox, intent: Resource, method: Resource, *, authenticated: bool) -> None:
    if authenticated:
        sandbox.authenticated_methods.add(method["id"])
    intent.update(status="succeeded", next_action=None)
    if intent["customer"]:
        payment_methods.attach_to(sandbox, method, intent["customer"])
    sandbox.emit("setup_intent.succeeded", intent)


def _refuse(sandbox: Sandbox, intent: Resource, method: Resource, error: ApiError) -> None:
    remembered, error = declined(sandbox, intent, method, error)
    intent.update(status="requires_payment_method", payment_method=None, last_setup_error=remembered)
    sandbox.emit("setup_intent.setup_failed", intent)
    error.details["setup_intent"] = copy.deepcopy(intent)
    raise error


def finish_authentication(sandbox: Sandbox, intent: Resource, *, passed: bool) -> None:
    """The cardholder answered the bank."""
    method = sandbox.get("payment_method", intent["payment_method"])
    if passed:
        attempt(sandbox, intent, method, {}, authenticated=True)
        return
    error = {
        "code": "setup_intent_authentication_failure",
        "message": FAILED_AUTHENTICATION,
        "payment_method": copy.deepcopy(method),
        "type": "invalid_request_error",
    }
    intent.update(status="requires_payment_method", payment_method=None, next_action=None, last_setup_error=error)
    sandbox.emit("setup_intent.setup_failed", intent)


@operation("setup_intents.verify_microdeposits", "amounts descriptor_code")
def verify_microdeposits(sandbox: Sandbox, params: Params, intent_id: str) -> Resource:
    """Prove a bank account with Stripe's test values: amounts 32 and 45, or the code SM11AA."""
    intent = sandbox.get("setup_intent", intent_id, "intent")
    if (intent["next_action"] or {}).get("type") != "verify_with_microdeposits":
        raise unexpected_state("setup_intent", "verify", intent, ("requires_action",))
    proved = (
        params.get("descriptor_code") == _MICRODEPOSIT_DESCRIPTOR
        or sorted(params.get("amounts", [])) == _MICRODEPOSIT_AMOUNTS
    )
    if not proved:
        raise invalid_request(
            "The microdeposit values provided do not match those sent.",
            code="payment_method_microdeposit_verification_descriptor_code_mismatch",
        )
    _succeed(sandbox, intent, sandbox.get("payment_method", intent["payment_method"]), authenticated=False)
    return intent


@operation("setup_intents.update", "customer description metadata")
def update(sandbox: Sandbox, params: Params, intent_id: str) -> Resource:
    """Change an open setup intent."""
    intent = sandbox.get("setup_intent", intent_id, "intent")
    if intent["status"] not in _OPEN and set(params) - {"description", "metadata"}:
        raise unexpected_state("setup_intent", "update", intent, _OPEN)
    if "customer" in params:
        customers.live_customer(sandbox, params["customer"])
    metadata = merge_metadata(intent["metadata"], params.get("metadata"))
    sandbox.update(intent, {**base_fields(params), "metadata": metadata})
    return intent


@operation("setup_intents.cancel", "cancellation_reason")
def cancel(sandbox: Sandbox, params: Params, intent_id: str) -> Resource:
    """Give a setup intent up."""
    intent = sandbox.get("setup_intent", intent_id, "intent")
    if intent["status"] not in _OPEN:
        raise unexpected_state("setup_intent", "cancel", intent, _OPEN)
    intent.update(status="canceled", cancellation_reason=params.get("cancellation_reason"), next_action=None)
    sandbox.emit("setup_intent.canceled", intent)
    return intent


@operation("setup_intents.retrieve", "client_secret")
def retrieve(sandbox: Sandbox, params: Params, intent_id: str) -> Resource:
    """Read a setup intent."""
    return sandbox.get("setup_intent", intent_id, "intent")


@operation("setup_intents.list", f"{LIST_PARAMETERS} customer payment_method")
def list_intents(sandbox: Sandbox, params: Params) -> Resource:
    """List setup intents, newest first."""
    wanted = {name: params.get(name) for name in ("customer", "payment_method")}
    return list_page(sandbox.all("setup_intent", **wanted), params, "/v1/setup_intents")
