"""How a customer gets to see their account: links, a question, a one-time code, a session (rule MAGIC-LINK).

A message's link reaches whoever reads the mailbox, so it opens no account. It opens a question about what only the
customer's invoices and address tell; the answer sends a code to the contact address; the code starts a session.
Tokens and codes are random, leave only as such, and are kept as hashes. Nothing here reads a clock.
"""

import hashlib
import hmac
import re
import secrets
import unicodedata
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

from dunwell.accounts.contact_points import PointKind
from dunwell.accounts.model import Customer
from dunwell.errors import DunwellError, RefusedError

CODE_LIFE = timedelta(minutes=15)
MAX_TRIES = 5
LOCK = timedelta(hours=1)
SESSION_IDLE = timedelta(minutes=30)
SESSION_LIFE = timedelta(hours=8)
_SEEN_STEP = timedelta(minutes=1)


class SignInRequiredError(RefusedError):
    """There is no session, or it has ended."""


class WrongCodeError(RefusedError):
    """The code is not the one that was sent."""


class GoneError(DunwellError):
    """It was used, replaced or outlived."""


class TooManyTriesError(RefusedError):
    """Somebody guesses: the link rests."""


class Purpose(StrEnum):
    """What a link may open; a link of one purpose does not open the other's page."""

    ACCOUNT = "account"
    STOP = "stop"


LINK_LIFE = {Purpose.ACCOUNT: timedelta(days=30), Purpose.STOP: timedelta(days=365)}
"""A way to refuse further messages must outlive the message: by law 30 days, and people keep mail longer."""


@dataclass(frozen=True, slots=True)
class Link:
    """A link in one message.

    Attributes:
        token_hash: of the token in its address.
        sent_to: hash of the address it was sent to; a changed address ends it. Empty: not bound to one.
        address_id: the name of the address where whoever opens it reads; empty where that makes no difference.
    """

    token_hash: str
    customer_id: str
    purpose: Purpose
    expires_at: datetime
    sent_to: str = ""
    address_id: str = ""

    def opens(self, purpose: Purpose, now: datetime) -> bool:
        """Whether it opens a page of this purpose at this instant."""
        return self.purpose is purpose and now < self.expires_at


@dataclass(frozen=True, slots=True)
class Tries:
    """Tries on one link, kept whether or not the link exists, so that a stranger learns nothing from the lock.

    Attributes:
        version: the condition of the next write, so that simultaneous tries are all counted.
        last_at: the last of them; after a quiet hour they are forgotten.
    """

    token_hash: str
    count: int
    last_at: datetime
    version: int = 0

    def next(self, now: datetime) -> "Tries":
        """The record after one more try, which may be made.

        Raises:
            TooManyTriesError: five were made without a quiet hour between; the link rests for an hour from the last.
        """
        rested = now - self.last_at >= LOCK
        if self.count >= MAX_TRIES and not rested:
            raise TooManyTriesError(
                "There were five tries with this link. It rests for one hour; then you can try again."
            )
        return replace(self, count=1 if rested else self.count + 1, last_at=now, version=self.version + 1)


@dataclass(frozen=True, slots=True)
class PendingCode:
    """A code that was, or for a stranger seems to be, on its way.

    Attributes:
        token_hash: of the token that the asking browser holds.
        link_hash: the link whose tries count.
        customer_id: empty for a decoy: the answer was wrong or there is no such link.
        code_mac: of the code under the browser's token, which is not stored: the store alone cannot find the code.
        sent_to: hash of the address it was sent to, which the code proves to be the customer's; empty for a decoy.
    """

    token_hash: str
    link_hash: str
    customer_id: str
    code_mac: str
    expires_at: datetime
    used: bool = False
    sent_to: str = ""

    def check(self, token: str, code: str, now: datetime) -> None:
        """Pass if this code, given by the browser that asked for it, signs in at this instant.

        Raises:
            GoneError: used or outlived. WrongCodeError: another code; always so for a decoy.
        """
        if self.used or now >= self.expires_at:
            raise GoneError("This code was used already or is older than 15 minutes.")
        matches = hmac.compare_digest(self.code_mac, mac(token, code))
        if not matches or not self.customer_id:
            raise WrongCodeError("This is not the code that we sent.")


@dataclass(frozen=True, slots=True)
class Session:
    """A signed-in browser.

    Attributes:
        seen_at: the last use, to the minute, so that reading a page seldom writes.
        sent_to: hash of the address to which the code went; a changed address ends the session.
    """

    token_hash: str
    customer_id: str
    started_at: datetime
    seen_at: datetime
    sent_to: str = ""

    def is_alive(self, now: datetime) -> bool:
        """Whether it may still be used: 30 minutes from the last use, 8 hours in all."""
        return now < self.ends_at

    @property
    def ends_at(self) -> datetime:
        """When it ends unless it is used before."""
        return min(self.seen_at + SESSION_IDLE, self.started_at + SESSION_LIFE)

    def seen(self, now: datetime) -> "Session":
        """The session after a use at this instant; itself when the last noted use is less than a minute ago."""
        return replace(self, seen_at=now) if now - self.seen_at >= _SEEN_STEP else self


def is_theirs(customer: Customer, sent_to: str) -> bool:
    """Whether the address of this hash is one that the customer has now."""
    points = (point for kind in (PointKind.EMAIL, PointKind.PHONE) for point in customer.points(kind))
    return any(fingerprint(point.address) == sent_to for point in points)


def require_theirs(customer: Customer, session: Session) -> None:
    """Pass if the session was opened through an address that the customer still has.

    Raises:
        SignInRequiredError: the address was changed since, by whomever.
    """
    if not is_theirs(customer, session.sent_to):
        raise SignInRequiredError("Your session has ended.")


class AccessStore(Protocol):
    """Links, tries, codes and sessions. Items vanish some time after they end; rules look at the times, not at that."""

    def add_link(self, link: Link) -> None:
        """Keep a new link."""
        ...

    def link(self, token_hash: str) -> Link | None:
        """The link of a hashed token."""
        ...

    def tries(self, token_hash: str) -> Tries | None:
        """The tries on a link."""
        ...

    def count_try(self, tries: Tries) -> None:
        """Write the record if the stored one is the version before it (none before version 1).

        Raises:
            ConflictError: another try was counted meanwhile.
        """
        ...

    def add_code(self, pending: PendingCode) -> None:
        """Keep a new pending code."""
        ...

    def code(self, token_hash: str) -> PendingCode | None:
        """The pending code of a hashed token."""
        ...

    def start_session(self, pending: PendingCode, session: Session) -> None:
        """Use up the code, forget the link's tries and keep the session: all or nothing.

        Raises:
            ConflictError: the code was used meanwhile.
        """
        ...

    def session(self, token_hash: str) -> Session | None:
        """The session of a hashed token."""
        ...

    def touch(self, session: Session) -> None:
        """Write the last use of a session that is still there."""
        ...

    def end_session(self, token_hash: str) -> None:
        """Forget a session."""
        ...


def new_token(bits: int = 256) -> str:
    """A random token for an address or a cookie; 160 bits for links that people may have to copy."""
    return secrets.token_urlsafe(bits // 8)


def new_code() -> str:
    """Six random digits."""
    return f"{secrets.randbelow(1_000_000):06d}"


def fingerprint(token: str) -> str:
    """What is stored of a token (SHA-256; tokens are random, so there is nothing to salt)."""
    return hashlib.sha256(token.encode()).hexdigest()


def mac(token: str, text: str) -> str:
    """What a text is under a token that only a browser holds."""
    return hmac.new(token.encode(), text.encode(), hashlib.sha256).hexdigest()


def csrf_token(session_token: str) -> str:
    """The token that forms of a session carry: made from the cookie, which other sites cannot read."""
    return mac(session_token, "csrf")


def csrf_matches(session_token: str, given: str) -> bool:
    """Whether a form came from a page of this session; in constant time."""
    return hmac.compare_digest(csrf_token(session_token).encode(), given.encode())


def answers(customer: Customer, given: str) -> bool:
    """Whether an answer is the customer's number or postcode, however it is spaced or capitalised; constant time."""
    plain = normalised(given)
    answer, right = fingerprint(plain), False
    for expected in (normalised(customer.number), _postcode(customer)):
        right |= bool(expected) & hmac.compare_digest(fingerprint(expected), answer)
    if customer.country == "US":
        zip_code = fingerprint(_five_digits(plain))
        right |= hmac.compare_digest(fingerprint(_postcode(customer)), zip_code)
    return right and bool(plain)


def normalised(text: str) -> str:
    """Letters and digits only, in one case and one form of Unicode."""
    return "".join(character for character in unicodedata.normalize("NFKC", text).casefold() if character.isalnum())


def _postcode(customer: Customer) -> str:
    """What an answer is compared with; what stands in a source instead of a US postcode is no answer."""
    postcode = normalised(customer.postcode)
    if customer.country != "US":
        return postcode
    return _five_digits(postcode) if re.fullmatch(r"[0-9]{5}([0-9]{4})?", postcode) else ""


def _five_digits(postcode: str) -> str:
    """A US postcode without its last four digits, which few people know of their own address."""
    return postcode[:5] if re.fullmatch(r"[0-9]{9}", postcode) else postcode
