"""BAI2 (cash management balance reporting), as banks in North America send it.

Read here and not by the library bai2: that one refuses a whole file for one type code that it does not know (banks have
their own), for one control total that is off, and does not say on which line.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from dunwell.errors import InvalidInputError
from dunwell.remittance.model import BankLine, LineKind
from dunwell_aws.bank_files.statement import (
    BadLineError,
    BankFile,
    FileProblem,
    Statement,
    StatementBuilder,
    UnreadableBankFileError,
    balance_problems,
    real_date,
)

OPENING, CLOSING = "010", "015"
_RETURNS = {"255", "257", "258", "555", "557", "558"}  # items and returned items, credit and debit
_ACH = {"142", "165", "164", "169"}
_WIRES = {"191", "195", "208", "495"}
_CHEQUES = {"115", "116", "118", "475"}
_CHARGES = {"661", "698", "690"}


@dataclass
class _Record:
    line: int
    code: str
    fields: list[str]


class _Reader:
    """Where in the file we are: the group's date and currency, the account's statement, its control total."""

    def __init__(self) -> None:
        self.statements: list[Statement] = []
        self.problems: list[FileProblem] = []
        self.group_on: date | None = None
        self.group_currency = "USD"
        self.account: StatementBuilder | None = None
        self.total = 0

    def take(self, record: _Record) -> None:
        """One record with its continuations."""
        if record.code == "02":
            self._group(record)
        elif record.code == "03":
            self._open(record)
        elif record.code == "16":
            self._transaction(record)
        elif record.code == "49":
            self._close(record)
        elif record.code not in ("01", "98", "99"):
            raise BadLineError(f"{record.code!r} is not a record code of BAI2")

    def _group(self, record: _Record) -> None:
        text = _field(record, 3)
        self.group_on = _yymmdd(text)
        self.group_currency = _field(record, 5) or "USD"

    def _open(self, record: _Record) -> None:
        self.finish()
        currency = _field(record, 1) or self.group_currency
        number = self.group_on.isoformat() if self.group_on else ""
        self.account, self.total = StatementBuilder(_field(record, 0), currency, number), 0
        rest = record.fields[2:]
        while rest and any(rest):
            code, amount, rest = rest[0], rest[1] if len(rest) > 1 else "", rest[3:]
            rest = _after_funds(rest)
            if amount:
                minor = _whole(amount)
                self.total += minor
                if code == OPENING:
                    self.account.opening_minor = minor
                elif code == CLOSING:
                    self.account.closing_minor = minor

    def _transaction(self, record: _Record) -> None:
        if self.account is None or self.group_on is None:
            raise BadLineError("it stands outside of an account (record 03)")
        code, amount = _field(record, 0), _whole(_field(record, 1))
        self.total += amount
        rest = _after_funds(record.fields[2:])
        bank_reference, customer_reference = [*rest, "", ""][:2]
        text = ",".join(rest[2:]).strip().rstrip("/").strip()
        signed = _signed(code, amount)
        if not signed:
            return
        self.account.lines.append(
            BankLine(
                "",
                self.account.account,
                self.group_on,
                self.group_on,
                self.account.currency,
                signed,
                _payer(text),
                "",
                tuple(one for one in (customer_reference, text) if one),
                _labelled(text, "EREF"),
                bank_reference,
                _kind(code),
            )
        )

    def _close(self, record: _Record) -> None:
        told = _whole(_field(record, 0))
        if told != self.total and self.account:
            self.problems.append(
                FileProblem(record.line, f"the account's control total is {told}, its records add up to {self.total}")
            )
        self.finish()

    def finish(self) -> None:
        """The account is done, by its trailer or because the next begins."""
        if self.account:
            self.statements.append(self.account.done())
        self.account = None


def read_bai2(text: str) -> BankFile:
    """All accounts of all groups; amounts have no decimal point, as many places as the currency has.

    Raises:
        UnreadableBankFileError: there is no account in it.
    """
    reader = _Reader()
    for record in _records(text):
        try:
            reader.take(record)
        except (BadLineError, InvalidInputError) as error:
            reader.problems.append(FileProblem(record.line, f"record {record.code} was left out: {error}"))
    reader.finish()
    if not reader.statements:
        raise UnreadableBankFileError("the file has no account (record 03): it is no whole BAI2 file")
    return BankFile("bai2", tuple(reader.statements), (*reader.problems, *balance_problems(reader.statements)))


def _records(text: str) -> Iterator[_Record]:
    """Records with their continuations (88) joined: a text goes on, other fields follow."""
    current: _Record | None = None
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        code, _, rest = line.strip().partition(",")
        if code == "88" and current:
            _continue(current, rest)
            continue
        if current:
            yield _ended(current)
        current = _Record(number, code.strip(), _cut(rest))
    if current:
        yield _ended(current)


def _cut(rest: str) -> list[str]:
    return rest.split(",")


def _continue(record: _Record, rest: str) -> None:
    last = record.fields[-1]
    if record.code == "16" and not last.endswith("/"):
        record.fields[-1] = f"{last} {rest}".strip()
    elif record.code == "16" and len(_after_funds(record.fields[2:])) >= 3:
        record.fields[-1] = f"{last[:-1]} {rest}".strip()
    else:
        record.fields[-1] = last.removesuffix("/")
        record.fields += _cut(rest)


def _ended(record: _Record) -> _Record:
    record.fields[-1] = record.fields[-1].strip().removesuffix("/")
    return record


def _field(record: _Record, place: int) -> str:
    return record.fields[place].strip() if place < len(record.fields) else ""


def _after_funds(fields: list[str]) -> list[str]:
    """What follows the funds type and its availability."""
    kind, rest = (fields[0].strip() if fields else ""), fields[1:]
    if kind == "S":
        return rest[3:]
    if kind == "V":
        return rest[2:]
    if kind == "D":
        return rest[1 + 2 * (int(rest[0]) if rest and rest[0].isdigit() else 0) :]
    return rest


def _whole(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise BadLineError(f"{text!r} is not an amount without a decimal point") from None


def _yymmdd(text: str) -> date:
    if len(text) != 6 or not text.isdigit():
        raise BadLineError(f"{text!r} is not a date such as 260630")
    return real_date(2000 + int(text[:2]), int(text[2:4]), int(text[4:]))


def _signed(code: str, amount: int) -> int:
    """By the ranges of the standard: 1xx to 3xx are credits, 4xx to 6xx debits, 9xx the bank's own."""
    if not (code.isdigit() and len(code) == 3):
        raise BadLineError(f"{code!r} is not a type code")
    number = int(code)
    if 101 <= number <= 399 or 900 <= number <= 919 or 930 <= number <= 959:
        return amount
    if 400 <= number <= 699 or 920 <= number <= 929 or 960 <= number <= 999:
        return -amount
    if number in (890, 720, 721, 722):
        return 0 if number == 890 else amount
    raise BadLineError(f"type code {code} is neither a credit nor a debit")


def _kind(code: str) -> LineKind:
    for codes, kind in (
        (_RETURNS, LineKind.RETURN),
        (_ACH, LineKind.TRANSFER),
        (_WIRES, LineKind.TRANSFER),
        (_CHEQUES, LineKind.CHEQUE),
        (_CHARGES, LineKind.CHARGE),
    ):
        if code in codes:
            return kind
    return LineKind.OTHER


_LABELS = ("ORIG CO NAME:", "ORIG:", "ORIGINATOR:", "IND NAME:", "BY ORDER OF:", "B/O:", "SENDER:", "FROM:")
_ENDS = (
    " ORIG ID",
    " ID:",
    " DESC",
    " REF",
    " RMT",
    " OBI",
    " SEC:",
    " TRN",
    " EREF",
    " INV",
    " ENTRY",
    " CO ",
    ";",
    "/",
)


def _payer(text: str) -> str:
    """The name behind the label with which banks announce the payer, empty without one."""
    upper = text.upper()
    for label in _LABELS:
        start = upper.find(label)
        if start >= 0:
            start += len(label)
            stops = (upper.find(end, start + 1) for end in _ENDS)
            stop = min((one for one in stops if one > 0), default=len(text))
            return text[start:stop].strip()
    return ""


def _labelled(text: str, label: str) -> str:
    start = text.upper().find(f"{label}:")
    return text[start + len(label) + 1 :].split()[0] if start >= 0 and text[start + len(label) + 1 :].split() else ""
