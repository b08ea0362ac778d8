"""Formats found out from a column, and refused when the column leaves them open."""

import pytest

from dunwell.ingestion.fields import RecordKind
from dunwell.ingestion.mapping import FieldRule, TableMapping
from dunwell.ingestion.reading import UnreadableFileError
from dunwell.ingestion.reading.infer import amount_styles, date_formats, settle


@pytest.mark.parametrize(
    ("values", "formats"),
    [
        ([], ["iso"]),
        (["2026-10-01"], ["iso"]),
        (["2026-10-01T00:00:00Z", "2026-10-02"], ["iso"]),
        (["01/02/2026", "13/02/2026"], ["%d/%m/%Y"]),
        (["01/02/2026", "02/13/2026"], ["%m/%d/%Y"]),
        (["1.2.2026"], ["%d.%m.%Y"]),
        (["1 Oct 2026"], ["%d %b %Y"]),
        (["20261001"], ["%Y%m%d"]),
        (["01/02/2026"], ["%d/%m/%Y", "%m/%d/%Y"]),
        (["13/02/2026", "02/13/2026"], ["%d/%m/%Y", "%m/%d/%Y"]),
        (["soon", "later", "2026-10-01"], []),
        ([*(f"{day}/01/2026" for day in range(1, 29)), "n/a"], ["%d/%m/%Y"]),
    ],
)
def test_the_dates_of_a_column_decide_its_format_or_do_not(values: list[str], formats: list[str]) -> None:
    assert date_formats(values) == formats


@pytest.mark.parametrize(
    ("values", "styles"),
    [
        (["1234", "5"], [(".", ",")]),
        (["1234.50"], [(".", ",")]),
        (["1,234.50", "7"], [(".", ",")]),
        (["12,50", "1.234"], [(",", ".")]),
        (["1.234.567"], [(",", ".")]),
        (["1 234,50"], [(",", " ")]),
        (["$1,200.00"], [(".", ",")]),
        (["1,234", "5"], [(".", ","), (",", ".")]),
        (["12,50", "12.50"], [(".", ","), (",", ".")]),
    ],
)
def test_the_amounts_of_a_column_decide_its_separators_or_do_not(
    values: list[str], styles: list[tuple[str, str]]
) -> None:
    assert amount_styles(values) == styles


def table() -> TableMapping:
    fields = {
        "customer_number": FieldRule(column="c"),
        "invoice_number": FieldRule(column="n"),
        "currency": FieldRule(value="EUR"),
        "amount": FieldRule(column="Total", decimal="infer"),
        "issued_on": FieldRule(column="Date", date="infer"),
        "due_on": FieldRule(column="Due", date="infer"),
    }
    return TableMapping("made_up", RecordKind.INVOICE, fields)


def test_what_a_column_decides_is_settled_for_its_field_alone() -> None:
    columns = {"Total": ["12,50"], "Date": ["13/02/2026"], "Due": ["2026-03-01"]}
    assert settle(table(), columns) == {
        "amount": {"decimal": ",", "thousands": "."},
        "issued_on": {"date": "%d/%m/%Y"},
        "due_on": {"date": "iso"},
    }


@pytest.mark.parametrize(
    ("columns", "says"),
    [
        (
            {"Date": ["01/02/2026"]},
            "the dates of column 'Date' (such as '01/02/2026') fit %d/%m/%Y and %m/%d/%Y; write the right one into the "
            'mapping: issued_on: {column: Date, date: "%d/%m/%Y"}',
        ),
        ({"Due": ["x"]}, "column 'Due' holds no dates that Dunwell knows (such as 'x')"),
        ({"Total": ["1,234"]}, "the amounts of column 'Total' (such as '1,234') may have a decimal point or a decimal"),
    ],
)
def test_what_a_column_leaves_open_is_refused_with_what_to_write(columns: dict[str, list[str]], says: str) -> None:
    with pytest.raises(UnreadableFileError) as error:
        settle(table(), columns)
    assert says in str(error.value)
