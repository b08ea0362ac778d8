"""Invoice payments: which payment intent pays which invoice. Neither of the two names the other."""

from __future__ import annotations

from ..api import LIST_PARAMETERS, list_page, operation
from ..state import Params, Resource, Sandbox


def open_payment(sandbox: Sandbox, invoice: Resource, intent: Resource) -> Resource:
    """Link an invoice to the intent that is to pay it."""
    return sandbox.new(
        "invoice_payment",
        {
            "amount_requested": invoice["amount_remaining"],
            "currency": invoice["currency"],
            "invoice": invoice["id"],
            "is_default": True,
            "payment": {"type": "payment_intent", "payment_intent": intent["id"]},
            "status": "open",
            "status_transitions": {"canceled_at": None, "paid_at": None},
        },
    )


def of_intent(sandbox: Sandbox, intent_id: str) -> Resource | None:
    """The link of a payment intent, if it pays an invoice."""
    links = sandbox.all("invoice_payment")
    return next((link for link in links if link["payment"]["payment_intent"] == intent_id), None)


def close(sandbox: Sandbox, link: Resource, amount_paid_minor: int | None) -> None:
    """The intent paid so much, or, with None, will not be used any more."""
    paid = amount_paid_minor is not None
    key = "paid_at" if paid else "canceled_at"
    link.update(
        amount_paid=amount_paid_minor,
        status="paid" if paid else "canceled",
        status_transitions=link["status_transitions"] | {key: sandbox.now()},
    )
    if paid:
        sandbox.emit("invoice_payment.paid", link)


@operation("invoice_payments.retrieve")
def retrieve(sandbox: Sandbox, params: Params, link_id: str) -> Resource:
    """Read an invoice payment."""
    return sandbox.get("invoice_payment", link_id)


@operation("invoice_payments.list", f"{LIST_PARAMETERS} invoice payment.type payment.payment_intent status")
def list_payments(sandbox: Sandbox, params: Params) -> Resource:
    """List invoice payments, newest first, of an invoice or of a payment intent."""
    found = sandbox.all("invoice_payment", invoice=params.get("invoice"), status=params.get("status"))
    intent = params.get("payment", {}).get("payment_intent")
    if intent is not None:
        found = [link for link in found if link["payment"]["payment_intent"] == intent]
    return list_page(found, params, "/v1/invoice_payments")
