"""What the sandbox remembers, in memory: mails, suppressed destinations, verified identities."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from infra.local.ses_sandbox.addresses import normalized
from infra.local.ses_sandbox.errors import not_found
from infra.local.ses_sandbox.mime import ParsedMail
from infra.local.ses_sandbox.outcomes import Outcome

# A load test must not fill the laptop's memory.
KEEP_BYTES = 256 * 1024 * 1024


@dataclass(frozen=True)
class StoredMail:
    """One accepted mail. `recipients` is the envelope (To, Cc and Bcc); `raw` is what was delivered."""

    id: str
    sender: str
    recipients: tuple[str, ...]
    outcomes: dict[str, Outcome]
    tags: dict[str, str]
    configuration_set: str | None
    sent_at: datetime
    raw: bytes = field(repr=False)
    parsed: ParsedMail = field(repr=False)

    @property
    def subject(self) -> str:
        """The subject as a mail program shows it."""
        return self.parsed.value_of("Subject")


@dataclass(frozen=True)
class Suppression:
    """One entry of the account's suppression list; `reason` is BOUNCE or COMPLAINT."""

    address: str
    reason: str
    updated_at: datetime


class Mailbox:
    """The sandbox's state; every method may be called from any thread."""

    def __init__(self, verified: Iterable[str] = (), keep_bytes: int = KEEP_BYTES) -> None:
        """Start with the `verified` identities; keep the newest mails up to `keep_bytes` of raw messages."""
        self._lock = threading.Lock()
        self._initially_verified = tuple(verified)
        self._keep_bytes = keep_bytes
        self.reset()

    def reset(self) -> None:
        """Forget everything but the identities verified at the start."""
        with self._lock:
            self._mails: OrderedDict[str, StoredMail] = OrderedDict()
            self._bytes = 0
            self._suppressed: dict[str, Suppression] = {}
            self._identities = {normalized(identity) for identity in self._initially_verified}

    def add(self, mail: StoredMail) -> None:
        """Keep `mail`; the oldest gives way when the mailbox is full."""
        with self._lock:
            self._mails[mail.id] = mail
            self._bytes += len(mail.raw)
            while self._bytes > self._keep_bytes and len(self._mails) > 1:
                _, oldest = self._mails.popitem(last=False)
                self._bytes -= len(oldest.raw)

    def mails(self) -> list[StoredMail]:
        """Return the kept mails, oldest first."""
        with self._lock:
            return list(self._mails.values())

    def mail(self, mail_id: str) -> StoredMail:
        """Return one mail; raise SesError (404) when it is not there."""
        with self._lock:
            found = self._mails.get(mail_id)
        if found is None:
            raise not_found(f"There is no message '{mail_id}'. It was never sent, or was reset since.")
        return found

    def mails_to(self, recipient: str | None, after: str | None) -> list[StoredMail]:
        """Return mails, oldest first: those to exactly `recipient`, and only those accepted after `after`."""
        mails = self.mails()
        if after:
            self.mail(after)
            ids = [mail.id for mail in mails]
            mails = mails[ids.index(after) + 1 :]
        if recipient:
            wanted = normalized(recipient)
            mails = [mail for mail in mails if wanted in map(normalized, mail.recipients)]
        return mails

    def suppress(self, entry: Suppression) -> None:
        """Put an entry on the suppression list, or replace it."""
        with self._lock:
            self._suppressed[normalized(entry.address)] = entry

    def suppression(self, address: str) -> Suppression:
        """Return the entry of `address`; raise SesError (404) when it is not suppressed."""
        with self._lock:
            entry = self._suppressed.get(normalized(address))
        if entry is None:
            raise not_found(f"Email address {address} does not exist on your suppression list.")
        return entry

    def unsuppress(self, address: str) -> None:
        """Take `address` off the list; raise SesError (404) when it is not there."""
        self.suppression(address)
        with self._lock:
            self._suppressed.pop(normalized(address), None)

    def suppressions(self) -> list[Suppression]:
        """Return the suppression list, in the order of entry."""
        with self._lock:
            return list(self._suppressed.values())

    def suppressed_addresses(self) -> frozenset[str]:
        """Return the suppressed addresses, normalized."""
        with self._lock:
            return frozenset(self._suppressed)

    def verify(self, identity: str) -> bool:
        """Make `identity` verified; return False when it already was."""
        with self._lock:
            known = normalized(identity) in self._identities
            self._identities.add(normalized(identity))
            return not known

    def identities(self) -> frozenset[str]:
        """Return the verified e-mail addresses and domains, normalized."""
        with self._lock:
            return frozenset(self._identities)
