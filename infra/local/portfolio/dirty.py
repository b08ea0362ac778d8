"""Rows as real files have them: each broken in exactly one way."""

import random
from collections.abc import Callable

Row = dict[str, str]

BREAKS: tuple[tuple[str, Callable[[Row], Row]], ...] = (
    ("a date that does not exist", lambda r: {**r, "due_on": "2026-02-30"}),
    ("no amount", lambda r: {**r, "amount": ""}),
    ("a currency nobody knows", lambda r: {**r, "currency": "XQZ"}),
    ("a negative amount", lambda r: {**r, "amount": f"-{r['amount']}"}),
    ("due before it was issued", lambda r: {**r, "issued_on": r["due_on"], "due_on": r["issued_on"]}),
    ("no customer number", lambda r: {**r, "customer_number": ""}),
    ("a date in another country's order", lambda r: {**r, "issued_on": _slashed(r["issued_on"])}),
    ("an amount in words", lambda r: {**r, "amount": "see attached"}),
    ("no invoice number", lambda r: {**r, "invoice_number": ""}),
    ("settled before it was issued", lambda r: {**r, "settled_on": f"{int(r['issued_on'][:4]) - 1}-01-15"}),
)


def _slashed(iso: str) -> str:
    year, month, day = iso.split("-")
    return f"{day}/{month}/{year}"


def broken_rows(rows: list[Row], count: int, rng: random.Random) -> list[Row]:
    """Copies `count` of these rows under new invoice numbers and breaks each in one way, the ways in turn."""
    broken = []
    for i in range(count):
        row = {**rng.choice(rows), "invoice_number": f"INV-X{i + 1:05d}", "settled_on": ""}
        broken.append(BREAKS[i % len(BREAKS)][1](row))
    return broken
