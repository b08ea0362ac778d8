"""The SES v2 operations that Dunwell uses, as REST-JSON: method and path in, JSON out."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote

from infra.local.ses_sandbox import sending
from infra.local.ses_sandbox.addresses import mailbox_of, normalized
from infra.local.ses_sandbox.errors import SesError, bad_request, not_found
from infra.local.ses_sandbox.events import events_for
from infra.local.ses_sandbox.faults import Faults
from infra.local.ses_sandbox.publisher import EventPublisher
from infra.local.ses_sandbox.store import Mailbox, Suppression

REASONS = ("BOUNCE", "COMPLAINT")
Query = Mapping[str, list[str]]


class ReplyLostError(Exception):
    """The mail was accepted, but a test asked that its sender never hears so."""


@dataclass(frozen=True)
class Call:
    """One API call: the path's variable part, the query and the JSON body."""

    name: str
    query: Query
    body: dict[str, Any]


class SesApi:
    """Answers SES v2 calls out of a mailbox."""

    def __init__(self, mailbox: Mailbox, publisher: EventPublisher, faults: Faults, region: str) -> None:
        self._mailbox = mailbox
        self._publisher = publisher
        self._faults = faults
        self._region = region
        addresses, identities = "/v2/email/suppression/addresses", "/v2/email/identities"
        self._routes: list[tuple[str, str, str, Callable[[Call], dict[str, Any]]]] = [
            ("POST", "/v2/email/outbound-emails", "SendEmail", self._send),
            ("PUT", addresses, "PutSuppressedDestination", self._suppress),
            ("GET", addresses, "ListSuppressedDestinations", self._list_suppressed),
            ("GET", f"{addresses}/([^/]+)", "GetSuppressedDestination", self._get_suppressed),
            ("DELETE", f"{addresses}/([^/]+)", "DeleteSuppressedDestination", self._unsuppress),
            ("POST", identities, "CreateEmailIdentity", self._create_identity),
            ("GET", f"{identities}/([^/]+)", "GetEmailIdentity", self._get_identity),
            ("GET", "/v2/email/account", "GetAccount", self._get_account),
        ]

    def call(self, method: str, path: str, query: Query, body: dict[str, Any]) -> dict[str, Any]:
        """Return the answer's JSON; raise SesError when refused, ReplyLostError when a test asked for it."""
        for verb, pattern, operation, answer in self._routes:
            match = re.fullmatch(pattern, path)
            if match and verb == method:
                self._faults.refuse(operation)
                return answer(Call(unquote("".join(match.groups())), query, body))
        known = ", ".join(operation for _, _, operation, _ in self._routes)
        raise not_found(f"This sandbox has no SES v2 operation at {method} {path}. It has: {known}.")

    def _send(self, call: Call) -> dict[str, Any]:
        now = datetime.now(UTC)
        mail = sending.accept(call.body, self._mailbox, self._region, now)
        self._mailbox.add(mail)
        self._publisher.submit(events_for(mail, self._region, now))
        if self._faults.take_lost_reply():
            raise ReplyLostError
        return {"MessageId": mail.id}

    def _suppress(self, call: Call) -> dict[str, Any]:
        reason = call.body.get("Reason")
        if reason not in REASONS:
            raise bad_request("Reason must be BOUNCE or COMPLAINT.")
        address = normalized(mailbox_of(str(call.body.get("EmailAddress", ""))))
        self._mailbox.suppress(Suppression(address, reason, datetime.now(UTC)))
        return {}

    def _list_suppressed(self, call: Call) -> dict[str, Any]:
        reasons = call.query.get("Reason", list(REASONS))
        start, end = _moment(call.query, "StartDate"), _moment(call.query, "EndDate")
        entries = [
            entry
            for entry in self._mailbox.suppressions()
            if entry.reason in reasons
            and (start is None or entry.updated_at >= start)
            and (end is None or entry.updated_at <= end)
        ]
        first, size = _number(call.query, "NextToken", 0), _number(call.query, "PageSize", 1000)
        if first > len(entries) or size < 1:
            raise SesError(400, "InvalidNextTokenException", "The token is not one that this list gave.")
        answer: dict[str, Any] = {
            "SuppressedDestinationSummaries": [_summary(entry) for entry in entries[first : first + size]]
        }
        if first + size < len(entries):
            answer["NextToken"] = str(first + size)
        return answer

    def _get_suppressed(self, call: Call) -> dict[str, Any]:
        return {"SuppressedDestination": _summary(self._mailbox.suppression(call.name))}

    def _unsuppress(self, call: Call) -> dict[str, Any]:
        self._mailbox.unsuppress(call.name)
        return {}

    def _create_identity(self, call: Call) -> dict[str, Any]:
        """Verify at once: there is no DNS and no inbox to prove it by."""
        name = str(call.body.get("EmailIdentity", ""))
        if not re.fullmatch(r"([!-?A-~]+@)?[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+", name):
            raise bad_request(f"'{name}' is neither an e-mail address nor a domain.")
        if not self._mailbox.verify(name):
            raise SesError(400, "AlreadyExistsException", f"Email identity {name} already exist.")
        return _identity(name)

    def _get_identity(self, call: Call) -> dict[str, Any]:
        if normalized(call.name) not in self._mailbox.identities():
            raise not_found(f"Email identity {call.name} does not exist.")
        return {**_identity(call.name), "VerificationStatus": "SUCCESS", "FeedbackForwardingStatus": True}

    def _get_account(self, call: Call) -> dict[str, Any]:
        return {
            "DedicatedIpAutoWarmupEnabled": False,
            "EnforcementStatus": "HEALTHY",
            "ProductionAccessEnabled": True,
            "SendingEnabled": True,
            "SendQuota": {
                "Max24HourSend": 50_000.0,
                "MaxSendRate": 14.0,
                "SentLast24Hours": float(len(self._mailbox.mails())),
            },
            "SuppressionAttributes": {"SuppressedReasons": list(REASONS)},
        }


def _summary(entry: Suppression) -> dict[str, Any]:
    return {
        "EmailAddress": entry.address,
        "Reason": entry.reason,
        "LastUpdateTime": entry.updated_at.timestamp(),
    }


def _identity(name: str) -> dict[str, Any]:
    kind = "EMAIL_ADDRESS" if "@" in name else "DOMAIN"
    dkim = {"SigningEnabled": True, "Status": "SUCCESS", "SigningAttributesOrigin": "AWS_SES"}
    return {"IdentityType": kind, "VerifiedForSendingStatus": True, "DkimAttributes": dkim}


def _number(query: Query, name: str, default: int) -> int:
    text = query.get(name, [str(default)])[0]
    if not text.isdecimal():
        raise bad_request(f"{name} '{text}' is not valid.")
    return int(text)


def _moment(query: Query, name: str) -> datetime | None:
    text = query.get(name, [""])[0]
    try:
        moment = datetime.fromisoformat(text) if text else None
    except ValueError as error:
        raise bad_request(f"{name} '{text}' is not a date and time.") from error
    return moment.replace(tzinfo=moment.tzinfo or UTC) if moment else None
