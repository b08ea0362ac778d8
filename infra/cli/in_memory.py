"""Files imported into a ledger in memory, so that commands can ask what Dunwell would do with them."""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time
from pathlib import Path

from dunwell.ingestion.importing import Origin
from dunwell.ingestion.known import NothingKnown
from dunwell.ingestion.mapping import SourceMapping
from dunwell.ingestion.reading import read_rows
from dunwell.ingestion.run import FileImport
from dunwell.ingestion.taking import Importer
from dunwell.ledger.change import Change
from dunwell.ledger.model import Account
from dunwell_aws.workbook import open_workbook


class LedgerInMemory:
    """``Ledger`` in a dict, for one writer."""

    def __init__(self) -> None:
        self.accounts: dict[str, Account] = {}

    def load(self, customer_id: str) -> Account | None:
        """See ``Ledger``."""
        return self.accounts.get(customer_id)

    def commit(self, change: Change, *others: Change) -> Account:
        """See ``Ledger``."""
        for one in (change, *others):
            self.accounts[one.account.customer.customer_id] = one.applied()
        return self.accounts[change.account.customer.customer_id]

    def open_customer_ids(self, shard: int, after: str = "") -> Iterator[str]:
        """See ``Ledger``; all of them stand on one shard."""
        return iter(sorted(key for key, one in self.accounts.items() if one.is_open and key > after and shard == 0))

    def agenda(self, shard: int, until: date) -> Iterator[str]:
        """See ``Ledger``; a preview has no agreements."""
        return iter(())


def accounts_of(
    paths: Sequence[Path], mappings: Sequence[SourceMapping], creditor_id: str, today: date
) -> tuple[list[Account], int]:
    """The accounts with something open that files make up as of a date, and how many rows were rejected.

    Args:
        today: what is dated later has not happened yet.

    Raises:
        UnreadableFileError: no mapping understands a file.
    """
    ledger, rejected = LedgerInMemory(), 0
    files = FileImport(Importer(ledger, creditor_id, NothingKnown()))
    for path in paths:
        with path.open("rb") as file:
            reading = read_rows(file, mappings, workbook=open_workbook)
            at = datetime.combine(today, time(12), tzinfo=UTC)
            origin = Origin(creditor_id, reading.source.name, today, at)
            rejected += files.run(reading.batches, origin, lambda rejects: None, reading.column_of).rejected
    found = sorted(ledger.accounts.values(), key=lambda account: account.customer.number)
    return [account for account in found if account.balances], rejected
