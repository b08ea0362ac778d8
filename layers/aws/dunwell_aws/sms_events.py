"""What End User Messaging tells the bus about text and WhatsApp messages, and what customers answer to them."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from dunwell.accounts.model import Channel
from dunwell.outreach.delivery import Outcome
from dunwell.outreach.replies import Reply

SMS_SOURCE = "aws.sms-voice"
WHATSAPP_SOURCE = "aws.social-messaging"

_SMS = {
    "TEXT_DELIVERED": (Outcome.DELIVERED, False),
    "TEXT_SUCCESSFUL": (Outcome.DELIVERED, False),
    "TEXT_INVALID": (Outcome.BOUNCED, True),
    "TEXT_BLOCKED": (Outcome.BOUNCED, False),
    "TEXT_CARRIER_BLOCKED": (Outcome.BOUNCED, False),
    "TEXT_CARRIER_UNREACHABLE": (Outcome.BOUNCED, False),
    "TEXT_INVALID_MESSAGE": (Outcome.BOUNCED, False),
    "TEXT_PROTECT_BLOCKED": (Outcome.BOUNCED, False),
    "TEXT_SPAM": (Outcome.BOUNCED, False),
    "TEXT_TTL_EXPIRED": (Outcome.BOUNCED, False),
    "TEXT_UNREACHABLE": (Outcome.BOUNCED, False),
}
_WHATSAPP = {
    "WhatsApp Message Delivered": Outcome.DELIVERED,
    "WhatsApp Message Read": Outcome.OPENED,
    "WhatsApp Message Failed": Outcome.BOUNCED,
    "WhatsApp Message Undeliverable": Outcome.BOUNCED,
}


@dataclass(frozen=True, slots=True)
class StatusReport:
    """What became of one message, by the service's name for it.

    Attributes:
        permanent: of a bounce, that the number will never take one.
        at: when it happened, by the real clock.
    """

    message_id: str
    channel: Channel
    outcome: Outcome
    permanent: bool
    reason: str
    at: datetime


def status_report(event: Mapping[str, Any]) -> StatusReport | None:
    """The report in an event of the bus, or None: it says nothing about delivery yet."""
    detail = event["detail"]
    if event["source"] == SMS_SOURCE:
        outcome, permanent = _SMS.get(detail.get("eventType", ""), (None, False))
        channel, seconds = Channel.SMS, int(detail["eventTimestamp"]) / 1000
        reason = detail.get("messageStatus", "")
    else:
        outcome, permanent = _WHATSAPP.get(event["detail-type"]), False
        channel, seconds, reason = Channel.WHATSAPP, int(detail["eventTimestamp"]), detail.get("status", "")
    if outcome is None:
        return None
    at = datetime.fromtimestamp(seconds, UTC)
    return StatusReport(detail["messageId"], channel, outcome, permanent, str(reason).lower(), at)


def replies(notification: Mapping[str, Any]) -> Iterator[Reply]:
    """The answers in a notification of the topic to which End User Messaging passes what customers write.

    Raises:
        ValueError, KeyError: it is no such notification.
    """
    message = json.loads(notification["Message"])
    at = datetime.fromisoformat(notification["Timestamp"])
    if "whatsAppWebhookEntry" in message:
        yield from _whatsapp(json.loads(message["whatsAppWebhookEntry"]))
    else:
        answered = message.get("previousPublishedMessageId") or ""
        named = message.get("inboundMessageId") or ""
        yield Reply(message["originationNumber"], message["messageBody"], answered, Channel.SMS, at, named)


def _whatsapp(entry: Mapping[str, Any]) -> Iterator[Reply]:
    for change in entry.get("changes", []):
        for one in change.get("value", {}).get("messages", []):
            number = "+" + str(one["from"]).lstrip("+")
            text = (one.get("text") or one.get("button") or {}).get("body") or (one.get("button") or {}).get("text", "")
            at = datetime.fromtimestamp(int(one["timestamp"]), UTC)
            yield Reply(number, text, "", Channel.WHATSAPP, at, one.get("id") or "")
