"""Mappings as data, and what they make of a row: what is taken, and what each reject tells whom."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dunwell.accounts.model import CustomerKind
from dunwell.errors import InvalidInputError
from dunwell.ingestion.cells import LONGEST_TEXT
from dunwell.ingestion.fields import FIELDS, RecordKind, required_fields
from dunwell.ingestion.mapping import FieldRule, SourceMapping, TableMapping
from dunwell.ingestion.records import (
    CustomerRecord,
    InvoiceRecord,
    PaymentRecord,
    Receivable,
    Record,
    Reject,
    RejectedRowError,
)
from dunwell.ingestion.rows import RowReader, SkippedRowError
from dunwell.ledger.model import Delivery
from dunwell.money import exponent
from dunwell_aws.stripe_amounts import from_stripe
from tests.support.receivables import GOOD, mapping, settled_tables

IBM = {
    "customerID": "0379-NEVHP",
    "invoiceNumber": "611365",
    "InvoiceAmount": "55.94",
    "InvoiceDate": "1/2/2013",
    "DueDate": "2/1/2013",
    "Disputed": "No",
    "SettledDate": "1/15/2013",
    "PaperlessBill": "Paper",
}
INVOICE = {
    "customer_number": FieldRule(column="customer"),
    "invoice_number": FieldRule(column="number"),
    "currency": FieldRule(value="USD"),
    "amount": FieldRule(column="amount"),
    "issued_on": FieldRule(column="issued"),
    "due_on": FieldRule(column="due"),
}
ROW = {"customer": "C", "number": "I", "amount": "10.00", "issued": "2026-10-01", "due": "2026-10-31"}


def table(name: str = "dunwell_receivables", table: str = "receivables") -> TableMapping:
    return mapping(name).table(table)


def read(row: dict[str, Any], of: TableMapping | None = None, line: int = 7) -> Any:
    return RowReader(of or table()).read(line, row)


def invoices(**rules: FieldRule) -> TableMapping:
    return TableMapping("made_up", RecordKind.INVOICE, {**INVOICE, **rules})


def payments(**rules: FieldRule) -> TableMapping:
    fields = {name: rule for name, rule in INVOICE.items() if name in FIELDS[RecordKind.PAYMENT]}
    fields |= {"reference": FieldRule(column="number"), "received_on": FieldRule(column="issued")}
    return TableMapping("made_up", RecordKind.PAYMENT, {**fields, **rules})


def made(reader: RowReader, row: dict[str, Any]) -> Any:
    return reader.read(2, row)


def rejected(of: TableMapping | None = None, base: Mapping[str, Any] = GOOD, **changes: Any) -> Reject:
    with pytest.raises(RejectedRowError) as error:
        read({**base, **changes}, of)
    return error.value.reject


def test_a_good_row_is_taken_as_it_is() -> None:
    assert read(GOOD) == Receivable(
        CustomerRecord(
            line=7,
            customer_number="C-1",
            customer_name="Anna's Bakery",
            customer_kind=CustomerKind.BUSINESS,
            email="anna@bakery.example",
            phone="+12125550123",
            postcode="10001",
            region="NY",
            country="US",
            language="en",
            timezone="America/New_York",
        ),
        InvoiceRecord(
            line=7,
            customer_number="C-1",
            invoice_number="A-1",
            currency="USD",
            amount_minor=123_450,
            issued_on=date(2026, 10, 1),
            due_on=date(2026, 10, 31),
        ),
    )


def test_optional_cells_may_be_empty() -> None:
    emptied = {name: "" for name in GOOD if name not in required_fields(RecordKind.RECEIVABLE)}
    customer, invoice = (row := read(GOOD | emptied)).customer, row.invoice
    assert (customer.customer_name, customer.customer_kind, customer.language) == ("C-1", CustomerKind.BUSINESS, "en")
    empty = (invoice.disputed_minor, customer.sms_consent, invoice.settled_on, customer.email, customer.phone)
    assert not any(empty)


def test_optional_columns_may_be_missing() -> None:
    required = {name: GOOD[name] for name in required_fields(RecordKind.RECEIVABLE)}
    emptied = {name: "" for name in GOOD if name not in required}
    assert read(required) == read(required | emptied)


@pytest.mark.parametrize(("written", "code"), [("PT_br", "pt"), ("zh-Hant-TW", "zh"), ("sw", "sw")])
def test_a_language_may_be_one_that_there_are_no_words_in(written: str, code: str) -> None:
    assert read(GOOD | {"language": written}).customer.language == code


def test_codes_are_read_in_either_case_and_spaces_around_cells_do_not_matter() -> None:
    row = read(GOOD | {"currency": " usd ", "country": "us", "region": "ny", "disputed": "Yes", "language": "EN-us"})
    assert (row.invoice.currency, row.customer.country, row.customer.region) == ("USD", "US", "NY")
    assert (row.invoice.disputed_minor, row.customer.language) == (row.invoice.amount_minor, "en")


@pytest.mark.parametrize(
    ("column", "value", "reason", "fix"),
    [
        ("customer_number", " ", "is empty", "every row needs a value here"),
        ("invoice_number", "", "is empty", "every row needs a value here"),
        ("amount", "", "is empty", "every row needs a value here"),
        ("amount", "12,50", "is not an amount such as 1234.50", "correct the value"),
        ("amount", "1,234.50", "is not an amount such as 1234.50", "correct the value"),
        ("amount", "1.005", "is finer than the smallest unit of USD", "correct the value"),
        ("amount", "9" * 16, "has more than 15 digits before the dot", "correct the value"),
        ("amount", "0", "an amount must be more than zero; send credits as credit notes", "correct the value"),
        ("amount", "-5", "an amount must be more than zero; send credits as credit notes", "correct the value"),
        ("currency", "DOLLARS", "is not an ISO 4217 currency code such as USD", "correct the value"),
        ("issued_on", "01/10/2026", "is not a date", "write dates as %Y-%m-%d"),
        ("issued_on", "0001-10-01", "is before 1970", "correct the date"),
        ("due_on", "2026-02-30", "is not a date", "write dates as %Y-%m-%d"),
        ("due_on", "2026-09-30", "is before the invoice was issued", "correct one of the two dates"),
        ("settled_on", "soon", "is not a date", "write dates as %Y-%m-%d"),
        ("settled_on", "2026-09-30", "is before the invoice was issued", "correct one of the two dates"),
        ("tax", "1234.51", "is more than the invoice", "correct one of the two amounts"),
        ("tax", "-1", "is less than zero", "correct the value"),
        ("disputed_amount", "1234.51", "is more than the invoice", "correct one of the two amounts"),
        ("customer_kind", "company", "is neither person nor business", "correct the value"),
        ("customer_kind", "suspense", "is neither person nor business", "correct the value"),
        ("disputed", "maybe", "is neither yes nor no", "correct the value"),
        ("sms_consent", "2", "is neither yes nor no", "correct the value"),
        ("country", "USA", "is not a two-letter ISO 3166 country code such as US", "correct the value"),
        ("country", "ZZ", "is a country code that stands for no country; write one such as US", "correct the value"),
        ("language", "xx", "is not a language code (ISO 639-1) such as en or en-US", "correct the value"),
        ("language", "English", "is not a language code (ISO 639-1) such as en or en-US", "correct the value"),
        ("timezone", "EST5", "is not an IANA time zone such as America/Chicago", "correct the value"),
        ("language", "x" * 501, "is longer than 500 characters", "shorten it, or add a lost quote"),
    ],
)
def test_a_reject_names_line_column_value_reason_and_fix(column: str, value: str, reason: str, fix: str) -> None:
    assert rejected(None, GOOD | {column: value}) == Reject(7, column, value[:60], reason, fix)


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
    reject = rejected(None, GOOD | {column: value})
    assert (reject.column, reject.value, reject.reason) == (column, "***", reason)
    assert value not in f"{reject.reason}{reject.fix}"


def test_a_sources_own_columns_dates_and_words_are_understood() -> None:
    row = read(IBM, table("ibm_late_payment"))
    assert (row.invoice.invoice_number, row.invoice.amount_minor, row.invoice.currency) == ("611365", 5_594, "USD")
    assert (row.invoice.issued_on, row.invoice.settled_on) == (date(2013, 1, 2), date(2013, 1, 15))
    assert (row.customer.customer_name, row.invoice.disputed_minor) == ("Customer 0379-NEVHP", 0)
    assert row.invoice.delivery is Delivery.PAPER
    assert row.customer.email == "accounts+0379-NEVHP@example.com"


def test_a_reject_blames_the_sources_own_column() -> None:
    reject = rejected(table("ibm_late_payment"), IBM, Disputed="Perhaps")
    assert (reject.column, reject.value, reject.fix) == ("Disputed", "Perhaps", "use one of ['No', 'Yes']")


@pytest.mark.parametrize(
    ("rule", "text", "minor"),
    [
        (FieldRule(column="amount", decimal=",", thousands="."), "1.234,50", 123_450),
        (FieldRule(column="amount", decimal=",", thousands="."), "€ 1.234.567,8", 123_456_780),
        (FieldRule(column="amount", decimal=","), "12,50", 1_250),
        (FieldRule(column="amount", thousands=","), "$1,234.50", 123_450),
        (FieldRule(column="amount", thousands=","), "USD 1234", 123_400),
        (FieldRule(column="amount", decimal=",", thousands="\u00a0"), "1\u00a0234,50 €", 123_450),
        (FieldRule(column="amount", unit="minor"), "123450", 123_450),
    ],
)
def test_amounts_are_read_as_the_mapping_says_they_are_written(rule: FieldRule, text: str, minor: int) -> None:
    assert read(ROW | {"amount": text}, invoices(amount=rule)).amount_minor == minor


@pytest.mark.parametrize(
    ("rule", "text", "reason"),
    [
        (FieldRule(column="amount", decimal=",", thousands="."), "1234.50", "is not an amount such as 1234,50"),
        (FieldRule(column="amount", decimal=",", thousands="."), "1.23,50", "is not an amount such as 1234,50"),
        (FieldRule(column="amount", thousands=","), "12,34.50", "is not an amount such as 1234.50"),
        (FieldRule(column="amount", thousands=","), "(12.50)", "an amount must be more than zero; send credits as"),
        (FieldRule(column="amount", thousands=","), "12.50-", "an amount must be more than zero; send credits as"),
        (FieldRule(column="amount", unit="minor"), "12.50", "is not a whole number of the currency's smallest unit"),
    ],
)
def test_amounts_written_otherwise_are_rejected(rule: FieldRule, text: str, reason: str) -> None:
    assert rejected(invoices(amount=rule), ROW, amount=text).reason.startswith(reason)


@pytest.mark.parametrize("currency", ["USD", "JPY", "KWD", "ISK", "UGX", "MGA", "UYI", "IQD", "LYD", "CLP", "XAF"])
def test_stripes_units_are_those_of_the_gateways_adapter(currency: str) -> None:
    rules = {"amount": FieldRule(column="amount", unit="stripe"), "currency": FieldRule(value=currency)}
    amount = 100 * 10 ** exponent(currency)
    assert read(ROW | {"amount": str(amount)}, invoices(**rules)).amount_minor == from_stripe(amount, currency)


@pytest.mark.parametrize(
    ("rule", "text", "day"),
    [
        (FieldRule(column="issued", date="%d/%m/%Y"), "02/01/2026", date(2026, 1, 2)),
        (FieldRule(column="issued", date="iso"), "2026-01-02T23:30:00-08:00", date(2026, 1, 2)),
        (FieldRule(column="issued", date="unix"), "1767312000", date(2026, 1, 2)),
        (FieldRule(column="issued", date="unix", zone="America/New_York"), "1767312000", date(2026, 1, 1)),
        (FieldRule(column="issued", date="unix"), "2026-01-02T00:00:00.000000Z", date(2026, 1, 2)),
        (FieldRule(column="issued", date="unix_ms"), "1767312000000", date(2026, 1, 2)),
        (FieldRule(column="issued", date="dotnet"), "/Date(1767312000000+0000)/", date(2026, 1, 2)),
    ],
)
def test_dates_are_read_as_the_mapping_says_they_are_written(rule: FieldRule, text: str, day: date) -> None:
    assert read(ROW | {"issued": text}, invoices(issued_on=rule)).issued_on == day


def test_a_field_may_be_the_first_of_several_columns_that_is_not_empty() -> None:
    rules = {"due_on": FieldRule(first=("due", "issued"))}
    assert read(ROW | {"due": " "}, invoices(**rules)).due_on == date(2026, 10, 1)


def test_a_template_over_empty_columns_is_empty() -> None:
    rules = {"terms": FieldRule(template="Net {days}")}
    assert read(ROW | {"days": ""}, invoices(**rules)).terms == ""
    assert read(ROW | {"days": "30"}, invoices(**rules)).terms == "Net 30"


def test_an_unreadable_value_costs_the_row_or_is_left_out_and_counted_as_the_mapping_says() -> None:
    fields = {"customer_number": FieldRule(column="number"), "email": FieldRule(column="email", if_bad="empty")}
    reader = RowReader(TableMapping("made_up", RecordKind.CUSTOMER, fields))
    assert [made(reader, {"number": "1", "email": text}).email for text in ("n/a", "", "a@b.example")] == [
        "",
        "",
        "a@b.example",
    ]
    assert reader.left_out == {"email": 1}


@pytest.mark.parametrize(
    ("text", "code"), [("United Kingdom", "GB"), ("usa", "US"), ("de", "DE"), ("Germany", "DE"), ("", "")]
)
def test_countries_may_be_written_out(text: str, code: str) -> None:
    fields = {"customer_number": FieldRule(column="number"), "country": FieldRule(column="country", country="name")}
    made_up = TableMapping("made_up", RecordKind.CUSTOMER, fields)
    assert read({"number": "1", "country": text}, made_up).country == code


def test_national_telephone_numbers_are_read_with_the_mappings_calling_code() -> None:
    fields = {"customer_number": FieldRule(column="number"), "phone": FieldRule(column="phone", calling_code="44")}
    made_up = TableMapping("made_up", RecordKind.CUSTOMER, fields)
    phones = [read({"number": "1", "phone": text}, made_up).phone for text in ("020 7946 0018", "+1 (212) 555-0123")]
    assert phones == ["+442079460018", "+12125550123"]


def test_a_payment_names_what_it_pays_and_cannot_pay_more_than_it_is() -> None:
    rule = FieldRule(each="lines", key="invoice", amount="amount")
    lines = [{"invoice": "I-1", "amount": "4.00"}, {"invoice": "", "amount": "1"}, {"invoice": "I-2", "amount": "6.00"}]
    assert read(ROW | {"lines": lines}, payments(pays=rule)).pays == (("I-1", 400), ("I-2", 600))
    reject = rejected(payments(pays=rule), ROW, lines=[*lines, lines[0]])
    assert (reject.column, reject.reason) == ("lines", "adds up to more than the payment")


def test_the_refunds_of_a_payment_are_added_up() -> None:
    rule = FieldRule(each="refunds", amount="amount")
    refunds = [{"amount": "1.00"}, {"amount": "2.50"}]
    assert read(ROW | {"refunds": refunds}, payments(refunded=rule)).refunded_minor == 350


def test_instalments_add_up_to_the_invoice() -> None:
    rule = FieldRule(each="parts", key="due", amount="amount")
    parts = [{"due": "2026-11-01", "amount": "4.00"}, {"due": "2026-12-01", "amount": "6.00"}]
    found = read(ROW | {"parts": parts}, invoices(instalments=rule)).instalments
    assert found == ((date(2026, 11, 1), 400), (date(2026, 12, 1), 600))
    assert rejected(invoices(instalments=rule), ROW, parts=parts[:1]).reason == "do not add up to the invoice"


def test_a_row_that_the_source_deleted_is_flagged_and_its_payment_has_failed() -> None:
    deleted = ROW | {"_sdc_deleted_at": "2026-11-01T00:00:00Z"}
    assert read(deleted, invoices()).removed
    assert read(deleted, payments()).failed
    assert not read(ROW, invoices()).removed


def test_a_zero_amount_is_left_out_where_the_mapping_says_so() -> None:
    with pytest.raises(SkippedRowError):
        read(ROW | {"amount": "0.00"}, replace(invoices(), skip_zero=True))


@pytest.mark.parametrize(
    ("earlier", "later"),
    [
        ("2026-11-01T10:00:00-07:00", "2026-11-01T18:00:00+00:00"),
        ("1767312000", "1767312001"),
        ("1767312000999", "1767312001000"),
        ("/Date(1767312000000+0000)/", "/Date(1767312000001+0000)/"),
        ("9", "10"),
    ],
)
def test_a_later_version_compares_greater_however_it_is_written(earlier: str, later: str) -> None:
    rules = {"version": FieldRule(column="version")}
    assert (
        read(ROW | {"version": earlier}, invoices(**rules)).version
        < read(ROW | {"version": later}, invoices(**rules)).version
    )


@pytest.mark.parametrize(
    ("rules", "says"),
    [
        (
            {"colour": FieldRule(value="red")},
            r"unknown fields \['colour'\]: a record of kind invoice has",
        ),
        ({"amount_minor": FieldRule(value="1")}, r"unknown fields \['amount_minor'\]"),
        ({"terms": FieldRule(column="a", value="b")}, "field terms needs exactly one of column, first, template"),
        ({"terms": FieldRule()}, "it has none"),
        ({"due_on": FieldRule(column="due", date="DD/MM/YYYY")}, "date 'DD/MM/YYYY' is no format"),
        ({"due_on": FieldRule(column="due", date="%m/%Y")}, "date '%m/%Y' is no format"),
        ({"due_on": FieldRule(column="due", zone="Mars")}, "'Mars' is not a time zone"),
        ({"amount": FieldRule(column="amount", decimal=";")}, r"decimal is one of '.', ',', 'infer'"),
        ({"amount": FieldRule(column="amount", decimal=",", thousands=",")}, "decimal and thousands are the same"),
        ({"amount": FieldRule(column="amount", unit="cents")}, "unit is one of 'major', 'minor', 'stripe'"),
        ({"amount": FieldRule(column="amount", if_bad="empty")}, "if_bad: empty is not for amounts"),
        ({"instalments": FieldRule(column="a")}, "key, with each and amount, is for pays and instalments"),
        ({"terms": FieldRule(each="a", amount="b")}, "each without key adds up an amount"),
    ],
)
def test_a_mapping_that_breaks_a_rule_is_refused(rules: dict[str, FieldRule], says: str) -> None:
    with pytest.raises(InvalidInputError, match=says):
        invoices(**rules)


@pytest.mark.parametrize("missing", required_fields(RecordKind.RECEIVABLE))
def test_a_mapping_without_a_required_field_is_refused(missing: str) -> None:
    fields = {name: rule for name, rule in table().fields.items() if name != missing}
    with pytest.raises(InvalidInputError, match=missing):
        replace(table(), fields=fields)


def test_a_source_names_each_of_its_tables_otherwise() -> None:
    with pytest.raises(InvalidInputError, match="each of another name"):
        SourceMapping("twice", (invoices(), invoices()))
    with pytest.raises(InvalidInputError, match="has no table 'orders'"):
        mapping().table("orders")


def outcome(one: TableMapping, cells: dict[str, Any]) -> Receivable | Record | str:
    try:
        return RowReader(one).read(2, cells)
    except RejectedRowError as error:
        return error.reject.reason and error.reject.fix
    except SkippedRowError:
        return "skipped"


@given(st.data())
def test_no_row_whatever_it_holds_fails_otherwise_than_as_a_reject(data: st.DataObject) -> None:
    one = data.draw(st.sampled_from(settled_tables()))
    lists = {rule.each for rule in one.fields.values() if rule.each}
    row = {
        column: data.draw(st.text(max_size=12) if column not in lists else st.lists(st.text(max_size=3)))
        for column in sorted(one.read_columns)
    }
    assert outcome(one, row)


def test_a_payment_is_what_the_template_says() -> None:
    row = {
        "customer_number": "C-1",
        "payment_reference": "P-1",
        "currency": "EUR",
        "amount": "50.00",
        "received_on": "2026-11-01",
        "invoice_number": "A-1",
        "refunded_amount": "20.00",
        "refunded_on": "2026-11-09",
    }
    assert read(row, table(table="payments"), 3) == PaymentRecord(
        line=3,
        customer_number="C-1",
        reference="P-1",
        currency="EUR",
        amount_minor=5_000,
        received_on=date(2026, 11, 1),
        pays=(("A-1", 5_000),),
        refunded_minor=2_000,
        refunded_on=date(2026, 11, 9),
    )
