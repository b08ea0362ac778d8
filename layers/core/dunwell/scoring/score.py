"""Scores: how likely each open invoice is to be late, how risky the customer is, and why.

The probability asked for is the next milestone of the invoice: late at all while it is not yet past due,
then more than 30, then more than 90 days late. The customer's risk is the share of the open balance
expected to be more than 30 days late, taken within each currency; the worst currency counts, since
currencies are never netted.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import islice

from dunwell.scoring.facts import InvoiceFacts
from dunwell.scoring.features import customer_features, invoice_features
from dunwell.scoring.ports import ModelVersion, Scorer
from dunwell.scoring.reasons import Reason, main_reasons, neutralised, words_for
from dunwell.scoring.segments import Segment, segment

RISK_HORIZON_DAYS = 30
INVOICES_PER_CALL = 2_000  # bounds the memory of one call: about 20 rows an invoice

Probabilities = tuple[float, ...]
Effects = list[tuple[int, Probabilities]]  # feature index, probabilities without it


@dataclass(frozen=True, slots=True)
class InvoiceScore:
    """An open invoice's score. `probabilities` follow the model's horizons; `horizon_days` is the next
    milestone, the one the reasons are for, None when the invoice is past them all.
    """

    invoice_id: str
    currency: str
    amount_minor: int
    days_past_due: int
    probabilities: Probabilities
    horizon_days: int | None
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class CustomerScore:
    """A customer's score. `risk` runs from 0 to 1, of `risk_currency`; both are None when nothing is open."""

    as_of: date
    risk: float | None
    risk_currency: str | None
    reasons: tuple[Reason, ...]
    segment: Segment
    invoices: tuple[InvoiceScore, ...]
    model: ModelVersion


@dataclass(frozen=True, slots=True)
class _Asked:
    """An invoice with the model's answers. `behind` counts the horizons it has passed."""

    invoice: InvoiceFacts
    row: tuple[float, ...]
    behind: int
    found: Probabilities
    without: Effects

    @property
    def weight(self) -> int:
        return max(1, self.invoice.amount_minor)  # an invoice over nothing still shows a habit

    def at(self, column: int, found: Probabilities | None = None) -> float:
        """The probability for a horizon: certain once passed, and never above an earlier one's."""
        return 1.0 if column < self.behind else min((found or self.found)[self.behind : column + 1])

    def effects(self, column: int) -> list[tuple[int, float]]:
        """By feature: how much the probability falls without it."""
        now = self.at(column)
        return [(index, now - self.at(column, found)) for index, found in self.without]


def score_customer(facts: Sequence[InvoiceFacts], as_of: date, scorer: Scorer) -> CustomerScore:
    """Scores one customer's open invoices and the customer, as known at `as_of`. `facts` are all its
    invoices.
    """
    return score_customers([facts], as_of, scorer)[0]


def score_customers(customers: Sequence[Sequence[InvoiceFacts]], as_of: date, scorer: Scorer) -> list[CustomerScore]:
    """Scores many customers, in their order, in as few calls of the model as memory allows. Invoices
    issued after `as_of` are left out; one settled after it counts as open.
    """
    asked = [
        (number, invoice, row) for number, facts in enumerate(customers) for invoice, row in _open_rows(facts, as_of)
    ]
    answers: dict[int, list[_Asked]] = defaultdict(list)
    horizons = scorer.model.horizons_days
    remaining = iter(asked)
    while batch := list(islice(remaining, INVOICES_PER_CALL)):
        for (number, invoice, row), (found, without) in zip(batch, _ask(batch, scorer), strict=True):
            behind = bisect_left(horizons, (as_of - invoice.due_on).days)
            answers[number].append(_Asked(invoice, row, behind, found, without))
    return [
        _customer_score(facts, answers.get(number, []), as_of, scorer.model) for number, facts in enumerate(customers)
    ]


def _open_rows(facts: Sequence[InvoiceFacts], as_of: date) -> Iterable[tuple[InvoiceFacts, tuple[float, ...]]]:
    still_open = [
        invoice
        for invoice in facts
        if invoice.issued_on <= as_of and (invoice.settled_on is None or invoice.settled_on > as_of)
    ]
    customer = customer_features(facts, as_of) if still_open else None
    return [(invoice, invoice_features(invoice, customer)) for invoice in still_open] if customer else []


def _ask(
    batch: Sequence[tuple[int, InvoiceFacts, tuple[float, ...]]], scorer: Scorer
) -> Iterable[tuple[Probabilities, Effects]]:
    """Asks once for every row and every row without one of its features."""
    rows: list[Sequence[float]] = []
    parts: list[tuple[int, list[int]]] = []
    for _, _, row in batch:
        copies = neutralised(row)
        parts.append((len(rows), [index for index, _ in copies]))
        rows.append(row)
        rows.extend(copy for _, copy in copies)
    answers = scorer.probabilities(rows)
    for start, indices in parts:
        without = answers[start + 1 : start + 1 + len(indices)]
        yield answers[start], list(zip(indices, without, strict=True))


def _customer_score(
    facts: Sequence[InvoiceFacts], asked: Sequence[_Asked], as_of: date, model: ModelVersion
) -> CustomerScore:
    column = model.horizons_days.index(RISK_HORIZON_DAYS)
    risk, currency = _risk(asked, column)
    return CustomerScore(
        as_of=as_of,
        risk=risk,
        risk_currency=currency,
        reasons=_customer_reasons([one for one in asked if one.invoice.currency == currency], column),
        segment=segment(facts, as_of),
        invoices=tuple(_invoice_score(one, as_of, model.horizons_days) for one in asked),
        model=model,
    )


def _invoice_score(asked: _Asked, as_of: date, horizons_days: Sequence[int]) -> InvoiceScore:
    milestone = asked.behind if asked.behind < len(horizons_days) else None
    effects = [] if milestone is None else asked.effects(milestone)
    return InvoiceScore(
        invoice_id=asked.invoice.invoice_id,
        currency=asked.invoice.currency,
        amount_minor=asked.invoice.amount_minor,
        days_past_due=(as_of - asked.invoice.due_on).days,
        probabilities=tuple(asked.at(column) for column in range(len(horizons_days))),
        horizon_days=None if milestone is None else horizons_days[milestone],
        reasons=main_reasons(effects, lambda index: words_for(index, asked.row)),
    )


def _risk(asked: Sequence[_Asked], column: int) -> tuple[float | None, str | None]:
    expected: dict[str, float] = defaultdict(float)
    balance: dict[str, int] = defaultdict(int)
    for one in asked:
        expected[one.invoice.currency] += one.weight * one.at(column)
        balance[one.invoice.currency] += one.weight
    risks = [(expected[currency] / balance[currency], currency) for currency in sorted(balance)]
    return max(risks, key=lambda item: item[0]) if risks else (None, None)


def _customer_reasons(asked: Sequence[_Asked], column: int) -> tuple[Reason, ...]:
    """What neutralising a feature in all of the currency's invoices changes in the risk, in the words of the
    invoice where it changes most."""
    effects: dict[int, float] = defaultdict(float)
    heaviest: dict[int, tuple[float, _Asked]] = {}
    total = sum(one.weight for one in asked)
    for one in asked:
        for index, moved in one.effects(column):
            effect = moved * one.weight / total
            effects[index] += effect
            if index not in heaviest or abs(effect) > heaviest[index][0]:
                heaviest[index] = (abs(effect), one)
    return main_reasons(effects.items(), lambda index: words_for(index, heaviest[index][1].row))
