"""Who the accounts' holders are, in UCI's codes: read to measure by, and by nothing else. No model sees it."""

import csv
from pathlib import Path

from model_artifacts.credit_default.features import NEVER, CreditFileError
from model_artifacts.late_payment.impact import Groups

_WORDS = {
    "SEX": {"1": "male", "2": "female"},
    "EDUCATION": {"1": "graduate school", "2": "university", "3": "high school"},
    "MARRIAGE": {"1": "married", "2": "single", "3": "other"},
}
_NOT_SAID = {"EDUCATION": "other or not said", "MARRIAGE": "not said"}
_AGES = ((29, "under 30"), (39, "30 to 39"), (49, "40 to 49"), (61, "50 to 61"))


def read_labels(path: Path) -> Groups:
    """The groups of each account, by its place among those of `features.read`. CreditFileError when there are none."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        next(file, None)
        reader = csv.DictReader(file)
        if missing := sorted(NEVER - set(reader.fieldnames or ())):
            raise CreditFileError(f"{path} lacks {', '.join(missing)}, which groups are told by.")
        rows = list(reader)
    return {name: {str(at): _group(name, row[name]) for at, row in enumerate(rows)} for name in sorted(NEVER)}


def _group(name: str, code: str) -> str:
    if name == "AGE":
        return next((band for last, band in _AGES if int(code) <= last), "62 and over")
    return _WORDS[name].get(code, _NOT_SAID.get(name, code))
