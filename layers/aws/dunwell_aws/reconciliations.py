"""The place of the reconciliation with the gateway: one item in the one table."""

from dunwell.errors import ConflictError
from dunwell.payments.reconciling import Reconciliation
from dunwell_aws.table import NEW, Table, from_plain, to_plain

_KEY = {"pk": "RECONCILIATION#stripe", "sk": "CHECKPOINT"}


class DynamoReconciliations:
    """``dunwell.payments.reconciling.ReconciliationStore`` over the one table."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def last(self) -> Reconciliation | None:
        """See the port. One read."""
        stored = self._table.get(_KEY["pk"], _KEY["sk"])
        return from_plain(Reconciliation, stored) if stored else None

    def save(self, run: Reconciliation) -> bool:
        """See the port. One conditional write."""
        first = run.version == 1
        condition, values = (NEW, None) if first else ("version = :before", {":before": run.version - 1})
        try:
            self._table.transact([self._table.put(_KEY | to_plain(run), condition, values)])
        except ConflictError:
            return False
        return True
