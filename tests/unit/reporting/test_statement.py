"""The statement of account: it adds up line by line, and closes with what is open less what is unapplied."""

import csv
import io
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dunwell.errors import InvalidInputError
from dunwell.ledger.agreements import AgreementKind
from dunwell.ledger.entry import Direction, Entry, EntryKind
from dunwell.ledger.model import Account
from dunwell.reporting.statement import last_months, statement, statement_csv
from tests.support.agreements import agreement
from tests.support.ledger import account_of
from tests.support.portal import customer, invoice
from tests.unit.ledger.test_fold import FACTS, account

FIRST, LAST = date(2026, 5, 1), date(2026, 5, 31)


def on(number: int) -> date:
    return date(2026, 5, number)


def entry(kind: EntryKind, entry_id: str, amount_minor: int, day: date, number: str = "", **more: Any) -> Entry:
    directed = (Direction(f"inv_{number}", amount_minor),) if number else ()
    return Entry(entry_id, kind, "USD", amount_minor, day, directed_to=directed, **more)


def busy() -> Account:
    return account_of(
        customer(),
        invoice("A1", 100_00, date(2026, 5, 15), issued_on=date(2026, 4, 15)),
        invoice("A2", 50_00, date(2026, 6, 9), issued_on=on(10)),
        invoice("E1", 70_00, date(2026, 6, 9), issued_on=on(10), currency="EUR"),
        entry(EntryKind.FEE, "ent_fee", 5_00, on(16), "a1", reason="late_fee"),
        entry(EntryKind.PAYMENT, "pay_1", 180_00, on(20), reference="=2+5"),
        entry(EntryKind.REVERSAL, "rev_1", 30_00, on(25), of="pay_1", reason="refund"),
        entry(EntryKind.DISPUTE, "dsp_1", 10_00, on(26), "a2"),
        entry(EntryKind.REVERSAL, "rev_9", 30_00, on(26), of="pay_unknown"),
        entry(EntryKind.PAYMENT, "pay_2", 1_00, date(2026, 6, 2)),
    )


def test_every_fact_of_the_period_stands_with_the_running_balance() -> None:
    euros, dollars = statement(busy(), FIRST, LAST).currencies
    assert (dollars.opening_minor, dollars.closing_minor, dollars.unapplied_minor) == (100_00, 5_00, 0)
    assert [(line.on, line.what, line.numbers, line.effect_minor, line.balance_minor) for line in dollars.lines] == [
        (on(10), "invoice", ("A2",), 50_00, 150_00),
        (on(16), "fee", ("A1",), 5_00, 155_00),
        (on(20), "payment", (), -180_00, -25_00),
        (on(25), "reversal", (), 30_00, 5_00),
        (on(26), "dispute", ("A2",), 0, 5_00),
    ]
    assert [(item.invoice.number, item.open_minor) for item in dollars.open_items] == [("A2", 5_00)]
    assert (euros.opening_minor, euros.closing_minor, euros.open_minor) == (0, 70_00, 70_00)


def test_a_recovery_is_told_and_moves_no_receivable() -> None:
    made = account_of(
        customer(),
        invoice("A1", 100_00, date(2026, 4, 15), issued_on=date(2026, 4, 1)),
        entry(EntryKind.WRITE_OFF, "wof", 100_00, on(2), "a1"),
        entry(EntryKind.PAYMENT, "pay_1", 40_00, on(3), "a1"),
    )
    (dollars,) = statement(made, FIRST, LAST).currencies
    assert [(line.what, line.effect_minor) for line in dollars.lines] == [("write_off", -100_00), ("payment", 0)]


def test_a_currency_without_anything_to_say_is_left_out() -> None:
    assert statement(busy(), date(2020, 1, 1), date(2020, 1, 31)).currencies == ()
    with pytest.raises(InvalidInputError):
        statement(busy(), LAST, FIRST)


def test_the_file_has_the_same_numbers_and_no_formulas() -> None:
    lines = list(csv.DictReader(io.StringIO(statement_csv(statement(busy(), FIRST, LAST)))))
    mine = [line for line in lines if line["currency"] == "USD"]
    assert [line["row"] for line in mine] == ["opening", *["entry"] * 5, "closing", "open"]
    assert (mine[0]["balance"], mine[-2]["balance"], mine[-1]["amount"]) == ("100.00", "5.00", "5.00")
    assert "'=2+5" in {line["reference"] for line in mine}


def test_the_last_months_begin_with_the_first_of_one() -> None:
    assert last_months(date(2026, 1, 31)) == (date(2025, 10, 1), date(2026, 1, 31))


@given(FACTS, st.integers(-5, 50), st.integers(0, 50))
def test_opening_and_lines_make_the_closing_balance_which_is_open_less_unapplied(
    facts: list[Any], start: int, length: int
) -> None:
    made = account(*facts)
    first = date(2026, 3, 1) + timedelta(days=start)
    last = first + timedelta(days=length)
    for one in statement(made, first, last).currencies:
        assert one.opening_minor + sum(line.effect_minor for line in one.lines) == one.closing_minor
        assert one.closing_minor == one.open_minor - one.unapplied_minor
        assert one.opening_minor == made.at(first - timedelta(days=1)).books.control_minor(one.currency)
        assert one.closing_minor == made.at(last).books.control_minor(one.currency)


def test_an_open_item_under_a_plan_says_so() -> None:
    plan = agreement("inv_a2", kind=AgreementKind.PLAN)
    agreed = replace(busy(), agreements={"agr_1": plan})
    made = statement(agreed, FIRST, LAST)
    assert [one.agreed for one in made.currencies] == [{}, {"inv_a2": "plan"}]
    rows = list(csv.DictReader(io.StringIO(statement_csv(made))))
    assert [row["reason"] for row in rows if row["row"] == "open"] == ["", "plan"]
