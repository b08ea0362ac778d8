"""Check the engine against contact vectors: ``python -m dunwell.compliance vectors FILE.json``."""

import argparse
import sys
from pathlib import Path

from dunwell.compliance.vectors import Json, actual, load_vectors, parse_vector
from dunwell.errors import InvalidInputError
from dunwell.timezones import TZDATA_VERSION


def main(arguments: list[str] | None = None) -> int:
    """Exit status: 0 when every vector agrees, 1 when one does not or cannot be read."""
    parser = argparse.ArgumentParser(prog="python -m dunwell.compliance", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    vectors = commands.add_parser("vectors", help="compare decisions with a file of contact vectors")
    vectors.add_argument("file", type=Path)
    try:
        return _compare(parser.parse_args(arguments).file)
    except InvalidInputError as exc:
        sys.stderr.write(f"{exc}\n")
        return 1


def _compare(path: Path) -> int:
    raw_vectors = load_vectors(path)
    disagreements = 0
    for raw in raw_vectors:
        problem = _problem(raw)
        if problem:
            disagreements += 1
            sys.stdout.write(f"{raw.get('id')}: {problem}\n")
    agreeing = len(raw_vectors) - disagreements
    sys.stdout.write(f"{agreeing} of {len(raw_vectors)} contact vectors agree (tzdata {TZDATA_VERSION})\n")
    return 1 if disagreements else 0


def _problem(raw: Json) -> str | None:
    try:
        vector = parse_vector(raw)
        got = actual(vector.request)
    except InvalidInputError as exc:
        return f"refused: {exc}"
    return None if got == vector.expected else f"expected {vector.expected}; got {got}"


if __name__ == "__main__":
    sys.exit(main())
