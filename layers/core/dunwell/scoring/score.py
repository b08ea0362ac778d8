"""Scores: how likely each open invoice is to be late, how risky the customer is, and why.

The probability asked for is the next milestone of the invoice: late at all while it is not yet past due,
then more than 30, then more than 90 days late. The customer's risk is the share of the open balance
expected to be more than 30 days late, taken within each currency; the worst currency counts, since
currencies are never netted.
"""

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
    invoice: InvoiceFacts
    row: tuple[float, ...]
    probabilities: Probabilities
    without: Effects


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
    remaining = iter(asked)
    while batch := list(islice(remaining, INVOICES_PER_CALL)):
        for (number, invoice, row), (found, without) in zip(batch, _ask(batch, scorer), strict=True):
            answers[number].append(_Asked(invoice, row, found, without))
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
    risk, currency = _risk(asked, as_of, model.horizons_days)
    return CustomerScore(
        as_of=as_of,
        risk=risk,
        risk_currency=currency,
        reasons=_customer_reasons([one for one in asked if one.invoice.currency == currency], as_of, model),
        segment=segment(facts, as_of),
        invoices=tuple(_invoice_score(one, as_of, model.horizons_days) for one in asked),
        model=model,
    )


def _known(found: Probabilities, days_past_due: int, horizons_days: Sequence[int]) -> Probabilities:
    """What is already a fact is certain, and being later is never likelier than being late."""
    known: list[float] = []
    for probability, horizon in zip(found, horizons_days, strict=True):
        value = 1.0 if days_past_due > horizon else probability
        known.append(min(value, known[-1]) if known else value)
    return tuple(known)


def _invoice_score(asked: _Asked, as_of: date, horizons_days: Sequence[int]) -> InvoiceScore:
    days = (as_of - asked.invoice.due_on).days
    ahead = [n for n, horizon in enumerate(horizons_days) if days <= horizon]
    reasons: tuple[Reason, ...] = ()
    if ahead:
        found = _known(asked.probabilities, days, horizons_days)[ahead[0]]
        effects = [(i, found - _known(p, days, horizons_days)[ahead[0]]) for i, p in asked.without]
        reasons = main_reasons(effects, lambda index: words_for(index, asked.row))
    return InvoiceScore(
        invoice_id=asked.invoice.invoice_id,
        currency=asked.invoice.currency,
        amount_minor=asked.invoice.amount_minor,
        days_past_due=days,
        probabilities=_known(asked.probabilities, days, horizons_days),
        horizon_days=horizons_days[ahead[0]] if ahead else None,
        reasons=reasons,
    )


def _risk(asked: Sequence[_Asked], as_of: date, horizons_days: Sequence[int]) -> tuple[float | None, str | None]:
    expected: dict[str, float] = defaultdict(float)
    balance: dict[str, int] = defaultdict(int)
    column = horizons_days.index(RISK_HORIZON_DAYS)
    for one in asked:
        days = (as_of - one.invoice.due_on).days
        weight = max(1, one.invoice.amount_minor)  # an invoice over nothing still shows a habit
        expected[one.invoice.currency] += weight * _known(one.probabilities, days, horizons_days)[column]
        balance[one.invoice.currency] += weight
    risks = [(expected[currency] / balance[currency], currency) for currency in sorted(balance)]
    return max(risks, key=lambda item: item[0]) if risks else (None, None)


def _customer_reasons(asked: Sequence[_Asked], as_of: date, model: ModelVersion) -> tuple[Reason, ...]:
    """What neutralising a feature in all of the currency's invoices would change in the risk."""
    column = model.horizons_days.index(RISK_HORIZON_DAYS)
    effects: dict[int, float] = defaultdict(float)
    heaviest: dict[int, tuple[float, str]] = {}
    total = sum(max(1, one.invoice.amount_minor) for one in asked)
    for one in asked:
        days = (as_of - one.invoice.due_on).days
        found = _known(one.probabilities, days, model.horizons_days)[column]
        for index, without in one.without:
            moved = found - _known(without, days, model.horizons_days)[column]
            effect = moved * max(1, one.invoice.amount_minor) / total
            effects[index] += effect
            if abs(effect) >= heaviest.get(index, (0.0, ""))[0]:
                heaviest[index] = (abs(effect), words_for(index, one.row))
    return main_reasons(effects.items(), lambda index: heaviest[index][1])
