"""The ageing of open balances (rule AGING: by due date, whole days, 91 and more is labelled "90+")."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from dunwell.dates import days_past_due
from dunwell.errors import InvalidInputError
from dunwell.ledger.model import Account, Instalment, OpenInvoice


class AgeBy(StrEnum):
    """From which date on an open balance ages."""

    DUE_DATE = "due_date"
    INVOICE_DATE = "invoice_date"


@dataclass(frozen=True, slots=True)
class Buckets:
    """Ranges of days: up to the first edge, then between one edge and the next, then more than the last.

    Attributes:
        edges: the last day of each range but the open one, ascending and not negative.
    """

    edges: tuple[int, ...] = (0, 30, 60, 90)

    def __post_init__(self) -> None:
        if not self.edges or self.edges[0] < 0 or [*self.edges] != sorted(set(self.edges)):
            raise InvalidInputError("bucket edges are days in ascending order, such as 0, 30, 60, 90", field="edges")

    @property
    def labels(self) -> tuple[str, ...]:
        """What the ranges are called, the youngest first."""
        first = "current" if self.edges[0] == 0 else f"up to {self.edges[0]}"
        between = (f"{low + 1}-{high}" for low, high in zip(self.edges, self.edges[1:], strict=False))
        return first, *between, f"{self.edges[-1]}+"

    def label(self, days: int) -> str:
        """The range that a number of days falls into."""
        found = (label for label, last in zip(self.labels, self.edges, strict=False) if days <= last)
        return next(found, self.labels[-1])


DEFAULT = Buckets()
BUCKETS = DEFAULT.labels


def bucket(days: int) -> str:
    """The ageing bucket of a number of days past due."""
    return DEFAULT.label(days)


@dataclass(slots=True)
class AgeingRow:
    """One customer's or one currency's open balance by bucket (minor units).

    Attributes:
        agreed_minor: what of it a plan, a promise or a settlement covers.
    """

    currency: str
    customer_id: str = ""
    number: str = ""
    name: str = ""
    by_bucket: dict[str, int] = field(default_factory=lambda: dict.fromkeys(BUCKETS, 0))
    disputed_minor: int = 0
    unapplied_minor: int = 0
    agreed_minor: int = 0

    @property
    def total_minor(self) -> int:
        """The sum of the buckets; unapplied credit stands beside it, not netted."""
        return sum(self.by_bucket.values())

    @property
    def control_minor(self) -> int:
        """What the control account shows: the buckets less the unapplied credit."""
        return self.total_minor - self.unapplied_minor

    def add(self, other: "AgeingRow") -> None:
        """Add another row of the same currency and buckets to this one."""
        for label, amount_minor in other.by_bucket.items():
            self.by_bucket[label] += amount_minor
        self.disputed_minor += other.disputed_minor
        self.unapplied_minor += other.unapplied_minor
        self.agreed_minor += other.agreed_minor


def age_account(
    account: Account, as_of: date, buckets: Buckets = DEFAULT, by: AgeBy = AgeBy.DUE_DATE
) -> list[AgeingRow]:
    """An account's open invoices and unapplied credit, one row a currency, sorted by currency.

    The balances are those of the account as it is given: of an earlier day with ``account.at(as_of)``. By due date an
    instalment ages by its own; by invoice date an invoice ages as a whole.
    """
    customer = account.customer
    rows: dict[str, AgeingRow] = {}

    def row(currency: str) -> AgeingRow:
        empty = dict.fromkeys(buckets.labels, 0)
        made = AgeingRow(currency, customer.customer_id, customer.number, customer.name, empty)
        return rows.setdefault(currency, made)

    agreed = account.paused_invoices(as_of)
    for item in account.open_invoices:
        line = row(item.invoice.currency)
        for part in _aged(item, by):
            line.by_bucket[buckets.label(days_past_due(part.due_on, as_of))] += part.amount_minor
        line.disputed_minor += item.disputed_minor
        line.agreed_minor += item.open_minor if item.invoice.invoice_id in agreed else 0
    for currency, amount_minor in account.unapplied.items():
        row(currency).unapplied_minor += amount_minor
    return [rows[currency] for currency in sorted(rows)]


def _aged(item: OpenInvoice, by: AgeBy) -> tuple[Instalment, ...]:
    if by is AgeBy.DUE_DATE:
        return item.schedule
    return (Instalment(item.invoice.issued_on, item.open_minor),)


def totals(rows: Iterable[AgeingRow]) -> list[AgeingRow]:
    """One row a currency over all customers, sorted by currency."""
    sums: dict[str, AgeingRow] = {}
    for row in rows:
        empty = dict.fromkeys(row.by_bucket, 0)
        sums.setdefault(row.currency, AgeingRow(row.currency, by_bucket=empty)).add(row)
    return [sums[currency] for currency in sorted(sums)]
