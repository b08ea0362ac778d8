"""What may be known of a credit card account, from UCI's columns: never SEX, EDUCATION, MARRIAGE or AGE."""

import csv
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

NEVER = frozenset({"SEX", "EDUCATION", "MARRIAGE", "AGE"})
LIMIT = "LIMIT_BAL"
STATUS = ("PAY_0", "PAY_2", "PAY_3", "PAY_4", "PAY_5", "PAY_6")  # months behind, the latest first; negative: none
BILLED = tuple(f"BILL_AMT{month}" for month in range(1, 7))
PAID = tuple(f"PAY_AMT{month}" for month in range(1, 7))
COLUMNS = (LIMIT, *STATUS, *BILLED, *PAID)
DEFAULTED = "default payment next month"


class CreditFileError(Exception):
    """The file is not UCI's."""


def read(path: Path) -> tuple[Floats, NDArray[np.int64]]:
    """The allowed columns as they are, in the order of `COLUMNS`, and whether the account defaulted.
    CreditFileError when the file lacks one or holds something else than numbers.
    """
    with path.open(encoding="utf-8-sig", newline="") as file:
        next(file, None)  # the first of two header lines only numbers the columns
        reader = csv.DictReader(file)
        if missing := [name for name in (*COLUMNS, DEFAULTED) if name not in (reader.fieldnames or ())]:
            raise CreditFileError(f"{path} lacks {', '.join(missing)}: it is not UCI's default of credit card clients.")
        try:
            rows = [([float(row[name]) for name in COLUMNS], int(row[DEFAULTED])) for row in reader]
        except (TypeError, ValueError) as error:
            raise CreditFileError(f"{path} holds something else than numbers: {error}") from error
    if not rows:
        raise CreditFileError(f"{path} has no accounts in it.")
    return np.array([row for row, _ in rows]), np.array([defaulted for _, defaulted in rows])


def features(columns: Floats) -> Floats:
    """The columns, and what they say of habit and room: how far behind and how often, the use of the limit and where
    it goes, the share of each bill that was paid.
    """
    limit, status, billed, paid = np.split(columns, (1, 7, 13), axis=1)
    behind = np.maximum(status, 0)
    used = billed / limit
    share_paid = np.clip(paid[:, :5] / np.maximum(billed[:, 1:], 1), 0, 2)  # this month's payment for last month's bill
    return np.column_stack(
        [
            columns,
            used,
            used.mean(axis=1),
            used[:, 0] - used[:, 5],
            share_paid,
            behind.max(axis=1),
            behind.sum(axis=1),
            (behind > 0).sum(axis=1),
            (behind >= 2).sum(axis=1),
            behind[:, 0] - behind[:, 1:].mean(axis=1),
            (status == -2).sum(axis=1),
            (status == -1).sum(axis=1),
            billed.mean(axis=1),
            np.maximum(0, limit[:, 0] - billed[:, 0]),
            np.log1p(paid),
            paid.sum(axis=1) / limit[:, 0],
            paid.min(axis=1),
            (paid == 0).sum(axis=1),
        ]
    )
