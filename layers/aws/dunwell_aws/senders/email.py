"""E-mail through SES."""

from functools import partial

from dunwell.accounts.contact_points import Channel, PointKind, address_id
from dunwell.accounts.links import Links
from dunwell.compliance.model import MessageFacts
from dunwell.outreach.dispatch import Message, Send
from dunwell_aws.mail import Mailer
from dunwell_aws.messages import Renderer
from dunwell_aws.senders.pacing import Pacer
from dunwell_aws.ses_events import CONTACT_TAG, CUSTOMER_TAG
from dunwell_aws.urls import Urls


class EmailSender:
    """Not repeatable: SES takes no idempotency key."""

    is_repeatable = False

    def __init__(self, renderer: Renderer, mailer: Mailer, links: Links, urls: Urls, pacer: Pacer) -> None:
        self._renderer = renderer
        self._mailer = mailer
        self._links = links
        self._urls = urls
        self._pacer = pacer

    def facts(self, message: Message) -> MessageFacts:
        """See the port."""
        return self._renderer.facts(message)

    def prepare(self, message: Message) -> Send:
        """See the port. The stop link works with one click from the mail program (RFC 8058).

        In a mail to a former address it stops nothing elsewhere: whoever reads it there may be somebody else now.
        """
        customer_id = message.contact.customer_id
        account = self._links.issue_link(customer_id, "account", message.as_of, sent_to=message.address)
        is_former = message.address != message.account.customer.address(Channel.EMAIL)
        bound = message.address if is_former else ""
        where = address_id(PointKind.EMAIL, message.address)
        token = self._links.issue_link(customer_id, "stop", message.as_of, sent_to=bound, address_id=where)
        stop = self._urls.portal(f"/stop/{token}")
        words = self._renderer.email(message, self._urls.portal(f"/l/{account}"), stop)
        self._pacer.wait()
        return partial(
            self._mailer.send,
            to=message.address,
            subject=words.subject,
            text=words.text,
            html=words.html,
            headers={"List-Unsubscribe": f"<{stop}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"},
            tags={CUSTOMER_TAG: customer_id, CONTACT_TAG: message.contact.contact_id},
            attachments=[(one.name, one.media_type, one.content) for one in words.attachments],
        )
