"""What escalation needs from a store."""

from collections.abc import Sequence
from typing import Protocol

from dunwell.escalation.case import Case, CaseStatus
from dunwell.events import Event


class CaseStore(Protocol):
    """Where cases are kept."""

    def open_case(self, case: Case, events: Sequence[Event]) -> Case:
        """Add a case with its events; the case as it stands when it was there already."""
        ...

    def case(self, customer_id: str, case_id: str) -> Case | None:
        """One case, or None."""
        ...

    def cases(self, customer_id: str) -> list[Case]:
        """A customer's cases."""
        ...

    def move_case(self, case: Case, was: CaseStatus, events: Sequence[Event] = ()) -> bool:
        """Write a case's new state if it still is in the old one; False when somebody moved it first."""
        ...

    def waiting_cases(self) -> list[Case]:
        """All cases that wait for an agent, longest waiting first."""
        ...
