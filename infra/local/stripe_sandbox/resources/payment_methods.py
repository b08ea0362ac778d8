"""Payment methods: cards and bank accounts, made from numbers, tokens or Stripe's test ids."""

from __future__ import annotations

import datetime
from typing import Any

from ..api import LIST_PARAMETERS, list_page, operation
from ..cards import (
    TEST_ROUTING_NUMBER,
    Bank,
    Card,
    Decline,
    bank_of_iban,
    bank_of_number,
    bank_of_test_id,
    card_of_number,
    card_of_test_id,
    decline,
    is_card_number,
)
from ..errors import ApiError, invalid_request, missing_param
from ..state import Params, Resource, Sandbox, merge_metadata, pick

_NO_BILLING = {"address": None, "email": None, "name": None, "phone": None, "tax_id": None}
_NO_ADDRESS = dict.fromkeys(["city", "country", "line1", "line2", "postal_code", "state"])
CARD_FIELDS = "type billing_details card metadata us_bank_account sepa_debit allow_redisplay"


def card_error(refusal: Decline, **context: Any) -> ApiError:
    """Stripe's 402 for a refused card; `context` adds the charge and the intent."""
    details: dict[str, Any] = {
        "message": refusal.message,
        "type": "card_error",
        "code": refusal.code,
        "doc_url": f"https://stripe.com/docs/error-codes/{refusal.code.replace('_', '-')}",
    }
    if refusal.decline_code is not None:
        details["decline_code"] = refusal.decline_code
    if refusal.advice_code is not None:
        details["advice_code"] = refusal.advice_code
    return ApiError(402, details | context)


def usable(sandbox: Sandbox, method_id: str, param: str = "payment_method") -> Resource:
    """The payment method with this id; a test id such as `pm_card_visa` makes a fresh one.

    Raises ApiError (404) when there is none.
    """
    card, bank = card_of_test_id(method_id), bank_of_test_id(method_id)
    if card is not None and method_id.startswith("pm_"):
        return _keep_card(sandbox, card, {})
    if bank is not None:
        details = {"billing_details": {"name": "Jenny Rosen", "email": "jenny.rosen@example.com"}}
        return _keep_bank(sandbox, bank, details)
    return sandbox.get("payment_method", method_id, param)


def build(sandbox: Sandbox, params: Params) -> Resource:
    """Make a payment method from `type` and the details of that type; raises ApiError when they are bad."""
    kind = params["type"]
    if kind not in ("card", "us_bank_account", "sepa_debit"):
        raise invalid_request(f"The local Stripe sandbox does not support the payment method {kind}.", param="type")
    if kind not in params:
        raise missing_param(kind)
    details = params[kind]
    if kind == "us_bank_account":
        return _keep_bank(sandbox, _checked_bank(details, params), params)
    if kind == "sepa_debit":
        return _keep_sepa(sandbox, _checked_iban(details, params), params)
    if "token" in details:
        card = card_of_test_id(details["token"])
        if card is None or not details["token"].startswith("tok_"):
            raise invalid_request(f"No such token: '{details['token']}'", param="card[token]", status=404)
        return _keep_card(sandbox, card, params)
    return _keep_card(sandbox, _checked_card(sandbox, details), params)


def _checked_card(sandbox: Sandbox, details: Params) -> Card:
    for field in ("number", "exp_month", "exp_year"):
        if field not in details:
            raise missing_param(f"card[{field}]")
    if not is_card_number(details["number"]):
        raise card_error(decline("incorrect_number"), param="number")
    if not 1 <= details["exp_month"] <= 12:
        raise card_error(decline("invalid_expiry_month"), param="exp_month")
    today = datetime.datetime.fromtimestamp(sandbox.now(), datetime.UTC)
    year = details["exp_year"] + (2000 if details["exp_year"] < 100 else 0)
    if (year, details["exp_month"]) < (today.year, today.month) or year > today.year + 50:
        raise card_error(decline("invalid_expiry_year"), param="exp_year")
    if "cvc" in details and not (details["cvc"].isdigit() and len(details["cvc"]) in (3, 4)):
        raise card_error(decline("invalid_cvc"), param="cvc")
    return card_of_number(details["number"])


def _checked_bank(details: Params, params: Params) -> Bank:
    if not params.get("billing_details", {}).get("name"):
        raise missing_param("billing_details[name]")
    for field in ("account_holder_type", "account_number", "routing_number"):
        if field not in details:
            raise missing_param(f"us_bank_account[{field}]")
    if details["routing_number"] != TEST_ROUTING_NUMBER:
        raise invalid_request(
            f"You must use a test routing number in test mode: {TEST_ROUTING_NUMBER}.",
            param="us_bank_account[routing_number]",
            code="routing_number_invalid",
        )
    bank = bank_of_number(details["account_number"])
    if bank is None:
        raise invalid_request(
            "You must use a test bank account number in test mode. See https://stripe.com/docs/testing.",
            param="us_bank_account[account_number]",
            code="account_number_invalid",
        )
    return bank


def _checked_iban(details: Params, params: Params) -> Bank:
    for field in ("name", "email"):
        if not params.get("billing_details", {}).get(field):
            raise missing_param(f"billing_details[{field}]")
    bank = bank_of_iban(details.get("iban", ""))
    if bank is None:
        raise invalid_request(
            "You must use a test IBAN in test mode. See https://stripe.com/docs/testing.",
            param="sepa_debit[iban]",
            code="invalid_bank_account_iban",
        )
    return bank


def _keep_sepa(sandbox: Sandbox, bank: Bank, params: Params) -> Resource:
    details = {
        "bank_code": bank.number[4:12],
        "branch_code": "",
        "country": bank.number[:2],
        "fingerprint": f"fp{bank.number[-12:]}",
        "generated_from": {"charge": None, "setup_attempt": None},
        "last4": bank.number[-4:],
    }
    return _keep(sandbox, "sepa_debit", details, params, bank)


def _keep_card(sandbox: Sandbox, card: Card, params: Params) -> Resource:
    year = datetime.datetime.fromtimestamp(sandbox.now(), datetime.UTC).year
    given = params.get("card", {})
    exp_year = given.get("exp_year", year + 1)
    details = {
        "brand": card.brand,
        "checks": {"address_line1_check": None, "address_postal_code_check": None, "cvc_check": "pass"},
        "country": "US",
        "display_brand": card.brand,
        "exp_month": given.get("exp_month", 12),
        "exp_year": exp_year + (2000 if exp_year < 100 else 0),
        "fingerprint": f"fp{card.number[-12:]}",
        "funding": card.funding,
        "generated_from": None,
        "last4": card.number[-4:],
        "networks": {"available": [card.brand], "preferred": None},
        "three_d_secure_usage": {"supported": True},
        "wallet": None,
    }
    return _keep(sandbox, "card", details, params, card)


def _keep_bank(sandbox: Sandbox, bank: Bank, params: Params) -> Resource:
    given = params.get("us_bank_account", {})
    details = {
        "account_holder_type": given.get("account_holder_type", "individual"),
        "account_type": given.get("account_type", "checking"),
        "bank_name": "STRIPE TEST BANK",
        "financial_connections_account": None,
        "fingerprint": f"fp{bank.number}",
        "last4": bank.number[-4:],
        "networks": {"preferred": "ach", "supported": ["ach"]},
        "routing_number": TEST_ROUTING_NUMBER,
        "status_details": {},
    }
    return _keep(sandbox, "us_bank_account", details, params, bank)


def _billing_details(current: Resource, given: Params) -> Resource:
    details = {key: value or None for key, value in {**current, **given}.items()}
    return details | {"address": {**_NO_ADDRESS, **(details["address"] or {})}}


def _keep(sandbox: Sandbox, kind: str, details: Resource, params: Params, instrument: Card | Bank) -> Resource:
    method = sandbox.new(
        "payment_method",
        {
            "allow_redisplay": params.get("allow_redisplay", "unspecified"),
            "billing_details": _billing_details(_NO_BILLING, params.get("billing_details", {})),
            "customer": None,
            "customer_account": None,
            "metadata": merge_metadata({}, params.get("metadata")),
            "type": kind,
            kind: details,
        },
    )
    sandbox.instruments[method["id"]] = instrument
    return method


def attach_to(sandbox: Sandbox, method: Resource, customer_id: str) -> None:
    """Attach a method to a customer; raises ApiError (402) for a card whose bank refuses that already."""
    if method["customer"] == customer_id:
        return
    refuse_if_spent(sandbox, method)
    if method["customer"] is not None:
        raise invalid_request(
            "The payment method you provided has already been attached to a customer.", param="payment_method"
        )
    instrument = sandbox.instruments[method["id"]]
    if isinstance(instrument, Card) and instrument.decline is not None and not instrument.attaches:
        raise card_error(instrument.decline)
    method["customer"] = customer_id
    sandbox.emit("payment_method.attached", method)


def refuse_if_spent(sandbox: Sandbox, method: Resource) -> None:
    """Raise ApiError (400) for a method that was detached, or used once without a customer."""
    if method["id"] in sandbox.spent_methods:
        raise invalid_request(
            "This PaymentMethod was previously used without being attached to a Customer or was "
            "detached from a "
            "Customer, and may not be used again.",
            param="payment_method",
        )


def detach_from(sandbox: Sandbox, method: Resource) -> None:
    """Detach a method from its customer, for good."""
    previous = sandbox.update(method, {"customer": None})
    for customer in sandbox.all("customer", id=previous["customer"]):
        settings = customer.get("invoice_settings") or {}
        if settings.get("default_payment_method") == method["id"]:
            settings["default_payment_method"] = None
    sandbox.spent_methods.add(method["id"])
    sandbox.emit("payment_method.detached", method, previous)


@operation("payment_methods.create", CARD_FIELDS)
def create(sandbox: Sandbox, params: Params) -> Resource:
    """Make a payment method that belongs to nobody yet."""
    if "type" not in params:
        raise missing_param("type")
    return build(sandbox, params)


@operation("payment_methods.retrieve")
def retrieve(sandbox: Sandbox, params: Params, method_id: str) -> Resource:
    """Read a payment method."""
    return usable(sandbox, method_id)


@operation("payment_methods.update", "billing_details metadata allow_redisplay card.exp_month card.exp_year")
def update(sandbox: Sandbox, params: Params, method_id: str) -> Resource:
    """Change a payment method that is attached to a customer."""
    method = sandbox.get("payment_method", method_id)
    if method["customer"] is None:
        raise invalid_request(
            "You must save this PaymentMethod to a customer before you can update it.", param="payment_method"
        )
    changes = pick(params, ["allow_redisplay"])
    changes["metadata"] = merge_metadata(method["metadata"], params.get("metadata"))
    changes["billing_details"] = _billing_details(method["billing_details"], params.get("billing_details", {}))
    if "card" in params:
        changes["card"] = method["card"] | params["card"]
    sandbox.emit("payment_method.updated", method, sandbox.update(method, changes))
    return method


@operation("payment_methods.list", f"{LIST_PARAMETERS} customer type")
def list_methods(sandbox: Sandbox, params: Params) -> Resource:
    """List the payment methods of a customer."""
    if "customer" in params:
        sandbox.get("customer", params["customer"], "customer")
    found = sandbox.all("payment_method", customer=params.get("customer"), type=params.get("type"))
    return list_page([m for m in found if m["customer"]], params, "/v1/payment_methods")


@operation("payment_methods.attach", "customer")
def attach(sandbox: Sandbox, params: Params, method_id: str) -> Resource:
    """Save a payment method for a customer."""
    if "customer" not in params:
        raise missing_param("customer")
    customer = sandbox.get("customer", params["customer"], "customer")
    if customer.get("deleted"):
        raise invalid_request(f"No such customer: '{customer['id']}'", param="customer", code="resource_missing")
    method = usable(sandbox, method_id)
    attach_to(sandbox, method, customer["id"])
    return method


@operation("payment_methods.detach")
def detach(sandbox: Sandbox, params: Params, method_id: str) -> Resource:
    """Take a payment method away from its customer; it cannot be used again."""
    method = sandbox.get("payment_method", method_id)
    if method["customer"] is None:
        raise invalid_request(
            "The payment method you provided is not attached to a customer so detachment is impossible.",
            param="payment_method",
        )
    detach_from(sandbox, method)
    return method
