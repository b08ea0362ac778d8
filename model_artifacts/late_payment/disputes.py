"""What knowing of disputes would add: measured, never served.

A dispute is the customer's right and puts an invoice on hold; it does not count against anybody's score
(`card.md`, Exclusions). This shows what leaving it out costs: what else is open beside the customer's habit
without what disputes added to it, and whether this invoice is disputed. How invoices were sent counts as in the
served model.
"""

from collections.abc import Sequence
from datetime import date
from functools import cache
from math import sqrt
from typing import NamedTuple

import numpy as np

from dunwell.scoring.delivery import DeliveryOffsets, code_of
from dunwell.scoring.facts import InvoiceFacts
from dunwell.scoring.features import FEATURE_NAMES
from dunwell.scoring.habit import HABIT_INVOICES, Habit, habit, root_lateness
from model_artifacts.late_payment.dataset import Ledger, Moment
from model_artifacts.late_payment.measures import Floats
from model_artifacts.late_payment.model import rows_of, table
from model_artifacts.late_payment.rivals import logistic

# Chosen on five folds before the cut.
_PLAIN = [
    FEATURE_NAMES.index(name)
    for name in (
        "has_history",
        "settled_count",
        "other_open_count",
        "other_overdue_count",
        "other_oldest_overdue_days",
        "other_overdue_share",
    )
]
PENALTY_INVERSE = 0.5
NEUTRAL_DISPUTED_SHARE, SHRINK_INVOICES = 0.2, 2.0


def late_with_disputes(
    train: Sequence[Moment], test: Sequence[Moment], ledger: Ledger, cut: date, offsets: DeliveryOffsets
) -> Floats:
    """Probabilities of being late for the test moments, from a model that sees disputes."""
    owner = {invoice.invoice_id: customer for customer, invoices in ledger.items() for invoice in invoices}
    known = [moment for moment in train if moment.labels[0] is not None and moment.at_issue]
    delay = _delay_by_dispute(ledger, cut, offsets)
    at = cache(lambda customer, day: _payer(ledger[customer], day, delay, offsets))

    def rows(moments: Sequence[Moment]) -> Floats:
        added = [_features(at(owner[m.invoice.invoice_id], m.day), m, delay, offsets) for m in moments]
        return np.hstack([rows_of(moments)[:, _PLAIN], np.array(added)])

    found: Floats = logistic(PENALTY_INVERSE).fit(rows(known), table(known, 0)[1]).predict_proba(rows(test))[:, 1]
    return found


def _delay_by_dispute(ledger: Ledger, cut: date, offsets: DeliveryOffsets) -> float:
    """What a dispute adds to lateness on the root scale, within customers, by what was settled before the cut."""
    product = square = 0.0
    for invoices in ledger.values():
        if settled := _settled(invoices, cut):
            disputed = np.array([one.disputed for one in settled], dtype=np.float64)
            disputed -= disputed.mean()
            product += float(disputed @ np.array([_lateness(one, offsets) for one in settled]))
            square += float(disputed @ disputed)
    return product / square if square else 0.0


class _Payer(NamedTuple):
    """A customer on a day: the habit apart from disputes, and the settled invoices, those disputed among them."""

    own: Habit
    settled: int
    disputed: int


def _payer(invoices: Sequence[InvoiceFacts], day: date, delay: float, offsets: DeliveryOffsets) -> _Payer:
    settled = _settled(invoices, day)
    own = habit([_lateness(one, offsets) - delay * one.disputed for one in settled[-HABIT_INVOICES:]])
    return _Payer(own, len(settled), sum(one.disputed for one in settled))


def _features(payer: _Payer, moment: Moment, delay: float, offsets: DeliveryOffsets) -> tuple[float, ...]:
    own, disputed = payer.own, moment.invoice.disputed
    sent = offsets[code_of(moment.invoice.delivery)]
    share = payer.disputed + SHRINK_INVOICES * NEUTRAL_DISPUTED_SHARE
    terms = (moment.invoice.due_on - moment.invoice.issued_on).days
    shifted = own.shifted(delay * disputed + sent)
    return (
        float(disputed),
        own.log_odds_of(sent),
        own.level,
        own.recent_level,
        own.spread,
        *shifted.log_odds_beyond((0,), terms, 0),
        share / (payer.settled + SHRINK_INVOICES),
        sqrt(payer.settled),
    )


def _settled(invoices: Sequence[InvoiceFacts], day: date) -> list[InvoiceFacts]:
    """Settled before the day, in order of settlement."""
    return sorted((i for i in invoices if i.settled_on and i.settled_on < day), key=lambda i: (i.settled_on, i.due_on))


def _lateness(invoice: InvoiceFacts, offsets: DeliveryOffsets) -> float:
    allowed = (invoice.due_on - invoice.issued_on).days
    return root_lateness(allowed + invoice.days_late(), allowed) - offsets[code_of(invoice.delivery)]
