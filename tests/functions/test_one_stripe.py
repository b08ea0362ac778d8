"""Stripe pulled, and Stripe's objects sent as files: one source, so an object is one customer or one invoice."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from dunwell.dates import business_date
from dunwell.ingestion.importing import Origin
from dunwell.ingestion.reading import read_rows
from dunwell.ingestion.run import FileImport
from dunwell.ingestion.taking import Importer
from dunwell.ledger.model import Account, Delivery, Invoice
from dunwell_aws.documents import folder, read_mappings
from infra.local.stripe_sandbox.server import StripeSandbox
from tests.functions.test_sync_source import ZONE, Office
from tests.support.invocation import set_variables
from tests.support.memory import InMemoryKnownFacts

MAPPINGS = read_mappings(folder("infra"), ZONE)
Take = Callable[[], None]


@pytest.fixture
def office(sandbox: StripeSandbox, monkeypatch: pytest.MonkeyPatch) -> Office:
    set_variables(monkeypatch)
    sandbox.reset()
    # Late in the evening in New York, when UTC has another date already.
    now = sandbox.sandbox.now()
    sandbox.sandbox.advance((3 * 3600 - now) % 86_400)
    return Office(sandbox)


def exported(office: Office, **changes: Any) -> str:
    """Customers and invoices as the API lists them, a line each."""
    found = [*office.api.customers.list().data, *office.api.invoices.list().data]
    return "\n".join(json.dumps(one.to_dict() | changes) for one in found)


def take(office: Office, text: str) -> None:
    """Import an export as an upload of now."""
    reading, at = read_rows(text.encode(), MAPPINGS), office.now()
    origin = Origin("example", reading.source.name, business_date(at, ZONE), at)
    rejects: list[Any] = []
    importer = Importer(office.ledger, "example", InMemoryKnownFacts())
    totals = FileImport(importer).run(reading.batches, origin, rejects.extend, reading.column_of)
    assert (rejects, totals.rows > 0) == ([], True)


def described(invoice: Invoice) -> Invoice:
    return replace(invoice, source_version="")


def only_customers(office: Office) -> list[Account]:
    return [one for one in office.ledger.accounts.values() if one.customer.customer_id != "cus_anna"]


def test_an_export_and_a_pull_of_one_object_are_one_customer_and_one_invoice_whichever_comes_first(
    office: Office,
) -> None:
    anna = office.customer()
    bill = office.bill(anna, 12_000)
    office.api.credit_notes.create({"invoice": bill.id, "amount": 2_000})
    text = exported(office)
    take(office, text)
    (sent,) = only_customers(office)
    office.sync()
    (pulled,) = only_customers(office)
    take(office, text)
    (both,) = only_customers(office)

    assert sent.customer.customer_id == pulled.customer.customer_id == both.customer.customer_id
    assert (sent.customer.source, sent.customer.name, sent.customer.email) == (
        "stripe",
        pulled.customer.name,
        pulled.customer.email,
    )
    (first,), (second,) = sent.invoices.values(), pulled.invoices.values()
    assert described(first) == described(second)
    assert first.delivery is Delivery.ELECTRONIC, "what is to be paid by a day, Stripe sends by e-mail"
    assert both == pulled, "an export that was made before the pull changes nothing after it"
    assert office.owed(anna) == 10_000


def test_a_pull_first_and_an_export_after_it_are_one_as_well(office: Office) -> None:
    anna = office.customer()
    bill = office.bill(anna, 12_000)
    office.sync()
    pulled = office.account(anna)
    take(office, exported(office))
    assert [office.account(anna)] == only_customers(office)
    assert office.account(anna).invoices == pulled.invoices
    assert [one.number for one in pulled.invoices.values()] == [bill.number]


@pytest.mark.parametrize("newer", ["export", "pull"])
def test_the_newer_of_the_two_is_believed(office: Office, newer: str) -> None:
    anna = office.customer()
    office.bill(anna, 12_000)
    office.sync()
    seen = office.now() + timedelta(hours=1 if newer == "export" else -2)
    lines = [json.loads(line) for line in exported(office, updated=int(seen.timestamp())).splitlines()]
    changed = [one | {"name": "By export"} for one in lines if one["object"] == "customer"]
    take(office, json.dumps(changed[0]))
    assert office.account(anna).customer.name == ("By export" if newer == "export" else "Anna's Bakery")


def test_an_export_of_an_invoice_that_was_voided_after_the_pull_removes_it(office: Office) -> None:
    anna = office.customer()
    bill = office.bill(anna, 12_000)
    office.sync()
    office.sandbox.advance(7_200)
    office.api.invoices.void_invoice(bill.id)
    take(office, exported(office))
    assert office.owed(anna) == 0
    assert len(office.account(anna).invoices) == 1


def test_a_payment_in_an_export_is_the_payment_that_was_pulled(office: Office) -> None:
    anna = office.customer()
    office.api.invoices.pay(office.bill(anna, 12_000).id)
    charges = [one.to_dict() for one in office.api.charges.list().data]
    take(office, exported(office) + "\n" + "\n".join(map(json.dumps, charges)))
    office.sync()
    assert (office.owed(anna), len(office.account(anna).payments)) == (0, 1)


def test_credit_that_stripe_used_is_off_the_invoice_in_both(office: Office) -> None:
    anna = office.customer()
    first = office.bill(anna, 12_000)
    office.api.invoices.pay(first.id)
    office.api.credit_notes.create({"invoice": first.id, "credit_amount": 1_000})
    lowered = office.bill(anna, 5_000)
    take(office, exported(office))
    sent = {one.number: one.amount_minor for one in office.account(anna).invoices.values()}
    office.sync()
    assert sent == {one.number: one.amount_minor for one in office.account(anna).invoices.values()}
    assert sent[lowered.number] == 4_000
