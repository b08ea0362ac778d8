"""Bank statements in the formats that banks send, as bank lines: CAMT.053, MT940, BAI2 and CSV."""

from dunwell_aws.bank_files.reading import read_bank_file
from dunwell_aws.bank_files.statement import BankFile, FileProblem, Statement

__all__ = ["BankFile", "FileProblem", "Statement", "read_bank_file"]
