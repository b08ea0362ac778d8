"""What happens to an agreement or a payment is told to the customer: bus → announce → dispatch → mailbox."""

import re
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from bs4 import BeautifulSoup

from dunwell.events import AGREEMENT_MADE, Event
from dunwell.ledger.agreements import (
    AgreedDebt,
    AgreedInstalment,
    Agreement,
    AgreementKind,
    AgreementStatus,
    Authorisation,
)
from dunwell.ledger.change import Change
from dunwell.ledger.model import Account
from dunwell.ledger.posting import post_payment
from dunwell.ledger.steps import told
from dunwell.ledger.update import update
from tests.support.debtors import TODAY, new_number, row
from tests.support.deployment import WAIT_SECONDS, Deployment
from tests.support.emulator import eventually
from tests.support.visitors import agent_at_console, words

WORDS = "I promise to pay what I owe by the day shown."


@pytest.fixture
def debtor(deployed: Deployment) -> str:
    """The number of a customer with one overdue invoice."""
    number = new_number()
    deployed.owe(row(number))
    return number


def subjects(deployed: Deployment, number: str) -> list[str]:
    return [mail["subject"] for mail in deployed.mails(deployed.account(number).customer.email)]


def agreed(deployed: Deployment, number: str) -> Event:
    """The customer agreed to pay in a fortnight; the ledger's event of it."""
    now, made = deployed.now(), []

    def decide(it: Account) -> Change:
        (owed,) = it.open_invoices
        invoice = owed.invoice
        agreement = Agreement(
            agreement_id=f"agr_{number.lower().replace('-', '')}",
            kind=AgreementKind.PLAN,
            currency=invoice.currency,
            debts=(AgreedDebt(invoice.invoice_id, invoice.number, owed.open_minor),),
            instalments=(AgreedInstalment(1, TODAY + timedelta(days=14), owed.open_minor),),
            status=AgreementStatus.AUTHORISED,
            made_at=now,
            made_by="customer",
            authorisation=Authorisation(WORDS, now, "portal", "customer"),
        )
        made.append(told(AGREEMENT_MADE, it, agreement, now))
        return Change(it, agreements={agreement.agreement_id: agreement}, events=(made[-1],))

    update(deployed.view.ledger, deployed.customer_id(number), decide)
    return made[-1]


def test_the_copy_of_an_agreement_is_mailed_once_however_often_the_bus_says_so(
    deployed: Deployment, debtor: str
) -> None:
    event = agreed(deployed, debtor)
    assert eventually(lambda: subjects(deployed, debtor), WAIT_SECONDS) == ["Your agreement with us"]

    again: dict[str, Any] = {"event_id": event.event_id, "name": event.name, "customer_id": event.customer_id}
    again |= {"occurred_at": event.occurred_at.isoformat(), "data": dict(event.data)}
    for _ in range(2):
        deployed.send("AnnouncementsQueueUrl", {"detail": again})
    deployed.wait_until_empty("AnnouncementsQueueUrl")
    deployed.wait_until_empty("ContactsQueueUrl")

    assert subjects(deployed, debtor) == ["Your agreement with us"]
    (mail,) = deployed.mails(deployed.account(debtor).customer.email)
    assert WORDS in mail["text"]
    assert deployed.view.dead_letters() == {}


def test_money_through_the_gateway_gets_a_receipt(deployed: Deployment, debtor: str) -> None:
    def decide(it: Account) -> Change:
        (owed,) = it.open_invoices
        amount_minor, currency = owed.open_minor, owed.invoice.currency
        return post_payment(
            it,
            method="stripe",
            reference=f"pi_{debtor}#succeeded",
            currency=currency,
            amount_minor=amount_minor,
            received_at=deployed.now(),
        )

    update(deployed.view.ledger, deployed.customer_id(debtor), decide)

    assert eventually(lambda: subjects(deployed, debtor), WAIT_SECONDS) == ["Your receipt"]
    contact = eventually(
        lambda: [one for one in deployed.view.collection.state(deployed.customer_id(debtor)).contacts if one.sent_at],
        WAIT_SECONDS,
    )[0]
    assert replace(contact, stage="receipt") == contact
    assert contact.decisions[0].decision_id.startswith("announce:")


def test_a_copy_that_an_attorneys_hold_stops_is_an_agents_task_until_the_agreement_ends(
    deployed: Deployment, debtor: str
) -> None:
    agent, customer_id = agent_at_console(deployed), deployed.customer_id(debtor)
    home = f"/customers/{customer_id}"
    token = BeautifulSoup(agent.get(home).text, "lxml").select("input[name=csrf]")[0]["value"]
    hold = {"csrf": str(token), "action": "hold", "kind": "attorney", "note": "Attorney Lee, 1 Main St"}
    agent.post(home, **hold)
    agreed(deployed, debtor)

    def listed() -> list[str]:
        return re.findall(rf"/tasks/{customer_id}/\w+", agent.get("/tasks").text)

    (path,) = eventually(listed, WAIT_SECONDS)
    page = words(agent.get(path))
    for expected in ("attorney represented", "not the customer", "Attorney Lee, 1 Main St", WORDS):
        assert expected in page
    assert subjects(deployed, debtor) == []

    (agreement_id,) = deployed.account(debtor).agreements
    agent.post(f"{home}/agreements", csrf=str(token), action="cancel", agreement=agreement_id)

    eventually(lambda: listed() == [], WAIT_SECONDS)
    assert "not needed any more" in words(agent.get(path))
    assert deployed.view.dead_letters() == {}
