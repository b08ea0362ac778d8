"""Delimited text that is what it says, and files that are not."""

import contextlib
import io
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dunwell.ingestion.reading import Batch, Layout, UnreadableFileError, read_part, read_rows, record_boundaries
from dunwell.ingestion.reading.content import PIECE_BYTES
from dunwell.ingestion.records import Receivable, Reject
from tests.support.receivables import GOOD, csv_file, mappings

HEADER = ",".join(GOOD)
ROW = ",".join(GOOD.values())


def batches(content: bytes | str) -> list[Batch]:
    return list(read_rows(content if isinstance(content, bytes) else content.encode(), mappings()).batches)


def lines(content: bytes | str) -> list[tuple[int, str]]:
    """Line numbers with the customer's name, or what is wrong."""
    found = []
    for batch in batches(content):
        found += [(one.line, one.reason) for one in batch.rejects]
        found += [
            (one.customer.line, one.customer.customer_name) for one in batch.records if isinstance(one, Receivable)
        ]
    return sorted(found)


def failure(content: bytes) -> str:
    with pytest.raises(UnreadableFileError) as error:
        batches(content)
    return str(error.value)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "the file is empty"),
        (b" \r\n\t", "the file is empty"),
        (b"%PDF-1.7 ...", "a PDF document, not a CSV file"),
        (b"PK\x03\x04...", "a ZIP archive"),
        (b"\x1f\x8b\x08", "a gzip archive"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1", "an old Excel workbook"),
        (b"\x89PNG\r\n", "a picture"),
        (csv_file({}) + b"\x00\n", "the file is not text (it holds zero bytes)"),
        (
            csv_file({}).replace(b"due_on", b"deadline"),
            "nearest to table 'receivables' of source 'dunwell_receivables' and lacks the columns due_on",
        ),
        (b"a,b,c\n1,2,3\n", "fits no known source (chargebee, dunwell_receivables, hubspot, ibm_late_payment, "),
        (csv_file({}).replace(b"\n", b"\r"), "old Macintosh"),
        (f"{HEADER},due_on\n{ROW},x\n".encode(), "names columns twice: due_on"),
        (f'{HEADER},"note\n{ROW}\n'.encode(), "the header line cannot be read"),
        (b'"' * 7 + b"\n", "the header line cannot be read"),
        (b'[{"a": 1}]', "the file is one JSON list; write one object a line"),
        (b'{"a":\n1}', "its lines are no objects"),
        (b'{"a": 1}', "the objects fit no known source"),
        (b'{"type": "RECORD", "stream": "x", "record": {"a": 1}}', "no mapping reads the streams that this tap begins"),
        (csv_file({}) + b"x" * 9_000_000, "a line is longer than 8 MB"),
    ],
)
def test_a_file_that_cannot_be_read_is_told_what_it_is_instead(content: bytes, says: str) -> None:
    assert says in failure(content)


def test_a_source_that_is_asked_for_by_a_name_nobody_knows_is_refused() -> None:
    with pytest.raises(UnreadableFileError, match="there is no source 'sap'; known are chargebee"):
        read_rows(csv_file({}), mappings(), source="sap")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252", "latin-1"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_encoding_and_delimiter_are_found_out(encoding: str, delimiter: str) -> None:
    content = csv_file({"customer_name": "Müller"}, {"customer_name": "Françoise"}).decode()
    assert lines(content.replace(",", delimiter).encode(encoding)) == [(2, "Müller"), (3, "Françoise")]


def test_a_byte_order_mark_and_windows_line_ends_do_not_matter() -> None:
    content = b"\xef\xbb\xbf" + csv_file({}, {}).replace(b"\n", b"\r\n")
    assert lines(content) == [(2, "Anna's Bakery"), (3, "Anna's Bakery")]


def test_a_byte_of_another_encoding_late_in_the_file_costs_its_row_alone() -> None:
    many = [{"customer_name": "Anna"}] * 20_000
    content = csv_file(*many) + ROW.replace("Anna", "Müller").encode("cp1252") + b"\n"
    found = lines(content)
    assert (len(found), found[-1]) == (20_001, (20_002, "the row is not text in the file's encoding"))


def test_a_file_with_a_header_alone_has_no_rows() -> None:
    assert lines(f"{HEADER}\n") == lines(HEADER) == []


def test_a_title_above_the_header_is_passed_over_and_lines_are_still_counted() -> None:
    assert lines(f"Open receivables,,,\nAs of 2026-11-20\n\n{HEADER}\n{ROW}\n") == [(5, "Anna's Bakery")]


def test_columns_may_stand_in_any_order_among_others_and_be_padded() -> None:
    header = ", ".join([*reversed(GOOD), "comment"])
    content = f"{header}\n{','.join([*reversed(GOOD.values()), 'x'])}\n"
    assert lines(content) == [(2, "Anna's Bakery")]
    assert read_rows(content.encode(), mappings()).unread == ("comment",)


def test_a_line_break_inside_quotes_belongs_to_the_cell_and_lines_are_still_counted() -> None:
    content = csv_file({"customer_name": "Anna's\nBakery"}, {"customer_name": "Bert"})
    assert lines(content) == [(2, "Anna's\nBakery"), (4, "Bert")]


def test_blank_lines_and_rows_of_empty_cells_are_passed_over() -> None:
    empty = "," * HEADER.count(",")
    assert [line for line, _ in lines(f"{HEADER}\n\n{ROW}\n{empty}\n\n{ROW}\n\n\n")] == [3, 6]


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


@pytest.mark.parametrize("rows_behind", [1, 3_000])
def test_a_lost_quote_costs_its_own_row_and_not_those_behind_it(rows_behind: int) -> None:
    broken = ROW.replace("Anna's Bakery", '"Anna')
    found = lines("\n".join([HEADER, ROW, broken, *[ROW] * rows_behind]))
    assert len(found) == rows_behind + 2
    assert [reason for _, reason in found if reason != "Anna's Bakery"] == [
        "the row cannot be read: unexpected end of data"
    ] or found[1][1].startswith("the row cannot be read: field larger")


def test_a_bad_row_is_told_how_it_may_be_repaired() -> None:
    (batch,) = batches(f"{HEADER}\na,b\n")
    reason = "the row has 2 columns, the header 18"
    fix = "the file may be cut off, or a quote or delimiter is missing"
    assert batch.rejects == [Reject(2, "", "", reason, fix)]


@pytest.mark.parametrize(
    ("columns", "table"),
    [
        (list(GOOD), "receivables"),
        (["customer_number", "invoice_number", "currency", "amount", "issued_on", "due_on", "terms"], "invoices"),
        (["customer_number", "customer_name", "email"], "customers"),
        (["customer_number", "credit_number", "currency", "amount", "issued_on", "invoice_number"], "credit_notes"),
        (["customer_number", "payment_reference", "currency", "amount", "received_on", "invoice_number"], "payments"),
    ],
)
def test_the_table_that_reads_most_of_the_header_is_taken(columns: list[str], table: str) -> None:
    reading = read_rows((",".join(columns) + "\n").encode(), mappings())
    assert (reading.source.name, reading.layout.table) == ("dunwell_receivables", table)


def test_a_file_is_read_piece_by_piece() -> None:
    """What is taken from the source before the first batch is the sample and a piece, not the file."""
    taken = 0

    def pieces() -> Iterator[bytes]:
        nonlocal taken
        yield csv_file()
        for _ in range(400):
            taken += 1
            yield (ROW + "\n").encode() * 100

    reading = read_rows(pieces(), mappings())
    first = next(reading.batches)
    before = taken
    assert before < 120
    assert first.rows + sum(batch.rows for batch in reading.batches) == 40_000
    assert taken == 400


def test_an_open_file_and_its_bytes_read_the_same() -> None:
    content = csv_file(*({"invoice_number": f"A-{n}", "amount": "x" if n % 7 == 0 else "1.00"} for n in range(3_000)))
    assert len(content) > PIECE_BYTES
    assert list(read_rows(io.BytesIO(content), mappings()).batches) == batches(content)


CELL = st.sampled_from(["A", "", "1.00", "a\nb", 'q"q', "x,y", "é", "2026-10-01"])


@given(st.lists(st.fixed_dictionaries({"customer_name": CELL, "amount": CELL}), max_size=40), st.integers(1, 3_000))
def test_ranges_read_apart_are_the_file_read_whole(rows: list[dict[str, str]], range_bytes: int) -> None:
    content = csv_file(*rows)
    layout = read_rows(content, mappings()).layout
    ranges = record_boundaries(content, range_bytes, layout)
    parts = [content[one.offset : one.offset + one.length] for one in ranges]
    assert csv_file() + b"".join(parts) == content
    whole = batches(content)
    kept = Layout.from_json(layout.as_json())
    read = [
        batch
        for one, part in zip(ranges, parts, strict=True)
        for batch in read_part(part, mappings(), kept, one.first_line)
    ]
    assert [row for batch in read for row in batch.records] == [row for batch in whole for row in batch.records]
    assert [row for batch in read for row in batch.rejects] == [row for batch in whole for row in batch.rejects]


def test_a_lost_quote_does_not_make_one_range_of_the_whole_file() -> None:
    content = csv_file({"customer_name": "Anna"}) + b'C,"' + (ROW + "\n").encode() * 20_000
    ranges = record_boundaries(content, 100_000, read_rows(csv_file({}), mappings()).layout)
    assert max(one.length for one in ranges) < 1_300_000


@given(st.binary(max_size=200) | st.binary(max_size=60).map(lambda tail: csv_file({}) + tail))
def test_no_bytes_fail_otherwise_than_as_an_unreadable_file(content: bytes) -> None:
    with contextlib.suppress(UnreadableFileError):
        assert all(line >= 2 for line, _ in lines(content))
