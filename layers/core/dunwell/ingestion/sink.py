"""Records of a source that is pulled, into the ledger."""

from collections.abc import Callable, Sequence
from datetime import datetime

from dunwell.dates import business_date
from dunwell.ingestion.importing import Origin
from dunwell.ingestion.ports import Taken
from dunwell.ingestion.records import Record, Reject
from dunwell.ingestion.taking import CustomerRows, Importer, customer_key


class LedgerSink:
    """``dunwell.ingestion.ports.RecordSink`` over the ledger.

    Args:
        now: the present instant; zone: the creditor's time zone, whose date is the business date.
    """

    def __init__(self, importer: Importer, now: Callable[[], datetime], zone: str) -> None:
        self._importer = importer
        self._now = now
        self._zone = zone

    def take(self, source: str, records: Sequence[Record], customer_id: str = "") -> Taken:
        """See the port. What is dated after today is rejected: who pulls by cursor does not come by it again."""
        if not records:
            return Taken()
        if customer_id and self._importer.account(customer_id) is None:
            reason, fix = "the ledger has no such customer", "post it by hand"
            return Taken(rejects=tuple(Reject(0, "customer", customer_id, reason, fix) for _ in records))
        at = self._now()
        origin = Origin(self._importer.creditor_id, source, business_date(at, self._zone), at)
        rows = CustomerRows(customer_id or customer_key(records[0], origin), records)
        (tally,) = self._importer.take([rows], origin)
        later = Reject(0, "", "", "is dated after today", "pull it again when its day has come")
        rejects = (*tally.rejects, *(later for _ in range(tally.later)))
        return Taken(tally.written, tally.in_ledger - tally.written, rejects)
