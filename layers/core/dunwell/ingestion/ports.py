"""What taking in records needs from outside."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from dunwell.ingestion.records import Record, Reject
from dunwell.ledger.change import Change


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of records: each was written, known already (or older than what is known), or rejected."""

    written: int = 0
    unchanged: int = 0
    rejects: tuple[Reject, ...] = ()


class RecordSink(Protocol):
    """Takes records into the ledger."""

    def take(self, source: str, records: Sequence[Record], customer_id: str = "") -> Taken:
        """Take one customer's records; safe to repeat.

        Args:
            source: with a customer's number, an invoice's number or a payment's reference, the key of a record; a
                payment of source ``stripe`` has the same key as one that the gateway's report posts.
            customer_id: Dunwell's own id of the customer, when the source was told it; else the customer is found
                by source and number, and made by a ``CustomerRecord`` when there is none.

        Raises:
            ConflictError, UnavailableError: nothing or a part was taken; take it again later.
        """
        ...


class ChangeWatcher(Protocol):
    """Learns of invoices and customers before they are in the ledger, such as an index that leads to them."""

    def note(self, change: Change) -> None:
        """Learn of a change that is about to be committed; it may be told again, and it may never come to be."""
        ...


class PaymentReports(Protocol):
    """Does what the gateway's own report of a payment would have done."""

    def look(self, reference: str) -> bool:
        """Look at a payment of ours at the gateway and post, note or announce what became of it; safe to repeat.

        Returns:
            Whether its customer is known; the money of one who is not is kept apart.

        Raises:
            ConflictError, UnavailableError: look again later.
        """
        ...
