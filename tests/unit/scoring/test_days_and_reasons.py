"""The deployed model's days and reasons, whatever the account: an honest interval or none, a reason for every risk."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from functools import cached_property
from typing import Any

import pytest
from hypothesis import given, settings

from dunwell.scoring.assess import assess_accounts
from dunwell.scoring.facts import InvoiceFacts
from dunwell.scoring.features import FEATURE_NAMES, HORIZONS_DAYS, NEUTRAL_VALUES
from dunwell.scoring.ports import TAUGHT_TERMS_DAYS, Forecast, ModelVersion
from dunwell.scoring.reasons import MAX_REASONS, SENTENCES, Reason
from dunwell.scoring.score import (
    NEEDS_RAISING,
    RISK_HORIZON_DAYS,
    CustomerScore,
    InvoiceScore,
    score_customers,
)
from dunwell_aws.documents import folder
from dunwell_onnx.scorer import OnnxScorer
from model_artifacts.late_payment.dataset import PORTFOLIO_AS_OF, made_up
from tests.support.escalation import TODAY, account
from tests.support.escalation import invoice as bill
from tests.unit.scoring.given import AS_OF, invoice, ledgers
from tests.unit.scoring.stand_in import score_customer

MODEL = folder("model_artifacts") / "late_payment"
SCORERS = {"deployed": OnnxScorer(MODEL), "champion": OnnxScorer(MODEL / "champion")}
SCORER = SCORERS["deployed"]
HISTORIES = {
    "nobody knows": [],
    "prompt": [invoice(n, issued=-60 - 30 * n, late=-2) for n in range(1, 13)],
    "always early": [invoice(n, issued=-60 - 30 * n, late=-25) for n in range(1, 13)],
    "slow": [invoice(n, issued=-90 - 30 * n, late=20) for n in range(1, 13)],
    "one late": [invoice(1, issued=-200, late=60)],
}
COLUMN = HORIZONS_DAYS.index(RISK_HORIZON_DAYS)
OVERDUE = FEATURE_NAMES.index("days_overdue")
PAST_30 = "An invoice is already more than 30 days past due."
PAST_90 = "The invoice is already more than 90 days past due."


def asked(history: Sequence[InvoiceFacts], terms: int, overdue: int) -> list[InvoiceFacts]:
    return [*history, invoice(0, issued=-terms - overdue, terms=terms)]


def of_last(score: CustomerScore) -> InvoiceScore:
    return next(one for one in score.invoices if one.invoice_id == "I0")


def assert_honest(one: InvoiceScore) -> None:
    if one.expected_on is None:
        assert (one.earliest_on, one.latest_on) == (None, None)
        return
    assert one.earliest_on is not None
    assert one.latest_on is not None
    assert AS_OF <= one.earliest_on <= one.expected_on <= one.latest_on
    assert one.earliest_on < one.latest_on


@pytest.mark.parametrize("name", HISTORIES)
def test_at_every_age_the_interval_is_wider_than_a_day_or_there_is_none(name: str) -> None:
    page = [asked(HISTORIES[name], 30, age) for age in range(4_001)]
    found = [of_last(score) for score in score_customers(page, AS_OF, SCORER)]
    for one in found:
        assert_honest(one)
    assert all(one.expected_on for one in found[1 : HORIZONS_DAYS[-1] + 1])
    assert not any(one.expected_on for one in found[HORIZONS_DAYS[-1] + 1 :])


@pytest.mark.parametrize("name", HISTORIES)
def test_with_whatever_time_to_pay_the_interval_is_wider_than_a_day_or_there_is_none(name: str) -> None:
    page = [asked(HISTORIES[name], terms, age) for terms in range(200) for age in range(-terms, 95, 7)]
    found = [of_last(score) for score in score_customers(page, AS_OF, SCORER)]
    for one in found:
        assert_honest(one)
        if one.expected_on:
            assert 0 < (one.due_on - one.issued_on).days <= TAUGHT_TERMS_DAYS


@pytest.mark.parametrize(
    "odd",
    [
        {"due_on": date.max},
        {"due_on": AS_OF + timedelta(days=400)},
        {"issued_on": date(1, 1, 1), "due_on": AS_OF},
        {"issued_on": date(1, 1, 1), "due_on": date(1, 2, 1)},
        {"due_on": date(2020, 1, 1)},
    ],
    ids=["due never", "due in a year", "issued in the year 1", "due in the year 1", "due before issue"],
)
def test_of_dates_that_say_never_or_long_ago_no_day_is_expected(odd: dict[str, Any]) -> None:
    for history in HISTORIES.values():
        score = of_last(score_customer([*history, replace(invoice(0), **odd)], AS_OF, SCORER))
        assert (score.earliest_on, score.expected_on, score.latest_on) == (None, None, None)


class TaughtLonger:
    """The deployed model, had it been taught longer times to pay."""

    def __init__(self, longest_terms_days: int) -> None:
        self._longest = longest_terms_days

    @cached_property
    def model(self) -> ModelVersion:
        return replace(SCORER.model, longest_terms_days=self._longest)

    def forecasts(self, rows: Sequence[Sequence[float]]) -> list[Forecast]:
        return SCORER.forecasts(rows)


def test_a_model_that_was_taught_longer_times_to_pay_names_days_for_them() -> None:
    facts = asked(HISTORIES["slow"], 75, -40)
    assert of_last(score_customer(facts, AS_OF, TaughtLonger(60))).expected_on is None
    assert of_last(score_customer(facts, AS_OF, TaughtLonger(90))).expected_on is not None


def test_an_assessment_without_a_day_says_so_and_keeps_the_chances() -> None:
    (found,) = assess_accounts([account(bill("F-1", overdue_days=400))], TODAY, SCORER).assessments
    (one,) = found.invoices
    assert (one.earliest_on, one.expected_on, one.latest_on) == (None, None, None)
    assert (one.late_permille, one.late_90_permille, found.risk_permille) == (1000, 1000, 1000)
    assert [reason.words for reason in one.reasons] == [PAST_90]
    assert [reason.words for reason in found.risk_reasons] == [PAST_30]
    assert {reason.direction for reason in (*one.reasons, *found.risk_reasons)} == {"raises"}
    assert PAST_30 in SENTENCES
    assert PAST_90 in SENTENCES


def assert_has_its_reasons(score: CustomerScore) -> None:
    assert len(score.reasons) <= MAX_REASONS
    assert len({one.words for one in score.reasons}) == len(score.reasons)
    if score.risk is not None and score.risk >= NEEDS_RAISING:
        assert any(one.direction == "raises" for one in score.reasons)
    for one in score.invoices:
        if one.probabilities[-1] == 1.0:
            assert [reason.words for reason in one.reasons] == [PAST_90]


@settings(max_examples=200)
@given(ledgers())
def test_a_risk_has_a_reason_that_raises_it_whatever_the_account(ledger: list[InvoiceFacts]) -> None:
    for scorer in SCORERS.values():
        assert_has_its_reasons(score_customer(ledger, AS_OF, scorer))


@pytest.fixture(scope="module")
def scored() -> list[CustomerScore]:
    ledger = list(made_up(201, 150).values())
    days = [PORTFOLIO_AS_OF - timedelta(days=back) for back in (0, 60, 120)]
    found = [score for day in days for score in score_customers(ledger, day, SCORER)]
    return [score for score in found if score.risk is not None]


def test_in_a_portfolio_every_high_risk_says_what_raises_it_and_what_is_past_due_comes_first(
    scored: list[CustomerScore],
) -> None:
    late = [one for one in scored if any(item.days_past_due > RISK_HORIZON_DAYS for item in one.invoices)]
    assert len(late) > 10
    for one in scored:
        assert_has_its_reasons(one)
    for one in late:
        assert one.reasons[0].words == PAST_30
        assert one.reasons[0].direction == "raises"
    assert not any(reason.words == PAST_30 for one in scored if one not in late for reason in one.reasons)


def test_if_what_is_past_due_were_not_the_risk_would_fall_by_what_the_reasons_say(scored: list[CustomerScore]) -> None:
    checked = 0
    for score in scored:
        for reason in score.reasons:
            without = _risk(score, FEATURE_NAMES.index(reason.feature))
            assert (score.risk or 0.0) - without == pytest.approx(reason.effect, abs=1e-5)
            assert (reason.direction == "raises") == (without < (score.risk or 0.0))
            checked += reason.words == PAST_30
    assert checked > 10


def _risk(score: CustomerScore, neutral: int) -> float:
    """The risk, asked of the model again with this feature neutral in every invoice of the risk's currency."""
    counted = [one for one in score.invoices if one.currency == score.risk_currency]
    rows = [(*one.row[:neutral], NEUTRAL_VALUES[neutral], *one.row[neutral + 1 :]) for one in counted]
    found = SCORER.probabilities(rows)
    certain = [row[OVERDUE] > RISK_HORIZON_DAYS for row in rows]
    chances = [1.0 if passed else one[COLUMN] for one, passed in zip(found, certain, strict=True)]
    amounts = [one.amount_minor for one in counted]
    return sum(p * amount for p, amount in zip(chances, amounts, strict=True)) / sum(amounts)


class Certain:
    """Whatever is asked it is nearly certain of, for two reasons of which either would do."""

    model = SCORER.model

    def forecasts(self, rows: Sequence[Sequence[float]]) -> list[Forecast]:
        effects = [0.0] * len(FEATURE_NAMES)
        effects[0], effects[1], effects[2] = 0.0004, 0.0002, -0.01
        return [Forecast((0.999,) * 3, (-1.0, 0.0, 1.0), [effects] * 3) for _ in rows]


@pytest.mark.parametrize("overdue", [-5, 20, 40, 100])
def test_what_is_certain_for_more_than_one_reason_names_the_larger_one(overdue: int) -> None:
    facts = [invoice(1, issued=-30 - overdue), replace(invoice(2, issued=-30), amount_minor=1)]
    reasons: tuple[Reason, ...] = score_customer(facts, AS_OF, Certain()).reasons
    assert any(one.direction == "raises" for one in reasons)
    assert len(reasons) <= MAX_REASONS


def test_however_small_an_effect_which_way_it_speaks_is_kept() -> None:
    accounts = [account(bill("F-1", overdue_days=20))]
    (found,) = assess_accounts(accounts, TODAY, Certain()).assessments
    assert [reason.direction for reason in found.risk_reasons] == ["lowers", "raises"]
    assert [reason.effect_permille for reason in found.risk_reasons] == [-10, 1]
