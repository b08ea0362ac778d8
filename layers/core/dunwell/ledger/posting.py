"""Posting money to an account.

Order of allocation (rule PAY-ORDER): the payer's direction first, then what is not disputed, oldest due first. What
remains is unapplied credit.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime

from dunwell.errors import InvalidInputError
from dunwell.events import PAYMENT_APPLIED, Event
from dunwell.ids import stable_id
from dunwell.ledger.change import Change
from dunwell.ledger.model import Account, Allocation, OpenInvoice, Payment


def allocate(account: Account, currency: str, amount_minor: int, directed_to: Sequence[str] = ()) -> list[Allocation]:
    """Where an amount of a currency goes on an account (minor units); never more than an invoice still owes.

    Args:
        directed_to: invoice ids the payer named, in their order; ids that are unknown or settled are passed over.
    """
    left = amount_minor
    allocations = []
    for item in _in_order_of_payment(account.open_invoices, currency, directed_to):
        if left <= 0:
            break
        taken = min(left, item.open_minor)
        allocations.append(Allocation(item.invoice.invoice_id, taken))
        left -= taken
    return allocations


def _in_order_of_payment(
    open_invoices: Iterable[OpenInvoice], currency: str, directed_to: Sequence[str]
) -> list[OpenInvoice]:
    payable = {item.invoice.invoice_id: item for item in open_invoices if item.invoice.currency == currency}
    directed = [payable.pop(invoice_id) for invoice_id in dict.fromkeys(directed_to) if invoice_id in payable]
    undisputed = [item for item in payable.values() if not item.invoice.disputed]
    return directed + undisputed


def post_payment(
    account: Account,
    *,
    method: str,
    reference: str,
    currency: str,
    amount_minor: int,
    received_at: datetime,
    directed_to: Sequence[str] = (),
) -> Change:
    """Post money received, once: a payment already on the account gives an empty change.

    Args:
        method, reference: together the payment's business key, such as ``stripe`` and ``pi_…#succeeded``.
        received_at: with the creditor's time zone; its date is the payment's date.

    Raises:
        InvalidInputError: the amount is not positive, or the reference is on the account with another amount.
    """
    if amount_minor <= 0:
        raise InvalidInputError("a payment must be more than zero", field="amount")
    payment_id = stable_id("pay", account.customer.customer_id, method, reference)
    known = account.payments.get(payment_id)
    if known:
        if (known.amount_minor, known.currency) != (amount_minor, currency):
            raise InvalidInputError(f"payment {payment_id} is already posted with another amount", field="amount")
        return Change(account)
    allocations = tuple(allocate(account, currency, amount_minor, directed_to))
    payment = Payment(payment_id, currency, amount_minor, received_at.date(), method, reference, allocations)
    change = Change(account, payments={payment_id: payment})
    return Change(account, payments={payment_id: payment}, events=(_applied(change.applied(), payment, received_at),))


def _applied(account: Account, payment: Payment, at: datetime) -> Event:
    return Event(
        event_id=stable_id("evt", PAYMENT_APPLIED, payment.payment_id),
        name=PAYMENT_APPLIED,
        customer_id=account.customer.customer_id,
        occurred_at=at,
        data={
            "payment_id": payment.payment_id,
            "currency": payment.currency,
            "amount_minor": payment.amount_minor,
            "unapplied_minor": payment.unapplied_minor,
            "open_minor": account.balances.get(payment.currency, 0),
        },
    )
