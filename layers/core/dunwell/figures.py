"""Figures from outside the books, each with the day on which it could first be read: about a customer, an industry or
everybody.

A figure is used from the day after its publication on. One that is corrected later is a second figure of the same
period, so that what was known on a day stays what was known.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from math import isfinite
from typing import NamedTuple

OF_CUSTOMERS = ("credit_score", "industry", "size", "region", "customer_since")
"""What figures tell of a customer: a score of one scale, a line of business, how many employees it has, a subdivision
such as NY, and the day on which it became a customer."""
SERIES = ("industry_payment_trend", "insolvency_rate", "unemployment")
"""Monthly series, each about an industry or, where it names none, about everybody. More is worse in all of them."""
PROXIES = {
    "industry": "who owns and who works in a line of business differs by origin and sex",
    "region": "where somebody lives can stand for origin and religion",
    "size": "who owns a small business differs by origin and sex",
}
"""What may stand for who somebody is, and for what: used only where a creditor's policy says so, and why."""
WORDS = frozenset({"industry", "region"})
LONGEST_VALUE = 60
_MONTH = len("2026-05")


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure.

    Attributes:
        name: one of ``OF_CUSTOMERS`` or ``SERIES``.
        period: the day or month that it describes, ``2026-05-31`` or ``2026-05``.
        value: a number as plain decimal digits; a word for industry and region; a day for customer_since.
        about: the industry that a series is about, empty for everybody; of a customer's figure the customer, or empty
            where it stands with the customer.
        told_by: who said so, such as a credit bureau.
    """

    name: str
    period: str
    published_on: date
    value: str
    about: str = ""
    told_by: str = ""


class Fault(NamedTuple):
    """What is wrong with a figure: in which of its attributes, and what to do about it."""

    attribute: str
    reason: str
    fix: str


def fault_of(figure: Figure) -> Fault | None:
    """The first thing that is wrong with a figure, or None."""
    if figure.name not in OF_CUSTOMERS + SERIES:
        return Fault("name", "is no figure that is known here", f"use one of {', '.join(OF_CUSTOMERS + SERIES)}")
    if figure.name in OF_CUSTOMERS and not figure.about:
        return Fault("about", f"is empty: {figure.name} is about a customer", "fill in the customer's number")
    began = _day(figure.period if len(figure.period) > _MONTH else f"{figure.period}-01")
    if began is None:
        return Fault("period", "is neither a day nor a month", "write it as 2026-05-31 or 2026-05")
    if figure.published_on < began:
        return Fault("published_on", "is before the period that it describes began", "correct one of the two dates")
    if figure.name == "customer_since":
        fine, form = _day(figure.value) is not None, "a day such as 2019-05-31"
    elif figure.name in WORDS:
        fine, form = 0 < len(figure.value) <= LONGEST_VALUE, f"a word of at most {LONGEST_VALUE} characters"
    else:
        fine, form = _is_number(figure.value), "a plain number such as 640 or 3.2"
    return None if fine else Fault("value", f"is not {form}", "correct the value")


def word(text: str) -> str:
    """An industry or region as it is compared: ``COMPUTER_SOFTWARE`` and ``Computer Software`` are one."""
    return " ".join(text.replace("_", " ").casefold().split())


class Figures:
    """Figures by name and what they are about, in order of publication."""

    def __init__(self, figures: Iterable[Figure] = ()) -> None:
        self._found: dict[tuple[str, str], list[Figure]] = defaultdict(list)
        for one in sorted(figures, key=lambda one: one.published_on):
            self._found[one.name, one.about].append(one)
        self._days = {key: [one.published_on for one in found] for key, found in self._found.items()}

    def known(self, name: str, as_of: date, about: str = "") -> dict[str, str]:
        """Period → value, as it was last published before a day, in order of periods."""
        key = (name, about)
        if key not in self._days:
            return {}
        published = self._found[key][: bisect_left(self._days[key], as_of)]
        newest = {one.period: one.value for one in published}
        return dict(sorted(newest.items()))

    def newest(self, name: str, as_of: date, about: str = "") -> str | None:
        """The newest period's value as it was last published before a day; None when there was none."""
        known = self.known(name, as_of, about)
        return next(reversed(known.values())) if known else None


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if len(text) == len("2026-05-31") else None
    except ValueError:
        return None


def _is_number(text: str) -> bool:
    try:
        return len(text) <= LONGEST_VALUE and isfinite(float(text))
    except ValueError:
        return False
