"""Dispatching planned contacts, recording what SES reports, and publishing the outbox: the events as they come."""

from typing import Any

import pytest

from dunwell.accounts.model import Channel
from dunwell.errors import UnavailableError
from dunwell.events import CONTACT_PLANNED
from dunwell.outreach.contact import ContactStatus
from dunwell.outreach.dispatch import Dispatcher, Message
from dunwell.outreach.plan import contact_event
from dunwell_aws.dynamo_json import item
from dunwell_aws.outbox import PublishError
from dunwell_aws.table import to_plain
from functions.dispatch_message import app as dispatch_message
from functions.publish_changes import app as publish_changes
from functions.record_delivery import app as record_delivery
from tests.support.decisions import decision_log
from tests.support.invocation import lambda_context, set_variables, sqs_event
from tests.support.memory import InMemoryCollection, InMemoryLedger
from tests.support.outreach import NOW, POLICY, SentBox, contact, overdue, sent
from tests.support.portal import account, customer
from tests.unit.test_outbox import FakeBus

NAMES = ("cus_anna", "cus_bert", "cus_carl")


@pytest.fixture(autouse=True)
def _variables(monkeypatch: pytest.MonkeyPatch) -> None:
    set_variables(monkeypatch, BUS_NAME="bus")
    publish_changes.bus_name.cache_clear()


def ledger() -> InMemoryLedger:
    return InMemoryLedger(*(account(overdue(5), who=customer(one, email=f"{one}@b.example")) for one in NAMES))


# --- dispatch ---


def planned(customer_id: str) -> Any:
    return contact("due", customer_id=customer_id, contact_id=f"con_{customer_id}")


def bus_message(customer_id: str) -> dict[str, Any]:
    """What EventBridge puts into the queue."""
    event = contact_event(CONTACT_PLANNED, planned(customer_id), NOW)
    return {
        "version": "0",
        "source": "dunwell.ledger",
        "detail-type": event.name,
        "detail": to_plain(event) | {"data": dict(event.data)},
    }


class FailsFor(SentBox):
    """A sender that is down for one customer."""

    def __init__(self, customer_id: str) -> None:
        super().__init__()
        self.customer_id = customer_id

    def _send(self, message: Message) -> str:
        if message.contact.customer_id == self.customer_id:
            raise UnavailableError("throttled")
        return super()._send(message)


def dispatch(store: InMemoryCollection, box: SentBox, *bodies: Any) -> Any:
    dispatcher = Dispatcher(ledger(), store, {Channel.EMAIL: box}, POLICY, lambda: NOW, decision_log())
    return dispatch_message.handler(sqs_event(*bodies), lambda_context(), dispatcher=dispatcher)


def status(store: InMemoryCollection, customer_id: str) -> ContactStatus:
    return store.contacts[f"con_{customer_id}"].status


def test_a_batch_of_planned_contacts_is_sent_each_once_though_delivered_twice() -> None:
    store, box = InMemoryCollection(*map(planned, NAMES)), SentBox()
    assert dispatch(store, box, *map(bus_message, [*NAMES, *NAMES])) == {"batchItemFailures": []}
    assert sorted(message.address for message in box.messages) == [f"{one}@b.example" for one in NAMES]
    assert {made.status for made in store.contacts.values()} == {ContactStatus.SENT}


def test_only_the_message_that_could_not_be_sent_comes_again() -> None:
    store, box = InMemoryCollection(*map(planned, NAMES)), FailsFor("cus_bert")
    answer = dispatch(store, box, *map(bus_message, NAMES))
    assert answer == {"batchItemFailures": [{"itemIdentifier": "m1"}]}
    assert status(store, "cus_bert") is ContactStatus.PLANNED
    assert dispatch(store, SentBox(), bus_message("cus_bert")) == {"batchItemFailures": []}
    assert status(store, "cus_bert") is ContactStatus.SENT


def test_a_batch_that_fails_whole_is_reported_message_by_message() -> None:
    answer = dispatch(InMemoryCollection(), SentBox(), "nonsense", {"detail": {}})
    assert answer == {"batchItemFailures": [{"itemIdentifier": "m0"}, {"itemIdentifier": "m1"}]}


def test_a_contact_that_nobody_planned_is_done() -> None:
    assert dispatch(InMemoryCollection(), SentBox(), bus_message("cus_anna")) == {"batchItemFailures": []}


# --- delivery ---


def ses_message(kind: str, customer_id: str = "cus_anna", **more: Any) -> dict[str, Any]:
    """What SES's configuration set puts on the default bus."""
    tags = {
        "customer_id": [customer_id],
        "contact_id": [f"con_{customer_id}"],
        "ses:configuration-set": ["set"],
    }
    mail = {"messageId": "m", "destination": [f"{customer_id}@b.example"], "tags": tags}
    return {"source": "aws.ses", "detail-type": f"Email {kind}", "detail": {"eventType": kind, "mail": mail} | more}


def went_out() -> InMemoryCollection:
    return InMemoryCollection(*(sent("due", 1, customer_id=one, contact_id=f"con_{one}") for one in NAMES))


def record(store: InMemoryCollection, accounts: InMemoryLedger, *bodies: Any) -> Any:
    return record_delivery.handler(sqs_event(*bodies), lambda_context(), ledger=accounts, contacts=store)


def test_each_report_moves_its_contact_and_bad_addresses_are_suppressed() -> None:
    store, accounts = went_out(), ledger()
    hard = ses_message("Bounce", "cus_bert", bounce={"bounceType": "Permanent", "bounceSubType": "General"})
    bodies = ses_message("Delivery"), hard, ses_message("Complaint", "cus_carl", complaint={})
    assert record(store, accounts, *bodies) == {"batchItemFailures": []}
    assert [made.status.value for made in store.contacts.values()] == ["delivered", "bounced", "complained"]
    suppressed = [len(accounts.accounts[one].customer.suppressed) for one in NAMES]
    assert suppressed == [0, 1, 1]


@pytest.mark.parametrize("kind", ["Transient", "Undetermined"])
def test_a_bounce_that_may_heal_suppresses_nothing(kind: str) -> None:
    store, accounts = went_out(), ledger()
    record(store, accounts, ses_message("Bounce", bounce={"bounceType": kind}))
    assert store.contacts["con_cus_anna"].status is ContactStatus.BOUNCED
    assert not accounts.accounts["cus_anna"].customer.suppressed


@pytest.mark.parametrize("kind", ["Send", "Open", "Click", "Reject", "DeliveryDelay", "Rendering Failure"])
def test_what_says_nothing_about_delivery_changes_nothing(kind: str) -> None:
    store = went_out()
    assert record(store, ledger(), ses_message(kind)) == {"batchItemFailures": []}
    assert store.events == []


def test_a_report_on_mail_that_is_no_contact_is_done() -> None:
    untagged = ses_message("Delivery")
    untagged["detail"]["mail"]["tags"] = {"kind": ["sign_in_code"]}
    assert record(went_out(), ledger(), untagged) == {"batchItemFailures": []}


def test_a_report_that_cannot_be_kept_comes_again_alone() -> None:
    store = went_out()
    answer = record(store, ledger(), ses_message("Complaint", "cus_nobody"), ses_message("Delivery"), "nonsense")
    assert answer == {"batchItemFailures": [{"itemIdentifier": "m0"}, {"itemIdentifier": "m2"}]}
    assert store.contacts["con_cus_anna"].status is ContactStatus.DELIVERED


# --- publishing ---


def stream(*outboxes: list[Any]) -> dict[str, Any]:
    """A batch of the ledger's stream."""
    records = []
    for number, events in enumerate(outboxes):
        plain = {
            "pk": "CUS#1",
            "sk": f"OUTBOX#{number}",
            "events": [to_plain(e) | {"data": dict(e.data)} for e in events],
        }
        records.append({"eventID": str(number), "eventName": "INSERT", "dynamodb": {"NewImage": item(plain)}})
    return {"Records": records}


def test_every_event_of_a_batch_reaches_the_bus_in_order() -> None:
    bus: Any = FakeBus()
    events = [contact_event(CONTACT_PLANNED, planned(one), NOW) for one in NAMES]
    publish_changes.handler(stream(events[:2], events[2:]), lambda_context(), bus=bus)
    (request,) = bus.requests
    assert [entry["DetailType"] for entry in request] == [CONTACT_PLANNED] * 3
    assert {(entry["EventBusName"], entry["Source"]) for entry in request} == {("bus", "dunwell.ledger")}
    assert all(name in entry["Detail"] for name, entry in zip(NAMES, request, strict=True))


def test_an_event_that_the_bus_refuses_brings_the_batch_again() -> None:
    bus: Any = FakeBus()
    refused = contact_event("refuse", planned("cus_anna"), NOW)
    with pytest.raises(PublishError):
        publish_changes.handler(stream([refused]), lambda_context(), bus=bus)
