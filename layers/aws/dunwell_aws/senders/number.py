"""What goes to a telephone number: a text or a chat message with a link to the account."""

from abc import ABC, abstractmethod
from collections.abc import Callable

from dunwell.accounts.links import Links
from dunwell.compliance.model import MessageFacts
from dunwell.outreach.dispatch import Message, Send
from dunwell_aws.message_index import DynamoMessageIndex
from dunwell_aws.messages import Renderer
from dunwell_aws.senders.pacing import Pacer
from dunwell_aws.urls import Urls


class NumberSender(ABC):
    """Not repeatable: none of these services takes an idempotency key.

    Their reports carry no tags of ours, so that message ids are noted.
    """

    is_repeatable = False

    def __init__(self, renderer: Renderer, index: DynamoMessageIndex, links: Links, urls: Urls, pacer: Pacer) -> None:
        self._renderer = renderer
        self._index = index
        self._links = links
        self._urls = urls
        self._pacer = pacer

    def facts(self, message: Message) -> MessageFacts:
        """See the port."""
        return self._renderer.facts(message)

    def prepare(self, message: Message) -> Send:
        """See the port."""
        contact, number = message.contact, message.address
        link = self._links.issue_link(contact.customer_id, "account", message.as_of)
        hand_over = self._ready(message, self._urls.portal(f"/l/{link}"))
        self._pacer.wait()

        def send() -> str:
            message_id = hand_over()
            self._index.note_message(message_id, number, contact.customer_id, contact.contact_id)
            return message_id

        return send

    @abstractmethod
    def _ready(self, message: Message, account_url: str) -> Callable[[], str]:
        """The message rendered; what hands it to the service and gives the service's id of it."""
