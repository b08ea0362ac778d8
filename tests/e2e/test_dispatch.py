"""A planned contact is sent at most once, and only while it is right to send it."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
import requests

from dunwell.accounts.model import Channel
from dunwell.outreach.contact import ContactStatus
from tests.support.debtors import TODAY, csv_file, new_number, row
from tests.support.deployment import Deployment

RETRY_SECONDS = 12
"""Longer than a dispatch with a cold start, so that no message comes again while it is being worked on."""


@pytest.fixture(scope="module", autouse=True)
def soon_again(deployed: Deployment) -> Iterator[None]:
    """Failed messages come again within seconds instead of three minutes."""
    sqs, url = deployed.stack.client("sqs"), deployed.view.outputs["ContactsQueueUrl"]
    usual = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["VisibilityTimeout"])["Attributes"]
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": str(RETRY_SECONDS)})
    yield
    sqs.set_queue_attributes(QueueUrl=url, Attributes=usual)


@pytest.fixture
def debtor(deployed: Deployment) -> str:
    """The number of a customer with one overdue invoice, never contacted."""
    number = new_number()
    deployed.owe(row(number))
    return number


def mails_to(deployed: Deployment, number: str) -> int:
    return len(deployed.mails(deployed.account(number).customer.email))


def test_a_message_that_arrives_twice_is_one_mail(deployed: Deployment, debtor: str) -> None:
    contact = deployed.plan(debtor, dispatch=False)

    deployed.dispatch(contact)
    deployed.dispatch(contact)
    deployed.settled(contact, "delivered")
    deployed.dispatch(contact)
    deployed.wait_until_empty("ContactsQueueUrl")

    assert deployed.stored(contact).status is ContactStatus.DELIVERED
    assert mails_to(deployed, debtor) == 1


def test_a_contact_leaves_when_its_minute_has_come_and_not_before(deployed: Deployment, debtor: str) -> None:
    contact = deployed.plan(debtor, send_after=deployed.now() + timedelta(hours=1))
    deployed.wait_until_empty("ContactsQueueUrl")
    deployed.send("ReleaseQueueUrl", {})
    deployed.wait_until_empty("ReleaseQueueUrl")

    assert deployed.stored(contact) == contact
    soon = replace(contact, send_after=deployed.now() - timedelta(minutes=1))
    assert deployed.view.collection.move(soon, ContactStatus.PLANNED)
    for _ in range(2):
        deployed.send("ReleaseQueueUrl", {})

    deployed.settled(contact, "delivered")
    deployed.wait_until_empty("ReleaseQueueUrl")
    deployed.wait_until_empty("ContactsQueueUrl")
    assert mails_to(deployed, debtor) == 1


def test_a_mail_whose_acceptance_was_lost_is_never_sent_again(deployed: Deployment, debtor: str) -> None:
    deployed.ses_fault(lose_reply=1)
    deployed.ses_fault(hold_events=True)
    contact = deployed.plan(debtor)

    in_doubt = deployed.settled(contact, "unconfirmed")
    deployed.wait_until_empty("ContactsQueueUrl")
    deployed.ses_fault(release=True)
    settled = deployed.settled(contact, "delivered")

    assert in_doubt.message_id == ""
    assert settled.message_id
    assert mails_to(deployed, debtor) == 1


@pytest.mark.parametrize("status", [429, 503])
def test_a_mail_that_the_service_could_not_take_is_sent_later_and_once(
    deployed: Deployment, debtor: str, status: int
) -> None:
    deployed.ses_fault(next=1, status=status)

    contact = deployed.plan(debtor)
    deployed.settled(contact, "delivered")
    deployed.wait_until_empty("ContactsQueueUrl")

    assert mails_to(deployed, debtor) == 1


def test_an_invoice_paid_after_planning_is_not_asked_for(deployed: Deployment, debtor: str) -> None:
    contact = deployed.plan(debtor, dispatch=False)
    deployed.upload(f"paid-{debtor}.csv", csv_file([row(debtor, settled_on=TODAY.isoformat())]))

    deployed.dispatch(contact)

    assert deployed.settled(contact).status is ContactStatus.CANCELLED
    assert mails_to(deployed, debtor) == 0


def test_who_says_stop_after_planning_gets_no_mail(deployed: Deployment, debtor: str) -> None:
    contact = deployed.plan(debtor, dispatch=False)
    page = f"{deployed.view.urls['portal']}/stop/{deployed.issue_link(debtor, 'stop')}"

    looked = requests.get(page, timeout=30)
    assert not deployed.account(debtor).customer.opted_out, "a scanner that follows links stops nothing"
    stopped = requests.post(page, data={"List-Unsubscribe": "One-Click"}, timeout=30)
    deployed.dispatch(contact)
    refused = deployed.settled(contact)

    assert (looked.status_code, stopped.status_code) == (200, 200)
    assert refused.status is ContactStatus.REFUSED
    assert [decision.reason_code for decision in refused.decisions] == ["OK", "OPTED_OUT"]
    assert mails_to(deployed, debtor) == 0


@pytest.mark.parametrize(("local_part", "status"), [("bounce", "bounced"), ("complaint", "complained")])
def test_an_address_that_bounces_or_complains_is_written_to_once(
    deployed: Deployment, local_part: str, status: str
) -> None:
    number = new_number()
    address = f"{local_part}+{number.lower()}@example.net"
    deployed.owe(row(number, email=address))

    contact = deployed.plan(number)
    deployed.settled(contact, status)
    customer = deployed.account(number).customer

    assert customer.suppressed == {address}
    assert customer.reachable([Channel.EMAIL]) == []


def test_reports_of_delivery_that_come_twice_change_nothing(deployed: Deployment, debtor: str) -> None:
    deployed.ses_fault(double_events=2)

    contact = deployed.plan(debtor)
    deployed.settled(contact, "delivered")
    deployed.wait_until_empty("DeliveryQueueUrl")

    assert deployed.stored(contact).status is ContactStatus.DELIVERED
    assert deployed.view.dead_letters() == {}
