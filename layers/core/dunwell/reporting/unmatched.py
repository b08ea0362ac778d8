"""Unmatched money: what came in and belongs to nobody yet, by currency and age. Currencies are never netted."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date

from dunwell.ledger.model import Account
from dunwell.money import decimal_text
from dunwell.reporting.csv_file import Number, csv_text

EDGES = ((7, "days_0_7"), (30, "days_8_30"), (90, "days_31_90"))
OLDEST = "days_over_90"
BUCKETS = (*(name for _, name in EDGES), OLDEST)
COLUMNS = ("row", "as_of", "currency", "account", "payments", *BUCKETS, "total")


@dataclass(frozen=True, slots=True)
class UnmatchedRow:
    """What one internal account holds in a currency (minor units by age); a total names no account."""

    currency: str
    account: str
    payments: int
    by_bucket: tuple[int, ...]

    @property
    def total_minor(self) -> int:
        """All of it."""
        return sum(self.by_bucket)


def unmatched_rows(account: Account, as_of: date) -> Iterator[UnmatchedRow]:
    """What an internal account holds, one row a currency; age counts from the value date."""
    held: dict[str, list[tuple[int, int]]] = {}
    for entry_id, entry in account.payments.items():
        if left := account.books.unapplied_minor(entry_id):
            held.setdefault(entry.currency, []).append(((as_of - entry.on).days, left))
    for currency, items in sorted(held.items()):
        yield UnmatchedRow(currency, account.customer.number, len(items), _by_bucket(items))


def unmatched_totals(rows: Iterable[UnmatchedRow]) -> list[UnmatchedRow]:
    """One row a currency."""
    by_currency: dict[str, list[UnmatchedRow]] = {}
    for row in rows:
        by_currency.setdefault(row.currency, []).append(row)
    return [
        UnmatchedRow(
            currency,
            "",
            sum(one.payments for one in mine),
            tuple(map(sum, zip(*(one.by_bucket for one in mine), strict=True))),
        )
        for currency, mine in sorted(by_currency.items())
    ]


def unmatched_csv(rows: Iterable[UnmatchedRow], as_of: date) -> str:
    """``account`` rows by currency and account, then ``total`` rows; decimals with a dot and no grouping."""
    ordered = sorted(rows, key=lambda row: (row.currency, row.account))
    lines = [_line("account", row, as_of) for row in ordered]
    return csv_text(COLUMNS, lines + [_line("total", row, as_of) for row in unmatched_totals(ordered)])


def _by_bucket(items: Iterable[tuple[int, int]]) -> tuple[int, ...]:
    sums = dict.fromkeys(BUCKETS, 0)
    for days, minor in items:
        sums[next((name for most, name in EDGES if days <= most), OLDEST)] += minor
    return tuple(sums.values())


def _line(kind: str, row: UnmatchedRow, as_of: date) -> list[str]:
    amounts = (*row.by_bucket, row.total_minor)
    money = [Number(decimal_text(minor, row.currency)) for minor in amounts]
    return [kind, as_of.isoformat(), row.currency, row.account, str(row.payments), *money]
