"""What payment intents and setup intents share: methods, types, authentication."""

from __future__ import annotations

import copy

from ..cards import Card
from ..errors import ApiError, invalid_request
from ..state import Params, Resource, Sandbox, pick
from . import payment_methods
from .method_configurations import configured_types

OFFERED_TYPES = ("card", "us_bank_account", "sepa_debit")
_ONLY_IN = {"us_bank_account": "usd", "sepa_debit": "eur"}
FAILED_AUTHENTICATION = (
    "We are unable to authenticate your payment method. Please choose a different payment method and try again."
)

_DONE = {
    "cancel": "canceled",
    "capture": "captured",
    "confirm": "confirmed",
    "update": "updated",
    "verify": "verified",
}


def method_types(sandbox: Sandbox, params: Params, currency: str | None) -> list[str]:
    """Which payment methods an intent takes: those allowed, less those excluded, that suit the currency."""
    configured = configured_types(sandbox, params.get("payment_method_configuration"))
    asked = params.get("payment_method_types") or params.get("allowed_payment_method_types") or configured
    excluded = params.get("excluded_payment_method_types") or ()
    offered = [
        kind
        for kind in asked
        if kind in OFFERED_TYPES and kind not in excluded and currency in (None, _ONLY_IN.get(kind, currency))
    ]
    if not offered:
        raise invalid_request(
            "No valid payment method types for this request. The local Stripe sandbox offers card, "
            "us_bank_account in usd, and sepa_debit in eur.",
            param="allowed_payment_method_types",
        )
    return offered


def automatic_methods(sandbox: Sandbox, params: Params) -> Resource | None:
    """`automatic_payment_methods` of a new intent, on unless its types were named."""
    if sandbox.request.version is None or "allowed_payment_method_types" in params:
        return None
    given = params.get("automatic_payment_methods", {})
    if given.get("enabled", True) is False:
        raise invalid_request("automatic_payment_methods[enabled] must be true.", param="automatic_payment_methods")
    return {"allow_redirects": given.get("allow_redirects", "always"), "enabled": True}


def given_method(sandbox: Sandbox, params: Params) -> Resource | None:
    """The payment method that a request brings, by id or by its details."""
    if "payment_method" in params and "payment_method_data" in params:
        raise invalid_request("Pass payment_method or payment_method_data, not both.", param="payment_method_data")
    if "payment_method_data" in params:
        return payment_methods.build(sandbox, params["payment_method_data"])
    return payment_methods.usable(sandbox, params["payment_method"]) if "payment_method" in params else None


def check_method(sandbox: Sandbox, method: Resource, customer: str | None, types: list[str]) -> None:
    """Raise ApiError (400) when this customer may not use this method for this intent."""
    payment_methods.refuse_if_spent(sandbox, method)
    if method["customer"] is not None and customer is None:
        raise invalid_request(
            "The PaymentMethod provided is attached to a customer. Pass that customer's id as `customer` to use it.",
            param="payment_method",
        )
    if method["customer"] not in (None, customer):
        raise invalid_request(
            f"The customer does not have a payment method with the ID {method['id']}. The payment "
            f"method must be "
            "attached to the customer.",
            param="payment_method",
        )
    if method["type"] not in types:
        raise invalid_request(
            f"The PaymentMethod provided ({method['type']}) is not allowed for this intent. "
            f"It takes: {', '.join(types)}.",
            param="payment_method",
        )


def check_return_url(intent: Resource, params: Params) -> None:
    """Raise ApiError (400) when redirecting methods are possible and there is nowhere to return to."""
    automatic = intent["automatic_payment_methods"]
    if automatic is None or automatic["allow_redirects"] == "never":
        return
    if "return_url" not in params and not params.get("off_session"):
        raise invalid_request(
            "This intent is configured to accept payment methods enabled in your Dashboard. Because "
            "some of these "
            "payment methods might redirect your customer off of your page, you must provide a "
            "`return_url`. If "
            "you don't want to accept redirect-based payment methods, set "
            "`automatic_payment_methods[enabled]` to "
            "`true` and `automatic_payment_methods[allow_redirects]` to `never` when creating Setup "
            "Intents and "
            "Payment Intents.",
            param="return_url",
        )


def must_authenticate(sandbox: Sandbox, method: Resource, *, off_session: bool) -> bool:
    """Whether the bank asks the cardholder to confirm this use of the card."""
    instrument = sandbox.instruments[method["id"]]
    if not isinstance(instrument, Card):
        return False
    rule = instrument.authentication
    if rule == "on_session":
        return not off_session
    if rule == "unless_set_up":
        return not (off_session and method["id"] in sandbox.authenticated_methods)
    return rule == "always"


def authentication_step(sandbox: Sandbox, intent: Resource, return_url: str | None) -> Resource:
    """The `next_action` that sends a cardholder to the bank."""
    url = f"{sandbox.public_url}/c/authenticate/{intent['id']}"
    if return_url is not None:
        return {"type": "redirect_to_url", "redirect_to_url": {"return_url": return_url, "url": url}}
    return {"type": "use_stripe_sdk", "use_stripe_sdk": {"type": "three_d_secure_redirect", "stripe_js": url}}


def declined(sandbox: Sandbox, intent: Resource, method: Resource, error: ApiError) -> tuple[Resource, ApiError]:
    """What a refused intent remembers, and the error to answer with once the intent has been changed."""
    details = error.details | {"payment_method": copy.deepcopy(method)}
    return details, ApiError(error.status, details)


def unexpected_state(kind: str, verb: str, intent: Resource, allowed: tuple[str, ...]) -> ApiError:
    """The refusal of an action that the intent's status rules out."""
    name = "PaymentIntent" if kind == "payment_intent" else "SetupIntent"
    error = invalid_request(
        f"You cannot {verb} this {name} because it has a status of {intent['status']}. Only a {name} "
        f"with one of "
        f"the following statuses may be {_DONE[verb]}: {', '.join(allowed)}.",
        code=f"{kind}_unexpected_state",
    )
    error.details[kind] = copy.deepcopy(intent)
    return error


def base_fields(params: Params) -> Resource:
    """What both kinds of intent copy from the request."""
    return pick(params, ["description", "customer"])
