"""How much of what is past due will come in within 30, 60 and 90 days, and why.

Each invoice that is past due has, for each of the next three months, a chance to be settled in that month if it was not
before: a logistic model of how the customer pays, how long nothing has come, and what was done so far. The chances of
a later day are never below those of an earlier one. What is expected of an account is the sum over its invoices, by
currency: the value by which the worklist is ordered.

The model was learned by `model_artifacts.recovery.train` and is kept as data (`recovery.json`).
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from hashlib import sha256
from math import exp, log1p
from operator import mul
from pathlib import Path
from typing import NamedTuple

from dunwell.scoring.actions import Action, Actions, actions_at
from dunwell.scoring.assessment import Recovery, ScoreReason
from dunwell.scoring.behaviour import bent
from dunwell.scoring.delivery import code_of
from dunwell.scoring.facts import InvoiceFacts
from dunwell.scoring.features import FEATURE_NAMES, CustomerFeatures, features_of, invoice_features
from dunwell.scoring.habit import MAX_TERMS_DAYS
from dunwell.scoring.known import Known
from dunwell.scoring.model_data import list_of, mapping_of, numbers_of, text_of, texts_of
from dunwell.scoring.ports import ModelDataError, identity_of
from dunwell.scoring.segments import UNKNOWN_WAIT_DAYS, silence

RECOVERY_FILE = Path(__file__).with_name("recovery.json")
RECOVERY_DAYS = (30, 60, 90)
MONTH_DAYS = 30
LONGEST_DAYS = 730
MAX_REASONS = 3
MIN_EFFECT = 0.01  # one percentage point: less is not a reason
MILLION = 1_000_000
MAX_EXPONENT = 30.0

_OTHER_OVERDUE_SHARE = FEATURE_NAMES.index("other_overdue_share")

# Above its neutral value, and below it.
WORDS: dict[str, tuple[str, str]] = {
    "own_pace": (
        "Going by how this customer pays, this debt should be paid sooner than most.",
        "Going by how this customer pays, this debt should be paid later than most.",
    ),
    "overdue_months": ("The debt is older than most.", "The debt is fresher than most."),
    "silence": ("Nothing has been paid for unusually long.", "The last payment is not unusually long ago."),
    "unpaid_months": ("Nothing has been paid yet, a month and more after it was due.", ""),
    "other_overdue_share": ("Other invoices are past due as well.", "Little or nothing else is past due."),
    "messages": ("Several messages have brought nothing so far.", "Few messages have reached the customer so far."),
    "fresh_contact": ("The customer was reached lately.", "The customer has not been reached lately."),
    "warned": ("The last warning has gone out and brought nothing yet.", "The last warning is still to come."),
    "in_case": ("The case is with an agent already.", "No agent has taken it up yet."),
    "no_answers": ("Calls were not answered.", "No call has gone unanswered."),
    "promise_open": ("A promised day of payment is still to come.", "No promise to pay is open."),
    "promises_kept": ("The customer kept a promise to pay.", "No promise has been kept lately."),
    "promises_broken": ("The customer broke a promise to pay.", "No promise has been broken lately."),
}
# Of somebody who has paid nothing yet: there is no way of paying to go by, only what is usual; of silence, which is
# neutral then, nothing is said.
WORDS_WITHOUT_HISTORY: dict[str, tuple[str, str]] = {
    **WORDS,
    "own_pace": (
        "A debt like this one is usually paid sooner than most.",
        "A debt like this one is usually paid later than most.",
    ),
    "silence": ("", ""),
}
RECOVERY_FEATURES = tuple(WORDS)
ACTION_FEATURES = RECOVERY_FEATURES[RECOVERY_FEATURES.index("messages") :]
_SILENCE = RECOVERY_FEATURES.index("silence")


class PastDue(NamedTuple):
    """An invoice past due and what may be asked for it (minor units): the undisputed rest. `row` holds the invoice's
    features where they have been worked out already.
    """

    invoice: InvoiceFacts
    amount_minor: int
    row: Sequence[float] | None = None


class Debtor(NamedTuple):
    """What all invoices of a customer share: what is known, and the features of the same name. `silence` is None of
    who has paid nothing yet: nobody knows what is usual for them.
    """

    known: Known
    features: CustomerFeatures
    silence: float | None
    unpaid_months: float


def debtor_of(known: Known, features: CustomerFeatures | None = None) -> Debtor:
    """Sums up a customer; `features` where they have been worked out of `known` already."""
    since, wait, oldest_days, _ = silence(known)
    customer = features or features_of(known)
    if since is None:
        beyond = min(LONGEST_DAYS, oldest_days) - MONTH_DAYS
        return Debtor(known, customer, None, log1p(max(0, beyond) / MONTH_DAYS))
    beyond = min(LONGEST_DAYS, since) - (UNKNOWN_WAIT_DAYS if wait is None else wait)
    return Debtor(known, customer, bent(max(0, beyond)), 0.0)


@dataclass(frozen=True, slots=True)
class RecoveryModel:
    """What was learned, month by month: an intercept and a weight a feature; `neutral` are the features' usual values,
    which stand in for actions that are not known and which reasons are measured against.
    """

    version: str
    card_id: str
    neutral: tuple[float, ...]
    intercepts: tuple[float, ...]
    weights: tuple[tuple[float, ...], ...]
    sha256: str = ""  # of its file

    @property
    def identity(self) -> str:
        """Names this very model (`identity_of`)."""
        return identity_of(self.version, self.sha256)

    def within(self, months: Sequence[Sequence[float]]) -> list[float]:
        """The chances of settlement within 30, 60 and 90 days, for the features at the start of each month."""
        still_open, found = 1.0, []
        for row, intercept, weights in zip(months, self.intercepts, self.weights, strict=True):
            still_open *= 1 - _chance(self._log_odds(row, intercept, weights))
            found.append(1 - still_open)
        return found

    def effects(self, row: Sequence[float]) -> list[float]:
        """By feature: how much the chance within 30 days falls when the feature is set to neutral."""
        weights = self.weights[0]
        z = self._log_odds(row, self.intercepts[0], weights)
        now = _chance(z)
        return [
            0.0 if value == neutral else now - _chance(z - weight * (value - neutral))
            for value, neutral, weight in zip(row, self.neutral, weights, strict=True)
        ]

    @staticmethod
    def _log_odds(row: Sequence[float], intercept: float, weights: Sequence[float]) -> float:
        return sum(map(mul, weights, row), intercept)


@lru_cache(maxsize=1)
def learned() -> RecoveryModel:
    """The model that is deployed. ModelDataError when it cannot be read."""
    return read_recovery(RECOVERY_FILE)


def read_recovery(path: Path) -> RecoveryModel:
    """A model from its file. ModelDataError when it cannot be read."""
    try:
        content = path.read_bytes()
        return replace(read_model(content.decode()), sha256=sha256(content).hexdigest())
    except (OSError, ValueError, KeyError, ArithmeticError, RecursionError) as error:
        raise ModelDataError(f"{path} is no model of recovery ({error}). Deploy it again.") from error


def read_model(text: str) -> RecoveryModel:
    """A model from its file. ValueError when it was learned on other features, or has another form; KeyError when
    something is missing.
    """
    data = mapping_of(json.loads(text), "the model")
    if texts_of(data["features"], "features") != RECOVERY_FEATURES:
        raise ValueError("This recovery model was learned on other features: train it again.")
    months, count = len(RECOVERY_DAYS), len(RECOVERY_FEATURES)
    return RecoveryModel(
        text_of(data["version"], "version"),
        text_of(data["card_id"], "card_id"),
        numbers_of(data["neutral"], "neutral", count),
        numbers_of(data["intercepts"], "intercepts", months),
        tuple(numbers_of(row, "weights", count) for row in list_of(data["weights"], "weights", months)),
    )


def recovery(
    past_due: Iterable[PastDue],
    known: Known,
    actions: Mapping[str, Sequence[Action]] | None = None,
    model: RecoveryModel | None = None,
    features: CustomerFeatures | None = None,
) -> tuple[Recovery, ...]:
    """What is expected of an account's invoices past due, by currency, in the currencies' order.

    `known` is the customer's whole history, `actions` what was done by currency; None when that is not known, which is
    not the same as nothing. `features` are the customer's where they have been worked out of `known` already. Amounts
    of nothing are left out.
    """
    by_currency: dict[str, list[PastDue]] = {}
    for one in past_due:
        if one.amount_minor > 0:
            by_currency.setdefault(one.invoice.currency, []).append(one)
    if not by_currency:
        return ()
    by, debtor = model or learned(), debtor_of(known, features)
    return tuple(
        _of_currency(currency, owed, debtor, None if actions is None else actions.get(currency, ()), by)
        for currency, owed in sorted(by_currency.items())
    )


def months_of(one: PastDue, debtor: Debtor, done: Actions | None, model: RecoveryModel | None) -> list[list[float]]:
    """The features of an invoice past due, as of the start of each of the next three months if nothing changes.

    One definition for learning and serving. Without `done` the model's neutral values stand in, without a model nought.
    """
    (invoice, _, row), (known, customer, silent, unpaid_months) = one, debtor
    row = row or invoice_features(invoice, customer)
    overdue_days = min(LONGEST_DAYS, max(0, invoice.days_past_due(known.as_of)))
    usual = [
        0.0,
        log1p(overdue_days / MONTH_DAYS),
        (model.neutral[_SILENCE] if model else 0.0) if silent is None else silent,
        unpaid_months,
        row[_OTHER_OVERDUE_SHARE],
        *_done(done, model),
    ]
    terms = min(MAX_TERMS_DAYS, max(0, (invoice.due_on - invoice.issued_on).days))
    pace = customer.habit.shifted(customer.offsets[code_of(invoice.delivery)])
    months = []
    for month in range(len(RECOVERY_DAYS)):
        passed = overdue_days + month * MONTH_DAYS
        beyond = pace.log_odds_beyond((passed + MONTH_DAYS,), terms, terms + passed)[0]
        months.append([-beyond, *usual[1:]])
    return months


def _done(done: Actions | None, model: RecoveryModel | None) -> Sequence[float]:
    if done is None:
        return model.neutral[-len(ACTION_FEATURES) :] if model else (0.0,) * len(ACTION_FEATURES)
    return (
        log1p(done.messages),
        exp(-done.since_contact_days / 7),
        float(done.warned),
        float(done.in_case),
        log1p(done.no_answers),
        float(done.promise_open),
        float(min(2, done.promises_kept)),
        float(min(2, done.promises_broken)),
    )


def _of_currency(
    currency: str,
    owed: Sequence[PastDue],
    debtor: Debtor,
    actions: Sequence[Action] | None,
    model: RecoveryModel,
) -> Recovery:
    done = None if actions is None else actions_at(actions, debtor.known)
    total = sum([one.amount_minor for one in owed])
    expected, effects = [0, 0, 0], [0.0] * len(RECOVERY_FEATURES)
    heaviest: tuple[int, Sequence[float]] = (0, ())
    for one in owed:
        months = months_of(one, debtor, done, model)
        for column, chance in enumerate(model.within(months)):
            expected[column] += one.amount_minor * round(MILLION * chance)
        weight = one.amount_minor / total
        for index, effect in enumerate(model.effects(months[0])):
            effects[index] += effect * weight
        if one.amount_minor > heaviest[0]:
            heaviest = one.amount_minor, months[0]
    first, second, third = (_permille(one, MILLION * total) for one in expected)
    return Recovery(
        currency=currency,
        past_due_minor=total,
        permille_30=first,
        permille_60=second,
        permille_90=third,
        expected_30_minor=expected[0] // MILLION,
        expected_60_minor=expected[1] // MILLION,
        expected_90_minor=expected[2] // MILLION,
        reasons=_reasons(effects, heaviest[1], model, bool(debtor.known.settled), done is not None),
        model_version=model.identity,
        card_id=model.card_id,
    )


def _reasons(
    effects: Sequence[float], row: Sequence[float], model: RecoveryModel, has_paid: bool, with_actions: bool
) -> tuple[ScoreReason, ...]:
    """The largest effects, largest first, in the words of the heaviest invoice."""
    words = WORDS if has_paid else WORDS_WITHOUT_HISTORY
    counted = len(effects) if with_actions else len(effects) - len(ACTION_FEATURES)
    large = sorted(range(counted), key=lambda index: -abs(effects[index]))[:MAX_REASONS]
    return tuple(
        ScoreReason(
            words[RECOVERY_FEATURES[index]][0 if row[index] > model.neutral[index] else 1],
            RECOVERY_FEATURES[index],
            round(1000 * effects[index]),
        )
        for index in large
        if abs(effects[index]) >= MIN_EFFECT
    )


def _permille(part: int, whole: int) -> int:
    """Rounded half up, in whole numbers: the amounts may be too large for a float."""
    return (2 * 1000 * part + whole) // (2 * whole)


def _chance(log_odds: float) -> float:
    bounded = -MAX_EXPONENT if log_odds < -MAX_EXPONENT else MAX_EXPONENT if log_odds > MAX_EXPONENT else log_odds
    return 1 / (1 + exp(-bounded))
