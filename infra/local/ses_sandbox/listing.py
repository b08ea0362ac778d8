"""The list of everything sent, mail and text message, newest first, a page at a time."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from infra.local.ses_sandbox.addresses import mailbox_of
from infra.local.ses_sandbox.outcomes import Outcome
from infra.local.ses_sandbox.sms import Sms, SmsInbox, SmsUnavailableError
from infra.local.ses_sandbox.store import Mailbox, StoredMail

PAGE_SIZE = 100


@dataclass(frozen=True)
class Entry:
    """One line of the list. `problem` says how a mail failed, and is empty when it did not."""

    path: str
    channel: str
    recipient: str
    title: str
    sender: str
    at: datetime
    problem: str = ""


@dataclass(frozen=True)
class Listing:
    """One page of the list, what it was filtered by, and why text messages are missing, if they are."""

    entries: tuple[Entry, ...]
    total: int
    recipient: str
    page: int
    notice: str = ""

    @property
    def pages(self) -> int:
        """How many pages there are; at least one."""
        return max(1, -(-self.total // PAGE_SIZE))


def list_messages(mailbox: Mailbox, inbox: SmsInbox, recipient: str, page: int) -> Listing:
    """Return page `page` (from 1) of the messages whose recipient contains `recipient`."""
    texts, notice = read_sms(inbox)
    # Reversed before the stable sort, so that of two at the same time the later one comes first.
    entries = [_of_mail(mail) for mail in mailbox.mails()] + [_of_sms(sms) for sms in texts]
    wanted = recipient.strip().lower()
    found = [entry for entry in reversed(entries) if wanted in entry.recipient.lower()]
    found.sort(key=lambda entry: entry.at, reverse=True)
    first = (page - 1) * PAGE_SIZE
    return Listing(tuple(found[first : first + PAGE_SIZE]), len(found), recipient.strip(), page, notice)


def read_sms(inbox: SmsInbox) -> tuple[list[Sms], str]:
    """Return the text messages, or none and the reason why."""
    try:
        return inbox.read(datetime.now(UTC)), ""
    except SmsUnavailableError as error:
        return [], f"Text messages are not shown. {error}"


def _of_mail(mail: StoredMail) -> Entry:
    problems = sorted({str(o) for o in mail.outcomes.values() if o is not Outcome.DELIVERED})
    return Entry(
        path=f"/message/{mail.id}",
        channel="E-mail",
        recipient=", ".join(mail.recipients),
        title=mail.subject or "(no subject)",
        sender=mailbox_of(mail.sender),
        at=mail.sent_at,
        problem=", ".join(problems),
    )


def _of_sms(sms: Sms) -> Entry:
    return Entry(f"/sms/{sms.id}", "SMS", sms.number, sms.text, sms.sender, sms.seen_at)


def thread_of(texts: Iterable[Sms], sms_id: str) -> list[Sms]:
    """Return all text messages to the number that got `sms_id`, oldest first; empty when it is unknown."""
    texts = list(texts)
    numbers = {sms.number for sms in texts if sms.id == sms_id}
    return [sms for sms in texts if sms.number in numbers]
