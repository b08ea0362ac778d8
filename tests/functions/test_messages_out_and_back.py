"""Dispatching planned contacts, recording what SES reports, and publishing the outbox: the events as they come."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from threading import Barrier, Lock
from typing import Any

import pytest

from dunwell.accounts.contact_points import Channel, PointKind, address_id
from dunwell.dates import business_date
from dunwell.errors import UnavailableError
from dunwell.events import CONTACT_PLANNED, CONTACT_REFUSED
from dunwell.outreach.contact import ContactStatus
from dunwell.outreach.dispatch import Dispatcher, Message
from dunwell.outreach.permission import may_contact
from dunwell.outreach.plan import contact_event
from dunwell_aws.batches import each_message
from dunwell_aws.bootstrap import base
from dunwell_aws.clock import Clock
from dunwell_aws.coming_back import ComingBack
from dunwell_aws.dynamo_json import item
from dunwell_aws.message_index import number_id
from dunwell_aws.outbox import PublishError
from dunwell_aws.table import to_plain
from functions.close_letters import app as close_letters
from functions.dispatch_message import app as dispatch_message
from functions.publish_changes import app as publish_changes
from functions.record_delivery import app as record_delivery
from tests.support.decisions import decision_log
from tests.support.invocation import lambda_context, set_variables, sqs_event
from tests.support.memory import InMemoryCollection, InMemoryLedger, InMemoryMessageIndex, InMemorySwitches
from tests.support.outreach import NOW, OK, POLICY, SentBox, contact, overdue, sent
from tests.support.portal import account, customer
from tests.support.template import resources
from tests.unit.test_outbox import FakeBus

NUMBER = "+12125550111"


class StoppedClock(Clock):
    """Always now."""

    def now(self) -> datetime:
        return NOW


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
    stores = store, InMemorySwitches(), decision_log(), InMemoryMessageIndex()
    dispatcher = Dispatcher(ledger(), store, {Channel.EMAIL: box}, POLICY, lambda: NOW, *stores)
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


def test_a_batch_is_sent_by_threads_and_one_customers_messages_after_each_other() -> None:
    busy: dict[str, int] = {}
    seen: list[tuple[str, int]] = []
    together, lock = Barrier(3), Lock()

    def handle(body: str) -> None:
        name, number = json.loads(body)
        if number == 0:
            together.wait(5)  # the first of each are under way at once
        with lock:
            busy[name] = busy.get(name, 0) + 1
            assert busy[name] == 1
        with lock:
            busy[name] -= 1
            seen.append((name, number))

    bodies = [[name, number] for number in range(3) for name in NAMES]
    answer = each_message(sqs_event(*bodies, "no"), handle, threads=10, together=lambda body: json.loads(body)[0])
    assert answer == {"batchItemFailures": [{"itemIdentifier": "m9"}]}
    assert all([number for name, number in seen if name == one] == [0, 1, 2] for one in NAMES)


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


def coming_back(
    store: InMemoryCollection, accounts: InMemoryLedger, index: Any = None, switches: Any = None
) -> ComingBack:
    kept = switches or InMemorySwitches()
    pointers: Any = index or InMemoryMessageIndex()
    return ComingBack(accounts, store, store, pointers, kept, kept, StoppedClock())


def record(store: InMemoryCollection, accounts: InMemoryLedger, *bodies: Any, **parts: Any) -> Any:
    back = coming_back(store, accounts, **parts)
    return record_delivery.handler(sqs_event(*bodies), lambda_context(), coming_back=back)


def test_each_report_moves_its_contact_and_bad_addresses_are_suppressed() -> None:
    store, accounts = went_out(), ledger()
    hard = ses_message("Bounce", "cus_bert", bounce={"bounceType": "Permanent", "bounceSubType": "General"})
    bodies = ses_message("Delivery"), hard, ses_message("Complaint", "cus_carl", complaint={})
    assert record(store, accounts, *bodies) == {"batchItemFailures": []}
    assert [made.status.value for made in store.contacts.values()] == ["delivered", "bounced", "complained"]
    suppressed = [len(accounts.accounts[one].customer.suppressed) for one in NAMES]
    assert suppressed == [0, 1, 1]


@pytest.mark.parametrize("kind", ["Bounce", "Complaint"])
def test_an_address_that_several_have_is_suppressed_for_all_of_them_in_any_order(kind: str) -> None:
    report = ses_message(kind, bounce={"bounceType": "Permanent"}) | {}
    report["detail"]["mail"]["destination"] = ["Cus_Bert@b.example"]
    for order in ([report, report], [report, ses_message("Delivery"), report]):
        store, accounts, index = went_out(), ledger(), InMemoryMessageIndex()
        index.note_customer(address_id(PointKind.EMAIL, "cus_bert@b.example"), "cus_bert")
        assert record(store, accounts, *order, index=index) == {"batchItemFailures": []}
        assert [accounts.accounts[one].customer.address(Channel.EMAIL) for one in NAMES] == [
            "cus_anna@b.example",
            "",
            "cus_carl@b.example",
        ]
        assert [task.customer_id for task in store.open_tasks(9)] == ["cus_bert"]
        assert store.contacts["con_cus_bert"].status is ContactStatus.SENT


@pytest.mark.parametrize("kind", ["Transient", "Undetermined"])
def test_a_bounce_that_may_heal_suppresses_nothing(kind: str) -> None:
    store, accounts = went_out(), ledger()
    record(store, accounts, ses_message("Bounce", bounce={"bounceType": kind}))
    assert store.contacts["con_cus_anna"].status is ContactStatus.BOUNCED
    assert not accounts.accounts["cus_anna"].customer.suppressed


@pytest.mark.parametrize("kind", ["Send", "Reject", "DeliveryDelay", "Rendering Failure"])
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


@pytest.mark.parametrize(("kind", "fact"), [("Open", "opened_at"), ("Click", "clicked_at")])
def test_openings_and_clicks_are_kept_at_their_own_time(kind: str, fact: str) -> None:
    store = went_out()
    more: Any = {kind.lower(): {"timestamp": "2026-11-23T14:30:00.000Z"}}
    told = ses_message(kind, **more)
    assert record(store, ledger(), told, told) == {"batchItemFailures": []}
    kept = store.contacts["con_cus_anna"]
    assert (kept.status, getattr(kept, fact)) == (ContactStatus.DELIVERED, NOW - timedelta(minutes=30))
    assert len(store.events) == 1


def text_message(event_type: str, message_id: str = "sms-1", at: Any = NOW) -> dict[str, Any]:
    """What End User Messaging puts on the default bus."""
    told = {"eventType": event_type, "messageId": message_id, "eventTimestamp": int(at.timestamp() * 1000)}
    detail = told | {"isFinal": True, "messageStatus": event_type.removeprefix("TEXT_")}
    return {"source": "aws.sms-voice", "detail-type": "Text Message Delivery Status Updated", "detail": detail}


def chat_message(kind: str, message_id: str = "wa-1") -> dict[str, Any]:
    detail = {"messageId": message_id, "status": kind.lower(), "eventTimestamp": str(int(NOW.timestamp()))}
    return {"source": "aws.social-messaging", "detail-type": f"WhatsApp Message {kind}", "detail": detail}


def texted(channel: Channel = Channel.SMS) -> tuple[InMemoryCollection, InMemoryLedger, InMemoryMessageIndex]:
    """Two customers at one number, who were noted there; about the first one's message there are reports."""
    people = [account(overdue(5), who=customer(one, email="", phone=NUMBER, texts=True)) for one in NAMES[:2]]
    first = sent("due", 1, channel=channel, contact_id="con_cus_anna", message_id="sms-1")
    index = InMemoryMessageIndex()
    for one in NAMES[:2]:
        index.note_customer(number_id(NUMBER), one)
    for message_id in ("sms-1", "wa-1"):
        index.note_message(message_id, NUMBER, "cus_anna", "con_cus_anna")
    return InMemoryCollection(first), InMemoryLedger(*people), index


@pytest.mark.parametrize(
    ("told", "end"),
    [
        (text_message("TEXT_DELIVERED"), ContactStatus.DELIVERED),
        (text_message("TEXT_SUCCESSFUL"), ContactStatus.DELIVERED),
        (text_message("TEXT_CARRIER_UNREACHABLE"), ContactStatus.BOUNCED),
        (text_message("TEXT_INVALID"), ContactStatus.BOUNCED),
        (text_message("TEXT_PENDING"), ContactStatus.SENT),
        (chat_message("Read"), ContactStatus.DELIVERED),
        (chat_message("Failed"), ContactStatus.BOUNCED),
        (chat_message("Sent"), ContactStatus.SENT),
    ],
)
def test_what_became_of_a_text_is_kept_with_its_contact(told: dict[str, Any], end: ContactStatus) -> None:
    store, accounts, index = texted()
    assert record(store, accounts, told, told, index=index) == {"batchItemFailures": []}
    assert store.contacts["con_cus_anna"].status is end
    invalid = told["detail"].get("eventType") == "TEXT_INVALID"
    assert accounts.accounts["cus_anna"].customer.suppressed == ({NUMBER} if invalid else frozenset())
    assert [task.reason for task in store.open_tasks(9)] == (["INVALID"] * 2 if invalid else [])


def test_a_report_that_overtakes_its_message_comes_again_and_one_on_a_strangers_does_not() -> None:
    store, accounts, index = texted()
    early, strange = (
        text_message("TEXT_DELIVERED", "sms-2"),
        text_message("TEXT_DELIVERED", "x", NOW - timedelta(hours=1)),
    )
    answer = record(store, accounts, early, strange, index=index)
    assert answer == {"batchItemFailures": [{"itemIdentifier": "m0"}]}


def reply(text: str, **more: str) -> dict[str, str]:
    """What SNS puts into the queue when a customer answers a text."""
    said = {"originationNumber": NUMBER, "destinationNumber": "+12125550199", "messageBody": text} | more
    return {"Type": "Notification", "Message": json.dumps(said), "Timestamp": NOW.isoformat()}


def chat_reply(text: str) -> dict[str, str]:
    one = {"from": NUMBER.lstrip("+"), "timestamp": str(int(NOW.timestamp())), "type": "text", "text": {"body": text}}
    entry = {"changes": [{"value": {"messages": [one]}}]}
    said = {"whatsAppWebhookEntry": json.dumps(entry)}
    return {"Type": "Notification", "Message": json.dumps(said), "Timestamp": NOW.isoformat()}


def test_stop_is_obeyed_for_everybody_at_the_number_and_start_takes_it_back() -> None:
    store, accounts, index = texted()
    assert record(store, accounts, reply(" stop. "), reply("STOP"), index=index) == {"batchItemFailures": []}
    assert [accounts.accounts[one].customer.opted_out for one in NAMES[:2]] == [{Channel.SMS}] * 2
    assert accounts.accounts["cus_anna"].version == 2
    later = reply("start") | {"Timestamp": (NOW + timedelta(minutes=1)).isoformat()}
    record(store, accounts, later, index=index)
    assert accounts.accounts["cus_anna"].customer.opted_out == frozenset()


def test_a_stop_that_comes_again_after_a_start_stops_nothing() -> None:
    store, accounts, index = texted()
    later = reply("START") | {"Timestamp": (NOW + timedelta(minutes=1)).isoformat()}
    for order in ([reply("STOP"), later, reply("STOP")], [later, reply("STOP")]):
        record(store, accounts, *order, index=index)
        assert accounts.accounts["cus_anna"].customer.opted_out == frozenset()


@pytest.mark.parametrize(
    "said", ["Stop pls", "please stop texting me", "STOP 🛑", "STOP STOP", "Stopp", "ABMELDEN", "Unsubscribe me please"]
)
def test_a_wish_to_stop_in_a_few_words_is_obeyed(said: str) -> None:
    store, accounts, index = texted()
    record(store, accounts, reply(said), index=index)
    assert accounts.accounts["cus_anna"].customer.opted_out == {Channel.SMS}
    assert store.open_tasks(9) == []


@pytest.mark.parametrize("said", ["wrong number", "Speak to my lawyer", "I filed for bankruptcy", "don't stop"])
def test_other_words_are_read_by_a_person_once(said: str) -> None:
    store, accounts, index = texted()
    for _ in range(2):
        record(store, accounts, reply(said), index=index)
    open_now = [(task.customer_id, task.reason, task.script) for task in store.open_tasks(9)]
    assert sorted(open_now) == [("cus_anna", "reply", said), ("cus_bert", "reply", said)]
    assert accounts.accounts["cus_anna"].customer.opted_out == frozenset()


def test_a_sentence_is_a_reply_and_no_keyword() -> None:
    store, accounts, index = texted()
    record(store, accounts, reply("don't stop, I pay on Friday", previousPublishedMessageId="sms-1"), index=index)
    kept = store.contacts["con_cus_anna"]
    assert (kept.status, kept.replied_at) == (ContactStatus.DELIVERED, NOW)
    assert accounts.accounts["cus_anna"].customer.opted_out == frozenset()


def test_stop_on_whatsapp_refuses_whatsapp() -> None:
    store, accounts, index = texted(Channel.WHATSAPP)
    assert record(store, accounts, chat_reply("Stop"), index=index) == {"batchItemFailures": []}
    assert accounts.accounts["cus_anna"].customer.opted_out == {Channel.WHATSAPP}
    assert store.contacts["con_cus_anna"].replied_at == NOW


def test_a_contact_that_no_address_was_found_for_puts_its_customer_on_the_worklist_once() -> None:
    accounts = InMemoryLedger(
        account(overdue(5), who=customer(email="")), account(overdue(5), who=customer("cus_bert"))
    )
    store, refused = InMemoryCollection(), []
    for one in NAMES[:2]:
        made = replace(planned(one), decisions=(replace(OK, allowed=False, reason_code="NO_USABLE_ADDRESS"),))
        event = contact_event(CONTACT_REFUSED, made, NOW)
        detail = to_plain(event) | {"data": dict(event.data)}
        refused.append({"source": "dunwell.ledger", "detail-type": CONTACT_REFUSED, "detail": detail})
    assert record(store, accounts, *refused, *refused) == {"batchItemFailures": []}
    assert [(task.customer_id, task.reason) for task in store.open_tasks(9)] == [("cus_anna", "NO_USABLE_ADDRESS")]


def test_a_customer_in_no_known_country_is_on_the_worklist_once_although_an_address_works() -> None:
    accounts, store = InMemoryLedger(account(overdue(5), who=customer(country=""))), InMemoryCollection()
    why = may_contact(accounts.accounts["cus_anna"].customer, [], Channel.EMAIL, ("inv_a1",), POLICY, NOW)
    event = contact_event(CONTACT_REFUSED, replace(planned("cus_anna"), decisions=(why,)), NOW)
    detail = to_plain(event) | {"data": dict(event.data)}
    told = {"source": "dunwell.ledger", "detail-type": CONTACT_REFUSED, "detail": detail}
    assert record(store, accounts, told, told) == {"batchItemFailures": []}
    assert [(task.customer_id, task.reason) for task in store.open_tasks(9)] == [
        ("cus_anna", "JURISDICTION_NOT_COVERED")
    ]
    patterns = [rule["Properties"]["EventPattern"] for rule in resources("AWS::Events::Rule").values()]
    (wanted,) = [one["detail"]["data"] for one in patterns if one.get("detail-type") == [CONTACT_REFUSED]]
    assert why.reason_code in wanted["reason_code"]


def test_five_hard_bounces_of_a_hundred_stop_the_channel_and_a_report_told_twice_counts_once() -> None:
    names = [f"cus_{number}" for number in range(101)]
    accounts = InMemoryLedger(*(account(overdue(5), who=customer(one, email=f"{one}@b.example")) for one in names))
    store = InMemoryCollection(*(sent("due", 1, customer_id=one, contact_id=f"con_{one}") for one in names))
    switches, hard = InMemorySwitches(), {"bounceType": "Permanent"}
    for one in names[:95]:
        record(store, accounts, ses_message("Delivery", one), switches=switches)
    for one in names[95:99]:
        bounced = ses_message("Bounce", one, bounce=hard)
        record(store, accounts, bounced, bounced, switches=switches)
        record(store, accounts, bounced, switches=switches)
    assert switches.stopped() == set()
    record(store, accounts, ses_message("Bounce", names[99], bounce=hard), switches=switches)
    assert switches.stopped() == {"channel:email"}
    assert switches.kept["channel:email"].by == "breaker"


# --- letters ---


def test_the_manifest_of_yesterday_is_written_and_a_day_that_was_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    set_variables(monkeypatch, LETTERS_BUCKET="letters", CLOCK_OFFSET_SECONDS="0")
    closed: list[date] = []

    class Outbox:
        def close_day(self, day: date) -> list[Any]:
            closed.append(day)
            return []

    outbox: Any = Outbox()
    base.clock.cache_clear()
    base.policies.cache_clear()
    answer = close_letters.handler(sqs_event({}, {"day": "2026-11-20"}, "no"), lambda_context(), outbox=outbox)
    assert answer == {"batchItemFailures": [{"itemIdentifier": "m2"}]}
    yesterday = business_date(datetime.now(UTC), "America/New_York") - timedelta(days=1)
    assert closed == [yesterday, date(2026, 11, 20)]


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
