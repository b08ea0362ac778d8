"""CSV statements: whatever columns a bank exports, as long as date, amount and text can be told.

The dialect is found out, never guessed where two readings are possible: a file whose dates may be day or month first is
refused until somebody says which.
"""

import csv
import io
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import islice

from dunwell.errors import InvalidInputError
from dunwell.ingestion.reading.delimited import MOST_LINES_OF_A_ROW, holds_rows
from dunwell.money import parse_amount
from dunwell.remittance.model import BankLine
from dunwell_aws.bank_files.statement import (
    BadLineError,
    BankFile,
    FileProblem,
    StatementBuilder,
    UnreadableBankFileError,
    balance_problems,
    real_date,
)

# What banks call their columns, in lower case; the first column that fits is taken.
COLUMNS: dict[str, tuple[str, ...]] = {
    "booked_on": ("booking date", "buchungstag", "buchungsdatum", "date", "datum", "posting date", "transaction date",
                  "date opération", "fecha", "booked on", "details posted"),
    "value_on": ("value date", "valuta", "valutadatum", "wertstellung", "date valeur", "fecha valor"),
    "amount": ("amount", "betrag", "betrag (eur)", "montant", "importe", "umsatz", "transaction amount"),
    "credit": ("credit", "credit amount", "haben", "paid in", "money in", "crédit", "abono", "deposits"),
    "debit": ("debit", "debit amount", "soll", "paid out", "money out", "débit", "cargo", "withdrawals"),
    "currency": ("currency", "währung", "waehrung", "devise", "divisa"),
    "text": ("reference", "verwendungszweck", "description", "details", "memo", "text", "libellé", "concepto",
             "remittance information", "narrative"),
    "payer_name": ("payer", "name", "payer name", "counterparty", "beguenstigter/zahlungspflichtiger",
                   "begünstigter/zahlungspflichtiger", "auftraggeber/empfänger", "auftraggeber", "tiers",
                   "name zahlungsbeteiligter", "from"),
    "payer_account": ("payer account", "counterparty account", "kontonummer/iban", "iban zahlungsbeteiligter", "iban",
                      "account number of payer"),
    "account": ("account", "auftragskonto", "konto", "account number", "compte", "iban auftragskonto"),
    "bank_reference": ("bank reference", "transaction id", "fitid", "transaktions-id", "id"),
    "balance": ("balance", "saldo", "saldo nach buchung", "solde", "running balance"),
    "end_to_end_id": ("end to end id", "end-to-end-id", "kundenreferenz (end-to-end)"),
}  # fmt: skip
_DELIMITERS = ";,\t|"
_HEADER_WITHIN = 20
_DATE = re.compile(r"(\d{1,4})[./-](\d{1,2})[./-](\d{2,4})")
_NUMBER = re.compile(r"[+-]?[0-9.,' \u00a0\u202f]*[0-9][0-9.,' \u00a0\u202f]*[+-]?")


@dataclass(frozen=True, slots=True)
class _Layout:
    """Where things stand, and how they are written."""

    header_line: int
    columns: dict[str, int]
    decimal: str
    day_first: bool


def read_csv(text: str, account: str = "", currency: str = "", day_first: bool | None = None) -> BankFile:
    """A statement, oldest line first; with a balance column, the lines are checked against it.

    Raises:
        UnreadableBankFileError: no header, no delimiter or no way to tell the dates; says what to do.
    """
    delimiter, start = _header(text)
    (_, header), *rows = _rows(text, delimiter, start)
    columns = _columns(header)
    body = [(line, row) for line, row in rows if any(cell.strip() for cell in row)]
    layout = _Layout(start, columns, _decimal(body, columns), _is_day_first(body, columns, day_first))
    builder, problems = StatementBuilder(account, currency), list[FileProblem]()
    balances: list[int | None] = []
    for line, row in body:
        try:
            builder.lines.append(_line(row, layout, account, currency))
            balances.append(_balance(row, layout, builder.lines[-1].currency))
        except (BadLineError, InvalidInputError) as error:
            problems.append(FileProblem(line, f"the line was left out: {error}"))
    _finish(builder, balances)
    statement = builder.done()
    return BankFile("csv", (statement,), (*problems, *balance_problems([statement])))


def _rows(text: str, delimiter: str, start: int) -> Sequence[tuple[int, list[str]]]:
    """The rows from a line on, which is the header, with the lines that they begin in."""
    lines, at, found = io.StringIO(text).readlines(), start - 1, list[tuple[int, list[str]]]()
    while at < len(lines):
        try:
            row, taken = _row(lines, at, delimiter, len(found[0][1]) if found else 0)
        except csv.Error as error:
            raise UnreadableBankFileError(f"line {at + 1} cannot be read ({error}): export the file again") from error
        found.append((at + 1, row))
        at += taken
    return found


def _row(lines: Sequence[str], at: int, delimiter: str, width: int) -> tuple[list[str], int]:
    """The row that begins in a line, and how many lines it takes. With a quote that is lost it would take all lines up
    to the next one, and their payments with it: then the first line is the row, and the others are rows again.
    """
    some = lines[at : at + MOST_LINES_OF_A_ROW] if '"' in lines[at] else lines[at : at + 1]
    reader = csv.reader(some, delimiter=delimiter)
    try:
        row, taken = next(reader), reader.line_num
        if taken > 1:
            next(csv.reader(some[:taken], delimiter=delimiter, strict=True))
        if taken == 1 or (len(row) == width and not holds_rows(row, delimiter)):
            return row, taken
    except csv.Error:
        pass
    return next(csv.reader(some[:1], delimiter=delimiter)), 1


def _header(text: str) -> tuple[str, int]:
    """The delimiter, and the line with a date and an amount column: banks put their address before it."""
    for number, line in enumerate(islice(io.StringIO(text), _HEADER_WITHIN), start=1):
        for delimiter in _DELIMITERS:
            cells = next(csv.reader([line], delimiter=delimiter), [])
            columns = _columns(cells)
            if "booked_on" in columns and {"amount", "credit", "debit"} & set(columns):
                return delimiter, number
    raise UnreadableBankFileError(
        "the file is no bank statement that Dunwell knows: it is not CAMT.053, MT940 or BAI2, and no line of its "
        "beginning names a date and an amount column; rename the columns to date, amount, reference and payer"
    )


def _columns(cells: Sequence[str]) -> dict[str, int]:
    names = [cell.strip().strip('"').casefold() for cell in cells]
    found = {}
    for ours, theirs in COLUMNS.items():
        place = next((names.index(name) for name in theirs if name in names), None)
        if place is not None:
            found[ours] = place
    return found


def _cell(row: Sequence[str], layout_columns: dict[str, int], name: str) -> str:
    place = layout_columns.get(name)
    return row[place].strip() if place is not None and place < len(row) else ""


def _decimal(body: Sequence[tuple[int, list[str]]], columns: dict[str, int]) -> str:
    """Comma or dot: what stands before the last one or two digits of the amounts, when it is one and the same."""
    marks = set()
    for _, row in body:
        for name in ("amount", "credit", "debit", "balance"):
            if found := re.search(r"([.,])[0-9]{1,2}[^0-9]*$", _cell(row, columns, name)):
                marks.add(found[1])
    if len(marks) > 1:
        raise UnreadableBankFileError("amounts are written with decimal comma and decimal point: export the file again")
    return marks.pop() if marks else "."


def _is_day_first(body: Sequence[tuple[int, list[str]]], columns: dict[str, int], declared: bool | None) -> bool:
    """Whether 03/04 is in April; with dots, and with the year first, nobody need ask."""
    if declared is not None:
        return declared
    found = [match for _, row in body if (match := _DATE.fullmatch(_cell(row, columns, "booked_on")))]
    doubtful = [match for match in found if len(match[1]) < 3 and "." not in match[0]]
    if not doubtful or any(int(match[1]) > 12 for match in doubtful):
        return True
    if any(int(match[2]) > 12 for match in doubtful):
        return False
    raise UnreadableBankFileError(
        f"dates such as {doubtful[0][0]} may have the day or the month first: say which when you hand the file in"
    )


def _line(row: list[str], layout: _Layout, account: str, currency: str) -> BankLine:
    read: Callable[[str], str] = lambda name: _cell(row, layout.columns, name)  # noqa: E731
    code = (read("currency") or currency).upper()
    if not code:
        raise BadLineError("no column says the currency: say it when you hand the file in")
    booked_on = _date(read("booked_on"), layout.day_first)
    return BankLine(
        "",
        read("account") or account,
        booked_on,
        _date(read("value_on"), layout.day_first) if read("value_on") else booked_on,
        code,
        _amount(read, layout.decimal, code),
        read("payer_name"),
        read("payer_account").replace(" ", ""),
        tuple(filter(None, [read("text")])),
        read("end_to_end_id"),
        read("bank_reference"),
    )


def _amount(read: Callable[[str], str], decimal: str, currency: str) -> int:
    if text := read("amount"):
        return _minor(text, decimal, currency)
    credit, debit = read("credit"), read("debit")
    if not credit and not debit:
        raise BadLineError("it has no amount")
    return (_minor(credit, decimal, currency) if credit else 0) - abs(_minor(debit, decimal, currency) if debit else 0)


def _minor(text: str, decimal: str, currency: str) -> int:
    plain = re.sub(r"^[^0-9+-]+|[^0-9+-]+$", "", text.replace("\u2212", "-"))
    if not _NUMBER.fullmatch(plain):
        raise BadLineError("its amount is no number")
    sign = "-" if plain.startswith("-") or plain.endswith("-") else ""
    whole, _, fraction = plain.strip("+-").rpartition(decimal) if decimal in plain else (plain.strip("+-"), "", "")
    if re.search(r"[^0-9]", fraction):
        raise BadLineError("its amount is no number")
    return parse_amount(f"{sign}{re.sub(r'[^0-9]', '', whole) or '0'}.{fraction or '0'}", currency)


def _balance(row: list[str], layout: _Layout, currency: str) -> int | None:
    text = _cell(row, layout.columns, "balance")
    return _minor(text, layout.decimal, currency) if text else None


def _date(text: str, day_first: bool) -> date:
    match = _DATE.fullmatch(text.split(" ")[0].split("T")[0])
    if not match:
        raise BadLineError(f"{text[:20]!r} is not a date")
    one, two, three = (int(part) for part in match.groups())
    if len(match[1]) == 4:
        return real_date(one, two, three)
    year = three if three > 99 else 2000 + three
    return real_date(year, two, one) if day_first else real_date(year, one, two)


def _finish(builder: StatementBuilder, balances: list[int | None]) -> None:
    """Oldest first; opening and closing balance from a column of running balances."""
    lines = builder.lines
    if lines and (lines[0].booked_on > lines[-1].booked_on or _newest_first(lines, balances)):
        lines.reverse()
        balances.reverse()
    if lines:
        builder.account, builder.currency = lines[0].account, lines[0].currency
        builder.number = f"{lines[0].booked_on} to {lines[-1].booked_on}"
        if len({line.currency for line in lines}) == 1 and None not in (balances[0], balances[-1]):
            builder.opening_minor = (balances[0] or 0) - lines[0].amount_minor
            builder.closing_minor = balances[-1]


def _newest_first(lines: Sequence[BankLine], balances: Sequence[int | None]) -> bool:
    """Whether the running balances of lines of one day can only be followed upwards."""
    pairs = list(zip(lines, balances, balances[1:], strict=False))
    return bool(pairs) and all(
        after is not None and before is not None and before == after + line.amount_minor
        for line, before, after in pairs
    )
