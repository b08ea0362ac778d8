"""Invoices, receipts and statements: as pages, and as files to keep."""

from collections.abc import Mapping
from datetime import date
from typing import Any
from urllib.parse import urlencode

from chalice.app import Response

from dunwell.errors import InvalidInputError
from dunwell.payments.papers import Which, find_invoices, find_payments, invoice_paper, receipt
from dunwell.reporting.statement import Statement, last_months, statement
from dunwell_aws.portal.site import Site, Visitor

PDF = "application/pdf"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_MOST_DIGITS = 6


def add_paper_pages(site: Site) -> None:
    """Adds the pages to the portal. The packages that make files are imported when one is asked for."""
    site.app.api.binary_types += [PDF, XLSX]
    _add_invoices(site)
    _add_payments(site)
    _add_statement(site)


def _add_invoices(site: Site) -> None:
    @site.route("/invoices", "GET")
    def show_invoices() -> Response:
        """Open, paid or all invoices, or those of a number."""
        visitor, number = site.visitor(), site.query("number")[:60]
        which = _which(site.query("which"), Which.ALL if number else Which.OPEN)
        found = find_invoices(visitor.account, which, number, _page(site.query("page")))
        links = _links("/invoices", {"which": which.value, "number": number}, found.number, found.pages)
        values: dict[str, Any] = {"found": found, "which": which, "choices": list(Which), "number": number}
        values["today"] = site.parts.today
        return site.page("invoices.html", visitor, links=links, **values)

    @site.route("/invoices/{invoice_id}", "GET")
    def show_invoice(invoice_id: str) -> Response:
        """An invoice with its lines and what happened to it."""
        visitor = site.visitor()
        return site.page("invoice.html", visitor, paper=invoice_paper(visitor.account, invoice_id))

    @site.route("/invoices/{invoice_id}/pdf", "GET")
    def invoice_file(invoice_id: str) -> Response:
        """A copy of an invoice."""
        from dunwell_aws.account_pdf import invoice_pdf

        visitor, parts = site.visitor(), site.parts
        found = invoice_paper(visitor.account, invoice_id)
        made = invoice_pdf(found, visitor.customer, parts.creditor, site.say(visitor), parts.today)
        return site.file(made, PDF, f"{found.listed.invoice.number}.pdf")


def _add_payments(site: Site) -> None:
    @site.route("/payments", "GET")
    def show_payments() -> Response:
        """The payments received."""
        visitor = site.visitor()
        found = find_payments(visitor.account, _page(site.query("page")))
        links = _links("/payments", {}, found.number, found.pages)
        return site.page("payments.html", visitor, found=found, links=links)

    @site.route("/payments/{entry_id}", "GET")
    def show_receipt(entry_id: str) -> Response:
        """The receipt for a payment."""
        visitor = site.visitor()
        return site.page("receipt.html", visitor, receipt=receipt(visitor.account, entry_id))

    @site.route("/payments/{entry_id}/pdf", "GET")
    def receipt_file(entry_id: str) -> Response:
        """The receipt as a file."""
        from dunwell_aws.account_pdf import receipt_pdf

        visitor = site.visitor()
        found = receipt(visitor.account, entry_id)
        made = receipt_pdf(found, visitor.customer, site.parts.creditor, site.say(visitor))
        return site.file(made, PDF, f"receipt-{found.payment.on}.pdf")


def _add_statement(site: Site) -> None:
    @site.route("/statement", "GET")
    def show_statement() -> Response:
        """The statement of the last months, or of the period asked for."""
        visitor = site.visitor()
        made, wrong = _asked(site, visitor)
        period = urlencode({"first": made.first.isoformat(), "last": made.last.isoformat()})
        values: dict[str, Any] = {"made": made, "wrong": wrong, "period": period, "today": site.parts.today}
        return site.page("statement.html", visitor, 400 if wrong else 200, **values)

    @site.route("/statement/pdf", "GET")
    def statement_file() -> Response:
        """The statement as PDF."""
        from dunwell_aws.statement_pdf import statement_pdf

        visitor = site.visitor()
        made, say = _period(site, visitor), site.say(visitor)
        return site.file(statement_pdf(made, site.parts.creditor, say.messages, say.writer), PDF, _name(made, "pdf"))

    @site.route("/statement/xlsx", "GET")
    def statement_workbook() -> Response:
        """The statement as a workbook."""
        from dunwell_aws.statement_xlsx import statement_xlsx

        visitor = site.visitor()
        made = _period(site, visitor)
        return site.file(statement_xlsx(made, site.say(visitor).messages), XLSX, _name(made, "xlsx"))


def _asked(site: Site, visitor: Visitor) -> tuple[Statement, bool]:
    """The statement asked for; for a period that cannot be, that of the usual one, and that it was wrong."""
    try:
        return _period(site, visitor), False
    except InvalidInputError:
        return statement(visitor.account, *last_months(site.parts.today)), True


def _period(site: Site, visitor: Visitor) -> Statement:
    """The statement of the period asked for; of the last months when none is.

    Raises:
        InvalidInputError: it is no period, or ends after today.
    """
    first, last = last_months(site.parts.today)
    first, last = _day(site.query("first"), first), _day(site.query("last"), last)
    if last > site.parts.today:
        raise InvalidInputError("A statement ends today at the latest.", field="last", code="no_period")
    return statement(visitor.account, first, last)


def _day(given: str, usual: date) -> date:
    try:
        return date.fromisoformat(given) if given else usual
    except ValueError:
        raise InvalidInputError("This is not a date.", code="no_period") from None


def _name(made: Statement, ending: str) -> str:
    return f"statement-{made.first}-{made.last}.{ending}"


def _which(given: str, usual: Which) -> Which:
    return Which(given) if given in set(Which) else usual


def _page(given: str) -> int:
    return int(given) if given.isascii() and given.isdigit() and len(given) <= _MOST_DIGITS else 1


def _links(path: str, query: Mapping[str, str], number: int, pages: int) -> dict[str, str]:
    """The addresses of the pages before and after one of a list, where there are any."""
    around = {"previous": number - 1, "next": number + 1}
    kept = {name: value for name, value in query.items() if value}
    return {
        name: f"{path}?{urlencode(kept | {'page': other})}" for name, other in around.items() if 1 <= other <= pages
    }
