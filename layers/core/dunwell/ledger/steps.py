"""Moving an agreement from one status to the next, what that does to the books, and the events that tell of it."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from dunwell.events import (
    AGREEMENT_BROKEN,
    AGREEMENT_COMPLETED,
    AGREEMENT_ENDED,
    AGREEMENT_MADE,
    AGREEMENT_PROPOSED,
    INSTALMENT_DUE,
    INSTALMENT_MISSED,
    Event,
    Scalar,
)
from dunwell.ids import stable_id
from dunwell.ledger.agreements import AgreedInstalment, Agreement, AgreementStatus, AgreementStep
from dunwell.ledger.change import Change
from dunwell.ledger.entry import Entry, EntryKind
from dunwell.ledger.model import Account
from dunwell.ledger.posting import reverse

SYSTEM = "system"
METHOD = "agreement"
"""How the entries of agreements came, in ``Entry.method``."""
_NAMES = {
    AgreementStatus.PROPOSED: AGREEMENT_PROPOSED,
    AgreementStatus.AUTHORISED: AGREEMENT_MADE,
    AgreementStatus.COMPLETED: AGREEMENT_COMPLETED,
    AgreementStatus.BROKEN: AGREEMENT_BROKEN,
    AgreementStatus.CANCELLED: AGREEMENT_ENDED,
    AgreementStatus.LAPSED: AGREEMENT_ENDED,
}
"""The event of reaching a status; that first money came is told by the payment's own."""


def stepped(
    agreement: Agreement, status: AgreementStatus, at: datetime, who: str, why: str = "", **changes: Any
) -> Agreement:
    """The agreement one step on, with other changes to it."""
    step = AgreementStep(status, at, who, why)
    return replace(agreement, status=status, steps=(*agreement.steps, step), **changes)


def moved(
    account: Account,
    agreement: Agreement,
    status: AgreementStatus,
    at: datetime,
    who: str,
    why: str = "",
    **changes: Any,
) -> Change:
    """An agreement's step as a change, with the event of the status that it reaches, if that has one."""
    after = stepped(agreement, status, at, who, why, **changes)
    name = _NAMES.get(status)
    events = (told(name, account, after, at, why),) if name else ()
    return Change(account, agreements={after.agreement_id: after}, events=events)


def ended(account: Account, agreement: Agreement, status: AgreementStatus, at: datetime, who: str, why: str) -> Change:
    """An agreement broken or cancelled; the credit note of what it had given up is taken back in the same write.

    The note is taken back on the day of ``at`` in the agreement's zone.
    """
    change = moved(account, agreement, status, at, who, why, next_on=None)
    note = note_of(account, agreement)
    standing_minor = account.books.standing_minor(note.entry_id) if note else 0
    if note is None or not standing_minor:
        return change
    reference = f"{agreement.agreement_id}#ended"
    how: dict[str, Any] = {"method": METHOD, "reference": reference, "reason": "agreement_ended"}
    return change.then(
        reverse(account, note.entry_id, standing_minor, reversed_at=at.astimezone(agreement.made_at.tzinfo), **how)
    )


def note_of(account: Account, agreement: Agreement) -> Entry | None:
    """The credit note of what an agreement gave up, if one was posted."""
    if not agreement.forgiven_minor:
        return None
    key = (EntryKind.CREDIT_NOTE, agreement.agreement_id)
    found = (e for i, e in account.entries.items() if (e.kind, e.reference) == key and i not in account.moved)
    return next(found, None)


def told(name: str, account: Account, agreement: Agreement, at: datetime, why: str = "") -> Event:
    """The event of an agreement's step, from the agreement after it."""
    return Event(
        event_id=stable_id("evt", name, agreement.agreement_id, str(len(agreement.steps))),
        name=name,
        customer_id=account.customer.customer_id,
        occurred_at=at,
        data={
            "agreement_id": agreement.agreement_id,
            "kind": agreement.kind.value,
            "status": agreement.status.value,
            "currency": agreement.currency,
            "amount_minor": agreement.amount_minor,
            "why": why,
        },
    )


def instalment_due(
    account: Account, agreement: Agreement, part: AgreedInstalment, left_minor: int, at: datetime
) -> Event:
    """The event that an instalment is due soon."""
    return _about_instalment(INSTALMENT_DUE, account, agreement, part, left_minor, at, "")


def instalment_missed(
    account: Account, agreement: Agreement, part: AgreedInstalment, left_minor: int, at: datetime
) -> Event:
    """The event that an instalment was not paid on its day; of an agreement after the step that says so."""
    return _about_instalment(INSTALMENT_MISSED, account, agreement, part, left_minor, at, str(len(agreement.steps)))


def _about_instalment(
    name: str, account: Account, agreement: Agreement, part: AgreedInstalment, left_minor: int, at: datetime, key: str
) -> Event:
    data: dict[str, Scalar] = {
        "agreement_id": agreement.agreement_id,
        "kind": agreement.kind.value,
        "currency": agreement.currency,
        "instalment": part.number,
        "amount_minor": left_minor,
        "due_on": part.due_on.isoformat(),
        "is_debited": is_debited(account, agreement),
    }
    event_id = stable_id("evt", name, agreement.agreement_id, str(part.number), key)
    return Event(event_id, name, account.customer.customer_id, at, data)


def is_debited(account: Account, agreement: Agreement) -> bool:
    """Whether its instalments are debited from a saved method that may still be debited."""
    method = account.methods.get(agreement.authorisation.method_id) if agreement.authorisation else None
    return method is not None and method.is_usable
