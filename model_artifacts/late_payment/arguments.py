"""What the commands that train and evaluate ask for alike."""

import argparse
import json
import sys
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from model_artifacts.late_payment.ledger_csv import LedgerFile, LedgerFileError, read_ledger

REFUSED = 3
"""The status of a training module whose model its gate refuses; its files are written, and not deployed. `make` says
"Error 3" and ends itself, as after any error, with 2."""


def day(text: str) -> date:
    """A date of the command line."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a date such as 2026-06-30") from None


def training_parser(command: str, description: str | None) -> argparse.ArgumentParser:
    """The command line of what trains: a folder to write to and, for a ledger, a file and a day to cut it at."""
    parser = argparse.ArgumentParser(prog=f"python -m model_artifacts.{command}.train", description=description)
    parser.add_argument("--out", type=Path, required=True, help="the folder to write to")
    parser.add_argument("--data", type=Path, help="a ledger in the canonical columns (CSV)")
    parser.add_argument("--cut", type=day, help="learn from what was known by then")
    add_today(parser)
    return parser


def evaluating_parser(model: str, description: str | None) -> argparse.ArgumentParser:
    """The command line of what evaluates a model on a ledger."""
    parser = argparse.ArgumentParser(prog=f"python -m model_artifacts.evaluate ({model})", description=description)
    parser.add_argument("--model", type=Path, required=True, help="the folder with the model and its metrics.json")
    parser.add_argument("--data", type=Path, required=True, help="a ledger in the canonical columns (CSV)")
    parser.add_argument("--cut", type=day, required=True, help="test on what came after")
    parser.add_argument("--out", type=Path, help="the JSON file to write (default: beside the model)")
    add_today(parser)
    return parser


def write_measures(args: argparse.Namespace, model: dict[str, str], found: dict[str, Any]) -> None:
    """Writes what an evaluation found, with the identity of the model, and says where. Ends with status 1
    when that cannot be.
    """
    out: Path = args.out or args.model / f"evaluation-{args.cut}.json"
    try:
        out.write_text(json.dumps({"model": model, **found}, indent=2) + "\n", encoding="utf-8")
    except OSError as error:
        sys.exit(f"evaluate: {out} cannot be written: {error.strerror}.")
    print(f"\nWrote {out}.")


def add_today(parser: argparse.ArgumentParser) -> None:
    """The day after which nothing can have happened."""
    parser.add_argument("--today", type=day, default=datetime.now(UTC).date(), help="what is dated later is left out")


def ledger_of(args: argparse.Namespace) -> LedgerFile | None:
    """The ledger that was asked for, if any. LedgerFileError when it cannot be used, or there is nowhere to write."""
    out: Path = args.out
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise LedgerFileError(f"The folder {out} cannot be written to: {error.strerror}.") from error
    return read_ledger(args.data, args.today) if args.data else None
