"""Reading rows by a mapping: what is taken, and what each reject tells whom."""

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dunwell.accounts.model import CustomerKind
from dunwell.errors import InvalidInputError
from dunwell.ingestion.mapping import LONGEST_TEXT, REQUIRED, FieldRule, SourceMapping
from dunwell.ingestion.records import Receivable, Reject, RejectedRowError
from tests.support.receivables import GOOD, mapping, mappings

IBM = {
    "customerID": "0379-NEVHP",
    "invoiceNumber": "611365",
    "InvoiceAmount": "55.94",
    "InvoiceDate": "1/2/2013",
    "DueDate": "2/1/2013",
    "Disputed": "No",
    "SettledDate": "1/15/2013",
}


def rejected(**changes: str) -> Reject:
    with pytest.raises(RejectedRowError) as error:
        mapping().read(7, GOOD | changes)
    return error.value.reject


def test_a_good_row_is_taken_as_it_is() -> None:
    assert mapping().read(7, GOOD) == Receivable(
        line=7,
        customer_number="C-1",
        customer_name="Anna's Bakery",
        customer_kind=CustomerKind.BUSINESS,
        invoice_number="A-1",
        currency="USD",
        amount_minor=123_450,
        issued_on=date(2026, 10, 1),
        due_on=date(2026, 10, 31),
        email="anna@bakery.example",
        phone="+12125550123",
        country="US",
        region="NY",
        postcode="10001",
        timezone="America/New_York",
    )


def test_optional_cells_may_be_empty() -> None:
    emptied = {name: "" for name in GOOD if name not in REQUIRED}
    row = mapping().read(2, GOOD | emptied)
    assert (row.customer_name, row.customer_kind, row.language) == ("C-1", CustomerKind.BUSINESS, "en")
    empty = (row.disputed, row.sms_consent, row.settled_on, row.email, row.phone, row.country)
    assert not any(empty)


def test_codes_are_read_in_either_case_and_spaces_around_cells_do_not_matter() -> None:
    row = mapping().read(2, GOOD | {"currency": " usd ", "country": "us", "region": "ny", "disputed": "Yes"})
    assert (row.currency, row.country, row.region, row.disputed) == ("USD", "US", "NY", True)


@pytest.mark.parametrize(
    ("column", "value", "reason", "fix"),
    [
        ("customer_number", " ", "is empty", "every row needs a value here"),
        ("invoice_number", "", "is empty", "every row needs a value here"),
        ("amount", "", "is empty", "every row needs a value here"),
        ("amount", "12,50", "is not an amount such as 1234.50", "correct the value"),
        ("amount", "1.005", "is finer than the smallest unit of USD", "correct the value"),
        ("amount", "9" * 16, "has more than 15 digits before the dot", "correct the value"),
        ("amount", "0", "an invoice must be more than zero; send credits as credit notes", "correct the value"),
        ("amount", "-5", "an invoice must be more than zero; send credits as credit notes", "correct the value"),
        ("currency", "DOLLARS", "is not an ISO 4217 currency code such as USD", "correct the value"),
        ("issued_on", "01/10/2026", "is not a date", "write dates as %Y-%m-%d"),
        ("due_on", "2026-02-30", "is not a date", "write dates as %Y-%m-%d"),
        ("due_on", "2026-09-30", "is before the invoice was issued", "correct one of the two dates"),
        ("settled_on", "soon", "is not a date", "write dates as %Y-%m-%d"),
        ("settled_on", "2026-09-30", "is before the invoice was issued", "correct one of the two dates"),
        ("customer_kind", "company", "is neither person nor business", "correct the value"),
        ("customer_kind", "suspense", "is neither person nor business", "correct the value"),
        ("disputed", "maybe", "is neither yes nor no", "correct the value"),
        ("sms_consent", "2", "is neither yes nor no", "correct the value"),
        ("country", "USA", "is not a two-letter ISO 3166 country code such as US", "correct the value"),
        ("timezone", "EST5", "is not an IANA time zone such as America/Chicago", "correct the value"),
        ("language", "x" * 501, "is longer than 500 characters", "shorten it, or add a lost quote"),
    ],
)
def test_a_reject_names_line_column_value_reason_and_fix(column: str, value: str, reason: str, fix: str) -> None:
    assert rejected(**{column: value}) == Reject(7, column, value[:60], reason, fix)


@pytest.mark.parametrize(
    ("column", "value", "reason"),
    [
        ("email", "anna at bakery", "is not an e-mail address"),
        ("email", "a@b.example, c@d.example", "is not an e-mail address"),
        ("email", "a@b.example\nBcc: x@y.example", "is not an e-mail address"),
        ("phone", "212 555 0123", "is not a telephone number in the form +12125550123"),
        ("phone", "+1555012", "is not a telephone number in the form +12125550123"),
        ("phone", "+11125550123", "is not a telephone number in the form +12125550123"),
        ("customer_name", "A" * (LONGEST_TEXT + 1), "is longer than 500 characters"),
        ("postcode", "1" * (LONGEST_TEXT + 1), "is longer than 500 characters"),
    ],
)
def test_personal_values_are_masked_in_rejects(column: str, value: str, reason: str) -> None:
    reject = rejected(**{column: value})
    assert (reject.column, reject.value, reject.reason) == (column, "***", reason)
    assert value not in f"{reject.reason}{reject.fix}"


def test_a_sources_own_columns_dates_and_words_are_understood() -> None:
    row = mapping("ibm_late_payment").read(2, IBM)
    assert (row.invoice_number, row.amount_minor, row.currency) == ("611365", 5_594, "USD")
    assert (row.issued_on, row.settled_on, row.disputed) == (date(2013, 1, 2), date(2013, 1, 15), False)
    assert (row.customer_name, row.email) == ("Customer 0379-NEVHP", "accounts+0379-NEVHP@example.com")


def test_a_reject_blames_the_sources_own_column() -> None:
    with pytest.raises(RejectedRowError) as error:
        mapping("ibm_late_payment").read(3, IBM | {"Disputed": "Perhaps"})
    reject = error.value.reject
    assert (reject.column, reject.value, reject.fix) == ("Disputed", "Perhaps", "use one of ['No', 'Yes']")


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"colour": FieldRule(value="red")}, r"unknown fields \['colour'\]"),
        ({"amount_minor": FieldRule(value="1")}, r"unknown fields \['amount_minor'\]"),
        ({"line": FieldRule(value="1")}, r"unknown fields \['line'\]"),
    ],
)
def test_a_mapping_with_fields_nobody_knows_is_refused(changes: dict[str, FieldRule], match: str) -> None:
    with pytest.raises(InvalidInputError, match=match):
        replace(mapping(), fields={**mapping().fields, **changes})


@pytest.mark.parametrize("missing", REQUIRED)
def test_a_mapping_without_a_required_field_is_refused(missing: str) -> None:
    fields = {name: rule for name, rule in mapping().fields.items() if name != missing}
    with pytest.raises(InvalidInputError, match=missing):
        SourceMapping("broken", fields)


def outcome(one: SourceMapping, cells: dict[str, str]) -> Receivable | str:
    try:
        return one.read(2, cells)
    except RejectedRowError as error:
        return error.reject.reason and error.reject.fix


@given(st.fixed_dictionaries({name: st.text(max_size=12) for name in GOOD}))
def test_no_row_whatever_it_holds_fails_otherwise_than_as_a_reject(row: dict[str, str]) -> None:
    for one in mappings():
        cells = dict.fromkeys(one.required_columns, "") | GOOD | row
        assert outcome(one, cells)
