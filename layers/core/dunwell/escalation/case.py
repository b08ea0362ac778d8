"""A case: an escalated customer."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from dunwell.ids import stable_id


class CaseStatus(StrEnum):
    """opened → waiting (for an agent) ⇄ opened → closed → opened again when the trouble comes back."""

    OPENED = "opened"
    WAITING = "waiting"
    CLOSED = "closed"


class AgentOutcome(StrEnum):
    """What came of an agent's work on a case."""

    CONTACTED = "contacted"
    NO_ANSWER = "no_answer"
    PROMISE = "promise"
    CLOSE = "close"


SETTLED = "settled"
WITHDRAWN = "withdrawn"
CLOSED_BY_AGENT = "closed_by_agent"


@dataclass(frozen=True, slots=True)
class CaseEntry:
    """One thing an agent did; added, never edited.

    Attributes:
        agent: who, as the user pool knows them.
        next_on: when the case is to be looked at again (business date), None at once or never.
        contact_id: the call that it was done by; empty: by none.
    """

    at: datetime
    agent: str
    outcome: AgentOutcome
    note: str = ""
    next_on: date | None = None
    contact_id: str = ""


@dataclass(frozen=True, slots=True)
class Case:
    """One escalation of one customer in one currency.

    Attributes:
        case_id: made from customer, currency and the oldest open invoice: the same trouble is the same case.
        execution: the state machine execution that works on it; a second one finds it taken and ends.
        version: how many times the case was written: the condition of the next write.
        reason_codes, policy_version, model_version: why it was escalated, and who said so.
        task_token: what resumes the waiting execution; a token that is gone does no harm.
        waiting_since: when it last came onto the agents' list.
        outcome: how it ended: ``settled``, ``withdrawn`` or ``closed_by_agent``; empty while it is open.
    """

    case_id: str
    customer_id: str
    currency: str
    opened_at: datetime
    status: CaseStatus
    execution: str
    version: int = 1
    reason_codes: tuple[str, ...] = ()
    policy_version: str = ""
    model_version: str = ""
    task_token: str = ""
    waiting_since: datetime | None = None
    assigned_to: str = ""
    history: tuple[CaseEntry, ...] = ()
    outcome: str = ""

    @property
    def is_closed(self) -> bool:
        """Whether nobody works on it any more."""
        return self.status is CaseStatus.CLOSED

    @property
    def closed_by_agent(self) -> bool:
        """Whether the last word of an agent was to end it."""
        return bool(self.history) and self.history[-1].outcome is AgentOutcome.CLOSE

    @property
    def next_on(self) -> date | None:
        """When an agent wants to look at it again (business date); what was agreed before it reopened is past."""
        last = self.history[-1] if self.history else None
        return last.next_on if last and last.at >= self.opened_at else None

    def is_due(self, as_of: date) -> bool:
        """Whether an agent should look at it on a business date."""
        return self.next_on is None or self.next_on <= as_of


def case_id(customer_id: str, currency: str, oldest_invoice_id: str) -> str:
    """The id of the one case about an invoice's trouble."""
    return stable_id("cas", customer_id, currency, oldest_invoice_id)
