"""How far each source was pulled: one item a source in the one table."""

from dunwell.errors import ConflictError
from dunwell.ingestion.syncing import Checkpoint
from dunwell_aws.table import NEW, Table, from_plain, to_plain

_SK = "CHECKPOINT"


class DynamoCheckpoints:
    """``dunwell.ingestion.syncing.CheckpointStore`` over the one table."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def checkpoint(self, source: str) -> Checkpoint | None:
        """See the port."""
        stored = self._table.get(_partition(source), _SK)
        return from_plain(Checkpoint, stored) if stored else None

    def save(self, checkpoint: Checkpoint) -> bool:
        """See the port. One conditional write."""
        stored = {"pk": _partition(checkpoint.source), "sk": _SK} | to_plain(checkpoint)
        first = checkpoint.version == 1
        condition, values = (NEW, None) if first else ("version = :before", {":before": checkpoint.version - 1})
        try:
            self._table.transact([self._table.put(stored, condition, values)])
        except ConflictError:
            return False
        return True


def _partition(source: str) -> str:
    return f"SYNC#{source}"
