"""Letters, calls, notices and what cannot be reached, through the deployed functions with their own permissions."""

import json
from dataclasses import replace
from typing import Any

import pytest

from dunwell.accounts.contact_points import Channel, contact_points
from dunwell.ledger.change import Change
from dunwell.ledger.model import Account
from dunwell.ledger.update import update
from dunwell.outreach.contact import Contact, ContactStatus
from dunwell.outreach.switches import turned
from dunwell.outreach.tasks import Task
from dunwell_aws.letters import LetterOutbox
from dunwell_aws.switch_store import KEEP_SECONDS, DynamoSwitches
from dunwell_aws.table import Table
from dunwell_aws.tasks import DynamoNotices, DynamoTasks
from infra.local.demo.payer import Payer
from infra.local.demo.progress import Progress
from tests.support.debtors import TODAY, new_number, row
from tests.support.deployment import WAIT_SECONDS, Deployment
from tests.support.emulator import eventually

POINTS = contact_points(phone="+12125550111", postal="1 Example Street\nNew York, NY 10001", portal="anna")


def ledger_table(deployed: Deployment) -> Table:
    return Table(deployed.stack.client("dynamodb"), deployed.view.outputs["LedgerTableName"])


def tasks_of(deployed: Deployment, number: str) -> list[Task]:
    found = DynamoTasks(ledger_table(deployed)).open_tasks(500)
    return [task for task in found if task.customer_id == deployed.customer_id(number)]


def planned_on(deployed: Deployment, channel: Channel, points: Any = POINTS) -> tuple[str, Contact]:
    """A customer with one overdue invoice, and a contact that was planned on a channel and waits for dispatch."""
    number = new_number()
    deployed.owe(row(number))
    contact = deployed.plan(number, dispatch=False)

    def reached(account: Account) -> Change:
        known = account.customer.contact_points
        return Change(account, customer=replace(account.customer, contact_points=(*known, *points)))

    update(deployed.view.ledger, deployed.customer_id(number), reached)
    made = replace(contact, channel=channel)
    assert deployed.view.collection.move(made, ContactStatus.PLANNED)
    return number, made


def test_a_letter_lies_in_the_outbox_once_and_in_one_manifest(deployed: Deployment) -> None:
    _, contact = planned_on(deployed, Channel.LETTER)
    deployed.dispatch(contact)
    sent = deployed.settled(contact, "sent")
    deployed.dispatch(contact)
    deployed.wait_until_empty("ContactsQueueUrl")

    s3, bucket = deployed.stack.client("s3"), deployed.view.outputs["LettersBucketName"]
    assert s3.get_object(Bucket=bucket, Key=sent.message_id)["Body"].read().startswith(b"%PDF")
    outbox = LetterOutbox(s3, bucket)
    deployed.send("LettersQueueUrl", {"day": TODAY.isoformat()})
    listed = eventually(lambda: outbox.manifest(TODAY), WAIT_SECONDS)
    assert [letter.key for letter in listed].count(sent.message_id) == 1
    assert deployed.view.dead_letters() == {}


@pytest.mark.parametrize(
    ("channel", "end"), [(Channel.LETTER, "sent"), (Channel.CALL, "handed_over"), (Channel.PORTAL, "sent")]
)
def test_who_died_before_recording_is_completed_by_the_retry(deployed: Deployment, channel: Channel, end: str) -> None:
    _, contact = planned_on(deployed, channel)
    dying = replace(contact, status=ContactStatus.SENDING)
    assert deployed.view.collection.move(dying, ContactStatus.PLANNED)
    deployed.dispatch(contact)
    assert deployed.settled(contact, end, "unconfirmed").status == end


def test_a_call_waits_for_an_agent_with_its_script(deployed: Deployment) -> None:
    number, contact = planned_on(deployed, Channel.CALL)
    deployed.dispatch(contact)
    deployed.settled(contact, "handed_over")
    (task,) = tasks_of(deployed, number)
    assert (task.address, task.contact_id) == ("+12125550111", contact.contact_id)
    assert f"Customer {number}" in task.script


def test_a_notice_waits_on_the_portal_until_it_is_seen(deployed: Deployment) -> None:
    number, contact = planned_on(deployed, Channel.PORTAL)
    deployed.dispatch(contact)
    deployed.settled(contact, "sent")
    notices = DynamoNotices(ledger_table(deployed))
    (notice,) = notices.notices(deployed.customer_id(number))
    assert notice.seen_at is None

    visitor = Payer(deployed.view, Progress(), deployed.account(number))
    visitor.sign_in(f"{deployed.view.urls['portal']}/l/{deployed.issue_link(number, 'account')}")
    assert notice.subject in visitor.words
    seen = deployed.settled(contact, "delivered")
    assert seen.opened_at is not None
    assert notices.notices(deployed.customer_id(number))[0].seen_at is not None


def test_an_invalid_number_is_refused_and_on_the_worklist_with_its_reason(deployed: Deployment) -> None:
    number, contact = planned_on(deployed, Channel.SMS, contact_points(phone="12ab"))
    deployed.dispatch(contact)
    refused = deployed.settled(contact, "refused")
    assert refused.decisions[-1].reason_code == "INVALID_NUMBER"
    assert [task.reason for task in tasks_of(deployed, number)] == ["INVALID_NUMBER"]


def test_a_customer_without_any_channel_comes_onto_the_worklist_by_the_daily_plan(deployed: Deployment) -> None:
    number = new_number()
    deployed.owe(row(number, email=""))
    deployed.plan(number)
    (task,) = eventually(lambda: tasks_of(deployed, number), WAIT_SECONDS)
    assert task.reason == "NO_USABLE_ADDRESS"


def test_a_switch_stops_a_channel_until_it_is_turned_back(deployed: Deployment) -> None:
    switches = DynamoSwitches(ledger_table(deployed))
    _, stopped = planned_on(deployed, Channel.CALL)
    turned(switches, "channel:call", True, "test", "to see it stop", deployed.now())
    try:
        eventually(lambda: _refused(deployed, stopped), WAIT_SECONDS + KEEP_SECONDS)
    finally:
        turned(switches, "channel:call", False, "test", "seen", deployed.now())
    assert deployed.stored(stopped).decisions[-1].reason_code == "CHANNEL_STOPPED"


def _refused(deployed: Deployment, contact: Contact) -> bool:
    """Whether the switch has reached dispatch; a call that went out before it did is planned anew."""
    now = deployed.stored(contact)
    if now.status is ContactStatus.HANDED_OVER:
        deployed.view.collection.move(replace(now, status=ContactStatus.PLANNED), now.status)
    if now.status is not ContactStatus.REFUSED:
        deployed.dispatch(contact)
        deployed.wait_until_empty("ContactsQueueUrl")
    return deployed.stored(contact).status is ContactStatus.REFUSED


def test_a_text_leaves_with_the_most_that_it_may_cost(deployed: Deployment) -> None:
    number, contact = planned_on(deployed, Channel.SMS)
    deployed.dispatch(contact)
    settled = deployed.settled(contact, "sent", "refused")
    if settled.status is ContactStatus.REFUSED:
        assert settled.decisions[-1].reason_code != "INVALID_NUMBER"
        return
    assert settled.message_id
    assert json.dumps(deployed.texts("+12125550111"))
    assert number
