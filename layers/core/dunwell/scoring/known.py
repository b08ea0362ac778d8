"""What was known of a customer's invoices on a day: read once, used for features and segment alike."""

from collections.abc import Iterable
from datetime import date, timedelta
from typing import NamedTuple

from dunwell.scoring.delivery import UNKNOWN, code_of
from dunwell.scoring.facts import InvoiceFacts

Settled = tuple[date, int, int, int]
"""A settlement: when, how many days late (negative: early), how many days after issue it fell due, and how the invoice
was sent (`delivery.code_of`). A plain tuple, since there are a dozen of them for each open invoice."""


ONE_DAY = timedelta(days=1)


class Known(NamedTuple):
    """Invoices issued up to `through`, in their order: `settled` up to it, in order of settlement, or still `open`, as
    one settled later was.
    """

    as_of: date
    invoices: list[InvoiceFacts]
    settled: list[Settled]
    open: list[InvoiceFacts]
    through: date


def known_at(facts: Iterable[InvoiceFacts], as_of: date, through: date | None = None) -> Known:
    """What was known at the start of `as_of`; one pass and one sort.

    Args:
        through: the last day of which anything is known: the day before `as_of` unless it is given. Who asks now knows
            of today what has happened so far; a question of the past has to be asked as of the start of its day.
    """
    last = through or as_of - ONE_DAY
    invoices: list[InvoiceFacts] = []
    still_open: list[InvoiceFacts] = []
    settled: list[Settled] = []
    for invoice in facts:
        issued_on, due_on, settled_on = invoice.issued_on, invoice.due_on, invoice.settled_on
        if issued_on > last:
            continue
        invoices.append(invoice)
        if settled_on is None or settled_on > last:
            still_open.append(invoice)
        else:
            sent = UNKNOWN if invoice.delivery is None else code_of(invoice.delivery)
            settled.append((settled_on, (settled_on - due_on).days, (due_on - issued_on).days, sent))
    settled.sort()
    return Known(as_of, invoices, settled, still_open, last)
