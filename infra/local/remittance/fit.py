"""Fits the weights on lines with known answers, calibrates on others, and chooses the threshold there.

1. Every draft of every training line is one row; it is labelled right when customer, invoices and cash are the truth's.
   A logistic regression with a mild ridge gives the weights: the log odds of a draft seen alone.
2. Of each calibration line, the best draft's log odds against all its rivals and against nothing being right: a second
   logistic regression with slope and intercept alone makes them the frequencies seen there.
3. The threshold is the lowest at which no stricter one is worse than ``AIM`` on the calibration lines.
"""

import math
from collections.abc import Sequence
from dataclasses import replace

from sklearn.linear_model import LogisticRegression

from dunwell.remittance.drafts import Draft, drafts
from dunwell.remittance.evidence import gather
from dunwell.remittance.scoring import Model, features, margin, score
from dunwell.remittance.tolerances import Tolerances
from infra.local.remittance.evaluate import CUSTOMERS, LINES, Answer, answers, engine, quality, says_the_truth
from infra.local.remittance.lines import Maker, Truth

AIM = 0.998
Row = tuple[dict[str, float], bool]


def fit(train: Sequence[int], calibrate: Sequence[int], lines: int = LINES, customers: int = CUSTOMERS) -> Model:
    """A model from two sets of seeds, which no measurement may use again."""
    alone = _weights([row for seed in train for row in _rows(seed, lines, customers)])
    slope, intercept = _calibration(alone, calibrate, lines, customers)
    model = replace(alone, slope=slope, intercept=intercept)
    found = [one for seed in calibrate for one in answers(seed, engine(model), lines, customers)]
    return replace(model, apply_permille=threshold(found))


def _lines_with_drafts(seed: int, lines: int, customers: int) -> list[tuple[list[Draft], Truth]]:
    maker, tolerances = Maker(seed, customers), Tolerances()
    return [
        (drafts(gather(line, maker.world.index), tolerances), truth)
        for line, truth in maker.lines(lines)
        if line.amount_minor > 0
    ]


def _right(draft: Draft, truth: Truth) -> bool:
    return says_the_truth(draft.standing.payer.customer_id, draft.settlement.allocations, truth)


def _rows(seed: int, lines: int, customers: int) -> list[Row]:
    made = _lines_with_drafts(seed, lines, customers)
    return [(features(draft), _right(draft, truth)) for many, truth in made for draft in many]


def _weights(rows: Sequence[Row]) -> Model:
    names = sorted(rows[0][0])
    table = [[row[name] for name in names] for row, _ in rows]
    fitted = LogisticRegression(C=3.0, max_iter=2000).fit(table, [right for _, right in rows])
    weights = {name: round(float(one), 4) for name, one in zip(names, fitted.coef_[0], strict=True)}
    return Model(weights, round(float(fitted.intercept_[0]), 4))


def _calibration(model: Model, seeds: Sequence[int], lines: int, customers: int) -> tuple[float, float]:
    logits, labels = [], []
    for many, truth in (one for seed in seeds for one in _lines_with_drafts(seed, lines, customers)):
        if many:
            odds = [math.exp(min(score(draft, model), 30.0)) for draft in many]
            best = max(range(len(odds)), key=odds.__getitem__)
            logits.append([max(-30.0, min(30.0, margin(odds[best], 1.0 + sum(odds) - odds[best])))])
            labels.append(_right(many[best], truth))
    fitted = LogisticRegression(C=1e6).fit(logits, labels)
    return round(float(fitted.coef_[0][0]), 4), round(float(fitted.intercept_[0]), 4)


def threshold(found: Sequence[Answer]) -> int:
    """The lowest threshold from which on precision stays at the aim (permille)."""
    lowest = 1000
    for permille in range(999, 499, -1):
        measured = quality(found, permille)
        if measured.applied and measured.precision < AIM:
            break
        lowest = permille
    return lowest
