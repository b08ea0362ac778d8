"""IBM's receivables sample in the canonical columns: `python -m model_artifacts.late_payment.from_ibm IN OUT`.

Reads the file from where it is; nothing of it belongs into this project. It names no currency: US dollars. How a bill
was sent (PaperlessBill) was known when it was issued: it is electronic from the customer's PaperlessDate on.
"""

import argparse
import csv
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from model_artifacts.late_payment.ledger_csv import NEEDED, OPTIONAL


def convert(source: Path, target: Path) -> int:
    """Writes the sample in the canonical columns; how many rows. KeyError or ValueError when it is not that."""
    rows = list(_rows(source))
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, (*NEEDED, *OPTIONAL), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    return len(rows)


def _rows(source: Path) -> Iterator[dict[str, str]]:
    with source.open(encoding="utf-8-sig", newline="") as file:
        for row in csv.DictReader(file):
            yield {
                "customer_id": row["customerID"],
                "invoice_id": row["invoiceNumber"],
                "issue_date": _iso(row["InvoiceDate"]),
                "due_date": _iso(row["DueDate"]),
                "amount": row["InvoiceAmount"],
                "currency": "USD",
                "settled_date": _iso(row["SettledDate"]),
                "disputed": row["Disputed"].lower(),
                "delivery": row["PaperlessBill"].lower(),
            }


def _iso(text: str) -> str:
    return datetime.strptime(text, "%m/%d/%Y").date().isoformat()  # noqa: DTZ007  a calendar date has no zone


def main(argv: list[str] | None = None) -> None:
    """Parses the command line and converts."""
    parser = argparse.ArgumentParser(prog="python -m model_artifacts.late_payment.from_ibm", description=__doc__)
    parser.add_argument("source", type=Path, help="IBM's file")
    parser.add_argument("target", type=Path, help="the canonical file to write")
    args = parser.parse_args(argv)
    print(f"Wrote {convert(args.source, args.target)} invoices to {args.target}.")


if __name__ == "__main__":
    main()
