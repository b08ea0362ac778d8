"""Figures about industries and everybody: a partition a series, an item a figure, only ever added."""

from collections.abc import Sequence

from dunwell.errors import ConflictError
from dunwell.figures import Figure
from dunwell_aws.table import NEW, Table, from_plain, series_partition, to_plain

PUBLISHED = "ON#"


class DynamoSeries:
    """``dunwell.ingestion.figures.SeriesStore`` and ``dunwell.scoring.outside.PublishedSeries`` over the one table."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def series(self, name: str) -> list[Figure]:
        """See the ports. One query; a read unit for some forty figures."""
        return [from_plain(Figure, one) for one in self._table.query(series_partition(name), PUBLISHED)]

    def add(self, figures: Sequence[Figure]) -> None:
        """See the port. One conditional put a figure, so that what is there already is found and stays."""
        for figure in figures:
            key = {"pk": series_partition(figure.name), "sk": _sort_key(figure)}
            try:
                self._table.write([self._table.put(key | to_plain(figure, defaults=False), NEW)])
            except ConflictError:
                known = {_sort_key(one): one.value for one in self.series(figure.name)}
                if known.get(key["sk"]) != figure.value:
                    raise


def _sort_key(figure: Figure) -> str:
    return f"{PUBLISHED}{figure.published_on}#{figure.period}#{figure.about}"
