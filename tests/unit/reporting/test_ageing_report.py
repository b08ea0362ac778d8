"""The ageing report: exact sums, safe cells, honest bars."""

import csv
import io
from collections.abc import Mapping
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dunwell.ledger.ageing import BUCKETS, AgeingRow
from dunwell.money import decimal_text
from dunwell.reporting.ageing_report import COLUMNS, ageing_csv, ageing_report, largest_overdue
from dunwell.reporting.bars import BAR_SPACE, bars
from dunwell.reporting.csv_file import Number, csv_text
from tests.support.escalation import TODAY

AMOUNTS = st.dictionaries(st.sampled_from(BUCKETS), st.integers(0, 10**12))
ROWS = st.lists(
    st.builds(
        lambda currency, number, amounts, unapplied: AgeingRow(
            currency, f"cus_{number}", str(number), "Name", dict.fromkeys(BUCKETS, 0) | amounts, 0, unapplied
        ),
        st.sampled_from(["EUR", "JPY", "KWD"]),
        st.integers(0, 99),
        AMOUNTS,
        st.integers(0, 10**9),
    ),
    max_size=30,
)


def row(currency: str = "EUR", number: str = "1", name: str = "Ada", *, current: int = 0, oldest: int = 0) -> AgeingRow:
    buckets = dict.fromkeys(BUCKETS, 0) | {"current": current, "90+": oldest}
    return AgeingRow(currency, f"cus_{number}", number, name, buckets)


def parsed(text: str) -> list[Mapping[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


@given(ROWS)
def test_the_totals_are_the_exact_sums_of_the_customers_rows(rows: list[AgeingRow]) -> None:
    lines = parsed(ageing_csv(ageing_report(rows, TODAY)))
    for total in (line for line in lines if line["row"] == "total"):
        mine = [line for line in lines if line["row"] == "customer" and line["currency"] == total["currency"]]
        for column in COLUMNS[5:]:
            assert sum(Decimal(line[column]) for line in mine) == Decimal(total[column])
        assert sum(Decimal(total[column]) for column in COLUMNS[5:10]) == Decimal(total["total"])


@given(ROWS)
def test_the_order_in_which_accounts_are_read_does_not_matter(rows: list[AgeingRow]) -> None:
    unique = list({(r.currency, r.number): r for r in rows}.values())
    assert ageing_csv(ageing_report(unique, TODAY)) == ageing_csv(ageing_report(reversed(unique), TODAY))


def test_amounts_have_the_decimals_of_their_currency() -> None:
    rows = [row("EUR", current=123_456), row("JPY", current=123_456), row("KWD", current=123_456)]
    lines = parsed(ageing_csv(ageing_report(rows, TODAY)))
    assert [line["current"] for line in lines[:3]] == ["1234.56", "123456", "123.456"]


def test_a_report_without_accounts_is_a_header() -> None:
    assert ageing_csv(ageing_report([], TODAY)) == ",".join(COLUMNS) + "\r\n"


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])
def test_a_name_that_a_spreadsheet_would_run_is_made_text(name: str) -> None:
    (line, _total) = parsed(ageing_csv(ageing_report([row(name=name)], TODAY)))
    assert line["customer_name"] == f"'{name}"


def test_a_negative_number_is_not_text() -> None:
    text = csv_text(["a", "b"], [[Number(decimal_text(-1250, "EUR")), "-12.50"]])
    assert text == "a,b\r\n-12.50,'-12.50\r\n"


def test_a_name_with_quotes_commas_and_line_breaks_stays_one_cell() -> None:
    name = 'Ada "A", Ltd\nLondon'
    assert parsed(ageing_csv(ageing_report([row(name=name)], TODAY)))[0]["customer_name"] == name


def test_the_largest_are_those_with_the_most_past_due_and_not_the_most_open() -> None:
    open_most = row(number="1", current=10**6)
    overdue = [row(number=str(n), oldest=n) for n in (2, 3, 4)]
    report = ageing_report([open_most, *overdue], TODAY)
    assert [found.number for found in largest_overdue(report, "EUR", 2)] == ["4", "3"]


@given(AMOUNTS)
def test_no_bar_leaves_the_picture_and_none_that_has_something_is_invisible(amounts: dict[str, int]) -> None:
    drawn = bars(amounts)
    assert all(0 <= bar.width <= BAR_SPACE for bar in drawn)
    assert all((bar.width > 0) == (bar.amount_minor > 0) for bar in drawn)
    assert sum(bar.share_permille for bar in drawn) <= 1000
