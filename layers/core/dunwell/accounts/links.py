"""Links in messages: made by whoever sends, opened by the portal."""

from datetime import datetime

from dunwell.accounts.access import LINK_LIFE, AccessStore, Link, Purpose, fingerprint, new_token
from dunwell.accounts.consent import refused_channels
from dunwell.accounts.model import Channel, Customer
from dunwell.accounts.shared import AddressBook, Said, Word, tell_all
from dunwell.errors import NotFoundError
from dunwell.ledger.change import Change
from dunwell.ledger.model import Account
from dunwell.ledger.ports import Ledger
from dunwell.ledger.update import update

_LINK_BITS = 160
_HOW = "stop_link"


class Links:
    """Issues links; the store sees only their hashes."""

    def __init__(self, store: AccessStore) -> None:
        self._store = store

    def issue_link(self, customer_id: str, purpose: str, now: datetime, sent_to: str = "", address_id: str = "") -> str:
        """A new token for a link; there is no way to read it again.

        Args:
            purpose: ``account`` opens the portal's question, ``stop`` the page that ends e-mail.
            sent_to: the address the link goes to; when it is given, the link ends when the customer's e-mail address
                is no longer that one, and a stop link does nothing to them then: no more mail goes there anyway.
            address_id: the name of the address; a stop link ends e-mail there for everybody who has it.
        """
        kind = Purpose(purpose)
        token = new_token(_LINK_BITS)
        bound = fingerprint(sent_to) if sent_to else ""
        self._store.add_link(Link(fingerprint(token), customer_id, kind, now + LINK_LIFE[kind], bound, address_id))
        return token


def stop_email(store: AccessStore, ledger: Ledger, addresses: AddressBook, token: str, now: datetime) -> None:
    """End e-mail to the customer of a stop link; again changes nothing (RFC 8058: one click, without signing in).

    And to all others at the address that it went to, there: nobody can tell which of them it was (1006.6(e)).

    Raises:
        NotFoundError: there is no such link, or it has ended.
    """
    link = store.link(fingerprint(token))
    if link is None or not link.opens(Purpose.STOP, now):
        raise NotFoundError("This link is not known or no longer valid.")
    account = update(ledger, link.customer_id, lambda account: _without_email(account, link, now))
    if link.address_id:
        asker = "" if _is_elsewhere(link, account.customer) else link.customer_id
        tell_all(addresses, ledger, link.address_id, Word(Channel.EMAIL, Said.REFUSED, _HOW, now), asker)


def _without_email(account: Account, link: Link, now: datetime) -> Change:
    customer = account.customer
    if _is_elsewhere(link, customer) or Channel.EMAIL in refused_channels(customer.consents):
        return Change(account)
    return Change(account, customer=customer.with_refusal(Channel.EMAIL, now, _HOW))


def _is_elsewhere(link: Link, customer: Customer) -> bool:
    """Whether the customer is no longer at the address that a link is bound to."""
    return bool(link.sent_to) and link.sent_to != fingerprint(customer.address(Channel.EMAIL))
