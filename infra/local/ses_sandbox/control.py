"""The `/_sandbox` paths, for tests: health, messages as JSON, faults, reset."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from infra.local.ses_sandbox.errors import not_found
from infra.local.ses_sandbox.events import iso
from infra.local.ses_sandbox.faults import Faults
from infra.local.ses_sandbox.publisher import EventPublisher
from infra.local.ses_sandbox.store import Mailbox, StoredMail


class Control:
    """Answers `/_sandbox/...`."""

    def __init__(self, mailbox: Mailbox, publisher: EventPublisher, faults: Faults) -> None:
        self._mailbox = mailbox
        self._publisher = publisher
        self._faults = faults

    def call(self, method: str, path: str, query: Mapping[str, list[str]], body: dict[str, Any]) -> object:
        """Return the answer's JSON, or bytes for a raw message; raise SesError when there is none."""
        match method, path:
            case "GET", "/_sandbox/health":
                mails = len(self._mailbox.mails())
                return {"status": "ok", "messages": mails, "events": self._publisher.status()}
            case "GET", "/_sandbox/messages":
                recipient, after = query.get("to", [None])[0], query.get("after", [None])[0]
                return [message_json(mail) for mail in self._mailbox.mails_to(recipient, after)]
            case "POST", "/_sandbox/faults":
                self._faults.arm(body)
                return {"status": "armed"}
            case "POST", "/_sandbox/reset":
                self._publisher.reset()
                self._faults.reset()
                self._mailbox.reset()
                return {"status": "reset"}
        raw = re.fullmatch(r"/_sandbox/messages/([^/]+)/raw", path)
        if raw and method == "GET":
            return self._mailbox.mail(unquote(raw[1])).raw
        raise not_found(f"The sandbox has nothing at {method} {path}.")


def message_json(mail: StoredMail) -> dict[str, Any]:
    """Return `mail` as `/_sandbox/messages` lists it: all headers in order, sizes in bytes."""
    return {
        "id": mail.id,
        "from": mail.sender,
        "to": list(mail.recipients),
        "subject": mail.subject,
        "tags": mail.tags,
        "configuration_set": mail.configuration_set,
        "sent_at": iso(mail.sent_at),
        "outcomes": {address: str(outcome) for address, outcome in mail.outcomes.items()},
        "headers": [{"name": name, "value": value} for name, value in mail.parsed.headers],
        "html": mail.parsed.html,
        "text": mail.parsed.text,
        "attachments": [
            {"name": file.name, "content_type": file.content_type, "size": len(file.content)}
            for file in mail.parsed.attachments
        ],
    }
