"""Money: whole minor units and a currency. No float comes near it.

Exponents are ISO 4217's. What a payment gateway calls a minor unit differs for some currencies and is the gateway
adapter's business.
"""

import re
from collections.abc import Sequence
from decimal import Decimal

from dunwell.errors import InvalidInputError

_ZERO_DECIMALS = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"
_THREE_DECIMALS = "BHD IQD JOD KWD LYD OMR TND"
_TWO_DECIMALS = (
    "AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CNY "
    "COP CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS "
    "INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR "
    "MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD "
    "SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD UYU UZS VED VES WST XCD YER ZAR ZMW ZWG"
)
_EXPONENTS: dict[str, int] = (
    dict.fromkeys(_TWO_DECIMALS.split(), 2)
    | dict.fromkeys(_ZERO_DECIMALS.split(), 0)
    | dict.fromkeys(_THREE_DECIMALS.split(), 3)
)
_PLAIN_NUMBER = re.compile(r"(?P<sign>[+-]?)(?P<whole>[0-9]+)(\.(?P<fraction>[0-9]+))?")
MAX_WHOLE_DIGITS = 15
"""Longer amounts are mistakes, and sums of longer ones would not fit into a number of DynamoDB."""
_SYMBOLS = {"USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥", "CAD": "CA$"}


def exponent(currency: str) -> int:
    """Decimal places of a currency (ISO 4217).

    Raises:
        InvalidInputError: the code is not a currency of ISO 4217.
    """
    try:
        return _EXPONENTS[currency]
    except KeyError:
        raise InvalidInputError(f"{currency!r} is not an ISO 4217 currency code", field="currency") from None


def is_currency(code: str) -> bool:
    """Whether a code is one of ISO 4217's, in capitals."""
    return code in _EXPONENTS


def parse_amount(text: str, currency: str) -> int:
    """A decimal number with a dot, as minor units.

    Raises:
        InvalidInputError: not a plain number, finer than the currency's smallest unit, or longer than 15 digits before
            the dot. The message does not repeat the text, so that equal mistakes read the same.
    """
    found = _PLAIN_NUMBER.fullmatch(text)
    if not found:
        raise InvalidInputError("is not an amount such as 1234.50", field="amount")
    sign, whole, fraction = found["sign"], found["whole"].lstrip("0"), (found["fraction"] or "").rstrip("0")
    places = exponent(currency)
    if len(fraction) > places:
        raise InvalidInputError(f"is finer than the smallest unit of {currency}", field="amount")
    if len(whole) > MAX_WHOLE_DIGITS:
        raise InvalidInputError(f"has more than {MAX_WHOLE_DIGITS} digits before the dot", field="amount")
    return int(f"{sign}0{whole}{fraction.ljust(places, '0')}")


def decimal_text(amount_minor: int, currency: str) -> str:
    """Minor units as a plain decimal number, such as ``-12.50``: what files carry."""
    places = exponent(currency)
    return f"{Decimal(amount_minor).scaleb(-places):.{places}f}"


def format_money(amount_minor: int, currency: str) -> str:
    """Minor units as a person reads them in English, such as ``$1,234.50``."""
    places = exponent(currency)
    digits = f"{abs(Decimal(amount_minor).scaleb(-places)):,.{places}f}"
    sign = "-" if amount_minor < 0 else ""
    symbol = _SYMBOLS.get(currency)
    return f"{sign}{symbol}{digits}" if symbol else f"{sign}{digits} {currency}"


def split(amount_minor: int, weights: Sequence[int]) -> list[int]:
    """Shares of an amount by weight that add up to it exactly: largest remainder, ties to the earliest.

    Raises:
        InvalidInputError: a negative amount or weight, or no positive weight at all.
    """
    total = sum(weights)
    if amount_minor < 0 or total <= 0 or min(weights) < 0:
        raise InvalidInputError("splitting needs an amount of zero or more and positive weights")
    shares = [amount_minor * weight // total for weight in weights]
    by_remainder = sorted(range(len(weights)), key=lambda i: (-(amount_minor * weights[i] % total), i))
    for i in by_remainder[: amount_minor - sum(shares)]:
        shares[i] += 1
    return shares
