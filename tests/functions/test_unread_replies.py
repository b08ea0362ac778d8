"""An answer by text, from the topic of replies to the agent's page: texts pause until its task is finished."""

import html
import json
from dataclasses import replace
from typing import Any

import pytest

from dunwell.accounts.contact_points import contact_points
from dunwell.accounts.model import Channel, Customer
from dunwell.outreach.permission import may_contact
from dunwell.outreach.tasks import Task
from dunwell_aws.coming_back import ComingBack
from dunwell_aws.message_index import number_id
from functions.record_delivery import app as record_delivery
from tests.support.console import Browser, StoppedClock, World, csrf, path_of, sign_in, text
from tests.support.escalation import NOW
from tests.support.invocation import lambda_context, sqs_event
from tests.support.memory import InMemoryMessageIndex, InMemorySwitches
from tests.support.outreach import POLICY

NUMBER = "+12125550111"
BOTH = ("cus_1", "cus_2")


@pytest.fixture
def index(world: World, browser: Browser) -> InMemoryMessageIndex:
    """Two customers who were written to at one number, and an agent who is signed in."""
    made = InMemoryMessageIndex()
    for one in BOTH:
        known = world.ledger.accounts[one]
        points = contact_points(email=f"{one}@b.example", phone=NUMBER)
        who = replace(known.customer, country="US", postcode="10001", contact_points=points)
        world.ledger.accounts[one] = replace(known, customer=who.with_consent(Channel.SMS, NOW, "on paper"))
        made.note_customer(number_id(NUMBER), one)
    sign_in(browser)
    return made


def sms(said: str, message_id: str = "in-1") -> dict[str, Any]:
    """What SNS puts into the queue when a customer answers a text."""
    told = {"originationNumber": NUMBER, "destinationNumber": "+12125550199", "messageBody": said}
    message = json.dumps(told | {"inboundMessageId": message_id})
    return {"Type": "Notification", "Message": message, "Timestamp": NOW.isoformat()}


def chat(*said: str) -> dict[str, Any]:
    """Messages on WhatsApp, which tells the time in seconds."""
    at = str(int(NOW.timestamp()))
    messages = [
        {"id": f"wamid.{n}", "from": NUMBER.lstrip("+"), "timestamp": at, "type": "text", "text": {"body": words}}
        for n, words in enumerate(said)
    ]
    message = json.dumps({"whatsAppWebhookEntry": json.dumps({"changes": [{"value": {"messages": messages}}]})})
    return {"Type": "Notification", "Message": message, "Timestamp": NOW.isoformat()}


def arrive(world: World, index: Any, *bodies: dict[str, Any]) -> None:
    switches = InMemorySwitches()
    back = ComingBack(world.ledger, world.cases, world.cases, index, switches, switches, StoppedClock())
    answer = record_delivery.handler(sqs_event(*bodies), lambda_context(), coming_back=back)
    assert answer == {"batchItemFailures": []}


def who(world: World, customer_id: str = "cus_1") -> Customer:
    return world.ledger.accounts[customer_id].customer


def says(world: World, channel: Channel, customer_id: str = "cus_1") -> str:
    """What the contact rules say of a channel now."""
    return may_contact(who(world, customer_id), (), channel, ("inv_F-1",), POLICY, NOW).reason_code


def tasks_of(world: World, customer_id: str = "cus_1") -> list[Task]:
    return [one for one in world.cases.open_tasks(9) if one.customer_id == customer_id]


def path(task: Task) -> str:
    return f"/tasks/{task.customer_id}/{task.task_id}"


def shown(browser: Browser, at: str) -> str:
    return html.unescape(text(browser.get(at)))


def finish(browser: Browser, task: Task, note: str = "Called them.") -> None:
    page = browser.get(path(task))
    assert browser.post(path(task), csrf=csrf(page), kind="request", note=note).status_code == 303


@pytest.mark.parametrize("answer", [sms("don't stop"), chat("wrong number")], ids=["sms", "whatsapp"])
def test_texts_pause_with_the_answer_and_go_again_when_its_task_is_finished(
    world: World, browser: Browser, index: InMemoryMessageIndex, answer: dict[str, Any]
) -> None:
    arrive(world, index, answer, answer)
    for one in BOTH:  # nobody can tell whose answer it was
        assert says(world, Channel.SMS, one) == "REPLY_UNREAD"
        assert says(world, Channel.EMAIL, one) == "OK"
    (task,) = tasks_of(world)
    page = shown(browser, path(task))
    assert "No text message goes to this customer until this task is done" in page
    assert "text messages go to the customer again. If they want no more of them" in page
    finish(browser, task)
    assert (says(world, Channel.SMS), says(world, Channel.SMS, "cus_2")) == ("OK", "REPLY_UNREAD")
    (hold,) = who(world).holds
    assert (hold.lifted_by, hold.lifted_at) == ("ada@example.com", NOW)
    assert "No text message goes" not in shown(browser, path(task))
    arrive(world, index, answer)
    assert (says(world, Channel.SMS), tasks_of(world)) == ("OK", [])


def test_two_answers_of_one_second_are_two_tasks_and_both_have_to_be_done(
    world: World, browser: Browser, index: InMemoryMessageIndex
) -> None:
    arrive(world, index, chat("Hello", "please leave me alone"))
    first, second = tasks_of(world)
    assert {first.script, second.script} == {"Hello", "please leave me alone"}
    assert "once another answer of theirs is read too" in shown(browser, path(first))
    finish(browser, first)
    assert says(world, Channel.SMS) == "REPLY_UNREAD"
    assert "another answer" not in shown(browser, path(second))
    finish(browser, second)
    assert says(world, Channel.SMS) == "OK"


def test_a_task_without_a_note_is_not_done_and_lets_nothing_go(
    world: World, browser: Browser, index: InMemoryMessageIndex
) -> None:
    arrive(world, index, sms("Who is this?"))
    (task,) = tasks_of(world)
    page = browser.get(path(task))
    assert browser.post(path(task), csrf=csrf(page), kind="request", note=" ").status_code == 400
    assert says(world, Channel.SMS) == "REPLY_UNREAD"


def test_a_wish_that_the_agent_read_is_kept_before_the_task_is_finished(
    world: World, browser: Browser, index: InMemoryMessageIndex
) -> None:
    arrive(world, index, sms("I will talk to you by mail, and in no other way, for as long as it takes"))
    page = browser.get("/customers/cus_1")
    sent = {"csrf": csrf(page), "action": "refuse_channel", "channel": "sms"}
    assert browser.post("/customers/cus_1", **sent).headers["Location"].endswith("?done=refuse_channel")
    (task,) = tasks_of(world)
    finish(browser, task)
    assert [says(world, one) for one in (Channel.SMS, Channel.EMAIL)] == ["OPTED_OUT", "OK"]


@pytest.mark.parametrize("word", ["STOP", "START"])
def test_a_keyword_needs_no_reader_and_leaves_what_is_unread_unread(
    world: World, index: InMemoryMessageIndex, word: str
) -> None:
    arrive(world, index, sms(word))
    assert who(world).holds == ()
    arrive(world, index, sms("Who is this?", "in-2"), sms(word, "in-3"))
    assert [one.kind for one in who(world).holds_in_force(NOW)] == ["reply_unread"]


def test_the_pages_of_the_customer_and_of_a_case_say_in_words_what_pauses_and_what_ends_it(
    world: World, browser: Browser, index: InMemoryMessageIndex
) -> None:
    arrive(world, index, sms("Who is this?"))
    for page in ("/customers/cus_1", path_of(world.waiting())):
        said = shown(browser, page)
        assert "Hold: Reply unread" in said
        assert "No text message goes to them until somebody has read what they answered" in said
        assert "E-mail, letters and calls go on." in said
        assert "Ask before you contact the customer" not in said


def test_nobody_places_such_a_hold_by_hand_and_whoever_has_read_the_answer_may_lift_it(
    world: World, browser: Browser, index: InMemoryMessageIndex
) -> None:
    page = browser.get("/customers/cus_1")
    assert 'value="reply_unread"' not in text(page)
    sent = {"csrf": csrf(page), "action": "hold", "kind": "reply_unread"}
    assert browser.post("/customers/cus_1", **sent).status_code == 400
    assert who(world).holds == ()
    arrive(world, index, sms("Who is this?"))
    (hold,) = who(world).holds
    lifted = browser.post("/customers/cus_1", csrf=csrf(page), action="lift", hold=hold.hold_id)
    assert (lifted.status_code, says(world, Channel.SMS)) == (303, "OK")
    (task,) = tasks_of(world)
    assert "No text message goes" not in shown(browser, path(task))
    finish(browser, task)
