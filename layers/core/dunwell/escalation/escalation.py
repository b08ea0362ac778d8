"""The use cases of escalation: open, evaluate, wait, work, resume, close. Each may be repeated."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from dunwell.errors import ConflictError, NotFoundError, RefusedError
from dunwell.escalation.case import CLOSED_BY_AGENT, Case, CaseEntry, CaseStatus, case_id
from dunwell.escalation.ports import CaseStore, Executions
from dunwell.escalation.rules import Evaluation, NextStep, evaluate
from dunwell.events import CASE_CLOSED, CASE_OPENED, Event
from dunwell.ids import stable_id
from dunwell.ledger.ports import Ledger

ATTEMPTS = 8
_CHANGED = "The case was changed since you opened this page. Look at it again before you record anything."


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why a customer is escalated in a currency: what the event ``EscalationDue`` says."""

    customer_id: str
    currency: str
    oldest_invoice_id: str
    reason_codes: tuple[str, ...] = ()
    policy_version: str = ""
    model_version: str = ""


@dataclass(frozen=True, slots=True)
class Escalation:
    """The use cases over what they need."""

    cases: CaseStore
    ledger: Ledger
    executions: Executions

    def open(self, trouble: Trouble, execution: str, now: datetime) -> Case | None:
        """The case for a trouble, opened for an execution; None when it is not this execution's to work on.

        The same execution asking again gets its case again. A closed case is opened anew when the trouble came back by
        itself (a reversed payment, a dispute turned down), but not when an agent ended it.
        """
        new = _new_case(trouble, execution, now)
        found = self.cases.open_case(new, [_event(CASE_OPENED, new, now)])
        if found.execution == execution:
            return found
        if not found.is_closed or found.outcome == CLOSED_BY_AGENT:
            return None
        again = replace(new, version=found.version, history=found.history)
        return self._written(again, [_event(CASE_OPENED, again, now)])

    def evaluate(self, customer_id: str, case_id: str, as_of: date) -> Evaluation:
        """What comes next, judged from the account as it stands.

        Raises:
            NotFoundError: there is no such case.
        """
        return self._judged(self._case(customer_id, case_id), as_of)

    def await_agent(self, customer_id: str, case_id: str, task_token: str, now: datetime, as_of: date) -> Case:
        """Put a case on the agents' list with the token that resumes its execution.

        What ended the case between the evaluation and this write found no token to resume; so the case is judged once
        more now that the token is stored, and resumed at once if it ended.
        """

        def waiting(case: Case) -> Case:
            since = case.waiting_since if case.status is CaseStatus.WAITING else now
            return replace(case, status=CaseStatus.WAITING, task_token=task_token, waiting_since=since)

        case = self._change(customer_id, case_id, lambda case: case if case.is_closed else waiting(case))
        if self._judged(case, as_of).next_step is NextStep.CLOSE:
            self.executions.resume(task_token)
        return case

    def waiting(self, customer_id: str, case_id: str, seen_version: int) -> Case:
        """A case that waits for an agent, as the agent saw it.

        Raises:
            NotFoundError: there is no such case.
            ConflictError: the case was changed since the agent saw it.
            RefusedError: the case does not wait for an agent.
        """
        case = self._case(customer_id, case_id)
        if case.version != seen_version:
            raise ConflictError(_CHANGED)
        if case.status is not CaseStatus.WAITING:
            raise RefusedError("This case is being judged at the moment. Open it again in a minute.")
        return case

    def record(self, customer_id: str, case_id: str, entry: CaseEntry, seen_version: int) -> Case:
        """Keep what an agent did and let the execution judge the case again.

        Raises:
            NotFoundError, ConflictError, RefusedError: see ``waiting``.
            UnavailableError: it is recorded, but the execution could not be told; it goes on when its wait times out.
        """
        case = self.waiting(customer_id, case_id, seen_version)
        worked = replace(case, status=CaseStatus.OPENED, history=(*case.history, entry))
        written = self._written(worked)
        if written is None:
            raise ConflictError(_CHANGED)
        self.executions.resume(case.task_token)
        return written

    def assign(self, customer_id: str, case_id: str, agent: str) -> Case:
        """Make an agent responsible for a case.

        Raises:
            NotFoundError: there is no such case.
            RefusedError: the case is closed.
        """

        def assigned(case: Case) -> Case:
            if case.is_closed:
                raise RefusedError("This case is closed.")
            return replace(case, assigned_to=agent)

        return self._change(customer_id, case_id, assigned)

    def resume_ended(self, customer_id: str, as_of: date) -> int:
        """Resume the executions of a customer's waiting cases that have ended; how many."""
        waiting = [case for case in self.cases.cases(customer_id) if case.status is CaseStatus.WAITING]
        if not waiting:
            return 0
        account = self.ledger.load(customer_id)
        ended = [case for case in waiting if evaluate(case, account, as_of).next_step is NextStep.CLOSE]
        for case in ended:
            self.executions.resume(case.task_token)
        return len(ended)

    def close(self, customer_id: str, case_id: str, outcome: str, now: datetime) -> Case:
        """End a case; one that is closed stays as it is.

        Raises:
            NotFoundError: there is no such case.
        """

        def closed(case: Case) -> Case:
            return case if case.is_closed else replace(case, status=CaseStatus.CLOSED, task_token="", outcome=outcome)

        return self._change(customer_id, case_id, closed, lambda case: [_event(CASE_CLOSED, case, now)])

    def _case(self, customer_id: str, case_id: str) -> Case:
        case = self.cases.case(customer_id, case_id)
        if case is None:
            raise NotFoundError("there is no such case")
        return case

    def _judged(self, case: Case, as_of: date) -> Evaluation:
        return evaluate(case, self.ledger.load(case.customer_id), as_of)

    def _written(self, case: Case, events: Sequence[Event] = ()) -> Case | None:
        return replace(case, version=case.version + 1) if self.cases.move_case(case, events) else None

    def _change(
        self,
        customer_id: str,
        case_id: str,
        decide: Callable[[Case], Case],
        tell: Callable[[Case], Sequence[Event]] = lambda _: (),
    ) -> Case:
        """Decide on the case and write the decision, again when somebody else was faster."""
        for _ in range(ATTEMPTS):
            case = self._case(customer_id, case_id)
            decided = decide(case)
            if decided == case:
                return case
            if written := self._written(decided, tell(decided)):
                return written
        raise ConflictError("the case kept changing: try again")


def _new_case(trouble: Trouble, execution: str, now: datetime) -> Case:
    return Case(
        case_id=case_id(trouble.customer_id, trouble.currency, trouble.oldest_invoice_id),
        customer_id=trouble.customer_id,
        currency=trouble.currency,
        opened_at=now,
        status=CaseStatus.OPENED,
        execution=execution,
        reason_codes=trouble.reason_codes,
        policy_version=trouble.policy_version,
        model_version=trouble.model_version,
    )


def _event(name: str, case: Case, now: datetime) -> Event:
    data: dict[str, str] = {"case_id": case.case_id, "currency": case.currency}
    if case.outcome:
        data["outcome"] = case.outcome
    else:
        data["reason_codes"] = ",".join(case.reason_codes)
    return Event(stable_id("evt", name, case.case_id, case.execution), name, case.customer_id, now, data)
