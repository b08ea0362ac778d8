"""Text messages: through SNS, or through End User Messaging where the deployment names a number of its own there.

SNS tells nobody but a log whether a message arrived; End User Messaging tells the bus.
"""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from dunwell.accounts.links import Links
from dunwell.errors import InvalidAddressError, OptedOutError
from dunwell.outreach.dispatch import Message
from dunwell_aws.message_index import DynamoMessageIndex
from dunwell_aws.messages import Renderer
from dunwell_aws.senders.number import NumberSender
from dunwell_aws.senders.pacing import Pacer
from dunwell_aws.sending import translated
from dunwell_aws.urls import Urls

if TYPE_CHECKING:
    from mypy_boto3_sns import SNSClient

_REFUSED = frozenset({"InvalidParameter", "InvalidParameterValue", "ValidationException", "ConflictException"})
_OPTED_OUT = frozenset({"OptedOut", "DESTINATION_PHONE_NUMBER_OPTED_OUT"})


def _refused(error: ClientError | BotoCoreError) -> Exception:
    """What a failed text means. That a number is wrong is believed only when the service says that it is the number."""
    if not isinstance(error, ClientError):
        return translated(error, _REFUSED)
    answer: Any = error.response
    told = answer.get("Error", {})
    if {told.get("Code"), answer.get("Reason")} & _OPTED_OUT:
        return OptedOutError("the number is on the service's list of those who said stop")
    fields = {field.get("Name") for field in answer.get("Fields") or []}
    of_number = "DestinationPhoneNumber" in fields or "PhoneNumber" in str(told.get("Message", ""))
    if told.get("Code") in _REFUSED and of_number:
        return InvalidAddressError("the service says that there is no such number")
    return translated(error, _REFUSED)


class SnsTexts:
    """Hands text messages to SNS, which takes no idempotency key.

    Args:
        sender_id: shown as sender where a country permits it; empty: none.
        max_price_usd: the most that one message may cost, such as ``0.50``; SNS does not send what would cost more.
    """

    def __init__(self, sns: "SNSClient", sender_id: str, max_price_usd: str) -> None:
        self._sns = sns
        self._attributes: dict[str, Any] = {
            "AWS.SNS.SMS.SMSType": {"DataType": "String", "StringValue": "Transactional"},
            "AWS.SNS.SMS.MaxPrice": {"DataType": "Number", "StringValue": max_price_usd},
        }
        if sender_id:
            self._attributes["AWS.SNS.SMS.SenderID"] = {"DataType": "String", "StringValue": sender_id}

    def send(self, number: str, text: str) -> str:
        """Send a text; the service's id of it. Raises: see ``dispatch.Send``."""
        try:
            sent = self._sns.publish(PhoneNumber=number, Message=text, MessageAttributes=self._attributes)
        except (ClientError, BotoCoreError) as error:
            raise _refused(error) from error
        return str(sent["MessageId"])


class EndUserMessagingTexts:
    """Hands text messages to End User Messaging, from a number, a sender id or a pool of the account's own."""

    def __init__(self, sms_voice: Any, origination: str, max_price_usd: str) -> None:
        self._sms_voice = sms_voice
        self._origination = origination
        self._max_price_usd = max_price_usd

    def send(self, number: str, text: str) -> str:
        """Send a text; the service's id of it. Raises: see ``dispatch.Send``."""
        try:
            sent = self._sms_voice.send_text_message(
                DestinationPhoneNumber=number,
                OriginationIdentity=self._origination,
                MessageBody=text,
                MessageType="TRANSACTIONAL",
                MaxPrice=self._max_price_usd,
            )
        except (ClientError, BotoCoreError) as error:
            raise _refused(error) from error
        return str(sent["MessageId"])


class SmsSender(NumberSender):
    """``dunwell.outreach.dispatch.Sender`` by text message."""

    def __init__(
        self,
        renderer: Renderer,
        texts: SnsTexts | EndUserMessagingTexts,
        index: DynamoMessageIndex,
        links: Links,
        urls: Urls,
        pacer: Pacer,
    ) -> None:
        super().__init__(renderer, index, links, urls, pacer)
        self._texts = texts

    def _ready(self, message: Message, account_url: str) -> Callable[[], str]:
        return partial(self._texts.send, message.address, self._renderer.sms(message, account_url).text)
