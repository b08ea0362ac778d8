"""E-mail through SES v2."""

from collections.abc import Mapping, Sequence
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from dunwell_aws.sending import translated

Attached = tuple[str, str, bytes]
"""A file name, its media type and its content."""

_REFUSED = frozenset({"BadRequestException", "MessageRejected"})
"""What is wrong with one message. What is wrong with the account (suspended, domain not verified) is wrong with none of
them: those wait, and an alarm goes off.
"""


class Mailer:
    """Sends one message to one address."""

    def __init__(self, sesv2: Any, sender: str, configuration_set: str) -> None:
        self._sesv2 = sesv2
        self._sender = sender
        self._configuration_set = configuration_set

    def send(
        self,
        to: str,
        subject: str,
        text: str,
        html: str,
        headers: Mapping[str, str] | None = None,
        tags: Mapping[str, str] | None = None,
        attachments: Sequence[Attached] = (),
    ) -> str:
        """Hand a message to SES; its message id.

        Args:
            headers: further headers such as ``List-Unsubscribe``.
            tags: come back with delivery events; ASCII letters, digits, ``_`` and ``-`` only.
            attachments: file name, media type and content of each; 40 MB together with the text.

        Raises:
            UnavailableError: throttled, failing or unreachable; it was not sent.
            OutcomeUnknownError: the answer was lost; it may have been sent.
            RefusedError: SES will not send this message; trying again does not help.
        """
        message: dict[str, Any] = {
            "Subject": _utf8(subject),
            "Body": {"Text": _utf8(text), "Html": _utf8(html)},
            "Headers": [{"Name": name, "Value": value} for name, value in (headers or {}).items()],
        }
        if attachments:
            message["Attachments"] = [_attachment(*one) for one in attachments]
        try:
            sent = self._sesv2.send_email(
                FromEmailAddress=self._sender,
                Destination={"ToAddresses": [to]},
                Content={"Simple": message},
                EmailTags=[{"Name": name, "Value": value} for name, value in (tags or {}).items()],
                ConfigurationSetName=self._configuration_set,
            )
        except (ClientError, BotoCoreError) as error:
            raise translated(error, _REFUSED) from error
        return str(sent["MessageId"])


def _attachment(name: str, media_type: str, content: bytes) -> dict[str, Any]:
    return {
        "FileName": name,
        "ContentType": media_type,
        "RawContent": content,
        "ContentDisposition": "ATTACHMENT",
        "ContentTransferEncoding": "BASE64",
    }


def _utf8(data: str) -> dict[str, str]:
    return {"Data": data, "Charset": "UTF-8"}
