"""Files that are what they say, and files that are not."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dunwell.ingestion.records import Reject, RejectedRowError
from dunwell.ingestion.table import Table, UnreadableFileError
from tests.support.receivables import GOOD, csv_file, mappings

HEADER = ",".join(GOOD)
ROW = ",".join(GOOD.values())


def table(content: bytes | str) -> Table:
    return Table(content if isinstance(content, bytes) else content.encode(), mappings())


def lines(content: bytes | str) -> list[tuple[int, str]]:
    """Line numbers with the customer's name, or what is wrong."""
    return [
        (line, row.reject.reason if isinstance(row, RejectedRowError) else row["customer_name"])
        for line, row in table(content).rows()
    ]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "the file is empty"),
        (b" \r\n\t", "the file is empty"),
        (b"%PDF-1.7 ...", "a PDF document, not a CSV file"),
        (b"PK\x03\x04...", "an Excel workbook"),
        (b"\x1f\x8b\x08", "a gzip archive"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1", "an old Excel workbook"),
        (b"\x89PNG\r\n", "a picture"),
        (csv_file({}).decode().encode("utf-16"), "may be UTF-16"),
        (csv_file({}) + b"\x00\n", "may be UTF-16 or binary"),
        (csv_file({}, {"customer_name": "Müller"}).decode().encode("latin-1"), "line 3 is not UTF-8 text"),
        (csv_file({}).replace(b",", b";"), "columns are separated by ';', source 'dunwell_receivables' expects ','"),
        (csv_file({}).replace(b",", b"\t"), "columns are separated by a tab"),
        (csv_file({}).replace(b"due_on", b"deadline"), "lacks the columns due_on"),
        (b"a,b,c\n1,2,3\n", "fits no known source (dunwell_receivables, ibm_late_payment)"),
        (b"\n" + csv_file({}), "fits no known source"),
        (csv_file({}).replace(b"\n", b"\r"), "old Macintosh"),
        (f"{HEADER},due_on\n{ROW},x\n".encode(), "names columns twice: due_on"),
        (f'{HEADER},"note\n{ROW}\n'.encode(), "the header line cannot be read"),
        (b'"' * 7 + b"\n", "fits no known source"),
    ],
)
def test_a_file_that_cannot_be_read_is_told_what_it_is_instead(content: bytes, says: str) -> None:
    with pytest.raises(UnreadableFileError) as error:
        list(table(content).rows())
    assert says in str(error.value)


def test_a_byte_order_mark_and_windows_line_ends_do_not_matter() -> None:
    content = b"\xef\xbb\xbf" + csv_file({}, {}).replace(b"\n", b"\r\n")
    assert lines(content) == [(2, "Anna's Bakery"), (3, "Anna's Bakery")]


def test_a_file_with_a_header_alone_has_no_rows() -> None:
    assert lines(f"{HEADER}\n") == lines(HEADER) == []


def test_columns_may_stand_in_any_order_among_others_and_be_padded() -> None:
    header = ", ".join([*reversed(GOOD), "comment"])
    assert lines(f"{header}\n{','.join([*reversed(GOOD.values()), 'x'])}\n") == [(2, "Anna's Bakery")]


def test_a_line_break_inside_quotes_belongs_to_the_cell_and_lines_are_still_counted() -> None:
    content = csv_file({"customer_name": "Anna's\nBakery"}, {"customer_name": "Bert"})
    assert lines(content) == [(2, "Anna's\nBakery"), (4, "Bert")]


def test_blank_lines_between_and_after_rows_are_passed_over() -> None:
    assert [line for line, _ in lines(f"{HEADER}\n\n{ROW}\n\n\n{ROW}\n\n\n")] == [3, 6]


def test_short_and_long_rows_are_rejected_and_the_others_taken() -> None:
    content = f"{HEADER}\n{ROW},extra\n{ROW}\nonly,two\n"
    assert lines(content) == [
        (2, "the row has 19 columns, the header 18"),
        (3, "Anna's Bakery"),
        (4, "the row has 2 columns, the header 18"),
    ]


def test_a_file_that_is_cut_off_loses_its_last_row_alone() -> None:
    content = csv_file({}, {}, {})
    taken = lines(content[: -len(ROW) // 2])
    assert [line for line, _ in taken] == [2, 3, 4]
    assert [name for _, name in taken[:2]] == ["Anna's Bakery"] * 2
    assert "columns, the header 18" in taken[2][1]


def test_a_file_that_is_cut_off_inside_quotes_says_so() -> None:
    content = csv_file({}) + b'C-2,"Bert'
    ((_, name), (line, reason)) = lines(content)
    assert (name, line, reason) == ("Anna's Bakery", 3, "the row cannot be read: unexpected end of data")


def test_a_bad_row_is_told_how_it_may_be_repaired() -> None:
    (_, row) = next(table(f"{HEADER}\na,b\n").rows())
    assert isinstance(row, RejectedRowError)
    reason = "the row has 2 columns, the header 18"
    assert row.reject == Reject(2, "", "", reason, "the file may be cut off, or a quote or delimiter is missing")


def test_the_mapping_that_reads_most_of_the_header_is_taken() -> None:
    assert table(csv_file({})).mapping.name == "dunwell_receivables"
    ibm = "customerID,invoiceNumber,InvoiceAmount,InvoiceDate,DueDate,Disputed,SettledDate,more\n"
    assert table(ibm).mapping.name == "ibm_late_payment"


@given(st.binary(max_size=200) | st.binary(max_size=60).map(lambda tail: csv_file({}) + tail))
def test_no_bytes_fail_otherwise_than_as_an_unreadable_file(content: bytes) -> None:
    with contextlib.suppress(UnreadableFileError):
        assert all(line >= 2 for line, _ in table(content).rows())
