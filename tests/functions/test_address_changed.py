"""After another e-mail address took the place of the one we had, whoever reads the former one is told, and no more."""

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from dunwell.accounts.address_change import AddressChange
from dunwell.accounts.contact_points import Channel
from dunwell.accounts.links import Links, stop_email
from dunwell.events import ADDRESS_REPLACED
from dunwell.outreach.contact import Contact, ContactStatus
from dunwell.outreach.dispatch import Dispatcher
from dunwell_aws.documents import folder
from dunwell_aws.messages import Renderer
from dunwell_aws.senders.email import EmailSender
from dunwell_aws.senders.pacing import Pacer
from dunwell_aws.table import to_plain
from dunwell_aws.urls import Urls
from functions.announce import app
from functions.portal import app as portal_app
from tests.support.decisions import decision_log
from tests.support.invocation import lambda_context, set_variables, sqs_event
from tests.support.memory import InMemoryCollection, InMemoryLedger, InMemoryMessageIndex, InMemorySwitches
from tests.support.outreach import NOW, POLICY, overdue
from tests.support.portal import CodeBox, InMemoryAccessStore, account, changed, customer
from tests.support.portal_app import BASE, Parameters
from tests.support.shared_address import Mailbox

OLD, NEW = "anna@bakery.example", "new@bakery.example"
SUBJECTS = {
    "en": "Your e-mail address was changed",
    "de": "Ihre E-Mail-Adresse wurde geändert",
    "es": "Su dirección de correo ha cambiado",
    "fr": "Votre adresse e-mail a été modifiée",
}


class World:
    """Anna, who gives another address, and everything between that and the mail."""

    def __init__(self, **who: Any) -> None:
        self.ledger = InMemoryLedger(account(overdue(5), who=customer(**who)))
        self.store, self.access, self.codes = InMemoryCollection(), InMemoryAccessStore(), CodeBox()
        self.box: Any = Mailbox()
        self.addresses = InMemoryMessageIndex()
        self.now = NOW

    def gives(self, address: str) -> None:
        """The page's form, and the code that came back."""
        change = AddressChange(self.access, self.ledger, self.codes)
        who = self.ledger.accounts["cus_anna"].customer
        token = change.ask(who, address, self.now)
        change.confirm("cus_anna", token, address, self.codes.sent[-1][1], "I agree.", self.now)

    def announced(self) -> list[Contact]:
        """What is planned when the bus brings every event of the ledger."""
        events = [{"detail": to_plain(one) | {"data": dict(one.data)}} for one in self.ledger.events]
        rules, log = {"policy": POLICY, "now": self.now}, decision_log()
        app.handler(sqs_event(*events), lambda_context(), ledger=self.ledger, store=self.store, log=log, **rules)
        return list(self.store.contacts.values())

    def dispatch(self, contact: Contact) -> ContactStatus | None:
        links, urls = Links(self.access), Urls(Parameters(BASE), "urls")
        renderer = Renderer(folder("infra") / "messages", POLICY)
        senders: Any = {Channel.EMAIL: EmailSender(renderer, self.box, links, urls, Pacer(lambda: 0))}
        stores = self.store, InMemorySwitches(), decision_log(), self.addresses
        ways = Dispatcher(self.ledger, self.store, senders, POLICY, lambda: self.now, *stores)
        return ways.dispatch("cus_anna", contact.contact_id)


@pytest.fixture(autouse=True)
def variables(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    set_variables(monkeypatch)
    yield
    portal_app.use(None)


@pytest.mark.parametrize("language", sorted(SUBJECTS))
def test_the_former_address_is_told_in_the_customers_language_without_name_debt_or_a_way_in(language: str) -> None:
    world = World(language=language)
    before = world.ledger.accounts["cus_anna"].version
    world.gives(NEW)
    (event,) = world.ledger.events
    assert (event.name, event.data) == (ADDRESS_REPLACED, {"kind": "email"})
    assert world.ledger.accounts["cus_anna"].version == before + 1, "the address and what tells of it are one write"
    for _ in range(2):
        (contact,) = world.announced()
    assert [world.dispatch(contact) for _ in range(2)] == [ContactStatus.SENT] * 2
    (mail,) = world.box.sent
    assert (mail["to"], mail["subject"]) == (OLD, SUBJECTS[language])
    for part in (mail["text"], mail["html"]):
        assert NEW not in part
        assert "Anna" not in part
        assert not re.search(r"100[.,]00|\bA1\b", part)
        assert f"{BASE}/l/" not in part
        assert POLICY.creditor.telephone.replace(" ", "\u00a0") in part


def test_the_stop_link_of_that_mail_does_not_stop_what_goes_to_the_new_address() -> None:
    world = World()
    world.gives(NEW)
    (contact,) = world.announced()
    world.dispatch(contact)
    (token,) = set(re.findall(rf"{BASE}/stop/([\w-]+)", world.box.sent[0]["text"]))
    stop_email(world.access, world.ledger, world.addresses, token, world.now)
    assert world.ledger.accounts["cus_anna"].customer.opted_out == frozenset()


def test_nobody_is_told_at_an_address_that_had_bounced_or_that_is_in_use_again() -> None:
    bounced = World()
    anna = bounced.ledger.accounts["cus_anna"]
    who = changed(anna.customer, bounced=[OLD])
    bounced.ledger = InMemoryLedger(account(overdue(5), who=who))
    bounced.gives(NEW)
    assert bounced.announced() == []

    back = World()
    back.gives(NEW)
    (contact,) = back.announced()
    back.now += timedelta(hours=1)
    back.gives(OLD)
    assert back.dispatch(contact) is ContactStatus.CANCELLED
    (told,) = [one for one in back.announced() if one.contact_id != contact.contact_id]
    assert back.dispatch(told) is ContactStatus.SENT
    assert [mail["to"] for mail in back.box.sent] == [NEW]
