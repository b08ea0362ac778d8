"""E-mail addresses as SES reads them: one plain ASCII mailbox, with or without a display name."""

from __future__ import annotations

import re
from collections.abc import Iterable
from email.utils import getaddresses, parseaddr

from infra.local.ses_sandbox.errors import SesError, bad_request

_MAILBOX = re.compile(r"[!-?A-~]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?")


def mailbox_of(text: str) -> str:
    """Return the bare mailbox in `text` (`Name <a@b.c>` or `a@b.c`); raise SesError when there is none."""
    mailbox = parseaddr(text)[1]
    if "@" not in mailbox:
        raise bad_request("Missing final '@domain'")
    if not mailbox.isascii():
        raise bad_request(f"Address '{mailbox}' is not ASCII. Write its domain in Punycode.")
    if not _MAILBOX.fullmatch(mailbox):
        raise bad_request(f"Illegal address '{mailbox}'.")
    return mailbox


def mailboxes_in(header_values: Iterable[str]) -> list[str]:
    """Return every bare mailbox in address headers such as To; raise SesError for one that is malformed."""
    return [mailbox_of(address) for _, address in getaddresses([str(value) for value in header_values])]


def normalized(address: str) -> str:
    """Return `address` in the form in which two spellings of one mailbox compare equal."""
    return address.strip().lower()


def is_verified(address: str, identities: Iterable[str]) -> bool:
    """Tell whether `address`, its domain or a parent domain is among the verified `identities`."""
    known = {normalized(identity) for identity in identities}
    mailbox = normalized(address)
    labels = mailbox.rpartition("@")[2].split(".")
    return mailbox in known or any(".".join(labels[start:]) in known for start in range(len(labels)))


def not_verified(senders: Iterable[str], region: str) -> SesError:
    """Return the MessageRejected that SES gives when `senders` are not verified in `region`."""
    return SesError(
        400,
        "MessageRejected",
        "Email address is not verified. The following identities failed the check in region "
        f"{region.upper()}: {', '.join(senders)}",
    )
