"""Measures the hot paths and writes bench/results.json: `make bench`."""

import argparse
import json
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from tests.bench import (
    arranging,
    deployed,
    dispatching,
    handlers,
    ingest,
    ledger,
    monitoring,
    pages,
    parsing,
    planning,
    portal,
    remittance,
    scoring,
    webhooks,
)
from tests.bench.machine import machine
from tests.bench.measure import Entry, Result
from tests.bench.table import table
from tests.support.template import ROOT

RESULTS = ROOT / "bench" / "results.json"


def main() -> None:
    """Runs the parts in turn, says what takes time, and prints the table. Never fails on a slow machine."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--repetitions", type=int, default=7)
    parser.add_argument("--out", type=Path, default=RESULTS)
    args = parser.parse_args()
    started, facts = time.monotonic(), machine()
    parts: dict[str, Callable[[], list[Result]]] = {
        "parsing": lambda: parsing.bench(args.repetitions),
        "ingest": lambda: ingest.bench(args.repetitions),
        "ledger": lambda: ledger.bench(args.repetitions),
        "scoring": lambda: scoring.bench(args.repetitions),
        "the report on the model": lambda: monitoring.bench(args.repetitions),
        "planning": lambda: planning.bench(args.repetitions),
        "dispatching": lambda: dispatching.bench(args.repetitions),
        "cash application": lambda: remittance.bench(args.repetitions),
        "arrangements": lambda: arranging.bench(args.repetitions),
        "pages": lambda: pages.bench(args.repetitions),
        "the portal": portal.bench,
        "webhooks": lambda: webhooks.bench(args.repetitions),
        "the deployed path": deployed.bench,
        "cold starts": lambda: handlers.bench(ROOT / ".local" / "bench"),
    }
    results: list[Result] = []
    for name, part in parts.items():
        print(f"bench: {name}", flush=True)
        results += part()
    _write(args.out, facts, results, time.monotonic() - started)
    print(table(facts, results))
    print(f"\nWritten to {args.out} in {time.monotonic() - started:.0f} s.")


def _write(out: Path, facts: dict[str, object], results: list[Result], seconds: float) -> None:
    out.parent.mkdir(parents=True, exist_ok=True)
    document = {
        "made_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "seconds": round(seconds, 1),
        "machine": facts,
        "entries": [one.as_json() for one in results if isinstance(one, Entry)],
        "skipped": {one.name: one.reason for one in results if not isinstance(one, Entry)},
    }
    out.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
