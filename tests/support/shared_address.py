"""Customers at one address, from the message that leaves to what comes back from it and what is clicked in it."""

import re
from datetime import datetime
from typing import Any

from dunwell.accounts.contact_points import Channel
from dunwell.accounts.links import Links, stop_email
from dunwell.accounts.model import Customer
from dunwell.outreach.contact import Contact
from dunwell.outreach.delivery import Feedback, Outcome, record_delivery
from dunwell.outreach.dispatch import Dispatcher
from dunwell_aws.documents import folder
from dunwell_aws.messages import Renderer
from dunwell_aws.senders.email import EmailSender
from dunwell_aws.senders.pacing import Pacer
from dunwell_aws.urls import Urls
from tests.support.decisions import decision_log
from tests.support.memory import InMemoryCollection, InMemoryLedger, InMemoryMessageIndex, InMemorySwitches
from tests.support.outreach import NOW, POLICY, SentBox, contact, overdue
from tests.support.portal import InMemoryAccessStore, account, customer
from tests.support.portal_app import BASE, Parameters

SAME = "books@shared.example"
NUMBER = "+12125550111"


class Mailbox:
    """Keeps what is sent."""

    def __init__(self) -> None:
        self.sent: list[dict[str, Any]] = []

    def send(self, **mail: Any) -> str:
        self.sent.append(mail)
        return f"m-{len(self.sent)}"


class SharedAddress:
    """A ledger of customers who share addresses, and the ways to them."""

    def __init__(self, *names: str, **who: Any) -> None:
        self.ledger, self.store, self.access = InMemoryLedger(), InMemoryCollection(), InMemoryAccessStore()
        self.addresses, self.box, self.texts = InMemoryMessageIndex(), Mailbox(), SentBox()
        self.now, self.count = NOW, 0
        for one in names:
            self.imports(one, **who)

    def imports(self, name: str, email: str = SAME, **who: Any) -> None:
        """Another customer is in the source."""
        described = customer(name, email=email, **who)
        self.ledger.accounts[name] = account(overdue(5), who=described)

    def customer(self, name: str) -> Customer:
        return self.ledger.accounts[name].customer

    def dispatch(self, name: str, channel: Channel = Channel.EMAIL, **changes: Any) -> Contact:
        """A message to a customer, planned and dispatched today; how it ended."""
        self.count += 1
        usual: dict[str, Any] = {"planned_on": self.now.date(), "contact_id": f"con_{self.count}", "channel": channel}
        made = contact(customer_id=name, **(usual | changes))
        self.store.contacts[made.contact_id] = made
        self._dispatcher().dispatch(name, made.contact_id)
        return self.store.contacts[made.contact_id]

    def _dispatcher(self) -> Dispatcher:
        renderer, box = Renderer(folder("infra") / "messages", POLICY), self.box
        links, urls = Links(self.access), Urls(Parameters(BASE), "urls")
        mail: Any = EmailSender(renderer, box, links, urls, Pacer(lambda: 0))  # type: ignore[arg-type]
        senders: Any = {Channel.EMAIL: mail, Channel.SMS: self.texts, Channel.WHATSAPP: self.texts}
        kept = self.store, InMemorySwitches(), decision_log(), self.addresses
        return Dispatcher(self.ledger, self.store, senders, POLICY, lambda: self.now, *kept)

    def click_stop(self, at: datetime | None = None, mail: int = -1) -> None:
        """One click in the mail program of whoever reads a mail that was sent."""
        (token,) = set(re.findall(rf"{BASE}/stop/([\w-]+)", self.box.sent[mail]["text"]))
        stop_email(self.access, self.ledger, self.addresses, token, at or self.now)

    def report(self, about: Contact, outcome: Outcome, at: datetime | None = None, **changes: Any) -> None:
        """What the mail service tells of a message."""
        told: dict[str, Any] = {"address": SAME, "message_id": "m", "at": at or self.now} | changes
        feedback = Feedback(about.customer_id, about.contact_id, outcome, **told)
        record_delivery(feedback, self.ledger, self.store, self.store, self.addresses)
