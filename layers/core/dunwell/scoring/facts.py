"""What scoring knows about an invoice."""

from dataclasses import dataclass
from datetime import date

from dunwell.ledger.model import Delivery

Held = tuple[date, date | None]
"""Days on which all that was open of an invoice was in dispute: from one on, and before another; None: it still is."""


@dataclass(frozen=True, slots=True)
class InvoiceFacts:
    """One invoice as scoring sees it.

    Attributes:
        amount_minor: minor units of `currency`.
        settled_on: the day of the customer's last payment, of an invoice on which nothing is owed; None while it is
            open, and where no payment ever came.
        disputed: whether the customer contests it; feeds segments only, never a score.
        delivery: how it was sent, known on the day of issue; None where nobody said.
        cancelled_on: the day from which nothing was asked for any more, though the customer had paid nothing: it was
            credited, or written off as too small to collect. From then it is as if it had never been issued.
        given_up_on: the day on which the rest was written off or forgiven as lost. From then it is open no more and
            gets no score, and it counts as more than 30 days late, once; a payment for it all the same settles it.
        held: days in dispute, in their order. They are nobody's delay: an invoice counts as neither open nor past due
            while they last, and they do not count among its days late.
        contested_minor: what the customer contests of it, as of the day of the facts (minor units).
    """

    invoice_id: str
    issued_on: date
    due_on: date
    amount_minor: int
    currency: str
    settled_on: date | None
    disputed: bool
    delivery: Delivery | None = None
    cancelled_on: date | None = None
    given_up_on: date | None = None
    held: tuple[Held, ...] = ()
    contested_minor: int = 0

    def days_late(self) -> int:
        """Days from due date to settlement, days in dispute not counted, negative when early. ValueError while the
        invoice is open.
        """
        if self.settled_on is None:
            raise ValueError(f"Invoice {self.invoice_id} is open: it has no days late yet.")
        return self.days_past_due(self.settled_on)

    def days_past_due(self, on: date) -> int:
        """Days from due date to a day, those in dispute not counted; negative before it is due."""
        days = (on - self.due_on).days
        if self.held and days > 0:
            for first, end in self.held:
                days -= max(0, (min(on, end or on) - max(first, self.due_on)).days)
        return days

    def is_held(self, on: date) -> bool:
        """Whether all that is open of it is in dispute at the end of a day."""
        return any(first <= on and (end is None or end > on) for first, end in self.held)

    def is_over(self, on: date) -> bool:
        """Whether nothing is asked for any more at the end of a day: it is settled, cancelled or given up."""
        return any(day is not None and day <= on for day in (self.settled_on, self.cancelled_on, self.given_up_on))
