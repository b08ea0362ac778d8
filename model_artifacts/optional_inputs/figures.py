"""The file of figures that training takes: the one that serving's upload takes, read by the same mapping.

Columns `about, name, period, published_on, value` (and `told_by`), as in `infra/sources/dunwell_receivables.yaml`; of a
customer's figure `about` is the ledger's customer_id.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import date
from pathlib import Path
from typing import NamedTuple

from dunwell.figures import OF_CUSTOMERS, Figure, Figures
from dunwell.ingestion.figures import figure_of
from dunwell.ingestion.reading import UnreadableFileError, read_rows
from dunwell.ingestion.records import FigureRecord
from dunwell.scoring.outside import OutsideInput, Told
from dunwell_aws.documents import folder, read_mappings

SOURCE, TABLE = "dunwell_receivables", "figures"


class FiguresError(Exception):
    """The file is not one of figures; says which line is wrong and how."""


class Published(NamedTuple):
    """Figures by customer, and the series about industries and everybody."""

    customers: dict[str, Figures]
    series: Figures

    def of(self, customer_id: str) -> Figures:
        """A customer's own figures."""
        return self.customers.get(customer_id, _NONE)


_NONE = Figures()


class Telling(NamedTuple):
    """Figures as a model that was trained on some of them is told.

    Attributes:
        proxies: those of `dunwell.figures.PROXIES` that may be told.
    """

    published: Published
    inputs: Sequence[OutsideInput]
    proxies: Collection[str]

    def of(self, customer_id: str, day: date) -> Told:
        """What was known of a customer on a day."""
        return Told(self.inputs, self.published.of(customer_id), self.published.series, day, self.proxies)


def published(figures: Iterable[tuple[str, Figure]]) -> Published:
    """Figures by whom they are about: each with its customer's id, empty for a series."""
    own: dict[str, list[Figure]] = defaultdict(list)
    series: list[Figure] = []
    for customer_id, figure in figures:
        (own[customer_id] if figure.name in OF_CUSTOMERS else series).append(figure)
    return Published({customer_id: Figures(found) for customer_id, found in own.items()}, Figures(series))


def read_figures(path: Path) -> Published:
    """Reads a file. FiguresError when it cannot be read, or a row is wrong: the first of them is told."""
    mappings = [one for one in read_mappings(folder("infra")) if one.name == SOURCE]
    found: list[tuple[str, Figure]] = []
    try:
        for batch in read_rows(path.read_bytes(), mappings).batches:
            if batch.table != TABLE:
                raise FiguresError(f"{path} is a file of {batch.table}, not of figures.")
            for one in batch.rejects:
                raise FiguresError(f"{path}, line {one.line}: {one.column} {one.reason}; {one.fix}.")
            rows = (one for one in batch.records if isinstance(one, FigureRecord))
            found += [(one.customer_number, figure_of(one)) for one in rows]
    except (OSError, UnreadableFileError) as error:
        raise FiguresError(f"{path} cannot be read as figures: {error}") from error
    return published(found)
