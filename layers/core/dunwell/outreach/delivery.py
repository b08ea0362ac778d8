"""What became of a message after it was sent, and what that teaches about the address."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from dunwell.events import CONTACT_BOUNCED, CONTACT_COMPLAINED, CONTACT_DELIVERED
from dunwell.ledger.change import Change
from dunwell.ledger.model import Account
from dunwell.ledger.ports import Ledger
from dunwell.ledger.update import update
from dunwell.outreach.contact import ContactStatus
from dunwell.outreach.plan import contact_event
from dunwell.outreach.ports import ContactStore


class Outcome(StrEnum):
    """What the channel's service reports."""

    DELIVERED = "delivered"
    BOUNCED = "bounced"
    COMPLAINED = "complained"


_EVENT = {
    Outcome.DELIVERED: CONTACT_DELIVERED,
    Outcome.BOUNCED: CONTACT_BOUNCED,
    Outcome.COMPLAINED: CONTACT_COMPLAINED,
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
        address: where the message went, which may not be the customer's address any more.
        permanent: of a bounce, that the address will never take mail; a bounce that may heal suppresses nothing.
    """

    customer_id: str
    contact_id: str
    outcome: Outcome
    address: str
    message_id: str
    at: datetime
    permanent: bool = True


def record_delivery(feedback: Feedback, ledger: Ledger, contacts: ContactStore) -> None:
    """Keep a report, once, in whatever order reports arrive: a bounce outranks a delivery, never the reverse.

    A hard bounce or a complaint suppresses the address before the contact is moved, so that a crash in between is
    repaired by the report's next delivery.

    Raises:
        NotFoundError: there is no such customer.
    """
    if feedback.outcome is Outcome.COMPLAINED or (feedback.outcome is Outcome.BOUNCED and feedback.permanent):
        update(ledger, feedback.customer_id, lambda account: _suppression(account, feedback))
    status = ContactStatus(feedback.outcome.value)
    while contact := contacts.contact(feedback.customer_id, feedback.contact_id):
        if contact.status not in _RANK or _RANK[contact.status] >= _RANK[status]:
            return
        sent_at = contact.sent_at or feedback.at
        moved = replace(contact, status=status, sent_at=sent_at, message_id=feedback.message_id)
        if contacts.move(moved, contact.status, [contact_event(_EVENT[feedback.outcome], moved, feedback.at)]):
            return


def _suppression(account: Account, feedback: Feedback) -> Change:
    if feedback.address in account.customer.suppressed:
        return Change(account)
    bounced = account.customer.with_bounce(feedback.address, feedback.at, feedback.outcome.value)
    return Change(account, customer=bounced)
