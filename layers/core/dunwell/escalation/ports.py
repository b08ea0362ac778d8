"""What escalation needs from outside."""

from collections.abc import Sequence
from typing import Protocol

from dunwell.escalation.case import Case
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

    def move_case(self, case: Case, events: Sequence[Event] = ()) -> bool:
        """Write a case's new state as its next version, if ``case.version`` still stands; False when it does not."""
        ...

    def waiting_cases(self) -> list[Case]:
        """All cases that wait for an agent, longest waiting first."""
        ...


class Executions(Protocol):
    """The state machine executions that wait."""

    def resume(self, task_token: str) -> None:
        """Let the execution go on that waits with a token; a token that is gone counts as done.

        Raises:
            UnavailableError: it could not be told; trying again later may help.
        """
        ...
