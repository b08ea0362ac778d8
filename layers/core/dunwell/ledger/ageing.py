"""The ageing of open balances (rule AGING: by due date, whole days, 91 and more is labelled "90+")."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date

from dunwell.dates import days_past_due
from dunwell.ledger.model import Account

BUCKETS = ("current", "1-30", "31-60", "61-90", "90+")
_LAST_DAY = (0, 30, 60, 90)


def bucket(days: int) -> str:
    """The ageing bucket of a number of days past due."""
    return next((label for label, last in zip(BUCKETS, _LAST_DAY, strict=False) if days <= last), BUCKETS[-1])


@dataclass(slots=True)
class AgeingRow:
    """One customer's or one currency's open balance by bucket (minor units)."""

    currency: str
    customer_id: str = ""
    number: str = ""
    name: str = ""
    by_bucket: dict[str, int] = field(default_factory=lambda: dict.fromkeys(BUCKETS, 0))
    disputed_minor: int = 0
    unapplied_minor: int = 0

    @property
    def total_minor(self) -> int:
        """The sum of the buckets; unapplied credit stands beside it, not netted."""
        return sum(self.by_bucket.values())

    def add(self, other: "AgeingRow") -> None:
        """Add another row of the same currency to this one."""
        for label, amount_minor in other.by_bucket.items():
            self.by_bucket[label] += amount_minor
        self.disputed_minor += other.disputed_minor
        self.unapplied_minor += other.unapplied_minor


def age_account(account: Account, as_of: date) -> list[AgeingRow]:
    """An account's open invoices and unapplied credit, one row a currency, sorted by currency."""
    customer = account.customer
    rows: dict[str, AgeingRow] = {}

    def row(currency: str) -> AgeingRow:
        made = AgeingRow(currency, customer.customer_id, customer.number, customer.name)
        return rows.setdefault(currency, made)

    for item in account.open_invoices:
        line = row(item.invoice.currency)
        for part in item.schedule:
            line.by_bucket[bucket(days_past_due(part.due_on, as_of))] += part.amount_minor
        line.disputed_minor += item.disputed_minor
    for currency, amount_minor in account.unapplied.items():
        row(currency).unapplied_minor += amount_minor
    return [rows[currency] for currency in sorted(rows)]


def totals(rows: Iterable[AgeingRow]) -> list[AgeingRow]:
    """One row a currency over all customers, sorted by currency."""
    sums: dict[str, AgeingRow] = {}
    for row in rows:
        sums.setdefault(row.currency, AgeingRow(row.currency)).add(row)
    return [sums[currency] for currency in sorted(sums)]
