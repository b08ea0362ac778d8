"""MIME: builds the message for Content.Simple and reads any message back into what a customer sees."""

from __future__ import annotations

import base64
import binascii
import mimetypes
import re
from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Any

from infra.local.ses_sandbox.errors import bad_request

MAX_MESSAGE_BYTES = 40 * 1024 * 1024
MAX_SIMPLE_HEADERS = 15

_HEADER_NAME = re.compile(r"[!-9;-~]{1,126}")
_HEADER_VALUE = re.compile(r"[ -~]{1,870}")
# These have a parameter of their own or are written by SES.
_RESERVED_HEADERS = frozenset(
    {
        *("from", "to", "cc", "bcc", "reply-to", "sender", "return-path", "subject", "date", "message-id"),
        *("mime-version", "content-type", "content-transfer-encoding", "content-disposition"),
    }
)
# SES writes its own Message-ID and never passes on Bcc or its control headers.
_REPLACED_HEADERS = re.compile(rb"(?:message-id|bcc|return-path|x-ses-[!-9;-~]*)[ \t]*:", re.IGNORECASE)


@dataclass(frozen=True)
class Attachment:
    """One file of a message: its name, MIME type, decoded content, Content-ID without angle brackets."""

    name: str
    content_type: str
    content: bytes
    content_id: str = ""


@dataclass(frozen=True)
class ParsedMail:
    """What a mail program reads from a raw message. `text` and `html` are None where the part is absent."""

    headers: tuple[tuple[str, str], ...]
    text: str | None
    html: str | None
    attachments: tuple[Attachment, ...]

    def values_of(self, name: str) -> list[str]:
        """Return the values of every header called `name`, in any case."""
        return [value for key, value in self.headers if key.lower() == name.lower()]

    def value_of(self, name: str) -> str:
        """Return the first value of the header called `name`, or an empty string."""
        return next(iter(self.values_of(name)), "")


def decode_base64(data: object, what: str) -> bytes:
    """Return the bytes of a base64 API field called `what`; raise SesError when it is not base64."""
    try:
        return base64.b64decode(str(data), validate=True)
    except binascii.Error as error:
        raise bad_request(f"{what} is not valid base64: {error}.") from error


def check_size(raw: bytes) -> None:
    """Raise SesError when the message is longer than SES accepts (40 MB)."""
    if len(raw) > MAX_MESSAGE_BYTES:
        raise bad_request(f"Message length is more than {MAX_MESSAGE_BYTES} bytes long: '{len(raw)}'.")


def build_simple(simple: dict[str, Any], addresses: dict[str, list[str]]) -> bytes:
    """Return the MIME message of a Content.Simple; `addresses` maps From, To, Cc, Reply-To to values."""
    mail = EmailMessage(policy=policy.SMTP)
    try:
        for name, values in addresses.items():
            if values:
                mail[name] = ", ".join(values)
        mail["Subject"] = _data(simple.get("Subject"), "Subject") or ""
    except ValueError as error:
        raise bad_request(f"The message has a header that cannot be written: {error}.") from error
    _add_headers(mail, simple.get("Headers") or [])
    _add_body(mail, simple.get("Body") or {})
    for attachment in simple.get("Attachments") or []:
        _attach(mail, attachment)
    return mail.as_bytes()


def _data(content: dict[str, Any] | None, what: str) -> str | None:
    if content is None:
        return None
    if not isinstance(content, dict) or not isinstance(content.get("Data"), str):
        raise bad_request(f"{what}.Data is missing. Give the text as a string.")
    return str(content["Data"])


def _add_headers(mail: EmailMessage, headers: list[dict[str, Any]]) -> None:
    if len(headers) > MAX_SIMPLE_HEADERS:
        raise bad_request(f"A message may have at most {MAX_SIMPLE_HEADERS} custom headers.")
    for header in headers:
        name, value = str(header.get("Name", "")), str(header.get("Value", ""))
        if not _HEADER_NAME.fullmatch(name) or not _HEADER_VALUE.fullmatch(value):
            raise bad_request(f"Invalid header '{name}': use printable ASCII, without a line break.")
        if name.lower() in _RESERVED_HEADERS:
            raise bad_request(f"Header '{name}' cannot be set here. Use its own parameter, or a raw message.")
        if name in mail:
            raise bad_request(f"Header '{name}' is given twice.")
        mail[name] = value


def _add_body(mail: EmailMessage, body: dict[str, Any]) -> None:
    text, html = _data(body.get("Text"), "Body.Text"), _data(body.get("Html"), "Body.Html")
    if text is None and html is None:
        raise bad_request("The message has no body. Give Body.Text, Body.Html or both.")
    if text is not None:
        mail.set_content(text, cte="quoted-printable")
    if html is not None and text is not None:
        mail.add_alternative(html, subtype="html", cte="quoted-printable")
    elif html is not None:
        mail.set_content(html, subtype="html", cte="quoted-printable")


def _attach(mail: EmailMessage, attachment: dict[str, Any]) -> None:
    name = attachment.get("FileName")
    if not name or "RawContent" not in attachment:
        raise bad_request("An attachment needs FileName and RawContent.")
    guessed = mimetypes.guess_type(str(name))[0] or "application/octet-stream"
    main, _, sub = str(attachment.get("ContentType") or guessed).partition(";")[0].partition("/")
    content_id = attachment.get("ContentId")
    mail.add_attachment(
        decode_base64(attachment["RawContent"], f"Attachment '{name}'"),
        maintype=main,
        subtype=sub or "octet-stream",
        filename=str(name),
        disposition=str(attachment.get("ContentDisposition") or "ATTACHMENT").lower(),
        cid=f"<{str(content_id).strip('<>')}>" if content_id else None,
    )


def as_delivered(raw: bytes, message_id: str, now: datetime) -> bytes:
    """Return `raw` as SES delivers it: with SES's Message-ID, a Date, without Bcc and X-SES headers.

    Works on the bytes, so that everything else stays exactly as the sender wrote it.
    """
    newline = b"\r\n" if raw.partition(b"\n")[0].endswith(b"\r") else b"\n"
    head, _, body = raw.partition(newline * 2)
    fields = re.split(newline + rb"(?![ \t])", head)
    kept = [field for field in fields if field and not _REPLACED_HEADERS.match(field)]
    if not any(field.lower().startswith(b"date:") for field in kept):
        kept.append(f"Date: {format_datetime(now)}".encode())
    kept.append(f"Message-ID: <{message_id}>".encode())
    return newline.join(kept) + newline * 2 + body


def parse(raw: bytes) -> ParsedMail:
    """Read a raw message; raise SesError when it has no headers or they cannot be read."""
    mail = message_from_bytes(raw, policy=policy.default)
    try:
        headers = tuple((name, str(value)) for name, value in mail.items())
    except (ValueError, IndexError, AttributeError) as error:  # what the parser raises on broken headers
        raise bad_request(f"The raw message's headers cannot be read: {error}.") from error
    if not headers:
        raise bad_request("The raw message has no headers. Give a complete MIME message.")
    text, html = mail.get_body(("plain",)), mail.get_body(("html",))
    bodies = [part for part in (text, html) if part is not None]
    leaves = [part for part in mail.walk() if not part.is_multipart()]
    files = [part for part in leaves if not any(part is body for body in bodies)]
    return ParsedMail(
        headers=headers,
        text=None if text is None else _text_of(text),
        html=None if html is None else _text_of(html),
        attachments=tuple(_file_of(part, number) for number, part in enumerate(files, 1)),
    )


def _text_of(part: Any) -> str:
    try:
        return str(part.get_content())
    except LookupError:  # a charset that Python does not know: show what can be read
        return bytes(part.get_payload(decode=True) or b"").decode("utf-8", "replace")


def _file_of(part: Any, number: int) -> Attachment:
    name = part.get_filename() or f"part-{number}{mimetypes.guess_extension(part.get_content_type()) or ''}"
    content = part.get_payload(decode=True) or b""
    content_id = str(part.get("Content-ID") or "").strip(" <>")
    return Attachment(str(name), part.get_content_type(), bytes(content), content_id)
