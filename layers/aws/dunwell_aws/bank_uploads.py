"""Uploaded bank files: read, applied a chunk of lines at a time, and answered beside the upload.

``uploads/bank/x.xml`` is answered by ``results/bank/x.xml.rejects.csv``, ``results/bank/x.xml.lines.csv`` (what became
of every line) and then ``results/bank/x.xml.run.json``. A folder may say what a CSV file does not:
``uploads/bank/account=DE02…/currency=EUR/x.csv``.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from dunwell.dates import business_date
from dunwell.errors import InvalidInputError
from dunwell.money import decimal_text
from dunwell.remittance.applying import CHUNK_LINES, CashApplication
from dunwell.remittance.model import BankLine
from dunwell.remittance.records import LineRecord
from dunwell.reporting.csv_file import Number, csv_text
from dunwell_aws.bank_files import BankFile, FileProblem, read_bank_file
from dunwell_aws.results import RESULTS, UPLOADS, Results
from dunwell_aws.table import to_plain
from dunwell_aws.uploads import REMOVED, look, pieces

MAX_BYTES = 64 * 1024 * 1024
MARGIN_MILLISECONDS = 30_000
"""Left for the slowest chunk and the answers."""
_RECORDS = 100
COLUMNS = (
    "line",
    "line_id",
    "booked_on",
    "amount",
    "currency",
    "decision",
    "purpose",
    "customer",
    "invoices",
    "discount",
    "bank_fee",
    "unapplied",
    "confidence",
    "reasons",
)


@dataclass(frozen=True, slots=True)
class BankRun:
    """What became of a bank file.

    Attributes:
        status: ``done``, or ``failed`` when it could not be read; ``failure`` says why.
        decisions: lines by decision: applied, suggested, unmatched, noted (charges and money that went out).
        amounts_minor: minor units of what came in, by decision and currency.
        problems: records that were left out, and statements that do not add up.
    """

    status: str
    file: str
    business_date: date
    format: str = ""
    statements: int = 0
    lines: int = 0
    decisions: dict[str, int] = field(default_factory=dict)
    amounts_minor: dict[str, int] = field(default_factory=dict)
    problems: int = 0
    failure: str = ""


class BankUploads:
    """Applies one uploaded bank file. Safe to repeat: a line is decided once, whatever files it stands in."""

    def __init__(self, results: Results, cash: CashApplication, zone: str) -> None:
        self._results = results
        self._cash = cash
        self._zone = zone

    def run(
        self, key: str, at: datetime, start: int = 0, remaining_milliseconds: Callable[[], int] = lambda: 1_000_000
    ) -> BankRun | int:
        """Apply the lines of the file under a key, from one on.

        Returns:
            What became of the file, or the line to go on from when time ran short.
        """
        name, today = key.removeprefix(UPLOADS), business_date(at, self._zone)
        try:
            file = self._read(key)
        except InvalidInputError as error:
            record = BankRun("failed", name, today, failure=str(error))
            self._answer(name, record, (), ())
            return record
        lines = file.lines
        for first in range(start, len(lines), CHUNK_LINES):
            if first > start and remaining_milliseconds() < MARGIN_MILLISECONDS:
                return first
            self._cash.apply(lines[first : first + CHUNK_LINES], at)
        records = self._records(lines)
        record = _run(name, today, file, list(records.values()))
        self._answer(name, record, [records[one.line_id] for one in lines if one.line_id in records], file.problems)
        return record

    def _read(self, key: str) -> BankFile:
        upload = look(self._results, key)
        if upload is None:
            raise InvalidInputError(REMOVED)
        if upload.size > MAX_BYTES:
            raise InvalidInputError(f"the file is larger than {MAX_BYTES // 1024 // 1024} MB; ask for one a day")
        said = dict(part.split("=", 1) for part in key.split("/") if "=" in part)
        content = b"".join(pieces(self._results, upload))
        return read_bank_file(content, said.get("account", ""), said.get("currency", "").upper())

    def _records(self, lines: Sequence[BankLine]) -> Mapping[str, LineRecord]:
        found: dict[str, LineRecord] = {}
        for first in range(0, len(lines), _RECORDS):
            found |= self._cash.lines.records(lines[first : first + _RECORDS])
        return found

    def _answer(
        self, name: str, record: BankRun, records: Iterable[LineRecord], problems: Iterable[FileProblem]
    ) -> None:
        rejects = csv_text(("line", "reason"), [(str(one.line or ""), one.reason) for one in problems])
        lines = csv_text(COLUMNS, [_line(number, one) for number, one in enumerate(records, start=1)])
        self._put(f"{name}.rejects.csv", rejects, "text/csv")
        self._put(f"{name}.lines.csv", lines, "text/csv")
        self._put(f"{name}.run.json", json.dumps(to_plain(record), indent=2), "application/json")

    def _put(self, name: str, text: str, kind: str) -> None:
        self._results.s3.put_object(
            Bucket=self._results.bucket, Key=RESULTS + name, Body=text.encode(), ContentType=kind
        )


def _decision(record: LineRecord) -> str:
    """What became of a line by now: what an agent chose counts as applied."""
    if record.chosen:
        return "applied"
    return record.match.decision.value if record.is_waiting or record.match.about else "noted"


def _run(name: str, today: date, file: BankFile, records: Sequence[LineRecord]) -> BankRun:
    decisions: Counter[str] = Counter()
    amounts: Counter[str] = Counter()
    for one in records:
        decision = _decision(one)
        decisions[decision] += 1
        if one.line.amount_minor > 0:
            amounts[f"{decision} {one.line.currency}"] += one.line.amount_minor
    return BankRun(
        "done",
        name,
        today,
        file.format,
        len(file.statements),
        len(records),
        dict(decisions),
        dict(amounts),
        len(file.problems),
    )


def _line(number: int, record: LineRecord) -> list[str]:
    """One row: no names and accounts of payers, which are for agents to see and not for files."""
    line, proposal = record.line, record.chosen or record.match.proposal
    allocations = proposal.allocations if proposal else ()

    def total(amounts: Iterable[int]) -> str:
        minor = sum(amounts)
        return Number(decimal_text(minor, line.currency)) if minor else ""

    return [
        str(number),
        line.line_id,
        line.booked_on.isoformat(),
        Number(decimal_text(line.amount_minor, line.currency)),
        line.currency,
        _decision(record),
        record.match.purpose.value,
        proposal.customer_number if proposal else "",
        " ".join(one.number for one in allocations),
        total(one.discount_minor for one in allocations),
        total(one.fee_minor for one in allocations),
        total([proposal.unapplied_minor]) if proposal else "",
        str(proposal.confidence_permille) if proposal else "",
        " ".join([*record.match.reasons, *(proposal.reasons if proposal else ())]) or record.match.about,
    ]
