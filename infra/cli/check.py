"""What an import would make of a file, without importing it."""

import csv
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from dunwell.ingestion.mapping import SourceMapping
from dunwell.ingestion.reading import Reading, read_rows
from dunwell.ingestion.records import CustomerRecord, FigureRecord, Receivable, Record, Reject
from dunwell_aws.workbook import open_workbook

SHOWN = 5


@dataclass(slots=True)
class Outcome:
    """A file's rows, counted.

    Attributes:
        totals: kind of record and currency → records and minor units.
        first: the first records and rejects.
    """

    reading: Reading
    rows: int = 0
    records: Counter[str] = field(default_factory=Counter)
    totals: Counter[tuple[str, str]] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    skipped: int = 0
    left_out: Counter[str] = field(default_factory=Counter)
    first: list[Receivable | Record] = field(default_factory=list)
    first_rejects: list[Reject] = field(default_factory=list)


def check(path: Path, mappings: Sequence[SourceMapping], source: str = "", rejects: Path | None = None) -> Outcome:
    """Read a whole file; write its rejects to a CSV file when asked to, which is made only if there are any.

    Raises:
        UnreadableFileError: no mapping understands it.
    """
    with path.open("rb") as file:
        outcome = Outcome(read_rows(file, mappings, source=source, workbook=open_workbook))
        for batch in outcome.reading.batches:
            outcome.rows += batch.rows
            outcome.skipped += batch.skipped
            outcome.left_out.update(batch.left_out)
            outcome.reasons.update(reject.reason for reject in batch.rejects)
            outcome.first += batch.records[: SHOWN - len(outcome.first)]
            outcome.first_rejects += batch.rejects[: SHOWN - len(outcome.first_rejects)]
            if rejects and batch.rejects:
                _append(rejects, batch.rejects, new=outcome.reasons.total() == len(batch.rejects))
            _count(outcome, batch.records)
    return outcome


def _count(outcome: Outcome, records: Sequence[Receivable | Record]) -> None:
    for record in records:
        kind = type(record).__name__.removesuffix("Record")
        outcome.records[kind] += 1
        owed = record.invoice if isinstance(record, Receivable) else record
        if not isinstance(owed, CustomerRecord | FigureRecord):
            outcome.totals[kind, owed.currency] += owed.amount_minor


def _append(path: Path, rejects: Sequence[Reject], *, new: bool) -> None:
    with path.open("w" if new else "a", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        if new:
            writer.writerow(("line", "column", "value", "reason", "fix"))
        writer.writerows((r.line, r.column, _inert(r.value), r.reason, r.fix) for r in rejects)


def _inert(value: str) -> str:
    """A cell that a spreadsheet will not take for a formula."""
    return f"'{value}" if value[:1] in ("=", "+", "-", "@", "\t", "\r") else value
