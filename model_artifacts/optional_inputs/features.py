"""The optional inputs as features of an invoice at a moment: a value and whether there was one.

Region is measured and not meant to be served: where somebody lives can stand for ethnicity, as industry and size may
for who owns a small business. An operator who wants them computes the adverse impact ratio first.
"""

from collections.abc import Sequence
from datetime import date

from model_artifacts.optional_inputs.figures import Figures

INDUSTRIES = ("construction", "retail", "services", "transport")
REGIONS = ("east", "north", "south", "west")
SERIES = ("industry_payment_trend", "insolvency_rate", "unemployment")
# Input → how many features it makes.
GROUPS: dict[str, int] = {
    "credit_score": 2,
    "industry": len(INDUSTRIES),
    "size": 2,
    "region": len(REGIONS),
    "tenure_years": 2,
    **dict.fromkeys(SERIES, 2),
}


def optional_features(customer_id: str, figures: Figures, as_of: date) -> list[float]:
    """What was published before a day about the customer, its industry and everybody, in the order of `GROUPS`."""
    industry = figures.word(customer_id, "industry", as_of)
    region = figures.word(customer_id, "region", as_of)
    return [
        *_known(figures.number(customer_id, "credit_score", as_of), 650, 100),
        *_one_of(industry, INDUSTRIES),
        *_known(figures.number(customer_id, "size", as_of), 3, 1),
        *_one_of(region, REGIONS),
        *_known(figures.number(customer_id, "tenure_years", as_of), 5, 5),
        *_known(figures.number(industry or "", SERIES[0], as_of), 0, 1),
        *_known(figures.number("", SERIES[1], as_of), 0, 1),
        *_known(figures.number("", SERIES[2], as_of), 0, 1),
    ]


def columns_of(group: str) -> slice:
    """Where an input's features are."""
    names = list(GROUPS)
    start = sum(GROUPS[name] for name in names[: names.index(group)])
    return slice(start, start + GROUPS[group])


def _known(value: float | None, usual: float, step: float) -> tuple[float, float]:
    return (0.0, 0.0) if value is None else (max(-5.0, min(5.0, (value - usual) / step)), 1.0)


def _one_of(word: str | None, words: Sequence[str]) -> list[float]:
    return [float(word == one) for one in words]
