"""Signing in to the portal: link, question, code, session. Strangers and customers get the same answers."""

import contextlib
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Protocol

from dunwell.accounts.access import (
    CODE_LIFE,
    AccessStore,
    GoneError,
    Link,
    PendingCode,
    Purpose,
    Session,
    SignInRequiredError,
    TooManyTriesError,
    Tries,
    answers,
    csrf_matches,
    fingerprint,
    is_theirs,
    mac,
    new_code,
    new_token,
)
from dunwell.accounts.contact_points import PointKind
from dunwell.accounts.model import Channel, Customer
from dunwell.errors import ConflictError, NotFoundError, RefusedError
from dunwell.ledger.change import Change
from dunwell.ledger.model import Account
from dunwell.ledger.ports import Ledger
from dunwell.ledger.update import update

_RACES = 5
WAYS = (Channel.EMAIL, Channel.SMS)
"""How a code may come."""


class CodeSender(Protocol):
    """Brings a one-time code to a customer, one way."""

    def send_code(self, customer: Customer, address: str, code: str) -> None:
        """Send a code to an address or number, in the customer's language.

        Does not raise: the asker must not learn whether there was one to send.
        """
        ...


def code_address(customer: Customer, way: Channel) -> str:
    """Where a code may go: to the address that works; by text only where the customer wants texts; empty: nowhere.

    A number that a source merely lists may be anybody's: it needs consent, or proof that it is the customer's.
    """
    point = customer.point(way)
    if point is None or way not in WAYS:
        return ""
    wanted = way is Channel.EMAIL or bool(customer.consent(way) or point.verified_at)
    return point.address if wanted and (way is Channel.EMAIL or way not in customer.opted_out) else ""


class SignIn:
    """The use cases between a link and a session.

    Args:
        senders: of codes, one for each way that is offered.
    """

    def __init__(self, store: AccessStore, ledger: Ledger, senders: Mapping[Channel, CodeSender]) -> None:
        self._store = store
        self._ledger = ledger
        self._senders = senders

    def ask_for_code(self, link_token: str, answer: str, now: datetime, way: Channel = Channel.EMAIL) -> str:
        """Send a code if the answer is right and leads there. What comes back is the same either way.

        Returns:
            The token under which the asking browser, and no other, may use the code.

        Raises:
            TooManyTriesError: the link rests, whether or not it exists.
        """
        link_hash = fingerprint(link_token)
        counted_try(self._store, link_hash, now)
        customer = self._customer_behind(self._store.link(link_hash), now)
        address = code_address(customer, way) if customer and answers(customer, answer) else ""
        token, code = new_token(), new_code()
        customer_id = customer.customer_id if customer and address else ""
        sent_to = fingerprint(address) if customer_id else ""
        pending = PendingCode(fingerprint(token), link_hash, customer_id, mac(token, code), now + CODE_LIFE)
        self._store.add_code(replace(pending, sent_to=sent_to))
        if customer and address:
            self._senders[way].send_code(customer, address, code)
        return token

    def use_code(self, token: str, code: str, now: datetime) -> str:
        """Start a session with a code, once; the session's token.

        Raises:
            GoneError: the code was used or is too old, or nobody asked for one, or the address to which it went is not
                the customer's any more.
            WrongCodeError: it is another code. TooManyTriesError: the link rests.
        """
        pending = self._store.code(fingerprint(token))
        if pending is None:
            raise GoneError("This code was used already or is older than 15 minutes.")
        counted_try(self._store, pending.link_hash, now)
        pending.check(token, "".join(code.split()), now)
        account = self._ledger.load(pending.customer_id)
        if account is None or not is_theirs(account.customer, pending.sent_to):
            raise GoneError("This code was used already or is older than 15 minutes.")
        session_token = new_token()
        session = Session(fingerprint(session_token), pending.customer_id, now, now, pending.sent_to)
        try:
            self._store.start_session(pending, session)
        except ConflictError:
            raise GoneError("This code was used already or is older than 15 minutes.") from None
        self._prove(pending, now)
        return session_token

    def session(self, session_token: str, now: datetime) -> Session:
        """The session of a browser, its idle time starting anew.

        Raises:
            SignInRequiredError: there is none, or it has ended.
        """
        session = self._store.session(fingerprint(session_token)) if session_token else None
        if session is None or not session.is_alive(now):
            raise SignInRequiredError("Your session has ended.")
        seen = session.seen(now)
        if seen is not session:
            self._store.touch(seen)
        return seen

    def session_of_form(self, session_token: str, csrf: str, now: datetime) -> Session:
        """The session of a browser that sent a form, if the form is from a page of that session.

        Raises:
            SignInRequiredError: as ``session``. RefusedError: the form is not from our page.
        """
        session = self.session(session_token, now)
        if not csrf_matches(session_token, csrf):
            raise RefusedError("This form is not from a page of your session.")
        return session

    def sign_out(self, session_token: str) -> None:
        """End a session; again changes nothing."""
        self._store.end_session(fingerprint(session_token))

    def _prove(self, pending: PendingCode, now: datetime) -> None:
        """Keep that the address is the customer's: the code that went there came back."""

        def proved(account: Account) -> Change:
            customer = account.customer
            points = (one for kind in (PointKind.EMAIL, PointKind.PHONE) for one in customer.points(kind))
            found = next((one for one in points if fingerprint(one.address) == pending.sent_to), None)
            if found is None or found.verified_at:
                return Change(account)
            return Change(account, customer=customer.with_proof(found.address, now, found.kind))

        # They are signed in all the same; the next code proves it again.
        with contextlib.suppress(ConflictError, NotFoundError):
            update(self._ledger, pending.customer_id, proved)

    def _customer_behind(self, link: Link | None, now: datetime) -> Customer | None:
        """The customer whom a link may ask; a stranger's link costs the same read."""
        account = self._ledger.load(link.customer_id if link else "unknown")
        if link is None or account is None or not link.opens(Purpose.ACCOUNT, now) or account.customer.is_internal:
            return None
        theirs = {fingerprint(point.address) for point in account.customer.points(PointKind.EMAIL)}
        moved = bool(link.sent_to) and link.sent_to not in theirs
        return None if moved else account.customer


def counted_try(store: AccessStore, name_hash: str, now: datetime) -> None:
    """Count a try on a link, or on whatever else is guessed at under a hashed name.

    Raises:
        TooManyTriesError: five were made without a quiet hour between.
    """
    for _ in range(_RACES):
        before = store.tries(name_hash)
        after = before.next(now) if before else Tries(name_hash, 1, now, 1)
        try:
            return store.count_try(after)
        except ConflictError:
            continue
    raise TooManyTriesError("There were several tries with this link at once. Wait a minute, then try again.")
