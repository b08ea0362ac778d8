"""From the text of a cell to a value. Each reader refuses with a reason and a fix, and never repeats the text."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from dunwell.accounts.contact_points import PartOfDay
from dunwell.accounts.model import Channel, CustomerKind
from dunwell.errors import InvalidInputError
from dunwell.ingestion.countries import country_code
from dunwell.ingestion.fields import ValueType
from dunwell.ingestion.languages import is_language
from dunwell.ledger.model import Delivery
from dunwell.money import exponent, parse_amount
from dunwell.timezones import zone

_E164 = re.compile(r"\+(1[2-9][0-9]{9}|[2-9][0-9]{6,14})")
_COUNTRY = re.compile(r"[A-Z]{2}|")
_EMAIL = re.compile(r"[^@\s,;<>\"]+@[^@\s,;<>\"]+\.[^@\s,;<>\".]+")
_NOT_DIALLED = re.compile(r"[\s().\-/\u00a0]+")
_NUMBER = re.compile(r"[+-]?[0-9]{1,15}(\.[0-9]{1,9})?")
_WHOLE = re.compile(r"[+-]?[0-9]{1,18}")
_AROUND_NUMBER = re.compile(r"^(?:[A-Z]{3}|[$€£¥])?\s*(.*?)\s*(?:[A-Z]{3}|[$€£¥])?$", re.DOTALL)
_KINDS = {"": CustomerKind.BUSINESS, "person": CustomerKind.PERSON, "business": CustomerKind.BUSINESS}
_TRUE_FALSE = dict.fromkeys(("yes", "y", "true", "t", "1"), True) | dict.fromkeys(("no", "n", "false", "f", "0"), False)
# Where Stripe counts in other steps than ISO 4217; a test holds this to the gateway adapter's own table.
_STRIPE_PLACES = {"MGA": 0, "ISK": 2, "UGX": 2, "UYI": 2, "IQD": 2, "LYD": 2}
_DOTNET = re.compile(r"/Date\((-?[0-9]{1,16})(?:[+-][0-9]{4})?\)/")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DIGITS_OF_INSTANTS = (10, 13)
_COUNTER_DIGITS = 20
CORRECT = "correct the value"


class RefusedValueError(InvalidInputError):
    """A value that cannot be read: the reason, and what to do about it."""

    def __init__(self, reason: str, fix: str = CORRECT) -> None:
        super().__init__(reason)
        self.fix = fix


class ZeroAmountError(RefusedValueError):
    """An amount of zero where there must be more; some tables leave such rows out."""


def currency(text: str) -> str:
    """An ISO 4217 code in either case; empty stays empty."""
    code = text.upper()
    if code:
        try:
            exponent(code)
        except InvalidInputError:
            raise RefusedValueError("is not an ISO 4217 currency code such as USD") from None
    return code


def country(text: str) -> str:
    """An ISO 3166 alpha-2 code in either case; empty stays empty."""
    code = text.upper()
    if not _COUNTRY.fullmatch(code):
        raise RefusedValueError("is not a two-letter ISO 3166 country code such as US")
    if code and country_code(code) != code:
        raise RefusedValueError("is a country code that stands for no country; write one such as US")
    return code


def country_by_name(text: str) -> str:
    """A code, or an English name as people write it; empty stays empty."""
    code = country_code(text) if text else ""
    if code is None:
        raise RefusedValueError("is neither a country code such as US nor a country's English name")
    return code


def language(text: str) -> str:
    """The ISO 639-1 code at the beginning of a language tag, in either case; empty stays empty."""
    code = re.split(r"[-_]", text.lower(), maxsplit=1)[0]
    if code and not is_language(code):
        raise RefusedValueError("is not a language code (ISO 639-1) such as en or en-US")
    return code


def timezone(text: str) -> str:
    """An IANA name; empty stays empty."""
    if text:
        try:
            zone(text)
        except InvalidInputError:
            raise RefusedValueError("is not an IANA time zone such as America/Chicago") from None
    return text


def customer_kind(text: str) -> CustomerKind:
    """Person or business; empty is a business."""
    try:
        return _KINDS[text.lower()]
    except KeyError:
        raise RefusedValueError("is neither person nor business") from None


def channel(text: str) -> str:
    """A way of reaching a customer; empty stays empty."""
    try:
        return Channel(text.lower()).value if text else ""
    except ValueError:
        raise RefusedValueError(f"is not a channel: use one of {', '.join(Channel)}") from None


def part_of_day(text: str) -> str:
    """When somebody wants to be written to; empty stays empty."""
    try:
        return PartOfDay(text.lower()).value if text else ""
    except ValueError:
        raise RefusedValueError(f"is not a part of the day: use one of {', '.join(PartOfDay)}") from None


def delivery(text: str) -> Delivery | None:
    """How an invoice was sent; empty is not known."""
    try:
        return Delivery(text.lower()) if text else None
    except ValueError:
        raise RefusedValueError(f"is not a way of sending an invoice: use one of {', '.join(Delivery)}") from None


def boolean(text: str) -> bool:
    """Yes or no; empty is no."""
    try:
        return _TRUE_FALSE[text.lower()] if text else False
    except KeyError:
        raise RefusedValueError("is neither yes nor no") from None


def email(text: str) -> str:
    """One address; empty stays empty."""
    if text and not _EMAIL.fullmatch(text):
        raise RefusedValueError("is not an e-mail address")
    return text


def phone(text: str, calling_code: str = "") -> str:
    """A number in E.164; what people put between digits is left out.

    Args:
        calling_code: digits of the country whose national numbers are taken too, such as ``1``; empty: none.
    """
    dialled = _NOT_DIALLED.sub("", text)
    if dialled.startswith("00"):
        dialled = "+" + dialled[2:]
    if dialled and calling_code and not dialled.startswith("+"):
        national = dialled.lstrip("0")
        whole = calling_code == "1" and len(national) == 11 and national.startswith("1")
        dialled = f"+{national}" if whole else f"+{calling_code}{national}"
    if dialled and not _E164.fullmatch(dialled):
        raise RefusedValueError("is not a telephone number in the form +12125550123")
    return dialled


def amount(text: str, code: str, decimal: str = ".", thousands: str = "") -> int:
    """A decimal number as minor units of a currency.

    Args:
        decimal: ``.`` or ``,``.
        thousands: what stands between groups of three; with it, a currency's sign or code around the number, and
            parentheses or a trailing minus for a negative number, are understood too.
    """
    plain = text if decimal == "." and not thousands else _plain_number(text, decimal, thousands)
    try:
        return parse_amount(plain, code)
    except InvalidInputError as error:
        reason = str(error)
        if decimal == ",":
            reason = reason.replace("1234.50", "1234,50").replace("the dot", "the comma")
        raise RefusedValueError(reason) from None


def _plain_number(text: str, decimal: str, thousands: str) -> str:
    """The number with a dot and nothing between its digits, or what stood there, for the reader to refuse."""
    core = text
    if thousands:
        negative = core.startswith("(") and core.endswith(")")
        core = core[1:-1] if negative else core
        sign = "-" if negative or core.startswith("-") or core.endswith("-") else ""
        core = core.strip("-") if sign and not negative else core
        core = sign + (_AROUND_NUMBER.fullmatch(core) or _AROUND_NUMBER.fullmatch(""))[1]  # type: ignore[index]
    whole, point, fraction = core.partition(decimal)
    if thousands and thousands in whole:
        groups = whole.lstrip("+-").split(thousands)
        if not (1 <= len(groups[0]) <= 3 and all(len(group) == 3 for group in groups[1:])):
            return "?"
        whole = whole.replace(thousands, "")
    other = "," if decimal == "." else "."
    return "?" if other in whole + fraction or "." in whole else whole + ("." if point else "") + fraction


def number(text: str, decimal: str = ".", thousands: str = "") -> str:
    """A decimal number as plain digits; empty stays empty."""
    if not text:
        return text
    plain = text if decimal == "." and not thousands else _plain_number(text, decimal, thousands)
    if not _NUMBER.fullmatch(plain):
        raise RefusedValueError("is not a number such as 640")
    return plain


def minor_units(text: str, code: str, places: dict[str, int] | None = None) -> int:
    """A whole number that counts a currency's smallest unit.

    Args:
        places: decimal places of the currencies that the source counts otherwise than ISO 4217.
    """
    if not _WHOLE.fullmatch(text):
        raise RefusedValueError("is not a whole number of the currency's smallest unit, such as 123450")
    counted = (places or {}).get(code, exponent(code))
    scaled = Decimal(int(text)).scaleb(exponent(code) - counted)
    if scaled != scaled.to_integral_value():
        raise RefusedValueError(f"is finer than the smallest unit of {code}")
    return int(scaled)


def stripe_units(text: str, code: str) -> int:
    """An amount as Stripe counts it."""
    return minor_units(text, code, _STRIPE_PLACES)


def version(text: str) -> str:
    """What orders descriptions of a record, so that later ones compare greater: instants in UTC, counters padded."""
    instant = _DOTNET.fullmatch(text)
    try:
        if instant or (text.isdecimal() and len(text) in _DIGITS_OF_INSTANTS):
            count = int(instant[1]) if instant else int(text)
            return _utc(_EPOCH + timedelta(milliseconds=count * (1000 if len(str(count)) == 10 else 1)))
        if "T" in text or " " in text:
            found = datetime.fromisoformat(text.replace(" UTC", "+00:00"))
            return _utc(found if found.tzinfo else found.replace(tzinfo=UTC))
    except (ValueError, OverflowError):
        return text
    return text.zfill(_COUNTER_DIGITS) if text.isdecimal() else text


def _utc(instant: datetime) -> str:
    return instant.astimezone(UTC).isoformat(timespec="microseconds")


def plain_decimal(text: str) -> str:
    """A number that may be written with an exponent, as plain digits; anything else as it is."""
    try:
        return format(Decimal(text), "f") if "e" in text.lower() else text
    except InvalidOperation:
        return text


SIMPLE: dict[ValueType, Callable[[str], Any]] = {
    ValueType.TEXT: str,
    ValueType.UPPER: str.upper,
    ValueType.LANGUAGE: language,
    ValueType.VERSION: version,
    ValueType.CURRENCY: currency,
    ValueType.COUNTRY: country,
    ValueType.TIMEZONE: timezone,
    ValueType.EMAIL: email,
    ValueType.PHONE: phone,
    ValueType.CUSTOMER_KIND: customer_kind,
    ValueType.CHANNEL: channel,
    ValueType.PART_OF_DAY: part_of_day,
    ValueType.DELIVERY: delivery,
    ValueType.BOOLEAN: boolean,
}
"""Readers that need nothing but the text."""
