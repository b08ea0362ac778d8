"""What customers type into the portal's forms: amounts and days, read as they write them, refused in their language."""

import re
from datetime import date
from typing import Any

from babel import Locale
from babel.numbers import get_currency_symbol, get_decimal_symbol

from dunwell.errors import InvalidInputError
from dunwell.money import MAX_WHOLE_DIGITS, exponent
from dunwell_aws.portal.words import Say

_SIGNS = {"$": "USD", "US$": "USD", "€": "EUR", "£": "GBP", "¥": "JPY", "CA$": "CAD"}
_SPACES = dict.fromkeys(map(ord, " \u00a0\u202f\u2009'\u2019"))
_NUMBER = re.compile(r"(?P<sign>[+\-\u2212]?)(?P<digits>[0-9][0-9.,]*|[.,][0-9]+)")
_GROUPED = re.compile(r"[0-9]{1,3}([.,][0-9]{3})+")
_EXAMPLE_UNITS = 25


class MistakeError(InvalidInputError):
    """What is wrong with a field, in the customer's language: the page shows its form again and says so."""


def read_amount(text: str, currency: str, say: Say, field: str = "amount") -> int:
    """An amount greater than zero, in minor units, written with a dot or a comma, with or without the currency's sign.

    Raises:
        MistakeError: it is none. InvalidInputError: the form names a currency that there is not.
    """

    def wrong(key: str, **values: Any) -> MistakeError:
        return MistakeError(say("deals.amount." + key, **values), field=field)

    places = exponent(currency)
    not_number = wrong("not_number", example=say.money(_EXAMPLE_UNITS * 10**places, currency))
    bare = text.translate(_SPACES)
    if not bare:
        raise wrong("empty")
    locale = Locale.parse(say.tag, sep="-")
    named = _named(bare)
    if named not in ("", currency, get_currency_symbol(currency, locale).translate(_SPACES).upper()):
        raise wrong("currency", currency=currency) if _is_currency(named) else not_number
    found = _NUMBER.fullmatch(_without_sign(bare))
    parts = _parts(found["digits"], places, get_decimal_symbol(locale)) if found else None
    if found is None or parts is None:
        raise not_number
    whole, fraction = parts
    if len(fraction) > places:
        raise wrong("too_fine", currency=currency, unit=say.money(1, currency))
    if len(whole) > MAX_WHOLE_DIGITS:
        raise not_number
    amount_minor = int(f"{whole or '0'}{fraction.ljust(places, '0')}")
    if found["sign"] in ("-", "\u2212") or amount_minor <= 0:
        raise wrong("not_positive")
    return amount_minor


def at_most(amount_minor: int, most_minor: int, currency: str, say: Say, field: str = "amount") -> int:
    """The amount, if it is not more than is owed.

    Raises:
        MistakeError: it is more.
    """
    if amount_minor > most_minor:
        raise MistakeError(say("deals.amount.too_much", most=say.money(most_minor, currency)), field=field)
    return amount_minor


def read_day(text: str, first: date, last: date, say: Say, field: str) -> date:
    """A day within bounds, both included, as date fields send it.

    Raises:
        MistakeError: it is none, or outside.
    """
    try:
        day = date.fromisoformat(text.strip())
    except ValueError:
        raise MistakeError(say("deals.day.not_day"), field=field) from None
    if not first <= day <= last:
        raise MistakeError(say("deals.day.outside", first=say.date(first), last=say.date(last)), field=field)
    return day


def read_currency(text: str) -> str:
    """A currency that a form or an address names.

    Raises:
        InvalidInputError: there is none of this name.
    """
    exponent(text)
    return text


def _named(bare: str) -> str:
    """The currency that is written with an amount; empty for none, and the words themselves when nobody knows them."""
    letters = re.sub(r"[0-9.,+\-\u2212]", "", bare).upper()
    return _SIGNS.get(letters, letters)


def _is_currency(named: str) -> bool:
    """Whether the letters beside a number name a currency."""
    try:
        exponent(named)
    except InvalidInputError:
        return False
    return True


def _without_sign(bare: str) -> str:
    return re.sub(r"[^0-9.,+\-\u2212]", "", bare)


def _parts(digits: str, places: int, decimal: str) -> tuple[str, str] | None:
    """Whole units and fraction, None when it cannot be told.

    The last of two different marks is the decimal one. A single one is, unless three digits follow it as after a
    thousand, and it is not the language's decimal mark, nor has the currency three decimal places.
    """
    marks = [mark for mark in digits if mark in ".,"]
    if not marks:
        return digits.lstrip("0"), ""
    if len(set(marks)) == 2:
        whole, _, fraction = digits.rpartition(marks[-1])
        if marks[-1] in whole or (whole and not _GROUPED.fullmatch(whole)):
            return None
    elif _GROUPED.fullmatch(digits) and (len(marks) > 1 or (places != 3 and marks[0] != decimal)):
        whole, fraction = digits, ""
    elif len(marks) == 1:
        whole, _, fraction = digits.partition(marks[0])
    else:
        return None
    return re.sub("[.,]", "", whole).lstrip("0"), fraction.rstrip("0")
