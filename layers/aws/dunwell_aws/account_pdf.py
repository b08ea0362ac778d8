"""Copies of invoices, and receipts, as PDF in the customer's language."""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import TYPE_CHECKING

from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Flowable, Table

from dunwell.accounts.model import Customer
from dunwell.payments.papers import InvoicePaper, Receipt
from dunwell_aws.pdf import (
    BODY,
    BOLD,
    CELL,
    HEAD,
    INK,
    MARGIN,
    REGULAR,
    RIGHT,
    RIGHT_HEAD,
    SOFT,
    paper,
    paragraph,
    pdf,
    printable,
    table,
)
from dunwell_aws.portal.words import Say

if TYPE_CHECKING:
    from dunwell.outreach.policy import Creditor

FIRST_TOP = 66 * mm
_WIDTHS = (0.72, 0.28)
Row = tuple[str, str]


def invoice_pdf(one: InvoicePaper, customer: Customer, creditor: "Creditor", say: Say, today: date) -> bytes:
    """A copy of an invoice, from the lines that its source told, with what is open on it as of a business date.

    Raises:
        InvalidInputError: a letter that the fonts do not have.
    """
    invoice, currency = one.listed.invoice, one.listed.invoice.currency
    lines = [(line.text, say.money(line.amount_minor, currency)) for line in invoice.lines]
    total = (say("papers.total"), say.money(invoice.amount_minor, currency))
    facts = [
        (say("papers.issued"), say.date(invoice.issued_on)),
        (say("papers.due"), say.date(one.listed.due_on)),
        *([(say("papers.terms"), invoice.terms)] if invoice.terms else []),
    ]
    after = [(say("papers.open_on", date=say.date(today)), say.money(one.listed.open_minor, currency))]
    if invoice.tax_minor:
        after.insert(0, (say("papers.tax"), say.money(invoice.tax_minor, currency)))
    title = say("papers.copy_of", number=invoice.number)
    body = [_facts(facts, customer), _table(say, lines, total, customer), _facts(after, customer)]
    return _document(title, say("papers.copy_hint"), body, customer, creditor, say)


def receipt_pdf(one: Receipt, customer: Customer, creditor: "Creditor", say: Say) -> bytes:
    """A receipt for a payment.

    Raises:
        InvalidInputError: a letter that the fonts do not have.
    """
    payment, currency = one.payment, one.payment.currency
    lines = [(say("common.invoice", number=i.number), say.money(amount, currency)) for i, amount in one.parts]
    if one.kept_minor:
        lines.append((say("account.kept"), say.money(one.kept_minor, currency)))
    if one.taken_back_minor:
        lines.append((say("papers.taken_back"), say.money(one.taken_back_minor, currency)))
    total = (say("papers.received"), say.money(payment.amount_minor, currency))
    title = say("papers.receipt")
    facts = [(say("papers.received_on"), say.date(payment.on)), (say("papers.reference"), payment.entry_id)]
    body = [_facts(facts, customer), _table(say, lines, total, customer)]
    return _document(title, say("papers.receipt_hint"), body, customer, creditor, say)


def _document(
    title: str, hint: str, body: Iterable[Flowable], customer: Customer, creditor: "Creditor", say: Say
) -> bytes:
    size = paper(customer.country)

    def head(canvas: Canvas) -> None:
        width, height = size
        canvas.setFillColor(INK)
        canvas.setFont(BOLD, 11)
        canvas.drawRightString(width - MARGIN, height - 24 * mm, printable(creditor.name))
        canvas.setFont(BOLD, 16)
        canvas.drawString(MARGIN, height - 36 * mm, printable(title))
        canvas.setFont(REGULAR, 10)
        canvas.drawString(MARGIN, height - 44 * mm, printable(f"{customer.name}, {customer.number}"))
        canvas.setFillColor(SOFT)
        canvas.drawString(MARGIN, height - 50 * mm, printable(hint))

    return pdf(
        list(body),
        title=f"{title}, {customer.name}",
        language=say.tag,
        creditor=creditor,
        size=size,
        first_top=FIRST_TOP,
        first_page=head,
        page_number=lambda number, pages: say("papers.page", page=number, pages=pages),
    )


def _table(say: Say, lines: Sequence[Row], total: Row, customer: Customer) -> Table:
    heading = [paragraph(say("papers.what"), HEAD), paragraph(say("papers.amount"), RIGHT_HEAD)]
    rows = [[paragraph(text, CELL), paragraph(amount, RIGHT)] for text, amount in lines]
    last = [paragraph(total[0], HEAD), paragraph(total[1], RIGHT_HEAD)]
    return table([heading, *rows, last], _widths(customer), bold_last=True)


def _facts(facts: Sequence[Row], customer: Customer) -> Table:
    rows = [[paragraph(name, BODY), paragraph(value, RIGHT)] for name, value in facts]
    return Table(rows, colWidths=_widths(customer), hAlign="LEFT", spaceAfter=12)


def _widths(customer: Customer) -> list[float]:
    width, _ = paper(customer.country)
    return [(width - 2 * MARGIN) * part for part in _WIDTHS]
