"""Lines that are cut into cells at once are what the csv module makes of them."""

import csv
import io
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dunwell.ingestion.reading.delimited import Rows, row_blocks

CELL = st.text(st.sampled_from('ab ,;"\r\u2028\x0bé0.'), max_size=4)
LINE = st.one_of(
    st.lists(CELL, min_size=3, max_size=3).map(",".join), st.sampled_from(["", ",,", " ,,", "a,b", "a,b,c,d"])
)


def rows_of(lines: list[str], width: int = 3) -> list[Rows]:
    return list(row_blocks([lines], ",", width, 2))


@settings(max_examples=500)
@given(st.lists(LINE, min_size=1, max_size=6), st.sampled_from(["\n", "\r\n"]), st.booleans())
def test_one_line_at_a_time_gives_what_all_of_them_give(texts: list[str], end: str, ended: bool) -> None:
    lines = [text + end for text in texts]
    if not ended:
        lines[-1] = lines[-1].removesuffix(end) or "x,y,z"
    alone = [found for one in row_blocks([[line] for line in lines], ",", 3, 2) for found in _pairs(one)]
    together = [found for one in rows_of(lines) for found in _pairs(one)]
    assert together == alone


@settings(max_examples=300)
@given(st.lists(LINE.filter(lambda text: '"' not in text and "\r" not in text), min_size=1, max_size=6))
def test_lines_without_quotes_are_what_the_csv_module_reads(texts: list[str]) -> None:
    wanted = [row for row in csv.reader(io.StringIO("\n".join(texts))) if len(row) == 3 and any(row)]
    found = [cells for one in rows_of([text + "\n" for text in texts]) for _, cells in _pairs(one)]
    assert found == wanted


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_row_of_one_column_that_is_blank_is_none(end: str) -> None:
    (found,) = rows_of([f"a{end}", end, f"b{end}"], width=1)
    assert _pairs(found) == [(2, ["a"]), (4, ["b"])]


def test_a_cell_longer_than_the_csv_module_takes_costs_its_line_alone() -> None:
    lines = ["a,b,c\n", f"a,{'x' * (csv.field_size_limit() + 1)},c\n", "d,e,f\n"]
    (found,) = rows_of(lines)
    assert [line for line, _ in _pairs(found)] == [2, 4]
    assert [reject.line for reject in found.rejects] == [3]


WIDE = ["C-1", "Ada", "I-0", "2026-01-05", "120.50", "EUR", "a note"]
MARKS = list(product(range(len(WIDE)), (True, False)))


def with_marks(*marks: tuple[int, int, bool]) -> list[str]:
    """Forty rows of seven columns; in some a quotation mark stands before or after a cell and has no other."""
    rows = [[*WIDE[:2], f"I-{number}", *WIDE[3:]] for number in range(40)]
    for row, place, before in marks:
        rows[row][place] = f'"{rows[row][place]}' if before else f'{rows[row][place]}"'
    return [",".join(row) + "\n" for row in rows]


def kept_and_rejected(lines: list[str]) -> tuple[set[int], list[int]]:
    """The lines of the rows that are read, and of those that are not."""
    found = rows_of(lines, len(WIDE))
    return {line for rows in found for line in rows.lines}, [one.line for rows in found for one in rows.rejects]


@pytest.mark.parametrize(("place", "before"), MARKS)
def test_one_lost_quote_costs_no_more_than_its_own_line(place: int, before: bool) -> None:
    kept, rejected = kept_and_rejected(with_marks((11, place, before)))
    assert {*range(2, 42)} - kept == {*rejected} <= {13}


@pytest.mark.parametrize(("place", "before"), MARKS)
def test_two_lost_quotes_do_not_swallow_the_rows_between_them(place: int, before: bool) -> None:
    """In one column they look like one cell of many lines, with as many columns as there should be."""
    for other, other_before in MARKS:
        kept, rejected = kept_and_rejected(with_marks((11, place, before), (30, other, other_before)))
        assert {*range(2, 42)} - kept == {*rejected} <= {13, 32}


def test_an_address_of_several_lines_is_one_cell() -> None:
    address = '"Rue de la Paix 1, bât. B\n75002 Paris, France\n"'
    lines = io.StringIO(f"C-1,Ada,{address},2026-01-05,120.50,EUR,a note\n").readlines()
    assert kept_and_rejected(lines) == ({2}, [])


def _pairs(rows: Rows) -> list[tuple[int, list[str]]]:
    cells = [list(row) for row in zip(*rows.by_place, strict=True)]
    return list(zip(rows.lines, cells, strict=True))
