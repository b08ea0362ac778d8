"""What a large file costs a worker in memory: `make bench-large`, or python -m tests.bench.large_file --megabytes 64.

The file is made on disk and read as the deployed steps read it: once through for its ranges, then range by range,
parsed, mapped, validated, grouped by customer and counted instead of stored.
"""

import argparse
import hashlib
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO, cast

from dunwell.ingestion.importing import Origin
from dunwell.ingestion.reading import Range, Reading, read_part, read_rows, record_boundaries
from dunwell.ingestion.records import Reject
from dunwell.ingestion.run import FileImport
from dunwell.ingestion.taking import CustomerRows, Importer
from dunwell.ingestion.tally import Tally
from dunwell.ingestion.totals import Totals, add_all
from tests.bench.portfolio import AS_OF, NOW, mappings
from tests.support.template import ROOT

RANGE_BYTES = 16 * 1024 * 1024
PIECE_BYTES = 256 * 1024
DIRTY_EVERY = 1_000
INVOICES_OF_ONE = 6
_HEADER = "customer_number,customer_name,customer_kind,email,country,invoice_number,currency,amount,issued_on,due_on\n"
_LINES = 20_000


class Counting:
    """In the ledger's place: takes rows and keeps none."""

    creditor_id = "bench"

    def take(self, page: Sequence[CustomerRows], origin: Origin) -> list[Tally]:
        return [Tally(in_ledger=len(one.rows), taken=tuple(one.rows)) for one in page]


def make_file(path: Path, megabytes: int) -> int:
    """Write a file of about so many megabytes; how many rows it has. Some are dirty, some have a line break."""
    count = 0
    with path.open("w", encoding="utf-8") as file:
        file.write(_HEADER)
        while file.tell() < megabytes * 1024 * 1024:
            file.writelines(_row(number) for number in range(count, count + _LINES))
            count += _LINES
    return count


def _row(number: int) -> str:
    customer = number // INVOICES_OF_ONE
    amount = "much" if number % DIRTY_EVERY == 7 else f"{number % 90_000}.{number % 90 + 10}"
    name = f'"Customer {customer},\nLtd"' if number % 50 == 0 else f"Customer {customer}"
    return (
        f"C{customer:08},{name},business,office{customer}@example.net,US,I{number:09},USD,{amount},"
        f"2026-{number % 5 + 1:02}-{number % 27 + 1:02},2026-06-15\n"
    )


def read_all(path: Path) -> tuple[Totals, int, int]:
    """Every range, one after another as one worker would; totals, rejects counted, and ranges."""
    seen = 0

    def count(rejects: Sequence[Reject]) -> None:
        nonlocal seen
        seen += len(rejects)

    with path.open("rb") as file:
        layout = read_rows(file.read(1024 * 1024), mappings()).layout
        file.seek(0)
        digest = hashlib.sha256()
        ranges = record_boundaries(_pieces(file, digest), RANGE_BYTES, layout)
        source = next(one for one in mappings() if one.name == layout.source)
        files = FileImport(cast(Importer, Counting()))
        origin = Origin("bench", source.name, AS_OF, NOW)
        parts = []
        for one in ranges:
            batches = read_part(_range(file, one), mappings(), layout, one.first_line)
            reading = Reading(source, layout, batches)
            parts.append(files.run(reading.batches, origin, count, reading.column_of))
    return add_all(parts), seen, len(ranges)


def _pieces(file: BinaryIO, digest: Any) -> Iterator[bytes]:
    while piece := file.read(PIECE_BYTES):
        digest.update(piece)
        yield piece


def _range(file: BinaryIO, one: Range) -> Iterator[bytes]:
    file.seek(one.offset)
    left = one.length
    while left and (piece := file.read(min(left, PIECE_BYTES))):
        left -= len(piece)
        yield piece


def measure(megabytes: int) -> dict[str, Any]:
    """Make a file and read it in a process of its own; what that took."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "large.csv"
        rows = make_file(path, megabytes)
        argv = [sys.executable, "-m", "tests.bench.large_file", "--read", str(path)]
        environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
        done = subprocess.run(argv, cwd=ROOT, env=environment, check=True, capture_output=True, text=True)
        found: dict[str, Any] = json.loads(done.stdout)
        return {"megabytes": megabytes, "rows_made": rows, "bytes": path.stat().st_size} | found


def _read(path: Path) -> dict[str, Any]:
    started = time.perf_counter()
    totals, rejects, ranges = read_all(path)
    return {
        "rows": totals.rows,
        "rejected": totals.rejected,
        "rejects_written": rejects,
        "amount_minor": totals.amounts_minor["invoice USD"],
        "ranges": ranges,
        "seconds": round(time.perf_counter() - started, 1),
        "peak_mb": round(_peak_kb() / 1024, 1),
    }


def _peak_kb() -> float:
    """The most memory that this process had: VmHWM where there is one, as ru_maxrss starts from its parent's."""
    try:
        with Path("/proc/self/status").open() as status:
            return next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))
    except OSError:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak / 1024 if sys.platform == "darwin" else peak


def main() -> None:
    """Measure, and print JSON."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.large_file", description=__doc__)
    parser.add_argument("--megabytes", type=int, default=1024)
    parser.add_argument("--read", type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args()
    print(json.dumps(_read(args.read) if args.read else measure(args.megabytes), indent=2))


if __name__ == "__main__":
    main()
