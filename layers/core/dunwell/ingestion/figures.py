"""Figures that rows bring: of a customer, kept with its account; of an industry or everybody, in a store of their own.

What was known before is never overwritten: a figure is only ever added.
"""

from collections.abc import Sequence
from datetime import date
from typing import Protocol

from dunwell.figures import Figure, Figures, word
from dunwell.ingestion.records import CustomerRecord, FigureRecord, Reject
from dunwell.ingestion.tally import Tally

_KNOWN_OTHERWISE = "another value is known that was published on the same day for the same period"
_CORRECTION = "give a correction the day on which it was published; what was known before stays"


class SeriesStore(Protocol):
    """Keeps figures about industries and about everybody."""

    def series(self, name: str) -> list[Figure]:
        """Every figure of a series, as it stands now."""
        ...

    def add(self, figures: Sequence[Figure]) -> None:
        """Keep new figures of one series; again changes nothing.

        Raises:
            ConflictError: somebody else added another value of the same period and day of publication meanwhile.
        """
        ...


def told(record: CustomerRecord, known: Sequence[Figure], today: date) -> list[Figure]:
    """The figures that a customer's description brings: those whose newest value is another one now.

    A score is known from the day that the source gives it, all else from the business date on which it first came.
    """
    scored_on = record.credit_score_on or today
    said = [Figure("credit_score", f"{scored_on}", scored_on, record.credit_score, told_by=record.credit_score_by)]
    others = {
        "industry": word(record.industry),
        "size": record.size,
        "region": word(record.region),
        "customer_since": f"{record.customer_since or ''}",
    }
    said += [Figure(name, f"{today}", today, value) for name, value in others.items()]
    return [one for one in said if one.value and one.published_on <= today and _is_news(one, known)]


def _is_news(figure: Figure, known: Sequence[Figure]) -> bool:
    before = [one for one in known if one.name == figure.name and one.published_on <= figure.published_on]
    if not before:
        return True
    return Figures(before).newest(figure.name, date.max) != figure.value


def figure_of(record: FigureRecord) -> Figure:
    """The figure that a row tells, as its account or its series keeps it."""
    return Figure(record.name, record.period, record.published_on, record.value, record.industry, record.told_by)


def contradicts(figure: Figure, known: Sequence[Figure]) -> bool:
    """Whether another value is known for the same period, published on the same day."""
    return any(_key(one) == _key(figure) and one.value != figure.value for one in known)


def is_known(figure: Figure, known: Sequence[Figure]) -> bool:
    """Whether the same was told before, by whomever."""
    return any(_key(one) == _key(figure) and one.value == figure.value for one in known)


def unknown_customer(record: FigureRecord) -> Reject:
    """The reject of a row about nobody in the ledger: a figure alone makes no customer."""
    reason = "the ledger knows no customer of this number"
    fix = "send the customer first, or name the source that knows them under this number"
    return Reject(record.line, "about", record.customer_number, reason, fix)


def refused(record: FigureRecord) -> Reject:
    """The reject of a row that contradicts what is known."""
    return Reject(record.line, "value", record.value, _KNOWN_OTHERWISE, _CORRECTION)


def take_series(rows: Sequence[FigureRecord], store: SeriesStore, today: date) -> Tally:
    """Take the rows of one series; those published after today are left for later.

    Raises:
        ConflictError: take them again.
    """
    published = [row for row in rows if row.published_on <= today]
    known = {_key(one): one.value for one in store.series(rows[0].name)} if published else {}
    new: list[Figure] = []
    taken: list[FigureRecord] = []
    rejects: list[Reject] = []
    for row in published:
        figure = figure_of(row)
        key = _key(figure)
        if key not in known:
            known[key] = figure.value
            new.append(figure)
        elif known[key] != figure.value:
            rejects.append(refused(row))
            continue
        taken.append(row)
    if new:
        store.add(new)
    return Tally(len(taken), len(rows) - len(published), tuple(rejects), len(new), tuple(taken), tuple(taken))


def _key(figure: Figure) -> tuple[str, str, str, date]:
    return figure.name, figure.about, figure.period, figure.published_on
