"""The measures of collection, on the numbers of the trade's textbooks."""

from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest

from dunwell.errors import InvalidInputError
from dunwell.ledger.entry import Direction, Entry, EntryKind
from dunwell.reporting.measures import (
    average_days_delinquent,
    best_possible_days,
    count_back_days,
    days_sales_outstanding,
    effectiveness_percent,
    figures,
    flow_to_loss,
    roll_rates,
)
from tests.support.ledger import account_of, paid
from tests.support.portal import customer, invoice

AR, CURRENT, SALES = 420_000_00, 255_000_00, 900_000_00


def test_days_sales_outstanding_its_best_possible_and_the_average_days_delinquent() -> None:
    assert days_sales_outstanding(AR, SALES, 90) == Decimal("42.0")
    assert best_possible_days(CURRENT, SALES, 90) == Decimal("25.5")
    assert average_days_delinquent(AR, CURRENT, SALES, 90) == Decimal("16.5")
    assert days_sales_outstanding(AR, 0, 90) is None


def test_counting_back_uses_whole_months_and_a_part_of_the_last() -> None:
    assert count_back_days(AR, [(300_000_00, 30), (320_000_00, 31)]) == Decimal("41.625")
    assert count_back_days(0, [(300_000_00, 30)]) == 0
    assert count_back_days(AR, [(300_000_00, 30)]) is None
    assert count_back_days(5_00, [(0, 30), (10_00, 31)]) == Decimal("45.5")


def test_the_collection_effectiveness_index() -> None:
    found = effectiveness_percent(400_000_00, SALES, AR, CURRENT)
    assert found is not None
    assert round(found, 2) == Decimal("84.21")
    three = effectiveness_percent(400_000_00, SALES, AR, CURRENT, months=3)
    assert three is not None
    assert Fraction(280_000, 445_000) * 100 == pytest.approx(float(three))
    assert effectiveness_percent(0, 0, 0, 0) is None
    with pytest.raises(InvalidInputError):
        effectiveness_percent(1, 1, 1, 1, months=0)


def test_a_bucket_rolls_into_the_next_one() -> None:
    before = {"current": 0, "1-30": 100_000, "31-60": 10_000, "60+": 1}
    rates = roll_rates(before, {"current": 5, "1-30": 7, "31-60": 35_000, "60+": 5_000})
    assert rates == {"current": None, "1-30": Decimal("0.35"), "31-60": Decimal("0.5")}
    assert flow_to_loss([Decimal("0.35"), Decimal("0.5")]) == Decimal("0.175")
    assert flow_to_loss(rates.values()) is None
    with pytest.raises(InvalidInputError):
        roll_rates(before, {"1-30": 1})


def test_the_figures_of_a_period_come_from_the_facts() -> None:
    old = invoice("OLD", 100_00, date(2026, 3, 31), issued_on=date(2026, 3, 1))
    may = invoice("MAY", 300_00, date(2026, 5, 31), issued_on=date(2026, 5, 1))
    june = invoice("JUN", 200_00, date(2026, 7, 15), issued_on=date(2026, 6, 15))
    returned = Entry(
        "crn_1",
        EntryKind.CREDIT_NOTE,
        "USD",
        20_00,
        date(2026, 6, 20),
        directed_to=(Direction(june.invoice_id, 20_00),),
        reason="return",
    )
    euros = invoice("EUR", 7_00, date(2026, 7, 1), issued_on=date(2026, 6, 1), currency="EUR")
    made = figures(
        [account_of(customer(), old, may, june, paid(old), returned, euros)], date(2026, 5, 1), date(2026, 6, 30)
    )
    dollars = made["USD"]
    assert (dollars.begin_minor, dollars.sales_minor) == (0, 480_00)
    assert (dollars.end_minor, dollars.end_current_minor) == (480_00, 180_00)
    assert dollars.months(date(2026, 5, 1), date(2026, 6, 30)) == [(180_00, 30), (300_00, 31)]
    assert (made["EUR"].sales_minor, made["EUR"].end_current_minor) == (7_00, 7_00)
