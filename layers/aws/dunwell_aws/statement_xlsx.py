"""The statement of account as a workbook (XLSX): a sheet for each currency, amounts as numbers."""

import io
from collections.abc import Callable, Iterable
from datetime import date
from decimal import Decimal

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.styles import Font
from openpyxl.worksheet._write_only import WriteOnlyWorksheet

from dunwell.money import exponent
from dunwell.reporting.statement import CurrencyStatement, Statement
from dunwell_aws.phrases import Phrases

Cell = str | date | Decimal | None
_WIDTHS = (14, 22, 28, 28, 16, 16)


def statement_xlsx(made: Statement, phrases: Phrases) -> bytes:
    """A statement as a workbook in the words of a language."""
    words = phrases.common["statement"]
    book = Workbook(write_only=True)
    for one in made.currencies:
        _fill(book.create_sheet(one.currency), made, one, lambda key: str(words[key]), words["kinds"])
    if not made.currencies:
        _append(book.create_sheet(str(words["title"])[:31]), [str(words["nothing"])], "")
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _fill(
    sheet: WriteOnlyWorksheet,
    made: Statement,
    one: CurrencyStatement,
    say: Callable[[str], str],
    kinds: dict[str, str],
) -> None:
    places = exponent(one.currency)
    number_format = "#,##0" + ("." + "0" * places if places else "")

    def money(amount_minor: int) -> Decimal:
        return Decimal(amount_minor).scaleb(-places)

    for at, width in enumerate(_WIDTHS):
        sheet.column_dimensions["ABCDEF"[at]].width = width
    sheet.freeze_panes = "A4"
    _append(sheet, [say("title"), made.customer.name, made.customer.number, one.currency], number_format, bold=True)
    _append(sheet, [], number_format)
    heading = [say("date"), say("what"), "", say("reference"), say("amount"), say("balance")]
    _append(sheet, heading, number_format, bold=True)
    _append(sheet, [made.first, say("opening"), None, None, None, money(one.opening_minor)], number_format)
    for line in one.lines:
        numbers = ", ".join(line.numbers)
        effect, balance = money(line.effect_minor), money(line.balance_minor)
        _append(sheet, [line.on, str(kinds[line.what]), numbers, line.reference, effect, balance], number_format)
    _append(sheet, [made.last, say("closing"), None, None, None, money(one.closing_minor)], number_format, bold=True)
    if one.open_items:
        _append(sheet, [], number_format)
        _append(sheet, [say("issued"), say("reference"), say("due"), None, say("open")], number_format, bold=True)
    for item in one.open_items:
        invoice = item.invoice
        _append(sheet, [invoice.issued_on, invoice.number, item.due_on, None, money(item.open_minor)], number_format)
    if one.unapplied_minor:
        _append(sheet, [made.last, say("unapplied"), None, None, money(-one.unapplied_minor)], number_format)


def _append(sheet: WriteOnlyWorksheet, values: Iterable[Cell], number_format: str, *, bold: bool = False) -> None:
    sheet.append([_cell(sheet, value, number_format, bold) for value in values])


def _cell(sheet: WriteOnlyWorksheet, value: Cell, number_format: str, bold: bool) -> WriteOnlyCell:
    """A cell; text is never a formula: names and references come from outside."""
    text = ILLEGAL_CHARACTERS_RE.sub("", value) if isinstance(value, str) else value
    cell = WriteOnlyCell(sheet, text)
    if isinstance(value, str):
        cell.data_type = "s"
    elif isinstance(value, Decimal):
        cell.number_format = number_format
    elif isinstance(value, date):
        cell.number_format = "yyyy-mm-dd"
    if bold:
        cell.font = Font(bold=True)
    return cell
