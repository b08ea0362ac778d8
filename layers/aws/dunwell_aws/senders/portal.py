"""Notices: what the portal shows the customer at the next visit."""

from dunwell.compliance.model import MessageFacts
from dunwell.outreach.dispatch import Message, Send
from dunwell.outreach.notices import Notice, NoticeStore
from dunwell_aws.messages import Renderer


class PortalSender:
    """Repeatable: the notice has the contact's name and is written once."""

    is_repeatable = True

    def __init__(self, renderer: Renderer, notices: NoticeStore) -> None:
        self._renderer = renderer
        self._notices = notices

    def facts(self, message: Message) -> MessageFacts:
        """See the port."""
        return self._renderer.facts(message)

    def prepare(self, message: Message) -> Send:
        """See the port."""
        contact, words = message.contact, self._renderer.portal(message)
        notice = Notice(contact.contact_id, contact.customer_id, words.subject, words.text, message.as_of)

        def send() -> str:
            self._notices.write_notice(notice)
            return notice.notice_id

        return send
