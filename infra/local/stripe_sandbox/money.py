"""What amounts Stripe takes, in its own exponents (they are not ISO 4217's)."""

from __future__ import annotations

from .errors import ApiError, invalid_request

ZERO_DECIMAL = frozenset(
    ["bif", "clp", "djf", "gnf", "jpy", "kmf", "krw", "mga", "pyg", "rwf", "vnd", "vuv", "xaf", "xof", "xpf"]
)
HUNDREDS_ONLY = frozenset(["isk", "ugx"])
THREE_DECIMAL = frozenset(["bhd", "jod", "kwd", "omr", "tnd"])
TWO_DECIMAL = frozenset([
    "aed", "afn", "all", "amd", "ang", "aoa", "ars", "aud", "awg", "azn", "bam", "bbd", "bdt", "bgn",
    "bmd", "bnd", "bob", "brl", "bsd", "bwp", "byn", "bzd", "cad", "cdf", "chf", "cny", "cop", "crc",
    "cve", "czk", "dkk", "dop", "dzd", "egp", "etb", "eur", "fjd", "fkp", "gbp", "gel", "gip", "gmd",
    "gtq", "gyd", "hkd", "hnl", "htg", "huf", "idr", "ils", "inr", "jmd", "kes", "kgs", "khr", "kyd",
    "kzt", "lak", "lbp", "lkr", "lrd", "lsl", "mad", "mdl", "mkd", "mmk", "mnt", "mop", "mur", "mvr",
    "mwk", "mxn", "myr", "mzn", "nad", "ngn", "nio", "nok", "npr", "nzd", "pab", "pen", "pgk", "php",
    "pkr", "pln", "qar", "ron", "rsd", "rub", "sar", "sbd", "scr", "sek", "sgd", "shp", "sle", "sos",
    "srd", "std", "szl", "thb", "tjs", "top", "try", "ttd", "twd", "tzs", "uah", "usd", "uyu", "uzs",
    "wst", "xcd", "yer", "zar", "zmw",
])  # fmt: skip
CURRENCIES = ZERO_DECIMAL | HUNDREDS_ONLY | THREE_DECIMAL | TWO_DECIMAL

# Stripe publishes a least charge per settlement currency; a currency without one takes any positive amount.
LEAST_CHARGE = {
    "aed": 200, "aud": 50, "bgn": 100, "brl": 50, "cad": 50, "chf": 50, "czk": 1500, "dkk": 250, "eur": 50,
    "gbp": 30, "hkd": 400, "huf": 17500, "inr": 50, "jpy": 50, "mxn": 1000, "myr": 200, "nok": 300,
    "nzd": 50, "pln": 200, "ron": 200, "sek": 300, "sgd": 50, "thb": 1000, "usd": 50,
}  # fmt: skip
GREATEST_CHARGE = 99_999_999


def decimals_of(currency: str) -> int:
    """How many digits of an amount stand after the decimal point, for showing it."""
    if currency in ZERO_DECIMAL:
        return 0
    return 3 if currency in THREE_DECIMAL else 2


def format_amount(amount_minor: int, currency: str) -> str:
    """Write an amount for people: `$1,234.50`, `¥500`, `CHF 12.00`."""
    decimals = decimals_of(currency)
    sign = "-" if amount_minor < 0 else ""
    whole, part = divmod(abs(amount_minor), 10**decimals)
    digits = f"{whole:,}" + (f".{part:0{decimals}d}" if decimals else "")
    symbol = {"usd": "$", "eur": "€", "gbp": "£", "jpy": "¥"}.get(currency, f"{currency.upper()} ")
    return f"{sign}{symbol}{digits}"


def check_currency(currency: str, param: str = "currency") -> str:
    """Return the currency in lower case; raises ApiError (400) for one that Stripe does not know."""
    lowered = currency.lower()
    if lowered not in CURRENCIES:
        known = ", ".join(sorted(CURRENCIES))
        raise invalid_request(
            f"Invalid currency: {currency}. Stripe currently supports these currencies: {known}", param=param
        )
    return lowered


def check_charge_amount(amount_minor: int, currency: str, param: str = "amount") -> None:
    """Raise ApiError (400) for an amount that Stripe would not charge in this currency."""
    if amount_minor < 1:
        raise _invalid(f"Invalid positive integer: {amount_minor}", param, "parameter_invalid_integer")
    least = LEAST_CHARGE.get(currency, 1)
    if amount_minor < least:
        shown = format_amount(least, currency)
        raise _invalid(f"Amount must be at least {shown} {currency}", param, "amount_too_small")
    if amount_minor > GREATEST_CHARGE:
        shown = format_amount(GREATEST_CHARGE, currency)
        raise _invalid(f"Amount must be no more than {shown} {currency}", param, "amount_too_large")
    check_granularity(amount_minor, currency, param)


def check_granularity(amount_minor: int, currency: str, param: str = "amount") -> None:
    """Raise ApiError (400) where a currency's amounts must end in 0 or 00."""
    step = 100 if currency in HUNDREDS_ONLY else 10 if currency in THREE_DECIMAL else 1
    if amount_minor % step:
        raise _invalid(
            f"Invalid amount: amounts in {currency} must be divisible by {step}",
            param,
            "invalid_charge_amount",
        )


def _invalid(message: str, param: str, code: str) -> ApiError:
    return invalid_request(message, param=param, code=code)
