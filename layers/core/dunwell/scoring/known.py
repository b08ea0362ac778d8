"""What was known of a customer's invoices on a day: read once, used for features and segment alike."""

from collections.abc import Iterable
from datetime import date, timedelta
from typing import NamedTuple

from dunwell.scoring.delivery import UNKNOWN, code_of
from dunwell.scoring.facts import InvoiceFacts

Settled = tuple[date, int, int, int]
"""A settlement: when, how many days late (negative: early; days in dispute not counted), how many days after issue it
fell due, and how the invoice was sent (`delivery.code_of`). A plain tuple, since there are a dozen of them for each
open invoice."""

GivenUp = tuple[date, int]
"""An invoice that was written off or forgiven as lost: when, and how many days late it was by then."""

ONE_DAY = timedelta(days=1)
GIVEN_UP_DAYS = 31  # what was lost counts as long late, however soon it was given up


class Known(NamedTuple):
    """Invoices issued up to `through`, in their order, without those that were cancelled by then.

    Attributes:
        settled: settled up to `through`, in order of settlement.
        open: not settled up to it, as one settled later was.
        held: neither settled nor open, since they were wholly in dispute at the end of it.
        given_up: written off or forgiven as lost up to it, in order of the day.
    """

    as_of: date
    invoices: list[InvoiceFacts]
    settled: list[Settled]
    open: list[InvoiceFacts]
    through: date
    given_up: list[GivenUp]
    held: list[InvoiceFacts]


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
    given_up: list[GivenUp] = []
    held: list[InvoiceFacts] = []
    for invoice in facts:
        issued_on, due_on, settled_on = invoice.issued_on, invoice.due_on, invoice.settled_on
        if issued_on > last:
            continue
        if settled_on is not None and settled_on <= last:
            sent = UNKNOWN if invoice.delivery is None else code_of(invoice.delivery)
            late = invoice.days_late() if invoice.held else (settled_on - due_on).days
            settled.append((settled_on, late, (due_on - issued_on).days, sent))
        elif is_open(invoice, last):
            still_open.append(invoice)
        elif invoice.cancelled_on is not None and invoice.cancelled_on <= last:
            continue
        elif invoice.given_up_on is not None and invoice.given_up_on <= last:
            days = max(GIVEN_UP_DAYS, invoice.days_past_due(invoice.given_up_on))
            given_up.append((invoice.given_up_on, days))
        else:
            held.append(invoice)
        invoices.append(invoice)
    settled.sort()
    given_up.sort()
    return Known(as_of, invoices, settled, still_open, last, given_up, held)


def is_open(invoice: InvoiceFacts, last: date) -> bool:
    """Whether an invoice may be asked for at the end of a day: it is not over, nor wholly in dispute."""
    if invoice.settled_on is not None and invoice.settled_on <= last:
        return False
    if invoice.cancelled_on or invoice.given_up_on or invoice.held:
        return not invoice.is_over(last) and not invoice.is_held(last)
    return True
