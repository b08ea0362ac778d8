"""How bills are sent: what is learned of it, what it is worth, and that a score says so exactly."""

import json
import random
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from dunwell.ledger.model import Delivery
from dunwell.scoring.delivery import NO_OFFSETS, DeliveryOffsets
from dunwell.scoring.facts import InvoiceFacts
from dunwell.scoring.features import FEATURE_NAMES, NEUTRAL_VALUES
from dunwell.scoring.score import score_customers
from dunwell_onnx.scorer import OnnxScorer
from model_artifacts.late_payment.dataset import HORIZONS_DAYS, PORTFOLIO_AS_OF, Ledger, made_up
from model_artifacts.late_payment.delivery import learned
from model_artifacts.late_payment.model import LATE_BOUNDS, LATENESS_BOUNDS

MODEL = Path(__file__).parents[2] / "model_artifacts" / "late_payment"
CUSTOMERS = 150


def sent(ledger: Ledger, sooner_days: int, trend_days: int = 0) -> Ledger:
    """The ledger with each customer going over to electronic bills on a day of their own, paid so much sooner; all of
    them pay sooner by `trend_days` a year besides.
    """
    rng = random.Random(7)
    return {customer: [*_sent(invoices, rng, sooner_days, trend_days)] for customer, invoices in ledger.items()}


def _sent(invoices: list[InvoiceFacts], rng: random.Random, sooner_days: int, trend_days: int) -> list[InvoiceFacts]:
    switched_on = PORTFOLIO_AS_OF - timedelta(days=rng.randrange(700))
    found = []
    for one in invoices:
        electronic = one.issued_on >= switched_on
        years = 2 - (PORTFOLIO_AS_OF - one.issued_on).days / 365
        earlier = timedelta(days=electronic * sooner_days + round(trend_days * years))
        paid_on = one.settled_on and max(one.issued_on, one.settled_on - earlier)
        found.append(replace(one, settled_on=paid_on, delivery=Delivery.ELECTRONIC if electronic else Delivery.PAPER))
    return found


def test_a_known_effect_is_found_within_its_error_and_averages_nothing() -> None:
    offsets, record = learned(sent(made_up(5, CUSTOMERS), sooner_days=6), PORTFOLIO_AS_OF)
    assert offsets.electronic < 0 < offsets.paper
    assert record["kept"] > 0.8
    none = learned(sent(made_up(5, CUSTOMERS), sooner_days=0), PORTFOLIO_AS_OF)[1]
    assert -0.75 < record["electronic"] - none["electronic"] < -0.35  # six days of about forty, in roots


@pytest.mark.parametrize("trend_days", [0, 8])
def test_where_the_way_makes_no_difference_nothing_is_learned_not_even_from_a_trend_that_all_share(
    trend_days: int,
) -> None:
    offsets, record = learned(sent(made_up(5, CUSTOMERS), 0, trend_days), PORTFOLIO_AS_OF)
    assert abs(record["electronic"]) < 3 * record["standard_error"]
    assert abs(offsets.paper - offsets.electronic) < 0.1


def test_a_ledger_that_does_not_say_or_of_too_few_customers_with_both_teaches_nothing() -> None:
    assert learned(made_up(5, CUSTOMERS), PORTFOLIO_AS_OF)[0] == NO_OFFSETS
    assert learned(sent(made_up(5, 8), 6), PORTFOLIO_AS_OF)[0] == NO_OFFSETS
    mailed = {
        name: [replace(one, delivery=Delivery.ELECTRONIC) for one in invoices]
        for name, invoices in made_up(5, CUSTOMERS).items()
    }
    assert learned(mailed, PORTFOLIO_AS_OF)[0] == NO_OFFSETS


def test_what_happens_after_the_cut_teaches_nothing() -> None:
    ledger, cut = sent(made_up(5, CUSTOMERS), 6), date(2026, 1, 1)
    flipped = {name: [_flipped_from(one, cut) for one in invoices] for name, invoices in ledger.items()}
    assert learned(flipped, cut) == learned(ledger, cut)


def _flipped_from(invoice: InvoiceFacts, cut: date) -> InvoiceFacts:
    other = Delivery.PAPER if invoice.delivery is Delivery.ELECTRONIC else Delivery.ELECTRONIC
    known = invoice.settled_on if invoice.settled_on and invoice.settled_on < cut else None
    return replace(invoice, settled_on=known, delivery=other if invoice.issued_on >= cut else invoice.delivery)


def test_the_models_file_holds_what_its_record_says_it_learned() -> None:
    record = json.loads((MODEL / "metrics.json").read_text(encoding="utf-8"))["delivery"]
    assert OnnxScorer(MODEL).model.delivery == DeliveryOffsets(**record["offsets"])
    assert record["offsets"]["electronic"] < 0 < record["offsets"]["paper"]


def test_each_kind_of_head_takes_the_effect_in_its_own_unit_only() -> None:
    log_odds, lateness = (FEATURE_NAMES.index(name) for name in ("delivery_log_odds", "delivery_lateness"))
    assert (LATE_BOUNDS[log_odds], LATE_BOUNDS[lateness]) == ((0.0, None), (0.0, 0.0))
    assert (LATENESS_BOUNDS[log_odds], LATENESS_BOUNDS[lateness]) == ((0.0, 0.0), (0.0, None))


def test_the_way_a_bill_is_sent_moves_its_score_and_its_day_and_is_a_reason_that_can_be_repeated() -> None:
    rng, scorer = random.Random(3), OnnxScorer(MODEL)
    ledger = [
        [replace(one, delivery=rng.choice(list(Delivery))) for one in facts] for facts in made_up(61, 80).values()
    ]
    index, checked = FEATURE_NAMES.index("delivery_log_odds"), {"raises": 0, "lowers": 0}
    for facts, customer in zip(ledger, score_customers(ledger, PORTFOLIO_AS_OF, scorer), strict=True):
        by_id = {invoice.invoice_id: invoice for invoice in facts}
        for invoice in customer.invoices:
            row = invoice.row
            for reason in (one for one in invoice.reasons if one.feature == "delivery_log_odds"):
                neutral = (*row[:index], NEUTRAL_VALUES[index], *row[index + 1 :])
                before, after = scorer.probabilities([row, neutral])
                column = HORIZONS_DAYS.index(invoice.horizon_days or 0)
                assert before[column] - after[column] == pytest.approx(reason.effect, abs=1e-6)
                is_paper = by_id[invoice.invoice_id].delivery is Delivery.PAPER
                assert (reason.direction == "raises") == is_paper == ("later" in reason.words)
                checked[reason.direction] += 1
    assert min(checked.values()) >= 5


def test_the_same_bill_sent_electronically_is_likelier_on_time_and_expected_sooner() -> None:
    history = _steady_payer()
    asked = InvoiceFacts(
        "asked", PORTFOLIO_AS_OF, PORTFOLIO_AS_OF + timedelta(days=30), 10_000, "USD", None, disputed=False
    )
    scorer = OnnxScorer(MODEL)
    paper, electronic = (
        score_customers([[*history, replace(asked, delivery=one)]], PORTFOLIO_AS_OF, scorer)[0].invoices[0]
        for one in Delivery
    )
    assert paper.probabilities[0] > electronic.probabilities[0] + 0.1
    assert (paper.expected_on or date.min) > (electronic.expected_on or date.max)
    assert (paper.latest_on or date.min) > (electronic.latest_on or date.max)


def _steady_payer() -> list[InvoiceFacts]:
    """Ten bills on paper, paid about the day they were due."""
    found = []
    for number in range(10):
        issued_on = PORTFOLIO_AS_OF - timedelta(days=400 - 30 * number)
        due_on = issued_on + timedelta(days=30)
        settled_on = due_on + timedelta(days=number % 5 - 2)
        found.append(
            InvoiceFacts(str(number), issued_on, due_on, 10_000, "USD", settled_on, False, delivery=Delivery.PAPER)
        )
    return found
