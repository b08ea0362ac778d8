"""What letters and statements share: fonts, the page, its number, and text that is never printed with a gap."""

import io
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from xml.sax.saxutils import escape

from reportlab.lib.colors import HexColor
from reportlab.lib.pagesizes import A4, LETTER
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFError, TTFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import BaseDocTemplate, Flowable, Frame, PageTemplate, Paragraph, Table

from dunwell.errors import InvalidInputError
from dunwell.outreach.policy import Creditor

FONTS = Path(__file__).parent / "fonts"
REGULAR, BOLD = "DejaVuSans", "DejaVuSans-Bold"
INK, SOFT, LINE = HexColor("#1f2937"), HexColor("#4b5563"), HexColor("#9ca3af")
MARGIN = 20 * mm
FOOT = 24 * mm
_LETTER_PAPER = frozenset({"US", "CA"})

BODY = ParagraphStyle("body", fontName=REGULAR, fontSize=10, leading=14.5, textColor=INK, spaceAfter=8)
NOTICE = ParagraphStyle("notice", parent=BODY, fontSize=9, leading=12.5, spaceAfter=5)
TITLE = ParagraphStyle("title", parent=BODY, fontName=BOLD, fontSize=13, leading=17, spaceAfter=10)
HEAD = ParagraphStyle("head", parent=BODY, fontName=BOLD, fontSize=9, leading=12, spaceAfter=0)
CELL = ParagraphStyle("cell", parent=BODY, fontSize=9, leading=12, spaceAfter=0)
RIGHT = ParagraphStyle("right", parent=CELL, alignment=2)
RIGHT_HEAD = ParagraphStyle("right-head", parent=HEAD, alignment=2)

PageNumber = Callable[[int, int], str]
FirstPage = Callable[[Canvas], None]


def paper(country: str) -> tuple[float, float]:
    """The size of the sheet in a country, in points: A4, or Letter in North America."""
    size: tuple[float, float] = LETTER if country in _LETTER_PAPER else A4
    return size


def paragraph(text: str, style: ParagraphStyle = BODY) -> Paragraph:
    """A paragraph of plain text.

    Raises:
        InvalidInputError: the fonts have no such letters; a letter with boxes in it is never sent.
    """
    return Paragraph(escape(printable(text)).replace("\n", "<br/>"), style)


def printable(text: str) -> str:
    """The text, if every letter can be printed.

    Raises:
        InvalidInputError: some cannot.
    """
    known = _fonts()
    if missing := sorted({letter for letter in text if not letter.isspace() and ord(letter) not in known}):
        raise InvalidInputError(f"the letters {' '.join(missing)} cannot be printed: the fonts do not have them")
    return text


def pdf(
    flowables: Sequence[Flowable],
    *,
    title: str,
    language: str,
    creditor: Creditor,
    size: tuple[float, float],
    first_top: float,
    first_page: FirstPage,
    page_number: PageNumber,
) -> bytes:
    """A document of as many pages as it takes, with its language and title for screen readers.

    Args:
        first_top: where the text begins on the first page, in points from its top; first_page: what stands above.
        page_number: what the foot of a page says, given its number and how many there are.
    """
    _fonts()
    out = io.BytesIO()
    width, height = size
    document = BaseDocTemplate(
        out, pagesize=size, title=title, author=creditor.name, lang=language, subject=title, creator="Dunwell"
    )
    inner = width - 2 * MARGIN

    def frame(top: float) -> Frame:
        edges = {"leftPadding": 0, "rightPadding": 0, "topPadding": 0, "bottomPadding": 0}
        return Frame(MARGIN, FOOT, inner, height - FOOT - top, **edges)

    def first(canvas: Canvas, _: object) -> None:
        first_page(canvas)

    document.addPageTemplates(
        [
            PageTemplate("first", [frame(first_top)], onPage=first, autoNextPageTemplate="later"),
            PageTemplate("later", [frame(MARGIN)]),
        ]
    )
    document.build(list(flowables), canvasmaker=_numbered(creditor, page_number, width))
    return out.getvalue()


def table(rows: Sequence[Sequence[Flowable]], widths: Sequence[float], *, bold_last: bool) -> Table:
    """Rows under a heading that is repeated on every page; the last may be a total."""
    style = [
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ("LEFTPADDING", (0, 0), (0, -1), 0),
        ("RIGHTPADDING", (-1, 0), (-1, -1), 0),
        ("TOPPADDING", (0, 0), (-1, -1), 3),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 3),
        ("LINEBELOW", (0, 0), (-1, 0), 1, LINE),
        ("LINEBELOW", (0, 1), (-1, -2 if bold_last else -1), 0.4, LINE),
        ("NOSPLIT", (0, -2 if bold_last and len(rows) > 2 else -1), (-1, -1)),
    ]
    return Table(rows, colWidths=list(widths), repeatRows=1, style=style, spaceAfter=12, hAlign="LEFT")


def _numbered(creditor: Creditor, page_number: PageNumber, width: float) -> type[Canvas]:
    """A canvas that knows how many pages there are when it writes the first page's foot."""

    class Numbered(Canvas):  # type: ignore[misc]
        """See above."""

        def __init__(self, *args: object, **kwargs: object) -> None:
            super().__init__(*args, **kwargs)
            self._kept: list[dict[str, object]] = []

        def showPage(self) -> None:  # noqa: N802 - the library's name
            """Keep the page until the number of pages is known."""
            self._kept.append(dict(self.__dict__))
            self._startPage()

        def save(self) -> None:
            """Write every page with its foot."""
            for number, page in enumerate(self._kept, 1):
                self.__dict__.update(page)
                self._foot(number, len(self._kept))
                super().showPage()
            super().save()

        def _foot(self, number: int, pages: int) -> None:
            self.setStrokeColor(LINE)
            self.setLineWidth(0.4)
            self.line(MARGIN, 18 * mm, width - MARGIN, 18 * mm)
            self.setFillColor(SOFT)
            self.setFont(REGULAR, 7.5)
            self.drawString(MARGIN, 14 * mm, printable(f"{creditor.name} · {creditor.postal_address}"))
            self.drawString(MARGIN, 10.5 * mm, creditor.telephone)
            self.drawRightString(width - MARGIN, 10.5 * mm, page_number(number, pages))

    return Numbered


@cache
def _fonts() -> frozenset[int]:
    """Registers the fonts, which are embedded in what is made; the code points that both of them have."""
    try:
        faces = [TTFont(name, str(FONTS / f"{name}.ttf")) for name in (REGULAR, BOLD)]
    except TTFError as error:
        raise InvalidInputError(f"the fonts of letters cannot be read: {error}") from None
    for face in faces:
        pdfmetrics.registerFont(face)
    pdfmetrics.registerFontFamily(REGULAR, normal=REGULAR, bold=BOLD, italic=REGULAR, boldItalic=BOLD)
    return frozenset(faces[0].face.charToGlyph) & frozenset(faces[1].face.charToGlyph)
