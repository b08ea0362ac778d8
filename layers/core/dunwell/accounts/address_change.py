"""Another e-mail address in place of the one we have: proved by a code that goes there, by who is signed in.

Links and codes that went to the former address open nothing any more, nor do sessions that it opened. An event of the
same write tells that it was replaced, so that whoever reads mail there learns of it.
"""

import re
from dataclasses import replace
from datetime import datetime

from dunwell.accounts.access import (
    CODE_LIFE,
    AccessStore,
    GoneError,
    PendingCode,
    Session,
    fingerprint,
    mac,
    new_code,
    new_token,
)
from dunwell.accounts.choices import FROM_PORTAL
from dunwell.accounts.contact_points import PointKind
from dunwell.accounts.model import Channel, Customer
from dunwell.accounts.sign_in import CodeSender, counted_try
from dunwell.errors import ConflictError, InvalidInputError
from dunwell.events import ADDRESS_REPLACED, Event
from dunwell.ids import stable_id
from dunwell.ledger.change import Change
from dunwell.ledger.model import Account
from dunwell.ledger.ports import Ledger
from dunwell.ledger.update import update

_LONGEST = 254
_PART = r"[^@\s<>\"',;:\\()\[\]]+"
_ADDRESS = re.compile(_PART + "@" + _PART + r"\.[A-Za-z0-9-]{2,}")
_GONE = "This code was used already or is older than 15 minutes."


class AddressChange:
    """The use cases of a customer who gives another e-mail address."""

    def __init__(self, store: AccessStore, ledger: Ledger, sender: CodeSender) -> None:
        self._store = store
        self._ledger = ledger
        self._sender = sender

    def ask(self, customer: Customer, address: str, now: datetime) -> str:
        """Send a code to the new address; the token under which this browser may use it.

        Raises:
            InvalidInputError: it is no e-mail address. TooManyTriesError: see ``sign_in.counted_try``.
        """
        wanted, tries = address.strip(), _tries(customer.customer_id)
        if len(wanted) > _LONGEST or not _ADDRESS.fullmatch(wanted):
            raise InvalidInputError("This is not an e-mail address.", field="email", code="no_email")
        counted_try(self._store, tries, now)
        token, code = new_token(), new_code()
        pending = PendingCode(fingerprint(token), tries, customer.customer_id, mac(token, code), now + CODE_LIFE)
        self._store.add_code(replace(pending, sent_to=_purpose(wanted)))
        self._sender.send_code(customer, wanted, code)
        return token

    def confirm(self, customer_id: str, token: str, address: str, code: str, words: str, now: datetime) -> str:
        """Use the address from now on; the token of a new session in place of the one that asked.

        Args:
            words: what the customer agreed to by it, as it was shown.

        Raises:
            GoneError: the code was used, is too old, or was for another address or customer.
            WrongCodeError: it is another code. TooManyTriesError: see ``sign_in.counted_try``.
        """
        counted_try(self._store, _tries(customer_id), now)
        wanted, pending = address.strip(), self._store.code(fingerprint(token))
        if pending is None or (pending.customer_id, pending.sent_to) != (customer_id, _purpose(wanted)):
            raise GoneError(_GONE)
        pending.check(token, "".join(code.split()), now)
        session_token = new_token()
        session = Session(fingerprint(session_token), customer_id, now, now, fingerprint(wanted))
        try:
            self._store.start_session(pending, session)
        except ConflictError:
            raise GoneError(_GONE) from None
        update(self._ledger, customer_id, lambda account: _changed(account, wanted, words, now))
        return session_token


def _changed(account: Account, address: str, words: str, now: datetime) -> Change:
    customer = account.customer.with_address(address, now)
    if Channel.EMAIL not in customer.opted_out:
        customer = customer.with_consent(Channel.EMAIL, now, FROM_PORTAL, words)
    return Change(account, customer, events=(_told(customer.customer_id, now),))


def _told(customer_id: str, now: datetime) -> Event:
    event_id = stable_id("evt", ADDRESS_REPLACED, customer_id, now.isoformat())
    return Event(event_id, ADDRESS_REPLACED, customer_id, now, {"kind": PointKind.EMAIL.value})


def _tries(customer_id: str) -> str:
    return fingerprint(f"address of {customer_id}")


def _purpose(address: str) -> str:
    """What a pending code is for: no address has this hash, so that a code of a link proves nothing here."""
    return fingerprint(f"change to {address.casefold()}")
