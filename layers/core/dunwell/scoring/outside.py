"""What figures beside the ledger say of a customer, as a model that was trained on them takes it: one definition for
training and serving.

A figure counts from the day after its publication on, and not for ever: a score or a month's figure that nobody
renewed for a year says nothing more. What is not known is zero, which is where the model's own answer stays as it is.
"""

from calendar import month_name
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from math import log10
from typing import Any

from dunwell.figures import OF_CUSTOMERS, PROXIES, SERIES, WORDS, Figure, Figures
from dunwell.scoring.model_data import number_of, numbers_of, text_of, texts_of

STALE_DAYS = 366
LEAST_STEP = 1e-9
MOST_STEPS = 3.0  # beyond, a figure says no more than here
_YEAR_DAYS = 365.25
_RUN = 2  # so many rises in a row are a trend

# Above what is usual, and below it.
_LEVELS = {
    "credit_score": ("The credit score is high.", "The credit score is low."),
    "size": ("The business has more employees than most here.", "The business has fewer employees than most here."),
    "customer_since": ("This has been a customer for longer than most.", "This has been a customer for a short time."),
    "industry_payment_trend": ("{whose} payments are slower than usual.", "{whose} payments are faster than usual."),
    "insolvency_rate": ("Insolvencies are more frequent than usual.", "Insolvencies are rarer than usual."),
    "unemployment": ("Unemployment is higher than usual.", "Unemployment is lower than usual."),
}
_TRENDS = {
    "industry_payment_trend": (
        "{whose} payments have been slowing since {since}.",
        "{whose} payments have been getting faster since {since}.",
    ),
    "insolvency_rate": (
        "Insolvencies have been rising since {since}.",
        "Insolvencies have been falling since {since}.",
    ),
    "unemployment": ("Unemployment has been rising since {since}.", "Unemployment has been falling since {since}."),
}
_WORDED = {"industry": "The line of business is {word}.", "region": "The customer is in {word}."}


@dataclass(frozen=True, slots=True)
class OutsideInput:
    """An input of a model from outside the ledger.

    Attributes:
        name: of the figures that it is made of (``dunwell.figures``).
        usual, step: of a number: what the model learnt from was so on average, and differed by so much.
        words: of a word: those that the model knows, each with a column of its own; shares: how frequent each was in
            what the model learnt from, so that what is usual is zero here too.
        by_industry: of a series: the customer's industry's own, where there is one, instead of everybody's.
    """

    name: str
    usual: float = 0.0
    step: float = 1.0
    words: tuple[str, ...] = ()
    shares: tuple[float, ...] = ()
    by_industry: bool = False

    @property
    def columns(self) -> int:
        """How many columns it has."""
        return len(self.words) or 1


def read_input(plain: Mapping[str, Any]) -> OutsideInput:
    """An input from a model's record. ValueError when it has another form or is none that is known, TypeError when
    something is too much.
    """
    name = text_of(plain.get("name"), "an input's name")
    if name not in OF_CUSTOMERS and name not in SERIES:
        raise ValueError(f"nothing is known of an input called {name!r}")
    words = texts_of(plain.get("words", []), f"the words of {name}")
    if bool(words) != (name in WORDS):
        raise ValueError(f"the words of {name} are {words}")
    checked = {
        "name": name,
        "words": words,
        "shares": numbers_of(plain.get("shares", []), f"the shares of {name}", len(words)),
        "usual": number_of(plain.get("usual", 0.0), f"what is usual of {name}"),
        "step": number_of(plain.get("step", 1.0), f"the step of {name}", LEAST_STEP),
    }
    if not isinstance(by_industry := plain.get("by_industry", False), bool):
        raise ValueError(f"by_industry of {name} has to be true or false")
    return OutsideInput(**{**plain, **checked, "by_industry": by_industry})


class Told:
    """What figures say of one customer on a day.

    Attributes:
        row: the columns of the inputs, in their order.
    """

    __slots__ = ("_as_of", "_industry", "_inputs", "_own", "_series", "row")

    def __init__(
        self, inputs: Sequence[OutsideInput], own: Figures, series: Figures, as_of: date, proxies: Collection[str]
    ) -> None:
        self._inputs, self._own, self._series, self._as_of = inputs, own, series, as_of
        self._industry = (own.newest("industry", as_of) or "") if "industry" in proxies else ""
        allowed = [one.name not in PROXIES or one.name in proxies for one in inputs]
        self.row: tuple[float, ...] = tuple(
            value
            for one, may in zip(inputs, allowed, strict=True)
            for value in (self._columns(one) if may else [0.0] * one.columns)
        )

    def said(self, number: int) -> tuple[str, str]:
        """An input's name and what it says, as a sentence; ``number`` counts the inputs."""
        one = self._inputs[number]
        return one.name, self._sentence(one)

    def _sentence(self, one: OutsideInput) -> str:
        if one.words:
            word = self._own.newest(one.name, self._as_of) or ""
            return _WORDED[one.name].format(word=word.upper() if one.name == "region" and len(word) < 4 else word)
        above = (self.value(one) or 0.0) > one.usual
        about, known = self._about(one)
        whose = "The industry's" if about else "Businesses'"
        since = _rising_since(list(known.items()), 1 if above else -1) if one.name in SERIES else ""
        form = (_TRENDS if since else _LEVELS)[one.name][not above]
        return form.format(whose=whose, since=_month(since, self._as_of))

    def value(self, one: OutsideInput) -> float | None:
        """A number as it is compared: the size's order of magnitude, the years since somebody became a customer."""
        _, known = self._about(one)
        if not known:
            return None
        period, text = next(reversed(known.items()))
        if one.name == "customer_since":
            return max(0.0, (self._as_of - date.fromisoformat(text)).days / _YEAR_DAYS)
        if one.name == "size":
            return log10(max(1.0, float(text)))
        began = date.fromisoformat(period if len(period) > len("2026-05") else f"{period}-01")
        return float(text) if (self._as_of - began).days <= STALE_DAYS else None

    def _columns(self, one: OutsideInput) -> list[float]:
        if one.words:
            word = self._own.newest(one.name, self._as_of)
            if word not in one.words:
                return [0.0] * one.columns
            return [float(word == known) - share for known, share in zip(one.words, one.shares, strict=True)]
        value = self.value(one)
        return [0.0 if value is None else max(-MOST_STEPS, min(MOST_STEPS, (value - one.usual) / one.step))]

    def _about(self, one: OutsideInput) -> tuple[str, dict[str, str]]:
        """The industry whose figures are meant, empty for everybody's or the customer's own, and these figures."""
        if one.name not in SERIES:
            return "", self._own.known(one.name, self._as_of)
        if one.by_industry and (known := self._series.known(one.name, self._as_of, self._industry)):
            return self._industry, known
        return "", self._series.known(one.name, self._as_of)


class Outside:
    """What was published beside the ledger, and what of it a creditor lets scoring use.

    Args:
        series: gives every figure of a series; asked once, and only for a model that was trained on it.
        proxies: the names of ``dunwell.figures.PROXIES`` that the creditor's policy switches on.
    """

    def __init__(self, series: Callable[[str], Sequence[Figure]], proxies: Collection[str] | Mapping[str, str]) -> None:
        self._read = series
        self._proxies = frozenset(proxies)
        self._known: dict[str, Sequence[Figure]] = {}

    def told(self, customers: Sequence[Sequence[Figure]], inputs: Sequence[OutsideInput], as_of: date) -> list[Told]:
        """What is said of each customer, given its own figures; nothing for a model without such inputs."""
        if not inputs:
            return []
        for one in inputs:
            if one.name in SERIES and one.name not in self._known:
                self._known[one.name] = self._read(one.name)
        series = Figures(figure for figures in self._known.values() for figure in figures)
        return [Told(inputs, Figures(own), series, as_of, self._proxies) for own in customers]


def _rising_since(known: Sequence[tuple[str, str]], sign: int) -> str:
    """The period in which a rise (sign 1) or fall (-1) began that still goes on; empty when there is none."""
    since, steps = "", 0
    for (_, before), (period, after) in reversed(list(pairwise(known))):
        if sign * (float(after) - float(before)) <= 0:
            break
        since, steps = period, steps + 1
    return since if steps >= _RUN else ""


def _month(period: str, as_of: date) -> str:
    if not period:
        return ""
    year, month = int(period[:4]), int(period[5:7])
    return month_name[month] if (as_of.year - year) * 12 + as_of.month - month < 12 else f"{month_name[month]} {year}"
