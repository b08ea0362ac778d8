"""What people do about customers beside cases: calls to make, and what keeps messages from them.

A task's id is made from what it is about, so that asking for it again asks once.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

from dunwell.accounts.model import Channel, Customer
from dunwell.errors import ConflictError, InvalidInputError, NotFoundError
from dunwell.events import CONTACT_SENT, Event
from dunwell.ids import stable_id
from dunwell.ledger.agreements import Agreement, AgreementStatus
from dunwell.ledger.holding import lift_with_task
from dunwell.ledger.model import Account
from dunwell.ledger.ports import Ledger
from dunwell.ledger.update import update
from dunwell.outreach.calls import STATUS, CallHours, best_hours, is_agreed, may_call, without_number
from dunwell.outreach.contact import CallOutcome, Contact, ContactStatus, DecisionRecord
from dunwell.outreach.evidence import EvidenceFile
from dunwell.outreach.plan import contact_event
from dunwell.outreach.policy import Policy
from dunwell.outreach.ports import ContactStore

BY_ITSELF = "system"
"""Who took a call off the worklist that nobody needs to make any more."""
APPROVAL_KEPT = timedelta(days=2)
"""An agreement that changed longer ago has no approval to be taken off the worklist."""
UNREACHABLE_BY = tuple(channel for channel in Channel if channel is not Channel.PORTAL)
"""The channels that reach a customer who does not come by themselves."""


class TaskKind(StrEnum):
    """What there is to do: a call that the policy asks for, what keeps messages from somebody, what a customer asks."""

    CALL = "call"
    TROUBLE = "trouble"
    REQUEST = "request"
    APPROVAL = "approval"
    """A proposal of a plan or an offer that waits for somebody's approval."""
    NOTICE = "notice"
    """What law demands to tell and no channel may carry; see ``blocked``."""


@dataclass(frozen=True, slots=True)
class Task:
    """One thing to do about a customer.

    Attributes:
        reason: a code: of a call the stage that asks for it, of an approval whose it is, else what is wrong.
        address: the number to call, or what does not work; empty when there is nothing at all.
        contact_id, currency: of a call or a notice, what it is about; else empty. invoice_ids: also of a request.
        script: of a call what to say, of a request what the customer wrote, else what is wrong in words.
        files: what the customer added to a request.
        stage: of a notice, which announcement it is; else empty.
        outcome, note, agent, done_at: what came of it; empty and None while it is to be done.
    """

    task_id: str
    customer_id: str
    kind: TaskKind
    reason: str
    opened_at: datetime
    address: str = ""
    contact_id: str = ""
    currency: str = ""
    invoice_ids: tuple[str, ...] = ()
    script: str = ""
    files: tuple[EvidenceFile, ...] = ()
    stage: str = ""
    outcome: str = ""
    note: str = ""
    agent: str = ""
    done_at: datetime | None = None

    @property
    def is_done(self) -> bool:
        """Whether somebody did it."""
        return self.done_at is not None


class TaskStore(Protocol):
    """Where tasks are kept."""

    def open_task(self, task: Task) -> bool:
        """Add a task; False when it is known, done or not, and then nothing changes."""
        ...

    def task(self, customer_id: str, task_id: str) -> Task | None:
        """One task, or None."""
        ...

    def finish_task(self, task: Task) -> bool:
        """Keep a task that was done; False when somebody did it first."""
        ...

    def open_tasks(self, most: int) -> list[Task]:
        """The tasks to be done, oldest first, at most so many."""
        ...


def _call_id(contact: Contact) -> str:
    return stable_id("tsk", TaskKind.CALL, contact.contact_id)


def call_task(contact: Contact, number: str, script: str, now: datetime) -> Task:
    """The task of calling a customer about a contact."""
    return Task(
        task_id=_call_id(contact),
        customer_id=contact.customer_id,
        kind=TaskKind.CALL,
        reason=contact.stage,
        opened_at=now,
        address=number,
        contact_id=contact.contact_id,
        currency=contact.currency,
        invoice_ids=contact.invoice_ids,
        script=script,
    )


def approval_task(customer_id: str, proposal: Agreement, now: datetime) -> Task:
    """The task of deciding on a proposal."""
    return Task(
        task_id=stable_id("tsk", TaskKind.APPROVAL, proposal.agreement_id),
        customer_id=customer_id,
        kind=TaskKind.APPROVAL,
        reason=f"{proposal.kind.value}_needs_{proposal.approval or 'nobody'}",
        opened_at=now,
        currency=proposal.currency,
        invoice_ids=proposal.invoice_ids,
    )


def trouble_task(customer: Customer, reason: str, address: str, now: datetime, said: str = "") -> Task:
    """The task of mending what keeps messages from a customer; another one when the customer's addresses change.

    Args:
        reason: a code; said: what is wrong in words, where the code alone does not tell.
    """
    known = sorted(f"{one.kind}:{one.address.casefold()}" for one in customer.contact_points)
    return Task(
        task_id=stable_id("tsk", TaskKind.TROUBLE, customer.customer_id, reason, address.casefold(), *known),
        customer_id=customer.customer_id,
        kind=TaskKind.TROUBLE,
        reason=reason,
        opened_at=now,
        address=address,
        script=said,
    )


def is_out_of_reach(customer: Customer) -> bool:
    """Whether no channel leads to the customer any more."""
    return not customer.reachable(UNREACHABLE_BY)


# --- what came of a call ---

_WAITING = (ContactStatus.HANDED_OVER, ContactStatus.SENDING, ContactStatus.UNCONFIRMED)


@dataclass(frozen=True)
class TaskDesk:
    """What agents do about tasks."""

    ledger: Ledger
    contacts: ContactStore
    tasks: TaskStore
    policy: Policy

    def may_call(self, task: Task, now: datetime) -> DecisionRecord:
        """Whether the call may be made now. Raises NotFoundError: there is no such customer."""
        return may_call(*self._known(task), task.invoice_ids, self.policy, now)

    def best_hours(self, task: Task, now: datetime) -> list[CallHours]:
        """When the call may be made within a day from now. Raises NotFoundError: there is no such customer."""
        return best_hours(*self._known(task), task.invoice_ids, self.policy, now)

    def finish_call(
        self, customer_id: str, task_id: str, outcome: CallOutcome, note: str, agent: str, now: datetime
    ) -> Task:
        """Keep what came of a call: with the task, and with the contact, where the contact rules count it.

        Raises:
            NotFoundError: there is no such call. ConflictError: somebody did it first.
        """
        task = self._open(customer_id, task_id, TaskKind.CALL)
        if outcome is CallOutcome.WRONG_NUMBER:
            update(self.ledger, customer_id, lambda account: without_number(account, task.address, now))
        self._settle(task, outcome, now)
        return self._finished(task, outcome, note, agent, now)

    def finish_trouble(self, customer_id: str, task_id: str, note: str, agent: str, now: datetime) -> Task:
        """Keep what was done about an address, for a customer who asked something, or to give a notice.

        What stood until a request is done is lifted before, so that a crash in between leaves a task that is done
        again, and never a hold that nobody lifts.

        Raises:
            NotFoundError: there is no such task. ConflictError: somebody did it first. InvalidInputError: no note.
        """
        if not note:
            raise InvalidInputError("Write in the note what was done about it.")
        task = self._open(customer_id, task_id, TaskKind.TROUBLE, TaskKind.REQUEST, TaskKind.NOTICE)
        if task.kind is TaskKind.REQUEST:
            lift_with_task(self.ledger, customer_id, task_id, now, agent)
        return self._finished(task, "done", note, agent, now)

    def withdraw_calls(self, customer_id: str, now: datetime) -> int:
        """Take the calls off the worklist about which nothing is left to say: paid, contested or agreed; how many.

        Done twice, each is withdrawn once.
        """
        known = self.contacts.state(customer_id).contacts
        calls = [one for one in known if one.channel is Channel.CALL and one.status is ContactStatus.HANDED_OVER]
        account = self.ledger.load(customer_id) if calls else None
        return sum(self._withdrawn(one, now) for one in calls if account and self._is_needless(one, account, now))

    def keep_approvals(self, customer_id: str, now: datetime) -> int:
        """Put proposals that wait for an approval on the worklist, and take off what was decided; how many changed.

        Done twice, each is opened and closed once.
        """
        account = self.ledger.load(customer_id)
        return sum(self._kept(account, one, now) for one in account.agreements.values()) if account else 0

    def _kept(self, account: Account, one: Agreement, now: datetime) -> bool:
        task = approval_task(account.customer.customer_id, one, now)
        if one.status is AgreementStatus.PROPOSED and one.approval:
            return self.tasks.open_task(task)
        if not one.steps or now - one.steps[-1].at > APPROVAL_KEPT:
            return False  # what was decided about it then was kept then
        known = self.tasks.task(task.customer_id, task.task_id)
        if known is None or known.is_done:
            return False
        return self.tasks.finish_task(replace(known, outcome=one.status.value, agent=one.steps[-1].who, done_at=now))

    def _withdrawn(self, contact: Contact, now: datetime) -> bool:
        task = self.tasks.task(contact.customer_id, _call_id(contact))
        if task is None:
            return False
        if not task.is_done:
            task = replace(task, outcome=CallOutcome.NOT_NEEDED.value, agent=BY_ITSELF, done_at=now)
            if not self.tasks.finish_task(task):
                return False  # somebody called meanwhile
        if task.agent != BY_ITSELF:
            return False
        self._settle(task, CallOutcome.NOT_NEEDED, now)
        return True

    def _is_needless(self, contact: Contact, account: Account, now: datetime) -> bool:
        asked = {one.invoice.invoice_id for one in account.open_invoices if one.is_collectable}
        left = asked.intersection(contact.invoice_ids)
        return not left or is_agreed(account, tuple(left), self.policy, now)

    def _known(self, task: Task) -> tuple[Account, Sequence[Contact]]:
        account = self.ledger.load(task.customer_id)
        if account is None:
            raise NotFoundError("there is no such customer")
        return account, self.contacts.state(task.customer_id).contacts

    def _open(self, customer_id: str, task_id: str, *kinds: TaskKind) -> Task:
        task = self.tasks.task(customer_id, task_id)
        if task is None or task.kind not in kinds:
            raise NotFoundError("There is no such task.")
        if task.is_done:
            raise ConflictError("Somebody else did this task first.")
        return task

    def _settle(self, task: Task, outcome: CallOutcome, now: datetime) -> None:
        contact = self.contacts.contact(task.customer_id, task.contact_id)
        if contact is None or contact.status not in _WAITING:
            return
        sent_at = None if outcome is CallOutcome.NOT_NEEDED else now
        made = replace(contact, status=STATUS[outcome], sent_at=sent_at, call_outcome=outcome)
        self.contacts.move(made, contact.status, _told(made, now))

    def _finished(self, task: Task, outcome: str, note: str, agent: str, now: datetime) -> Task:
        done = replace(task, outcome=str(outcome), note=note, agent=agent, done_at=now)
        if not self.tasks.finish_task(done):
            raise ConflictError("Somebody else did this task first.")
        return done


def _told(contact: Contact, now: datetime) -> list[Event]:
    return [contact_event(CONTACT_SENT, contact, now)] if contact.status is not ContactStatus.CANCELLED else []
