"""What of a debt is paid: all of it, or a part spread over invoices, the oldest first."""

from collections.abc import Sequence

from dunwell.errors import InvalidInputError, RefusedError
from dunwell.ledger.model import OpenInvoice
from dunwell.money import exponent, format_money, parse_amount
from dunwell.payments.order import OrderLine


def read_part(text: str, currency: str) -> int:
    """An amount that a customer typed, in minor units: a plain number with a dot.

    Raises:
        InvalidInputError: a sentence for the customer: it is no amount, or finer than the currency, or not above zero.
    """
    try:
        amount_minor = parse_amount(text.strip(), currency)
    except InvalidInputError as error:
        example = format_money(10 ** exponent(currency) * 25, currency)
        raise InvalidInputError(
            f"The amount {error}. Enter an amount such as {example}.", field="amount", code="amount_unclear"
        ) from None
    return _positive(amount_minor)


def spread(items: Sequence[OpenInvoice], amount_minor: int | None, currency: str) -> tuple[OrderLine, ...]:
    """An amount over invoices, those due first filled first; None for all that is open on them.

    Raises:
        InvalidInputError: zero, negative, or more than is open.
    """
    lines = [OrderLine(item.invoice.invoice_id, item.invoice.number, item.open_minor) for item in items]
    if amount_minor is None:
        return tuple(lines)
    owed = sum(line.amount_minor for line in lines)
    if _positive(amount_minor) > owed:
        raise InvalidInputError(
            f"You owe {format_money(owed, currency)}. Enter that or less.", field="amount", code="amount_too_much"
        )
    return part_of(sorted(items, key=lambda item: (item.due_on, item.invoice.number)), amount_minor)


def part_of(items: Sequence[OpenInvoice], amount_minor: int) -> tuple[OrderLine, ...]:
    """An amount over invoices in their order, each filled before the next; what is more than they hold is left out."""
    lines, left = [], amount_minor
    for item in items:
        taken = min(left, item.open_minor)
        left -= taken
        if taken:
            lines.append(OrderLine(item.invoice.invoice_id, item.invoice.number, taken))
    return tuple(lines)


def check_least(amount_minor: int, least_minor: int, currency: str) -> None:
    """Refuse an amount below what the gateway charges.

    Raises:
        RefusedError: a sentence for the customer.
    """
    if amount_minor < least_minor:
        raise RefusedError(
            f"The least that can be paid online is {format_money(least_minor, currency)}.", code="amount_too_little"
        )


def _positive(amount_minor: int) -> int:
    if amount_minor <= 0:
        raise InvalidInputError("Enter an amount above zero.", field="amount", code="amount_zero")
    return amount_minor
