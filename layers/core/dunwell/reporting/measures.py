"""Measures of collection: days sales outstanding, effectiveness, roll rates. Pure, exact, one currency at a time.

Amounts are minor units; what is divided comes back as a ``Decimal``, and None where there is nothing to divide by.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise
from math import prod

from dunwell.errors import InvalidInputError
from dunwell.ledger.entry import EntryKind
from dunwell.ledger.model import Account


def days_sales_outstanding(receivables_minor: int, sales_minor: int, days: int) -> Decimal | None:
    """DSO: how many days of credit sales the receivables at the end of a period are."""
    return Decimal(receivables_minor) * days / sales_minor if sales_minor else None


def count_back_days(receivables_minor: int, months: Sequence[tuple[int, int]]) -> Decimal | None:
    """Count-back DSO: whole months, the newest first, until their sales make up the receivables; of the last its part.

    Args:
        months: sales (minor units) and days of each month, the newest first.

    Returns:
        None when all the months together sold less than is receivable: give more of them.
    """
    left_minor, days = receivables_minor, Decimal(0)
    for sales_minor, length in months:
        if left_minor <= sales_minor:
            return days + (Decimal(left_minor) * length / sales_minor if left_minor > 0 else 0)
        left_minor -= sales_minor
        days += length
    return days if left_minor <= 0 else None


def best_possible_days(current_minor: int, sales_minor: int, days: int) -> Decimal | None:
    """Best possible DSO: what it would be if nothing were past due."""
    return days_sales_outstanding(current_minor, sales_minor, days)


def average_days_delinquent(receivables_minor: int, current_minor: int, sales_minor: int, days: int) -> Decimal | None:
    """ADD: the days of DSO that are due to lateness."""
    return days_sales_outstanding(receivables_minor - current_minor, sales_minor, days)


def effectiveness_percent(
    begin_minor: int, sales_minor: int, end_minor: int, end_current_minor: int, months: int = 1
) -> Decimal | None:
    """CEI: of what could be collected in a period, how much was, in percent.

    Args:
        begin_minor, end_minor: all receivables at either end; end_current_minor: those not past due.
        sales_minor: credit sales of the whole period; months: its length, over which sales are averaged.

    Raises:
        InvalidInputError: the period has no month.
    """
    if months < 1:
        raise InvalidInputError("a period is of one month at least", field="months")
    sales = Decimal(sales_minor) / months
    could = begin_minor + sales - end_current_minor
    return (begin_minor + sales - end_minor) * 100 / could if could else None


def roll_rates(before: Mapping[str, int], after: Mapping[str, int]) -> dict[str, Decimal | None]:
    """Roll rates by balance: what is in the next bucket a month later, as a part of what was in this one.

    Cures count as what did not roll. The last bucket, which has no next one, is left out.

    Args:
        before, after: open balance by bucket (minor units), the youngest first, a month apart, with the same labels.

    Raises:
        InvalidInputError: the buckets differ.
    """
    labels = list(before)
    if labels != list(after):
        raise InvalidInputError("roll rates compare the same buckets, in the same order")
    return {
        label: Decimal(after[following]) / before[label] if before[label] else None
        for label, following in pairwise(labels)
    }


def flow_to_loss(rates: Iterable[Decimal | None]) -> Decimal | None:
    """What part of a balance goes through all buckets to the end: the product of the roll rates; None if one is."""
    known = list(rates)
    return None if None in known else prod((rate for rate in known if rate is not None), start=Decimal(1))


@dataclass(slots=True)
class Figures:
    """What a period looked like in one currency (minor units): the input of the measures.

    Attributes:
        begin_minor, end_minor: open balances at either end; end_current_minor: of the latter what was not past due.
        sales_minor: invoices issued and debit notes, less what of them was credited for returns and errors.
        by_month: sales and days of each calendar month that the period touches, the newest first.
    """

    begin_minor: int = 0
    sales_minor: int = 0
    end_minor: int = 0
    end_current_minor: int = 0
    by_month: dict[date, int] = field(default_factory=dict)

    def months(self, first: date, last: date) -> list[tuple[int, int]]:
        """Sales and days of each month of a period, the newest first, months without sales too."""
        found: list[tuple[int, int]] = []
        end = last
        while end >= first:
            begin = max(first, end.replace(day=1))
            found.append((self.by_month.get(end.replace(day=1), 0), (end - begin).days + 1))
            end = begin - timedelta(days=1)
        return found


_NO_SALE = frozenset({"return", "pricing_error"})


def figures(accounts: Iterable[Account], first: date, last: date) -> dict[str, Figures]:
    """What a period looked like, by currency, from the facts of accounts.

    Args:
        first, last: days, both included; "past due" is judged at the last one.
    """
    found: dict[str, Figures] = {}
    for account in accounts:
        begin, end = account.at(first - timedelta(days=1)), account.at(last)
        for currency, amount_minor in begin.balances.items():
            found.setdefault(currency, Figures()).begin_minor += amount_minor
        for item in end.open_invoices:
            mine = found.setdefault(item.invoice.currency, Figures())
            mine.end_minor += item.open_minor
            mine.end_current_minor += item.open_minor - item.past_due_minor(last)
        for currency, on, amount_minor in _sales(end):
            if first <= on:
                mine = found.setdefault(currency, Figures())
                mine.sales_minor += amount_minor
                mine.by_month[on.replace(day=1)] = mine.by_month.get(on.replace(day=1), 0) + amount_minor
    return found


def _sales(account: Account) -> Iterable[tuple[str, date, int]]:
    """What was sold on credit: currency, day, amount (minor units, negative where a sale was taken back)."""
    if account.customer.merged_into:
        return
    for invoice_id, invoice in account.invoices.items():
        if invoice_id not in account.moved:
            yield invoice.currency, invoice.issued_on, invoice.amount_minor
    for entry_id, entry in account.entries.items():
        standing_minor = account.books.standing_minor(entry_id)
        if entry.kind is EntryKind.DEBIT_NOTE:
            yield entry.currency, entry.on, standing_minor
        elif entry.kind is EntryKind.CREDIT_NOTE and entry.reason in _NO_SALE:
            yield entry.currency, entry.on, -standing_minor
