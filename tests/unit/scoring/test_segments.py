"""Segments: each name means what its thresholds say, and comes with the facts that led to it."""

from collections import Counter, defaultdict
from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dunwell.scoring.behaviour import behaviour
from dunwell.scoring.facts import InvoiceFacts
from dunwell.scoring.segments import SEGMENT_NAMES, learned, segment
from infra.local.portfolio import generate, habit_of_customer
from tests.unit.scoring.given import AS_OF, DAYS, as_it_was, invoice, ledgers

NEVER_QUIET = replace(learned(), quiet_days=10_000)


def paid(*days_late: int, first: int = -400) -> list[InvoiceFacts]:
    """Invoices a month apart, settled so many days late."""
    return [invoice(n, issued=first + 30 * n, terms=20, late=late) for n, late in enumerate(days_late)]


def in_turn(*days_late: int) -> list[InvoiceFacts]:
    """Invoices settled a fortnight after each other, so many days late."""
    dated = [(n, -450 + 14 * n, late) for n, late in enumerate(days_late)]
    return [invoice(n, issued=settled - late - 20, terms=20, late=late) for n, settled, late in dated]


@pytest.mark.parametrize(
    ("name", "facts"),
    [
        ("reliable", paid(-3, -4, -2, -5, -3, -4, -3, -2)),
        ("forgetful", paid(-3, 8, -2, -4, 9, -3, 7, -4, -3)),
        ("slow_but_sure", paid(12, 14, 11, 13, 12, 15, 12)),
        ("deteriorating", paid(-4, -3, -4, -5, -2, 10, 14, 19, 24)),
        ("cash_strapped", paid(5, 40, 12, 55, 3, 70, 20)),
        ("disputing", [replace(i, disputed=True) for i in paid(-3, -2, -4, first=-300)] + paid(-3, -2, -3)),
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
    assert found.facts[0] == "7 of the last 7 invoices came late."
    assert "On average, 13 days late." in found.facts


@given(ledgers(), DAYS)
def test_every_customer_has_a_segment_that_later_events_do_not_change(ledger: list[InvoiceFacts], as_of: date) -> None:
    found = segment(ledger, as_of)
    assert found.name in SEGMENT_NAMES
    assert found == segment(as_it_was(ledger, as_of), as_of)


DELAYS = st.lists(st.integers(-30, 120), min_size=4, max_size=20)


@given(DELAYS, st.integers(-30, 120))
def test_the_next_payment_alone_never_changes_what_the_last_two_agreed_on(delays: list[int], odd: int) -> None:
    said = [learned().nearest(behaviour(delays[: len(delays) - back]).measures) for back in (0, 1)]
    if said[0] == said[1]:
        assert segment(in_turn(*delays), AS_OF, NEVER_QUIET).name == said[0]
        assert segment(in_turn(*delays, odd), AS_OF, NEVER_QUIET).name == said[0]


def test_a_reliable_customer_stays_reliable_after_one_very_late_payment_but_not_after_several() -> None:
    good = (-3, -4, -2, -5, -3, -4, -3, -2)
    assert segment(paid(*good, 60), AS_OF).name == "reliable"
    assert segment(paid(*good, 60, 55, 58, first=-460), AS_OF).name != "reliable"


def test_one_more_dispute_alone_makes_nobody_disputing() -> None:
    calm = paid(-3, -2, -4, -3, -5, -2, first=-300)
    disputed = [replace(one, disputed=True) for one in calm]
    assert segment([*calm[:4], *disputed[4:]], AS_OF).name == "reliable"
    assert segment([*calm[:3], *disputed[3:]], AS_OF).name == "disputing"


def test_open_invoices_later_than_usual_count_before_they_are_paid() -> None:
    good = paid(-3, -4, -2, -5, -3, -4, -3, -2, first=-300)
    waiting = [invoice(20 + n, issued=-75 + n, terms=20) for n in range(4)]
    moved = segment([*good, *waiting, invoice(30, issued=-40, terms=20, late=2)], AS_OF, NEVER_QUIET)
    assert moved.name != "reliable"


def test_of_an_unpaid_invoice_nobody_says_that_it_came() -> None:
    good = paid(-3, -4, -2, -5, -3, -4, -3, -2, first=-300)
    found = segment([*good, invoice(20, issued=-75, terms=20)], AS_OF, NEVER_QUIET)
    assert found.facts[0] == "1 of the last 9 invoices came or are late."
    assert not any("came late" in one or "Payment times vary by about 18 days." in one for one in found.facts)
    assert segment(good, AS_OF).facts[0] == "None of the last 8 invoices came late."


def test_who_pays_half_a_day_early_on_average_pays_on_the_due_date() -> None:
    found = segment(paid(*[-1, 0] * 6), AS_OF)
    assert "On average, on the due date." in found.facts


def test_the_name_that_is_nearest_is_found_and_the_facts_are_about_it() -> None:
    assert learned().nearest(learned().centroids["forgetful"]) == "forgetful"
    slipped = segment(paid(-4, -3, -4, -5, -2, 10, 14, 19, 24), AS_OF)
    assert "The last 3 came 19 days late, those before 1 day early." in slipped.facts


def test_silence_is_measured_against_how_far_apart_payments_used_to_be() -> None:
    quarterly = [invoice(n, issued=-740 + 90 * n, terms=20, late=1) for n in range(8)]
    waiting = invoice(9, issued=-60)
    assert segment([*quarterly, waiting], AS_OF).name != "gone_quiet"
    monthly = [invoice(n, issued=-410 + 30 * n, terms=20, late=1) for n in range(11)]
    assert segment([*monthly, waiting], AS_OF).name == "gone_quiet"


@st.composite
def collective_runs(draw: st.DrawFn) -> tuple[int, list[InvoiceFacts], list[date]]:
    """Somebody who pays many invoices at once, in runs so many days apart, give or take a fifteenth, which the bank
    may split over two days; the invoices, and the first days of the runs.
    """
    rhythm = draw(st.sampled_from([30, 60, 90]))
    early = st.integers(-(rhythm // 15), rhythm // 15)
    runs = [AS_OF + timedelta(days=rhythm * (n - 8) + draw(early)) for n in range(8)]
    in_a_run, is_split = draw(st.integers(3, 40)), draw(st.booleans())
    ledger = [
        InvoiceFacts(f"I{number}-{n}", due - timedelta(days=30), due, 100, "USD", paid_on, False)
        for number, run in enumerate(runs)
        for n in range(in_a_run)
        for due in [run - timedelta(days=1 + n * rhythm // in_a_run)]
        for paid_on in [run + timedelta(days=1) if is_split and n % 2 else run]
    ]
    open_ones = [invoice(900 + n, issued=(runs[-1] - AS_OF).days + 5 * n - 20, terms=25) for n in range(4)]
    return rhythm, [*ledger, *open_ones], runs


@given(collective_runs())
def test_who_pays_in_collective_runs_is_not_quiet_between_them_but_is_when_they_stop(
    paid_in_runs: tuple[int, list[InvoiceFacts], list[date]],
) -> None:
    rhythm, ledger, runs = paid_in_runs
    for run in runs[4:]:
        assert segment(as_it_was(ledger, run), run).name != "gone_quiet"
    found = segment(ledger, stopped := runs[-1] + timedelta(days=max(45, round(1.6 * rhythm))))
    assert found.name == "gone_quiet"
    days = sorted({one.settled_on for one in ledger if one.settled_on})[-12:]
    longest = max((later - sooner).days for sooner, later in pairwise(days))
    since = (stopped - days[-1]).days
    assert found.facts[0] == (
        f"The last payment was {since} days ago, where no more than {longest} days used to pass between payments."
    )


def test_who_has_paid_on_two_days_only_has_no_rhythm_that_a_fact_could_name() -> None:
    twice = [invoice(n, issued=-170 + 30 * (n % 2), terms=20, late=1) for n in range(8)]
    waiting = invoice(20, issued=-100)
    assert segment([*twice, waiting], AS_OF - timedelta(days=30)).name != "gone_quiet"
    quiet = segment([*twice, waiting], AS_OF)
    assert quiet.name == "gone_quiet"
    assert quiet.facts[0] == "The last payment was 119 days ago."


def test_a_customer_with_many_invoices_is_not_judged_by_the_last_afternoon() -> None:
    many = [invoice(n, issued=-700 + n % 650, terms=20, late=-4) for n in range(5_000)]
    afternoon = [invoice(9_000 + n, issued=-45, terms=20, late=24) for n in range(20)]
    assert segment([*many, *afternoon], AS_OF).name == "reliable"


def test_segments_find_most_of_the_habits_behind_a_made_up_portfolio() -> None:
    ledger: dict[str, list[InvoiceFacts]] = defaultdict(list)
    for row in generate(200, 11, AS_OF, 0):
        settled_on = date.fromisoformat(row["settled_on"]) if row["settled_on"] else None
        dates = date.fromisoformat(row["issued_on"]), date.fromisoformat(row["due_on"])
        one = InvoiceFacts(row["invoice_number"], *dates, 1, "USD", settled_on, row["disputed"] == "yes")
        ledger[row["customer_number"]].append(one)
    same = Counter(segment(f, AS_OF).name == habit_of_customer(c, 11) for c, f in ledger.items())
    assert same[True] >= 0.7 * len(ledger)
