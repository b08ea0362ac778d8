"""The made-up portfolio that everything here works on: two years of 400 customers with habits."""

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache

from dunwell.errors import ConflictError
from dunwell.ingestion.importing import Origin
from dunwell.ingestion.known import KnownFacts, NothingKnown
from dunwell.ingestion.mapping import SourceMapping
from dunwell.ingestion.reading import read_rows
from dunwell.ingestion.run import FileImport, InParallel, RunRecord, record_of
from dunwell.ingestion.taking import Importer
from dunwell.ledger.change import Change
from dunwell.ledger.model import Account
from dunwell.ledger.ports import Ledger
from dunwell.outreach.policy import Policy
from dunwell_aws.documents import folder, read_mappings, read_policy
from infra.local.portfolio.generate import COLUMNS, generate

CUSTOMERS = 400
AS_OF = date(2026, 6, 30)
NOW = datetime(2026, 6, 30, 15, tzinfo=UTC)
"""Eleven in the morning in New York, when most rules let a message through."""


class DictLedger:
    """``Ledger`` in a dict, so that what is timed is ours and not a store's."""

    def __init__(self) -> None:
        self.accounts: dict[str, Account] = {}

    def load(self, customer_id: str) -> Account | None:
        return self.accounts.get(customer_id)

    def commit(self, change: Change, *others: Change) -> Account:
        after = change.applied()
        known = self.accounts.get(after.customer.customer_id)
        if known and known.version != change.account.version:
            raise ConflictError("the account was changed meanwhile")
        self.accounts[after.customer.customer_id] = after
        return after

    def open_customer_ids(self, shard: int, after: str = "") -> Iterator[str]:
        return iter(sorted(key for key, account in self.accounts.items() if key > after and account.balances))

    def agenda(self, shard: int, until: date) -> Iterator[str]:
        return iter(())


@dataclass(frozen=True, slots=True)
class Portfolio:
    """A file, and what it becomes in a ledger."""

    content: bytes
    rows: int
    accounts: tuple[Account, ...]

    @property
    def open_accounts(self) -> tuple[Account, ...]:
        return tuple(account for account in self.accounts if account.balances)


@cache
def mappings() -> Sequence[SourceMapping]:
    """The project's own source mappings."""
    return read_mappings(folder("infra"))


@cache
def policy() -> Policy:
    """The default policy."""
    return read_policy(folder("infra"))


@cache
def portfolio(customers: int = CUSTOMERS) -> Portfolio:
    """The portfolio of so many customers, the same at every run."""
    out = io.StringIO()
    writer = csv.DictWriter(out, COLUMNS)
    writer.writeheader()
    writer.writerows(generate(customers, seed=7, as_of=AS_OF, dirty=0))
    content = out.getvalue().encode()
    ledger = DictLedger()
    record = import_file(content, ledger)
    if record.rejected or not record.in_ledger:
        raise RuntimeError(f"the generator's own rows were rejected: {record}")
    return Portfolio(content, record.rows, tuple(ledger.accounts.values()))


def import_file(
    content: bytes,
    ledger: Ledger,
    creditor_id: str = "bench",
    in_parallel: InParallel = map,
    threads: int = 1,
    known: KnownFacts | None = None,
) -> RunRecord:
    """Read, map, validate and import a file, as ingest_upload does."""
    reading = read_rows(content, mappings())
    files = FileImport(Importer(ledger, creditor_id, known or NothingKnown()), in_parallel, threads)
    origin = Origin(creditor_id, reading.source.name, AS_OF, NOW)
    totals = files.run(reading.batches, origin, lambda rejects: None, reading.column_of)
    return record_of(totals, "bench.csv", reading.source.name, AS_OF)
