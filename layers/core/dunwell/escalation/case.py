"""A case: an escalated customer."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from dunwell.ids import stable_id


class CaseStatus(StrEnum):
    """opened → waiting (for an agent) ⇄ opened → closed."""

    OPENED = "opened"
    WAITING = "waiting"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Case:
    """One escalation of one customer in one currency.

    Attributes:
        case_id: made from customer, currency and the oldest open invoice: the same trouble is the same case.
        execution: the state machine execution that works on it; a second one finds it taken and ends.
        task_token: what resumes the waiting execution; empty while it is not waiting.
        outcome: how it ended: ``settled``, or what the agent said.
    """

    case_id: str
    customer_id: str
    currency: str
    opened_at: datetime
    status: CaseStatus
    execution: str
    reason_codes: tuple[str, ...] = ()
    task_token: str = ""
    assigned_to: str = ""
    note: str = ""
    outcome: str = ""

    @property
    def is_closed(self) -> bool:
        """Whether nobody works on it any more."""
        return self.status is CaseStatus.CLOSED


def case_id(customer_id: str, currency: str, oldest_invoice_id: str) -> str:
    """The id of the one case about an invoice's trouble."""
    return stable_id("cas", customer_id, currency, oldest_invoice_id)
