"""Balance transactions: what each charge, refund and dispute does to the account's money, with fees."""

from __future__ import annotations

from ..api import LIST_PARAMETERS, list_page, operation
from ..errors import invalid_request
from ..state import Params, Resource, Sandbox

_PENDING_SECONDS = 2 * 86400
DISPUTE_FEE_MINOR = 1500


def card_fee_minor(amount_minor: int) -> int:
    """2.9 % and 30 minor units, rounded half up."""
    return (amount_minor * 29 + 500) // 1000 + 30


def ach_fee_minor(amount_minor: int) -> int:
    """0.8 %, at most 500 minor units, rounded half up."""
    return min((amount_minor * 8 + 500) // 1000, 500)


def post(
    sandbox: Sandbox,
    kind: str,
    source: Resource,
    amount_minor: int,
    *,
    category: str,
    fee_minor: int = 0,
    available_at_once: bool = False,
) -> Resource:
    """Write one balance transaction; `amount_minor` is negative for money that leaves."""
    wait = 0 if available_at_once else _PENDING_SECONDS
    fee = {
        "amount": fee_minor,
        "application": None,
        "currency": source["currency"],
        "description": "Dispute fee" if category == "dispute" else "Stripe processing fees",
        "type": "stripe_fee",
    }
    return sandbox.new(
        "balance_transaction",
        {
            "amount": amount_minor,
            "available_on": sandbox.now() + wait,
            "balance_type": "payments",
            "currency": source["currency"],
            "fee": fee_minor,
            "fee_details": [fee] if fee_minor else [],
            "net": amount_minor - fee_minor,
            "reporting_category": category,
            "source": source["id"],
            "status": "pending" if wait else "available",
            "type": kind,
        },
    )


def _with_status(sandbox: Sandbox, transaction: Resource) -> Resource:
    if transaction["available_on"] <= sandbox.now():
        transaction["status"] = "available"
    return transaction


def is_available(sandbox: Sandbox, transaction: Resource) -> bool:
    """Whether the money of a balance transaction can be paid out."""
    return bool(_with_status(sandbox, transaction)["status"] == "available")


@operation("balance_transactions.retrieve")
def retrieve(sandbox: Sandbox, params: Params, transaction_id: str) -> Resource:
    """Read one balance transaction."""
    return _with_status(sandbox, sandbox.get("balance_transaction", transaction_id))


@operation("balance_transactions.list", f"{LIST_PARAMETERS} currency payout source type")
def list_transactions(sandbox: Sandbox, params: Params) -> Resource:
    """List balance transactions, newest first; those of a payout only when it was an automatic one."""
    wanted = {name: params.get(name) for name in ("currency", "source", "type")}
    found = [_with_status(sandbox, t) for t in sandbox.all("balance_transaction", **wanted)]
    if "payout" in params:
        payout = sandbox.get("payout", params["payout"], "payout")
        if not payout["automatic"]:
            raise invalid_request(
                "Balance transaction history can only be filtered on automatic transfers, not manual.", param="payout"
            )
        found = [one for one in found if sandbox.paid_out.get(one["id"]) == payout["id"]]
    return list_page(found, params, "/v1/balance_transactions")


@operation("balance.retrieve")
def balance(sandbox: Sandbox, params: Params) -> Resource:
    """Sum the account's money by currency, available and pending."""
    sums: dict[str, dict[str, int]] = {"available": {}, "pending": {}}
    for transaction in sandbox.all("balance_transaction"):
        by_currency = sums[_with_status(sandbox, transaction)["status"]]
        currency = transaction["currency"]
        by_currency[currency] = by_currency.get(currency, 0) + transaction["net"]
    lists = {
        status: [{"amount": amount, "currency": currency} for currency, amount in sorted(by_currency.items())]
        for status, by_currency in sums.items()
    }
    return {"object": "balance", "livemode": False, **lists}
