"""Addresses that several customers have: what is refused at one, or learnt about it, counts for everybody there.

Nobody can tell who of them it was. So before anything goes to an e-mail address or a number, its customer is noted
there, and then it is read what was said there before; what is said is kept first, and then it is read who is noted.
Whichever comes first, one of the two finds the other: also a customer who is imported years later.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from dunwell.accounts.contact_points import KIND_OF, Channel, address_id
from dunwell.accounts.model import Customer
from dunwell.ledger.change import Change
from dunwell.ledger.model import Account
from dunwell.ledger.ports import Ledger
from dunwell.ledger.update import update

NOTED_ON = frozenset({Channel.EMAIL, Channel.SMS, Channel.WHATSAPP})
"""The channels on which those at an address can answer, or a service for them."""


class Said(StrEnum):
    """What is known about an address: whoever has it refused a channel or agreed to it anew, or it does not work."""

    REFUSED = "refused"
    AGREED = "agreed"
    BOUNCED = "bounced"
    COMPLAINED = "complained"

    @property
    def topic(self) -> str:
        """What the latest word counts of; a bounce does not take back a refusal, nor the reverse."""
        return "choice" if self in (Said.REFUSED, Said.AGREED) else self.value


@dataclass(frozen=True, slots=True)
class Word:
    """One thing that was said at an address.

    Attributes:
        how: of a choice, how it is known; of the others, a code for why the address is not used.
    """

    channel: Channel
    said: Said
    how: str
    at: datetime

    @property
    def order(self) -> tuple[datetime, bool]:
        """The later counts; of two at one instant the refusal does."""
        return self.at, self.said is Said.REFUSED


class AddressBook(Protocol):
    """Who is written to at an address, and what was said there; addresses go by name (``address_id``)."""

    def note_customer(self, where: str, customer_id: str) -> list[Word]:
        """Remember that a customer is written to at an address; what was said there before, read after that."""
        ...

    def note_word(self, where: str, word: Word) -> list[str]:
        """Keep what was said at an address, unless something later is known; who is noted there, read after that."""
        ...

    def customers(self, where: str) -> list[str]:
        """The customers who were written to at an address."""
        ...


def tell_all(addresses: AddressBook, ledger: Ledger, where: str, word: Word, asker: str = "") -> None:
    """Keep that a channel was refused at an address, with everybody there; again changes nothing.

    Args:
        asker: the customer whose own refusal is kept already.
    """
    for customer_id in addresses.note_word(where, word):
        if customer_id != asker:
            update(ledger, customer_id, lambda account: _refused(account, where, word))


def _refused(account: Account, where: str, word: Word) -> Change:
    refusing = account.customer.with_refusal_there(word.channel, where, word.at, word.how)
    return Change(account, None if refusing == account.customer else refusing)


def told(customer: Customer, channel: Channel, address: str, words: Iterable[Word]) -> Customer:
    """A customer after hearing what was said before at an address to which a channel leads; again changes nothing."""
    where = address_id(KIND_OF[channel], address)
    for word in words:
        if word.said is Said.REFUSED:
            customer = customer.with_refusal_there(word.channel, where, word.at, word.how)
        elif word.said is not Said.AGREED:
            customer = customer.with_bounce(address, word.at, word.how, KIND_OF[channel])
    return customer
