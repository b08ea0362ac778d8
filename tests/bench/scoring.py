"""Scoring: open invoices a second, with reasons; beside it the same without reasons and by other means."""

from typing import Any

import numpy as np

from dunwell.scoring.assess import invoice_facts
from dunwell.scoring.features import customer_features, invoice_features
from dunwell.scoring.score import score_customers
from dunwell_aws.documents import folder
from dunwell_onnx.scorer import OnnxScorer
from model_artifacts.late_payment.dataset import made_up, moments
from model_artifacts.late_payment.model import fit
from tests.bench.measure import Entry, Result, Spread, rates
from tests.bench.portfolio import AS_OF, portfolio

TRAINING_CUSTOMERS = 60
WHAT = "open invoices scored for three horizons with up to four reasons each, customers' risk and segment"


def bench(repetitions: int) -> list[Result]:
    """Three rivals, each in turn with ours."""
    facts = [invoice_facts(account) for account in portfolio().open_accounts]
    scorer = OnnxScorer(folder("model_artifacts") / "late_payment")
    rows = _rows(facts)
    estimator = _estimator()

    def ours() -> None:
        score_customers(facts, AS_OF, scorer)

    rivals = {
        "without_reasons": ("one onnxruntime call for all, no reasons", lambda: scorer.probabilities(_rows(facts))),
        "call_per_invoice": (
            "one onnxruntime call per invoice, no reasons",
            lambda: [scorer.probabilities([row]) for row in _rows(facts)],
        ),
        "scikit_learn": (
            "the same estimator in scikit-learn, one call for all, no reasons",
            lambda: estimator.predict_proba(np.array(_rows(facts), dtype=np.float32)),
        ),
    }
    found: list[Result] = []
    for name, (alternative, work) in rivals.items():
        mine, other = rates(len(rows), repetitions, ours, work)
        found.append(Entry(f"score_vs_{name}", WHAT, "invoices/s", mine, alternative, other, _cost(mine, len(facts))))
    return found


def _cost(ours: Spread, accounts: int) -> str:
    return f"{1000 / ours.median:.2f} ms of one core an open invoice, {accounts} accounts in one call"


def _rows(facts: list[Any]) -> list[tuple[float, ...]]:
    found = []
    for invoices in facts:
        customer = customer_features(invoices, AS_OF)
        found += [invoice_features(one, customer) for one in invoices if one.settled_on is None]
    return found


def _estimator() -> Any:
    """Trained on little: what it costs to ask does not depend on what it learnt."""
    return fit([], moments(made_up(101, TRAINING_CUSTOMERS), AS_OF))
