"""Notices that law demands and that no channel may carry: each is an agent's task, until it is done or needless.

A notice is tried on one channel after the other (``announce``). When the last has refused it or brought it back, a
person has to see that it is given: to the customer's attorney, say, or on paper after counsel agreed.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from enum import StrEnum
from typing import Final

from dunwell.accounts.model import Channel
from dunwell.compliance.model import ReasonCode
from dunwell.events import (
    AGREEMENT_BROKEN,
    AGREEMENT_COMPLETED,
    AGREEMENT_ENDED,
    AGREEMENT_REVISED,
    CONTACT_BOUNCED,
    CONTACT_REFUSED,
    PAYMENT_METHOD_ENDED,
    PAYMENT_METHOD_SAVED,
    Event,
)
from dunwell.ids import stable_id
from dunwell.ledger.model import Account
from dunwell.ledger.ports import Ledger
from dunwell.outreach.announced import MANNERS
from dunwell.outreach.announcements import is_still_true
from dunwell.outreach.contact import Contact, ContactStatus
from dunwell.outreach.permission import may_contact
from dunwell.outreach.policy import Policy
from dunwell.outreach.ports import ContactStore
from dunwell.outreach.tasks import BY_ITSELF, Task, TaskKind, TaskStore

BOUNCED = "BOUNCED"
"""Reason code of our own: the last channel took it, and brought it back."""
NOT_NEEDED = "not_needed"
"""The outcome of a task that nobody did, because what the notice says is not so any more, or a newer one says it."""
FOLLOWED = frozenset(
    {
        CONTACT_BOUNCED,
        CONTACT_REFUSED,
        AGREEMENT_REVISED,
        AGREEMENT_BROKEN,
        AGREEMENT_COMPLETED,
        AGREEMENT_ENDED,
        PAYMENT_METHOD_SAVED,
        PAYMENT_METHOD_ENDED,
    }
)
"""The events after which a notice may need a person, or need none any more."""
_BACK = (ContactStatus.REFUSED, ContactStatus.BOUNCED)


class Addressee(StrEnum):
    """To whom a notice goes that the customer may not be sent, or where it would not arrive."""

    ATTORNEY = "attorney"
    ESTATE = "estate"
    TRUSTEE = "trustee"
    GUARDIAN = "guardian"
    COUNSEL = "counsel"
    """Nobody before the creditor's own counsel has said whether and how."""
    CUSTOMER = "customer"
    """At an address that has to be found."""


ADDRESSEES: Final[Mapping[str, Addressee]] = {
    ReasonCode.ATTORNEY_REPRESENTED: Addressee.ATTORNEY,
    ReasonCode.DECEASED: Addressee.ESTATE,
    ReasonCode.BANKRUPTCY_STAY: Addressee.TRUSTEE,
    ReasonCode.MINOR: Addressee.GUARDIAN,
    ReasonCode.CEASE_COMMUNICATION: Addressee.COUNSEL,
    ReasonCode.IDENTITY_THEFT: Addressee.COUNSEL,
    ReasonCode.DISPUTE_PENDING_VERIFICATION: Addressee.COUNSEL,
    ReasonCode.UK_BREATHING_SPACE: Addressee.COUNSEL,
    ReasonCode.VULNERABLE_CUSTOMER: Addressee.COUNSEL,
    ReasonCode.PAUSED_FOR_REVIEW: Addressee.COUNSEL,
}
"""Who gets what a hold stops; whatever else stops it, the customer gets it, another way."""


def addressee_of(reason_code: str) -> Addressee:
    """To whom a notice goes that was stopped for a reason."""
    return ADDRESSEES.get(reason_code, Addressee.CUSTOMER)


def keep_notices(
    event: Event, ledger: Ledger, contacts: ContactStore, tasks: TaskStore, policy: Policy, as_of: date, now: datetime
) -> int:
    """Put notices on the worklist that nothing carries, and take off those that are needless; how many changed.

    Done twice, each is opened and closed once. Two reads for an event of ``FOLLOWED``, none for others.

    Args:
        as_of: the business date.
    """
    account = ledger.load(event.customer_id) if event.name in FOLLOWED else None
    if account is None or account.customer.is_internal:
        return 0
    known = contacts.state(account.customer.customer_id).contacts
    return sum(_kept(tries, known, account, tasks, policy, as_of, now) for tries in _notices(known) if _is_stuck(tries))


def notice_task(tries: Sequence[Contact], customer_id: str, now: datetime) -> Task:
    """The task of giving a notice that was tried in vain.

    Args:
        tries: its contacts, the first one first.
    """
    last = tries[-1]
    return Task(
        task_id=stable_id("tsk", TaskKind.NOTICE, customer_id, _origin(last)),
        customer_id=customer_id,
        kind=TaskKind.NOTICE,
        reason=last.decisions[-1].reason_code if last.status is ContactStatus.REFUSED else BOUNCED,
        opened_at=now,
        contact_id=last.contact_id,
        currency=last.currency,
        invoice_ids=last.invoice_ids,
        stage=last.stage,
    )


def open_channels(
    task: Task, account: Account, contacts: Sequence[Contact], policy: Policy, now: datetime
) -> list[Channel]:
    """The channels on which the customer may be given a notice now, after all: since a hold was lifted, say."""
    manner = MANNERS[task.stage]
    customer = account.customer
    return [
        channel
        for channel in manner.channels
        if (channel is Channel.PORTAL or customer.point(channel))
        and may_contact(customer, contacts, channel, task.invoice_ids, policy, now, purpose=manner.purpose).allowed
    ]


def _kept(
    tries: Sequence[Contact],
    known: Sequence[Contact],
    account: Account,
    tasks: TaskStore,
    policy: Policy,
    as_of: date,
    now: datetime,
) -> bool:
    task, last = notice_task(tries, account.customer.customer_id, now), tries[-1]
    if is_still_true(last.stage, last.about, account, policy, as_of) and not _is_superseded(tries, known):
        return tasks.open_task(task)
    found = tasks.task(task.customer_id, task.task_id)
    if found is None or found.is_done:
        return False
    return tasks.finish_task(replace(found, outcome=NOT_NEEDED, agent=BY_ITSELF, done_at=now))


def _notices(known: Sequence[Contact]) -> Iterator[list[Contact]]:
    """The tries of each notice that law demands, the first one first."""
    by_origin: dict[str, list[Contact]] = {}
    for one in known:
        manner = MANNERS.get(one.stage)
        if manner and manner.is_required:
            by_origin.setdefault(_origin(one), []).append(one)
    yield from by_origin.values()


def _origin(contact: Contact) -> str:
    """The first try of a notice, which names it."""
    return str(contact.about.get("instead_of") or contact.contact_id)


def _is_stuck(tries: Sequence[Contact]) -> bool:
    """Whether a notice reached nobody and is tried no more: see ``announce``."""
    if any(one.status not in _BACK for one in tries):
        return False
    was_refused_at_once = any(not one.decisions[0].allowed for one in tries)
    return was_refused_at_once or {one.channel for one in tries} >= set(MANNERS[tries[-1].stage].channels)


def _is_superseded(tries: Sequence[Contact], known: Sequence[Contact]) -> bool:
    """Whether a later notice says the same kind of thing about the same agreement or payment method."""
    last = tries[-1]
    after = known[max(at for at, one in enumerate(known) if one.contact_id == last.contact_id) + 1 :]
    return any(
        one.stage == last.stage and _subject(one) == _subject(last) and _origin(one) != _origin(last) for one in after
    )


def _subject(contact: Contact) -> tuple[object, ...]:
    """What a notice is about: an agreement or a payment method; else the debts that it lists."""
    named = contact.about.get("agreement_id"), contact.about.get("method_id")
    return named if any(named) else (contact.currency, contact.invoice_ids)
