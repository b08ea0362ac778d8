"""A planned contact of a customer with one overdue invoice, and the dispatcher that is to send it."""

from typing import Any

from dunwell.accounts.model import CustomerKind
from dunwell.ledger.model import Account
from dunwell.ledger.posting import post_payment
from dunwell.outreach.contact import Contact, ContactStatus
from dunwell.outreach.dispatch import Dispatcher
from tests.support.decisions import DecisionsBucket, decision_log
from tests.support.memory import InMemoryCollection, InMemoryLedger, InMemoryMessageIndex, InMemorySwitches
from tests.support.outreach import NOW, POLICY, SentBox, contact, overdue
from tests.support.portal import account, customer

PERSON = customer(kind=CustomerKind.PERSON, region="NY")


class World:
    """One planned contact of a customer with one overdue invoice."""

    def __init__(self, owing: Account | None = None, **changes: Any) -> None:
        self.ledger = InMemoryLedger(owing or account(overdue(5), who=PERSON))
        self.contact = contact(**changes)
        self.store = InMemoryCollection(self.contact)
        self.switches, self.addresses = InMemorySwitches(), InMemoryMessageIndex()
        self.box, self.now = SentBox(), NOW
        self.bucket = DecisionsBucket()

    def dispatch(self) -> ContactStatus | None:
        senders: Any = {self.contact.channel: self.box}
        stores = self.store, self.switches, decision_log(self.bucket), self.addresses
        dispatcher = Dispatcher(self.ledger, self.store, senders, POLICY, lambda: self.now, *stores)
        return dispatcher.dispatch("cus_anna", self.contact.contact_id)

    @property
    def kept(self) -> Contact:
        return self.store.contacts[self.contact.contact_id]

    @property
    def told(self) -> list[str]:
        return [event.name for event in self.store.events]


def paid(world: World, amount_minor: int = 10_000) -> None:
    """The invoice is paid, or so much of it (minor units)."""
    owing = world.ledger.accounts["cus_anna"]
    posted: dict[str, Any] = {"method": "test", "reference": "r", "currency": "USD", "amount_minor": amount_minor}
    world.ledger.commit(post_payment(owing, received_at=NOW, **posted))
