"""Scoring: open invoices a second, with reasons; beside it the same without reasons and by other means."""

import gc
import json
import time
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from dunwell.scoring.account_facts import invoice_facts
from dunwell.scoring.assess import expected_of
from dunwell.scoring.delivery import NO_OFFSETS
from dunwell.scoring.features import FEATURE_NAMES, NEUTRAL_VALUES, customer_features, invoice_features
from dunwell.scoring.ports import Forecast, ModelVersion, Scorer
from dunwell.scoring.score import CustomerScore, score_customers
from dunwell.scoring.segments import segment_of
from dunwell_aws.documents import folder
from dunwell_onnx.scorer import INPUT, MODEL_FILE, PROBABILITIES, RECORD_FILE, OnnxScorer
from model_artifacts.late_payment.dataset import made_up, moments
from model_artifacts.late_payment.export import to_onnx
from model_artifacts.late_payment.model import fit, rows_of
from tests.bench.measure import Entry, Result, Spread, rates
from tests.bench.portfolio import AS_OF, portfolio

TRAINING_CUSTOMERS = 60
MANY_ROWS, CALLS = 10_000, 300
LEAST_A_SECOND = 20_000
CUSTOMERS = 2_000  # so that one pass takes a tenth of a second: less is lost in the noise of a shared machine
WHAT = "open invoices scored for three horizons with up to four reasons each, and customers' risk with reasons"


class RowByRow:
    """The same model, asked once a row."""

    def __init__(self, scorer: Scorer) -> None:
        self._scorer = scorer
        self.model = scorer.model

    def forecasts(self, rows: Sequence[Sequence[float]]) -> list[Forecast]:
        return [self._scorer.forecasts([row])[0] for row in rows]


class ScikitLearn:
    """The same estimator where it was trained. On little: what it costs to ask does not depend on what it learnt."""

    def __init__(self, model: ModelVersion) -> None:
        self.model = model
        self._estimator = fit([], moments(made_up(101, TRAINING_CUSTOMERS), AS_OF, NO_OFFSETS))

    def forecasts(self, rows: Sequence[Sequence[float]]) -> list[Forecast]:
        table = np.array(rows, dtype=np.float32)
        now, lateness = self._estimator.probabilities(table), self._estimator.quantiles(table)
        effects = np.stack([now - self._without(table, index) for index in range(table.shape[1])], axis=2)
        return list(map(Forecast, now.tolist(), lateness.tolist(), effects.tolist()))

    def _without(self, table: Any, index: int) -> Any:
        neutral = table.copy()
        neutral[:, index] = NEUTRAL_VALUES[index]
        return self._estimator.probabilities(neutral)


def _model_alone(described: dict[str, Any], repetitions: int) -> list[Result]:
    """The probabilities of one estimator, exported and asked through onnxruntime, and asked by `predict_proba`."""
    found = moments(made_up(101, TRAINING_CUSTOMERS), AS_OF, NO_OFFSETS)
    estimator = fit([], found)
    with TemporaryDirectory() as place:
        folder_of = Path(place)
        content = to_onnx(estimator)
        (folder_of / MODEL_FILE).write_bytes(content)
        record = described | {"sha256": sha256(content).hexdigest()}
        (folder_of / RECORD_FILE).write_text(json.dumps(record), encoding="utf-8")
        session = OnnxScorer(folder_of).session
    many = np.resize(rows_of(found), (MANY_ROWS, len(FEATURE_NAMES)))
    results: list[Result] = []
    for rows, calls, name, least in ((many[:1].copy(), CALLS, "one_row", 50.0), (many, 3, "10000_rows", 1.4)):

        def served(rows: Any = rows, calls: int = calls) -> None:
            for _ in range(calls):
                session.run([PROBABILITIES], {INPUT: rows})

        def asked(rows: Any = rows, calls: int = calls) -> None:
            for _ in range(calls):
                estimator.probabilities(rows)

        mine, other = rates(calls * len(rows), repetitions, served, asked)
        flags = (f"less than {least} times as fast",) if mine.median < least * other.median else ()
        what = f"rows a second, {len(rows)} in a call, three probabilities each, one thread"
        results.append(
            Entry(f"predict_{name}", what, "rows/s", mine, "scikit-learn's predict_proba", other, flags=flags)
        )
    return results


def bench(repetitions: int) -> list[Result]:
    """Three rivals, each in turn with ours; the last two do all that ours does. And the model alone."""
    accounts = portfolio(CUSTOMERS).open_accounts
    facts = [invoice_facts(account) for account in accounts]
    scorer = OnnxScorer(folder("model_artifacts") / "late_payment")
    row_by_row, scikit_learn = RowByRow(scorer), ScikitLearn(scorer.model)
    invoices = len(_rows(facts))
    gc.collect()
    gc.freeze()  # a portfolio in memory is not the function's: walking over it is no cost of scoring
    rivals = {
        "without_reasons": ("one onnxruntime call for all; no reasons", lambda: scorer.probabilities(_rows(facts))),
        "row_by_row": (
            "the same, reasons too, one onnxruntime call a row",
            lambda: score_customers(facts, AS_OF, row_by_row),
        ),
        "scikit_learn": (
            "the same, reasons too, asking scikit-learn",
            lambda: score_customers(facts, AS_OF, scikit_learn),
        ),
    }
    found: list[Result] = _model_alone(scorer.record, repetitions)

    def score() -> list[CustomerScore]:
        return score_customers(facts, AS_OF, scorer)

    def score_and_the_rest() -> None:
        for account, own, one in zip(accounts, facts, score(), strict=True):
            segment_of(one.known)
            expected_of(account, own, one)

    for name, (alternative, work) in rivals.items():
        mine, other = rates(invoices, repetitions, score, work, time.process_time)
        cost = _cost(mine, len(facts))
        found.append(Entry(f"score_vs_{name}", WHAT, "invoices/s", mine, alternative, other, cost, _slow(mine)))
    mine, other = rates(invoices, repetitions, score_and_the_rest, score, time.process_time)
    what, cost = f"{WHAT}, segments, and what of the past due will come in", _cost(mine, len(facts))
    alternative = "the scores and reasons alone"
    found.append(Entry("score_segment_and_recovery", what, "invoices/s", mine, alternative, other, cost))
    return found


def _slow(ours: Spread) -> tuple[str, ...]:
    return (f"less than {LEAST_A_SECOND:,} a second",) if ours.median < LEAST_A_SECOND else ()


def _cost(ours: Spread, accounts: int) -> str:
    return f"{1000 / ours.median:.2f} ms of one core an open invoice, {accounts} accounts in one call"


def _rows(facts: list[Any]) -> list[tuple[float, ...]]:
    found = []
    for invoices in facts:
        customer = customer_features(invoices, AS_OF)
        found += [invoice_features(one, customer) for one in invoices if one.settled_on is None]
    return found
