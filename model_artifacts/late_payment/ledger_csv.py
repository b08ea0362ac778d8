"""Reading a ledger from a CSV file, one invoice a row.

Columns: customer_id, invoice_id, issue_date, due_date, amount, currency, and, when the source has them, settled_date,
disputed (yes or no) and delivery (paper or electronic: how the invoice was sent, as known when it was issued; empty:
not known). Dates are ISO 8601, amounts decimal with a dot, currencies ISO 4217. A row that cannot be right is left out
and counted by what is wrong with it.
"""

import csv
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

from dunwell.errors import InvalidInputError
from dunwell.ledger.model import Delivery
from dunwell.money import parse_amount
from dunwell.scoring.facts import InvoiceFacts
from model_artifacts.late_payment.dataset import Ledger

NEEDED = ("customer_id", "invoice_id", "issue_date", "due_date", "amount", "currency")
OPTIONAL = ("settled_date", "disputed", "delivery")
LONGEST_TERMS_DAYS = 3_653  # beyond, a due date says "never" rather than when
_OTHERS = ((";", "semicolons"), ("\t", "tabs"), ("|", "bars"))
_DISPUTED = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False, "": False}

_DELIVERY = {"": None, **{one.value: one for one in Delivery}}


class LedgerFileError(Exception):
    """The file is no ledger in the canonical columns."""


@dataclass
class LedgerFile:
    """What a file held. `end` is the day after the last one it knows of; what was open then was open at the end.
    `left_out` counts rows by what was wrong with them; `has_disputes` says whether it knows of disputes at all.
    """

    ledger: Ledger
    end: date
    rows: int
    has_disputes: bool
    left_out: Counter[str] = field(default_factory=Counter)


def read_ledger(path: Path, today: date = date.max) -> LedgerFile:
    """Reads a canonical file. LedgerFileError when it cannot be read, lacks a column or has no row that is right.

    Args:
        today: what is said to have been issued or settled later is left out. One such row would move the ledger's end,
            and with it every invoice that is still open would count as long unpaid.
    """
    ledger: Ledger = defaultdict(list)
    left_out: Counter[str] = Counter()
    seen: set[str] = set()
    rows, last, has_disputes = 0, date.min, False
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            has_disputes = "disputed" in _columns(reader, path)
            for row in reader:
                rows += 1
                try:
                    invoice = _invoice(row, seen, today)
                except InvalidInputError as error:
                    left_out[str(error)] += 1
                    continue
                ledger[row["customer_id"].strip()].append(invoice)
                last = max(last, invoice.issued_on, invoice.settled_on or date.min)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise LedgerFileError(f"{path} cannot be read as CSV in UTF-8: {error}") from error
    if not ledger:
        raise LedgerFileError(f"{path} has no row that can be used: {_said(left_out) or 'it has no rows'}.")
    return LedgerFile(dict(ledger), last + timedelta(days=1), rows, has_disputes, left_out)


def _columns(reader: "csv.DictReader[str]", path: Path) -> set[str]:
    found = set(reader.fieldnames or ())
    if missing := [name for name in NEEDED if name not in found]:
        raise LedgerFileError(
            f"{path} lacks the columns {', '.join(missing)}. Needed: {', '.join(NEEDED)}; optional: "
            f"{', '.join(OPTIONAL)}, separated by commas, in UTF-8.{_separator(found)}"
        )
    return found


def _separator(columns: set[str]) -> str:
    """What stands between the columns instead of a comma, if that is why none was found."""
    if len(columns) != 1:
        return ""
    return next((f" It is separated by {name}." for sign, name in _OTHERS if sign in next(iter(columns))), "")


def _invoice(row: Mapping[str, str | None], seen: set[str], today: date) -> InvoiceFacts:
    values = {name: (row.get(name) or "").strip() for name in (*NEEDED, *OPTIONAL)}
    if empty := [name for name in NEEDED if not values[name]]:
        raise InvalidInputError(f"{empty[0]} is empty")
    issued_on, due_on = _day(values["issue_date"], "issue_date"), _day(values["due_date"], "due_date")
    settled_on = _day(values["settled_date"], "settled_date") if values["settled_date"] else None
    if max(issued_on, settled_on or issued_on) > today:
        raise InvalidInputError("issued or settled in the future")
    if due_on < issued_on:
        raise InvalidInputError("due before it was issued")
    if (due_on - issued_on).days > LONGEST_TERMS_DAYS:
        raise InvalidInputError("due more than ten years after it was issued")
    if settled_on and settled_on < issued_on:
        raise InvalidInputError("settled before it was issued")
    amount_minor = _amount(values["amount"], values["currency"])
    if amount_minor < 0:
        raise InvalidInputError("amount is negative: credit notes are no invoices")
    if values["disputed"].lower() not in _DISPUTED:
        raise InvalidInputError("disputed is neither yes nor no")
    if values["delivery"].lower() not in _DELIVERY:
        raise InvalidInputError("delivery is neither paper nor electronic")
    if values["invoice_id"] in seen:
        raise InvalidInputError("invoice_id was there before")
    seen.add(values["invoice_id"])
    disputed = _DISPUTED[values["disputed"].lower()]
    return InvoiceFacts(
        invoice_id=values["invoice_id"],
        issued_on=issued_on,
        due_on=due_on,
        amount_minor=amount_minor,
        currency=values["currency"],
        settled_on=settled_on,
        disputed=disputed,
        delivery=_DELIVERY[values["delivery"].lower()],
    )


def _amount(text: str, currency: str) -> int:
    try:
        return parse_amount(text, currency)
    except InvalidInputError as error:
        raise InvalidInputError(f"amount and currency: {error}") from error


def _day(text: str, column: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InvalidInputError(f"{column} is not a date such as 2026-06-30") from None


def _said(left_out: Counter[str]) -> str:
    return "; ".join(f"{count} rows: {what}" for what, count in left_out.most_common(3))
