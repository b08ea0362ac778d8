"""Amounts, dates and counts as they are written where the customer is (Babel), from the ledger's whole minor units."""

from datetime import date
from decimal import Decimal
from functools import cache

from babel import Locale, UnknownLocaleError
from babel.dates import format_date
from babel.numbers import NumberPattern, format_decimal, format_percent, parse_pattern

from dunwell.errors import InvalidInputError
from dunwell.money import exponent


class Localised:
    """How one locale writes.

    Attributes:
        tag: BCP 47, such as ``de-AT``; what a page says its language is.
    """

    def __init__(self, locale: Locale) -> None:
        self._locale = locale
        self._patterns: dict[int, NumberPattern] = {}
        self.tag = str(locale).replace("_", "-")

    def money(self, amount_minor: int, currency: str) -> str:
        """An amount. The places are ISO 4217's, as in the ledger: other tables would round some currencies away."""
        places = exponent(currency)
        amount = Decimal(amount_minor).scaleb(-places)
        written: str = self._pattern(places).apply(amount, self._locale, currency=currency, currency_digits=False)
        return written

    def percent(self, permille: int) -> str:
        """A share in thousandths, such as ``12.5%``."""
        return format_percent(Decimal(permille).scaleb(-3), "#,##0.##%", self._locale)

    def rate(self, permille: int) -> str:
        """A rate in thousandths as percent without the sign, such as ``12.5``; words around it have the sign."""
        written: str = format_decimal(Decimal(permille) / 10, "0.#", self._locale)
        return written

    def short_date(self, day: date) -> str:
        """A date with the month in letters or as this locale's readers expect it, such as ``Nov 22, 2026``."""
        return format_date(day, "medium", self._locale)

    def long_date(self, day: date) -> str:
        """A date in full, such as ``22 November 2026``."""
        return format_date(day, "long", self._locale)

    def number(self, count: int) -> str:
        """A whole number, such as ``1,234``."""
        written: str = format_decimal(count, locale=self._locale)
        return written

    def plural(self, count: int, one: str, other: str) -> str:
        """The form that goes with a count; ``%(n)s`` in it is the count."""
        form = one if self._locale.plural_form(count) == "one" else other
        return form % {"n": count} if "%(n)s" in form else form

    def _pattern(self, places: int) -> NumberPattern:
        if places not in self._patterns:
            made = parse_pattern(self._locale.currency_formats["standard"].pattern)
            made.frac_prec = (places, places)
            self._patterns[places] = made
        return self._patterns[places]


@cache
def localised(language: str, country: str = "") -> Localised:
    """How a language is written in a country; as in general when that country does not write it.

    Raises:
        InvalidInputError: there is no such language.
    """
    try:
        try:
            return Localised(Locale.parse(f"{language}_{country}") if country else Locale.parse(language))
        except UnknownLocaleError:
            return Localised(Locale.parse(language))
    except (UnknownLocaleError, ValueError):
        raise InvalidInputError(f"{language!r} is not a language that amounts and dates can be written in") from None
