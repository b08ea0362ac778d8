"""Records of a source that is pulled, into the ledger."""

from collections.abc import Callable, Sequence
from datetime import datetime

from dunwell.dates import business_date
from dunwell.errors import ConflictError
from dunwell.ingestion.importing import Import, Origin, customer_id, import_records
from dunwell.ingestion.ports import Taken
from dunwell.ingestion.records import Record, Reject
from dunwell.ledger.ports import Ledger
from dunwell.ledger.update import ATTEMPTS


class LedgerSink:
    """``dunwell.ingestion.ports.RecordSink`` over the ledger.

    Args:
        now: the present instant; zone: the creditor's time zone, whose date is the business date.
    """

    def __init__(self, ledger: Ledger, creditor_id: str, now: Callable[[], datetime], zone: str) -> None:
        self._ledger = ledger
        self._creditor_id = creditor_id
        self._now = now
        self._zone = zone

    def take(self, source: str, records: Sequence[Record], customer_id: str = "") -> Taken:
        """See the port. What is dated after today is rejected: who pulls by cursor does not come by it again."""
        if not records:
            return Taken()
        at = self._now()
        origin = Origin(self._creditor_id, source, business_date(at, self._zone), at)
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return self._taken(records, origin, customer_id)
            except ConflictError:
                if attempt == ATTEMPTS:
                    raise
        raise AssertionError("unreachable: the last attempt returns or raises")

    def _taken(self, records: Sequence[Record], origin: Origin, named: str) -> Taken:
        key = named or customer_id(origin.creditor_id, origin.source, records[0].customer_number)
        account = self._ledger.load(key)
        if named and account is None:
            reason, fix = "the ledger has no such customer", "post it by hand"
            return Taken(rejects=tuple(Reject(0, "customer", named, reason, fix) for _ in records))
        imported = import_records(account, records, origin)
        for change in imported.changes:
            self._ledger.commit(change)
        return _told(imported)


def _told(imported: Import) -> Taken:
    tally = imported.tally
    later = Reject(0, "", "", "is dated after today", "pull it again when its day has come")
    rejects = (*tally.rejects, *(later for _ in range(tally.later)))
    return Taken(tally.in_ledger, 0, rejects) if imported.changes else Taken(0, tally.in_ledger, rejects)
