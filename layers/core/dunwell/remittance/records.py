"""What is kept of a bank line: how it was understood, whose money it is, and how far that was carried out."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from dunwell.remittance.model import BankLine, Decision, Match, Proposal, Purpose

BANK = "bank"
"""The method of payments that came as bank lines, whatever the format: a line keeps its id in every file."""


class LineState(StrEnum):
    """Decided: kept, and perhaps carried out. Done: carried out."""

    DECIDED = "decided"
    DONE = "done"


@dataclass(frozen=True, slots=True)
class LineNote:
    """What an agent left with a line."""

    at: datetime
    who: str
    text: str


@dataclass(frozen=True, slots=True)
class LineRecord:
    """A bank line and its decision. Kept before anything is posted, and carried out as kept however often it comes.

    Attributes:
        match: how the matching understood it, with its reasons.
        version: how many times it was written.
        policy_version: the tolerances and thresholds that were in force.
        decided_by: the agent who chose; empty for the matching.
        chosen: whose payment it is; None while nobody knows.
        suspended: the money goes through the suspense account.
        closed: an agent ended it: nothing is to be posted.
        method, reference: the business key of the payment; the reference is the line's id for bank lines.
        gone_minor: how much of it went back to the payer while it lay in suspense.
        contested: the gateway names another customer, the one proposed, than the agent who chose: a person decides.
        held_by: the customer who has the money while it goes from one to another; empty: it comes from suspense.
    """

    line: BankLine
    match: Match
    state: LineState
    version: int
    decided_at: datetime
    policy_version: str = ""
    decided_by: str = ""
    chosen: Proposal | None = None
    suspended: bool = False
    closed: bool = False
    notes: tuple[LineNote, ...] = ()
    method: str = BANK
    reference: str = ""
    gone_minor: int = 0
    contested: bool = False
    held_by: str = ""

    @property
    def item_id(self) -> str:
        """See ``item_id_of``."""
        return item_id_of(self.line, self.method)

    @property
    def payment_reference(self) -> str:
        """With the method, the business key of the payment that the line is."""
        return self.reference or self.line.line_id

    @property
    def left_minor(self) -> int:
        """What is there to be placed (minor units)."""
        return self.line.amount_minor - self.gone_minor

    @property
    def is_waiting(self) -> bool:
        """Whether a person has to look: whose is the money, or which one's, or what does a return give back."""
        if self.closed or self.chosen:
            return self.contested and not self.closed
        if self.suspended:
            return self.left_minor > 0
        return self.match.purpose is Purpose.RETURN and self.match.decision is not Decision.APPLIED

    @property
    def is_listed(self) -> bool:
        """Whether it stands on the work list: also while a person's choice is being carried out."""
        return self.is_waiting or (self.suspended and self.state is LineState.DECIDED)

    @property
    def proposals(self) -> tuple[Proposal, ...]:
        """What the matching proposed, best first."""
        return (self.match.proposal, *self.match.others) if self.match.proposal else ()


def item_id_of(line: BankLine, method: str = BANK) -> str:
    """Names a line's record, and says where it is stored: currency, amount, day and line.

    Money that did not come as a bank line has its method for the day: its second report may come on another day.
    """
    day = line.booked_on.isoformat() if method == BANK else method
    return ".".join((line.currency, str(line.amount_minor), day, line.line_id))
