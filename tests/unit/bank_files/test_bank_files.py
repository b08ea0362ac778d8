"""Statements as banks send them become bank lines with stable ids, and what does not add up is said."""

from datetime import date
from pathlib import Path

import pytest

from dunwell.remittance.model import LineKind
from dunwell_aws.bank_files import BankFile, read_bank_file
from dunwell_aws.bank_files.statement import UnreadableBankFileError

SAMPLES = Path(__file__).with_name("samples")


def read(name: str) -> BankFile:
    return read_bank_file((SAMPLES / name).read_bytes())


def changed(name: str, old: str, new: str) -> BankFile:
    text = (SAMPLES / name).read_text(encoding="utf-8")
    assert old in text
    return read_bank_file(text.replace(old, new).encode())


def test_a_camt_entry_carries_payer_account_reference_and_ids() -> None:
    line = read("camt053_v2.xml").lines[0]
    assert (line.account, line.currency, line.amount_minor) == ("DE02100100100006820101", "EUR", 119000)
    assert (line.payer_name, line.payer_account) == ("Müller Logistik GmbH", "DE89370400440532013000")
    assert line.references == ("Rechnung INV-2026-010023 vom 01.06.2026",)
    assert (line.end_to_end_id, line.bank_reference) == ("RG-4711", "2026063000010001")
    assert (line.booked_on, line.kind) == (date(2026, 6, 30), LineKind.TRANSFER)


def test_a_camt_batch_is_taken_apart_with_structured_references_first() -> None:
    first, second = read("camt053_v2.xml").lines[1:3]
    assert (first.amount_minor, first.payer_name) == (90000, "Zweig Nord AG")
    assert first.references == ("RF18539007547034", "RE2026/09001")
    assert first.end_to_end_id == ""
    assert (second.amount_minor, second.payer_account, second.references) == (60000, "12345678", ("9000012345",))


def test_a_camt_return_is_a_debit_with_the_payments_own_id_and_pending_entries_wait() -> None:
    found = read("camt053_v2.xml")
    assert [(one.amount_minor, one.kind) for one in found.lines[3:]] == [
        (-18500, LineKind.RETURN),
        (-9, LineKind.CHARGE),
    ]
    assert found.lines[3].end_to_end_id == "E2E-RET-1"


def test_a_camt_entry_that_cannot_be_read_is_named_with_its_line_and_the_gap_is_reported() -> None:
    found = read("camt053_v2.xml")
    left_out, gap = found.problems
    assert left_out.line == 46
    assert "credit or a debit" in left_out.reason
    assert found.statements[0].difference_minor == 340491 - 100000 - (119000 + 150000 - 18500 - 9)
    assert "does not add up" in gap.reason
    assert "DE02" not in gap.reason


def test_a_later_version_with_prefixes_and_charges_within_gives_the_gross_amount_and_the_charge() -> None:
    found = read("camt053_v8.xml")
    assert [(one.amount_minor, one.kind) for one in found.lines] == [(100000, LineKind.OTHER), (-1500, LineKind.CHARGE)]
    assert found.lines[0].payer_name == "Walsh Marine LLC"
    assert found.lines[0].references == ("INV-2026-010024 and thank you",)
    assert found.statements[0].opening_minor == -1000
    assert found.problems == ()


def test_a_camt_file_that_breaks_off_gives_what_came_before() -> None:
    text = (SAMPLES / "camt053_v2.xml").read_bytes()
    cut = read_bank_file(text[: text.index(b"BATCH77")])
    assert [line.amount_minor for line in cut.lines] == [119000]
    assert "breaks off" in cut.problems[0].reason


def test_a_camt_file_with_entities_is_refused() -> None:
    bomb = b'<?xml version="1.0"?><!DOCTYPE d [<!ENTITY a "b">]><Document>&a;</Document>'
    with pytest.raises(UnreadableBankFileError, match="document type"):
        read_bank_file(bomb)


def test_another_message_is_refused_by_its_name() -> None:
    with pytest.raises(UnreadableBankFileError, match=r"pain\.001"):
        read_bank_file(b'<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.001.001.03"><A/></Document>')


def test_german_mt940_gives_name_account_purpose_across_its_fields() -> None:
    line = read("german.sta").lines[0]
    assert (line.payer_name, line.payer_account) == ("Mueller Logistik GmbH Nord", "DE89370400440532013000")
    assert line.references == ("Rechnung INV-2026-010023 vom 01.06.2026",)
    assert (line.end_to_end_id, line.amount_minor) == ("RG-4711", 119000)


def test_german_mt940_tells_returns_and_charges_and_goes_on_after_a_bad_entry() -> None:
    found = read("german.sta")
    assert [(one.amount_minor, one.kind) for one in found.lines[1:]] == [
        (-18500, LineKind.RETURN),
        (-490, LineKind.CHARGE),
    ]
    assert [problem.line for problem in found.problems] == [12]
    assert found.statements[0].difference_minor == 0


def test_swift_mt940_codes_are_read_and_the_pages_of_a_statement_are_one() -> None:
    found = read("swift.sta")
    (statement,) = found.statements
    assert statement.number == "181"
    assert (statement.opening_minor, statement.closing_minor, statement.difference_minor) == (50000, 59900, 0)
    first, second, third = found.lines
    assert (first.payer_name, first.payer_account) == ("ADEYEMI PRINT LTD", "GB29NWBK60161331926819")
    assert first.references[-1] == "9000012345 AND 9000012350"
    assert (first.end_to_end_id, first.bank_reference) == ("PAY-991", "NL26063000123")
    assert second.references == ("THANK YOU RE2026/09001",)
    assert (third.amount_minor, third.kind) == (-25050, LineKind.RETURN)


def test_mt940_that_does_not_add_up_is_reported() -> None:
    found = changed("swift.sta", ":62F:C260630EUR599,", ":62F:C260630EUR600,")
    assert found.statements[0].difference_minor == 100
    assert "does not add up" in found.problems[-1].reason


def test_bai2_has_implied_decimals_signs_by_type_and_joined_continuations() -> None:
    found = read("wire.bai")
    assert [(one.amount_minor, one.kind) for one in found.lines] == [
        (125050, LineKind.TRANSFER),
        (70000, LineKind.TRANSFER),
        (-5000, LineKind.RETURN),
        (-500, LineKind.CHARGE),
    ]
    wire, ach = found.lines[:2]
    assert wire.references == (
        "INV2026010024",
        "ORIG:WALSH MARINE LLC ID:998 OBI: PAYMENT INV-2026-010024 AND INV-2026-010031",
    )
    assert (wire.payer_name, wire.bank_reference) == ("WALSH MARINE LLC", "WIRE8841")
    assert ach.payer_name == "KOWALSKI OPTICS"
    assert "9000012345" in ach.references[0]


def test_bai2_names_a_bad_record_and_a_control_total_that_is_off() -> None:
    found = read("wire.bai")
    assert [(one.line, "left out" in one.reason) for one in found.problems] == [(9, True), (10, False)]
    assert found.statements[0].difference_minor == 0


def test_bai2_yen_has_no_decimals() -> None:
    assert changed("wire.bai", "USD,2", "JPY,2").lines[0].currency == "JPY"
    assert changed("wire.bai", "USD,2", "JPY,2").lines[0].amount_minor == 125050


def test_a_csv_statement_with_a_heading_semicolons_and_decimal_commas() -> None:
    found = read("german.csv")
    oldest, newest = found.lines
    assert (newest.amount_minor, newest.payer_name) == (123450, "Müller; Söhne GmbH")
    assert newest.references == ("RE2026/09001, RE2026/09002",)
    assert oldest.amount_minor == -490
    assert [(one.line, "not a date" in one.reason) for one in found.problems] == [(7, True)]
    assert found.statements[0].opening_minor == 100000


def test_a_csv_statement_in_debit_and_credit_columns() -> None:
    text = b"Date,Description,Paid out,Paid in,Balance\n2026-06-29,9000012345,,1,100.00\n"
    with pytest.raises(UnreadableBankFileError, match="no bank statement"):
        read_bank_file(text.replace(b"Date", b"When"))
    text = b'Date,Description,Paid out,Paid in\n2026-06-29,9000012345,,"1,100.00"\n2026-06-30,fee,3.50,\n'
    found = read_bank_file(text, "ACC1", "GBP")
    assert [one.amount_minor for one in found.lines] == [110000, -350]
    assert found.lines[0].account == "ACC1"


PAYMENTS = [["2026-06-29", "2026-06-29", f"Payer {n}", f"Invoice {n}", f"{n + 1}.00", "EUR"] for n in range(4_000)]
PAYMENT_COLUMNS = ["Date", "Value date", "Payer", "Reference", "Amount", "Currency"]


@pytest.mark.parametrize("mark", ['"{}', '{}"', '"{}" x'])
@pytest.mark.parametrize("places", [(2,), (3,), (5,), (2, 2), (3, 3), (5, 5), (2, 3)])
def test_a_lost_quote_costs_no_payment_that_follows(places: tuple[int, ...], mark: str) -> None:
    """Once all lines up to the next quote, or to the end, were one payment's reference."""
    rows = [list(row) for row in PAYMENTS]
    spoilt = dict(zip((10, 40), places, strict=False))
    for number, place in spoilt.items():
        rows[number][place] = mark.format(rows[number][place])
    found = read_bank_file("\n".join(",".join(row) for row in [PAYMENT_COLUMNS, *rows]).encode())
    amounts = {one.amount_minor for one in found.lines}
    told = {one.line for one in found.problems}
    assert {100 * (n + 1) for n in range(4_000)} - amounts <= {100 * (n + 1) for n in spoilt if n + 2 in told}
    assert all("\n" not in text for one in found.lines for text in (*one.references, one.payer_name))


def test_a_reference_of_several_lines_stays_one() -> None:
    text = 'Date,Amount,Currency,Reference\n2026-06-29,5.00,EUR,"Invoice 1,\nand 2,\nthanks"\n2026-06-30,6.00,EUR,x\n'
    found = read_bank_file(text.encode())
    assert [one.references for one in found.lines] == [("Invoice 1,\nand 2,\nthanks",), ("x",)]


def test_csv_dates_that_may_be_either_are_refused_until_somebody_says() -> None:
    text = b"Date,Amount,Reference,Currency\n03/04/2026,5.00,x,GBP\n"
    with pytest.raises(UnreadableBankFileError, match="day or the month first"):
        read_bank_file(text)
    assert read_bank_file(text, day_first=True).lines[0].booked_on == date(2026, 4, 3)
    assert read_bank_file(text.replace(b"03/04", b"03/24")).lines[0].booked_on == date(2026, 3, 24)


@pytest.mark.parametrize(
    "name", ["camt053_v2.xml", "camt053_v8.xml", "german.sta", "swift.sta", "wire.bai", "german.csv"]
)
def test_the_same_statement_read_twice_gives_the_same_ids_all_different(name: str) -> None:
    once, again = read(name), read(name)
    ids = [line.line_id for line in once.lines]
    assert ids == [line.line_id for line in again.lines]
    assert len(set(ids)) == len(ids) > 0
    assert all(one.startswith("bln_") for one in ids)


def test_overlapping_statements_give_their_common_lines_the_same_ids_and_equal_lines_stay_two() -> None:
    rows = [f"2026-06-{day},25.00,subscription,EUR" for day in (28, 29, 29, 30)]
    head = "Date,Amount,Reference,Currency"
    first = read_bank_file("\n".join([head, *rows[:3]]).encode())
    second = read_bank_file("\n".join([head, *rows[1:]]).encode())
    assert [one.line_id for one in first.lines[1:]] == [one.line_id for one in second.lines[:2]]
    assert len({one.line_id for one in (*first.lines, *second.lines)}) == 4


@pytest.mark.parametrize(("content", "word"), [(b"", "empty"), (b"%PDF-1.7", "PDF"), (b"hello", "no bank statement")])
def test_what_is_no_statement_is_refused_with_what_to_do(content: bytes, word: str) -> None:
    with pytest.raises(UnreadableBankFileError, match=word):
        read_bank_file(content)
