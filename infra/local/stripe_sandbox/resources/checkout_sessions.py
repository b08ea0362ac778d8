"""Checkout sessions: a hosted page that takes one payment, or saves a payment method."""

from __future__ import annotations

import re
from typing import Any

from ..api import LIST_PARAMETERS, list_page, operation
from ..errors import invalid_request, missing_param, unsupported
from ..money import check_charge_amount, check_currency
from ..state import Params, Resource, Sandbox, merge_metadata, pick
from . import customers, payment_intents
from .intents import method_types

_PRICE = "line_items.price_data.currency line_items.price_data.unit_amount line_items.price_data.product_data.name"
_PRICE += " line_items.price_data.product_data.description line_items.price_data.product_data.metadata"
_INTENT = " ".join(
    f"payment_intent_data.{name}"
    for name in [
        "capture_method",
        "description",
        "metadata",
        "receipt_email",
        "setup_future_usage",
        "statement_descriptor_suffix",
    ]
)
_SHORTEST_SECONDS, _LONGEST_SECONDS = 30 * 60, 24 * 3600
EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")


@operation(
    "checkout.sessions.create",
    f"{_PRICE} {_INTENT} line_items.quantity setup_intent_data.description setup_intent_data.metadata "
    "allowed_payment_method_types excluded_payment_method_types payment_method_configuration "
    "branding_settings.display_name cancel_url "
    "client_reference_id currency customer customer_creation customer_email expires_at locale metadata mode "
    "submit_type success_url ui_mode",
)
def create(sandbox: Sandbox, params: Params) -> Resource:
    """Open a session in `payment` or `setup` mode; its `url` is the page to send the customer to."""
    _check_shape(params)
    now = sandbox.now()
    expires_at = params.get("expires_at", now + _LONGEST_SECONDS)
    if not now + _SHORTEST_SECONDS - 60 <= expires_at <= now + _LONGEST_SECONDS:
        raise invalid_request(
            "The `expires_at` timestamp must be at least 30 minutes and at most 24 hours from "
            "Checkout Session "
            "creation.",
            param="expires_at",
        )
    if "customer" in params:
        customers.live_customer(sandbox, params["customer"])
    items = [_line_item(sandbox, index, item) for index, item in enumerate(params.get("line_items", []))]
    currency = _currency_of(params, items)
    total_minor = sum(item["amount_total"] for item in items)
    if params["mode"] == "payment":
        check_charge_amount(total_minor, currency, "line_items")
    session = sandbox.new(
        "checkout.session", _fields(sandbox, params, currency, total_minor, expires_at), prefix="cs_test"
    )
    session["url"] = f"{sandbox.public_url}/c/pay/{session['id']}"
    sandbox.line_items[session["id"]] = items
    sandbox.session_intent_data[session["id"]] = params.get(f"{params['mode']}_intent_data", {})
    return session


def _check_shape(params: Params) -> None:
    if "mode" not in params:
        raise missing_param("mode")
    if params["mode"] == "subscription":
        raise unsupported("the mode subscription", param="mode")
    if params.get("ui_mode", "hosted_page") != "hosted_page":
        raise unsupported(f"the ui_mode {params['ui_mode']}", param="ui_mode")
    if "success_url" not in params:
        raise missing_param("success_url")
    for name in ("success_url", "cancel_url"):
        if name in params and not re.match(r"https?://[^\s/]", params[name]):
            raise invalid_request("Not a valid URL", param=name, code="url_invalid")
    if "customer" in params and ("customer_email" in params or "customer_creation" in params):
        other = "customer_email" if "customer_email" in params else "customer_creation"
        raise invalid_request(f"You may only specify one of these parameters: customer, {other}.", param=other)
    if "customer_email" in params and not EMAIL.fullmatch(params["customer_email"]):
        raise invalid_request(
            f"Invalid email address: {params['customer_email']}", param="customer_email", code="email_invalid"
        )
    _check_mode(params)


def _check_mode(params: Params) -> None:
    if (params["mode"] == "payment") != bool(params.get("line_items")):
        raise invalid_request("You must pass `line_items` in `payment` mode, and only there.", param="line_items")
    for mode, name in (("payment", "setup_intent_data"), ("setup", "payment_intent_data")):
        if params["mode"] == mode and name in params:
            raise invalid_request(f"You can not pass `{name}` in `{mode}` mode.", param=name)


def _line_item(sandbox: Sandbox, index: int, item: Params) -> Resource:
    where = f"line_items[{index}]"
    for name in ("price_data", "quantity"):
        if name not in item:
            raise missing_param(f"{where}[{name}]")
    price = item["price_data"]
    for name in ("unit_amount", "product_data"):
        if name not in price:
            raise missing_param(f"{where}[price_data][{name}]")
    currency = check_currency(price["currency"], f"{where}[price_data][currency]")
    if price["unit_amount"] < 0 or item["quantity"] < 1:
        raise invalid_request("Amounts may not be negative and quantities are at least 1.", param=where)
    amount_minor = price["unit_amount"] * item["quantity"]
    return {
        "id": f"li_{sandbox.token()}",
        "object": "item",
        "amount_discount": 0,
        "amount_subtotal": amount_minor,
        "amount_tax": 0,
        "amount_total": amount_minor,
        "currency": currency,
        "description": price["product_data"]["name"],
        "metadata": {},
        "price": _inline_price(sandbox, price, currency),
        "quantity": item["quantity"],
    }


def _inline_price(sandbox: Sandbox, price: Params, currency: str) -> Resource:
    return {
        "id": f"price_{sandbox.token()}",
        "object": "price",
        "active": False,
        "billing_scheme": "per_unit",
        "created": sandbox.now(),
        "currency": currency,
        "livemode": False,
        "metadata": {},
        "nickname": None,
        "product": f"prod_{sandbox.token(14)}",
        "recurring": None,
        "type": "one_time",
        "unit_amount": price["unit_amount"],
        "unit_amount_decimal": str(price["unit_amount"]),
    }


def _currency_of(params: Params, items: list[Resource]) -> str:
    currencies = {item["currency"] for item in items}
    if "currency" in params:
        currencies.add(check_currency(params["currency"]))
    if not currencies:
        raise missing_param("currency")
    if len(currencies) > 1:
        raise invalid_request(
            f"All line items must have the same currency. Found: {', '.join(sorted(currencies))}.",
            param="line_items",
        )
    return str(currencies.pop())


def _fields(sandbox: Sandbox, params: Params, currency: str, total_minor: int, expires_at: int) -> Resource:
    paying = params["mode"] == "payment"
    own = "allowed_payment_method_types branding_settings cancel_url client_reference_id customer"
    own += " customer_email excluded_payment_method_types locale mode submit_type success_url"
    no_details = dict.fromkeys(["address", "business_name", "individual_name", "name", "phone", "tax_ids"])
    return {
        "amount_subtotal": total_minor if paying else None,
        "amount_total": total_minor if paying else None,
        "automatic_tax": {"enabled": False, "liability": None, "provider": None, "status": None},
        "currency": currency,
        "custom_fields": [],
        "custom_text": dict.fromkeys(["after_submit", "shipping_address", "submit", "terms_of_service_acceptance"]),
        "customer_creation": None if "customer" in params else params.get("customer_creation", "if_required"),
        "customer_details": {"email": params["customer_email"], "tax_exempt": "none", **no_details}
        if "customer_email" in params
        else None,
        "expires_at": expires_at,
        "metadata": merge_metadata({}, params.get("metadata")),
        "payment_method_collection": "if_required" if paying else "always",
        "payment_method_options": {},
        "payment_method_types": method_types(sandbox, params, currency),
        "payment_status": "unpaid" if paying else "no_payment_required",
        "shipping_options": [],
        "status": "open",
        "total_details": {"amount_discount": 0, "amount_shipping": 0, "amount_tax": 0} if paying else None,
        "ui_mode": "hosted_page",
        **pick(params, own.split()),
    }


@operation("checkout.sessions.retrieve")
def retrieve(sandbox: Sandbox, params: Params, session_id: str) -> Resource:
    """Read a session."""
    return sandbox.get("checkout.session", session_id)


@operation("checkout.sessions.update", "metadata")
def update(sandbox: Sandbox, params: Params, session_id: str) -> Resource:
    """Change a session's metadata."""
    session = sandbox.get("checkout.session", session_id)
    session["metadata"] = merge_metadata(session["metadata"], params.get("metadata"))
    return session


@operation("checkout.sessions.list", f"{LIST_PARAMETERS} customer customer_details.email payment_intent status")
def list_sessions(sandbox: Sandbox, params: Params) -> Resource:
    """List sessions, newest first."""
    wanted: dict[str, Any] = {name: params.get(name) for name in ("customer", "payment_intent", "status")}
    found = sandbox.all("checkout.session", **wanted)
    email = params.get("customer_details", {}).get("email")
    if email is not None:
        found = [s for s in found if (s["customer_details"] or {}).get("email") == email]
    return list_page(found, params, "/v1/checkout/sessions")


@operation("checkout.sessions.line_items.list", LIST_PARAMETERS.replace("created ", ""))
def list_line_items(sandbox: Sandbox, params: Params, session_id: str) -> Resource:
    """List what a session charges for."""
    session = sandbox.get("checkout.session", session_id)
    return list_page(sandbox.line_items[session["id"]], params, f"/v1/checkout/sessions/{session_id}/line_items")


@operation("checkout.sessions.expire")
def expire(sandbox: Sandbox, params: Params, session_id: str) -> Resource:
    """Close an open session, so that its page takes no payment."""
    session = sandbox.get("checkout.session", session_id)
    if session["status"] != "open":
        raise invalid_request(
            f'Only Checkout Sessions with a status in ["open"] can be expired. This Checkout Session '
            f"has a status "
            f"of `{session['status']}`."
        )
    _expire(sandbox, session)
    return session


def expire_due(sandbox: Sandbox) -> None:
    """Close every session whose time has run out."""
    for session in sandbox.all("checkout.session", status="open"):
        if session["expires_at"] <= sandbox.now():
            _expire(sandbox, session)


def _expire(sandbox: Sandbox, session: Resource) -> None:
    session.update(status="expired", url=None)
    intent = sandbox.find(session["payment_intent"] or "")
    if intent is not None and intent["status"] not in ("canceled", "succeeded", "processing"):
        payment_intents.cancel_intent(sandbox, intent, "automatic")
    sandbox.emit("checkout.session.expired", session)
