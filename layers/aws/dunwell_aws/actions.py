"""What was done about a customer's debt, in the words of scoring: its contacts and cases as dated actions."""

from collections.abc import Iterable
from typing import Protocol

from dunwell.dates import business_date
from dunwell.escalation.case import AgentOutcome, Case
from dunwell.outreach.contact import REACHED_CUSTOMER, Contact
from dunwell.outreach.policy import Policy
from dunwell.outreach.stage import CASE_CALL
from dunwell.scoring.actions import Action, ActionKind
from dunwell.scoring.assessment import AssessmentStore

_OUTCOMES = {
    AgentOutcome.CONTACTED: ActionKind.SPOKEN,
    AgentOutcome.NO_ANSWER: ActionKind.NO_ANSWER,
    AgentOutcome.PROMISE: ActionKind.PROMISE,
}


class Done(Protocol):
    """Where contacts and cases are kept."""

    def done(self, customer_id: str) -> tuple[list[Contact], list[Case]]:
        """A customer's contacts and cases, closed ones too."""
        ...


class AssessedAccounts(AssessmentStore, Done, Protocol):
    """What scoring a portfolio reads and writes beside the ledger."""


class DoneSoFar:
    """``ActionHistory`` over contacts and cases, in the words and the calendar of a policy."""

    def __init__(self, store: Done, policy: Policy) -> None:
        self._store = store
        self._warning_stage = policy.escalation.after_stage
        self._zone = policy.creditor.timezone

    def actions(self, customer_id: str) -> dict[str, list[Action]]:
        """See ``ActionHistory``. One query.

        A message counts on the day it was planned for, an agent's call about a case as the case's entry.
        """
        contacts, cases = self._store.done(customer_id)
        found: dict[str, list[Action]] = {}
        for contact in contacts:
            if contact.status in REACHED_CUSTOMER and contact.stage != CASE_CALL:
                warning = contact.stage == self._warning_stage
                kind = ActionKind.WARNING if warning else ActionKind.MESSAGE
                found.setdefault(contact.currency, []).append(Action(contact.planned_on, kind))
        for case in cases:
            found.setdefault(case.currency, []).extend(self._of_case(case))
        return {currency: sorted(done, key=lambda one: one.on) for currency, done in found.items()}

    def _of_case(self, case: Case) -> Iterable[Action]:
        opened_on = business_date(case.opened_at, self._zone)
        ended_on = business_date(case.history[-1].at, self._zone) if case.history else opened_on
        yield Action(opened_on, ActionKind.CASE, ended_on if case.is_closed else None)
        for entry in case.history:
            if kind := _OUTCOMES.get(entry.outcome):
                yield Action(
                    business_date(entry.at, self._zone), kind, entry.next_on if kind is ActionKind.PROMISE else None
                )
