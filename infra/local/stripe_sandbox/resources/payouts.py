"""Payouts: the account's balance sent to its bank, on command; they arrive or come back on command too."""

from __future__ import annotations

from ..api import LIST_PARAMETERS, list_page, operation
from ..errors import invalid_request
from ..money import check_currency, check_granularity
from ..state import Params, Resource, Sandbox, merge_metadata
from . import accounting

_TRAVEL_SECONDS = 2 * 86400
_FAILURES = frozenset(["account_closed", "account_frozen", "could_not_process", "insufficient_funds", "no_account"])


@operation("payouts.create", "amount currency description metadata method statement_descriptor")
def create(sandbox: Sandbox, params: Params) -> Resource:
    """Send available money to the bank; more than there is, is refused."""
    currency = check_currency(params["currency"])
    check_granularity(params["amount"], currency)
    available = {one["currency"]: one["amount"] for one in accounting.balance(sandbox, {})["available"]}
    if not 1 <= params["amount"] <= available.get(currency, 0):
        raise invalid_request(
            "You have insufficient available funds in your Stripe account for this payout.",
            param="amount",
            code="balance_insufficient",
        )
    payout = _sent(sandbox, params["amount"], currency, params)
    sandbox.emit("payout.created", payout)
    return payout


def send_available(sandbox: Sandbox, currency: str) -> Resource:
    """Pay out what is available, as Stripe does by itself each day; it then says what the payout carries.

    Raises ApiError (400) when nothing is available.
    """
    carried = [
        one
        for one in sandbox.all("balance_transaction", currency=currency)
        if one["id"] not in sandbox.paid_out and accounting.is_available(sandbox, one)
    ]
    amount = sum(one["net"] for one in carried)
    if amount < 1:
        raise invalid_request("There is nothing to pay out.", param="currency")
    payout = _sent(sandbox, amount, currency, {})
    payout.update(automatic=True, reconciliation_status="completed")
    sandbox.paid_out |= dict.fromkeys((*(c["id"] for c in carried), payout["balance_transaction"]), payout["id"])
    sandbox.emit("payout.created", payout)
    sandbox.emit("payout.reconciliation_completed", payout)
    return payout


def _sent(sandbox: Sandbox, amount: int, currency: str, params: Params) -> Resource:
    payout = sandbox.new(
        "payout",
        {
            "amount": amount,
            "arrival_date": sandbox.now() + _TRAVEL_SECONDS,
            "automatic": False,
            "currency": currency,
            "description": params.get("description"),
            "destination": f"ba_{sandbox.token()}",
            "metadata": merge_metadata({}, params.get("metadata")),
            "method": params.get("method", "standard"),
            "reconciliation_status": "not_applicable",
            "source_type": "card",
            "statement_descriptor": params.get("statement_descriptor"),
            "status": "pending",
            "type": "bank_account",
        },
    )
    payout["balance_transaction"] = _move(sandbox, payout, "payout", -1)
    return payout


def _move(sandbox: Sandbox, payout: Resource, kind: str, sign: int) -> str:
    moved = accounting.post(sandbox, kind, payout, sign * payout["amount"], category=kind, available_at_once=True)
    return str(moved["id"])


def finish(sandbox: Sandbox, payout: Resource, failure_code: str | None) -> None:
    """The bank took it, or sent it back. Raises ApiError (400) when it is finished, or for another code."""
    if payout["status"] not in ("pending", "in_transit"):
        raise invalid_request(f"This payout is finished (status: {payout['status']}).", param="payout")
    if failure_code is None:
        payout["status"] = "paid"
        sandbox.emit("payout.paid", payout)
        return
    if failure_code not in _FAILURES:
        raise invalid_request(f"A payout fails with one of: {', '.join(sorted(_FAILURES))}.", param="failure_code")
    payout.update(
        status="failed",
        failure_balance_transaction=_move(sandbox, payout, "payout_failure", 1),
        failure_code=failure_code,
        failure_message="The bank returned the payout.",
    )
    sandbox.emit("payout.failed", payout)


@operation("payouts.cancel")
def cancel(sandbox: Sandbox, params: Params, payout_id: str) -> Resource:
    """Take back a payout that has not left yet."""
    payout = sandbox.get("payout", payout_id)
    if payout["status"] != "pending":
        raise invalid_request("Payouts can only be canceled while they are pending.", param="payout")
    payout.update(status="canceled", failure_balance_transaction=_move(sandbox, payout, "payout_cancel", 1))
    sandbox.emit("payout.canceled", payout)
    return payout


@operation("payouts.update", "metadata")
def update(sandbox: Sandbox, params: Params, payout_id: str) -> Resource:
    """Change a payout's metadata."""
    payout = sandbox.get("payout", payout_id)
    previous = sandbox.update(payout, {"metadata": merge_metadata(payout["metadata"], params.get("metadata"))})
    sandbox.emit("payout.updated", payout, previous)
    return payout


@operation("payouts.retrieve")
def retrieve(sandbox: Sandbox, params: Params, payout_id: str) -> Resource:
    """Read a payout."""
    return sandbox.get("payout", payout_id)


@operation("payouts.list", f"{LIST_PARAMETERS} status")
def list_payouts(sandbox: Sandbox, params: Params) -> Resource:
    """List payouts, newest first."""
    return list_page(sandbox.all("payout", status=params.get("status")), params, "/v1/payouts")
