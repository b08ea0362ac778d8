"""What agents do beside cases: calls with their outcomes, and what keeps messages from customers."""

from datetime import timedelta
from typing import Any
from unittest.mock import Mock

import pytest

from dunwell.accounts.model import Channel, CustomerKind
from dunwell.compliance.decide import decide
from dunwell.compliance.model import HistoryKind
from dunwell.errors import ConflictError, InvalidInputError, NotFoundError
from dunwell.events import CONTACT_SENT
from dunwell.ledger.change import Change
from dunwell.outreach import permission
from dunwell.outreach.addresses import fault
from dunwell.outreach.contact import CallOutcome, ContactStatus
from dunwell.outreach.notices import Notice, shown_notices
from dunwell.outreach.replies import Keyword, keyword
from dunwell.outreach.tasks import Task, TaskDesk, TaskKind, call_task, trouble_task
from tests.support.agreements import agreement
from tests.support.memory import InMemoryCollection, InMemoryLedger, InMemoryNotices
from tests.support.outreach import NOW, POLICY, TODAY, contact, overdue, sent
from tests.support.portal import account, customer

NUMBER = "+12125550111"
ANNA = customer(kind=CustomerKind.PERSON, region="NY", phone=NUMBER)


class World:
    """One call that waits for an agent."""

    def __init__(self) -> None:
        self.contact = contact(channel=Channel.CALL, status=ContactStatus.HANDED_OVER)
        self.ledger = InMemoryLedger(account(overdue(5), who=ANNA))
        self.store = InMemoryCollection(self.contact)
        self.task = call_task(self.contact, NUMBER, "Good morning.", NOW)
        self.store.open_task(self.task)
        self.desk = TaskDesk(self.ledger, self.store, self.store, POLICY)

    def finish(self, outcome: CallOutcome, note: str = "", agent: str = "mia") -> Task:
        return self.desk.finish_call("cus_anna", self.task.task_id, outcome, note, agent, NOW)


@pytest.mark.parametrize(
    ("outcome", "status", "counted"),
    [
        (CallOutcome.REACHED, ContactStatus.DELIVERED, HistoryKind.CONVERSATION),
        (CallOutcome.PROMISED, ContactStatus.DELIVERED, HistoryKind.CONVERSATION),
        (CallOutcome.REFUSED, ContactStatus.DELIVERED, HistoryKind.CONVERSATION),
        (CallOutcome.VOICEMAIL, ContactStatus.MISSED, HistoryKind.VOICEMAIL),
        (CallOutcome.NO_ANSWER, ContactStatus.MISSED, HistoryKind.ATTEMPT),
        (CallOutcome.WRONG_NUMBER, ContactStatus.BOUNCED, HistoryKind.ATTEMPT),
    ],
)
def test_an_outcome_is_the_contacts_status_and_what_the_contact_rules_count(
    outcome: CallOutcome, status: ContactStatus, counted: HistoryKind, monkeypatch: pytest.MonkeyPatch
) -> None:
    world, asked = World(), []

    def judged(request: Any) -> Any:
        asked.append(request)
        return decide(request)

    world.finish(outcome, "spoke about it")
    kept = world.store.contacts[world.contact.contact_id]
    assert (kept.status, kept.call_outcome, kept.sent_at) == (status, outcome, NOW)
    assert [event.name for event in world.store.events] == [CONTACT_SENT]
    monkeypatch.setattr(permission, "decide", judged)
    world.desk.may_call(world.task, NOW + timedelta(hours=1))
    (request,) = asked
    assert [(one.kind, one.at) for one in request.customer.history] == [(counted, NOW)]


def test_a_call_that_was_not_made_counts_as_nothing() -> None:
    world = World()
    world.finish(CallOutcome.NOT_NEEDED)
    kept = world.store.contacts[world.contact.contact_id]
    assert (kept.status, kept.sent_at, world.store.events) == (ContactStatus.CANCELLED, None, [])
    assert world.desk.may_call(world.task, NOW).allowed


def test_a_call_that_waits_for_an_agent_counts_as_nothing_yet() -> None:
    world = World()
    assert world.desk.may_call(world.task, NOW).allowed


def test_a_wrong_number_is_not_used_again() -> None:
    world = World()
    world.finish(CallOutcome.WRONG_NUMBER)
    who = world.ledger.accounts["cus_anna"].customer
    assert [who.address(channel) for channel in (Channel.CALL, Channel.SMS, Channel.WHATSAPP)] == ["", "", ""]


def test_of_two_agents_the_second_is_told() -> None:
    world = World()
    world.finish(CallOutcome.NO_ANSWER)
    with pytest.raises(ConflictError):
        world.finish(CallOutcome.REACHED, agent="tom")
    assert world.store.tasks[world.task.task_id].agent == "mia"
    assert world.store.open_tasks(9) == []


def test_the_hours_to_call_are_lawful_and_end_where_the_law_says() -> None:
    world = World()
    spans = world.desk.best_hours(world.task, NOW)
    assert spans
    for span in spans:
        assert world.desk.may_call(world.task, span.first).allowed
        horizon = NOW.replace(minute=0, second=0) + timedelta(hours=25)
        assert span.last == horizon or not world.desk.may_call(world.task, span.last).allowed


def test_what_keeps_messages_away_is_done_with_a_note() -> None:
    world = World()
    trouble = trouble_task(ANNA, "INVALID_NUMBER", "12ab", NOW)
    assert (world.store.open_task(trouble), world.store.open_task(trouble)) == (True, False)
    with pytest.raises(InvalidInputError):
        world.desk.finish_trouble("cus_anna", trouble.task_id, "", "mia", NOW)
    done = world.desk.finish_trouble("cus_anna", trouble.task_id, "asked for a new one", "mia", NOW)
    assert (done.kind, done.note) == (TaskKind.TROUBLE, "asked for a new one")
    with pytest.raises(NotFoundError):
        world.desk.finish_call("cus_anna", trouble.task_id, CallOutcome.REACHED, "", "mia", NOW)
    other = trouble_task(customer(phone="+12125550112"), "INVALID_NUMBER", "12ab", NOW)
    assert other.task_id != trouble.task_id, "addresses that changed may be wrong anew"


@pytest.mark.parametrize(
    ("channel", "address", "why"),
    [
        (Channel.EMAIL, "anna@bakery.example", ""),
        (Channel.EMAIL, "anna@bakery", "INVALID_EMAIL_ADDRESS"),
        (Channel.EMAIL, "a b@c.example", "INVALID_EMAIL_ADDRESS"),
        (Channel.EMAIL, "Anna <anna@bakery.example>", "INVALID_EMAIL_ADDRESS"),
        (Channel.EMAIL, "a@x.example,b@y.example", "INVALID_EMAIL_ADDRESS"),
        (Channel.EMAIL, " ", "NO_USABLE_ADDRESS"),
        (Channel.SMS, NUMBER, ""),
        (Channel.SMS, "12125550111", "INVALID_NUMBER"),
        (Channel.WHATSAPP, "+0125550111", "INVALID_NUMBER"),
        (Channel.CALL, "+1212555011112345", "INVALID_NUMBER"),
        (Channel.LETTER, "1 Main St\nNew York", ""),
        (Channel.LETTER, "New York\n \n", "INCOMPLETE_POSTAL_ADDRESS"),
        (Channel.PORTAL, "anna", ""),
    ],
)
def test_an_address_shows_what_is_wrong_with_it(channel: Channel, address: str, why: str) -> None:
    assert fault(channel, address) == why


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("STOP", Keyword.STOP),
        (" stop! ", Keyword.STOP),
        ("Stop  all", Keyword.STOP),
        ("opt-out", Keyword.STOP),
        ("arrêt", Keyword.STOP),
        ("Unstop", Keyword.START),
        ("don't stop", None),
        ("stop pls", Keyword.STOP),
        ("would you be so kind as to stop this", None),
        ("cancel my order", None),
        ("YES", None),
        ("", None),
    ],
)
def test_a_keyword_stands_alone_or_among_few_words(text: str, asked: Keyword | None) -> None:
    assert keyword(text) is asked


def test_a_notice_is_seen_once_and_its_contact_is_opened() -> None:
    made = sent("due", 1, channel=Channel.PORTAL)
    notices, store = InMemoryNotices(), InMemoryCollection(made)
    for text in ("first", "again"):
        notices.write_notice(Notice(made.contact_id, "cus_anna", "Overdue", text, NOW))
    (fresh,) = shown_notices("cus_anna", notices, store, NOW)
    (seen,) = shown_notices("cus_anna", notices, store, NOW + timedelta(days=1))
    assert (fresh.seen_at, fresh.text, seen.seen_at) == (None, "first", NOW)
    kept = store.contacts[made.contact_id]
    assert (kept.status, kept.opened_at, len(store.events)) == (ContactStatus.DELIVERED, NOW, 1)


def test_a_notice_whose_seeing_was_not_marked_is_delivered_once_all_the_same() -> None:
    made = sent("due", 1, channel=Channel.PORTAL)
    notices, store = InMemoryNotices(), InMemoryCollection(made)
    notices.write_notice(Notice(made.contact_id, "cus_anna", "Overdue", "x", NOW))

    def dies(_: Notice) -> bool:
        raise ConnectionError("died")

    notices.notice_seen = dies  # type: ignore[method-assign,assignment]
    with pytest.raises(ConnectionError):
        shown_notices("cus_anna", notices, store, NOW)
    del notices.notice_seen
    shown_notices("cus_anna", notices, store, NOW + timedelta(hours=1))
    assert [event.name for event in store.events] == ["ContactDelivered"]
    assert store.contacts[made.contact_id].opened_at == NOW


# --- calls that nobody needs to make any more ---


def agree(world: World, **changes: Any) -> None:
    made = agreement("inv_a1", **changes)
    world.ledger.commit(Change(world.ledger.accounts["cus_anna"], agreements={made.agreement_id: made}))


def test_a_customer_who_promised_is_not_called_about_it_until_the_promise_is_over() -> None:
    world = World()
    agree(world, pauses_until=TODAY)
    asked = world.desk.may_call(world.task, NOW)
    assert (asked.allowed, asked.reason_code, world.desk.best_hours(world.task, NOW)) == (False, "AGREED", [])
    assert world.desk.may_call(world.task, NOW + timedelta(days=1)).allowed


def test_a_call_about_what_was_agreed_leaves_the_worklist_once_and_counts_as_nothing() -> None:
    world = World()
    agree(world)
    assert [world.desk.withdraw_calls("cus_anna", NOW) for _ in range(2)] == [1, 0]
    (task,) = world.store.tasks.values()
    assert (task.outcome, task.agent, world.store.open_tasks(9)) == ("not_needed", "system", [])
    kept = world.store.contacts[world.contact.contact_id]
    assert (kept.status, kept.sent_at, world.store.events) == (ContactStatus.CANCELLED, None, [])


def test_a_call_is_withdrawn_although_an_earlier_try_died_halfway() -> None:
    world = World()
    agree(world)
    move = world.store.move
    world.store.move = Mock(side_effect=ConnectionError("died"))  # type: ignore[method-assign]
    with pytest.raises(ConnectionError):
        world.desk.withdraw_calls("cus_anna", NOW)
    world.store.move = move  # type: ignore[method-assign]
    assert world.desk.withdraw_calls("cus_anna", NOW) == 1
    assert world.store.contacts[world.contact.contact_id].status is ContactStatus.CANCELLED


def test_a_call_that_somebody_made_meanwhile_stays_theirs() -> None:
    world = World()
    world.finish(CallOutcome.PROMISED)
    agree(world)
    assert world.desk.withdraw_calls("cus_anna", NOW) == 0
    assert world.store.contacts[world.contact.contact_id].status is ContactStatus.DELIVERED


def test_a_call_that_is_needed_stays() -> None:
    world = World()
    assert world.desk.withdraw_calls("cus_anna", NOW) == 0
    assert world.store.open_tasks(9) == [world.task]
    assert world.desk.withdraw_calls("cus_nobody", NOW) == 0
