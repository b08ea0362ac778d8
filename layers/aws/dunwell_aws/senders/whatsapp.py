"""WhatsApp through End User Messaging Social: approved templates only, as nothing else may begin a conversation."""

import json
from collections.abc import Callable
from functools import partial
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from dunwell.accounts.links import Links
from dunwell.outreach.dispatch import Message
from dunwell_aws.message_index import DynamoMessageIndex
from dunwell_aws.messages import ChatTemplate, Renderer
from dunwell_aws.senders.number import NumberSender
from dunwell_aws.senders.pacing import Pacer
from dunwell_aws.sending import translated
from dunwell_aws.urls import Urls

META_API_VERSION = "v21.0"
_REFUSED = frozenset({"InvalidParametersException", "ValidationException"})


class WhatsAppSender(NumberSender):
    """``dunwell.outreach.dispatch.Sender`` by WhatsApp; Meta approves the template beforehand.

    Args:
        phone_number_id: the account's own WhatsApp number, as End User Messaging names it.
    """

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
        super().__init__(renderer, index, links, urls, pacer)
        self._social = social
        self._phone_number_id = phone_number_id

    def _ready(self, message: Message, account_url: str) -> Callable[[], str]:
        template = self._renderer.whatsapp(message, account_url)
        return partial(self._send, whatsapp_message(message.address, template, message.contact.contact_id))

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
