"""What the portal shows a customer who comes: written once a contact, and noted when it was seen."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

from dunwell.events import CONTACT_DELIVERED
from dunwell.outreach.contact import ContactStatus
from dunwell.outreach.plan import contact_event
from dunwell.outreach.ports import ContactStore

SHOWN = 5
"""How many notices the page shows, the newest first."""


@dataclass(frozen=True, slots=True)
class Notice:
    """One notice.

    Attributes:
        notice_id: the contact's.
        seen_at: when its customer first saw it; None: not yet.
    """

    notice_id: str
    customer_id: str
    subject: str
    text: str
    written_at: datetime
    seen_at: datetime | None = None


class NoticeStore(Protocol):
    """Where notices are kept."""

    def write_notice(self, notice: Notice) -> None:
        """Add a notice; one of the same id is left as it is."""
        ...

    def notices(self, customer_id: str) -> list[Notice]:
        """A customer's notices, newest first."""
        ...

    def notice_seen(self, notice: Notice) -> bool:
        """Keep when a notice was seen; False when that was known."""
        ...


def shown_notices(
    customer_id: str, notices: NoticeStore, contacts: ContactStore, now: datetime, most: int = SHOWN
) -> Sequence[Notice]:
    """The newest notices to show a customer who is looking, as they were before this; from now on they are seen."""
    shown = notices.notices(customer_id)[:most]
    for notice in shown:
        if notice.seen_at is None:
            _seen(replace(notice, seen_at=now), contacts, now)
            notices.notice_seen(replace(notice, seen_at=now))
    return shown


def _seen(notice: Notice, contacts: ContactStore, now: datetime) -> None:
    """The contact is delivered, and opened: told before the notice is marked, so that a crash in between repeats it."""
    contact = contacts.contact(notice.customer_id, notice.notice_id)
    if contact is None or contact.status not in (ContactStatus.SENT, ContactStatus.SENDING, ContactStatus.UNCONFIRMED):
        return
    sent_at = contact.sent_at or notice.written_at
    read = replace(contact, status=ContactStatus.DELIVERED, sent_at=sent_at, opened_at=now)
    contacts.move(read, contact.status, [contact_event(CONTACT_DELIVERED, read, now)])
