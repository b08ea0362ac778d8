"""Answers by text that nobody has read yet: no text message goes to the customer, and everything else goes on."""

from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dunwell.accounts.contact_points import contact_points
from dunwell.accounts.model import Channel
from dunwell.assist.customer_desk import CustomerDesk
from dunwell.compliance.model import MessageFacts
from dunwell.errors import ConflictError
from dunwell.events import HOLD_LIFTED, HOLD_PLACED
from dunwell.outreach.contact import ContactStatus, DecisionRecord
from dunwell.outreach.decisions import DispatchDecision
from dunwell.outreach.permission import may_contact
from dunwell.outreach.plan import AccountPlan
from dunwell.outreach.policy import Conditions, Policy, Stage
from dunwell.outreach.replies import Reply, have_read
from dunwell.outreach.requests import request_task
from dunwell.outreach.tasks import Task, TaskDesk, trouble_task
from tests.support import dispatching
from tests.support.decisions import decision_log, plan_and_keep
from tests.support.memory import InMemoryCollection, InMemoryLedger
from tests.support.outreach import NOW, POLICY, TODAY, overdue
from tests.support.portal import account, customer

NUMBER = "+12125550111"
EVERYWHERE = contact_points(email="anna@bakery.example", phone=NUMBER, postal="1 Main St\nNew York")
ANNA = customer(texts=True, contact_points=EVERYWHERE)
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
WORDS = MessageFacts(opt_out_notice=True, disclosure=True)


class DiedError(Exception):
    """The function's end in the middle of its work."""


class Dying(InMemoryCollection):
    """Tasks of a store that dies once, when it is told to, before it writes."""

    dies = False

    def open_task(self, task: Task) -> bool:
        self._die()
        return super().open_task(task)

    def finish_task(self, task: Task) -> bool:
        self._die()
        return super().finish_task(task)

    def _die(self) -> None:
        dies, self.dies = self.dies, False
        if dies:
            raise DiedError


class World:
    """Anna, who owes, and what she answers, each answer under its number."""

    def __init__(self) -> None:
        self.ledger = InMemoryLedger(account(overdue(5), overdue(9, "B1"), who=ANNA))
        self.store = Dying()
        self.desk = TaskDesk(self.ledger, self.store, self.store, POLICY)
        self.customers = CustomerDesk(self.ledger, "example", "America/New_York", lambda: ["test"])

    def hear(self, number: int, dies: bool = False) -> None:
        """An answer is delivered; several have the same instant, as on WhatsApp, which tells seconds."""
        self.store.dies = dies
        said = Reply(NUMBER, f"word {number}", "", Channel.SMS, NOW - MINUTE, f"in-{number}")
        with suppress(DiedError):
            have_read(self.ledger, self.store, "cus_anna", said)
        self.store.dies = False

    def task_of(self, number: int) -> Task | None:
        return next((one for one in self.store.tasks.values() if one.script == f"word {number}"), None)

    def read(self, number: int, dies: bool = False) -> None:
        """An agent finishes the task of an answer, if it is there and nobody did."""
        task = self.task_of(number)
        if task is None:
            return
        self.store.dies = dies
        with suppress(DiedError, ConflictError):
            self.desk.finish_trouble(task.customer_id, task.task_id, "read", "mia", NOW)
        self.store.dies = False

    def asked(self, channel: Channel, customer_id: str = "cus_anna") -> DecisionRecord:
        owing = self.ledger.load(customer_id)
        assert owing
        return may_contact(owing.customer, (), channel, ("inv_a1",), POLICY, NOW, WORDS)

    @property
    def texts(self) -> str:
        """What the contact rules say of a text message now."""
        return self.asked(Channel.SMS).reason_code

    def told(self, name: str) -> int:
        return sum(event.name == name for event in self.ledger.events)


def test_no_text_goes_out_until_the_answer_is_read_and_everything_else_goes_on() -> None:
    world = World()
    assert world.texts == "OK"
    world.hear(1)
    unread = world.asked(Channel.SMS)
    assert (unread.allowed, unread.reason_code, unread.next_allowed, unread.rules[0]) == (
        False, "REPLY_UNREAD", None, "KEYWORDS",
    )  # fmt: skip
    assert world.asked(Channel.WHATSAPP).reason_code == "REPLY_UNREAD"
    assert {world.asked(one).reason_code for one in (Channel.EMAIL, Channel.LETTER, Channel.CALL)} == {"OK"}
    world.read(1)
    assert world.texts == "OK"
    (hold,) = world.ledger.accounts["cus_anna"].customer.holds
    assert (hold.placed_by, hold.lifted_by, hold.lifted_at) == ("customer", "mia", NOW)


def test_of_several_answers_all_have_to_be_read_also_those_of_one_second() -> None:
    world = World()
    for number in range(3):
        world.hear(number)
    for number in (2, 0):
        world.read(number)
        assert world.texts == "REPLY_UNREAD"
    world.read(1)
    assert world.texts == "OK"


steps = st.tuples(st.sampled_from(["hear", "hear and die", "read", "read and die", "lift by hand"]), st.integers(0, 3))


@given(st.lists(steps, max_size=30))
def test_in_whatever_order_and_however_often_texts_go_exactly_when_every_answer_heard_was_read(
    given_steps: list[tuple[str, int]],
) -> None:
    world, heard, read = World(), set[int](), set[int]()
    for what, number in given_steps:
        if what.startswith("hear"):
            world.hear(number, dies=what.endswith("die"))
            heard.add(number)
        elif what.startswith("read"):
            read |= {number} if world.task_of(number) else set()
            world.read(number, dies=what.endswith("die"))
        else:
            standing = world.ledger.accounts["cus_anna"].customer.holds_in_force(NOW)
            for hold in standing[:1]:
                world.customers.lift_hold("cus_anna", hold.hold_id, "mia", NOW)
                task_id = hold.task_id
                read |= {one for one in heard if _task_id(one) == task_id}
        assert world.texts == ("REPLY_UNREAD" if heard - read else "OK")
        assert world.asked(Channel.EMAIL).allowed
        assert (world.told(HOLD_PLACED), world.told(HOLD_LIFTED)) == (len(heard), len(heard & read))
    for number in sorted(heard):  # what died is delivered again, and done again
        world.hear(number)
        world.read(number)
    assert world.texts == "OK"
    assert world.store.open_tasks(9) == []
    assert len(world.store.tasks) == len(heard)


def _task_id(number: int) -> str:
    return request_task("cus_anna", "reply", f"in-{number}", "", NOW).task_id


def test_a_hold_that_died_before_its_task_stops_texts_until_the_answer_comes_again_and_is_read() -> None:
    world = World()
    world.hear(1, dies=True)
    assert (world.texts, world.store.open_tasks(9)) == ("REPLY_UNREAD", [])
    world.hear(1)
    world.read(1)
    assert world.texts == "OK"


def test_an_answer_delivered_again_after_it_was_read_stops_nothing() -> None:
    world = World()
    world.hear(1)
    world.read(1)
    before = world.ledger.accounts["cus_anna"]
    world.hear(1)
    assert (world.texts, world.ledger.accounts["cus_anna"], world.store.open_tasks(9)) == ("OK", before, [])


@pytest.mark.parametrize("said", ["", " \n", "\x07"])
def test_an_answer_without_words_leaves_nothing_to_read_and_stops_nothing(said: str) -> None:
    world = World()
    have_read(world.ledger, world.store, "cus_anna", Reply(NUMBER, said, "", Channel.SMS, NOW - MINUTE))
    assert (world.texts, world.store.tasks) == ("OK", {})


def test_another_task_that_is_done_lets_no_text_go() -> None:
    world = World()
    world.hear(1)
    others = [request_task("cus_anna", "call_back", "k", "Please call.", NOW), trouble_task(ANNA, "INVALID", "x", NOW)]
    for other in others:
        world.store.open_task(other)
        world.desk.finish_trouble("cus_anna", other.task_id, "done", "mia", NOW)
    assert world.texts == "REPLY_UNREAD"


def test_the_task_of_an_answer_from_before_there_were_such_holds_is_done_like_any_other() -> None:
    world = World()
    old = request_task("cus_anna", "reply", NOW.isoformat(), "wrong number", NOW)
    world.store.open_task(old)
    assert world.desk.finish_trouble("cus_anna", old.task_id, "read", "mia", NOW).is_done
    assert world.ledger.accounts["cus_anna"].version == 1


# --- customers who become two, or one ---


def test_who_is_split_off_meanwhile_gets_no_text_either_and_again_when_the_answer_is_read() -> None:
    world = World()
    world.hear(1)
    other = world.customers.split("cus_anna", ["inv_b1"], "C-2", "mia", NOW).customer.customer_id
    third = world.customers.split(other, ["inv_b1"], "C-3", "mia", NOW).customer.customer_id
    everybody = ("cus_anna", other, third)
    assert [world.asked(Channel.SMS, one).reason_code for one in everybody] == ["REPLY_UNREAD"] * 3
    world.read(1)
    assert [world.asked(Channel.SMS, one).reason_code for one in everybody] == ["OK"] * 3


def test_who_was_split_off_and_merged_again_gets_texts_when_the_answer_is_read() -> None:
    world = World()
    world.hear(1)
    other = world.customers.split("cus_anna", ["inv_b1"], "C-2", "mia", NOW).customer.customer_id
    world.customers.merge("cus_anna", other, "mia", NOW)
    assert world.texts == "REPLY_UNREAD"
    world.read(1)
    assert world.texts == "OK"


def test_who_is_merged_into_another_takes_the_unread_answer_along() -> None:
    world = World()
    bert = customer("cus_bert", number="C-9", texts=True, contact_points=EVERYWHERE)
    world.ledger.accounts["cus_bert"] = account(overdue(3, "Z1"), who=bert)
    world.hear(1)
    assert world.asked(Channel.SMS, "cus_bert").reason_code == "OK"
    world.customers.merge("cus_bert", "cus_anna", "mia", NOW)
    assert world.asked(Channel.SMS, "cus_bert").reason_code == "REPLY_UNREAD"
    world.read(1)
    assert world.asked(Channel.SMS, "cus_bert").reason_code == "OK"


# --- planning and dispatch ---


def policy(*channels: Channel) -> Policy:
    return replace(POLICY, stages=(Stage("final", Conditions(1), channels),), min_gap_days=1)


def planned(world: World, rules: Policy, days: int = 0) -> AccountPlan:
    owing = world.ledger.accounts["cus_anna"]
    return plan_and_keep(owing, world.store, rules, TODAY + days * DAY, NOW + days * DAY)


def test_what_would_go_by_text_goes_by_mail_where_the_stage_has_it() -> None:
    world = World()
    world.hear(1)
    (made,) = planned(world, policy(Channel.SMS, Channel.EMAIL)).contacts
    assert (made.channel, made.status) == (Channel.EMAIL, ContactStatus.PLANNED)


def test_a_text_is_put_off_told_once_and_planned_after_the_answer_was_read() -> None:
    world, texts = World(), policy(Channel.SMS)
    world.hear(1)
    (refused,) = planned(world, texts).contacts
    assert (refused.status, refused.decisions[-1].reason_code) == (ContactStatus.REFUSED, "REPLY_UNREAD")
    assert planned(world, texts, 1).contacts == ()
    world.read(1)
    (made,) = planned(world, texts, 2).contacts
    assert (made.channel, made.status) == (Channel.SMS, ContactStatus.PLANNED)


def queued(world: World) -> dispatching.World:
    """A text that was planned before, and whose turn it is now."""
    made = dispatching.World(world.ledger.accounts["cus_anna"], channel=Channel.SMS)
    made.ledger = world.ledger
    return made


def test_a_text_that_was_planned_before_the_answer_is_not_sent_and_its_evidence_says_why() -> None:
    world = World()
    text = queued(world)
    world.hear(1)
    assert text.dispatch() is ContactStatus.REFUSED
    assert text.box.messages == []
    record = text.kept.decisions[-1]
    assert (record.reason_code, record.rules[0]) == ("REPLY_UNREAD", "KEYWORDS")
    kept = decision_log(text.bucket).find(record.decision_id)
    assert isinstance(kept.decision, DispatchDecision)
    (hold,) = kept.decision.facts.customer.holds
    assert (hold.kind, hold.placed_at, hold.task_id) == ("reply_unread", NOW - MINUTE, _task_id(1))
    assert kept.decision.again(kept.policy).reason_code == "REPLY_UNREAD"


@pytest.mark.parametrize("channel", [Channel.EMAIL, Channel.LETTER, Channel.CALL])
def test_what_was_planned_on_another_channel_leaves(channel: Channel) -> None:
    world = World()
    world.hear(1)
    other = dispatching.World(world.ledger.accounts["cus_anna"], channel=channel)
    assert other.dispatch() in (ContactStatus.SENT, ContactStatus.HANDED_OVER)


def test_a_text_leaves_once_the_answer_is_read() -> None:
    world = World()
    text = queued(world)
    world.hear(1)
    world.read(1)
    assert text.dispatch() is ContactStatus.SENT
