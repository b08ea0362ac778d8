"""CAMT.053 (ISO 20022 bank-to-customer statement), versions 001.02 to 001.13.

Read with the standard library's parser behind defusedxml, which refuses entity tricks. The libraries for it on the
package index bring lxml and pandas, more than a function may carry.
"""

from collections.abc import Iterator
from datetime import date
from typing import Any
from xml.etree.ElementTree import Element, ParseError, TreeBuilder

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser

from dunwell.errors import InvalidInputError
from dunwell.money import parse_amount
from dunwell.remittance.model import BankLine, LineKind
from dunwell_aws.bank_files.statement import (
    BadLineError,
    BankFile,
    FileProblem,
    StatementBuilder,
    UnreadableBankFileError,
    balance_problems,
)

_OPENING, _CLOSING = {"OPBD", "PRCD"}, {"CLBD"}
_KINDS = {
    "RRTN": LineKind.RETURN,
    "UPDD": LineKind.RETURN,
    "UPCT": LineKind.RETURN,
    "UPCQ": LineKind.RETURN,
    "CHRG": LineKind.CHARGE,
    "FEES": LineKind.CHARGE,
    "COMM": LineKind.CHARGE,
    "INTR": LineKind.INTEREST,
    "RCDT": LineKind.TRANSFER,
    "ICDT": LineKind.TRANSFER,
    "RRCT": LineKind.TRANSFER,
    "IRCT": LineKind.TRANSFER,
    "RDDT": LineKind.DIRECT_DEBIT,
    "IDDT": LineKind.DIRECT_DEBIT,
    "MCRD": LineKind.CARD,
    "CCRD": LineKind.CARD,
    "RCHQ": LineKind.CHEQUE,
    "ICHQ": LineKind.CHEQUE,
}
_NO_ID = {"NOTPROVIDED", "NOT PROVIDED", "NONE", "NONREF"}


class _Entries(TreeBuilder):
    """Keeps statements and finished entries with the lines that they begin on, so that a cut-off file is not lost."""

    def __init__(self) -> None:
        super().__init__()
        self.expat: Any = None
        self.namespace = ""
        self.statements: list[tuple[Element, list[tuple[int, Element]]]] = []
        self._began: list[int] = []

    def start(self, tag: str, attrs: dict[Any, Any]) -> Element:
        """Called for every tag that opens."""
        space, _, name = tag.rpartition("}")
        self.namespace = self.namespace or space.lstrip("{")
        element = super().start(name, attrs)
        if name == "Stmt":
            self.statements.append((element, []))
        elif name == "Ntry":
            self._began.append(self.expat.CurrentLineNumber)
        return element

    def end(self, tag: str) -> Element:
        """Called for every tag that closes."""
        element = super().end(tag.rpartition("}")[2])
        if element.tag == "Ntry" and self.statements:
            self.statements[-1][1].append((self._began.pop(), element))
        return element


def read_camt(content: bytes) -> BankFile:
    """All booked entries of all statements, batches taken apart where the bank gives their parts.

    Raises:
        UnreadableBankFileError: no XML, or not a CAMT.053.
    """
    entries = _Entries()
    problems = _parsed(content, entries)
    if "camt.053" not in entries.namespace:
        known = entries.namespace.rpartition(":")[2] or "XML without a namespace"
        raise UnreadableBankFileError(f"the file is {known}, not camt.053: ask the bank for the end-of-day statement")
    statements = []
    for element, found in entries.statements:
        builder = StatementBuilder(_account(element), element.findtext("Acct/Ccy", ""), _number(element))
        problems += _balances(builder, element)
        for place, entry in found:
            try:
                builder.lines += _lines(entry, builder)
            except (BadLineError, InvalidInputError) as error:
                problems.append(FileProblem(place, f"the entry was left out: {error}"))
        statements.append(builder.done())
    return BankFile("camt.053", tuple(statements), (*problems, *balance_problems(statements)))


def _parsed(content: bytes, entries: _Entries) -> list[FileProblem]:
    parser = DefusedXMLParser(target=entries, forbid_dtd=True)
    entries.expat = parser.parser
    try:
        parser.feed(content)
        parser.close()
    except DefusedXmlException:
        raise UnreadableBankFileError("the file has a document type or entities, which no bank sends") from None
    except ParseError as error:
        if not entries.statements:
            raise UnreadableBankFileError(f"the file is not whole XML: {error}; fetch it again") from None
        return [FileProblem(error.position[0], f"the file breaks off or is damaged here: {error}; fetch it again")]
    return []


def _account(statement: Element) -> str:
    return _first(statement, "Acct/Id/IBAN", "Acct/Id/Othr/Id")


def _number(statement: Element) -> str:
    return _first(statement, "ElctrncSeqNb", "Id")


def _first(element: Element, *paths: str) -> str:
    """The first of these texts that is there, trimmed."""
    return next((found for path in paths if (found := element.findtext(path, "").strip())), "")


def _balances(builder: StatementBuilder, statement: Element) -> list[FileProblem]:
    try:
        for balance in statement.iter("Bal"):
            code = balance.findtext("Tp/CdOrPrtry/Cd", "")
            if code in _OPENING and builder.opening_minor is None:
                builder.currency = builder.currency or _currency(balance)
                builder.opening_minor = _signed(balance, balance)
            elif code in _CLOSING:
                builder.currency = builder.currency or _currency(balance)
                builder.closing_minor = _signed(balance, balance)
    except (BadLineError, InvalidInputError) as error:
        return [FileProblem(0, f"a balance of statement {builder.number} cannot be read: {error}")]
    return []


def _currency(element: Element) -> str:
    amount = element.find("Amt")
    return amount.get("Ccy", "") if amount is not None else ""


def _signed(element: Element, marked: Element) -> int:
    amount = element.find("Amt")
    if amount is None or not amount.text:
        raise BadLineError("it has no amount")
    minor = parse_amount(amount.text.strip(), amount.get("Ccy", ""))
    mark = marked.findtext("CdtDbtInd", "")
    if mark not in ("CRDT", "DBIT"):
        raise BadLineError("it does not say whether it is a credit or a debit")
    return minor if mark == "CRDT" else -minor


def _lines(entry: Element, builder: StatementBuilder) -> list[BankLine]:
    """One line an entry, or one a transaction where their amounts make up the entry's."""
    status = entry.findtext("Sts/Cd") or entry.findtext("Sts", "").strip()
    if status and status != "BOOK":
        return []
    total = _signed(entry, entry)
    parts = entry.findall("NtryDtls/TxDtls")
    if len(parts) > 1:
        amounts = [_part_minor(part, entry) for part in parts]
        if None not in amounts:
            known = [amount for amount in amounts if amount is not None]
            charged = sum(known) - total
            if charged in (0, _charges(entry)):
                lines = [_line(entry, part, minor, builder) for part, minor in zip(parts, known, strict=True)]
                return lines + ([_charge(entry, -charged, builder)] if charged else [])
        raise BadLineError("the amounts of the batch's parts do not make up the entry's amount")
    charged = _charges(entry)
    part_minor = _part_minor(parts[0], entry) if parts else None
    whole = part_minor if charged and part_minor is not None and part_minor - charged == total else total
    lines = [_line(entry, parts[0] if parts else None, whole, builder)]
    return lines + ([_charge(entry, total - whole, builder)] if whole != total else [])


def _part_minor(part: Element, entry: Element) -> int | None:
    """A part's amount with its sign, None where the bank gives it in another currency only."""
    marked = part if part.find("CdtDbtInd") is not None else entry
    for path in ("Amt", "AmtDtls/TxAmt/Amt", "AmtDtls/InstdAmt/Amt"):
        amount = part.find(path)
        if amount is not None and amount.get("Ccy") == _currency(entry):
            minor = parse_amount((amount.text or "").strip(), amount.get("Ccy", ""))
            return minor if marked.findtext("CdtDbtInd") == "CRDT" else -minor
    return None


def _charges(entry: Element) -> int:
    """What the bank kept of the entry (minor units)."""
    amounts = (amount for name in ("Chrgs/Amt", "Chrgs/Rcrd/Amt") for amount in entry.iterfind(f".//{name}"))
    return sum(
        parse_amount((a.text or "").strip(), a.get("Ccy", "")) for a in amounts if a.get("Ccy") == _currency(entry)
    )


def _charge(entry: Element, amount_minor: int, builder: StatementBuilder) -> BankLine:
    return BankLine(
        "",
        builder.account,
        _date(entry, "BookgDt"),
        _date(entry, "ValDt", "BookgDt"),
        _currency(entry),
        amount_minor,
        references=("charges",),
        bank_reference=entry.findtext("AcctSvcrRef", ""),
        kind=LineKind.CHARGE,
    )


def _line(entry: Element, part: Element | None, amount_minor: int, builder: StatementBuilder) -> BankLine:
    of = part if part is not None else entry
    name, account = _other_side(of, amount_minor > 0)
    end_to_end = of.findtext("Refs/EndToEndId", "").strip()
    return BankLine(
        "",
        builder.account,
        _date(entry, "BookgDt"),
        _date(entry, "ValDt", "BookgDt"),
        _currency(entry),
        amount_minor,
        name,
        account,
        tuple(_texts(of)) or tuple(filter(None, [entry.findtext("AddtlNtryInf", "").strip()])),
        "" if end_to_end.upper() in _NO_ID else end_to_end,
        _first(of, "Refs/AcctSvcrRef") or _first(entry, "AcctSvcrRef"),
        _kind(entry, of),
    )


def _other_side(of: Element, credit: bool) -> tuple[str, str]:
    """Name and account of the payer, or of the one who was paid."""
    role = "Dbtr" if credit else "Cdtr"
    names = (
        f"RltdPties/{who}/{path}" for who in (f"Ultmt{role}", role) for path in ("Nm", "Pty/Nm", "Agt/FinInstnId/Nm")
    )
    name = next((found for path in names if (found := of.findtext(path, "").strip())), "")
    identity = f"RltdPties/{role}Acct/Id"
    return name, _first(of, f"{identity}/IBAN", f"{identity}/Othr/Id").replace(" ", "")


def _texts(of: Element) -> Iterator[str]:
    """Structured references first, then free text; several free texts of 140 characters are one."""
    for path in ("Strd/CdtrRefInf/Ref", "Strd/RfrdDocInf/Nb"):
        yield from (one.text.strip() for one in of.iterfind(f"RmtInf/{path}") if one.text and one.text.strip())
    free = "".join(
        one.text if len(one.text) >= 140 else f"{one.text} " for one in of.iterfind("RmtInf/Ustrd") if one.text
    ).strip()
    if free:
        yield free
    yield from (one.text.strip() for one in of.iterfind("RmtInf/Strd/AddtlRmtInf") if one.text and one.text.strip())


def _kind(entry: Element, of: Element) -> LineKind:
    if of.find("RtrInf") is not None or entry.findtext("RvslInd", "").strip().lower() in ("true", "1"):
        return LineKind.RETURN
    for where in (of, entry):
        family = where.find("BkTxCd/Domn/Fmly")
        if family is not None:
            codes = (family.findtext("SubFmlyCd", ""), family.findtext("Cd", ""))
            return next((_KINDS[code] for code in codes if code in _KINDS), LineKind.OTHER)
    return LineKind.OTHER


def _date(entry: Element, *names: str) -> date:
    for name in (*names, "ValDt"):
        text = entry.findtext(f"{name}/Dt") or entry.findtext(f"{name}/DtTm", "")
        if text:
            try:
                return date.fromisoformat(text.strip()[:10])
            except ValueError:
                raise BadLineError(f"{text.strip()[:10]!r} is not a date") from None
    raise BadLineError("it has no booking date")
