"""``read_bank_file``: tells the format by what stands in the file, never by its name."""

import re

from dunwell_aws.bank_files.bai2 import read_bai2
from dunwell_aws.bank_files.camt import read_camt
from dunwell_aws.bank_files.csv_statement import read_csv
from dunwell_aws.bank_files.mt940_statement import read_mt940
from dunwell_aws.bank_files.statement import BankFile, UnreadableBankFileError, text_of

_MT940 = re.compile(r"^(\{1:|:20:)|^:61:", re.MULTILINE)
_BAI2 = re.compile(r"\A\s*01\s*,")
_SIGNATURES = {
    b"%PDF": "a PDF document",
    b"PK\x03\x04": "a ZIP archive or an Excel workbook",
    b"\x1f\x8b": "a gzip archive",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook",
}


def read_bank_file(content: bytes, account: str = "", currency: str = "", day_first: bool | None = None) -> BankFile:
    """Statements from a bank's file.

    Args:
        content: the file's bytes.
        account, currency: of a CSV file that has no such columns; other formats say it themselves.
        day_first: whether 03/04/2026 is in April, for a CSV file whose dates do not tell.

    Raises:
        UnreadableBankFileError: it is no bank file, or broken from the start; says what to do.
    """
    if not content.strip():
        raise UnreadableBankFileError("the file is empty; export it again")
    for signature, kind in _SIGNATURES.items():
        if content.startswith(signature):
            raise UnreadableBankFileError(f"the file is {kind}; ask the bank for CAMT.053, MT940, BAI2 or CSV")
    if content.lstrip(b"\xef\xbb\xbf \r\n\t").startswith(b"<"):
        return read_camt(content)
    text = text_of(content)
    if _BAI2.match(text):
        return read_bai2(text)
    if _MT940.search(text):
        return read_mt940(text)
    return read_csv(text, account, currency, day_first)
