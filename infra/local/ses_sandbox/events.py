"""The events SES sends to EventBridge for a mail that names a configuration set. Mail in, events out."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from infra.local.ses_sandbox.addresses import mailbox_of
from infra.local.ses_sandbox.mime import ParsedMail
from infra.local.ses_sandbox.outcomes import Outcome
from infra.local.ses_sandbox.store import StoredMail

ACCOUNT_ID = "000000000000"
SOURCE = "aws.ses"
MAX_HEADER_BYTES = 10 * 1024

_BOUNCES = {
    Outcome.BOUNCED: ("General", "smtp; 550 5.1.1 user unknown"),
    Outcome.ON_GLOBAL_SUPPRESSION_LIST: ("Suppressed", "The address is on the global suppression list."),
    Outcome.ON_ACCOUNT_SUPPRESSION_LIST: (
        "OnAccountSuppressionList",
        "The address is on the suppression list of your account. Amazon SES did not send the message.",
    ),
}


@dataclass(frozen=True)
class MailEvent:
    """One event for the default bus: detail-type, detail and the ARNs concerned."""

    detail_type: str
    detail: dict[str, Any]
    resources: tuple[str, ...]


def events_for(mail: StoredMail, region: str, now: datetime) -> list[MailEvent]:
    """Return the events of `mail` in order, Send first; none when it names no configuration set.

    Recipients that end alike share one event. A complaint follows a delivery, as on AWS.
    """
    if mail.configuration_set is None:
        return []
    arn = f"arn:aws:ses:{region}:{ACCOUNT_ID}:"
    resources = (
        f"{arn}configuration-set/{mail.configuration_set}",
        f"{arn}identity/{mailbox_of(mail.sender).rpartition('@')[2]}",
    )
    described = _describe(mail, resources[1])
    return [
        MailEvent(name, {"eventType": kind, "mail": described, kind.lower(): body}, resources)
        for name, kind, body in _happenings(mail, iso(now))
    ]


def _happenings(mail: StoredMail, at: str) -> list[tuple[str, str, dict[str, Any]]]:
    happenings: list[tuple[str, str, dict[str, Any]]] = [("Email Sent", "Send", {})]
    delivered = _ending_in(mail, Outcome.DELIVERED) + _ending_in(mail, Outcome.COMPLAINED)
    if delivered:
        happenings.append(("Email Delivered", "Delivery", _delivery(delivered, at)))
    for outcome in _BOUNCES:
        if bounced := _ending_in(mail, outcome):
            happenings.append(("Email Bounced", "Bounce", _bounce(bounced, outcome, at)))
    if complained := _ending_in(mail, Outcome.COMPLAINED):
        happenings.append(("Email Complaint Received", "Complaint", _complaint(complained, at)))
    return happenings


def _ending_in(mail: StoredMail, outcome: Outcome) -> list[str]:
    return [address for address, ended in mail.outcomes.items() if ended is outcome]


def _delivery(recipients: list[str], at: str) -> dict[str, Any]:
    return {
        "timestamp": at,
        "processingTimeMillis": 120,
        "recipients": recipients,
        "smtpResponse": "250 2.0.0 OK",
        "reportingMTA": "a8-21.smtp-out.amazonses.com",
    }


def _bounce(recipients: list[str], outcome: Outcome, at: str) -> dict[str, Any]:
    sub_type, diagnostic = _BOUNCES[outcome]
    return {
        "feedbackId": f"{uuid.uuid4()}-000000",
        "bounceType": "Permanent",
        "bounceSubType": sub_type,
        "bouncedRecipients": [
            {"emailAddress": address, "action": "failed", "status": "5.1.1", "diagnosticCode": diagnostic}
            for address in recipients
        ],
        "timestamp": at,
        "reportingMTA": "dsn; a8-21.smtp-out.amazonses.com",
    }


def _complaint(recipients: list[str], at: str) -> dict[str, Any]:
    return {
        "feedbackId": f"{uuid.uuid4()}-000000",
        "complaintSubType": None,
        "complainedRecipients": [{"emailAddress": address} for address in recipients],
        "timestamp": at,
        "userAgent": "Amazon SES Mailbox Simulator",
        "complaintFeedbackType": "abuse",
        "arrivalDate": at,
    }


def _describe(mail: StoredMail, identity_arn: str) -> dict[str, Any]:
    headers, truncated = _headers(mail.parsed)
    automatic = {
        "ses:operation": "SendEmail",
        "ses:configuration-set": mail.configuration_set,
        "ses:source-ip": "127.0.0.1",
        "ses:from-domain": mailbox_of(mail.sender).rpartition("@")[2],
        "ses:caller-identity": "ses-sandbox",
    }
    return {
        "timestamp": iso(mail.sent_at),
        "source": mail.sender,
        "sourceArn": identity_arn,
        "sendingAccountId": ACCOUNT_ID,
        "messageId": mail.id,
        "destination": list(mail.recipients),
        "headersTruncated": truncated,
        "headers": headers,
        "commonHeaders": _common_headers(mail),
        "tags": {name: [value] for name, value in {**automatic, **mail.tags}.items()},
    }


def _headers(parsed: ParsedMail) -> tuple[list[dict[str, str]], bool]:
    """Return the headers up to 10 KB, where SES cuts them, and whether any were cut."""
    kept: list[dict[str, str]] = []
    size = 0
    for name, value in parsed.headers:
        size += len(name) + len(value)
        if size > MAX_HEADER_BYTES:
            return kept, True
        kept.append({"name": name, "value": value})
    return kept, False


def _common_headers(mail: StoredMail) -> dict[str, Any]:
    lists = {"from": "From", "to": "To", "cc": "Cc", "replyTo": "Reply-To"}
    found = {key: mail.parsed.values_of(name) for key, name in lists.items()}
    return {
        **{key: values for key, values in found.items() if values},
        "date": mail.parsed.value_of("Date"),
        "messageId": mail.id,
        "subject": mail.subject,
    }


def iso(moment: datetime) -> str:
    """Return `moment` as SES writes it: UTC, milliseconds, Z."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
