"""Ledgers to learn from, and the moments in an invoice's life at which the model is asked.

A moment is an open invoice and a day. Its label for a horizon says whether it was settled more than so
many days after it was due. A label counts only once the ledger reaches past due date plus horizon: judging
earlier would know the prompt payers and not yet the late ones.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache

from dunwell.scoring.delivery import DeliveryOffsets
from dunwell.scoring.facts import InvoiceFacts
from dunwell.scoring.features import CustomerFeatures, customer_features, invoice_features
from dunwell.scoring.habit import MAX_TERMS_DAYS, root_lateness
from infra.local.portfolio import generate

Ledger = dict[str, list[InvoiceFacts]]

HORIZONS_DAYS = (0, 30, 90)
MOMENTS_AFTER_DUE_DAYS = (-10, 1, 8, 16, 31, 46, 61)
KNOWN_AFTER_DUE_DAYS = 60  # by then nine in ten are settled, and which quantile the rest has does not matter
FEWEST_OF_TERMS = 100
PORTFOLIO_AS_OF = date(2026, 6, 30)


@dataclass(frozen=True, slots=True)
class Moment:
    """A row to learn from. `labels` has one entry a horizon: 1 late, 0 not, None when not to be known by
    the end. `lateness` is the settlement's on the root scale, None while too young to tell; of an invoice still
    open at the end it is as if settled then.
    """

    invoice: InvoiceFacts
    day: date
    at_issue: bool
    features: tuple[float, ...]
    labels: tuple[int | None, ...]
    lateness: float | None


def made_up(seed: int, customers: int = 400) -> Ledger:
    """A generated portfolio by customer."""
    ledger: Ledger = defaultdict(list)
    for row in generate(customers, seed, PORTFOLIO_AS_OF, 0):
        ledger[row["customer_number"]].append(
            InvoiceFacts(
                invoice_id=row["invoice_number"],
                issued_on=date.fromisoformat(row["issued_on"]),
                due_on=date.fromisoformat(row["due_on"]),
                amount_minor=int(row["amount"].replace(".", "")),
                currency=row["currency"],
                settled_on=date.fromisoformat(row["settled_on"]) if row["settled_on"] else None,
                disputed=row["disputed"] == "yes",
            )
        )
    return dict(ledger)


def moments(
    ledger: Ledger,
    end: date,
    offsets: DeliveryOffsets,
    *,
    issued_from: date = date.min,
    only_at_issue: bool = False,
) -> list[Moment]:
    """Every moment of the invoices issued from `issued_from` on and before `end`, as a ledger ending on
    `end` shows them: at issue, ten days before due, and at days past due while still open.

    Args:
        offsets: of the model that is to learn or be asked (`delivery.learned`).
    """
    return [
        moment
        for history in ledger.values()
        for moment in _of_customer(history, end, offsets, issued_from, only_at_issue)
    ]


def _of_customer(
    history: Sequence[InvoiceFacts], end: date, offsets: DeliveryOffsets, issued_from: date, only_at_issue: bool
) -> Iterator[Moment]:
    """What the invoices share is worked out once a day: some customers have hundreds of invoices on each."""
    on = cache(lambda day: customer_features(history, day, offsets))
    for invoice in history:
        if issued_from <= invoice.issued_on < end:
            for day in [invoice.issued_on] if only_at_issue else _days(invoice, end):
                yield _moment(invoice, on(day), day, end)


def _days(invoice: InvoiceFacts, end: date) -> Iterator[date]:
    yield invoice.issued_on
    for after in MOMENTS_AFTER_DUE_DAYS:
        day = invoice.due_on + timedelta(days=after)
        if invoice.issued_on < day < end and (invoice.settled_on is None or invoice.settled_on > day):
            yield day


def _moment(invoice: InvoiceFacts, customer: CustomerFeatures, day: date, end: date) -> Moment:
    return Moment(
        invoice=invoice,
        day=day,
        at_issue=day == invoice.issued_on,
        features=invoice_features(invoice, customer),
        labels=tuple(_label(invoice, horizon, end) for horizon in HORIZONS_DAYS),
        lateness=lateness_by(invoice, end),
    )


def longest_terms_days(taught: Sequence[Moment]) -> int:
    """The longest time to pay of which these moments teach anything: so many of them were given it or more."""
    terms = sorted((min(MAX_TERMS_DAYS, (m.invoice.due_on - m.invoice.issued_on).days) for m in taught), reverse=True)
    return terms[FEWEST_OF_TERMS - 1] if len(terms) >= FEWEST_OF_TERMS else 0


def lateness_by(invoice: InvoiceFacts, end: date) -> float | None:
    """On the root scale, as of `end`. Known for all invoices of an age, or for none (None): the slow ones would be
    missing among the young.
    """
    if invoice.due_on + timedelta(days=KNOWN_AFTER_DUE_DAYS) >= end:
        return None
    terms_days = (invoice.due_on - invoice.issued_on).days
    return root_lateness(terms_days + invoice.days_past_due(min(invoice.settled_on or end, end)), terms_days)


def _label(invoice: InvoiceFacts, horizon_days: int, end: date) -> int | None:
    last_day = invoice.due_on + timedelta(days=horizon_days)
    if last_day >= end:
        return None
    return int(invoice.settled_on is None or invoice.days_late() > horizon_days)
