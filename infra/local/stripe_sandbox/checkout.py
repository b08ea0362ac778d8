"""What happens when a customer submits the hosted page: an intent, an attempt, a completed session."""

from __future__ import annotations

import re

from .cards import decline
from .errors import ApiError, invalid_request
from .money import check_currency
from .resources import attempts, customers, payment_intents, payment_methods, setup_intents
from .resources.checkout_sessions import EMAIL
from .resources.intents import check_method
from .resources.mandates import mandate_for
from .state import Params, Resource, Sandbox, merge_metadata, pick

_EXPIRY = re.compile(r"\s*(\d{1,2})\s*/?\s*(\d{2}|\d{4})\s*")
_ACCEPTED_ONLINE = {
    "customer_acceptance": {
        "type": "online",
        "online": {"ip_address": "127.0.0.1", "user_agent": "hosted page"},
    }
}


def submit(sandbox: Sandbox, session: Resource, form: dict[str, str]) -> str:
    """Pay, or save a method, with what the customer typed; returns where the browser goes next.

    Raises ApiError (400 or 402) with a message for the customer; the session stays open.
    """
    if not session["customer"] and not EMAIL.fullmatch(session["customer_email"] or form.get("email", "").strip()):
        raise invalid_request("Enter your e-mail address, such as name@example.com.")
    method = payment_methods.build(sandbox, _method_params(form))
    intent = _intent_of(sandbox, session, form)
    check_method(sandbox, method, intent["customer"], session["payment_method_types"])
    params: Params = {"return_url": f"{sandbox.public_url}/c/pay/{session['id']}"}
    if method["type"] != "card":
        params["mandate_data"] = _ACCEPTED_ONLINE
    mandate = mandate_for(sandbox, method, params)
    if intent["object"] == "payment_intent":
        attempts.attempt(sandbox, intent, method, params, mandate=mandate)
    else:
        setup_intents.attempt(sandbox, intent, method, params, mandate=mandate)
    if intent["status"] == "requires_action":
        return str(intent["next_action"]["redirect_to_url"]["url"])
    return complete(sandbox, session, intent)


def _method_params(form: dict[str, str]) -> Params:
    billing: Params = {name: form[name].strip() for name in ("name", "email") if form.get(name, "").strip()}
    kind = form.get("payment_method", "card")
    params: Params = {"type": kind, "billing_details": billing}
    if kind == "us_bank_account":
        typed = {name: form.get(name, "").strip() for name in ("routing_number", "account_number")}
        if not all(typed.values()) or "name" not in billing:
            raise invalid_request("Enter the account holder's name, the routing number and the account number.")
        return params | {kind: {**typed, "account_holder_type": form.get("account_holder_type", "individual")}}
    if kind == "sepa_debit":
        if not form.get("iban", "").strip() or "name" not in billing:
            raise invalid_request("Enter the account holder's name and the IBAN.")
        return params | {kind: {"iban": form["iban"].strip()}}
    expiry = _EXPIRY.fullmatch(form.get("expiry", ""))
    if expiry is None:
        raise payment_methods.card_error(decline("invalid_expiry_month"))
    if not form.get("cvc", "").strip():
        raise payment_methods.card_error(decline("invalid_cvc"))
    if form.get("postal_code", "").strip():
        billing |= {"address": {"postal_code": form["postal_code"].strip()}}
    return params | {
        "card": {
            "cvc": form["cvc"].strip(),
            "exp_month": int(expiry[1]),
            "exp_year": int(expiry[2]),
            "number": form.get("number", "").strip(),
        }
    }


def _intent_of(sandbox: Sandbox, session: Resource, form: dict[str, str]) -> Resource:
    """The session's intent, made at the first submission as Stripe does."""
    kind = f"{session['mode']}_intent"
    if session[kind] is not None:
        return sandbox.get(kind, session[kind])
    data = sandbox.session_intent_data[session["id"]]
    customer_id = session["customer"] or _new_customer(sandbox, session, data, form)
    shared = {
        "automatic_payment_methods": None,
        "customer": customer_id,
        "metadata": merge_metadata({}, data.get("metadata")),
        "payment_method_types": session["payment_method_types"],
        "description": data.get("description"),
    }
    if kind == "setup_intent":
        intent = setup_intents.open_intent(sandbox, {**shared, "usage": "off_session"})
    else:
        own = {
            "amount": session["amount_total"],
            "capture_method": data.get("capture_method", "automatic_async"),
            "confirmation_method": "automatic",
            "currency": check_currency(session["currency"]),
            **pick(data, ["receipt_email", "setup_future_usage", "statement_descriptor_suffix"]),
        }
        intent = payment_intents.open_intent(sandbox, {**shared, **own})
    session[kind] = intent["id"]
    return intent


def _new_customer(sandbox: Sandbox, session: Resource, data: Params, form: dict[str, str]) -> str | None:
    if session["customer_creation"] != "always" and "setup_future_usage" not in data:
        return None
    email = session["customer_email"] or form.get("email", "").strip()
    given = {"email": email, "name": form.get("name", "").strip()}
    return str(customers.create(sandbox, {key: value for key, value in given.items() if value})["id"])


def complete(sandbox: Sandbox, session: Resource, intent: Resource) -> str:
    """Close a session whose intent went through; returns the merchant's success URL."""
    method = sandbox.get("payment_method", intent["payment_method"])
    billing = method["billing_details"]
    known = sandbox.find(intent["customer"] or "") or {}
    paid = intent["status"] == "succeeded" and session["mode"] == "payment"
    session.update(
        customer=intent["customer"],
        customer_details={
            "address": billing["address"],
            "business_name": None,
            "email": session["customer_email"] or known.get("email") or billing["email"],
            "individual_name": None,
            "name": billing["name"],
            "phone": billing["phone"],
            "tax_exempt": "none",
            "tax_ids": [],
        },
        payment_status="paid" if paid else session["payment_status"],
        status="complete",
        url=None,
    )
    sandbox.emit("checkout.session.completed", session)
    return str(session["success_url"]).replace("{CHECKOUT_SESSION_ID}", session["id"])


def session_of(sandbox: Sandbox, intent: Resource) -> Resource | None:
    """The session that an intent was made by, if any."""
    return next(iter(sandbox.all("checkout.session", **{intent["object"]: intent["id"]})), None)


def finish_authentication(sandbox: Sandbox, intent: Resource, *, passed: bool) -> str:
    """The cardholder answered the bank; returns where the browser goes next.

    Raises ApiError (400) when the intent is not waiting for an answer.
    """
    step = intent["next_action"] or {}
    if step.get("type") not in ("redirect_to_url", "use_stripe_sdk"):
        raise invalid_request(f"{intent['id']} is not waiting for authentication (status: {intent['status']}).")
    session = session_of(sandbox, intent)
    finish = attempts if intent["object"] == "payment_intent" else setup_intents
    try:
        finish.finish_authentication(sandbox, intent, passed=passed)
    except ApiError as refusal:
        # The intent has recorded the refusal, and its page or its merchant shows it.
        if refusal.status != 402:
            raise
    if session is None:
        return str((step.get("redirect_to_url") or {}).get("return_url", ""))
    if session["status"] == "open" and intent["status"] in ("succeeded", "requires_capture", "processing"):
        return complete(sandbox, session, intent)
    return f"{sandbox.public_url}/c/pay/{session['id']}"


def settle(sandbox: Sandbox, intent: Resource, failure_code: str | None) -> None:
    """The bank answered a debit; a session that waited for it hears of it too. Raises ApiError (400)."""
    attempts.settle(sandbox, intent, failure_code)
    session = session_of(sandbox, intent)
    if session is None:
        return
    if failure_code is None:
        session["payment_status"] = "paid"
        sandbox.emit("checkout.session.async_payment_succeeded", session)
    else:
        sandbox.emit("checkout.session.async_payment_failed", session)
