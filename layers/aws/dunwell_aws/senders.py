"""The ways out: e-mail through SES, text messages through SNS."""

from functools import partial
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from dunwell.accounts.links import Links
from dunwell.outreach.dispatch import Message, Send
from dunwell_aws.mail import Mailer
from dunwell_aws.messages import Renderer
from dunwell_aws.sending import translated
from dunwell_aws.ses_events import CONTACT_TAG, CUSTOMER_TAG
from dunwell_aws.urls import Urls

if TYPE_CHECKING:
    from mypy_boto3_sns import SNSClient


_REFUSED_NUMBERS = frozenset({"InvalidParameter", "InvalidParameterValue", "OptedOut"})


class EmailSender:
    """``dunwell.outreach.dispatch.Sender`` by e-mail."""

    def __init__(self, renderer: Renderer, mailer: Mailer, links: Links, urls: Urls) -> None:
        self._renderer = renderer
        self._mailer = mailer
        self._links = links
        self._urls = urls

    def prepare(self, message: Message) -> Send:
        """See the port. The stop link works with one click from the mail program (RFC 8058)."""
        customer_id = message.contact.customer_id
        account = self._links.issue_link(customer_id, "account", message.as_of, sent_to=message.address)
        stop = self._urls.portal(f"/stop/{self._links.issue_link(customer_id, 'stop', message.as_of)}")
        words = self._renderer.email(message, self._urls.portal(f"/l/{account}"), stop)
        return partial(
            self._mailer.send,
            to=message.address,
            subject=words.subject,
            text=words.text,
            html=words.html,
            headers={"List-Unsubscribe": f"<{stop}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"},
            tags={CUSTOMER_TAG: customer_id, CONTACT_TAG: message.contact.contact_id},
        )


class SmsSender:
    """``dunwell.outreach.dispatch.Sender`` by text message."""

    def __init__(self, renderer: Renderer, sns: "SNSClient", links: Links, urls: Urls) -> None:
        self._renderer = renderer
        self._sns = sns
        self._links = links
        self._urls = urls

    def prepare(self, message: Message) -> Send:
        """See the port."""
        link = self._links.issue_link(message.contact.customer_id, "account", message.as_of)
        words = self._renderer.sms(message, self._urls.portal(f"/l/{link}"))
        return partial(self._send, message.address, words.text)

    def _send(self, number: str, text: str) -> str:
        try:
            sent = self._sns.publish(
                PhoneNumber=number,
                Message=text,
                MessageAttributes={"AWS.SNS.SMS.SMSType": {"DataType": "String", "StringValue": "Transactional"}},
            )
        except (ClientError, BotoCoreError) as error:
            raise translated(error, _REFUSED_NUMBERS) from error
        return str(sent["MessageId"])
