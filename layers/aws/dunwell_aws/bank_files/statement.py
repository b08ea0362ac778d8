"""What every format is read into, and what all of them share: stable ids, the balance check, dates, amounts."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

from dunwell.errors import InvalidInputError
from dunwell.ids import stable_id
from dunwell.money import format_money
from dunwell.remittance.model import BankLine


class UnreadableBankFileError(InvalidInputError):
    """The file as a whole cannot be read; nothing of it was taken."""


class BadLineError(Exception):
    """One record is wrong; the rest of the file goes on."""


@dataclass(frozen=True, slots=True)
class FileProblem:
    """What was left out, or does not add up.

    Attributes:
        line: of the file, the first being 1; 0 when it concerns a statement as a whole.
    """

    line: int
    reason: str


@dataclass(frozen=True, slots=True)
class Statement:
    """One account's lines over one period.

    Attributes:
        opening_minor, closing_minor: booked balances in minor units, None when the file does not say.
    """

    account: str
    currency: str
    number: str
    opening_minor: int | None
    closing_minor: int | None
    lines: tuple[BankLine, ...]

    @property
    def difference_minor(self) -> int | None:
        """Closing balance less opening balance less all lines: 0 when it adds up, None when it cannot be known."""
        if self.opening_minor is None or self.closing_minor is None:
            return None
        return self.closing_minor - self.opening_minor - sum(line.amount_minor for line in self.lines)


@dataclass(frozen=True, slots=True)
class BankFile:
    """A whole file.

    Attributes:
        format: ``camt.053``, ``mt940``, ``bai2`` or ``csv``.
    """

    format: str
    statements: tuple[Statement, ...]
    problems: tuple[FileProblem, ...] = ()

    @property
    def lines(self) -> tuple[BankLine, ...]:
        """All lines, each movement once, however many of the file's statements have it."""
        return tuple({line.line_id: line for one in self.statements for line in one.lines}.values())


@dataclass
class StatementBuilder:
    """Collects one statement while a file is read."""

    account: str = ""
    currency: str = ""
    number: str = ""
    opening_minor: int | None = None
    closing_minor: int | None = None
    lines: list[BankLine] = field(default_factory=list)

    def done(self) -> Statement:
        """The statement with ids for its lines."""
        return Statement(
            self.account,
            self.currency,
            self.number,
            self.opening_minor,
            self.closing_minor,
            tuple(identified(self.lines)),
        )


def identified(lines: Sequence[BankLine]) -> Iterable[BankLine]:
    """The lines with their ids: made of what the bank says of the movement, and how many equal ones came before it.

    A movement keeps its id in every statement that has it, because a statement never has part of a day: equal movements
    of a day (two transfers of the same amount with the same text) stand in the same order in each.
    """
    seen: dict[tuple[str, ...], int] = {}
    for line in lines:
        facts = (
            line.account,
            line.booked_on.isoformat(),
            line.currency,
            str(line.amount_minor),
            line.bank_reference,
            line.end_to_end_id,
            line.payer_account,
            line.payer_name,
            *line.references,
        )
        seen[facts] = seen.get(facts, 0) + 1
        yield replace(line, line_id=stable_id("bln", *facts, str(seen[facts])))


def balance_problems(statements: Iterable[Statement]) -> list[FileProblem]:
    """One problem for each statement whose lines do not lead from its opening to its closing balance."""
    return [
        FileProblem(
            0,
            f"statement {one.number or '(no number)'} of account {masked(one.account)} does not add up: "
            f"{format_money(one.difference_minor, one.currency)} between its lines and its closing balance; "
            "ask the bank for it again, or look for the lines that were left out",
        )
        for one in statements
        if one.difference_minor
    ]


def masked(account: str) -> str:
    """An account's last four characters."""
    return f"…{account[-4:]}" if len(account) > 4 else account


def real_date(year: int, month: int, day: int) -> date:
    """A calendar date.

    Raises:
        BadLineError: there is no such day.
    """
    try:
        return date(year, month, day)
    except ValueError:
        raise BadLineError(f"{year:04d}-{month:02d}-{day:02d} is not a date") from None


def text_of(content: bytes) -> str:
    """The file's text: UTF-8 when it is, UTF-16 when it says so, else Windows' Latin letters, which always read."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16", "replace")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", "replace")
