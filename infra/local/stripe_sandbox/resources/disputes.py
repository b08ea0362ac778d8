"""Disputes: opened by test cards or on command, answered with evidence, won or lost."""

from __future__ import annotations

from typing import Literal

from ..api import LIST_PARAMETERS, list_page, operation
from ..errors import invalid_request
from ..state import Params, Resource, Sandbox, merge_metadata
from . import accounting

_ANSWER_SECONDS = 9 * 86400
_OPEN = ("needs_response", "under_review", "warning_needs_response", "warning_under_review")
_NETWORK_CODES = {"fraudulent": "10.4", "product_not_received": "13.1", "duplicate": "12.6"}
_EVIDENCE = "evidence.uncategorized_text evidence.product_description evidence.customer_name"
_EVIDENCE += " evidence.customer_email_address evidence.service_date evidence.refund_policy_disclosure"


def open_dispute(
    sandbox: Sandbox, charge: Resource, reason: str, *, inquiry: bool = False, amount_minor: int | None = None
) -> Resource:
    """Open a dispute over what is left of a charge, or over less; unless it is an inquiry, Stripe takes it at once.

    Raises ApiError (400) when the charge took no money, is disputed already, or is not worth so much any more.
    """
    left_minor = charge["amount"] - charge["amount_refunded"]
    if not charge["captured"] or charge["disputed"] or left_minor <= 0:
        raise invalid_request(f"Charge {charge['id']} cannot be disputed.", param="charge")
    if not 0 < (amount_minor or left_minor) <= left_minor:
        raise invalid_request(f"Of charge {charge['id']} {left_minor} can be disputed.", param="amount")
    dispute = sandbox.new(
        "dispute",
        {
            "amount": amount_minor or left_minor,
            "balance_transactions": [],
            "charge": charge["id"],
            "currency": charge["currency"],
            "enhanced_eligibility_types": [],
            "evidence": {},
            "evidence_details": {
                "due_by": sandbox.now() + _ANSWER_SECONDS,
                "enhanced_eligibility": {},
                "has_evidence": False,
                "past_due": False,
                "submission_count": 0,
            },
            "is_charge_refundable": inquiry,
            "payment_intent": charge["payment_intent"],
            "payment_method_details": _method_details(charge, reason, inquiry=inquiry),
            "reason": reason,
            "status": "warning_needs_response" if inquiry else "needs_response",
        },
    )
    charge["disputed"] = True
    sandbox.emit("charge.dispute.created", dispute)
    if not inquiry:
        _move_money(sandbox, dispute, -1, "charge.dispute.funds_withdrawn")
    return dispute


def _method_details(charge: Resource, reason: str, *, inquiry: bool) -> Resource | None:
    """What the card network says; banks say nothing here."""
    details = charge["payment_method_details"]
    if details["type"] != "card":
        return None
    brand = details["card"]["brand"]
    card = {
        "brand": brand,
        "case_type": "inquiry" if inquiry else "chargeback",
        "network": brand,
        "network_reason_code": _NETWORK_CODES.get(reason),
    }
    return {"type": "card", "card": card}


def return_debit(sandbox: Sandbox, charge: Resource, reason: str, network_code: str | None) -> Resource:
    """A bank sends a debit back that had arrived: at Stripe a dispute that is lost at once.

    Raises ApiError (400) for a card, and as `open_dispute` does.
    """
    if charge["payment_method_details"]["type"] == "card":
        raise invalid_request("Only a bank debit is returned.", param="charge")
    outcome = charge["outcome"] or {}
    charge["outcome"] = {**outcome, "network_decline_code": network_code}
    dispute = open_dispute(sandbox, charge, reason)
    close_dispute(sandbox, dispute, "lost")
    return dispute


def decide_again(sandbox: Sandbox, dispute: Resource, outcome: Literal["won", "lost"]) -> None:
    """Decide a closed dispute otherwise, as an appeal does. Raises ApiError (400) unless that changes it."""
    if {dispute["status"], outcome} != {"won", "lost"}:
        raise invalid_request(f"This dispute cannot be {outcome} now (status: {dispute['status']}).", param="outcome")
    previous = sandbox.update(dispute, {"status": outcome})
    sandbox.emit("charge.dispute.updated", dispute, previous)
    if outcome == "won":
        _move_money(sandbox, dispute, 1, "charge.dispute.funds_reinstated")
    else:
        _move_money(sandbox, dispute, -1, "charge.dispute.funds_withdrawn")
    sandbox.emit("charge.dispute.closed", dispute)


def close_dispute(sandbox: Sandbox, dispute: Resource, outcome: Literal["won", "lost"]) -> None:
    """Decide a dispute; winning brings the money back. Raises ApiError (400) when it is closed already."""
    if dispute["status"] not in _OPEN:
        raise invalid_request(f"This dispute is already closed (status: {dispute['status']}).", param="id")
    inquiry = dispute["status"].startswith("warning")
    status = "warning_closed" if inquiry else outcome
    previous = sandbox.update(dispute, {"status": status, "is_charge_refundable": inquiry})
    sandbox.emit("charge.dispute.updated", dispute, previous)
    if outcome == "won" and not inquiry:
        _move_money(sandbox, dispute, 1, "charge.dispute.funds_reinstated")
    if status != "lost":
        sandbox.get("charge", dispute["charge"])["disputed"] = not inquiry
    sandbox.emit("charge.dispute.closed", dispute)


def _move_money(sandbox: Sandbox, dispute: Resource, sign: Literal[1, -1], event_type: str) -> None:
    transaction = accounting.post(
        sandbox,
        "adjustment",
        dispute,
        sign * dispute["amount"],
        category="dispute" if sign < 0 else "dispute_reversal",
        fee_minor=accounting.DISPUTE_FEE_MINOR if sign < 0 else 0,
    )
    # Stripe keeps whole transactions, not ids, in this one list.
    dispute["balance_transactions"] = [*dispute["balance_transactions"], dict(transaction)]
    sandbox.emit(event_type, dispute)


@operation("disputes.retrieve")
def retrieve(sandbox: Sandbox, params: Params, dispute_id: str) -> Resource:
    """Read a dispute."""
    return sandbox.get("dispute", dispute_id)


@operation("disputes.list", f"{LIST_PARAMETERS} charge payment_intent")
def list_disputes(sandbox: Sandbox, params: Params) -> Resource:
    """List disputes, newest first."""
    found = sandbox.all("dispute", charge=params.get("charge"), payment_intent=params.get("payment_intent"))
    return list_page(found, params, "/v1/disputes")


@operation("disputes.update", f"{_EVIDENCE} metadata submit")
def update(sandbox: Sandbox, params: Params, dispute_id: str) -> Resource:
    """Answer a dispute; as at Stripe, the test texts `winning_evidence` and `losing_evidence` decide it."""
    dispute = sandbox.get("dispute", dispute_id)
    evidence = params.get("evidence", {})
    if evidence and dispute["status"] not in _OPEN:
        raise invalid_request("This dispute is closed and takes no more evidence.", param="evidence")
    changes: Resource = {"metadata": merge_metadata(dispute["metadata"], params.get("metadata"))}
    submitted = bool(evidence) and params.get("submit", True)
    if evidence:
        changes["evidence"] = dispute["evidence"] | evidence
        changes["evidence_details"] = dispute["evidence_details"] | {
            "has_evidence": True,
            "submission_count": dispute["evidence_details"]["submission_count"] + int(submitted),
        }
    if submitted:
        changes["status"] = dispute["status"].replace("needs_response", "under_review")
    sandbox.emit("charge.dispute.updated", dispute, sandbox.update(dispute, changes))
    text = evidence.get("uncategorized_text")
    if submitted and text in ("winning_evidence", "losing_evidence"):
        close_dispute(sandbox, dispute, "won" if text == "winning_evidence" else "lost")
    return dispute


@operation("disputes.close")
def close(sandbox: Sandbox, params: Params, dispute_id: str) -> Resource:
    """Give up a dispute: it is lost."""
    dispute = sandbox.get("dispute", dispute_id)
    close_dispute(sandbox, dispute, "lost")
    return dispute
