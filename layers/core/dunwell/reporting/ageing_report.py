"""The ageing report: one row a customer and currency, one total a currency, amounts exact.

Balances are those of the ledger as it stands, aged at a business date; currencies are never netted. Unapplied credit
stands beside the balance.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from dunwell.ledger.ageing import AgeingRow, totals
from dunwell.money import decimal_text
from dunwell.reporting.csv_file import Number, csv_text

COLUMNS = (
    "row",
    "as_of",
    "currency",
    "customer_number",
    "customer_name",
    "current",
    "days_1_30",
    "days_31_60",
    "days_61_90",
    "days_over_90",
    "total",
    "of_which_disputed",
    "of_which_agreed",
    "unapplied_credit",
)


@dataclass(frozen=True, slots=True)
class AgeingReport:
    """Customers' rows by currency and number, and the totals by currency (minor units)."""

    as_of: date
    rows: tuple[AgeingRow, ...]
    totals: tuple[AgeingRow, ...]


def ageing_report(rows: Iterable[AgeingRow], as_of: date) -> AgeingReport:
    """The report over accounts' rows in any order; the same rows always give the same report."""
    ordered = tuple(sorted(rows, key=lambda row: (row.currency, row.number, row.customer_id)))
    return AgeingReport(as_of, ordered, tuple(totals(ordered)))


def ageing_csv(report: AgeingReport) -> str:
    """The report as CSV: ``customer`` rows, then ``total`` rows; decimals with a dot and no grouping."""
    lines = [_line("customer", row, report.as_of) for row in report.rows]
    lines += [_line("total", row, report.as_of) for row in report.totals]
    return csv_text(COLUMNS, lines)


def _line(kind: str, row: AgeingRow, as_of: date) -> list[str]:
    amounts = [*row.by_bucket.values(), row.total_minor, row.disputed_minor, row.agreed_minor, row.unapplied_minor]
    return [
        kind,
        as_of.isoformat(),
        row.currency,
        row.number,
        row.name,
        *(Number(decimal_text(amount_minor, row.currency)) for amount_minor in amounts),
    ]


def largest_overdue(report: AgeingReport, currency: str, limit: int) -> list[AgeingRow]:
    """The customers of a currency who owe the most past due, most first, then by number."""
    rows = [row for row in report.rows if row.currency == currency and overdue_minor(row) > 0]
    return sorted(rows, key=lambda row: (-overdue_minor(row), row.number))[:limit]


def overdue_minor(row: AgeingRow) -> int:
    """What of a row is past due (minor units)."""
    return row.total_minor - row.by_bucket["current"]
