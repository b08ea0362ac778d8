"""What pulling a source asks for, in memory."""

from dunwell.ingestion.syncing import Checkpoint

PLENTY = 10_000.0
"""Seconds that are left to a run that has time."""


class InMemoryCheckpoints:
    """``CheckpointStore`` with the adapter's condition."""

    def __init__(self) -> None:
        self.stored: dict[str, Checkpoint] = {}

    def checkpoint(self, source: str) -> Checkpoint | None:
        return self.stored.get(source)

    def save(self, checkpoint: Checkpoint) -> bool:
        known = self.stored.get(checkpoint.source)
        if (known.version if known else 0) != checkpoint.version - 1:
            return False
        self.stored[checkpoint.source] = checkpoint
        return True
