"""Refunds of what a charge took: in part, in full, never more; some pend and some fail later."""

from __future__ import annotations

from ..api import LIST_PARAMETERS, list_page, operation
from ..cards import Card
from ..errors import invalid_request, missing_param
from ..money import check_granularity, format_amount
from ..state import Params, Resource, Sandbox, merge_metadata
from . import accounting


@operation("refunds.create", "amount charge metadata payment_intent reason")
def create(sandbox: Sandbox, params: Params) -> Resource:
    """Give money back, all that is left unless `amount` says less."""
    charge = _charge_of(sandbox, params)
    amount_minor = _checked_amount(charge, params.get("amount"))
    instrument = sandbox.instruments[charge["payment_method"]]
    pends = isinstance(instrument, Card) and instrument.refund == "pends"
    refund = sandbox.new(
        "refund",
        {
            "amount": amount_minor,
            "charge": charge["id"],
            "currency": charge["currency"],
            "destination_details": {"type": charge["payment_method_details"]["type"]},
            "metadata": merge_metadata({}, params.get("metadata")),
            "payment_intent": charge["payment_intent"],
            "reason": params.get("reason"),
            "status": "pending" if pends else "succeeded",
        },
        prefix="re" if isinstance(instrument, Card) else "pyr",
    )
    kind = "refund" if isinstance(instrument, Card) else "payment_refund"
    refund["balance_transaction"] = accounting.post(sandbox, kind, refund, -amount_minor, category="refund")["id"]
    _set_refunded(charge, charge["amount_refunded"] + amount_minor)
    sandbox.emit("refund.created", refund)
    sandbox.emit("charge.refunded", charge)
    if isinstance(instrument, Card) and instrument.refund == "fails_later":
        # The answer to this request still says succeeded, as at Stripe; the failure comes by webhook.
        answer = dict(refund)
        fail(sandbox, refund, "expired_or_canceled_card")
        return answer
    return refund


def _charge_of(sandbox: Sandbox, params: Params) -> Resource:
    if "charge" in params:
        charge = sandbox.get("charge", params["charge"], "charge")
        if params.get("payment_intent") not in (None, charge["payment_intent"]):
            raise invalid_request("The charge does not belong to the payment intent.", param="payment_intent")
    elif "payment_intent" in params:
        intent = sandbox.get("payment_intent", params["payment_intent"], "payment_intent")
        charge = sandbox.find(intent["latest_charge"] or "") or {}
        if charge.get("status") != "succeeded":
            raise invalid_request(
                f"This PaymentIntent ({intent['id']}) does not have a successful charge to refund.",
                param="payment_intent",
            )
    else:
        raise missing_param("payment_intent")
    if charge["disputed"] and not _is_inquiry(sandbox, charge):
        raise invalid_request(
            f"Charge {charge['id']} has been charged back; cannot issue a refund.", code="charge_disputed"
        )
    if charge["status"] != "succeeded" or not charge["captured"]:
        raise invalid_request(f"Charge {charge['id']} has taken no money to refund.", param="charge")
    return charge


def _is_inquiry(sandbox: Sandbox, charge: Resource) -> bool:
    return all(dispute["is_charge_refundable"] for dispute in sandbox.all("dispute", charge=charge["id"]))


def _checked_amount(charge: Resource, asked_minor: int | None) -> int:
    left_minor: int = charge["amount"] - charge["amount_refunded"]
    if left_minor == 0:
        raise invalid_request(f"Charge {charge['id']} has already been refunded.", code="charge_already_refunded")
    if asked_minor is None:
        return left_minor
    if asked_minor < 1:
        raise invalid_request(
            f"Invalid positive integer: {asked_minor}", param="amount", code="parameter_invalid_integer"
        )
    check_granularity(asked_minor, charge["currency"])
    if asked_minor > left_minor:
        asked = format_amount(asked_minor, charge["currency"])
        left = format_amount(left_minor, charge["currency"])
        raise invalid_request(
            f"Refund amount ({asked}) is greater than unrefunded amount on charge ({left})", param="amount"
        )
    return asked_minor


def _set_refunded(charge: Resource, amount_minor: int) -> None:
    charge.update(amount_refunded=amount_minor, refunded=amount_minor == charge["amount"])


def succeed(sandbox: Sandbox, refund: Resource) -> None:
    """A pending refund arrived. Raises ApiError (400) when it is not pending."""
    if refund["status"] != "pending":
        raise invalid_request(f"This refund is not pending (status: {refund['status']}).", param="refund")
    _announce(sandbox, refund, {"status": "succeeded"})


def fail(sandbox: Sandbox, refund: Resource, reason: str) -> None:
    """The customer's bank sent the money back. Raises ApiError (400) when it had failed already."""
    if refund["status"] == "failed":
        raise invalid_request("This refund has failed already.", param="refund")
    charge = sandbox.get("charge", refund["charge"])
    transaction = accounting.post(sandbox, "refund_failure", refund, refund["amount"], category="refund_failure")
    _set_refunded(charge, charge["amount_refunded"] - refund["amount"])
    changes = {
        "failure_balance_transaction": transaction["id"],
        "failure_reason": reason,
        "status": "failed",
    }
    _announce(sandbox, refund, changes)
    sandbox.emit("refund.failed", refund)


def _announce(sandbox: Sandbox, refund: Resource, changes: Resource) -> None:
    previous = sandbox.update(refund, changes)
    sandbox.emit("refund.updated", refund, previous)
    sandbox.emit("charge.refund.updated", refund, previous)


@operation("refunds.retrieve")
def retrieve(sandbox: Sandbox, params: Params, refund_id: str) -> Resource:
    """Read a refund."""
    return sandbox.get("refund", refund_id)


@operation("refunds.update", "metadata")
def update(sandbox: Sandbox, params: Params, refund_id: str) -> Resource:
    """Change a refund's metadata."""
    refund = sandbox.get("refund", refund_id)
    _announce(sandbox, refund, {"metadata": merge_metadata(refund["metadata"], params.get("metadata"))})
    return refund


@operation("refunds.list", f"{LIST_PARAMETERS} charge payment_intent")
def list_refunds(sandbox: Sandbox, params: Params) -> Resource:
    """List refunds, newest first."""
    found = sandbox.all("refund", charge=params.get("charge"), payment_intent=params.get("payment_intent"))
    return list_page(found, params, "/v1/refunds")
