"""MT940 (SWIFT customer statement): the plain form, and the structured forms of SWIFT's and Germany's banks.

The library mt-940 reads the fields. It is given one entry at a time, because it gives up a whole file for one bad
entry, and never through its own ``parse``, which would open a file of the text's name.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from mt940.models import Balance, Transactions
from mt940.options import Options

from dunwell.errors import InvalidInputError
from dunwell.money import parse_amount
from dunwell.remittance.model import BankLine, LineKind
from dunwell_aws.bank_files.statement import (
    BadLineError,
    BankFile,
    FileProblem,
    Statement,
    StatementBuilder,
    UnreadableBankFileError,
    balance_problems,
)

_TAG = re.compile(r"^:(?P<tag>[0-9]{2}[A-Z]?|NS):(?P<value>.*)$")
_BALANCE = {"60F": "final_opening_balance", "60M": "intermediate_opening_balance"}
_CLOSING = {"62F": "final_closing_balance", "62M": "intermediate_closing_balance"}
_SWIFT_CODE = re.compile(
    r"/(EREF|KREF|MREF|ORDP|BENM|REMI|NAME|IBAN|BIC|ACCT|ID|PREF|RTRN|PURP|CSID|ISDT|CNTP|USTD|STRD)/"
)
_OPTIONS = Options.all()
_RETURNED = {"108", "109", "159", "181", "184"}
_CHARGED = {"805", "806", "807", "808", "809"}
_TYPES = {
    "CHG": LineKind.CHARGE,
    "COM": LineKind.CHARGE,
    "INT": LineKind.INTEREST,
    "TRF": LineKind.TRANSFER,
    "DDT": LineKind.DIRECT_DEBIT,
    "CHK": LineKind.CHEQUE,
    "RTI": LineKind.RETURN,
}
_NO_ID = {"NONREF", "NOTPROVIDED", "NOREF"}


@dataclass
class _Field:
    line: int
    tag: str
    value: str


def read_mt940(text: str) -> BankFile:
    """All statements of a file; pages of one statement are joined.

    Raises:
        UnreadableBankFileError: there is no statement in it.
    """
    problems: list[FileProblem] = []
    builders: dict[tuple[str, str], StatementBuilder] = {}
    for fields in _statements(text):
        _add(fields, builders, problems)
    if not builders:
        raise UnreadableBankFileError("the file has no MT940 statement (field :20: with :25: or :60F:)")
    statements: tuple[Statement, ...] = tuple(one.done() for one in builders.values())
    return BankFile("mt940", statements, (*problems, *balance_problems(statements)))


def _fields(text: str) -> Iterator[_Field]:
    current: _Field | None = None
    for number, raw in enumerate(text.splitlines(), start=1):
        line = re.sub(r"^\{1:.*\{4:\s*", "", raw).rstrip()
        if line.startswith(("-}", "{")) or line == "-":
            continue
        if found := _TAG.match(line):
            if current:
                yield current
            current = _Field(number, found["tag"], found["value"])
        elif current:
            current.value += f"\n{line}"
    if current:
        yield current


def _statements(text: str) -> Iterator[list[_Field]]:
    fields: list[_Field] = []
    for one in _fields(text):
        if one.tag == "20" and fields:
            yield fields
            fields = []
        fields.append(one)
    if fields:
        yield fields


def _add(fields: list[_Field], builders: dict[tuple[str, str], StatementBuilder], problems: list[FileProblem]) -> None:
    account = next((one.value.split("\n")[0].strip() for one in fields if one.tag in ("25", "25P")), "")
    number = next((one.value.strip().split("/")[0] for one in fields if one.tag in ("28C", "28")), "")
    builder = builders.setdefault((account, number or str(len(builders))), StatementBuilder(account, number=number))
    for i, one in enumerate(fields):
        try:
            if one.tag in _BALANCE or one.tag in _CLOSING:
                _take_balance(builder, one)
            elif one.tag == "61":
                after = fields[i + 1] if i + 1 < len(fields) and fields[i + 1].tag == "86" else None
                builder.lines.append(_line(builder, one, after.value if after else ""))
        except (BadLineError, InvalidInputError) as error:
            problems.append(FileProblem(one.line, f"field :{one.tag}: was left out: {error}"))


def _parsed(text: str) -> Transactions:
    """What the library makes of a few fields.

    Raises:
        BadLineError: it cannot read them.
    """
    found = Transactions(options=_OPTIONS)
    try:
        found.parse(text)
    except (RuntimeError, ValueError, ArithmeticError, KeyError, TypeError):
        raise BadLineError("it is not written as SWIFT prescribes") from None
    return found


def _take_balance(builder: StatementBuilder, one: _Field) -> None:
    balance = _parsed(f":{one.tag}:{one.value}").data.get(_BALANCE.get(one.tag) or _CLOSING[one.tag])
    if not isinstance(balance, Balance) or balance.amount is None or isinstance(balance.amount, str):
        raise BadLineError("it is not a balance such as C260630EUR1234,56")
    builder.currency = builder.currency or str(balance.amount.currency)
    minor = _minor(balance.amount.amount, builder.currency)
    if one.tag in _BALANCE and builder.opening_minor is None:
        builder.opening_minor = minor
    elif one.tag in _CLOSING:
        builder.closing_minor = minor


def _minor(amount: Decimal, currency: str) -> int:
    return parse_amount(f"{amount:f}", currency)


def _line(builder: StatementBuilder, entry: _Field, details: str) -> BankLine:
    if not builder.currency:
        raise BadLineError("no balance before it says the currency")
    head = f":60F:C260101{builder.currency}0,\n"
    joined = _parsed(f"{head}:61:{entry.value}\n" + (f":86:{details}" if details.strip() else ""))
    if len(joined) != 1:
        raise BadLineError("it is not written as SWIFT prescribes")
    data: Mapping[str, Any] = joined[0].data
    said = _said(data, details)
    value_on = _date(data["date"])
    return BankLine(
        "",
        builder.account,
        _date(data["entry_date"]) if data.get("entry_date") else value_on,
        value_on,
        builder.currency,
        _minor(data["amount"].amount, builder.currency),
        said["name"],
        said["account"].replace(" ", ""),
        tuple(one for one in (said["reference"], said["text"]) if one),
        said["end_to_end"],
        _known(data.get("bank_reference")),
        _kind(data, details),
    )


def _date(found: date) -> date:
    return date(found.year, found.month, found.day)


def _known(value: object) -> str:
    text = str(value or "").strip()
    return "" if text.upper() in _NO_ID else text


def _said(data: Mapping[str, Any], details: str) -> dict[str, str]:
    """Name, account, reference, text and end-to-end id, whichever dialect :86: is in."""
    reference = _known(data.get("customer_reference"))
    if re.match(r"\d{3}\?|\?\d\d", details):
        parts = {key: str(data.get(key) or "").replace("\n", "") for key in _GERMAN}
        text = (parts["purpose"] + parts["additional_purpose"]).strip()
        return {
            "name": parts["deviate_applicant"] or parts["applicant_name"],
            "account": parts["applicant_iban"] or parts["gvc_applicant_iban"],
            "reference": reference,
            "text": text,
            "end_to_end": _known(parts["end_to_end_reference"]),
        }
    flat = details.replace("\n", "")
    codes = _swift(flat)
    if codes:
        return {
            "name": codes.get("NAME", ""),
            "account": codes.get("IBAN") or codes.get("ACCT", ""),
            "reference": reference,
            "text": codes.get("REMI") or codes.get("USTD") or codes.get("STRD", ""),
            "end_to_end": _known(codes.get("EREF")),
        }
    more = str(data.get("extra_details") or "").strip()
    text = " ".join(part for part in (details.replace("\n", " ").strip(), more) if part)
    return {"name": "", "account": "", "reference": reference, "text": text, "end_to_end": ""}


_GERMAN = (
    "purpose",
    "additional_purpose",
    "applicant_name",
    "deviate_applicant",
    "applicant_iban",
    "gvc_applicant_iban",
    "end_to_end_reference",
)


def _swift(flat: str) -> dict[str, str]:
    """What follows each /CODE/, also where the parts of ORDP or CNTP are listed by position."""
    found = list(_SWIFT_CODE.finditer(flat))
    codes: dict[str, str] = {}
    for i, match in enumerate(found):
        stop = found[i + 1].start() if i + 1 < len(found) else len(flat)
        value = flat[match.end() : stop].strip().strip("/").strip()
        if value and match[1] not in codes:
            codes[match[1]] = value.removeprefix("USTD//").removeprefix("STRD/CUR/")
    if "CNTP" in codes and (parts := codes["CNTP"].split("/")):
        codes.setdefault("IBAN", parts[0])
        codes.setdefault("NAME", parts[2] if len(parts) > 2 else "")
    return codes


def _kind(data: Mapping[str, Any], details: str) -> LineKind:
    code = details[:3]
    if str(data.get("status", "")).startswith("R") or code in _RETURNED or "/RTRN/" in details:
        return LineKind.RETURN
    if code in _CHARGED:
        return LineKind.CHARGE
    return _TYPES.get(str(data.get("id") or "")[1:], LineKind.OTHER)
