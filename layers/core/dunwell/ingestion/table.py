"""The first slice's way of reading, kept for the import until it takes canonical records."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from dunwell.ingestion import receivable as old
from dunwell.ingestion.mapping import SourceMapping
from dunwell.ingestion.reading import Reading, UnreadableFileError, read_rows
from dunwell.ingestion.records import Receivable, Reject

__all__ = ["Table", "UnreadableFileError"]


@dataclass(frozen=True, slots=True)
class TableOfReceivables:
    """The mapping of a table, as the import calls it."""

    name: str
    reading: Reading

    def column_of(self, field: str) -> str:
        """The source's own name for a canonical field."""
        return self.reading.column_of(field)

    def read(self, _line: int, row: Receivable) -> old.Receivable:
        """The row in the first slice's form."""
        customer, invoice = row.customer, row.invoice
        return old.Receivable(
            line=invoice.line,
            customer_number=customer.customer_number,
            customer_name=customer.customer_name,
            customer_kind=customer.customer_kind,
            invoice_number=invoice.invoice_number,
            currency=invoice.currency,
            amount_minor=invoice.amount_minor,
            issued_on=invoice.issued_on,
            due_on=invoice.due_on,
            settled_on=invoice.settled_on,
            disputed=invoice.disputed_minor > 0,
            email=customer.email,
            phone=customer.phone,
            language=customer.language or "en",
            country=customer.country,
            region=customer.region,
            postcode=customer.postcode,
            timezone=customer.timezone,
            sms_consent=customer.sms_consent,
        )


class Table:
    """A table of receivables.

    Raises:
        UnreadableFileError: says what the file is instead and what to do.
    """

    def __init__(self, content: bytes, mappings: Sequence[SourceMapping]) -> None:
        self._reading = read_rows(content, mappings)
        self.mapping = TableOfReceivables(self._reading.source.name, self._reading)

    def rows(self) -> Iterator[tuple[int, Receivable | old.RejectedRowError]]:
        """Each row with its line number, or what is wrong with it."""
        for batch in self._reading.batches:
            rows: list[tuple[int, Receivable | old.RejectedRowError]] = [
                (one.line, _old_reject(one)) for one in batch.rejects
            ]
            rows += [(one.invoice.line, one) for one in batch.records if isinstance(one, Receivable)]
            yield from sorted(rows, key=lambda pair: pair[0])


def _old_reject(reject: Reject) -> old.RejectedRowError:
    found = old.Reject(reject.line, reject.column, reject.value, reject.reason, reject.fix)
    return old.RejectedRowError(found)
