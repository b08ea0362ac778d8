"""Files taken into a ledger as the upload's function does it, without a bucket."""

from collections.abc import Sequence
from datetime import date

from dunwell.ingestion.figures import SeriesStore
from dunwell.ingestion.importing import Origin
from dunwell.ingestion.known import KnownFacts, NothingKnown
from dunwell.ingestion.reading import read_rows
from dunwell.ingestion.records import Reject
from dunwell.ingestion.run import WINDOW_ROWS, FileImport, InParallel, RunRecord, record_of
from dunwell.ingestion.taking import Importer
from dunwell.ledger.ports import Ledger
from dunwell_aws.uploads import Sources
from dunwell_aws.workbook import open_workbook
from tests.support.receivables import AT, TODAY, mappings

CREDITOR = "example"


def take_file(
    ledger: Ledger,
    content: bytes,
    known: KnownFacts | None = None,
    *,
    today: date = TODAY,
    window_rows: int = WINDOW_ROWS,
    in_parallel: InParallel = map,
    threads: int = 1,
    series: SeriesStore | None = None,
) -> tuple[RunRecord, list[Reject]]:
    """Import a file; the run record and the rejects as they were written."""
    reading = read_rows(content, mappings())
    files = FileImport(Importer(ledger, CREDITOR, known or NothingKnown(), series=series), in_parallel, threads)
    origin = Origin(CREDITOR, reading.source.name, today, AT)
    rejects: list[Reject] = []

    def take(found: Sequence[Reject]) -> None:
        rejects.extend(found)

    totals = files.run(reading.batches, origin, take, reading.column_of, window_rows)
    return record_of(totals, "x.csv", reading.source.name, today), rejects


def sources() -> Sources:
    """What files are read with."""
    return Sources(mappings(), "1", lambda: open_workbook, "America/New_York")
