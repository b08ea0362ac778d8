"""The statement of account as PDF, in the customer's language: what happened in a period, and what is open then."""

from collections.abc import Iterator, Sequence
from typing import Any

from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Flowable, Table

from dunwell.outreach.policy import Creditor
from dunwell.reporting.statement import CurrencyStatement, Statement, StatementLine
from dunwell_aws.localised import Localised
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
    TITLE,
    paper,
    paragraph,
    pdf,
    printable,
    table,
)
from dunwell_aws.phrases import Phrases

FIRST_TOP = 62 * mm


class _Words:
    """The words of statements in one language, and how it writes amounts and dates."""

    def __init__(self, phrases: Phrases, writer: Localised) -> None:
        self._phrases, self.writer = phrases, writer

    def say(self, key: str, **values: Any) -> str:
        return self._phrases.say(str(self._phrases.common["statement"][key]), values)

    def kind(self, what: str) -> str:
        return str(self._phrases.common["statement"]["kinds"][what])

    def page(self, number: int, pages: int) -> str:
        return self._phrases.say(str(self._phrases.common["letter"]["page"]), {"page": number, "pages": pages})


def statement_pdf(
    made: Statement, creditor: Creditor, phrases: Phrases, writer: Localised, *, with_number: bool = True
) -> bytes:
    """A statement on as many pages as it takes; the columns are named on each.

    Args:
        with_number: whether the customer's number stands on it. Not where it goes by e-mail: the number is one of the
            answers that lead from the link in the same mail to the account.

    Raises:
        InvalidInputError: a letter that the fonts do not have, or words that the language lacks.
    """
    words = _Words(phrases, writer)
    customer = made.customer
    named = f"{customer.name}, {customer.number}" if with_number else customer.name
    size = paper(made.customer.country)
    width = size[0] - 2 * MARGIN
    body: list[Flowable] = []
    for one in made.currencies:
        body += [paragraph(one.currency, TITLE), _entries(made, one, words, width)]
        if one.open_items or one.unapplied_minor:
            last = writer.long_date(made.last)
            body += [paragraph(words.say("open_items", last=last), TITLE), _open(one, words, width)]
    title = words.say("title")
    return pdf(
        body or [paragraph(words.say("nothing"), BODY)],
        title=f"{title}, {made.customer.name}",
        language=writer.tag,
        creditor=creditor,
        size=size,
        first_top=FIRST_TOP,
        first_page=lambda canvas: _head(canvas, made, named, creditor, words, size),
        page_number=words.page,
    )


def _head(
    canvas: Canvas, made: Statement, named: str, creditor: Creditor, words: _Words, size: tuple[float, float]
) -> None:
    width, height = size
    canvas.setFillColor(INK)
    canvas.setFont(BOLD, 11)
    canvas.drawRightString(width - MARGIN, height - 24 * mm, printable(creditor.name))
    canvas.setFont(BOLD, 16)
    canvas.drawString(MARGIN, height - 34 * mm, words.say("title"))
    canvas.setFont(REGULAR, 10)
    first, last = words.writer.long_date(made.first), words.writer.long_date(made.last)
    canvas.drawString(MARGIN, height - 41 * mm, printable(named))
    canvas.setFillColor(SOFT)
    canvas.drawString(MARGIN, height - 47 * mm, words.say("period", first=first, last=last))


def _entries(made: Statement, one: CurrencyStatement, words: _Words, width: float) -> Table:
    heading = ("date", "what", "reference", "amount", "balance")
    opening = (words.writer.short_date(made.first), words.say("opening"), "", "", _money(words, one, one.opening_minor))
    closing = (words.writer.short_date(made.last), words.say("closing"), "", "", _money(words, one, one.closing_minor))
    rows = [_row(opening), *(_row(_line(words, one, line)) for line in one.lines), _row(closing, HEAD, RIGHT_HEAD)]
    parts = (0.16, 0.21, 0.25, 0.19, 0.19)
    return table([_heading(words, heading), *rows], [width * part for part in parts], bold_last=True)


def _line(words: _Words, one: CurrencyStatement, line: StatementLine) -> Sequence[str]:
    reference = ", ".join((*line.numbers, line.reference)) if line.reference else ", ".join(line.numbers)
    effect, balance = _money(words, one, line.effect_minor), _money(words, one, line.balance_minor)
    return words.writer.short_date(line.on), words.kind(line.what), reference, effect, balance


def _open(one: CurrencyStatement, words: _Words, width: float) -> Table:
    rows = [_row(cells, CELL, RIGHT, right=1) for cells in _open_cells(one, words)]
    total = _row(("", "", "", _money(words, one, one.closing_minor)), HEAD, RIGHT_HEAD, right=1)
    heading = _heading(words, ("reference", "issued", "due", "open"), right=1)
    return table([heading, *rows, total], [width * part for part in (0.37, 0.21, 0.21, 0.21)], bold_last=True)


def _open_cells(one: CurrencyStatement, words: _Words) -> Iterator[Sequence[str]]:
    for item in one.open_items:
        issued, due = words.writer.short_date(item.invoice.issued_on), words.writer.short_date(item.due_on)
        yield item.invoice.number, issued, due, _money(words, one, item.open_minor)
    if one.unapplied_minor:
        yield words.say("unapplied"), "", "", _money(words, one, -one.unapplied_minor)


def _heading(words: _Words, keys: Sequence[str], right: int = 2) -> list[Flowable]:
    return _row([words.say(key) for key in keys], HEAD, RIGHT_HEAD, right)


def _row(cells: Sequence[str], left_style: Any = CELL, right_style: Any = RIGHT, right: int = 2) -> list[Flowable]:
    """Cells of a row, the last ones amounts."""
    words, amounts = cells[:-right], cells[-right:]
    return [*(paragraph(text, left_style) for text in words), *(paragraph(text, right_style) for text in amounts)]


def _money(words: _Words, one: CurrencyStatement, amount_minor: int) -> str:
    return words.writer.money(amount_minor, one.currency)
