"""Invoices, receipts and statements on the portal, and the files of them."""

import io
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import openpyxl
import pytest
from pypdf import PdfReader

from dunwell.accounts.holds import Hold
from dunwell.ledger.model import InvoiceLine
from dunwell.ledger.posting import post_payment, reverse
from functions.portal import app as portal_app
from tests.support.browser import text
from tests.support.ledger import in_dispute
from tests.support.portal import NOW, account, customer, invoice
from tests.support.portal_app import PortalWorld


@pytest.fixture(autouse=True)
def composed_anew() -> Iterator[None]:
    yield
    portal_app.use(None)


def paid_account(**who: Any) -> PortalWorld:
    """An invoice with lines, half of it paid, and a settled one."""
    lines = (InvoiceLine("Flour, 20 sacks", 80_000), InvoiceLine("=Delivery", 43_450))
    owed = account(
        invoice("A1", 123_450, lines=lines, tax_minor=9_000, terms="net 30"), invoice("A2", 2_550), who=customer(**who)
    )
    paid = post_payment(owed, method="bank", reference="r1", currency="USD", amount_minor=50_000, received_at=NOW)
    return PortalWorld(paid.applied())


def pdf_text(content: bytes) -> str:
    """The words of a PDF."""
    return " ".join(" ".join(page.extract_text() for page in PdfReader(io.BytesIO(content)).pages).split())


def test_invoices_are_listed_found_by_number_and_paged() -> None:
    world = PortalWorld(account(*(invoice(f"INV-{number:03d}", 100 + number) for number in range(60))))
    browser = world.signed_in()
    first, last = text(browser.get("/invoices")), text(browser.get("/invoices?page=3"))
    assert "60 invoices" in first
    assert "Page 1 of 3" in first
    assert "Invoice INV-000" in first
    assert "Invoice INV-059" in last
    found = text(browser.get("/invoices?number=inv-04"))
    assert "10 invoices" in found
    assert "There are no invoices here" in text(browser.get("/invoices?which=paid"))


@pytest.mark.parametrize("query", ["page=0", "page=-1", "page=99999999999", "page=x", "which=evil", "number=%00"])
def test_a_list_that_cannot_be_is_the_nearest_that_can(query: str) -> None:
    assert paid_account().signed_in().get(f"/invoices?{query}").status_code == 200


def test_an_invoice_shows_its_lines_and_a_history_that_adds_up_to_what_is_open() -> None:
    world = paid_account()
    page = text(world.signed_in().get("/invoices/inv_a1"))
    assert "Flour, 20 sacks $800.00" in page
    assert "Open now $734.50" in page
    assert "Payment" in page
    assert "Terms net 30" in page


def test_the_copy_of_an_invoice_says_that_it_is_one_and_has_its_lines() -> None:
    world = paid_account()
    answer = world.signed_in().get("/invoices/inv_a1/pdf")
    assert answer.headers["Content-Type"] == "application/pdf"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="A1.pdf"'
    said = pdf_text(answer.body)
    assert "Copy of invoice A1" in said
    assert "Flour, 20 sacks" in said
    assert "$1,234.50" in said
    assert "Example Supplies Ltd" in said


def test_a_receipt_says_what_a_payment_settled_also_as_a_file_and_what_was_taken_back() -> None:
    world = paid_account()
    anna = world.ledger.accounts["cus_anna"]
    (payment,) = anna.payments
    browser = world.signed_in()
    page = text(browser.get(f"/payments/{payment}"))
    assert "Received $500.00" in page
    assert f"Reference {payment}" in page
    assert "$500.00" in pdf_text(browser.get(f"/payments/{payment}/pdf").body)
    back = reverse(
        anna, payment, 50_000, method="bank", reference="back", reversed_at=NOW + timedelta(days=1), reason="refund"
    )
    world.ledger.accounts["cus_anna"] = back.applied()
    assert "Taken back since $500.00" in text(browser.get(f"/payments/{payment}"))
    assert "Open now $1,234.50" in text(browser.get("/invoices/inv_a1"))


def test_the_statement_of_a_period_is_a_page_a_pdf_and_a_workbook_of_numbers() -> None:
    browser = paid_account().signed_in()
    period = "first=2026-10-01&last=2026-11-22"
    assert "Balance on November 22, 2026 $760.00" in text(browser.get(f"/statement?{period}"))
    assert "Statement of account" in pdf_text(browser.get(f"/statement/pdf?{period}").body)
    answer = browser.get(f"/statement/xlsx?{period}")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="statement-2026-10-01-2026-11-22.xlsx"'
    sheet = openpyxl.load_workbook(io.BytesIO(answer.body))["USD"]
    rows = [[cell.value for cell in row] for row in sheet.iter_rows()]
    assert [row[5] for row in rows if row[1] == "Payment"] == [760]
    assert [row[1] for row in rows][3] == "Opening balance"


def test_a_name_in_a_workbook_is_never_a_formula() -> None:
    browser = paid_account(name='=HYPERLINK("https://evil.example","x")').signed_in()
    book = openpyxl.load_workbook(io.BytesIO(browser.get("/statement/xlsx?first=2026-10-01").body))
    kinds = {cell.data_type for row in book["USD"].iter_rows() for cell in row}
    assert "f" not in kinds


@pytest.mark.parametrize("period", ["first=2026-12-01&last=2026-11-01", "first=x", "last=2999-01-01", "first=0000-0"])
def test_a_period_that_cannot_be_is_told_so(period: str) -> None:
    browser = paid_account().signed_in()
    page = browser.get(f"/statement?{period}")
    assert page.status_code == 400
    assert "Please choose a period" in text(page)
    assert browser.get(f"/statement/pdf?{period}").status_code == 400


def test_files_are_in_the_customers_language() -> None:
    browser = paid_account(language="de", country="DE").signed_in()
    said = pdf_text(browser.get("/invoices/inv_a1/pdf").body)
    assert "Kopie der Rechnung A1" in said
    assert "1.234,50" in said


def test_a_hold_that_stops_demands_stops_them_on_the_page_and_takes_no_payment() -> None:
    stayed = customer().with_hold(Hold("bankruptcy", None, NOW))
    world = PortalWorld(account(invoice("A1", 123_450), who=stayed))
    browser = world.signed_in()
    page = text(browser.get("/account"))
    assert "We are not asking you to pay" in page
    for demand in ("You owe", "past due", "Pay $"):
        assert demand not in page
    assert world.pay(browser).status_code == 403
    assert world.pay(browser, what="chosen", invoice="inv_a1").status_code == 403
    assert world.gateway.calls == []


@pytest.mark.parametrize("kind", ["cease", "attorney", "vulnerable", "complaint"])
def test_a_hold_that_stops_only_asking_leaves_paying_to_who_wants_to(kind: str) -> None:
    held = customer().with_hold(Hold(kind, None, NOW))
    world = PortalWorld(account(invoice("A1", 123_450), who=held))
    browser = world.signed_in()
    page = text(browser.get("/account"))
    assert "We are not asking you to pay" in page
    assert "If you wish to pay something all the same" in page
    for demand in ("You owe", "past due", "Pay $"):
        assert demand not in page + text(browser.get("/part?currency=USD"))
    assert world.pay(browser, what="chosen", invoice="inv_a1").status_code == 303
    (order,) = world.orders.orders("cus_anna")
    assert [line.invoice_id for line in order.lines] == ["inv_a1"]


def test_a_hold_on_one_invoice_leaves_the_others_payable() -> None:
    held = customer().with_hold(Hold("identity_theft", "inv_a1", NOW))
    world = PortalWorld(account(invoice("A1", 123_450), invoice("A2", 2_550), who=held))
    browser = world.signed_in()
    page = text(browser.get("/account"))
    assert "Pay all $25.50" in page
    assert "not asked for" in page
    world.pay(browser)
    (order,) = world.orders.orders("cus_anna")
    assert [line.invoice_id for line in order.lines] == ["inv_a2"]
    assert world.pay(browser, what="chosen", invoice="inv_a1").status_code == 403


def test_amounts_in_part_dispute_are_told() -> None:
    one, entry = in_dispute(invoice("A1", 123_450))
    world = PortalWorld(account(one, replace(entry, amount_minor=10_000), invoice("A2", 5, due_on=date(2026, 12, 1))))
    assert "$100.00 of it in dispute" in text(world.signed_in().get("/account"))
