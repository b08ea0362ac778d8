"""Figures from outside the ledger, each with the day from which it was known.

One CSV, a figure a row, in the columns `about, name, period, published_on, value`:

    about         what it is about: a customer_id, an industry, or empty for everybody
    name          credit_score, size, tenure_years, industry, region (about a customer); any name for a monthly series
    period        the day or month that it describes, 2026-05-31 or 2026-05
    published_on  the day on which it could first be read; a figure is used from the next day on
    value         a number, for industry and region a word

A figure that is corrected later is a second row with the same period: what was known before is not rewritten.
"""

import csv
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable
from datetime import date
from math import isfinite
from pathlib import Path
from typing import NamedTuple

COLUMNS = ("about", "name", "period", "published_on", "value")
WORDS = {"industry", "region"}


class FiguresError(Exception):
    """The file is not one of figures; says which line is wrong and how."""


class Figure(NamedTuple):
    """One figure; see the module."""

    about: str
    name: str
    period: str
    published_on: date
    value: str


class Figures:
    """Figures by what they are about, each kind in order of publication."""

    def __init__(self, figures: Iterable[Figure]) -> None:
        self._found: dict[tuple[str, str], list[Figure]] = defaultdict(list)
        for one in sorted(figures, key=lambda one: (one.published_on, one.period)):
            self._found[one.about, one.name].append(one)
        self._days = {key: [one.published_on for one in rows] for key, rows in self._found.items()}

    def word(self, about: str, name: str, as_of: date) -> str | None:
        """The newest period's value published before a day; None when there was none."""
        known = self._found.get((about, name), [])[: bisect_left(self._days.get((about, name), []), as_of)]
        if not known:
            return None
        newest = max(one.period for one in known)
        return next(one.value for one in reversed(known) if one.period == newest)

    def number(self, about: str, name: str, as_of: date) -> float | None:
        """The same as a number."""
        word = self.word(about, name, as_of)
        return None if word is None else float(word)


def read_figures(path: Path) -> Figures:
    """Reads a file. FiguresError when it lacks a column, or a row has a wrong date, or a value that is no number."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            if missing := [name for name in COLUMNS if name not in (reader.fieldnames or ())]:
                raise FiguresError(f"{path} lacks the columns {', '.join(missing)}.")
            return Figures([_figure(row, f"{path}, line {reader.line_num}") for row in reader])
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise FiguresError(f"{path} cannot be read as CSV in UTF-8: {error}") from error


def _figure(row: dict[str, str | None], where: str) -> Figure:
    about, name, period, published, value = ((row[column] or "").strip() for column in COLUMNS)
    try:
        published_on = date.fromisoformat(published)
        first_day = date.fromisoformat(period if len(period) > len("2026-05") else f"{period}-01")
    except ValueError:
        raise FiguresError(f"{where}: period and published_on are dates such as 2026-05-31.") from None
    if published_on < first_day:
        raise FiguresError(f"{where}: published before the period that it describes began.")
    if name not in WORDS and not _is_number(value):
        raise FiguresError(f"{where}: {name or 'the figure'} is no number.")
    return Figure(about, name, period, published_on, value)


def _is_number(text: str) -> bool:
    try:
        return isfinite(float(text))
    except ValueError:
        return False
