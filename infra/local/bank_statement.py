"""Made-up bank statements in CAMT.053, for the demo and for tests."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from xml.sax.saxutils import escape

from dunwell.money import decimal_text

OUR_ACCOUNT = "DE02120300000000202051"


@dataclass(frozen=True, slots=True)
class Transfer:
    """Money that came in: minor units, who paid, what for, and from which account."""

    amount_minor: int
    payer: str
    text: str
    account: str = ""


def camt053(transfers: Iterable[Transfer], currency: str, day: date, number: str, account: str = OUR_ACCOUNT) -> bytes:
    """One day's statement whose balances add up."""
    lines = list(transfers)
    total = sum(one.amount_minor for one in lines)
    entries = "".join(_entry(one, currency, day, f"{number}-{n}") for n, one in enumerate(lines, start=1))
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"><BkToCstmrStmt><Stmt>'
        f"<Id>{escape(number)}</Id><Acct><Id><IBAN>{account}</IBAN></Id><Ccy>{currency}</Ccy></Acct>"
        f"{_balance('OPBD', 0, currency, day)}{_balance('CLBD', total, currency, day)}{entries}"
        "</Stmt></BkToCstmrStmt></Document>"
    ).encode()


def _balance(kind: str, minor: int, currency: str, day: date) -> str:
    amount = f"<Amt Ccy='{currency}'>{decimal_text(minor, currency)}</Amt>"
    return (
        f"<Bal><Tp><CdOrPrtry><Cd>{kind}</Cd></CdOrPrtry></Tp>{amount}"
        f"<CdtDbtInd>CRDT</CdtDbtInd><Dt><Dt>{day}</Dt></Dt></Bal>"
    )


def _entry(one: Transfer, currency: str, day: date, reference: str) -> str:
    amount = f"<Amt Ccy='{currency}'>{decimal_text(one.amount_minor, currency)}</Amt><CdtDbtInd>CRDT</CdtDbtInd>"
    payer = f"<Dbtr><Pty><Nm>{escape(one.payer)}</Nm></Pty></Dbtr>"
    if one.account:
        payer += f"<DbtrAcct><Id><IBAN>{one.account}</IBAN></Id></DbtrAcct>"
    return (
        f"<Ntry>{amount}<Sts><Cd>BOOK</Cd></Sts><BookgDt><Dt>{day}</Dt></BookgDt><ValDt><Dt>{day}</Dt></ValDt>"
        f"<AcctSvcrRef>{reference}</AcctSvcrRef>"
        "<BkTxCd><Domn><Cd>PMNT</Cd><Fmly><Cd>RCDT</Cd><SubFmlyCd>ESCT</SubFmlyCd></Fmly></Domn></BkTxCd>"
        f"<NtryDtls><TxDtls><Refs><EndToEndId>NOTPROVIDED</EndToEndId></Refs>{amount}<RltdPties>{payer}</RltdPties>"
        f"<RmtInf><Ustrd>{escape(one.text)}</Ustrd></RmtInf></TxDtls></NtryDtls></Ntry>"
    )
