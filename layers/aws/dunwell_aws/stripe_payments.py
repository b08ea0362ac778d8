"""Stripe's payment intents, with their charge, refunds and disputes, as the domain's ``GatewayPayment``."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from dunwell.payments.ports import GatewayDispute, GatewayPayment, PaymentStatus
from dunwell_aws.stripe_amounts import from_stripe
from dunwell_aws.stripe_records import Object, refunded_of, withdrawn_of

EXPANDED = ["latest_charge.refunds.data.failure_balance_transaction"]
"""What an intent is read with: one request tells of the charge and what went back of it."""

_STATUS = {"succeeded": PaymentStatus.SUCCEEDED, "processing": PaymentStatus.PROCESSING}
_FAILED = {"requires_payment_method", "canceled"}
Shifted = Callable[[datetime], datetime]


def payment_of(
    intent: Object, disputes: Sequence[Object] = (), version: str = "", shifted: Shifted = lambda real: real
) -> GatewayPayment:
    """A payment as Stripe has it.

    Args:
        intent: its charge may be expanded; of one that is not, only the name is known.
        disputes: of its charge.
        version: when it was read.
        shifted: from Stripe's instants to those of the deployment, which may live at another time.

    Raises:
        RefusedError: an amount is finer than the ledger counts: a person must look at it.
    """
    charge = charge_of(intent)
    told = intent.get("metadata") or {}
    currency = intent["currency"].upper()
    status = _status(intent, is_debit_of_ours="attempt_id" in told)
    failure = _failure(intent, charge, status)
    received = from_stripe(intent["amount_received"], currency) if status is PaymentStatus.SUCCEEDED else 0
    refunded, refunded_at = _refunded(charge)
    return GatewayPayment(
        reference=intent["id"],
        status=status,
        currency=currency,
        amount_minor=received,
        customer_id=str(told.get("customer_id", "")),
        order_id=str(told.get("order_id", "")),
        order_key=str(told.get("order_key", "")),
        attempt_id=str(told.get("attempt_id", "")),
        try_reference=charge.get("id", ""),
        failure_code=failure[0],
        decline_code=failure[1],
        advice=failure[2],
        asked_minor=from_stripe(intent.get("amount") or 0, currency),
        is_debit=_kind(charge, intent) not in ("", "card"),
        tried_at=shifted(_instant(charge["created"])) if "created" in charge else None,
        refunded_minor=min(received, from_stripe(refunded, currency)),
        refunded_at=shifted(_instant(refunded_at)) if refunded else None,
        reclaimed_at=_reclaimed_at(charge, shifted),
        disputes=tuple(_dispute(one, charge, shifted) for one in sorted(disputes, key=lambda one: one["created"])),
        version=version,
    )


def charge_of(intent: Object) -> Object:
    """The last charge of an intent; of one that is not expanded its name, and nothing of an intent without any."""
    charge: str | Object = intent.get("latest_charge") or {}
    return {"id": charge} if isinstance(charge, str) else charge


def _status(intent: Object, *, is_debit_of_ours: bool) -> PaymentStatus:
    """A debit of a saved method that waits for its customer has failed: nobody is there to confirm it."""
    if intent["status"] in _FAILED and intent.get("last_payment_error"):
        return PaymentStatus.FAILED
    if intent["status"] == "requires_action" and is_debit_of_ours:
        return PaymentStatus.FAILED
    return _STATUS.get(intent["status"], PaymentStatus.OTHER)


def _failure(intent: Object, charge: Object, status: PaymentStatus) -> tuple[str, str, str]:
    """Why it failed: Stripe's code, the bank's own, and the advice."""
    if status is not PaymentStatus.FAILED:
        return "", "", ""
    error = intent.get("last_payment_error") or {"code": "authentication_required"}
    networks = error.get("network_decline_code") if _kind(charge, intent) != "card" else None
    bank = error.get("decline_code") or networks
    return str(error.get("code") or ""), str(bank or ""), str(error.get("advice_code") or "")


def _kind(charge: Object, intent: Object) -> str:
    """How the money moves; of a try that is over, the failure still knows."""
    error = intent.get("last_payment_error") or {}
    method = error.get("payment_method") or {}
    return str((charge.get("payment_method_details") or {}).get("type") or method.get("type") or "")


def _refunded(charge: Object) -> tuple[int, int]:
    return refunded_of(charge) if "amount_refunded" in charge else (0, 0)


def _reclaimed_at(charge: Object, shifted: Shifted) -> datetime | None:
    """When a refund last failed; None when none did, or the moment was not asked for."""
    refunds = (charge.get("refunds") or {}).get("data") or []
    moved = [refund.get("failure_balance_transaction") for refund in refunds]
    instants = [move["created"] for move in moved if isinstance(move, dict)]
    return shifted(_instant(max(instants))) if instants else None


def _dispute(dispute: Object, charge: Object, shifted: Shifted) -> GatewayDispute:
    currency = dispute["currency"].upper()
    moves = dispute["balance_transactions"]
    fee = sum(move["fee"] for move in moves)
    fee_currency = moves[0]["currency"].upper() if fee else ""
    return GatewayDispute(
        reference=dispute["id"],
        amount_minor=from_stripe(dispute["amount"], currency),
        withdrawn_minor=from_stripe(withdrawn_of(dispute), currency),
        reason=str(dispute["reason"]),
        status=str(dispute["status"]),
        opened_at=shifted(_instant(dispute["created"])),
        moved_at=shifted(_instant(max((move["created"] for move in moves), default=dispute["created"]))),
        code=_bank_code(dispute, charge),
        fee_minor=from_stripe(fee, fee_currency) if fee else 0,
        fee_currency=fee_currency,
    )


def _bank_code(dispute: Object, charge: Object) -> str:
    """The bank's or network's own reason; of a debit that came back, what the charge says of it."""
    details = dispute.get("payment_method_details") or {}
    own = details.get(details.get("type") or "") or {}
    outcome = charge.get("outcome") or {}
    return str(own.get("network_reason_code") or own.get("reason_code") or outcome.get("network_decline_code") or "")


def _instant(epoch: int) -> datetime:
    return datetime.fromtimestamp(epoch, UTC)
