"""Letters: PDF files in a bucket from which a print service fetches them; the manifest says which (``letters.py``)."""

from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from dunwell.accounts.links import Links
from dunwell.compliance.model import MessageFacts
from dunwell.dates import business_date
from dunwell.outreach.dispatch import Message, Send
from dunwell_aws.letters import letter_key
from dunwell_aws.messages import Renderer
from dunwell_aws.sending import translated
from dunwell_aws.urls import Urls

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


class LetterSender:
    """Repeatable: the file has the contact's name under the day of the decision, and is written once.

    Args:
        zone: the creditor's (IANA), whose days these are.
    """

    is_repeatable = True

    def __init__(self, renderer: Renderer, s3: "S3Client", bucket: str, links: Links, urls: Urls, zone: str) -> None:
        self._renderer = renderer
        self._s3 = s3
        self._bucket = bucket
        self._links = links
        self._urls = urls
        self._zone = zone

    def facts(self, message: Message) -> MessageFacts:
        """See the port."""
        return self._renderer.facts(message)

    def prepare(self, message: Message) -> Send:
        """See the port."""
        contact = message.contact
        key = letter_key(business_date(contact.decisions[-1].decided_at, self._zone), contact.contact_id)
        link = self._links.issue_link(contact.customer_id, "account", message.as_of)
        content = self._renderer.letter(message, self._urls.portal(f"/l/{link}"))
        return lambda: self._write(key, content, contact.customer_id)

    def _write(self, key: str, content: bytes, customer_id: str) -> str:
        try:
            self._s3.put_object(
                Bucket=self._bucket,
                Key=key,
                Body=content,
                ContentType="application/pdf",
                Metadata={"customer-id": customer_id},
                IfNoneMatch="*",
            )
        except (ClientError, BotoCoreError) as error:
            if isinstance(error, ClientError) and error.response["Error"].get("Code") == "PreconditionFailed":
                return key  # written before, by whoever died before saying so
            raise translated(error, frozenset()) from error
        return key
