"""What became of rows, in numbers that parts of a file add up to."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from dunwell.ingestion.records import (
    CreditNoteRecord,
    CustomerRecord,
    FigureRecord,
    InvoiceRecord,
    PaymentRecord,
    Receivable,
    Reject,
)
from dunwell.ingestion.tally import Tally

_KINDS = {InvoiceRecord: "invoice", CreditNoteRecord: "credit_note", PaymentRecord: "payment"}


@dataclass(slots=True)
class Totals:
    """``rows`` = ``in_ledger`` + ``rejected`` + ``later``.

    Attributes:
        in_ledger: rows that the ledger holds now, whether this run or an earlier one brought them.
        written: those of them that brought something new.
        later: rows dated after the business date, left out.
        waiting: rows of ``in_ledger`` whose settlement or credit score is dated after the business date.
        skipped: rows that the mapping leaves out; not among ``rows``.
        reasons: how many rows each reason cost.
        counts, amounts_minor: of the rows in the ledger, by kind and currency such as ``invoice USD`` (minor units).
        left_out: column → unreadable values that the mapping says to leave out.
        state: a Singer tap's bookmark as of the last batch.
    """

    in_ledger: int = 0
    written: int = 0
    later: int = 0
    waiting: int = 0
    rejected: int = 0
    skipped: int = 0
    reasons: dict[str, int] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    amounts_minor: dict[str, int] = field(default_factory=dict)
    left_out: dict[str, int] = field(default_factory=dict)
    state: Any = None

    @property
    def rows(self) -> int:
        """How many rows are accounted for."""
        return self.in_ledger + self.rejected + self.later

    def take(self, tally: Tally, today: date) -> None:
        """Add a customer's rows; their rejects are counted apart (``reject``)."""
        self.in_ledger += tally.in_ledger
        self.written += tally.written
        self.later += tally.later
        for row in tally.taken:
            record = row.invoice if isinstance(row, Receivable) else row
            if isinstance(record, CustomerRecord):
                self.waiting += record.credit_score_on is not None and record.credit_score_on > today
                continue
            if isinstance(record, FigureRecord):
                self.counts[f"figure {record.name}"] = self.counts.get(f"figure {record.name}", 0) + 1
                continue
            if isinstance(record, InvoiceRecord) and record.settled_on and record.settled_on > today:
                self.waiting += 1
            key = f"{_KINDS[type(record)]} {record.currency}"
            self.counts[key] = self.counts.get(key, 0) + 1
            self.amounts_minor[key] = self.amounts_minor.get(key, 0) + record.amount_minor

    def reject(self, rejects: Sequence[Reject]) -> None:
        """Count rejected rows by reason."""
        self.rejected += len(rejects)
        _add(self.reasons, Counter(reject.reason for reject in rejects))

    def add(self, other: "Totals") -> None:
        """Add those of the next part."""
        for name in ("in_ledger", "written", "later", "waiting", "rejected", "skipped"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        for name in ("reasons", "counts", "amounts_minor", "left_out"):
            _add(getattr(self, name), getattr(other, name))
        self.state = other.state if other.state is not None else self.state


def add_all(parts: Iterable[Totals]) -> Totals:
    """The totals of all parts."""
    whole = Totals()
    for part in parts:
        whole.add(part)
    return whole


def _add(sums: dict[str, int], more: "Counter[str] | dict[str, int]") -> None:
    for key, number in more.items():
        sums[key] = sums.get(key, 0) + number
