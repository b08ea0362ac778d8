"""``dunwell-cli policy preview`` on a file that somebody brings."""

import csv
import json
from io import StringIO
from pathlib import Path

import pytest

from dunwell_aws.documents import folder, read_mappings
from infra.cli.__main__ import main
from infra.cli.in_memory import accounts_of
from tests.support.outreach import TODAY

ROWS = """customer_number,customer_name,email,phone,country,postcode,group,\
invoice_number,currency,amount,issued_on,due_on,settled_on
C-1,Late Ltd,late@x.example,,US,10001,,I-1,USD,120.00,2026-09-01,2026-11-01,
C-1,Late Ltd,late@x.example,,US,10001,,I-2,USD,80.00,2026-10-01,2026-11-20,
C-2,Paid Ltd,paid@x.example,,US,10001,,I-3,USD,50.00,2026-09-01,2026-11-01,2026-11-02
C-3,Early Ltd,early@x.example,,US,10001,,I-4,EUR,50.00,2026-11-01,2027-01-31,
C-4,=Mute Ltd,,,US,10001,key accounts,I-5,USD,50.00,2026-09-01,2026-11-20,
C-5,No Date,x@x.example,,US,10001,,I-6,USD,50.00,2026-09-01,soon,
"""


@pytest.fixture
def data(tmp_path: Path) -> Path:
    path = tmp_path / "invoices.csv"
    path.write_text(ROWS, encoding="utf-8")
    return path


def run(*arguments: object) -> int:
    return main(["policy", "preview", *(str(one) for one in arguments)])


def test_one_day_shows_whom_how_how_much_and_why_the_others_not(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--as-of", TODAY, data) == 0
    said = capsys.readouterr()
    assert "Policy default, version 2026-11-22, on 2026-11-23: 3 accounts have something open." in said.out
    lines = [line.split() for line in said.out.splitlines()]
    assert ["final", "email", "1", "1", "2", "$200.00"] in lines
    assert ["2026-11-23", "C-1", "Late", "Ltd", "final", "email", "2", "$200.00"] in lines
    assert ["1", "NO_USABLE_ADDRESS"] in lines
    assert ["1", "NOT_DUE"] in lines
    assert "1 rows were rejected" in said.err


def test_a_range_is_followed_day_by_day_and_compared_with_another_policy(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("--from", "2026-11-23", "--to", "2026-12-10", "--against", "b2b_firm", data) == 0
    said = capsys.readouterr().out
    assert "Treated differently by default and b2b_firm: 1" in said
    (line,) = [line for line in said.splitlines() if line.split()[:2] == ["C-1", "USD"]]
    assert "11-23 final (email), 12-07 final (email)" in line
    assert "11-23 firm (email), 11-28 final (email), 12-08 final (email)" in line


def test_a_customers_group_comes_from_its_source(data: Path) -> None:
    accounts, rejected = accounts_of([data], read_mappings(folder("infra")), "example", TODAY)
    groups = {account.customer.number: account.customer.group for account in accounts}
    assert (groups, rejected) == ({"C-1": "", "C-3": "", "C-4": "key accounts"}, 1)


def test_programs_get_everything(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--as-of", TODAY, "--against", "eu", "--json", data) == 0
    found = json.loads(capsys.readouterr().out)
    assert [one["policy"] for one in found["policies"]] == ["default", "eu"]
    assert found["policies"][0]["contacts"][0]["amount_minor"] == 20_000
    assert found["policies"][0]["not_contacted"] == {"NOT_DUE": 1}
    assert [one["customer"] for one in found["differences"]] == ["C-1"]


def test_a_spreadsheet_gets_rows_without_formulas(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--as-of", TODAY, "--csv", data) == 0
    rows = list(csv.DictReader(StringIO(capsys.readouterr().out)))
    assert [(row["customer"], row["stage"], row["reason_code"]) for row in rows] == [
        ("C-1", "final", "OK"),
        ("C-4", "due", "NO_USABLE_ADDRESS"),
    ]
    assert rows[1]["name"] == "'=Mute Ltd"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--policy", "nobody"], "nobody.yaml does not exist"),
        (["--from", "2026-11-23"], "needs both --from and --to"),
        (["--from", "2026-11-23", "--to", "2026-11-22"], "--to comes after --from"),
        (["--from", "2026-11-23", "--to", "2028-11-23"], "at most 400 days"),
        (["--policy", "uk", "--as-of", "2025-12-31"], "the first begins on 2026-01-01"),
        (["--as-of", "2026-11-23", "--from", "2026-11-23", "--to", "2026-11-24"], "either --as-of or --from"),
    ],
)
def test_what_cannot_be_shown_is_said(
    data: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], words: str
) -> None:
    assert run(*arguments, data) == 1
    assert words in capsys.readouterr().err
