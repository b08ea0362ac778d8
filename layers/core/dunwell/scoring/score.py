"""Scores: how likely each open invoice is to be late, how risky the customer is, and why.

The probability asked for is the next milestone of the invoice: late at all while it is not yet past due,
then more than 30, then more than 90 days late. The customer's risk is the share of the open balance
expected to be more than 30 days late, taken within each currency; the worst currency counts, since
currencies are never netted. What is in dispute does not count in it, unless all is: then nothing can be said but how
the invoices would do once the disputes are over. Days in dispute are no days late.

When an invoice will be settled is given as a day with an interval that four in five settlements fall into. No
day is before `as_of`: what has not been settled yet cannot have been settled earlier. Where the model was taught
nothing of an invoice like this one there is no day (`settlement`).
"""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from datetime import date
from itertools import chain
from math import sqrt
from typing import NamedTuple

from dunwell.scoring.facts import InvoiceFacts
from dunwell.scoring.features import DAYS_OVERDUE, HORIZONS_DAYS, CustomerFeatures, features_of, invoice_features
from dunwell.scoring.known import Known, known_at
from dunwell.scoring.outside import Told
from dunwell.scoring.ports import TAUGHT_TERMS_DAYS, Forecast, ModelVersion, Scorer
from dunwell.scoring.reasons import MIN_EFFECT, Reason, main_reasons

RISK_HORIZON_DAYS = 30
INVOICES_PER_CALL = 2_000  # bounds the memory of one call: about 4 KB an invoice
CUSTOMERS_AT_ONCE = 100
"""Each step is done for so many customers before the next. That keeps its code in the processor's cache, and with no
more of them what the last step left there too: both together are worth a third of the time."""
LONGEST_DAYS = 3_650
NEEDS_RAISING = 0.3  # from such a risk on, something that raises it is among its reasons
Days = tuple[date, date, date]
"""Earliest, expected, latest."""
_NO_DAYS = (None, None, None)


class InvoiceScore(NamedTuple):
    """An open invoice's score. `probabilities` follow the model's horizons; `horizon_days` is the next
    milestone, the one the reasons are for, None when the invoice is past them all: then they are for its certainty.
    Settlement is expected on `expected_on`, in four cases of five between `earliest_on` and `latest_on`; all three are
    None where the model cannot say. `held`: it is wholly in dispute.
    """

    invoice_id: str
    currency: str
    amount_minor: int
    days_past_due: int
    probabilities: tuple[float, ...]
    horizon_days: int | None
    reasons: tuple[Reason, ...]
    expected_on: date | None
    earliest_on: date | None
    latest_on: date | None
    issued_on: date
    due_on: date
    row: tuple[float, ...]  # the features
    held: bool


class CustomerScore(NamedTuple):
    """A customer's score. `risk` runs from 0 to 1, of `risk_currency`; both are None when nothing is open. `known` and
    `shared` are what it was worked out from, for whoever goes on from there; `shared` is None when nothing is open.
    """

    as_of: date
    risk: float | None
    risk_currency: str | None
    reasons: tuple[Reason, ...]
    invoices: tuple[InvoiceScore, ...]
    model: ModelVersion
    known: Known
    shared: CustomerFeatures | None


class _Asked(NamedTuple):
    """An invoice with the model's answer. `behind` counts the horizons it has passed."""

    invoice: InvoiceFacts
    weight: int  # what of its amount is not in dispute; an invoice over nothing still shows a habit
    row: tuple[float, ...]
    past_due_days: int
    behind: int
    found: Forecast
    told: Told | None = None

    def at(self, column: int) -> float:
        """The probability for a horizon: certain once passed."""
        return 1.0 if column < self.behind else self.found.probabilities[column]

    def effects(self, column: int) -> Sequence[float]:
        """By feature: how much the probability falls without it. What is certain is so because it is past due, and
        nothing else moves it.
        """
        effects = self.found.effects[column]
        if column >= self.behind:
            return effects
        certain = [0.0] * len(effects)
        certain[DAYS_OVERDUE] = max(MIN_EFFECT, 1.0 - self.found.probabilities[column] + effects[DAYS_OVERDUE])
        return certain


def score_customers(
    customers: Sequence[Sequence[InvoiceFacts]], as_of: date, scorer: Scorer, told: Sequence[Told] = ()
) -> list[CustomerScore]:
    """Scores customers and their open invoices, in their order, as known at `as_of` with what happened on that day so
    far, in as few calls of the model as memory allows. Each comes with all its invoices: those issued after `as_of` are
    left out, one settled after it counts as open. `told`: what figures beside the ledger say of each, for a model that
    was trained on them.
    """
    said: Sequence[Told | None] = told or [None] * len(customers)
    found: list[CustomerScore] = []
    for start in range(0, len(customers), CUSTOMERS_AT_ONCE):
        some = slice(start, start + CUSTOMERS_AT_ONCE)
        found += _scored_together(customers[some], as_of, scorer, said[some])
    return found


def _scored_together(
    customers: Sequence[Sequence[InvoiceFacts]], as_of: date, scorer: Scorer, told: Sequence[Told | None]
) -> list[CustomerScore]:
    model = scorer.model
    column = model.horizons_days.index(RISK_HORIZON_DAYS)
    known = [known_at(facts, as_of, as_of) for facts in customers]
    still_open = [one.open + one.held if one.held else one.open for one in known]
    shared = [features_of(one, model.delivery) if own else None for one, own in zip(known, still_open, strict=True)]
    asked = _asked(still_open, shared, as_of, scorer, told)
    invoices = [tuple([_invoice_score(one, as_of, model) for one in own]) for own in asked]
    risks = [_risk(own, column) for own in asked]
    return [
        CustomerScore(
            as_of=as_of,
            risk=risks[number][0],
            risk_currency=risks[number][1],
            reasons=_customer_reasons(asked[number], invoices[number], risks[number], column),
            invoices=invoices[number],
            model=model,
            known=known[number],
            shared=shared[number],
        )
        for number in range(len(customers))
    ]


def _asked(
    still_open: Sequence[Sequence[InvoiceFacts]],
    shared: Sequence[CustomerFeatures | None],
    as_of: date,
    scorer: Scorer,
    told: Sequence[Told | None],
) -> list[list[_Asked]]:
    """The model's answers by customer."""
    rows = [
        [invoice_features(invoice, customer) for invoice in own] if customer else []
        for own, customer in zip(still_open, shared, strict=True)
    ]
    asked = [[row + one.row for row in own] if one else own for own, one in zip(rows, told, strict=True)]
    forecasts = _forecasts(list(chain.from_iterable(asked)), scorer)
    horizons = scorer.model.horizons_days
    return [
        [
            _Asked(
                invoice,
                weight,
                row,
                past_due_days := invoice.days_past_due(as_of),
                bisect_left(horizons, past_due_days),
                one,
                said,
            )
            for invoice, weight, row, one in zip(own, _weights(own, as_of), own_rows, forecasts, strict=False)
        ]
        for own, own_rows, said in zip(still_open, rows, told, strict=True)
    ]


def _weights(own: Sequence[InvoiceFacts], as_of: date) -> list[int]:
    """What each invoice counts in the risk: what is not in dispute of it; where all of everything is, its amount."""
    amounts = [one.amount_minor or 1 for one in own]
    if not any(one.held or one.contested_minor for one in own):
        return amounts
    free = [
        0 if one.held and one.is_held(as_of) else max(1, amount - one.contested_minor)
        for one, amount in zip(own, amounts, strict=True)
    ]
    return free if any(free) else amounts


def _forecasts(rows: Sequence[Sequence[float]], scorer: Scorer) -> Iterator[Forecast]:
    for start in range(0, len(rows), INVOICES_PER_CALL):
        yield from scorer.forecasts(rows[start : start + INVOICES_PER_CALL])


def _invoice_score(asked: _Asked, as_of: date, model: ModelVersion) -> InvoiceScore:
    invoice, _, row, past_due_days, behind, found, told = asked
    horizons_days = model.horizons_days
    milestone = behind if behind < len(horizons_days) else None
    horizon = horizons_days[-1 if milestone is None else milestone]
    effects = asked.effects(-1) if milestone is None else found.effects[milestone]
    needs_raising = horizon == RISK_HORIZON_DAYS and found.probabilities[behind] >= NEEDS_RAISING
    terms_days = (invoice.due_on - invoice.issued_on).days
    days = _days(terms_days, past_due_days, as_of, found.lateness, model.longest_terms_days)
    earliest, expected, latest = days or _NO_DAYS
    return InvoiceScore(  # by position: fourteen names would cost as much as a reason
        invoice.invoice_id,
        invoice.currency,
        invoice.amount_minor,
        past_due_days,
        (1.0,) * behind + tuple(found.probabilities[behind:]),
        None if milestone is None else horizon,
        main_reasons((effects,), (row,), horizon, told, needs_raising),
        expected,
        earliest,
        latest,
        invoice.issued_on,
        invoice.due_on,
        row,
        bool(invoice.held) and invoice.is_held(as_of),
    )


def is_foreseen(terms_days: int, days_past_due: int, longest_terms_days: int) -> bool:
    """Whether a model that was taught terms of at most so many days can say when an open invoice is settled.

    It cannot past the last of its horizons: what it was taught ends there, and of made-up debt older than that
    one settlement in three and then none fell into its intervals. Nor where no time to pay was given, which
    lateness is measured by, or more of it than it was taught.
    """
    return 0 < terms_days <= longest_terms_days and days_past_due <= HORIZONS_DAYS[-1]


def settlement(
    invoice: InvoiceFacts, as_of: date, lateness: Sequence[float], longest_terms_days: int = TAUGHT_TERMS_DAYS
) -> Days | None:
    """The days on which an open invoice is settled by these quantiles of lateness on the root scale: earliest,
    expected, latest, none before `as_of`. None where it cannot be foreseen, and where the three are one day: then the
    quantiles cross, or the model held it for settled by now.
    """
    terms_days = (invoice.due_on - invoice.issued_on).days
    return _days(terms_days, invoice.days_past_due(as_of), as_of, lateness, longest_terms_days)


def _days(
    terms_days: int, past_due_days: int, as_of: date, lateness: Sequence[float], longest_terms_days: int
) -> Days | None:
    if not is_foreseen(terms_days, past_due_days, longest_terms_days):
        return None
    allowed, open_days, today = sqrt(terms_days), terms_days + past_due_days, as_of.toordinal()
    earliest, expected, latest = [
        today + (left if (left := min(LONGEST_DAYS, round(root * root)) - open_days) > 0 else 0)
        for root in [allowed + one if allowed + one > 0 else 0.0 for one in lateness]
    ]
    if earliest == latest:
        return None
    return date.fromordinal(earliest), date.fromordinal(expected), date.fromordinal(latest)


def _risk(asked: Sequence[_Asked], column: int) -> tuple[float | None, str | None]:
    if not asked:
        return None, None
    expected: dict[str, float] = {}
    balance: dict[str, int] = {}
    for one in asked:
        if weight := one.weight:
            currency = one.invoice.currency
            expected[currency] = expected.get(currency, 0.0) + weight * one.at(column)
            balance[currency] = balance.get(currency, 0) + weight
    riskiest = max(sorted(balance), key=lambda currency: expected[currency] / balance[currency])
    return expected[riskiest] / balance[riskiest], riskiest


def _customer_reasons(
    asked: Sequence[_Asked],
    scores: Sequence[InvoiceScore],
    risk: tuple[float | None, str | None],
    column: int,
) -> tuple[Reason, ...]:
    """What neutralising a feature in all of the currency's invoices changes in the risk."""
    if len(asked) == 1 and asked[0].behind == column:  # its next milestone is the risk's own: the same reasons
        return scores[0].reasons
    level, currency = risk
    counted = [one for one in asked if one.invoice.currency == currency and one.weight]
    if level is None or not counted:
        return ()
    total = sum([one.weight for one in counted])
    parts = [_weighted(one.effects(column), one.weight / total) for one in counted]
    rows, told = [one.row for one in counted], counted[0].told
    return main_reasons(parts, rows, RISK_HORIZON_DAYS, told, level >= NEEDS_RAISING)


def _weighted(effects: Sequence[float], weight: float) -> Sequence[float]:
    return effects if weight == 1 else [weight * effect for effect in effects]
