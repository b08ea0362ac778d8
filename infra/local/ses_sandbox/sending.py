"""SendEmail: from the API's JSON to an accepted mail, with SES's checks."""

from __future__ import annotations

import re
import uuid
from datetime import datetime
from typing import Any

from infra.local.ses_sandbox import mime
from infra.local.ses_sandbox.addresses import is_verified, mailbox_of, mailboxes_in, not_verified
from infra.local.ses_sandbox.errors import bad_request
from infra.local.ses_sandbox.outcomes import outcomes_for
from infra.local.ses_sandbox.store import Mailbox, StoredMail

MAX_RECIPIENTS = 50
MAX_TAGS = 50

_TAG_NAME = re.compile(r"[A-Za-z0-9_-]{1,256}")
_TAG_VALUE = re.compile(r"[A-Za-z0-9_.@-]{1,256}")
_CONFIGURATION_SET = re.compile(r"[A-Za-z0-9_-]{1,64}")


def accept(request: dict[str, Any], mailbox: Mailbox, region: str, now: datetime) -> StoredMail:
    """Check a SendEmail request as SES does and return the mail it makes; raise SesError when refused."""
    if request.get("ListManagementOptions"):
        raise bad_request("ListManagementOptions are not supported by this sandbox. Keep consent yourself.")
    raw = _raw_message(request)
    mime.check_size(raw)
    parsed = mime.parse(raw)
    sender = _sender(request, parsed)
    _check_verified(sender, parsed, mailbox, region)
    recipients = _recipients(request.get("Destination") or {}, parsed)
    ses_id = f"0100{int(now.timestamp() * 1000):012x}-{uuid.uuid4()}-000000"
    delivered = mime.as_delivered(raw, f"{ses_id}@{_message_id_domain(region)}", now)
    return StoredMail(
        id=ses_id,
        sender=sender,
        recipients=tuple(recipients),
        outcomes=outcomes_for(recipients, mailbox.suppressed_addresses()),
        tags=_tags(request, parsed),
        configuration_set=_configuration_set(request, parsed),
        sent_at=now,
        raw=delivered,
        parsed=mime.parse(delivered),
    )


def _message_id_domain(region: str) -> str:
    return "email.amazonses.com" if region == "us-east-1" else f"{region}.amazonses.com"


def _raw_message(request: dict[str, Any]) -> bytes:
    content = request.get("Content") or {}
    if len(content.keys() & {"Raw", "Simple", "Template"}) != 1:
        raise bad_request("Content needs exactly one of Raw and Simple.")
    if "Template" in content:
        raise bad_request("Templates are not supported by this sandbox. Render in the application.")
    if "Raw" in content:
        return mime.decode_base64((content["Raw"] or {}).get("Data", ""), "Content.Raw.Data")
    sender = request.get("FromEmailAddress")
    if not sender:
        raise bad_request("FromEmailAddress is missing.")
    mailbox_of(sender)
    destination = request.get("Destination") or {}
    addresses = {
        "From": [sender],
        "To": destination.get("ToAddresses") or [],
        "Cc": destination.get("CcAddresses") or [],
        "Reply-To": request.get("ReplyToAddresses") or [],
    }
    return mime.build_simple(content["Simple"] or {}, addresses)


def _sender(request: dict[str, Any], parsed: mime.ParsedMail) -> str:
    if not parsed.value_of("From"):
        raise bad_request("Missing required header 'From'.")
    sender = str(request.get("FromEmailAddress") or parsed.value_of("From"))
    mailbox_of(sender)
    return sender


def _check_verified(sender: str, parsed: mime.ParsedMail, mailbox: Mailbox, region: str) -> None:
    senders = dict.fromkeys([sender, parsed.value_of("From"), *parsed.values_of("Sender")])
    identities = mailbox.identities()
    unverified = [text for text in senders if not is_verified(mailbox_of(text), identities)]
    if unverified:
        raise not_verified(unverified, region)


def _recipients(destination: dict[str, Any], parsed: mime.ParsedMail) -> list[str]:
    given = [a for kind in ("To", "Cc", "Bcc") for a in destination.get(f"{kind}Addresses") or []]
    if given:
        recipients = [mailbox_of(address) for address in given]
    else:
        recipients = mailboxes_in(value for kind in ("To", "Cc", "Bcc") for value in parsed.values_of(kind))
    if not recipients:
        raise bad_request("The message has no recipient. Give a Destination, or a To header.")
    if len(recipients) > MAX_RECIPIENTS:
        raise bad_request(f"Recipient count exceeds {MAX_RECIPIENTS}.")
    return list(dict.fromkeys(recipients))


def _tags(request: dict[str, Any], parsed: mime.ParsedMail) -> dict[str, str]:
    """Return the tags; those of the API win over the header's, as SES documents."""
    given = [(str(tag.get("Name", "")), str(tag.get("Value", ""))) for tag in request.get("EmailTags") or []]
    if not given:
        pairs = [pair for pair in parsed.value_of("X-SES-MESSAGE-TAGS").split(",") if pair.strip()]
        given = [(name.strip(), value.strip()) for name, _, value in (pair.partition("=") for pair in pairs)]
    if len(given) > MAX_TAGS:
        raise bad_request(f"A message may have at most {MAX_TAGS} tags.")
    for name, value in given:
        if not _TAG_NAME.fullmatch(name):
            raise bad_request(f"Invalid tag name <{name}>: use ASCII letters and digits, '_' and '-' only.")
        if not _TAG_VALUE.fullmatch(value):
            raise bad_request(f"Invalid tag value <{value}>: use ASCII letters and digits, '_-.@' only.")
    return dict(given)


def _configuration_set(request: dict[str, Any], parsed: mime.ParsedMail) -> str | None:
    name = request.get("ConfigurationSetName") or parsed.value_of("X-SES-CONFIGURATION-SET").strip()
    if name and not _CONFIGURATION_SET.fullmatch(name):
        raise bad_request(f"Invalid configuration set name <{name}>.")
    return name or None
