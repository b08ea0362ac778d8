"""A letter as PDF, ready to print and to fold: the address stands where the window of an envelope is."""

from collections.abc import Sequence
from dataclasses import dataclass

from reportlab.graphics.barcode.qr import QrCodeWidget
from reportlab.graphics.shapes import Drawing
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Flowable, HRFlowable, KeepTogether, Table

from dunwell_aws.message_values import MessageValues
from dunwell_aws.pdf import (
    BODY,
    BOLD,
    CELL,
    HEAD,
    INK,
    LINE,
    MARGIN,
    NOTICE,
    REGULAR,
    RIGHT,
    RIGHT_HEAD,
    SOFT,
    TITLE,
    paper,
    paragraph,
    pdf,
    printable,
    table,
)

QR_SIZE = 26 * mm
ADDRESS_LEADING = 13
BOX = 10
"""Side of a box to tick (points)."""
FIRST_TOP = 105 * mm


@dataclass(frozen=True, slots=True)
class Window:
    """Where the first line of the address stands: from the left and from the top of the sheet (points)."""

    left: float
    top: float


_WINDOWS = {
    "FR": Window(105 * mm, 56 * mm),  # on the right (NF Z 11-001)
    "US": Window(22 * mm, 56 * mm),  # number 10, folded in three
    "CA": Window(22 * mm, 56 * mm),
}
_WINDOW = Window(25 * mm, 63 * mm)  # DIN 5008 form B, and C5 or DL with the window on the left


def letter_pdf(values: MessageValues, subject: str, account_url: str, address: Sequence[str]) -> bytes:
    """The letter of a contact.

    Args:
        address: the lines in the window, nothing else is seen there: the envelope tells nobody what is inside.
        account_url: where the code leads; no code when it is empty.

    Raises:
        InvalidInputError: a letter that the fonts do not have.
    """
    country = values.message.account.customer.country
    size = paper(country)
    body: list[Flowable] = [paragraph(subject, TITLE), paragraph(values.greeting)]
    body += [paragraph(text) for text in values.paragraphs]
    body += [_invoices(values, size[0] - 2 * MARGIN)] if values.every_line else []
    body += [paragraph(text) for text in (values.quote, *values.quoted) if text]
    body += [paragraph(text) for text in (*values.closing_words, values.said("help_letter")) if text]
    body.append(KeepTogether([_signed(values, account_url)]))
    body += [paragraph(notice.text, NOTICE) for notice in values.notices]
    body += [_slip(values, address, size[0] - 2 * MARGIN)] if values.slip else []

    def number(page: int, pages: int) -> str:
        return values.common("letter", "page", page=page, pages=pages)

    return pdf(
        body,
        title=subject,
        language=values.writer.tag,
        creditor=values.creditor,
        size=size,
        first_top=FIRST_TOP,
        first_page=lambda canvas: _head(canvas, values, size, _WINDOWS.get(country, _WINDOW), address),
        page_number=number,
    )


def _head(
    canvas: Canvas, values: MessageValues, size: tuple[float, float], window: Window, address: Sequence[str]
) -> None:
    width, height = size
    canvas.setFillColor(INK)
    canvas.setFont(BOLD, 15)
    canvas.drawString(MARGIN, height - 24 * mm, printable(values.creditor.name))
    canvas.setFont(REGULAR, 8)
    canvas.setFillColor(SOFT)
    canvas.drawString(MARGIN, height - 29 * mm, printable(values.creditor.postal_address))
    canvas.drawString(MARGIN, height - 33 * mm, values.creditor.telephone)
    canvas.setFillColor(INK)
    canvas.setFont(REGULAR, 10.5)
    for line, text in enumerate(address):
        canvas.drawString(window.left, height - window.top - line * ADDRESS_LEADING, printable(text))
    facts = (
        (values.common("letter", "date"), values.writer.long_date(values.today)),
        (values.common("letter", "customer_number"), values.message.account.customer.number),
    )
    colon, top = values.said("colon"), height - 93 * mm
    canvas.setFont(REGULAR, 9)
    for line, (label, text) in enumerate(facts):
        said = printable(f"{label}{colon} {text}")
        canvas.drawRightString(width - MARGIN, top - line * ADDRESS_LEADING, said)


def _invoices(values: MessageValues, width: float) -> Table:
    words = values.table
    heading = [paragraph(words["invoice"], HEAD), paragraph(words["due"], HEAD), paragraph(words["amount"], RIGHT_HEAD)]
    rows = [
        [
            paragraph(line["number"], CELL),
            paragraph(f"{line['due_on']} ({line['when']})" if line["when"] else line["due_on"], CELL),
            paragraph(line["amount"], RIGHT),
        ]
        for line in values.every_line
    ]
    total = [paragraph(words["total"], HEAD), paragraph("", HEAD), paragraph(values.words["total"], RIGHT_HEAD)]
    return table([heading, *rows, total], (width * 0.3, width * 0.4, width * 0.3), bold_last=True)


def _slip(values: MessageValues, address: Sequence[str], width: float) -> KeepTogether:
    """What can be cut off: who answers whom, and a box to tick before each answer, with room to write."""
    what_to_do, *answers = values.slip
    creditor = values.creditor
    ends = [paragraph("\n".join(one), CELL) for one in (address, (creditor.name, creditor.postal_address))]
    box = Table([[""]], colWidths=BOX, rowHeights=BOX, style=[("BOX", (0, 0), (-1, -1), 0.8, INK)])
    ticks = [[box, paragraph(answer, CELL)] for answer in answers]
    no_padding = [("LEFTPADDING", (0, 0), (-1, -1), 0), ("VALIGN", (0, 0), (-1, -1), "TOP")]
    spaced = [*no_padding, ("BOTTOMPADDING", (0, 0), (-1, -1), 12)]
    parts = [
        HRFlowable(width="100%", thickness=0.8, color=LINE, dash=(4, 3), spaceBefore=6, spaceAfter=6),
        Table([ends], colWidths=(width / 2, width / 2), style=no_padding, spaceAfter=6),
        paragraph(what_to_do, HEAD),
        Table(ticks, colWidths=(BOX * 2, width - BOX * 2), style=spaced),
    ]
    return KeepTogether(parts)


def _signed(values: MessageValues, account_url: str) -> Table:
    """The end of the letter, and beside it the code that leads to the account."""
    signature = paragraph(f"{values.said('signature')}\n\n{values.creditor.name}", BODY)
    if not account_url:
        return Table([[signature]], hAlign="LEFT", style=[("LEFTPADDING", (0, 0), (-1, -1), 0)])
    widget = QrCodeWidget(account_url, barLevel="M", barWidth=QR_SIZE, barHeight=QR_SIZE, barBorder=2)
    code = Drawing(QR_SIZE, QR_SIZE)
    code.add(widget)
    style = [("LEFTPADDING", (0, 0), (0, 0), 0), ("VALIGN", (0, 0), (-1, -1), "MIDDLE")]
    row = [signature, code, paragraph(values.said("scan"), CELL)]
    return Table([row], colWidths=(85 * mm, QR_SIZE + 4 * mm, 50 * mm), hAlign="LEFT", style=style, spaceAfter=10)
