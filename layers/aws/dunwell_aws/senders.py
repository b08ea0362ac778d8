"""The ways out: e-mail through SES, text messages through SNS."""

from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from botocore.exceptions import BotoCoreError, ClientError, ConnectionClosedError, ReadTimeoutError

from dunwell.errors import RefusedError, UnavailableError
from dunwell.outreach.dispatch import Message
from dunwell_aws.mail import Mailer
from dunwell_aws.messages import Renderer
from dunwell_aws.ses_events import CONTACT_TAG, CUSTOMER_TAG

if TYPE_CHECKING:
    from mypy_boto3_sns import SNSClient


class Links(Protocol):
    """Makes links that lead a customer, and nobody else, to their account."""

    def issue_link(self, customer_id: str, purpose: str, now: datetime) -> str:
        """A new link's secret part."""
        ...


class EmailSender:
    """``dunwell.outreach.dispatch.Sender`` by e-mail."""

    def __init__(self, renderer: Renderer, mailer: Mailer, links: Links, portal_url: str) -> None:
        self._renderer = renderer
        self._mailer = mailer
        self._links = links
        self._portal_url = portal_url

    def send(self, message: Message) -> str:
        """See the port. The stop link works with one click from the mail program (RFC 8058)."""
        customer_id = message.contact.customer_id
        account = self._links.issue_link(customer_id, "account", message.as_of)
        stop = f"{self._portal_url}/stop/{self._links.issue_link(customer_id, 'stop', message.as_of)}"
        words = self._renderer.email(message, f"{self._portal_url}/l/{account}", stop)
        return self._mailer.send(
            to=message.address,
            subject=words.subject,
            text=words.text,
            html=words.html,
            headers={"List-Unsubscribe": f"<{stop}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"},
            tags={CUSTOMER_TAG: customer_id, CONTACT_TAG: message.contact.contact_id},
        )


class SmsSender:
    """``dunwell.outreach.dispatch.Sender`` by text message."""

    def __init__(self, renderer: Renderer, sns: "SNSClient", links: Links, portal_url: str) -> None:
        self._renderer = renderer
        self._sns = sns
        self._links = links
        self._portal_url = portal_url

    def send(self, message: Message) -> str:
        """See the port."""
        link = self._links.issue_link(message.contact.customer_id, "account", message.as_of)
        words = self._renderer.sms(message, f"{self._portal_url}/l/{link}")
        try:
            sent = self._sns.publish(
                PhoneNumber=message.address,
                Message=words.text,
                MessageAttributes={"AWS.SNS.SMS.SMSType": {"DataType": "String", "StringValue": "Transactional"}},
            )
        except (ReadTimeoutError, ConnectionClosedError):
            raise  # it may have been sent: the contact stays in doubt and is not sent again
        except BotoCoreError as error:
            raise UnavailableError("text messages cannot be sent at the moment") from error
        except ClientError as error:
            raise _translated(error) from error
        return sent["MessageId"]


def _translated(error: ClientError) -> Exception:
    if error.response.get("Error", {}).get("Code") in {"InvalidParameter", "InvalidParameterValue", "OptedOut"}:
        return RefusedError("the number cannot be sent to")
    return UnavailableError("text messages cannot be sent at the moment")
