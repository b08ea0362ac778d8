"""Whether the ledger holds exactly what the file says: invoices and their sum, by customer and currency, to the cent.

The file is imported once more under another name, and once with its rows in another order. Neither may write anything.
"""

import csv
import io
import random
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from dunwell.ingestion.reading import Layout, read_rows, record_boundaries
from dunwell.ingestion.records import InvoiceRecord, Receivable
from dunwell.ledger.model import Account
from dunwell.money import decimal_text
from dunwell_aws.documents import read_mappings
from dunwell_aws.results import RESULTS
from dunwell_aws.workbook import open_workbook
from infra.local.demo import steps
from infra.local.demo.progress import Progress
from infra.local.demo.source import Source
from infra.local.demo.view import View
from infra.local.stack import ROOT

SEED = 7
SHOWN = 10
"""Differing customers that are named; of more there is the number."""

Key = tuple[str, str]
"""A customer's number and a currency."""


@dataclass(frozen=True, slots=True)
class Sum:
    """Some invoices: how many, and what they were billed at (minor units)."""

    count: int = 0
    amount_minor: int = 0

    def plus(self, amount_minor: int) -> "Sum":
        """With one more invoice."""
        return Sum(self.count + 1, self.amount_minor + amount_minor)


Sums = Mapping[Key, Sum]


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """What the file says and what the ledger holds."""

    in_file: Sums
    in_ledger: Sums

    @property
    def differences(self) -> list[Key]:
        """Customers with their currency where the two do not agree, in order."""
        keys = self.in_file.keys() | self.in_ledger.keys()
        return sorted(key for key in keys if self.in_file.get(key) != self.in_ledger.get(key))

    def __str__(self) -> str:
        """The totals of the file, and how many customers differ from them."""
        sums = self.in_file.items()
        totals: dict[str, int] = {}
        for (_, currency), one in sums:
            totals[currency] = totals.get(currency, 0) + one.amount_minor
        money = ", ".join(f"{_grouped(total, currency)} {currency}" for currency, total in sorted(totals.items()))
        wrong = len({number for number, _ in self.differences})
        parts = (
            f"{len({number for number, _ in self.in_file}):,} customers",
            _counted(sum(one.count for _, one in sums)),
            money or "nothing",
            f"{wrong:,} difference{'' if wrong == 1 else 's'}",
        )
        return ", ".join(parts)

    def check(self) -> None:
        """End the demo where the two do not agree.

        Raises:
            DemoError: they differ; names the customers.
        """
        if self.differences:
            raise steps.DemoError(f"the ledger differs from the file: {self}\n{self.report()}")

    def report(self) -> str:
        """A line for each customer that differs, the first of them."""
        lines = [self._line(key) for key in self.differences[:SHOWN]]
        more = len(self.differences) - SHOWN
        return "\n".join([*lines, *([f"  and {more:,} more"] if more > 0 else [])])

    def _line(self, key: Key) -> str:
        number, currency = key
        told, held = (sums.get(key, Sum()) for sums in (self.in_file, self.in_ledger))
        words = [f"{_counted(one.count)} of {_grouped(one.amount_minor, currency)} {currency}" for one in (told, held)]
        return f"  customer {number}: the file says {words[0]}, the ledger holds {words[1]}"


def sums_of_file(content: bytes, as_of: date, rejected_lines: Iterable[int] = ()) -> dict[Key, Sum]:
    """The file's invoices by customer and currency: each number once, as its newest version says.

    Args:
        as_of: the business date; what is dated later is left out, as the import does.
        rejected_lines: lines that the import refused, and said so.
    """
    refused = set(rejected_lines)
    reading = read_rows(content, read_mappings(ROOT / "infra"), workbook=open_workbook)
    newest: dict[tuple[str, str], InvoiceRecord] = {}
    for batch in reading.batches:
        for row in batch.records:
            record = row.invoice if isinstance(row, Receivable) else row
            if not isinstance(record, InvoiceRecord) or record.issued_on > as_of or record.line in refused:
                continue
            key = (record.customer_number, record.invoice_number)
            if key not in newest or newest[key].version <= record.version:
                newest[key] = record
    sums: dict[Key, Sum] = {}
    for record in newest.values():
        _add(sums, (record.customer_number, record.currency), record.amount_minor)
    return sums


def sums_of_ledger(accounts: Iterable[Account]) -> dict[Key, Sum]:
    """The ledger's invoices by customer and currency, with the corrections that newer versions brought."""
    sums: dict[Key, Sum] = {}
    for account in accounts:
        corrected: dict[str, int] = {}
        for entry in account.entries.values():
            if entry.reason == "corrected" and entry.directed_to:
                invoice_id, sign = entry.directed_to[0].invoice_id, 1 if entry.kind == "debit_note" else -1
                corrected[invoice_id] = corrected.get(invoice_id, 0) + sign * entry.amount_minor
        for invoice in account.invoices.values():
            billed = invoice.amount_minor + corrected.get(invoice.invoice_id, 0)
            _add(sums, (account.customer.number, invoice.currency), billed)
    return sums


def _add(sums: dict[Key, Sum], key: Key, amount_minor: int) -> None:
    sums[key] = sums.get(key, Sum()).plus(amount_minor)


def _counted(invoices: int) -> str:
    return f"{invoices:,} invoice{'' if invoices == 1 else 's'}"


def _grouped(amount_minor: int, currency: str) -> str:
    whole, point, fraction = decimal_text(amount_minor, currency).partition(".")
    return f"{int(whole):,}{point}{fraction}"


def shuffled(content: bytes, layout: Layout, seed: int = SEED) -> bytes | None:
    """The file with its rows in another order, the header first; None for a format whose rows cannot be told apart."""
    if not layout.splittable:
        return None
    rows = record_boundaries(content, 1, layout)
    if not rows:
        return None
    lines = [content[row.offset : row.offset + row.length].rstrip(b"\r\n") for row in rows]
    random.Random(seed).shuffle(lines)
    return content[: rows[0].offset] + b"\n".join(lines) + b"\n"


# --- on the stack ---


def reconcile(view: View, progress: Progress, source: Source, first: Mapping[str, Any]) -> Reconciliation:
    """Import the file again and shuffled, check that neither wrote anything, and compare the ledger with the file.

    Args:
        first: the run record of the first import.

    Raises:
        DemoError: an import wrote something, or customers differ; says which.
    """
    content, name = source.path.read_bytes(), source.path.name
    before = {account.customer.customer_id: account.version for account in view.accounts()}
    again = steps.run_record(view, progress, f"again-{name}", content)
    if (again["status"], again["same_as"]) != ("skipped", name) or again["written"]:
        raise steps.DemoError(f"the same file was not recognised when it came again: {again}")
    said = [f"again: skipped, the same as {name}"]
    layout = read_rows(content, read_mappings(ROOT / "infra"), workbook=open_workbook).layout
    if other_order := shuffled(content, layout):
        said.append(_check_shuffled(steps.run_record(view, progress, f"shuffled-{name}", other_order), first))
    accounts = list(view.accounts())
    if before != {account.customer.customer_id: account.version for account in accounts}:
        raise steps.DemoError("importing the same rows again changed accounts")
    found = Reconciliation(sums_of_file(content, source.as_of, _rejected(view, name)), sums_of_ledger(accounts))
    found.check()
    progress.note("; ".join([*said, f"reconciled: {found}"]))
    return found


def _check_shuffled(run: Mapping[str, Any], first: Mapping[str, Any]) -> str:
    same = all(run[name] == first[name] for name in ("rows", "in_ledger", "rejected", "later"))
    if run["status"] != "done" or run["written"] or not same:
        raise steps.DemoError(f"the shuffled file was not taken as known: {run}, the first time {first}")
    return "shuffled: 0 rows written"


def _rejected(view: View, name: str) -> list[int]:
    """The lines that the import refused."""
    s3, bucket = view.stack.client("s3"), view.outputs["IngestBucketName"]
    text = s3.get_object(Bucket=bucket, Key=f"{RESULTS}{name}.rejects.csv")["Body"].read().decode()
    return [int(row["line"]) for row in csv.DictReader(io.StringIO(text))]
