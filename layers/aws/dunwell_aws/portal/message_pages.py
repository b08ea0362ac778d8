"""The customer's messages: notices in full, and what was sent to them by other ways."""

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from chalice.app import Response

from dunwell.accounts.model import Channel
from dunwell_aws.portal.site import Site, Visitor
from dunwell_aws.portal.words import Say

if TYPE_CHECKING:
    from dunwell.outreach.contact import Contact

MOST_NOTICES, MOST_CONTACTS = 20, 40
_LEFT = frozenset({"sent", "unconfirmed", "delivered", "complained", "bounced", "missed"})
"""What was tried: what is planned may yet change, and what was refused never left."""
_STATES = {"delivered": "delivered", "bounced": "not_delivered", "missed": "missed"}


@dataclass(frozen=True, slots=True)
class SentMessage:
    """A message as the page names it, in the customer's language."""

    subject: str
    channel: str
    day: date
    about: str
    state: str


def add_message_pages(site: Site) -> None:
    """Adds the page to the portal."""

    @site.route("/messages", "GET")
    def show() -> Response:
        """Notices and what was sent, newest first."""
        from dunwell.outreach.notices import shown_notices

        visitor, parts = site.visitor(), site.parts
        now = parts.clock.now()
        notices = shown_notices(visitor.customer_id, parts.notices, parts.contacts, now, MOST_NOTICES)
        contacts = parts.contacts.state(visitor.customer_id).contacts
        left = [one for one in reversed(contacts) if one.status in _LEFT and one.channel is not Channel.PORTAL]
        say = site.say(visitor)
        named = [_named(visitor, one, say) for one in left[:MOST_CONTACTS]]
        earlier = max(0, len(left) - MOST_CONTACTS)
        return site.page("messages.html", visitor, notices=notices, contacts=named, earlier=earlier)


def _named(visitor: Visitor, contact: "Contact", say: Say) -> SentMessage:
    subject = "messages.subject." + contact.template
    known = visitor.account.invoices
    numbers = [known[one].number for one in contact.invoice_ids if one in known]
    about = say("messages.about", n=len(numbers), numbers=", ".join(numbers[:3])) if numbers else ""
    more = say("common.and_more", n=len(numbers) - 3) if len(numbers) > 3 else ""
    return SentMessage(
        subject=say(subject if say.has(subject) else "messages.subject.other"),
        channel=say("messages.by." + contact.channel),
        day=contact.sent_at or contact.planned_on,
        about=f"{about} {more}".strip(),
        state=say("messages.state." + _STATES.get(contact.status, "sent")),
    )
