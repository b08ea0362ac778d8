"""Scores: certain where it is a fact, explained where it is not, never netted across currencies."""

from dataclasses import replace
from datetime import date, timedelta
from math import log1p

import pytest
from hypothesis import given, settings

from dunwell.scoring.facts import InvoiceFacts
from dunwell.scoring.features import FEATURE_NAMES, NEUTRAL_VALUES
from dunwell.scoring.reasons import _WORDS, SENTENCES, words_for
from dunwell.scoring.score import INVOICES_PER_CALL, score_customers
from dunwell.scoring.segments import segment_of
from tests.unit.scoring.given import AS_OF, invoice, ledgers
from tests.unit.scoring.stand_in import MODEL, ByHandScorer, score_customer

PAID_LATE = [invoice(n, issued=-100 - 10 * n, late=9) for n in range(1, 7)]


def test_an_invoice_already_late_is_certainly_late_and_the_next_milestone_is_asked() -> None:
    score = score_customer([*PAID_LATE, invoice(0, issued=-40)], AS_OF, ByHandScorer()).invoices[0]
    assert score.days_past_due == 10
    assert score.horizon_days == 30
    assert score.probabilities[0] == 1.0 > score.probabilities[1] > score.probabilities[2] > 0


def test_an_invoice_past_every_milestone_has_certainty_and_says_why() -> None:
    score = score_customer([invoice(0, issued=-200)], AS_OF, ByHandScorer())
    (one,) = score.invoices
    assert (one.probabilities, one.horizon_days) == ((1.0, 1.0, 1.0), None)
    assert [reason.words for reason in one.reasons] == ["The invoice is already more than 90 days past due."]
    assert [reason.words for reason in score.reasons] == ["An invoice is already more than 30 days past due."]


def test_paid_and_future_invoices_are_not_scored() -> None:
    facts = [invoice(0, issued=-3), invoice(1, issued=-60, late=-9), invoice(2, issued=4)]
    assert [s.invoice_id for s in score_customer(facts, AS_OF, ByHandScorer()).invoices] == ["I0"]


def test_a_customer_who_owes_nothing_has_no_risk_but_a_segment() -> None:
    score = score_customer(PAID_LATE, AS_OF, ByHandScorer())
    assert (score.risk, score.risk_currency, score.reasons, score.invoices) == (None, None, (), ())
    assert segment_of(score.known).name == "slow_but_sure"


def test_the_risk_is_the_worst_currencys_share_of_the_balance() -> None:
    facts = [
        invoice(1, issued=-100, amount_minor=100),  # 70 days past due: certain
        invoice(2, issued=0, amount_minor=300),
        invoice(3, issued=0, amount_minor=10**9, currency="JPY"),
    ]
    score = score_customer(facts, AS_OF, ByHandScorer())
    fresh = next(s for s in score.invoices if s.invoice_id == "I2").probabilities[1]
    assert score.risk_currency == "USD"
    assert score.risk == pytest.approx((100 * 1.0 + 300 * fresh) / 400)


def test_an_invoice_over_nothing_is_scored_and_divides_by_no_zero() -> None:
    score = score_customer([invoice(0, issued=0, amount_minor=0)], AS_OF, ByHandScorer())
    assert score.risk == pytest.approx(score.invoices[0].probabilities[1])


@settings(max_examples=60)
@given(ledgers())
def test_neutralising_a_reasons_feature_moves_the_score_in_the_stated_direction(
    ledger: list[InvoiceFacts],
) -> None:
    scorer = ByHandScorer()
    score = score_customer(ledger, AS_OF, scorer)
    for one in score.invoices:
        assert len(one.reasons) <= 4
        row = list(one.row)
        for reason in one.reasons:
            index = FEATURE_NAMES.index(reason.feature)
            neutral = [*row[:index], NEUTRAL_VALUES[index], *row[index + 1 :]]
            before, after = scorer.one(row), scorer.one(neutral)
            column = MODEL.horizons_days.index(one.horizon_days or 0)
            assert (reason.direction == "raises") == (after[column] < before[column])


def test_settlement_is_expected_within_its_interval_and_never_before_today() -> None:
    fresh, overdue = score_customer([invoice(0, issued=0), invoice(1, issued=-40)], AS_OF, ByHandScorer()).invoices
    assert fresh.expected_on == AS_OF + timedelta(days=30)  # lateness 0 on the root scale is the due date
    assert fresh.earliest_on is not None
    assert fresh.latest_on is not None
    assert fresh.earliest_on < fresh.expected_on < fresh.latest_on
    assert overdue.earliest_on == overdue.expected_on == AS_OF
    assert overdue.latest_on == AS_OF + timedelta(days=2)


def test_the_largest_reason_comes_first_and_reads_as_a_sentence() -> None:
    reasons = score_customer([*PAID_LATE, invoice(0, issued=0)], AS_OF, ByHandScorer()).invoices[0].reasons
    assert reasons[0].feature == "late_ratio"
    assert reasons[0].direction == "raises"
    assert reasons[0].words == "Past invoices were often paid after their due date."
    assert [abs(r.effect) for r in reasons] == sorted((abs(r.effect) for r in reasons), reverse=True)


def test_a_first_invoice_says_that_there_is_no_history() -> None:
    reasons = score_customer([invoice(0, issued=0)], AS_OF, ByHandScorer()).invoices[0].reasons
    assert "No invoice has been paid yet, so there is no history to go by." in [r.words for r in reasons]


def test_a_customers_reasons_add_up_what_each_would_change_in_the_risk() -> None:
    facts = [*PAID_LATE, invoice(7, issued=0, amount_minor=9_000), invoice(8, issued=-40)]
    score = score_customer(facts, AS_OF, ByHandScorer())
    assert score.reasons[0].feature == "late_ratio"
    assert 0 < score.reasons[0].effect < (score.risk or 0)


def test_a_page_of_customers_is_one_call_of_the_model_and_keeps_its_order() -> None:
    scorer = ByHandScorer()
    page = [[replace(invoice(n, issued=-n), invoice_id=f"P{n}")] for n in range(50)]
    scores = score_customers([*page, []], AS_OF, scorer)
    assert len(scorer.calls) == 1
    assert [s.invoices[0].invoice_id for s in scores[:-1]] == [f"P{n}" for n in range(50)]
    assert scores[-1].risk is None


def test_customers_scored_together_score_as_they_do_alone() -> None:
    page = [[*PAID_LATE, invoice(0, issued=-5)], [invoice(0, issued=-50)], PAID_LATE]
    together = score_customers(page, AS_OF, ByHandScorer())
    assert together == [score_customer(facts, AS_OF, ByHandScorer()) for facts in page]


def test_a_customer_with_more_open_invoices_than_one_call_takes_is_scored_whole() -> None:
    scorer = ByHandScorer()
    facts = [invoice(n, issued=-(n % 60)) for n in range(INVOICES_PER_CALL + 10)]
    assert len(score_customer(facts, AS_OF, scorer).invoices) == INVOICES_PER_CALL + 10
    assert len(scorer.calls) == 2


def test_every_feature_has_words_for_its_reasons() -> None:
    assert tuple(_WORDS) == FEATURE_NAMES
    assert all(above.endswith(".") for above, _ in _WORDS.values())


def test_a_score_in_the_past_sees_what_was_settled_later_as_open() -> None:
    facts = [invoice(0, issued=-60, late=20)]
    assert score_customer(facts, AS_OF - timedelta(days=30), ByHandScorer()).invoices[0].invoice_id == "I0"
    assert score_customer(facts, date(2020, 1, 1), ByHandScorer()).invoices == ()


def test_a_due_date_that_means_never_and_amounts_of_nothing_or_a_trillion_get_a_score() -> None:
    never = replace(invoice(0, issued=-10), due_on=date(9999, 12, 31))
    odd = [never, invoice(1, amount_minor=0), invoice(2, amount_minor=10**14), invoice(3, issued=5)]
    scores = score_customer([*PAID_LATE, *odd], AS_OF, ByHandScorer()).invoices
    assert [score.invoice_id for score in scores] == ["I0", "I1", "I2"]
    assert [score.expected_on for score in scores] == [None, AS_OF, AS_OF]


def test_a_customer_with_fifty_thousand_invoices_is_scored_like_any_other() -> None:
    many = [invoice(n, issued=-900 + n % 800, terms=20, late=n % 7 - 3) for n in range(1, 50_001)]
    score = score_customer([*many, invoice(0, issued=-5)], AS_OF, ByHandScorer())
    assert len(score.invoices) == 1
    assert segment_of(score.known).name == "forgetful"


def test_what_was_paid_today_is_paid_and_what_was_issued_today_is_open_for_whoever_asks_today() -> None:
    old = [invoice(n, issued=-400 + 30 * n, late=2) for n in range(6)]
    paid_today = [invoice(n, issued=-125 + n, late=95 - n) for n in range(10, 12)]
    asked = invoice(20, issued=-10)
    assert {one.settled_on for one in paid_today} == {AS_OF}
    score = score_customer([*old, *paid_today, asked, invoice(21, issued=0)], AS_OF, ByHandScorer())
    row = dict(zip(FEATURE_NAMES, next(one.row for one in score.invoices if one.invoice_id == "I20"), strict=True))
    assert (row["days_since_settlement"], row["other_overdue_count"]) == (0.0, 0.0)
    assert row["other_open_count"] == pytest.approx(log1p(1))
    assert segment_of(score.known).name != "gone_quiet"
    assert [one.invoice_id for one in score.invoices] == ["I20", "I21"]


@pytest.mark.parametrize("name", ["late_from_here", "long_late_from_here", "very_late_from_here", "settled_count"])
@pytest.mark.parametrize("side", [-1.0, 1.0])
def test_who_has_paid_nothing_yet_is_not_told_of_past_payments(name: str, side: float) -> None:
    index, row = FEATURE_NAMES.index(name), list(NEUTRAL_VALUES)
    row[index] += side
    of_payments = words_for(index, row)
    row[FEATURE_NAMES.index("has_history")] = 0.0
    words = words_for(index, row)
    assert words != of_payments
    assert "past payments" not in words
    assert not words or words in SENTENCES
