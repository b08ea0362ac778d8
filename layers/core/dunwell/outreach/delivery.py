"""What became of a message after it was sent, and what that teaches about the address and the customer."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from dunwell.accounts.contact_points import KIND_OF, Channel, address_id
from dunwell.accounts.shared import NOTED_ON, AddressBook, Said, Word
from dunwell.errors import NotFoundError
from dunwell.events import CONTACT_BOUNCED, CONTACT_COMPLAINED, CONTACT_DELIVERED
from dunwell.ledger.change import Change
from dunwell.ledger.model import Account
from dunwell.ledger.ports import Ledger
from dunwell.ledger.update import update
from dunwell.outreach.contact import Contact, ContactStatus
from dunwell.outreach.plan import contact_event
from dunwell.outreach.ports import ContactStore
from dunwell.outreach.switches import Counts
from dunwell.outreach.tasks import TaskStore, is_out_of_reach, trouble_task

RETURNED = "returned"
"""Why a postal address is not used any more: a letter came back from it."""


class Outcome(StrEnum):
    """What the channel's service reports. Who opens, clicks or replies has the message."""

    DELIVERED = "delivered"
    OPENED = "opened"
    CLICKED = "clicked"
    REPLIED = "replied"
    BOUNCED = "bounced"
    COMPLAINED = "complained"


_STATUS = {
    Outcome.DELIVERED: ContactStatus.DELIVERED,
    Outcome.OPENED: ContactStatus.DELIVERED,
    Outcome.CLICKED: ContactStatus.DELIVERED,
    Outcome.REPLIED: ContactStatus.DELIVERED,
    Outcome.BOUNCED: ContactStatus.BOUNCED,
    Outcome.COMPLAINED: ContactStatus.COMPLAINED,
}
_EVENT = {
    ContactStatus.DELIVERED: CONTACT_DELIVERED,
    ContactStatus.BOUNCED: CONTACT_BOUNCED,
    ContactStatus.COMPLAINED: CONTACT_COMPLAINED,
}
_RANK = {
    ContactStatus.SENDING: 0,
    ContactStatus.UNCONFIRMED: 0,
    ContactStatus.SENT: 0,
    ContactStatus.DELIVERED: 1,
    ContactStatus.BOUNCED: 2,
    ContactStatus.COMPLAINED: 3,
}


@dataclass(frozen=True, slots=True)
class Feedback:
    """One report on one message.

    Attributes:
        address: where the message went, which may not be the customer's address any more; empty when it is not told.
        at: when it happened.
        permanent: of a bounce, that the address will never take mail; a bounce that may heal suppresses nothing.
        reason: of a bounce, a code for why; empty: ``bounced``.
    """

    customer_id: str
    contact_id: str
    outcome: Outcome
    address: str
    message_id: str
    at: datetime
    permanent: bool = True
    channel: Channel = Channel.EMAIL
    reason: str = ""

    @property
    def why(self) -> str:
        """A code for why the address is not used any more."""
        return self.reason or self.outcome.value

    @property
    def suppresses(self) -> bool:
        """Whether the address must not be used again."""
        bounced = self.outcome is Outcome.BOUNCED and self.permanent
        return bool(self.address) and (bounced or self.outcome is Outcome.COMPLAINED)


def record_delivery(
    feedback: Feedback,
    ledger: Ledger,
    contacts: ContactStore,
    tasks: TaskStore,
    addresses: AddressBook | None = None,
) -> Counts:
    """Keep a report, once, in whatever order reports arrive: a bounce outranks a delivery, never the reverse.

    A hard bounce or a complaint suppresses the address before the contact is moved, for everybody who has it, and puts
    a customer whom nothing reaches any more on the worklist; a crash in between is repaired by the report's next
    delivery.

    Args:
        addresses: who else is at the address; None where nobody is noted, as for letters.

    Returns:
        What the report adds to the channel's counts; nothing when it was known.

    Raises:
        NotFoundError: there is no such customer.
    """
    if feedback.suppresses:
        for customer_id in _all_there(feedback, addresses):
            account = update(ledger, customer_id, lambda account: _suppression(account, feedback))
            if is_out_of_reach(account.customer):
                tasks.open_task(trouble_task(account.customer, feedback.why.upper(), feedback.address, feedback.at))
    while contact := contacts.contact(feedback.customer_id, feedback.contact_id):
        heard = _heard(contact, feedback)
        if heard == contact:
            return Counts()
        moves = heard.status is not contact.status
        events = [contact_event(_EVENT[heard.status], heard, feedback.at)] if moves else []
        if contacts.keep(heard, contact, events):
            return _counts(contact, heard, feedback) if moves else Counts()
    return Counts()


def letters_out(contacts: Iterable[Contact]) -> list[Contact]:
    """The letters that may still come back, newest first."""
    gone = (ContactStatus.SENT, ContactStatus.DELIVERED, ContactStatus.UNCONFIRMED)
    found = [one for one in contacts if one.channel is Channel.LETTER and one.status in gone]
    return sorted(found, key=lambda one: (one.planned_on, one.contact_id), reverse=True)


def letter_returned(
    customer_id: str, contact_id: str, ledger: Ledger, contacts: ContactStore, tasks: TaskStore, at: datetime
) -> Account:
    """Record that a letter came back: nothing goes to the address any more, and what law demands goes another way.

    Raises:
        NotFoundError: no such customer, or no such letter that could come back.
    """
    account = ledger.load(customer_id)
    known = contacts.state(customer_id).contacts
    if account is None or contact_id not in {one.contact_id for one in letters_out(known)}:
        raise NotFoundError("This letter is not among those that could come back. Reload the page.")
    address = account.customer.address(Channel.LETTER)
    told = Feedback(customer_id, contact_id, Outcome.BOUNCED, address, "", at, channel=Channel.LETTER, reason=RETURNED)
    record_delivery(told, ledger, contacts, tasks)
    return ledger.load(customer_id) or account


def _all_there(feedback: Feedback, addresses: AddressBook | None) -> list[str]:
    """The customer that a report on an address is about, and all others who were written to there; now it is kept."""
    if addresses is None or feedback.channel not in NOTED_ON:
        return [feedback.customer_id]
    where = address_id(KIND_OF[feedback.channel], feedback.address)
    said = Said.COMPLAINED if feedback.outcome is Outcome.COMPLAINED else Said.BOUNCED
    others = addresses.note_word(where, Word(feedback.channel, said, feedback.why, feedback.at))
    return list(dict.fromkeys([feedback.customer_id, *others]))


def _heard(contact: Contact, feedback: Feedback) -> Contact:
    """The contact after a report; the same when it says nothing new."""
    if contact.status not in _RANK:
        return contact
    heard = contact
    status = _STATUS[feedback.outcome]
    if _RANK[status] > _RANK[contact.status]:
        sent_at, message_id = contact.sent_at or feedback.at, feedback.message_id or contact.message_id
        heard = replace(contact, status=status, sent_at=sent_at, message_id=message_id)
    if feedback.outcome is Outcome.OPENED:
        return replace(heard, opened_at=_first(heard.opened_at, feedback.at))
    if feedback.outcome is Outcome.CLICKED:
        return replace(heard, clicked_at=_first(heard.clicked_at, feedback.at))
    if feedback.outcome is Outcome.REPLIED:
        return replace(heard, replied_at=_first(heard.replied_at, feedback.at))
    return heard


def _first(known: datetime | None, at: datetime) -> datetime:
    return min(at, known) if known else at


def _counts(before: Contact, after: Contact, feedback: Feedback) -> Counts:
    return Counts(
        reported=int(_RANK[before.status] == 0),
        bounced=int(after.status is ContactStatus.BOUNCED and feedback.permanent),
        complained=int(after.status is ContactStatus.COMPLAINED),
    )


def _suppression(account: Account, feedback: Feedback) -> Change:
    if feedback.address in account.customer.suppressed:
        return Change(account)
    kind = KIND_OF[feedback.channel]
    spoilt = account.customer.with_bounce(feedback.address, feedback.at, feedback.why, kind)
    return Change(account, None if spoilt == account.customer else spoilt)


def latest_on(contacts: Iterable[Contact], channel: Channel) -> Contact | None:
    """The newest contact on a channel that a reply may be about, or None."""
    found = [one for one in contacts if one.channel is channel and one.status in _RANK]
    return max(found, key=lambda one: (one.planned_on, one.contact_id), default=None)
