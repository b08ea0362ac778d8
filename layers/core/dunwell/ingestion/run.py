"""One file into the ledger: rows read, customers imported, every row accounted for."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from dunwell.errors import ConflictError
from dunwell.ingestion.importing import Origin, Tally, customer_id, import_records
from dunwell.ingestion.records import Receivable, Reject, RejectedRowError
from dunwell.ingestion.table import Table
from dunwell.ledger.ports import Ledger
from dunwell.ledger.update import ATTEMPTS

InParallel = Callable[[Callable[[Sequence[Receivable]], Tally], Iterable[Sequence[Receivable]]], Iterable[Tally]]


@dataclass(frozen=True, slots=True)
class RunRecord:
    """What became of a file. ``rows`` = ``in_ledger`` + ``rejected`` + ``later``.

    Attributes:
        status: ``done``, or ``failed`` when the file as a whole could not be read; ``failure`` says why.
        in_ledger: rows that the ledger holds now, whether this run or an earlier one brought them.
        later: rows dated after the business date, left out.
        rejects_by_reason: how many rows each reason cost.
    """

    status: str
    file: str
    source: str
    business_date: date
    rows: int = 0
    in_ledger: int = 0
    later: int = 0
    rejected: int = 0
    customers: int = 0
    rejects_by_reason: tuple[tuple[str, int], ...] = ()
    failure: str = ""


class FileImport:
    """Imports tables into a ledger.

    Args:
        in_parallel: like ``map``; customers are independent of each other.
    """

    def __init__(self, ledger: Ledger, creditor_id: str, in_parallel: InParallel = map) -> None:
        self._ledger = ledger
        self._creditor_id = creditor_id
        self._in_parallel = in_parallel

    def run(self, file: str, table: Table, today: date, at: datetime) -> tuple[RunRecord, list[Reject]]:
        """Import a table as of a business date; the rejects in the order of their lines."""
        rows, by_customer, rejects = _read(table)
        source = table.mapping.name

        def one(receivables: Sequence[Receivable]) -> Tally:
            return self._customer(receivables, Origin(self._creditor_id, source, today, at))

        in_ledger = later = 0
        for tally in self._in_parallel(one, by_customer.values()):
            in_ledger += tally.in_ledger
            later += tally.later
            rejects.extend(replace(reject, column=table.mapping.column_of(reject.column)) for reject in tally.rejects)
        rejects.sort(key=lambda reject: reject.line)
        reasons = Counter(reject.reason for reject in rejects)
        record = RunRecord(
            status="done",
            file=file,
            source=source,
            business_date=today,
            rows=rows,
            in_ledger=in_ledger,
            later=later,
            rejected=len(rejects),
            customers=len(by_customer),
            rejects_by_reason=tuple(reasons.most_common()),
        )
        return record, rejects

    def _customer(self, rows: Sequence[Receivable], origin: Origin) -> Tally:
        """Import one customer's rows, afresh after a lost race."""
        key = customer_id(origin.creditor_id, origin.source, rows[0].customer.customer_number)
        for attempt in range(1, ATTEMPTS + 1):
            imported = import_records(self._ledger.load(key), rows, origin)
            try:
                for change in imported.changes:
                    self._ledger.commit(change)
            except ConflictError:
                if attempt == ATTEMPTS:
                    raise
            else:
                return imported.tally
        raise AssertionError("unreachable: the last attempt returns or raises")


def _read(table: Table) -> tuple[int, dict[str, list[Receivable]], list[Reject]]:
    """The table's rows by customer number, and what was wrong with the others."""
    by_customer: dict[str, list[Receivable]] = {}
    rejects: list[Reject] = []
    rows = 0
    for line, row in table.rows():
        rows += 1
        if isinstance(row, RejectedRowError):
            rejects.append(row.reject)
            continue
        try:
            receivable = table.mapping.read(line, row)
        except RejectedRowError as error:
            rejects.append(error.reject)
        else:
            by_customer.setdefault(receivable.customer.customer_number, []).append(receivable)
    return rows, by_customer, rejects
