"""How good a model is on a later part of a ledger: `python -m model_artifacts.evaluate --model DIR --data CSV
--cut YYYY-MM-DD [--out JSON]`.

Which model it is, the record in its folder says: late_payment (`late_payment/evaluate.py`, with figures and groups),
recovery (each invoice past due beside the ageing-bucket roll rate) or segments (how late each segment pays afterwards,
and how steady the segments are). All print their measures and write them.
"""

import hashlib
import json
import sys
from argparse import ArgumentParser, Namespace
from bisect import bisect_left
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from dunwell.scoring.ports import ModelDataError
from dunwell.scoring.recovery import RECOVERY_FILE, read_recovery
from dunwell.scoring.segments import read_segments
from model_artifacts.late_payment import evaluate as late_payment
from model_artifacts.late_payment.arguments import evaluating_parser, write_measures
from model_artifacts.late_payment.evaluate import CutError, as_table, refuse_seen
from model_artifacts.late_payment.ledger_csv import LedgerFile, LedgerFileError, read_ledger
from model_artifacts.recovery import evaluate as recovery
from model_artifacts.recovery.dataset import Moment, of_ledger
from model_artifacts.segments import evaluate as segments

RECORD = "metrics.json"
DATA = RECOVERY_FILE.parent
"""Where the models in service are that are kept as data; `model_artifacts` has their records."""
Found = dict[str, Any]


class FolderError(Exception):
    """There is no model of a known kind in the folder."""


def main(argv: Sequence[str] | None = None) -> None:
    """Evaluates the model in the folder as what its record says it is."""
    given = list(sys.argv[1:] if argv is None else argv)
    asked = ArgumentParser(add_help=False)
    asked.add_argument("--model", type=Path)
    folder = asked.parse_known_args(given)[0].model
    try:
        record = record_in(folder) if folder else {"name": "late_payment"}
    except FolderError as error:
        sys.exit(f"evaluate: {error}")
    if record["name"] == "late_payment":
        late_payment.main(given)
    else:
        _main_of_data(given, record)


def record_in(folder: Path) -> Found:
    """The record of a model that can be evaluated. FolderError when there is none."""
    path = folder / RECORD
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise FolderError(
            f"{path} cannot be read ({error}). MODEL is a folder that `make train` wrote, or one of model_artifacts."
        ) from error
    name = record.get("name") if isinstance(record, dict) else None
    if name not in ("late_payment", *_ON_LEDGER):
        raise FolderError(
            f"{path} is no record of late_payment, {' or '.join(_ON_LEDGER)}, the models that a ledger can test."
        )
    return dict(record)


def _main_of_data(argv: Sequence[str], record: Found) -> None:
    name: str = record["name"]
    parser = evaluating_parser(name, __doc__)
    parser.add_argument("--figures", help="for late_payment alone")
    parser.add_argument("--groups", help="for late_payment alone")
    args: Namespace = parser.parse_args(argv)
    if args.figures or args.groups:
        parser.exit(1, f"evaluate: {args.model} holds {name}; figures and groups are for late_payment alone.\n")
    try:
        refuse_seen(record, args.cut)
        content = _model_file(args.model, name, record)
        file = read_ledger(args.data, args.today)
        found, said = _ON_LEDGER[name](content, file, args)
    except (CutError, FolderError, LedgerFileError, ModelDataError) as error:
        parser.exit(1, f"evaluate: {error}\n")
    print(f"{name} {record['version']} on what came from {args.cut} on; the ledger ends on {file.end}.")
    print(*(f"  left out: {count} rows: {what}" for what, count in sorted(file.left_out.items())), *said, sep="\n")
    head = {
        "cut": args.cut.isoformat(),
        "end": file.end.isoformat(),
        "rows": file.rows,
        "left_out": dict(file.left_out),
    }
    write_measures(args, {key: record[key] for key in ("name", "version", "sha256")}, head | found)


def _model_file(folder: Path, name: str, record: Found) -> Path:
    """The file that the record describes: in the folder or, of the model in service, in the core."""
    for path in (folder / f"{name}.json", DATA / f"{name}.json"):
        if path.exists() and hashlib.sha256(path.read_bytes()).hexdigest() == record.get("sha256"):
            return path
    raise FolderError(f"Neither {folder} nor {DATA} holds the {name}.json that {folder / RECORD} describes.")


def _recovery(path: Path, file: LedgerFile, args: Namespace) -> tuple[Found, list[str]]:
    model = read_recovery(path)
    test = [one for one in of_ledger(file.ledger, file.end, args.cut) if one.within(0) is not None]
    if not test:
        raise CutError(f"Nothing was past due from {args.cut} on whose next 30 days are known by {file.end}.")
    known = of_ledger(file.ledger, args.cut)
    forecasts: dict[str, Callable[[Sequence[Moment]], Any]] = {
        "this_model": lambda moments: recovery.chances(moments, model)
    }
    if _buckets(test) <= _buckets(known):
        forecasts["ageing_bucket_roll_rate"] = recovery.roll_rates(known)
    if known:
        forecasts["constant_rate"] = recovery.constant(known)
    found = recovery.by_invoice(test, forecasts)
    said = []
    for horizon, measured in found.items():
        said.append(f"\npaid {horizon.replace('_', ' ')}: {measured['this_model']['rows']} moments past due")
        said += as_table(measured, ("auc", "brier", "calibration_slope", "calibration_error"))
    return {"by_invoice": found}, said


def _buckets(moments: Sequence[Moment]) -> set[int]:
    return {bisect_left(recovery.BUCKET_DAYS, one.overdue_days) for one in moments}


def _segments(path: Path, file: LedgerFile, args: Namespace) -> tuple[Found, list[str]]:
    model = read_segments(path)
    later = segments.later_payments(file.ledger, args.cut, file.end, model)
    judged = sum(one["invoices"] for one in later.values())
    if not judged:
        raise CutError(f"No invoice was issued from {args.cut} on and due 30 days before the ledger's end, {file.end}.")
    late = sum(one["invoices"] * one["late"] for one in later.values() if one["invoices"])
    several = any(sum(one.issued_on < args.cut for one in own) > 1 for own in file.ledger.values())
    found = {
        "late_afterwards": later,
        "variance_of_late_between_segments": segments.spread_between(later) if 0 < late < judged else None,
        "same_with_one_invoice_left_out": (
            segments.one_invoice_left_out(file.ledger, args.cut, model) if several else None
        ),
        "changes_a_customer_a_year": segments.changes_a_year(file.ledger, file.end, model),
    }
    columns = ("customers", "invoices", "late", "over_30_days", "days_late")
    rows = {name: {column: one.get(column) for column in columns} for name, one in later.items()}
    said = ["\nof the segments at the cut, what was issued later", *as_table(rows, columns), ""]
    return found, said + [f"{name.replace('_', ' ')}: {found[name]}" for name in list(found)[1:]]


_ON_LEDGER: dict[str, Callable[[Path, LedgerFile, Namespace], tuple[Found, list[str]]]] = {
    "recovery": _recovery,
    "segments": _segments,
}


if __name__ == "__main__":
    main()
