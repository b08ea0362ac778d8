"""Why a score is what it is, in words the customer can read.

A feature's part in a score is what setting it to its neutral value would change. The model answers with these
parts, which are exact for its form; whoever doubts a reason can repeat it.
"""

from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple

from dunwell.scoring.features import DAYS_OVERDUE, FEATURE_NAMES, NEUTRAL_VALUES
from dunwell.scoring.outside import Told

MAX_REASONS = 4
MIN_EFFECT = 0.005  # half a percentage point: less is not a reason

_HAS_HISTORY = FEATURE_NAMES.index("has_history")
_DAYS_TO_DUE = FEATURE_NAMES.index("days_to_due")


class Reason(NamedTuple):
    """One feature's part in a score: `effect` is how much the probability falls (positive: the feature
    raises it) when the feature is set to neutral.
    """

    feature: str
    direction: Literal["raises", "lowers"]
    effect: float
    words: str


# Above its neutral value, and below it.
_WORDS: dict[str, tuple[str, str]] = {
    "has_history": (
        "There is a payment history.",
        "No invoice has been paid yet, so there is no history to go by.",
    ),
    "settled_count": ("Many invoices have been paid so far.", "Few invoices have been paid so far."),
    "late_ratio": (
        "Past invoices were often paid after their due date.",
        "Past invoices were mostly paid by their due date.",
    ),
    "recent_late_ratio": (
        "Recent invoices were often paid after their due date.",
        "Recent invoices were mostly paid by their due date.",
    ),
    "late_ratio_with_open": (
        "Counting those not paid, invoices often go past their due date.",
        "Counting those not paid, few invoices go past their due date.",
    ),
    "mean_days_late": (
        "On average, past invoices were paid after their due date.",
        "On average, past invoices were paid before their due date.",
    ),
    "median_days_late": (
        "The typical past invoice was paid after its due date.",
        "The typical past invoice was paid before its due date.",
    ),
    "recent_days_late": (
        "The last few invoices were paid after their due date.",
        "The last few invoices were paid before their due date.",
    ),
    "days_late_spread": (
        "The time taken to pay has varied a lot.",
        "The time taken to pay has been steady.",
    ),
    "days_late_trend": (
        "The last few invoices were paid later than earlier ones.",
        "The last few invoices were paid sooner than earlier ones.",
    ),
    "long_late_ratio": (
        "Past invoices were often more than 30 days late.",
        "Past invoices were rarely more than 30 days late.",
    ),
    "habit_level": (
        "This account usually pays later than most.",
        "This account usually pays sooner than most.",
    ),
    "recent_habit_level": (
        "This account has lately paid later than most.",
        "This account has lately paid sooner than most.",
    ),
    "habit_spread": (
        "The time taken to pay has varied a lot.",
        "The time taken to pay has been steady.",
    ),
    "late_from_here": (
        "Going by past payments, an invoice open as long as this one is likely to be paid late.",
        "Going by past payments, an invoice open as long as this one is likely to be paid on time.",
    ),
    "long_late_from_here": (
        "Going by past payments, an invoice open as long as this one may be paid more than 30 days late.",
        "Going by past payments, an invoice open as long as this one is unlikely to be over 30 days late.",
    ),
    "very_late_from_here": (
        "Going by past payments, an invoice open as long as this one may be paid more than 90 days late.",
        "Going by past payments, an invoice open as long as this one is unlikely to be over 90 days late.",
    ),
    "days_since_settlement": ("The last payment was some time ago.", "The last payment was recent."),
    "amount_ratio": (
        "The amount is larger than usual for this account.",
        "The amount is smaller than usual for this account.",
    ),
    "terms_days": ("The time allowed to pay is long.", "The time allowed to pay is short."),
    "due_at_month_end": ("The invoice falls due at the end of a month.", ""),
    "due_on_weekend": ("The invoice falls due on a weekend.", ""),
    "days_to_due": ("There is still time before the invoice falls due.", "The invoice falls due soon."),
    "days_overdue": ("The invoice is past its due date.", ""),
    "other_open_count": ("Several other invoices are open.", "No other invoice is open."),
    "other_overdue_count": ("Other invoices are past their due date.", ""),
    "other_overdue_share": ("A large part of the other open invoices is past due.", ""),
    "other_oldest_overdue_days": ("Another invoice has been past due for some time.", ""),
    "delivery_log_odds": (
        "Invoices sent the way this one was are usually paid later.",
        "Invoices sent the way this one was are usually paid sooner.",
    ),
    "delivery_lateness": (
        "Invoices sent the way this one was are usually paid later.",
        "Invoices sent the way this one was are usually paid sooner.",
    ),
}

# Of somebody who has paid nothing yet: there are no past payments to go by, only what is usual.
_WORDS_WITHOUT_HISTORY: dict[str, tuple[str, str]] = {
    "settled_count": ("", _WORDS["has_history"][1]),
    "late_from_here": (
        "An invoice open as long as this one is often paid late.",
        "An invoice open no longer than this one is mostly paid on time.",
    ),
    "long_late_from_here": (
        "An invoice open as long as this one is often paid more than 30 days late.",
        "An invoice open no longer than this one is rarely paid more than 30 days late.",
    ),
    "very_late_from_here": (
        "An invoice open as long as this one may be paid more than 90 days late.",
        "An invoice open no longer than this one is rarely paid more than 90 days late.",
    ),
}

# Of what is a fact already, by the horizon that was asked about.
_WORDS_WHEN_PASSED: dict[int, str] = {
    30: "An invoice is already more than 30 days past due.",
    90: "The invoice is already more than 90 days past due.",
}

SENTENCES: Mapping[str, str] = {
    text: f"{name}.{side}"
    for name, texts in reversed(
        [
            *_WORDS.items(),
            *((f"{name}_unpaid", texts) for name, texts in _WORDS_WITHOUT_HISTORY.items()),
            *((f"passed_{days}", (text, "")) for days, text in _WORDS_WHEN_PASSED.items()),
        ]
    )
    for side, text in zip(("below", "above"), reversed(texts), strict=True)
    if text
}
"""Names of the sentences, for translations: the first feature that says it, and above or below its neutral value."""
_ABOVE_AND_BELOW = tuple(_WORDS[name] for name in FEATURE_NAMES)
_WITHOUT_HISTORY = tuple(_WORDS_WITHOUT_HISTORY.get(name, _WORDS[name]) for name in FEATURE_NAMES)


def main_reasons(
    parts: Sequence[Sequence[float]],
    rows: Sequence[Sequence[float]],
    horizon_days: int,
    told: Told | None = None,
    needs_raising: bool = False,
) -> tuple[Reason, ...]:
    """The up to four largest effects (one a feature), largest first, each wording once.

    Args:
        parts: the effects in each of the invoices that it is about, which are added: first those of the features, then
            those of what figures say.
        rows: the features of each; what is said of a feature is said of the invoice where it counts most.
        horizon_days: that an invoice is already late by more is a fact, and comes before all else.
        told: what figures say of the customer.
        needs_raising: that one of the reasons raises the score, if anything does, however little.
    """
    alone = len(parts) == 1
    effects = parts[0] if alone else list(map(sum, zip(*parts, strict=True)))
    large = [(-abs(effect), index) for index, effect in enumerate(effects) if not -MIN_EFFECT < effect < MIN_EFFECT]
    large.sort()
    fact = _fact(parts, rows, effects, horizon_days) if max([row[DAYS_OVERDUE] for row in rows]) > horizon_days else []
    chosen, texts = fact, [one.words for one in fact]
    for _, index in large:
        if told is None or index < len(FEATURE_NAMES):
            row = rows[0] if alone else rows[_heaviest(parts, index)]
            name, text = FEATURE_NAMES[index], words_for(index, row)
        else:
            name, text = told.said(index - len(FEATURE_NAMES))
        if text not in texts and not (fact and index == DAYS_OVERDUE):
            effect = effects[index]
            chosen.append(Reason(name, "raises" if effect > 0 else "lowers", effect, text))
            if len(chosen) == MAX_REASONS:
                break
            texts.append(text)
    if needs_raising and not any(one.effect > 0 for one in chosen):
        return _with_strongest(chosen, parts, rows, effects, told)
    return tuple(chosen)


def _fact(
    parts: Sequence[Sequence[float]], rows: Sequence[Sequence[float]], effects: Sequence[float], horizon_days: int
) -> list[Reason]:
    """That some are past due by more than the horizon already; nothing where these count for nothing."""
    late = [part[DAYS_OVERDUE] for part, row in zip(parts, rows, strict=True) if row[DAYS_OVERDUE] > horizon_days]
    effect = effects[DAYS_OVERDUE]
    if sum(late) < MIN_EFFECT or effect <= 0:
        return []
    return [Reason(FEATURE_NAMES[DAYS_OVERDUE], "raises", effect, _WORDS_WHEN_PASSED[horizon_days])]


def _with_strongest(
    chosen: Sequence[Reason],
    parts: Sequence[Sequence[float]],
    rows: Sequence[Sequence[float]],
    effects: Sequence[float],
    told: Told | None,
) -> tuple[Reason, ...]:
    """The reasons with the one that raises the score the most in place of the least of them, if any does."""
    index = max(range(len(effects)), key=effects.__getitem__)
    if (effect := effects[index]) <= 0:
        return tuple(chosen)
    if told is None or index < len(FEATURE_NAMES):
        name, text = FEATURE_NAMES[index], words_for(index, rows[_heaviest(parts, index)])
    else:
        name, text = told.said(index - len(FEATURE_NAMES))
    others = [one for one in chosen if one.words != text]
    return *others[: MAX_REASONS - 1], Reason(name, "raises", effect, text)


def _heaviest(parts: Sequence[Sequence[float]], index: int) -> int:
    """Which of several has the largest effect of a feature; of equals the first."""
    sizes = [abs(part[index]) for part in parts]
    return sizes.index(max(sizes))


def words_for(index: int, row: Sequence[float]) -> str:
    """What this feature says about the invoice, as a sentence."""
    if index == _DAYS_TO_DUE and row[DAYS_OVERDUE] > 0:
        index = DAYS_OVERDUE
    above, below = (_ABOVE_AND_BELOW if row[_HAS_HISTORY] else _WITHOUT_HISTORY)[index]
    return above if row[index] > NEUTRAL_VALUES[index] else below
