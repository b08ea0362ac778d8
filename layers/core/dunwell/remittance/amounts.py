"""How an amount settles given invoices: exactly, less a discount, less a fee, in part, or with something over."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from dunwell.remittance.model import Allocation, OpenInvoice
from dunwell.remittance.tolerances import Tolerances


class Fit(StrEnum):
    """How an amount and invoices go together."""

    EXACT = "exact"
    DISCOUNT = "discount"
    FEE = "fee"
    PARTIAL = "partial"
    OVER = "over"


@dataclass(frozen=True, slots=True)
class Settlement:
    """What each invoice would get, and what would be left (minor units)."""

    fit: Fit
    allocations: tuple[Allocation, ...]
    unapplied_minor: int = 0


def discount_minor(invoice: OpenInvoice, paid_on: date, grace_days: int) -> int:
    """The largest early-payment discount that may be taken on that day (minor units, half up)."""
    late = paid_on - timedelta(days=grace_days)
    permille = max((term.permille for term in invoice.discounts if late <= term.until), default=0)
    return (invoice.open_minor * permille + 500) // 1000


def settle(paid_minor: int, paid_on: date, invoices: Sequence[OpenInvoice], tolerances: Tolerances) -> Settlement:
    """How a payment settles these invoices of one currency.

    Args:
        paid_minor: more than zero.
        invoices: at least one, each with something open; a part payment goes to the oldest first.
    """
    owed = sum(one.open_minor for one in invoices)
    if paid_minor == owed:
        return Settlement(Fit.EXACT, tuple(_full(one) for one in invoices))
    if paid_minor > owed:
        return Settlement(Fit.OVER, tuple(_full(one) for one in invoices), paid_minor - owed)
    return (
        _discounted(paid_minor, paid_on, invoices, tolerances)
        or _less_fee(owed - paid_minor, owed, invoices, tolerances)
        or Settlement(Fit.PARTIAL, _oldest_first(paid_minor, invoices))
    )


def _full(invoice: OpenInvoice) -> Allocation:
    return Allocation(invoice.invoice_id, invoice.number, invoice.open_minor)


def _discounted(
    paid_minor: int, paid_on: date, invoices: Sequence[OpenInvoice], tolerances: Tolerances
) -> Settlement | None:
    taken = [discount_minor(one, paid_on, tolerances.discount_grace_days) for one in invoices]
    off = sum(one.open_minor for one in invoices) - sum(taken) - paid_minor
    granted = sum(1 for one in taken if one)
    if not granted or abs(off) > tolerances.rounding_minor * granted:
        return None
    largest = max(range(len(taken)), key=taken.__getitem__)
    taken[largest] += off
    pairs = zip(invoices, taken, strict=True)
    return Settlement(
        Fit.DISCOUNT, tuple(Allocation(one.invoice_id, one.number, one.open_minor - less, less) for one, less in pairs)
    )


def _less_fee(
    short_minor: int, owed_minor: int, invoices: Sequence[OpenInvoice], tolerances: Tolerances
) -> Settlement | None:
    if short_minor > tolerances.most_fee_minor(invoices[0].currency, owed_minor):
        return None
    largest = max(invoices, key=lambda one: one.open_minor)
    if largest.open_minor <= short_minor:
        return None
    return Settlement(
        Fit.FEE, tuple(_full(one) if one is not largest else _short(one, short_minor) for one in invoices)
    )


def _short(invoice: OpenInvoice, fee_minor: int) -> Allocation:
    return Allocation(invoice.invoice_id, invoice.number, invoice.open_minor - fee_minor, fee_minor=fee_minor)


def _oldest_first(paid_minor: int, invoices: Sequence[OpenInvoice]) -> tuple[Allocation, ...]:
    left, given = paid_minor, []
    for one in sorted(invoices, key=lambda one: (one.due_on, one.number)):
        part = min(left, one.open_minor)
        if part:
            given.append(Allocation(one.invoice_id, one.number, part))
        left -= part
    return tuple(given)
