"""How sure a draft is: a logistic model whose weights were fitted on lines with known answers, kept as data.

``python -m infra.local.remittance`` fits it, chooses the threshold on other lines, and measures it on third ones.
"""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from dunwell.remittance.amounts import Fit
from dunwell.remittance.drafts import Draft, Way
from dunwell.remittance.references import Level

WEIGHTS_FILE = Path(__file__).with_name("weights.json")


@dataclass(frozen=True, slots=True)
class Model:
    """Weights by feature, what turns a line's best score into a probability, and where the decisions lie.

    Attributes:
        slope, intercept: of the best draft's log odds against its rivals, so that 900 permille are right 9 times in 10.
    """

    weights: Mapping[str, float]
    bias: float
    slope: float = 1.0
    intercept: float = 0.0
    apply_permille: int = 990
    suggest_permille: int = 100


@lru_cache(maxsize=1)
def fitted() -> Model:
    """The model that is deployed."""
    data = json.loads(WEIGHTS_FILE.read_text(encoding="utf-8"))
    return Model(**{name: data[name] for name in Model.__slots__})


def features(draft: Draft) -> dict[str, float]:
    """What speaks for and against a draft, as numbers from 0 to about 1."""
    return {**_of_text(draft), **_of_payer(draft), **_of_amount(draft)}


def _of_text(draft: Draft) -> dict[str, float]:
    many = len(draft.levels)
    share = {level: sum(1 for one in draft.levels if one is level) / many for level in Level}
    return {
        "text_full": share[Level.FULL],
        "text_core": share[Level.CORE],
        "text_confused": share[Level.CONFUSED],
        "text_twins": share[Level.TWINS],
        "text_typo": share[Level.TYPO],
        "text_range": share[Level.RANGE],
        "text_suffix": share[Level.SUFFIX],
        "text_outdone": float(draft.outdone),
        "text_unexplained": min(draft.unexplained, 3) / 3,
        "text_settled": float(draft.settled_named),
        "text_deducts": float(draft.deducts),
        "text_in_advance": float(draft.in_advance),
        "text_unnamed": float(not any(draft.levels)),
    }


def _of_payer(draft: Draft) -> dict[str, float]:
    standing = draft.standing
    name = standing.name_permille
    return {
        "payer_account": float(standing.account_times > 0),
        "payer_account_often": float(standing.account_times > 2),
        "payer_account_others": float(standing.account_others > 0),
        "payer_name_same": float(name is not None and name >= 950),
        "payer_name_alike": float(name is not None and 600 <= name < 950),
        "payer_name_other": float(name is not None and name < 300),
        "payer_number": float(standing.number_named),
    }


def _of_amount(draft: Draft) -> dict[str, float]:
    fit, named, several = draft.settlement.fit, any(draft.levels), len(draft.invoices) > 1
    over = draft.settlement.unapplied_minor / (
        draft.settlement.unapplied_minor + sum(one.open_minor for one in draft.invoices)
    )
    fits = {f"amount_{kind}": float(fit is kind) for kind in Fit}
    return fits | {
        "amount_exact_unnamed": float(fit is Fit.EXACT and not named),
        "amount_exact_several": float(fit is Fit.EXACT and several),
        "amount_partial_several": float(fit is Fit.PARTIAL and several),
        "amount_over_share": over,
        "amount_over_little": float(0 < over < 0.1),
        "amount_over_named": float(over > 0 and all(draft.levels)),
        "amount_fee_named": float(fit is Fit.FEE and all(draft.levels)),
        "amount_chance": min(draft.chance_permille, 200) / 200,
        "amount_repeat": float(draft.repeat),
        "amount_ambiguous": float(draft.ambiguous),
        "amount_of_many": math.log2(draft.open_count) / 6,
        "way_subset": float(draft.way is Way.SUBSET),
        "way_all": float(draft.way is Way.ALL),
        "way_oldest": float(draft.way is Way.OLDEST),
        "way_completed": float(draft.way is Way.COMPLETED),
    }


def score(draft: Draft, model: Model) -> float:
    """Log odds of a draft seen alone."""
    return model.bias + sum(model.weights.get(name, 0.0) * value for name, value in features(draft).items() if value)


def confidences(scores: Sequence[float], model: Model) -> list[int]:
    """Permille of each draft against all others and against none of them being right."""
    odds = [math.exp(min(one, 30.0)) for one in scores]
    total = 1.0 + sum(odds)
    return [_calibrated(mine, total - mine, model) for mine in odds]


def margin(mine: float, rest: float) -> float:
    """Log odds of one draft against the rest; ``rest`` includes 1 for nothing being right."""
    return math.log(max(mine, 1e-12)) - math.log(max(rest, 1e-12))


def _calibrated(mine: float, rest: float, model: Model) -> int:
    logit = model.slope * margin(mine, rest) + model.intercept
    return int(1000 / (1 + math.exp(-max(-30.0, min(30.0, logit)))))
