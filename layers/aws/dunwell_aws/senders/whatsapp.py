"""WhatsApp through End User Messaging Social: approved templates only, as nothing else may begin a conversation."""

import json
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from dunwell.accounts.links import Links
from dunwell.compliance.model import MessageFacts
from dunwell.outreach.dispatch import Message, Send
from dunwell_aws.message_index import DynamoMessageIndex
from dunwell_aws.messages import ChatTemplate, Renderer
from dunwell_aws.senders.pacing import Pacer
from dunwell_aws.sending import translated
from dunwell_aws.urls import Urls

META_API_VERSION = "v21.0"
_REFUSED = frozenset({"InvalidParametersException", "ValidationException"})


class WhatsAppSender:
    """Not repeatable: the service takes no idempotency key.

    Args:
        phone_number_id: the account's own WhatsApp number, as End User Messaging names it.
    """

    is_repeatable = False

    def __init__(
        self,
        renderer: Renderer,
        social: Any,
        phone_number_id: str,
        index: DynamoMessageIndex,
        links: Links,
        urls: Urls,
        pacer: Pacer,
    ) -> None:
        self._renderer = renderer
        self._social = social
        self._phone_number_id = phone_number_id
        self._index = index
        self._links = links
        self._urls = urls
        self._pacer = pacer

    def facts(self, message: Message) -> MessageFacts:
        """See the port."""
        return self._renderer.facts(message)

    def prepare(self, message: Message) -> Send:
        """See the port. The template was approved by Meta beforehand."""
        contact, number = message.contact, message.address
        link = self._links.issue_link(contact.customer_id, "account", message.as_of)
        body = whatsapp_message(
            number, self._renderer.whatsapp(message, self._urls.portal(f"/l/{link}")), contact.contact_id
        )
        self._index.note_number(number, contact.customer_id)
        self._pacer.wait()

        def send() -> str:
            message_id = self._send(body)
            self._index.note_message(message_id, number, contact.customer_id, contact.contact_id)
            return message_id

        return send

    def _send(self, body: bytes) -> str:
        try:
            sent = self._social.send_whatsapp_message(
                originationPhoneNumberId=self._phone_number_id, message=body, metaApiVersion=META_API_VERSION
            )
        except (ClientError, BotoCoreError) as error:
            raise translated(error, _REFUSED) from error
        return str(sent["messageId"])


def whatsapp_message(number: str, template: ChatTemplate, contact_id: str) -> bytes:
    """A message in the words of WhatsApp's Cloud API: a template with the values of its places."""
    places = [{"type": "text", "text": value} for value in template.parameters]
    message = {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        "to": number,
        "type": "template",
        "biz_opaque_callback_data": contact_id,
        "template": {
            "name": template.name,
            "language": {"code": template.language},
            "components": [{"type": "body", "parameters": places}],
        },
    }
    return json.dumps(message, ensure_ascii=False).encode()
