"""E-mail through SES v2."""

from collections.abc import Mapping
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from dunwell.errors import RefusedError, UnavailableError

_REFUSED = {
    "AccountSuspendedException",
    "BadRequestException",
    "MailFromDomainNotVerifiedException",
    "MessageRejected",
    "NotFoundException",
}


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
    ) -> str:
        """Hand a message to SES; its message id.

        Args:
            headers: further headers such as ``List-Unsubscribe``.
            tags: come back with delivery events; ASCII letters, digits, ``_`` and ``-`` only.

        Raises:
            UnavailableError: throttled, failing or unreachable; whether it was sent may be unknown.
            RefusedError: SES will not send this message; trying again does not help.
        """
        message = {
            "Subject": _utf8(subject),
            "Body": {"Text": _utf8(text), "Html": _utf8(html)},
            "Headers": [{"Name": name, "Value": value} for name, value in (headers or {}).items()],
        }
        try:
            sent = self._sesv2.send_email(
                FromEmailAddress=self._sender,
                Destination={"ToAddresses": [to]},
                Content={"Simple": message},
                EmailTags=[{"Name": name, "Value": value} for name, value in (tags or {}).items()],
                ConfigurationSetName=self._configuration_set,
            )
        except (ClientError, BotoCoreError) as error:
            raise _translated(error) from error
        return str(sent["MessageId"])


def _utf8(data: str) -> dict[str, str]:
    return {"Data": data, "Charset": "UTF-8"}


def _translated(error: ClientError | BotoCoreError) -> Exception:
    """Refusals by their code; everything else may pass, an unknown refusal included: better late than lost."""
    code = error.response.get("Error", {}).get("Code", "") if isinstance(error, ClientError) else ""
    if code in _REFUSED:
        return RefusedError(f"the mail service refused the message ({code})")
    return UnavailableError(f"the mail service did not take the message ({code or type(error).__name__})")
