"""What scoring knows about an invoice."""

from dataclasses import dataclass
from datetime import date

from dunwell.ledger.model import Delivery


@dataclass(frozen=True, slots=True)
class InvoiceFacts:
    """One invoice as scoring sees it. `amount_minor` counts minor units of `currency`; `settled_on` is
    None while the invoice is open; `disputed` feeds segments only, never a score. One that was `written_off` was never
    paid, which is history, but nobody asks any more when it will be: it gets no score. `delivery` is how it was sent,
    known on the day of issue; None where nobody said.
    """

    invoice_id: str
    issued_on: date
    due_on: date
    amount_minor: int
    currency: str
    settled_on: date | None
    disputed: bool
    written_off: bool = False
    delivery: Delivery | None = None

    def days_late(self) -> int:
        """Days from due date to settlement, negative when early. ValueError while the invoice is open."""
        if self.settled_on is None:
            raise ValueError(f"Invoice {self.invoice_id} is open: it has no days late yet.")
        return (self.settled_on - self.due_on).days
