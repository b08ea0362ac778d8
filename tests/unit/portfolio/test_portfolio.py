"""The made-up portfolio looks like a ledger, reaches nobody, and never changes for a seed."""

import csv
import hashlib
import re
import subprocess
import sys
from collections import Counter
from datetime import date
from decimal import Decimal
from itertools import groupby
from pathlib import Path
from statistics import mean

import pytest

from infra.local.portfolio import COLUMNS, HABITS, generate, habit_of_customer

AS_OF = date(2026, 6, 30)
SEED = 7


@pytest.fixture(scope="module")
def rows() -> list[dict[str, str]]:
    return list(generate(400, SEED, AS_OF, 0))


def days_late(row: dict[str, str]) -> int:
    return (date.fromisoformat(row["settled_on"]) - date.fromisoformat(row["due_on"])).days


def test_a_portfolio_has_every_customer_and_thousands_of_invoices(rows: list[dict[str, str]]) -> None:
    assert len({row["customer_number"] for row in rows}) == 400
    assert 5_000 <= len(rows) <= 7_000
    assert len({row["invoice_number"] for row in rows}) == len(rows)
    assert {row["currency"] for row in rows} == {"USD", "EUR", "GBP", "CAD", "JPY"}
    assert {row["customer_kind"] for row in rows} == {"person", "business"}


def test_every_row_has_exactly_the_columns_of_the_template(rows: list[dict[str, str]]) -> None:
    assert all(tuple(row) == COLUMNS for row in rows)


def test_nothing_in_the_portfolio_is_later_than_its_today(rows: list[dict[str, str]]) -> None:
    for row in rows:
        assert date.fromisoformat(row["issued_on"]) <= AS_OF
        if row["settled_on"]:
            assert date.fromisoformat(row["issued_on"]) <= date.fromisoformat(row["settled_on"]) <= AS_OF


@pytest.mark.parametrize("as_of", [date(2024, 2, 29), date(2026, 1, 1), date(2026, 12, 31)])
def test_another_today_moves_the_whole_portfolio(as_of: date) -> None:
    moved = list(generate(60, 3, as_of, 0))
    assert max(row["issued_on"] for row in moved) <= as_of.isoformat()
    assert max(row["settled_on"] for row in moved) <= as_of.isoformat()
    assert len({row["customer_number"] for row in moved}) == 60


def test_open_invoices_run_from_not_yet_due_to_about_four_months_past_due(rows: list[dict[str, str]]) -> None:
    past_due = [(AS_OF - date.fromisoformat(r["due_on"])).days for r in rows if not r["settled_on"]]
    assert min(past_due) < -20
    assert 90 < max(past_due) <= 120
    assert sum(days > 0 for days in past_due) > 50


def test_a_seed_always_gives_the_same_rows_and_another_seed_gives_others() -> None:
    def digest(seed: int) -> str:
        return hashlib.sha256(repr(list(generate(30, seed, AS_OF, 4))).encode()).hexdigest()

    assert digest(1) == digest(1)
    assert digest(1) != digest(2)


def test_a_larger_portfolio_holds_the_smaller_one_unchanged() -> None:
    larger = [repr(row) for row in generate(30, SEED, AS_OF, 0)]
    assert set(map(repr, generate(20, SEED, AS_OF, 0))) < set(larger)


def test_yen_have_no_decimals_and_other_currencies_have_two(rows: list[dict[str, str]]) -> None:
    for row in rows:
        assert re.fullmatch(r"\d+" if row["currency"] == "JPY" else r"\d+\.\d\d", row["amount"])
        assert Decimal(row["amount"]) > 0


FICTIONAL = re.compile(
    r"\+1[2-9]\d\d55501\d\d|\+447700900\d{3}|\+441614960\d{3}|\+4930231\d{2}\d{3}|\+498999998\d{3}"
    r"|\+3363998\d{4}|\+3532091\d{5}"
)


def test_addresses_can_reach_nobody(rows: list[dict[str, str]]) -> None:
    for row in rows:
        assert row["email"] or row["phone"]
        assert re.fullmatch(r"[a-z0-9.]+@example\.(com|org|net)|", row["email"])
        assert not row["phone"] or FICTIONAL.fullmatch(row["phone"])
        assert row["sms_consent"] == "no" or row["phone"]


def test_habits_show_in_how_late_customers_pay(rows: list[dict[str, str]]) -> None:
    settled = sorted((r for r in rows if r["settled_on"]), key=lambda r: r["customer_number"])
    late: dict[str, list[int]] = {}
    for number, group in groupby(settled, key=lambda r: r["customer_number"]):
        late.setdefault(habit_of_customer(number, SEED), []).extend(map(days_late, group))
    average = {habit: mean(days) for habit, days in late.items()}
    assert set(average) == {habit.name for habit in HABITS}
    assert average["reliable"] < 0 < average["forgetful"] < average["slow_but_sure"] < average["cash_strapped"]


def test_a_customer_who_has_gone_quiet_pays_nothing_in_the_last_month(rows: list[dict[str, str]]) -> None:
    quiet = [r for r in rows if habit_of_customer(r["customer_number"], SEED) == "gone_quiet"]
    assert quiet
    assert max(r["settled_on"] for r in quiet) < "2026-05-31"


def test_new_customers_begin_in_the_last_quarter(rows: list[dict[str, str]]) -> None:
    new = [r for r in rows if habit_of_customer(r["customer_number"], SEED) == "new"]
    assert new
    assert min(r["issued_on"] for r in new) >= "2026-04-01"


def test_broken_rows_are_added_and_the_good_ones_stay() -> None:
    clean = list(generate(40, SEED, AS_OF, 0))
    mixed = list(generate(40, SEED, AS_OF, 10))
    broken = [row for row in mixed if row not in clean]
    assert [row for row in mixed if row in clean] == clean
    assert len(broken) == 10
    assert {"", "see attached"} < {row["amount"] for row in broken}
    assert Counter(row["currency"] for row in broken)["XQZ"] == 1
    assert sum(row["amount"].startswith("-") for row in broken) == 1
    assert sum(not row["customer_number"] for row in broken) == 1
    assert sum("/" in row["issued_on"] for row in broken) == 1
    assert broken == [row for row in generate(40, SEED, AS_OF, 10) if row not in clean]


def test_a_portfolio_of_no_customers_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 1 customer"):
        list(generate(0, SEED, AS_OF, 0))


def test_the_command_writes_the_file_it_is_asked_for(tmp_path: Path) -> None:
    out = tmp_path / "new" / "portfolio.csv"
    root = Path(__file__).parents[3]
    command = [sys.executable, "-m", "infra.local.portfolio", "--out", str(out), "--customers", "12"]
    subprocess.run([*command, "--seed", "9", "--as-of", "2026-03-31", "--dirty", "2"], cwd=root, check=True)
    with out.open(encoding="utf-8", newline="") as file:
        written = list(csv.DictReader(file))
    assert written == list(generate(12, 9, date(2026, 3, 31), 2))
