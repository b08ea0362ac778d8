"""Charges: the record of each attempt to take money for a payment intent."""

from __future__ import annotations

from ..api import LIST_PARAMETERS, list_page, operation
from ..cards import Bank, Card, Decline
from ..state import Params, Resource, Sandbox, merge_metadata, pick
from . import accounting, disputes


def open_charge(sandbox: Sandbox, intent: Resource, method: Resource, *, amount_minor: int) -> Resource:
    """Build the charge of one attempt; its status is decided by the functions below."""
    kind = method["type"]
    card_details = {"authorization_code": sandbox.token(6).upper(), "mandate": None, "three_d_secure": None}
    details = {**method[kind], **(card_details if kind == "card" else {"mandate": None})}
    return sandbox.new(
        "charge",
        {
            "amount": amount_minor,
            "amount_captured": 0,
            "amount_refunded": 0,
            "billing_details": method["billing_details"],
            "captured": False,
            "currency": intent["currency"],
            "customer": intent["customer"],
            "description": intent["description"],
            "disputed": False,
            "fraud_details": {},
            "metadata": dict(intent["metadata"]),
            "paid": False,
            "payment_intent": intent["id"],
            "payment_method": method["id"],
            "payment_method_details": {"type": kind, kind: details},
            "receipt_email": intent["receipt_email"],
            "refunded": False,
            "shipping": intent["shipping"],
            "status": "pending",
        },
        prefix="ch" if kind == "card" else "py",
    )


def refuse(sandbox: Sandbox, charge: Resource, refusal: Decline) -> None:
    """The bank said no."""
    blocked = refusal.decline_code == "fraudulent"
    charge.update(
        failure_code=refusal.code,
        failure_message=refusal.message,
        status="failed",
        outcome={
            "advice_code": refusal.advice_code,
            "network_advice_code": None,
            "network_decline_code": None,
            "network_status": "not_sent_to_network" if blocked else "declined_by_network",
            "reason": "highest_risk_level" if blocked else refusal.decline_code or refusal.code,
            "risk_level": "highest" if blocked else "normal",
            "seller_message": refusal.message,
            "type": "blocked" if blocked else "issuer_declined",
        },
    )
    sandbox.emit("charge.failed", charge)


def authorize(sandbox: Sandbox, charge: Resource) -> None:
    """The bank said yes; the money is reserved, not taken."""
    charge.update(
        paid=True,
        status="succeeded",
        outcome={
            "advice_code": None,
            "network_advice_code": None,
            "network_decline_code": None,
            "network_status": "approved_by_network",
            "reason": None,
            "risk_level": "normal",
            "risk_score": 12,
            "seller_message": "Payment complete.",
            "type": "authorized",
        },
    )


def bounce(charge: Resource, failure_code: str, message: str, network_code: str | None) -> None:
    """The bank could not be debited."""
    charge.update(
        status="failed",
        failure_code=failure_code,
        failure_message=message,
        outcome={
            "advice_code": None,
            "network_advice_code": None,
            "network_decline_code": network_code,
            "network_status": "declined_by_network",
            "reason": failure_code,
            "risk_level": "not_assessed",
            "seller_message": message,
            "type": "issuer_declined",
        },
    )


def take(sandbox: Sandbox, charge: Resource, amount_minor: int) -> None:
    """Move the money, with its fee; the part of a capture that is left is released."""
    instrument = sandbox.instruments[charge["payment_method"]]
    is_card = isinstance(instrument, Card)
    transaction = accounting.post(
        sandbox,
        "charge" if is_card else "payment",
        charge,
        amount_minor,
        category="charge",
        fee_minor=(accounting.card_fee_minor if is_card else accounting.ach_fee_minor)(amount_minor),
        available_at_once=isinstance(instrument, Card) and instrument.available_at_once,
    )
    transaction["description"] = charge["description"]
    charge.update(
        amount_captured=amount_minor,
        amount_refunded=charge["amount"] - amount_minor,
        balance_transaction=transaction["id"],
        captured=True,
        receipt_url=f"{sandbox.public_url}/c/receipt/{charge['id']}",
    )


def open_dispute_if_due(sandbox: Sandbox, charge: Resource) -> None:
    """Some test cards and accounts dispute every payment as soon as it is made."""
    instrument: Card | Bank = sandbox.instruments[charge["payment_method"]]
    if instrument.dispute_reason is not None:
        inquiry = isinstance(instrument, Card) and instrument.dispute_is_inquiry
        disputes.open_dispute(sandbox, charge, instrument.dispute_reason, inquiry=inquiry)


@operation("charges.retrieve")
def retrieve(sandbox: Sandbox, params: Params, charge_id: str) -> Resource:
    """Read a charge."""
    return sandbox.get("charge", charge_id)


@operation("charges.update", "description metadata receipt_email")
def update(sandbox: Sandbox, params: Params, charge_id: str) -> Resource:
    """Change what is written on a charge."""
    charge = sandbox.get("charge", charge_id)
    changes = pick(params, ["description", "receipt_email"])
    changes["metadata"] = merge_metadata(charge["metadata"], params.get("metadata"))
    sandbox.emit("charge.updated", charge, sandbox.update(charge, changes))
    return charge


@operation("charges.list", f"{LIST_PARAMETERS} customer payment_intent")
def list_charges(sandbox: Sandbox, params: Params) -> Resource:
    """List charges, newest first."""
    found = sandbox.all("charge", customer=params.get("customer"), payment_intent=params.get("payment_intent"))
    return list_page(found, params, "/v1/charges")
