"""Amounts as Stripe counts them. Its exponents are not ISO 4217's: the ledger's minor units are converted here only."""

from dunwell.errors import RefusedError
from dunwell.money import decimal_text, exponent

_WHOLE = frozenset(
    ["BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF", "VND", "VUV", "XAF", "XOF", "XPF"]
)
_THREE_DECIMALS = frozenset(["BHD", "JOD", "KWD", "OMR", "TND"])
_STEPS = dict.fromkeys(("ISK", "UGX"), 100) | dict.fromkeys(_THREE_DECIMALS, 10)


LEAST_CHARGE = {
    "AED": 200, "AUD": 50, "BGN": 100, "BRL": 50, "CAD": 50, "CHF": 50, "CZK": 1500, "DKK": 250, "EUR": 50,
    "GBP": 30, "HKD": 400, "HUF": 17500, "INR": 50, "JPY": 50, "MXN": 1000, "MYR": 200, "NOK": 300,
    "NZD": 50, "PLN": 200, "RON": 200, "SEK": 300, "SGD": 50, "THB": 1000, "USD": 50,
}  # fmt: skip
"""What Stripe charges at least, in its own units; other currencies have no least charge."""


def is_three_decimal(currency: str) -> bool:
    """Whether Stripe counts a currency in thousandths: charged only where the deployment allows it."""
    return currency in _THREE_DECIMALS


def least_charge_minor(currency: str) -> int:
    """The least charge in the ledger's minor units: Stripe's, and no finer than it takes."""
    least = max(LEAST_CHARGE.get(currency, 1), _STEPS.get(currency, 1))
    return -(-least * int(10 ** exponent(currency)) // int(10 ** stripe_exponent(currency)))


def stripe_exponent(currency: str) -> int:
    """Decimal places in which Stripe counts a currency."""
    if currency in _WHOLE:
        return 0
    return 3 if currency in _THREE_DECIMALS else 2


def to_stripe(amount_minor: int, currency: str) -> int:
    """An amount of the ledger in Stripe's units.

    Raises:
        RefusedError: Stripe cannot charge an amount as fine as this in this currency.
    """
    amount = _rescaled(amount_minor, exponent(currency), stripe_exponent(currency))
    if amount is None or amount % _STEPS.get(currency, 1):
        raise RefusedError(f"{decimal_text(amount_minor, currency)} {currency} cannot be paid online. Please call us.")
    return amount


def from_stripe(amount: int, currency: str) -> int:
    """An amount of Stripe's in the ledger's minor units.

    Raises:
        RefusedError: the amount is finer than the ledger's smallest unit: a person must look at it.
    """
    amount_minor = _rescaled(amount, stripe_exponent(currency), exponent(currency))
    if amount_minor is None:
        raise RefusedError(f"Stripe's amount {amount} {currency} is finer than the currency's smallest unit")
    return amount_minor


def _rescaled(amount: int, from_places: int, to_places: int) -> int | None:
    """The same amount in other decimal places, or None when it has no whole number of them."""
    if to_places >= from_places:
        return amount * int(10 ** (to_places - from_places))
    whole, rest = divmod(amount, 10 ** (from_places - to_places))
    return None if rest else whole
