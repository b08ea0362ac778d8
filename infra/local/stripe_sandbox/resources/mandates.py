"""Mandates: a customer's permission to debit a bank account, or to charge a card later."""

from __future__ import annotations

from ..api import operation
from ..errors import invalid_request
from ..state import Params, Resource, Sandbox


def record_mandate(sandbox: Sandbox, method: Resource, mandate_data: Params) -> Resource:
    """Keep the permission that a customer gave for one payment method."""
    acceptance = mandate_data["customer_acceptance"]
    kind = method["type"]
    return sandbox.new(
        "mandate",
        {
            "customer_acceptance": {
                "accepted_at": acceptance.get("accepted_at", sandbox.now()),
                "type": acceptance["type"],
                acceptance["type"]: acceptance.get(acceptance["type"], {}),
            },
            "multi_use": {},
            "payment_method": method["id"],
            "payment_method_details": {"type": kind, kind: _details(sandbox, kind)},
            "status": "active",
            "type": "multi_use",
        },
    )


def _details(sandbox: Sandbox, kind: str) -> Resource:
    if kind != "sepa_debit":
        return {}
    reference = sandbox.token(16).upper()
    return {"reference": reference, "url": f"{sandbox.public_url}/c/mandate/{reference}"}


def mandate_for(sandbox: Sandbox, method: Resource, params: Params) -> Resource | None:
    """The mandate that a confirmation rests on: given, newly accepted, or kept from before.

    Raises ApiError (400) for an inactive one, and for a bank account without any.
    """
    if params.get("mandate_data"):
        return record_mandate(sandbox, method, params["mandate_data"])
    if "mandate" in params:
        mandate: Resource | None = sandbox.get("mandate", params["mandate"], "mandate")
    else:
        mandate = next(iter(sandbox.all("mandate", payment_method=method["id"])), None)
    if mandate is None and method["type"] != "card":
        raise invalid_request(
            "This PaymentMethod requires a mandate: pass `mandate_data` with the customer's "
            "acceptance, or confirm "
            "a SetupIntent with it first.",
            param="mandate_data",
        )
    if mandate is not None and (mandate["status"] != "active" or mandate["payment_method"] != method["id"]):
        raise invalid_request(
            f"The mandate {mandate['id']} is not active for this PaymentMethod.",
            param="mandate",
            code="payment_intent_mandate_invalid",
        )
    return mandate


def revoke(sandbox: Sandbox, mandate: Resource) -> None:
    """The customer took the permission back."""
    sandbox.emit("mandate.updated", mandate, sandbox.update(mandate, {"status": "inactive"}))


@operation("mandates.retrieve")
def retrieve(sandbox: Sandbox, params: Params, mandate_id: str) -> Resource:
    """Read a mandate."""
    return sandbox.get("mandate", mandate_id)
