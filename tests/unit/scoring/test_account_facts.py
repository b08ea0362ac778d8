"""An account's invoices as scoring sees them: only what the customer did counts, and only from when it was known."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dunwell.ledger.adjusting import CreditReason, WriteOffReason
from dunwell.ledger.entry import Direction, Entry, EntryKind
from dunwell.ledger.model import Account, Invoice
from dunwell.scoring.account_facts import as_known, invoice_facts
from dunwell.scoring.assess import assess_accounts
from dunwell.scoring.assessment import Assessment
from dunwell.scoring.facts import InvoiceFacts
from dunwell_aws.documents import folder
from dunwell_onnx.scorer import OnnxScorer
from tests.support.escalation import TODAY, account, invoice
from tests.support.ledger import Facts, in_dispute, paid
from tests.unit.scoring.stand_in import ByHandScorer

SCORER = OnnxScorer(folder("model_artifacts") / "late_payment")
PAST = [invoice(f"H-{n}", overdue_days=920 - 30 * n) for n in range(30)]
ON_TIME = [paid(one) for one in PAST]
NEXT = invoice("N", overdue_days=-10)
GOOD: tuple[Facts, ...] = (*PAST, *ON_TIME, NEXT)


def on(invoice: Invoice, kind: EntryKind, days_late: int, amount_minor: int | None = None, **more: object) -> Entry:
    """An entry about an invoice, so many days after its due date; about all of it unless told otherwise."""
    minor = invoice.amount_minor if amount_minor is None else amount_minor
    day, to = invoice.due_on + timedelta(days=days_late), (Direction(invoice.invoice_id, minor),)
    made = Entry(f"{kind}_{invoice.number}_{days_late}", kind, invoice.currency, minor, day, directed_to=to)
    return replace(made, **more)  # type: ignore[arg-type]


def assessed(*facts: Facts) -> Assessment:
    (found,) = assess_accounts([account(*facts)], TODAY, SCORER).assessments
    return found


def said(found: Assessment) -> tuple[object, ...]:
    """All that is said of the customer and of the invoice that is not due yet."""
    return (
        found.risk_permille,
        found.risk_reasons,
        found.segment,
        found.segment_facts,
        [one for one in found.invoices if one.invoice_id == NEXT.invoice_id],
    )


def facts_of(one: Invoice, *entries: Entry) -> InvoiceFacts:
    (found,) = invoice_facts(account(one, *entries))
    return found


OLD = invoice("X", overdue_days=50)


def test_contesting_an_invoice_changes_no_other_score_and_makes_nobody_silent() -> None:
    without, contested, unpaid = assessed(*GOOD), assessed(*GOOD, in_dispute(OLD)), assessed(*GOOD, OLD)
    assert said(contested) == said(without)
    assert said(unpaid) != said(without)
    assert {one.invoice_id for one in contested.invoices} == {"inv_N", "inv_X"}


def test_contesting_a_part_leaves_the_rest_past_due_and_only_the_rest_weighs() -> None:
    whole, part = assessed(*GOOD, OLD), assessed(*GOOD, OLD, on(OLD, EntryKind.DISPUTE, -5, 9_000))
    assert part.segment == whole.segment == "gone_quiet"
    assert part.risk_permille < whole.risk_permille
    rest_paid = on(OLD, EntryKind.PAYMENT, -3, 1_000)
    held = assessed(*GOOD, OLD, on(OLD, EntryKind.DISPUTE, -5, 9_000), rest_paid)
    assert (held.segment, held.risk_permille) == ("reliable", assessed(*GOOD, rest_paid).risk_permille)


def test_when_all_is_in_dispute_the_invoices_are_asked_about_as_if_the_time_in_dispute_had_not_passed() -> None:
    found = assessed(*PAST, *ON_TIME, in_dispute(OLD))
    due_today = invoice("X", overdue_days=0)
    assert found.risk_permille == assessed(*PAST, *ON_TIME, due_today).risk_permille
    assert found.recoveries == ()


def test_days_in_dispute_are_no_days_late_those_before_and_after_are() -> None:
    begun = on(OLD, EntryKind.DISPUTE, 5)
    ended = on(OLD, EntryKind.DISPUTE_END, 25, of=begun.entry_id)
    assert facts_of(OLD, begun).days_past_due(TODAY) == 5
    assert facts_of(OLD, begun, ended).days_past_due(TODAY) == 30
    late = facts_of(OLD, begun, ended, on(OLD, EntryKind.PAYMENT, 32))
    assert (late.days_late(), late.held) == (12, ((begun.on, ended.on),))


def test_a_charge_on_an_invoice_in_dispute_is_in_dispute_with_it() -> None:
    fee = on(OLD, EntryKind.FEE, 20, 500)
    assert facts_of(OLD, on(OLD, EntryKind.DISPUTE, -5), fee).is_held(TODAY)


def credited(*, days_late: int, reason: CreditReason, amount_minor: int | None = None) -> Entry:
    return on(OLD, EntryKind.CREDIT_NOTE, days_late, amount_minor, reason=reason)


def written_off(reason: WriteOffReason, days_late: int = 40, amount_minor: int | None = None) -> Entry:
    return on(OLD, EntryKind.WRITE_OFF, days_late, amount_minor, reason=reason)


NEVER_OWED = (
    credited(days_late=40, reason=CreditReason.RETURN),
    written_off(WriteOffReason.SMALL_BALANCE),
    written_off(WriteOffReason.UNECONOMIC),
)


@pytest.mark.parametrize("entry", NEVER_OWED, ids=lambda one: one.reason)
def test_what_was_credited_or_written_off_as_too_small_is_as_if_it_had_never_been_issued(entry: Entry) -> None:
    assert said(assessed(*GOOD, OLD, entry)) == said(assessed(*GOOD))
    assert facts_of(OLD, entry).cancelled_on == entry.on


TOO_SMALL = (WriteOffReason.SMALL_BALANCE, WriteOffReason.UNECONOMIC)
LOST = (
    credited(days_late=40, reason=CreditReason.FORGIVENESS),
    *(written_off(one) for one in WriteOffReason if one not in TOO_SMALL),
)


@pytest.mark.parametrize("entry", LOST, ids=lambda one: one.reason)
def test_what_was_lost_is_open_no_more_and_counts_as_long_late_once(entry: Entry) -> None:
    good, lost, unpaid = assessed(*GOOD), assessed(*GOOD, OLD, entry), assessed(*GOOD, OLD)
    chance, again, open_still = (one.invoices[-1].late_permille for one in (good, lost, unpaid))
    assert chance < again < open_still
    assert lost.segment == "reliable"
    assert lost.segment_facts[0] == "1 of the last 12 invoices came or are late."
    assert [one.invoice_id for one in lost.invoices] == ["inv_N"]


def test_a_payment_for_what_was_written_off_settles_it_late() -> None:
    found = facts_of(OLD, written_off(WriteOffReason.UNCOLLECTIBLE, 20), on(OLD, EntryKind.PAYMENT, 45))
    assert (found.days_late(), found.given_up_on) == (45, None)


@pytest.mark.parametrize(
    ("rest", "days_late"),
    [
        (credited(days_late=45, reason=CreditReason.PRICING_ERROR, amount_minor=4_000), -2),
        (credited(days_late=45, reason=CreditReason.SETTLEMENT, amount_minor=4_000), -2),
        (written_off(WriteOffReason.SMALL_BALANCE, 45, 4_000), -2),
        (written_off(WriteOffReason.UNCOLLECTIBLE, 45, 4_000), None),
    ],
    ids=lambda one: one.reason if isinstance(one, Entry) else "",
)
def test_who_paid_a_part_and_was_let_off_the_rest_paid_on_the_day_of_the_payment(
    rest: Entry, days_late: int | None
) -> None:
    found = facts_of(OLD, on(OLD, EntryKind.PAYMENT, -2, 6_000), rest)
    assert (found.days_late() if found.settled_on else None) == days_late
    assert (found.given_up_on is None) == (days_late is not None)


def test_a_charge_that_was_waived_made_nobody_late() -> None:
    fee = on(OLD, EntryKind.FEE, -5, 500)
    waived = Entry("rev", EntryKind.REVERSAL, fee.currency, 500, OLD.due_on + timedelta(days=30), of=fee.entry_id)
    on_time = on(OLD, EntryKind.PAYMENT, -2)
    assert facts_of(OLD, fee, on_time, waived).days_late() == -2


def test_what_belongs_to_another_account_now_is_none_of_this_ones_invoices() -> None:
    moved = Entry("mov", EntryKind.MOVED, "EUR", 0, TODAY, of=OLD.invoice_id, reference="cus_2")
    assert invoice_facts(account(OLD, moved)) == []


def test_a_customer_who_never_paid_and_was_given_up_is_told_apart_from_a_new_one() -> None:
    old = invoice("X", overdue_days=300)
    found = assessed(old, on(old, EntryKind.WRITE_OFF, 200, reason=WriteOffReason.UNCOLLECTIBLE), NEXT)
    assert (found.segment, found.segment_facts[1]) == ("gone_quiet", "1 invoice given up as lost.")


def test_the_oldest_invoice_past_due_is_said_without_what_is_in_dispute() -> None:
    found = assessed(*GOOD, OLD, in_dispute(invoice("Y", overdue_days=90)))
    assert "The oldest open invoice is 50 days past due, disputes left out." in found.segment_facts


DAY = st.integers(0, 120).map(lambda days: TODAY - timedelta(days=days))
WAIT = st.integers(0, 40)
WRITE_OFFS = (*WriteOffReason, *CreditReason)


@st.composite
def happenings(draw: st.DrawFn) -> Account:
    """A few invoices and what happened to them: paid, credited, contested, written off, and all of it taken back."""
    invoices = [invoice(f"P-{n}", overdue_days=draw(st.integers(-20, 110))) for n in range(draw(st.integers(1, 4)))]
    entries = [one for n in range(draw(st.integers(0, 6))) for one in _happening(draw, n, invoices)]
    return account(*invoices, *entries)


def _happening(draw: st.DrawFn, n: int, invoices: list[Invoice]) -> Iterator[Entry]:
    one, minor = draw(st.sampled_from(invoices)), draw(st.sampled_from((4_000, 6_000, 10_000)))
    kinds = (EntryKind.PAYMENT, EntryKind.CREDIT_NOTE, EntryKind.WRITE_OFF, EntryKind.DISPUTE, EntryKind.FEE)
    kind, day, to = draw(st.sampled_from(kinds)), draw(DAY), (Direction(one.invoice_id, minor),)
    last = Entry(f"e{n}", kind, "EUR", minor, day, directed_to=to, reason=draw(st.sampled_from(WRITE_OFFS)))
    yield last
    undoing = EntryKind.DISPUTE_END if kind is EntryKind.DISPUTE else EntryKind.REVERSAL
    for again in range(draw(st.integers(0, 1 if kind is EntryKind.DISPUTE else 3))):  # a reversal's reversal …
        last = Entry(f"e{n}r{again}", undoing, "EUR", minor, last.on + timedelta(days=draw(WAIT)), of=last.entry_id)
        yield last


@settings(max_examples=150)
@given(happenings(), st.integers(0, 130).map(lambda days: TODAY - timedelta(days=days)))
def test_whatever_happens_to_an_account_later_a_past_day_is_assessed_as_it_was(now: Account, day: date) -> None:
    then = replace(
        now,
        invoices={i: one for i, one in now.invoices.items() if one.issued_on <= day},
        entries={i: one for i, one in now.entries.items() if one.on <= day},
    )
    assert invoice_facts(as_known(now, day)) == invoice_facts(then)
    assert assess_accounts([now], day, ByHandScorer()) == assess_accounts([then], day, ByHandScorer())


@settings(max_examples=150)
@given(happenings())
def test_whatever_happens_an_invoice_is_paid_open_in_dispute_cancelled_or_lost(now: Account) -> None:
    for one in invoice_facts(now):
        ends = [day for day in (one.settled_on, one.cancelled_on, one.given_up_on) if day]
        assert len(ends) <= 1
        assert bool(ends) == (now.open_minor(one.invoice_id) == 0)
        assert not (ends and one.is_held(date.max))
