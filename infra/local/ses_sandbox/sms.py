"""Text messages: read from the local AWS, which keeps what SNS published to phone numbers."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.request import ProxyHandler, build_opener

_PATH = "/_ministack/sns/sms-messages"
_TIMEOUT_SECONDS = 3


class SmsUnavailableError(Exception):
    """The local AWS did not give the text messages; the message says why."""


@dataclass(frozen=True)
class Sms:
    """One text message. `seen_at` is when the mailbox first saw it: the local AWS keeps no time."""

    id: str
    number: str
    text: str
    attributes: dict[str, str]
    seen_at: datetime

    @property
    def sender(self) -> str:
        """The sender's name or number that the phone shows."""
        return self.attributes.get("AWS.SNS.SMS.SenderID", "Text message")


class SmsInbox:
    """Reads text messages and remembers when each was first seen."""

    def __init__(self, endpoint_url: str | None) -> None:
        """Read from the local AWS at `endpoint_url`; None means there are no text messages."""
        self._endpoint_url = endpoint_url
        self._seen: dict[str, datetime] = {}
        self._lock = threading.Lock()

    def read(self, now: datetime) -> list[Sms]:
        """Return all text messages, oldest first for each number; raise SmsUnavailableError."""
        if self._endpoint_url is None:
            return []
        by_number = self._fetch(self._endpoint_url.rstrip("/") + _PATH)
        with self._lock:
            return [
                _sms(record, number, self._seen.setdefault(str(record.get("MessageId")), now))
                for number, records in by_number.items()
                for record in records
            ]

    def _fetch(self, url: str) -> dict[str, list[dict[str, Any]]]:
        try:
            # No proxy: the local AWS is on this machine.
            with build_opener(ProxyHandler({})).open(url, timeout=_TIMEOUT_SECONDS) as answer:
                found = json.load(answer)["sms_messages"]
        except (OSError, ValueError, KeyError) as error:
            raise SmsUnavailableError(f"{url} gave no text messages: {error}") from error
        return dict(found)


def _sms(record: dict[str, Any], number: str, seen_at: datetime) -> Sms:
    attributes = record.get("MessageAttributes") or {}
    values = {name: str(a.get("StringValue") or a.get("Value") or "") for name, a in attributes.items()}
    return Sms(str(record.get("MessageId")), number, str(record.get("Message") or ""), values, seen_at)
