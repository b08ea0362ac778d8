"""One attempt to collect a payment intent: authentication, decline, success, a bank's delay."""

from __future__ import annotations

import copy
from collections.abc import Callable

from ..cards import BANK_FAILURE_MESSAGES, RETURN_CODES, Bank, decline
from ..errors import ApiError, invalid_request
from ..state import Params, Resource, Sandbox
from . import charges, payment_methods
from .intents import FAILED_AUTHENTICATION, authentication_step, declined, must_authenticate

# Who else must know that an intent took money; whoever stands above payment intents adds itself.
when_succeeded: list[Callable[[Sandbox, Resource], None]] = []


def attempt(
    sandbox: Sandbox,
    intent: Resource,
    method: Resource,
    params: Params,
    *,
    mandate: Resource | None = None,
    authenticated: bool = False,
) -> None:
    """Try to collect the intent with this method, under the mandate that `mandate_for` found.

    Raises ApiError (402) when the card is refused, after the intent has recorded it.
    """
    off_session = bool(params.get("off_session"))
    intent.update(payment_method=method["id"], last_payment_error=None, next_action=None)
    if must_authenticate(sandbox, method, off_session=off_session) and not authenticated:
        if off_session or params.get("error_on_requires_action"):
            _refuse(sandbox, intent, method, payment_methods.card_error(decline("authentication_required")))
        intent.update(
            status="requires_action",
            next_action=authentication_step(sandbox, intent, params.get("return_url")),
        )
        sandbox.emit("payment_intent.requires_action", intent)
        return
    charge = charges.open_charge(sandbox, intent, method, amount_minor=intent["amount"])
    if mandate is not None:
        charge["payment_method_details"][method["type"]]["mandate"] = mandate["id"]
    intent["latest_charge"] = charge["id"]
    if isinstance(sandbox.instruments[method["id"]], Bank):
        intent["status"] = "processing"
        sandbox.emit("charge.pending", charge)
        sandbox.emit("payment_intent.processing", intent)
        return
    _charge_card(sandbox, intent, method, charge, authenticated=authenticated)


def _charge_card(
    sandbox: Sandbox, intent: Resource, method: Resource, charge: Resource, *, authenticated: bool
) -> None:
    refusal = sandbox.commanded_declines.get(method["id"]) or getattr(
        sandbox.instruments[method["id"]], "decline", None
    )
    if refusal is not None:
        charges.refuse(sandbox, charge, refusal)
        _refuse(sandbox, intent, method, payment_methods.card_error(refusal, charge=charge["id"]))
    charges.authorize(sandbox, charge)
    if authenticated and intent["setup_future_usage"]:
        sandbox.authenticated_methods.add(method["id"])
    if intent["capture_method"] == "manual":
        intent.update(status="requires_capture", amount_capturable=intent["amount"])
        sandbox.emit("charge.succeeded", charge)
        sandbox.emit("payment_intent.amount_capturable_updated", intent)
        return
    _complete(sandbox, intent, charge, intent["amount"], "charge.succeeded")


def _complete(sandbox: Sandbox, intent: Resource, charge: Resource, amount_minor: int, charge_event: str) -> None:
    charges.take(sandbox, charge, amount_minor)
    intent.update(status="succeeded", amount_received=amount_minor, amount_capturable=0)
    sandbox.emit(charge_event, charge)
    sandbox.emit("payment_intent.succeeded", intent)
    for listener in when_succeeded:
        listener(sandbox, intent)
    _keep_or_spend_method(sandbox, intent)
    charges.open_dispute_if_due(sandbox, charge)


def _keep_or_spend_method(sandbox: Sandbox, intent: Resource) -> None:
    method = sandbox.get("payment_method", intent["payment_method"])
    if method["customer"] is None and intent["setup_future_usage"] and intent["customer"]:
        payment_methods.attach_to(sandbox, method, intent["customer"])
    elif method["customer"] is None:
        sandbox.spent_methods.add(method["id"])


def _refuse(sandbox: Sandbox, intent: Resource, method: Resource, error: ApiError) -> None:
    remembered, error = declined(sandbox, intent, method, error)
    intent.update(status="requires_payment_method", payment_method=None, last_payment_error=remembered)
    sandbox.emit("payment_intent.payment_failed", intent)
    error.details["payment_intent"] = copy.deepcopy(intent)
    raise error


def capture(sandbox: Sandbox, intent: Resource, amount_minor: int) -> None:
    """Take what was reserved, or part of it; the rest is released."""
    charge = sandbox.get("charge", intent["latest_charge"])
    _complete(sandbox, intent, charge, amount_minor, "charge.captured")


def release(sandbox: Sandbox, intent: Resource) -> None:
    """Give back what was reserved and not taken."""
    charge = sandbox.get("charge", intent["latest_charge"])
    charge.update(amount_refunded=charge["amount"], refunded=True)
    sandbox.emit("charge.refunded", charge)


def settle(sandbox: Sandbox, intent: Resource, failure_code: str | None) -> None:
    """The bank answered a debit that was processing; `failure_code` is None when it paid.

    Raises ApiError (400) when the intent is not processing, or the failure is not one that Stripe has.
    """
    if intent["status"] != "processing":
        raise invalid_request(f"{intent['id']} is not processing (status: {intent['status']}).", param="payment_intent")
    charge = sandbox.get("charge", intent["latest_charge"])
    if failure_code is None:
        charges.authorize(sandbox, charge)
        _complete(sandbox, intent, charge, intent["amount"], "charge.succeeded")
        return
    if failure_code not in BANK_FAILURE_MESSAGES:
        known = ", ".join(BANK_FAILURE_MESSAGES)
        raise invalid_request(f"Unknown failure {failure_code}; use one of {known}.", param="outcome")
    message = BANK_FAILURE_MESSAGES[failure_code]
    method_kind = charge["payment_method_details"]["type"]
    network_code = RETURN_CODES.get(failure_code) if method_kind == "us_bank_account" else None
    charges.bounce(charge, failure_code, message, network_code)
    method = sandbox.get("payment_method", intent["payment_method"])
    error = {
        "charge": charge["id"],
        "code": failure_code,
        "message": message,
        "network_decline_code": network_code,
        "payment_method": copy.deepcopy(method),
        "type": "invalid_request_error",
    }
    intent.update(status="requires_payment_method", payment_method=None, last_payment_error=error)
    sandbox.emit("charge.failed", charge)
    sandbox.emit("payment_intent.payment_failed", intent)


def finish_authentication(sandbox: Sandbox, intent: Resource, *, passed: bool) -> None:
    """The cardholder answered the bank. Raises ApiError (402) when the card is refused after all."""
    method = sandbox.get("payment_method", intent["payment_method"])
    if passed and intent["confirmation_method"] == "manual":
        sandbox.authenticated_intents.add(intent["id"])
        intent.update(status="requires_confirmation", next_action=None)
        return
    if passed:
        attempt(sandbox, intent, method, {}, authenticated=True)
        return
    error = {
        "code": "payment_intent_authentication_failure",
        "message": FAILED_AUTHENTICATION,
        "payment_method": copy.deepcopy(method),
        "type": "invalid_request_error",
    }
    intent.update(status="requires_payment_method", payment_method=None, next_action=None, last_payment_error=error)
    sandbox.emit("payment_intent.payment_failed", intent)
