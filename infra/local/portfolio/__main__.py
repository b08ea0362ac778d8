"""Writes a portfolio to a CSV file: `python -m infra.local.portfolio --out FILE`."""

import argparse
import csv
from datetime import date
from pathlib import Path

from infra.local.portfolio.generate import COLUMNS, generate


def main(argv: list[str] | None = None) -> None:
    """Parses the command line and writes the file (UTF-8, comma, one invoice a row)."""
    parser = argparse.ArgumentParser(prog="python -m infra.local.portfolio", description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="the CSV file to write")
    parser.add_argument("--customers", type=int, default=400)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--as-of", type=date.fromisoformat, default=date(2026, 6, 30), help="the portfolio's today")
    parser.add_argument("--dirty", type=int, default=5, help="how many broken rows to add")
    args = parser.parse_args(argv)
    args.out.parent.mkdir(parents=True, exist_ok=True)
    with args.out.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(generate(args.customers, args.seed, args.as_of, args.dirty))
    print(f"Wrote {args.customers} customers to {args.out}.")


if __name__ == "__main__":
    main()
