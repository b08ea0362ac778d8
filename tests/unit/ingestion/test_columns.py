"""Many rows at once are what the same rows are one by one."""

import csv
import dataclasses
import io
import pickle
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dunwell.ingestion.columns import REMEMBERED, Chunk, ColumnReader, Converted
from dunwell.ingestion.fields import RecordKind
from dunwell.ingestion.mapping import FieldRule, TableMapping
from dunwell.ingestion.records import (
    CreditNoteRecord,
    CustomerRecord,
    InvoiceRecord,
    PaymentRecord,
    RejectedRowError,
)
from dunwell.ingestion.rows import RowReader, SkippedRowError
from tests.support.receivables import GOOD, mapping, settled_tables

TABLES = settled_tables()
CELLS = (
    " | |A-1|12.50| 7 |0|-1|1,234.50|2026-10-01|2026-10-31|2026-1-2|10/1/2026|1790000000|yes|No|true|USD|eur|XQZ|US"
    "|Germany|a@b.example|+12125550123|*|open|paid|customer|invoice|charge|ACCREC|AUTHORISED|/Date(1779840000000+0000)/|"
)
RECORD_OF = {
    RecordKind.CUSTOMER: CustomerRecord,
    RecordKind.INVOICE: InvoiceRecord,
    RecordKind.CREDIT_NOTE: CreditNoteRecord,
    RecordKind.PAYMENT: PaymentRecord,
}
DIRTY = st.sampled_from([*CELLS.split("|"), "x" * 501])


def one_by_one(table: TableMapping, rows: list[Mapping[str, Any]]) -> Converted:
    """The definition."""
    reader, done = RowReader(table), Converted()
    for line, row in enumerate(rows, 2):
        if not reader.wanted(row):
            done.skipped += 1
            continue
        try:
            done.records.append(reader.read(line, row))
        except SkippedRowError:
            done.skipped += 1
        except RejectedRowError as error:
            done.rejects.append(error.reject)
    done.left_out = dict(reader.left_out)
    return done


def at_once(table: TableMapping, rows: list[dict[str, Any]], names: list[str]) -> Converted:
    columns = {name: [row[name] for row in rows] for name in names}
    return ColumnReader(table).read(Chunk(range(2, 2 + len(rows)), columns))


@settings(max_examples=300)
@given(st.data())
def test_any_rows_of_any_table_are_the_same_at_once_and_one_by_one(data: st.DataObject) -> None:
    table = data.draw(st.sampled_from(TABLES))
    lists = {rule.each for rule in table.fields.values() if rule.each}
    names = data.draw(st.lists(st.sampled_from(sorted(table.read_columns - lists)), unique=True))
    rows = data.draw(st.lists(st.fixed_dictionaries(dict.fromkeys(names, DIRTY)), max_size=8))
    assert at_once(table, rows, names) == one_by_one(table, [*rows])


@settings(max_examples=200)
@given(st.lists(st.dictionaries(st.sampled_from(sorted(GOOD)), DIRTY, max_size=2), max_size=20))
def test_good_rows_with_a_few_faults_are_the_same_at_once_and_one_by_one(changes: list[dict[str, str]]) -> None:
    table = mapping().table("receivables")
    rows = [GOOD | change for change in changes]
    assert at_once(table, rows, list(GOOD)) == one_by_one(table, [*rows])


WHOLE = st.integers(0, 10**16).map(str)
AMOUNTS = st.one_of(
    WHOLE,
    st.tuples(WHOLE, st.text("0123456789", max_size=4)).map(".".join),
    st.sampled_from(["", "0", "0.00", " 7", "1\n2", "+3", "-3", ".5", "٣", "1_0", "1e3"]),
)


@settings(max_examples=300)
@given(st.lists(st.tuples(AMOUNTS, st.sampled_from(["USD", "EUR", "JPY", "KWD", ""])), min_size=1, max_size=8))
def test_any_amounts_in_any_currencies_are_the_same_at_once_and_one_by_one(pairs: list[tuple[str, str]]) -> None:
    table = mapping().table("invoices")
    names = ["customer_number", "invoice_number", "currency", "amount", "issued_on", "due_on", "tax", "settled_on"]
    good = {**{name: GOOD.get(name, "") for name in names}}
    rows = [good | {"amount": amount, "currency": code, "tax": pairs[0][0]} for amount, code in pairs]
    assert at_once(table, rows, names) == one_by_one(table, [*rows])


DAYS = st.sampled_from(["2026-09-30", "2026-10-01", "2026-10-02", ""])


@given(
    st.lists(
        st.fixed_dictionaries(
            {"due_on": DAYS, "settled_on": DAYS, "tax": st.sampled_from(["", "9", "9999"])},
            optional={"issued_on": st.sampled_from(["1969-12-31", "1970-01-01"])},
        )
    )
)
def test_values_that_contradict_each_other_are_found_at_once_as_one_by_one(changes: list[dict[str, str]]) -> None:
    table = mapping().table("receivables")
    rows = [GOOD | change for change in changes]
    assert at_once(table, rows, [*GOOD, "tax"]) == one_by_one(table, [*rows])


@pytest.mark.parametrize("kind", [CustomerRecord, InvoiceRecord, CreditNoteRecord, PaymentRecord])
def test_a_record_that_was_made_at_once_is_frozen_equal_and_hashed_as_any_other(kind: type[Any]) -> None:
    table = next(one for one in mapping().tables if RECORD_OF.get(one.makes) is kind)
    row = GOOD | {"credit_number": "N-1", "payment_reference": "P-1", "received_on": "2026-10-02"}
    (fast,) = at_once(table, [row], list(row)).records
    (slow,) = one_by_one(table, [row]).records
    assert (fast, hash(fast), repr(fast), type(fast)) == (slow, hash(slow), repr(slow), kind)
    assert pickle.loads(pickle.dumps(fast)) == slow
    with pytest.raises(dataclasses.FrozenInstanceError):
        fast.line = 1  # type: ignore[misc,union-attr]


def test_more_distinct_values_than_are_remembered_are_read_all_the_same() -> None:
    table = TableMapping("made_up", RecordKind.CUSTOMER, {"customer_number": FieldRule(column="n")})
    reader, found = ColumnReader(table), []
    for start in range(0, 3 * REMEMBERED, REMEMBERED):
        numbers = [f" {n} " for n in range(start, start + REMEMBERED + 1)]
        found += reader.read(Chunk(range(len(numbers)), {"n": numbers})).records
    last = found[-1]
    assert isinstance(last, CustomerRecord)
    assert last.customer_number == str(3 * REMEMBERED)


def test_amounts_of_one_text_in_several_currencies_are_kept_apart() -> None:
    rows = [
        GOOD | {"currency": code, "amount": "1000", "invoice_number": code} for code in ("USD", "JPY", "KWD", "USD")
    ]
    done = at_once(mapping().table("receivables"), rows, list(GOOD))
    amounts = [record.invoice.amount_minor for record in done.records]  # type: ignore[union-attr]
    assert amounts == [100_000, 1_000, 1_000_000, 100_000]


def test_the_csv_module_agrees_on_what_the_columns_are() -> None:
    text = "n\n" + "\n".join(f'"{n}"' for n in range(10))
    rows = list(csv.DictReader(io.StringIO(text)))
    table = TableMapping("made_up", RecordKind.CUSTOMER, {"customer_number": FieldRule(column="n")})
    assert at_once(table, rows, ["n"]) == one_by_one(table, [*rows])
