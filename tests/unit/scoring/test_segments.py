"""Segments: each name means what its thresholds say, and comes with the facts that led to it."""

from collections import Counter, defaultdict
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given

from dunwell.scoring.facts import InvoiceFacts
from dunwell.scoring.segments import SEGMENT_NAMES, segment
from infra.local.portfolio import generate, habit_of_customer
from tests.unit.scoring.given import AS_OF, DAYS, as_it_was, invoice, ledgers


def paid(*days_late: int, first: int = -400) -> list[InvoiceFacts]:
    """Invoices a month apart, settled so many days late."""
    return [invoice(n, issued=first + 30 * n, terms=20, late=late) for n, late in enumerate(days_late)]


@pytest.mark.parametrize(
    ("name", "facts"),
    [
        ("reliable", paid(-3, -4, -2, -5, -3, -4, -3, -2)),
        ("forgetful", paid(-3, 8, -2, -4, 9, -3, 7, -4, -3)),
        ("slow_but_sure", paid(12, 14, 11, 13, 12, 15, 12)),
        ("deteriorating", paid(-4, -3, -4, -5, -2, 10, 14, 19)),
        ("cash_strapped", paid(5, 40, 12, 55, 3, 70, 20)),
        ("disputing", [replace(i, disputed=True) for i in paid(-3, -2, first=-300)] + paid(-3, -2, -3)),
        ("gone_quiet", [*paid(-3, -2, -4, -3, first=-300), invoice(9, issued=-100)]),
        ("new", [invoice(1, issued=-20)]),
        ("new", []),
    ],
)
def test_a_customer_gets_the_segment_its_history_describes(name: str, facts: list[InvoiceFacts]) -> None:
    found = segment(facts, AS_OF)
    assert found.name == name
    assert 2 <= len(found.facts) <= 3


def test_somebody_who_never_paid_and_is_long_past_due_is_not_called_new() -> None:
    assert segment([invoice(1, issued=-200)], AS_OF).name == "gone_quiet"


def test_the_facts_give_the_numbers() -> None:
    found = segment(paid(12, 14, 11, 13, 12, 15, 12), AS_OF)
    assert found.facts == ("7 of 7 invoices were paid late.", "On average, 13 days late.")


@given(ledgers(), DAYS)
def test_every_customer_has_a_segment_that_later_events_do_not_change(ledger: list[InvoiceFacts], as_of: date) -> None:
    found = segment(ledger, as_of)
    assert found.name in SEGMENT_NAMES
    assert found == segment(as_it_was(ledger, as_of), as_of)


def test_segments_find_most_of_the_habits_behind_a_made_up_portfolio() -> None:
    ledger: dict[str, list[InvoiceFacts]] = defaultdict(list)
    for row in generate(200, 11, AS_OF, 0):
        settled_on = date.fromisoformat(row["settled_on"]) if row["settled_on"] else None
        dates = date.fromisoformat(row["issued_on"]), date.fromisoformat(row["due_on"])
        one = InvoiceFacts(row["invoice_number"], *dates, 1, "USD", settled_on, row["disputed"] == "yes")
        ledger[row["customer_number"]].append(one)
    same = Counter(segment(f, AS_OF).name == habit_of_customer(c, 11) for c, f in ledger.items())
    assert same[True] >= 0.7 * len(ledger)
