"""``dunwell-cli`` on files that somebody brings."""

import csv
from pathlib import Path

import pytest

from dunwell_aws.documents import read_mapping
from infra.cli.__main__ import main
from tests.support.receivables import csv_file

GERMAN = """Rechnungsnummer;Kunde;E-Mail;Rechnungsdatum;Fälligkeitsdatum;Betrag;Währung
R-1;Müller GmbH;info@mueller.example;01.10.2026;31.10.2026;1.234,50;EUR
R-2;Bäckerei Schmidt;post@schmidt.example;15.10.2026;14.11.2026;99,00;EUR
R-3;Müller GmbH;info@mueller.example;16.10.2026;15.10.2026;5,00;EUR
"""
AMBIGUOUS = """Invoice #,Customer ID,Customer Name,Email,Invoice Date,Due Date,Total
1,A,Ann,ann@x.example,01/02/2026,02/03/2026,"$1,200.00"
2,B,Bob,bob@x.example,03/04/2026,04/05/2026,$15.00
"""


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*arguments: str | Path) -> int:
    return main([str(one) for one in arguments])


def test_a_file_that_nobody_knows_gets_a_mapping_that_reads_it(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "de.csv").write_text(GERMAN, encoding="cp1252")
    assert run("map", "de.csv", "--write", here / "erp.yaml") == 0
    said = capsys.readouterr().out
    assert "3 rows read as erp, delimited in cp1252: 2 would be taken, 1 rejected" in said
    assert "1,333.50" in said
    assert "R-1" in said
    assert "is before the invoice was issued" in said
    table = read_mapping(here / "erp.yaml").table("receivables")
    assert table.fields["issued_on"].date == "%d.%m.%Y"
    assert (table.fields["amount"].decimal, table.fields["amount"].thousands) == (",", ".")
    assert table.fields["customer_number"].column == "Kunde"
    assert run("check", "de.csv", "--mapping", here / "erp.yaml") == 0


def test_dates_that_fit_two_orders_are_asked_about_and_not_guessed(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (here / "us.csv").write_text(AMBIGUOUS)
    assert run("map", "us.csv", "--write", here / "us.yaml") == 1
    assert "the dates of 'Invoice Date' fit %d/%m/%Y and %m/%d/%Y: say which with --date" in capsys.readouterr().out
    assert not (here / "us.yaml").exists()
    assert run("map", "us.csv", "--date", "%m/%d/%Y", "--write", here / "us.yaml") == 0
    assert read_mapping(here / "us.yaml").table("receivables").fields["currency"].value == "USD"


def test_a_missing_currency_is_asked_for(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "x.csv").write_text(AMBIGUOUS.replace("$", "").replace("1/0", "1/1").replace("/03/", "/13/"))
    assert run("map", "x.csv", "--date", "%m/%d/%Y") == 1
    assert "no column tells the currency: say it with --currency USD" in capsys.readouterr().out
    assert run("map", "x.csv", "--date", "%m/%d/%Y", "--currency", "cad") == 0


def test_a_column_may_be_named_by_hand(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "x.csv").write_text(AMBIGUOUS.replace("Due Date", "Pay before"))
    assert run("map", "x.csv", "--date", "%m/%d/%Y") == 1
    assert "no column looks like due_on: name it with --field due_on=COLUMN" in capsys.readouterr().out
    assert run("map", "x.csv", "--date", "%m/%d/%Y", "--field", "due_on=Pay before") == 0
    assert run("map", "x.csv", "--field", "due_on=Nothing") == 1
    assert "there is no Nothing; there are Invoice #" in capsys.readouterr().err


def test_a_known_file_needs_no_mapping(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "x.csv").write_bytes(csv_file({}))
    assert run("map", "x.csv") == 0
    assert "A known mapping fits: dunwell_receivables (receivables)" in capsys.readouterr().out


def test_check_counts_what_an_import_would_do_and_writes_the_rejects(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (here / "x.csv").write_bytes(csv_file({}, {"amount": "=1"}, {"currency": "JPY", "amount": "12"}))
    assert run("check", "x.csv") == 0
    said = capsys.readouterr().out
    assert "3 rows read as dunwell_receivables" in said
    assert "$1,234.50" in said
    assert "¥12" in said
    with (here / "x.csv.rejects.csv").open(newline="") as file:
        (reject,) = csv.DictReader(file)
    assert (reject["line"], reject["column"], reject["value"]) == ("3", "amount", "'=1")


def test_check_writes_no_rejects_file_when_there_are_none(here: Path) -> None:
    (here / "x.csv").write_bytes(csv_file({}))
    assert run("check", "x.csv") == 0
    assert not (here / "x.csv.rejects.csv").exists()


@pytest.mark.parametrize(
    ("content", "says"),
    [(None, "cannot read x.csv: No such file"), (b"", "the file is empty"), (b"%PDF", "a PDF document")],
)
@pytest.mark.parametrize("command", ["map", "check"])
def test_a_file_that_cannot_be_read_is_told_why(
    here: Path, capsys: pytest.CaptureFixture[str], command: str, content: bytes | None, says: str
) -> None:
    if content is not None:
        (here / "x.csv").write_bytes(content)
    assert run(command, "x.csv") == 1
    assert says in capsys.readouterr().err
