"""The sources that are shipped: a file of each lands."""

import csv
import io
import json
import os
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from dunwell.accounts.model import CustomerKind
from dunwell.errors import InvalidInputError
from dunwell.ingestion.reading import Batch, Reading, read_rows
from dunwell.ingestion.records import CreditNoteRecord, CustomerRecord, InvoiceRecord, PaymentRecord, Receivable
from dunwell_aws.documents import read_mappings
from tests.support.receivables import mappings
from tests.support.template import ROOT

SAMPLES = Path(__file__).parent / "samples"
CITY = "025867f1-d741-4d6b-b1af-9ac774b59ba7"


def sample(name: str) -> tuple[Reading, list[Batch]]:
    with (SAMPLES / name).open("rb") as file:
        reading = read_rows(file, mappings())
        return reading, list(reading.batches)


def records(name: str) -> list[Any]:
    return [record for batch in sample(name)[1] for record in batch.records]


def facts(record: object, *names: str) -> tuple[Any, ...]:
    return tuple(getattr(record, name) for name in names)


@pytest.mark.parametrize("path", sorted(SAMPLES.iterdir()), ids=lambda path: path.name)
def test_every_row_of_a_sources_own_file_is_a_record_or_counted(path: Path) -> None:
    reading, batches = sample(path.name)
    assert path.name.startswith(reading.source.name)
    assert [reject for batch in batches for reject in batch.rejects] == []
    assert any(batch.records for batch in batches)


def test_every_row_of_the_ibm_file_is_a_receivable_to_the_cent() -> None:
    shared = Path(os.environ.get("DUNWELL_SHARED", ROOT.parent / "shared"))
    path = shared / "data" / "ibm_late_payment" / "WA_Fn-UseC_-Accounts-Receivable.csv"
    if not path.exists():
        pytest.skip(f"{path.name} is not here; name its folder with DUNWELL_SHARED")
    content = path.read_bytes()
    batches = list(read_rows(content, mappings()).batches)
    rows = list(csv.DictReader(io.StringIO(content.decode())))
    cents = [int(Decimal(row["InvoiceAmount"]) * 100) for row in rows]
    taken = [record for batch in batches for record in batch.records]
    assert [one.invoice.amount_minor for one in taken if isinstance(one, Receivable)] == cents
    assert sum(batch.rows for batch in batches) == len(rows)


def test_quickbooks_objects_come_as_a_singer_stream() -> None:
    customer, invoice, payment, credit = records("quickbooks_online.jsonl")
    assert facts(customer, "customer_name", "phone", "region") == ("Amy's Bird Sanctuary", "+16505553311", "CA")
    assert facts(invoice, "invoice_number", "amount_minor", "tax_minor", "terms") == ("1037", 36_207, 2_682, "Net 30")
    assert facts(payment, "amount_minor", "pays") == (7_500, (("1037", 6_500),))
    assert facts(credit, "credit_number", "amount_minor", "removed") == ("1026", 10_000, True)


def test_a_singer_stream_says_what_it_does_not_know_and_where_it_is() -> None:
    reading, batches = sample("quickbooks_online.jsonl")
    streams = reading.streams
    assert streams is not None
    assert (streams.unknown, streams.keys["invoices"]) == ({"accounts": 1}, ("Id",))
    assert streams.activated == {"credit_memos": 1_790_000_000_000}
    assert [batch.state is not None for batch in batches] == [False, False, True, False, True]
    assert batches[-1].state == streams.state
    # 1 account, 1 voided invoice
    assert (sum(batch.rows for batch in batches), sum(batch.skipped for batch in batches)) == (6, 2)


def test_xero_objects_of_what_customers_owe_are_taken_and_bills_to_pay_counted() -> None:
    _, batches = sample("xero_invoices.jsonl")
    owed, voided = records("xero_invoices.jsonl")
    assert facts(owed, "invoice_number", "customer_number", "amount_minor", "currency") == (
        "OIT00546",
        CITY,
        202_500,
        "NZD",
    )
    assert facts(owed, "issued_on", "due_on", "removed") == (date(2026, 5, 27), date(2026, 6, 6), False)
    assert (voided.removed, sum(batch.skipped for batch in batches)) == (True, 1)


def test_xero_contacts_payments_and_credit_notes_are_taken() -> None:
    (contact,) = records("xero_contacts.jsonl")
    assert facts(contact, "customer_number", "phone", "city", "country") == (CITY, "+64211234567", "Wellington", "NZ")
    (payment,) = records("xero_payments.jsonl")
    assert facts(payment, "customer_number", "pays", "received_on") == (
        CITY,
        (("OIT00546", 50_000),),
        date(2026, 6, 1),
    )
    (credit,) = records("xero_credit_notes.jsonl")
    assert facts(credit, "credit_number", "invoice_number", "amount_minor") == ("CN-0002", "OIT00546", 3_000)


def test_stripe_objects_may_stand_mixed_in_one_file() -> None:
    customer, euro, yen, credit, charge = records("stripe.jsonl")
    assert facts(customer, "customer_name", "language", "country") == ("Jenny Rosen", "de", "DE")
    assert facts(euro, "invoice_number", "amount_minor", "tax_minor") == ("C9CF2AD1-0001", 119_000, 19_000)
    assert facts(yen, "currency", "amount_minor", "due_on") == ("JPY", 5_000, date(2026, 9, 21))
    assert facts(credit, "invoice_number", "amount_minor") == ("C9CF2AD1-0001", 1_000)
    assert facts(charge, "reference", "method", "refunded_minor", "pays") == (
        "pi_3MmlLrLkdIwHu7ix0uke3Ezy#succeeded",
        "stripe",
        10_000,
        (("C9CF2AD1-0001", 50_000),),
    )


def test_chargebee_payments_carry_what_they_paid_and_what_was_refunded() -> None:
    customer, invoice, credit, payment = records("chargebee.jsonl")
    assert facts(customer, "customer_name", "customer_kind", "language") == ("Acme", CustomerKind.BUSINESS, "fr")
    assert facts(invoice, "invoice_number", "amount_minor", "terms") == ("203", 200_000, "Net 30")
    assert facts(payment, "pays", "refunded_minor") == ((("203", 120_000),), 20_000)
    assert credit.invoice_number == "203"


def test_crm_exports_become_customers() -> None:
    acme, harbour = records("hubspot_companies.csv")
    assert facts(acme, "customer_name", "phone", "country") == ("Acme Restoration", "", "US")
    assert facts(harbour, "phone", "country") == ("+442079460018", "GB")
    assert sample("hubspot_companies.csv")[1][0].left_out == {"Phone Number": 1}
    (contact,) = records("hubspot_contacts.csv")
    assert facts(contact, "customer_kind", "parent_number") == (CustomerKind.PERSON, "7431")
    edge, burlington = records("salesforce_accounts.csv")
    assert facts(edge, "phone", "external_ids") == ("+15127576000", (("account_number", "CD451796"),))
    assert facts(burlington, "line", "removed", "parent_number") == (5, True, edge.customer_number)


def test_singer_messages_that_are_none_are_rejected_by_line() -> None:
    messages: list[Mapping[str, Any]] = [
        {"type": "SCHEMA", "stream": "invoices", "schema": {}, "key_properties": []},
        {"type": "RECORD", "stream": "payments", "record": {"Id": "1", "UnappliedAmt": 0, "CustomerRef": {}}},
        {"type": "RECORD", "stream": "invoices"},
        {"type": "NOTHING"},
    ]
    record = next(line for line in (SAMPLES / "quickbooks_online.jsonl").read_text().splitlines() if '"1037"' in line)
    text = "\n".join([*map(json.dumps, messages), "not JSON", "[1]", record])
    batches = list(read_rows(text.encode(), mappings(), source="quickbooks_online").batches)
    rejects = [(one.line, one.reason) for batch in batches for one in batch.rejects]
    assert sorted(rejects) == [
        (3, "the message has no record"),
        (4, "is no message of the Singer specification"),
        (5, "the line is not JSON"),
        (6, "the line is JSON but no object"),
    ]
    kinds = [type(one) for batch in batches for one in batch.records]
    assert kinds == [InvoiceRecord]
    assert {CreditNoteRecord, CustomerRecord, PaymentRecord}.isdisjoint(kinds)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("name: [", "broken.yaml"),
        ("name: x\ntables: []", "broken.yaml: Value error, source x: needs tables|needs tables"),
        ("name: x\ntabels: []", "tabels"),
        (
            "name: x\ntables: [{name: t, makes: customer, fields: {customer_number: {colum: a}}}]",
            "tables.0.fields.customer_number.colum",
        ),
        ("name: x\ntables: [{name: t, makes: order, fields: {}}]", "tables.0.makes: Input should be 'receivable'"),
        (
            "name: x\ntables: [{name: t, makes: customer, fields: {customer_number: {column: a, values: {b: yes}}}}]",
            "values.b: Input should be a valid string",
        ),
    ],
)
def test_a_mapping_file_that_breaks_a_rule_says_which_and_where(tmp_path: Path, text: str, says: str) -> None:
    (tmp_path / "sources").mkdir()
    (tmp_path / "sources" / "broken.yaml").write_text(text)
    with pytest.raises(InvalidInputError, match=says):
        read_mappings(tmp_path)
