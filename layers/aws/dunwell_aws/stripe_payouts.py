"""Stripe's payouts, and what they carry."""

from collections.abc import Sequence

from dunwell.remittance.model import Movement, Payout
from dunwell_aws.stripe_records import Object, Reading, minor_units

GATEWAY = "stripe"
_CAME_BACK = {"failed", "canceled"}
_PAYMENTS = {"charge", "payment"}


def payout_of(
    payout: Object, reading: Reading, carried: Sequence[Object] = (), complete: bool = False
) -> Payout | None:
    """A payout as the bank's line will be matched with; None when it takes money from the bank.

    Args:
        carried: its balance transactions with their sources expanded.
        complete: whether these are all of them.

    Raises:
        RejectedRowError: an amount is finer than the ledger counts.
    """
    if payout["amount"] <= 0:
        return None
    currency = payout["currency"].upper()
    movements = tuple(_movement(one, currency) for one in carried if one["type"] != "payout")
    return Payout(
        payout_id=payout["id"],
        gateway=GATEWAY,
        currency=currency,
        amount_minor=minor_units(payout["amount"], currency, payout["id"]),
        arrives_on=reading.date(payout["arrival_date"]),
        failed=payout["status"] in _CAME_BACK,
        fee_minor=sum(one.fee_minor for one in movements),
        complete=complete,
        version=reading.version,
        movements=movements,
    )


def _movement(transaction: Object, currency: str) -> Movement:
    """A payment under the reference that it has in the ledger; all else under Stripe's id."""
    source = transaction["source"] or {}
    what = source.get("id") or transaction["id"]
    if transaction["type"] in _PAYMENTS:
        what = f"{source.get('payment_intent') or what}#succeeded"
    return Movement(
        kind=transaction["reporting_category"],
        reference=what,
        amount_minor=minor_units(transaction["amount"], currency, transaction["id"]),
        fee_minor=minor_units(transaction["fee"], currency, transaction["id"]),
    )
