"""Scores: how likely each open invoice is to be late, how risky the customer is, and why.

The probability asked for is the next milestone of the invoice: late at all while it is not yet past due,
then more than 30, then more than 90 days late. The customer's risk is the share of the open balance
expected to be more than 30 days late, taken within each currency; the worst currency counts, since
currencies are never netted.

When an invoice will be settled is given as a day with an interval that four in five settlements fall into. No
day is before `as_of`: what has not been settled yet cannot have been settled earlier.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from itertools import islice
from math import sqrt
from typing import NamedTuple

from dunwell.scoring.facts import InvoiceFacts
from dunwell.scoring.features import FEATURE_NAMES, features_of, invoice_features
from dunwell.scoring.habit import MAX_TERMS_DAYS
from dunwell.scoring.known import Known, known_at
from dunwell.scoring.outside import Told
from dunwell.scoring.ports import Forecast, ModelVersion, Scorer
from dunwell.scoring.reasons import Reason, main_reasons, words_for
from dunwell.scoring.segments import Segment, segment_of

RISK_HORIZON_DAYS = 30
INVOICES_PER_CALL = 2_000  # bounds the memory of one call: about 4 KB an invoice
LONGEST_DAYS = 3_650


class InvoiceScore(NamedTuple):
    """An open invoice's score. `probabilities` follow the model's horizons; `horizon_days` is the next
    milestone, the one the reasons are for, None when the invoice is past them all. Settlement is expected
    on `expected_on`, in four cases of five between `earliest_on` and `latest_on`.
    """

    invoice_id: str
    currency: str
    amount_minor: int
    days_past_due: int
    probabilities: tuple[float, ...]
    horizon_days: int | None
    reasons: tuple[Reason, ...]
    expected_on: date
    earliest_on: date
    latest_on: date
    issued_on: date
    due_on: date
    row: tuple[float, ...]  # the features


class CustomerScore(NamedTuple):
    """A customer's score. `risk` runs from 0 to 1, of `risk_currency`; both are None when nothing is open."""

    as_of: date
    risk: float | None
    risk_currency: str | None
    reasons: tuple[Reason, ...]
    segment: Segment
    invoices: tuple[InvoiceScore, ...]
    model: ModelVersion


class _Asked(NamedTuple):
    """An invoice with the model's answer. `behind` counts the horizons it has passed."""

    invoice: InvoiceFacts
    weight: int  # its amount; an invoice over nothing still shows a habit
    row: tuple[float, ...]
    behind: int
    found: Forecast
    told: Told | None = None

    def at(self, column: int) -> float:
        """The probability for a horizon: certain once passed."""
        return 1.0 if column < self.behind else self.found.probabilities[column]

    def effects(self, column: int) -> Sequence[float]:
        """By feature: how much the probability falls without it; nothing moves what is certain."""
        return self.found.effects[column] if column >= self.behind else [0.0] * len(self.found.effects[0])

    def words(self, index: int) -> str:
        """What a feature, or an input from outside the ledger, says about the invoice."""
        if self.told is None or index < len(self.row):
            return words_for(index, self.row)
        return self.told.words(index - len(self.row))


def score_customer(facts: Sequence[InvoiceFacts], as_of: date, scorer: Scorer) -> CustomerScore:
    """Scores one customer's open invoices and the customer, as known at `as_of`. `facts` are all its
    invoices.
    """
    return score_customers([facts], as_of, scorer)[0]


def score_customers(
    customers: Sequence[Sequence[InvoiceFacts]], as_of: date, scorer: Scorer, told: Sequence[Told] = ()
) -> list[CustomerScore]:
    """Scores many customers, in their order, in as few calls of the model as memory allows. Invoices
    issued after `as_of` are left out; one settled after it counts as open. `told`: what figures beside the ledger say
    of each, for a model that was trained on them.
    """
    known = [known_at(facts, as_of) for facts in customers]
    asked = [
        (number, invoice, row)
        for number, facts in enumerate(customers)
        for invoice, row in _open_rows(facts, known[number])
    ]
    answers: dict[int, list[_Asked]] = defaultdict(list)
    horizons = scorer.model.horizons_days
    remaining = iter(asked)
    while batch := list(islice(remaining, INVOICES_PER_CALL)):
        rows = [row + told[number].row if told else row for number, _, row in batch]
        for (number, invoice, row), found in zip(batch, scorer.forecasts(rows), strict=True):
            behind = bisect_left(horizons, (as_of - invoice.due_on).days)
            own = told[number] if told else None
            answers[number].append(_Asked(invoice, max(1, invoice.amount_minor), row, behind, found, own))
    return [_customer_score(history, answers.get(number, []), scorer.model) for number, history in enumerate(known)]


def _open_rows(facts: Sequence[InvoiceFacts], known: Known) -> list[tuple[InvoiceFacts, tuple[float, ...]]]:
    as_of = known.as_of
    still_open = [
        invoice
        for invoice in facts
        if (invoice.settled_on is None or invoice.settled_on > as_of) and invoice.issued_on <= as_of
    ]
    customer = features_of(known) if still_open else None
    return [(invoice, invoice_features(invoice, customer)) for invoice in still_open] if customer else []


def _customer_score(known: Known, asked: Sequence[_Asked], model: ModelVersion) -> CustomerScore:
    as_of = known.as_of
    column = model.horizons_days.index(RISK_HORIZON_DAYS)
    risk, currency = _risk(asked, column)
    invoices = tuple([_invoice_score(one, as_of, model) for one in asked])
    if len(asked) == 1 and asked[0].behind == column:  # its next milestone is the risk's own: the same reasons
        reasons = invoices[0].reasons
    else:
        own_currency = [one for one in asked if one.invoice.currency == currency]
        reasons = _customer_reasons(own_currency, column, _names(model))
    return CustomerScore(
        as_of=as_of,
        risk=risk,
        risk_currency=currency,
        reasons=reasons,
        segment=segment_of(known),
        invoices=invoices,
        model=model,
    )


def _invoice_score(asked: _Asked, as_of: date, model: ModelVersion) -> InvoiceScore:
    horizons_days = model.horizons_days
    milestone = asked.behind if asked.behind < len(horizons_days) else None
    effects = () if milestone is None else asked.found.effects[milestone]
    earliest, expected, latest = settlement(asked.invoice, as_of, asked.found.lateness)
    return InvoiceScore(
        invoice_id=asked.invoice.invoice_id,
        currency=asked.invoice.currency,
        amount_minor=asked.invoice.amount_minor,
        days_past_due=(as_of - asked.invoice.due_on).days,
        probabilities=(1.0,) * asked.behind + tuple(asked.found.probabilities[asked.behind :]),
        horizon_days=None if milestone is None else horizons_days[milestone],
        reasons=main_reasons(effects, asked.words, _names(model)),
        expected_on=expected,
        earliest_on=earliest,
        latest_on=latest,
        issued_on=asked.invoice.issued_on,
        due_on=asked.invoice.due_on,
        row=asked.row,
    )


def settlement(invoice: InvoiceFacts, as_of: date, lateness: Sequence[float]) -> tuple[date, date, date]:
    """The days on which an open invoice is settled by these quantiles of lateness on the root scale: earliest,
    expected, latest, none before `as_of`.
    """
    allowed = sqrt(min(MAX_TERMS_DAYS, max(0, (invoice.due_on - invoice.issued_on).days)))
    open_days = (as_of - invoice.issued_on).days
    today = as_of.toordinal()
    days = [today + max(0, min(LONGEST_DAYS, round(max(0.0, allowed + one) ** 2)) - open_days) for one in lateness]
    earliest, expected, latest = map(date.fromordinal, days)
    return earliest, expected, latest


def _risk(asked: Sequence[_Asked], column: int) -> tuple[float | None, str | None]:
    expected: dict[str, float] = defaultdict(float)
    balance: dict[str, int] = defaultdict(int)
    for one in asked:
        expected[one.invoice.currency] += one.weight * one.at(column)
        balance[one.invoice.currency] += one.weight
    risks = [(expected[currency] / balance[currency], currency) for currency in sorted(balance)]
    return max(risks, key=lambda item: item[0]) if risks else (None, None)


def _customer_reasons(asked: Sequence[_Asked], column: int, names: Sequence[str]) -> tuple[Reason, ...]:
    """What neutralising a feature in all of the currency's invoices changes in the risk, in the words of the
    invoice where it changes most."""
    if not asked:
        return ()
    total = sum(one.weight for one in asked)
    parts = [_weighted(one.effects(column), one.weight / total) for one in asked]
    effects = parts[0] if len(parts) == 1 else list(map(sum, zip(*parts, strict=True)))

    def words(index: int) -> str:
        heaviest = max(range(len(parts)), key=lambda number: abs(parts[number][index]))
        return asked[heaviest].words(index)

    return main_reasons(effects, words, names)


def _names(model: ModelVersion) -> tuple[str, ...]:
    return FEATURE_NAMES + tuple([one.name for one in model.outside]) if model.outside else FEATURE_NAMES


def _weighted(effects: Sequence[float], weight: float) -> Sequence[float]:
    return effects if weight == 1 else [weight * effect for effect in effects]
