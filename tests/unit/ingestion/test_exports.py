"""What a finance person exports from the screens of the systems they have: a file of each lands."""

import csv
import io
import re
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from dunwell.accounts.model import CustomerKind
from dunwell.errors import InvalidInputError
from dunwell.ingestion.fields import RecordKind
from dunwell.ingestion.importing import Origin
from dunwell.ingestion.mapping import FieldRule, TableMapping
from dunwell.ingestion.reading import UnreadableFileError, read_rows
from dunwell.ingestion.records import CustomerRecord
from dunwell.ingestion.taking import CustomerRows, Importer, customer_key
from dunwell.ledger.model import Account
from dunwell_aws.workbook import open_workbook
from tests.support.memory import InMemoryKnownFacts, InMemoryLedger
from tests.support.receivables import AT, TODAY, mappings

SAMPLES = Path(__file__).parent / "samples"


def content_of(name: str) -> str:
    return (SAMPLES / f"{name}.csv").read_text(encoding="utf-8")


def landed(content: str, skipped: int = 0) -> list[Any]:
    """The records of a file, of which so many rows are left out and none is rejected."""
    batches = list(read_rows(content.encode(), mappings()).batches)
    assert [reject for batch in batches for reject in batch.rejects] == []
    assert sum(batch.skipped for batch in batches) == skipped
    return [record for batch in batches for record in batch.records]


def facts(record: object, *names: str) -> tuple[Any, ...]:
    return tuple(getattr(record, name) for name in names)


def test_a_quickbooks_invoice_list_has_titles_above_and_totals_below_that_are_no_invoices() -> None:
    # left out: a voided invoice of zero, the total, and the line that says when the report was made
    first, second = landed(content_of("quickbooks_online_invoice_list"), skipped=3)
    assert facts(first, "customer_number", "invoice_number", "amount_minor") == (
        "Amy's Bird Sanctuary",
        "1037",
        136_207,
    )
    assert facts(first, "issued_on", "due_on") == (date(2026, 9, 10), date(2026, 10, 10))
    assert first.open_minor > 0
    assert facts(second, "customer_number", "amount_minor", "open_minor") == ("Travis Waldron, Jr.", 41_472, 0)


def test_quickbooks_invoice_lists_land_in_every_view() -> None:
    by_full_name = landed(content_of("quickbooks_online_invoice_list_by_full_name"))
    assert [facts(one, "customer_number", "currency", "due_on") for one in by_full_name] == [
        ("Example Villas Pty Ltd", "AUD", date(2026, 1, 20)),
        ("Smith, John", "AUD", date(2026, 2, 5)),
    ]
    classic = landed(content_of("quickbooks_online_invoice_list_classic"))
    assert [facts(one, "invoice_number", "amount_minor", "due_on") for one in classic] == [
        ("1037", 36_207, date(2026, 10, 10)),
        ("1038", 9_900, date(2026, 10, 25)),
    ]


def test_a_quickbooks_report_exported_to_excel_is_what_it_is_as_csv() -> None:
    name = "quickbooks_online_invoice_list"
    book = openpyxl.Workbook()
    assert book.active is not None
    for row in csv.reader(content_of(name).splitlines()):
        book.active.append(
            [float(cell.replace(",", "")) if re.fullmatch(r"[0-9,]+\.[0-9]{2}", cell) else cell for cell in row]
        )
    out = io.BytesIO()
    book.save(out)
    batches = read_rows(out.getvalue(), mappings(), workbook=open_workbook).batches
    found: list[Any] = [record for batch in batches for record in batch.records]
    assert [replace(one, line=0) for one in found] == [
        replace(record, line=0) for record in landed(content_of(name), skipped=3)
    ]


def test_an_export_whose_dates_fit_both_orders_is_refused() -> None:
    quickbooks = """Date,Transaction type,Num,Name,Due date,Amount,Open balance,Currency
03/04/2026,Invoice,1037,Amy's Bird Sanctuary,05/06/2026,362.07,362.07,USD
"""
    header, first = content_of("xero_exported_invoices").splitlines()[:2]
    xero = f"{header}\n{first}\n".replace("24/03/2026", "03/04/2026").replace("23/04/2026", "05/06/2026")
    for text in (quickbooks, xero):
        with pytest.raises(
            UnreadableFileError, match="fit %d/%m/%Y and %m/%d/%Y; write the right one into the mapping"
        ):
            landed(text)


def test_a_quickbooks_report_without_a_currency_is_not_guessed_at_and_says_what_to_write() -> None:
    text = content_of("quickbooks_online_invoice_list_classic").replace(",Currency", "").replace(",USD", "")
    with pytest.raises(UnreadableFileError, match="lacks the columns Currency; if all is in one currency, say so"):
        landed(text)
    source = next(one for one in mappings() if one.name == "quickbooks_online")
    table = source.table("invoice_list_classic")
    dollars = replace(table, fields={**table.fields, "currency": FieldRule(column="Currency", default="USD")})
    reading = read_rows(text.encode(), [replace(source, tables=(dollars,))])
    assert [facts(one, "currency") for batch in reading.batches for one in batch.records] == [("USD",), ("USD",)]


def test_quickbooks_contacts_have_labelled_numbers_and_a_line_that_says_when_the_list_was_made() -> None:
    amy, travis = landed(content_of("quickbooks_online_customer_contact_list"), skipped=1)
    assert facts(amy, "customer_number", "email", "phone") == (
        "Amy's Bird Sanctuary",
        "birds@intuit.example",
        "+16505553311",
    )
    assert amy.street == "4581 Finch St.\nBayshore CA 94326"
    assert facts(travis, "email", "phone") == ("travis@waldron.example", "")


def test_a_xero_export_has_a_row_a_line_and_every_invoice_lands_once_with_its_whole_amount() -> None:
    rows = landed(content_of("xero_exported_invoices"), skipped=1)  # a draft
    assert [facts(one.invoice, "invoice_number", "amount_minor", "tax_minor") for one in rows] == [
        ("INV-1014", 149_500, 19_500),
        ("INV-1014", 149_500, 19_500),
        ("INV-1013", 11_500, 1_500),
    ]
    account = taken(InMemoryLedger(), rows)
    assert [(one.number, one.amount_minor, account.open_minor(i)) for i, one in account.invoices.items()] == [
        ("INV-1014", 149_500, 149_500),
        ("INV-1013", 11_500, 0),
    ]
    assert account.customer.name == "City Agency"


def test_an_invoice_is_open_by_what_the_latest_xero_export_says_is_due() -> None:
    ledger, text = InMemoryLedger(), content_of("xero_exported_invoices")
    owed = []
    for due in ("1495.00", "95.00", "0.00", "1495.00"):
        account = taken(ledger, landed(text.replace(",0.0000,1495.0000,,", f",0.0000,{due},,"), skipped=1))
        owed += [account.open_minor(i) for i, one in account.invoices.items() if one.number == "INV-1014"]
    assert owed == [149_500, 9_500, 0, 149_500]


def test_xero_contacts_land_under_the_name_that_its_invoices_use() -> None:
    marlow, city = landed(content_of("xero_exported_contacts"))
    assert facts(marlow, "customer_number", "phone", "country", "external_ids") == (
        "Marlow Constructions Pty Ltd",
        "+61401220556",
        "AU",
        (("account_number", "MAR001"),),
    )
    assert city.customer_number == landed(content_of("xero_exported_invoices"), skipped=1)[0].customer.customer_number


def test_salesforce_reports_of_accounts_and_contacts_land() -> None:
    edge, _ = landed(content_of("salesforce_reported_accounts"))
    assert facts(edge, "customer_number", "customer_name", "phone", "region", "country") == (
        "001D000000IRFma",
        "Edge Communications",
        "+15127576000",
        "TX",
        "US",
    )
    (rose,) = landed(content_of("salesforce_reported_contacts"))
    assert facts(rose, "customer_name", "customer_kind", "parent_number") == (
        "Rose Gonzalez",
        CustomerKind.PERSON,
        edge.customer_number,
    )


def test_stripe_dashboard_exports_land_under_the_ids_of_the_api() -> None:
    jenny, nameless = landed(content_of("stripe_exported_customers"))
    assert facts(jenny, "customer_number", "customer_name") == ("cus_NffrFeUfNV2Hib", "Jenny Rosen")
    assert nameless.customer_name == "office@nameless.example"
    euro, yen = landed(content_of("stripe_exported_invoices"), skipped=1)  # a draft
    assert facts(euro, "invoice_number", "amount_minor", "settled_on") == ("C9CF2AD1-0001", 119_000, None)
    assert facts(yen, "currency", "amount_minor", "due_on", "settled_on") == (
        "JPY",
        5_000,
        date(2026, 9, 22),
        date(2026, 9, 22),
    )


def test_stripe_payments_of_invoices_and_failed_ones_are_left_out_since_invoices_say_when_they_were_paid() -> None:
    (payment,) = landed(content_of("stripe_exported_payments"), skipped=2)
    assert facts(payment, "reference", "method", "amount_minor", "refunded_minor", "received_on") == (
        "pi_1#succeeded",
        "stripe",
        50_000,
        10_000,
        date(2026, 10, 1),
    )


@pytest.mark.parametrize(
    ("table", "rule", "says"),
    [
        ({"leave_out": {"n": "("}}, {}, "leave_out n is no regular expression"),
        ({}, {"part": "("}, "field customer_number part is a regular expression with a group"),
        ({}, {"part": "x"}, "field customer_number part is a regular expression with a group"),
    ],
)
def test_a_pattern_that_is_none_is_refused(table: dict[str, Any], rule: dict[str, Any], says: str) -> None:
    with pytest.raises(InvalidInputError, match=says):
        TableMapping("t", RecordKind.CUSTOMER, {"customer_number": FieldRule(column="n", **rule)}, **table)


def test_a_value_in_which_the_part_is_not_found_is_read_as_it_is() -> None:
    fields = {"customer_number": FieldRule(column="n", part="No ([0-9]+)")}
    source = replace(
        mappings()[0], tables=(TableMapping("t", RecordKind.CUSTOMER, fields, leave_out={"n": "Total.*"}),)
    )
    batches = list(read_rows(b"n\nNo 7\n8\nTotal 2\nSubtotal\n", [source]).batches)
    found = [record.customer_number for one in batches for record in one.records if isinstance(record, CustomerRecord)]
    assert (found, sum(one.skipped for one in batches)) == (["7", "8", "Subtotal"], 1)


def taken(ledger: InMemoryLedger, rows: list[Any], today: date = TODAY) -> Account:
    """The account of rows of one customer."""
    origin = Origin("example", "xero", today, AT)
    one = CustomerRows(customer_key(rows[0], origin), rows)
    (tally,) = Importer(ledger, "example", InMemoryKnownFacts()).take([one], origin)
    assert not tally.rejects
    (account,) = ledger.accounts.values()
    return account
