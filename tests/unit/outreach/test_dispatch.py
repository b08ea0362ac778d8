"""Dispatch: at most once, and only if it is still right."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from unittest.mock import Mock

import pytest
from botocore.exceptions import ClientError

from dunwell.accounts.contact_points import contact_points
from dunwell.accounts.model import Channel, Customer
from dunwell.errors import (
    InvalidAddressError,
    InvalidInputError,
    OptedOutError,
    OutcomeUnknownError,
    RefusedError,
    UnavailableError,
)
from dunwell.escalation.case import Case, CaseStatus
from dunwell.events import CONTACT_BOUNCED, CONTACT_REFUSED, CONTACT_SENT
from dunwell.ledger.change import Change
from dunwell.ledger.entry import Direction, Entry, EntryKind
from dunwell.ledger.model import Instalment
from dunwell.outreach.contact import ContactStatus
from dunwell.outreach.decisions import DispatchDecision
from dunwell.outreach.dispatch import Dispatcher
from dunwell.outreach.plan import plan_account
from dunwell.outreach.switches import turned
from tests.support.agreements import agreement, method
from tests.support.decisions import decision_log
from tests.support.dispatching import PERSON, World, paid
from tests.support.ledger import in_dispute
from tests.support.ledger import paid as payment_of
from tests.support.memory import InMemoryLedger
from tests.support.outreach import NOW, POLICY, TODAY, SentBox, overdue
from tests.support.portal import account, changed


def test_what_was_decided_is_kept_before_anything_is_sent_and_named_by_the_contact() -> None:
    world = World()
    world.bucket.refuses = 1
    with pytest.raises(ClientError):
        world.dispatch()
    assert (world.kept.status, world.box.messages) == (ContactStatus.PLANNED, [])
    assert world.dispatch() is ContactStatus.SENT
    found = decision_log(world.bucket).find(world.kept.decisions[-1].decision_id).decision
    assert isinstance(found, DispatchDecision)
    assert (found.contact_id, found.words) == (world.contact.contact_id, SentBox().facts(world.box.messages[0]))
    assert found.again(POLICY) == found.record


def test_a_planned_contact_is_sent_and_the_ledger_knows_it() -> None:
    world = World()
    assert world.dispatch() is ContactStatus.SENT
    (message,) = world.box.messages
    assert (message.address, [item.open_minor for item in message.invoices]) == ("anna@bakery.example", [10_000])
    assert (world.kept.status, world.kept.message_id, world.kept.sent_at) == (ContactStatus.SENT, "m-1", NOW)
    assert [decision.reason_code for decision in world.kept.decisions] == ["OK", "OK"]
    assert world.told == [CONTACT_SENT]


def test_a_contact_that_comes_again_is_not_sent_again() -> None:
    world = World()
    assert [world.dispatch() for _ in range(3)] == [ContactStatus.SENT] * 3
    assert (len(world.box.messages), world.told) == (1, [CONTACT_SENT])


@pytest.mark.parametrize("status", sorted(set(ContactStatus) - {ContactStatus.PLANNED, ContactStatus.SENDING}))
def test_a_contact_that_ended_stays_as_it_is(status: ContactStatus) -> None:
    world = World(status=status)
    assert world.dispatch() is status
    assert (world.kept, world.box.messages, world.told) == (world.contact, [], [])


def test_what_nobody_planned_is_nothing() -> None:
    world = World()
    world.store.contacts.clear()
    assert world.dispatch() is None
    assert not world.box.messages


def disputed(world: World) -> None:
    world.ledger = InMemoryLedger(account(in_dispute(overdue(5)), who=PERSON))


def without_address(world: World) -> None:
    world.ledger = InMemoryLedger(account(overdue(5), who=changed(PERSON, email="")))


def bounced_meanwhile(world: World) -> None:
    world.ledger = InMemoryLedger(account(overdue(5), who=changed(PERSON, bounced=[PERSON.email])))


def taken_over(world: World) -> None:
    world.store.open_case(Case("cas_1", "cus_anna", "USD", NOW, CaseStatus.OPENED, "run"), [])


@pytest.mark.parametrize("happens", [taken_over, disputed])
def test_an_announcement_goes_while_it_is_so_whatever_happened_to_the_invoices(
    happens: Callable[[World], None],
) -> None:
    saved = {"pmt_1": method(autopay=True)}
    about = {"method_id": "pmt_1", "autopay": True}
    world = World(
        stage="payment_method_saved", template="payment_method_saved", about=about, planned_on=date(2026, 11, 2)
    )
    happens(world)
    here = world.ledger.accounts["cus_anna"]
    world.ledger.accounts["cus_anna"] = replace(here, methods=saved)
    assert world.dispatch() is ContactStatus.SENT
    gone = World(stage="payment_method_saved", template="payment_method_saved", about=about)
    assert gone.dispatch() is ContactStatus.CANCELLED


@pytest.mark.parametrize(
    ("happens", "why"),
    [(paid, "NOTHING_LEFT_TO_SAY"), (disputed, "NOTHING_LEFT_TO_SAY"), (taken_over, "WITH_AN_AGENT")],
)
def test_a_message_with_nothing_left_to_say_is_cancelled_and_the_decision_kept(
    happens: Callable[[World], None], why: str
) -> None:
    world = World()
    happens(world)
    assert world.dispatch() is ContactStatus.CANCELLED
    assert (world.kept.status, world.box.messages, world.told) == (ContactStatus.CANCELLED, [], [])
    decision = world.kept.decisions[-1]
    assert (decision.allowed, decision.reason_code) == (False, why)
    assert decision.decision_id


@pytest.mark.parametrize("happens", [without_address, bounced_meanwhile])
def test_a_customer_who_lost_the_last_address_is_refused_and_on_the_worklist(happens: Callable[[World], None]) -> None:
    world = World()
    happens(world)
    assert world.dispatch() is ContactStatus.REFUSED
    assert (world.box.messages, world.told) == ([], [CONTACT_REFUSED])
    assert world.kept.decisions[-1].reason_code == "NO_USABLE_ADDRESS"
    assert [task.reason for task in world.store.open_tasks(9)] == ["NO_USABLE_ADDRESS"]


def test_a_customer_with_another_way_is_no_task_for_a_person() -> None:
    world = World(account(overdue(5), who=changed(PERSON, email="", phone="+12125550111")))
    assert world.dispatch() is ContactStatus.REFUSED
    assert world.store.open_tasks(9) == []


@pytest.mark.parametrize(
    ("channel", "who", "reason"),
    [
        (Channel.EMAIL, changed(PERSON, email="anna at bakery"), "INVALID_EMAIL_ADDRESS"),
        (Channel.SMS, changed(PERSON, phone="12ab", texts=True), "INVALID_NUMBER"),
        (Channel.CALL, changed(PERSON, phone="555"), "INVALID_NUMBER"),
        (
            Channel.LETTER,
            replace(PERSON, contact_points=contact_points(postal="Somewhere")),
            "INCOMPLETE_POSTAL_ADDRESS",
        ),
    ],
)
def test_an_invalid_address_is_used_never_and_put_on_the_worklist_with_the_reason(
    channel: Channel, who: Customer, reason: str
) -> None:
    world = World(account(overdue(5), who=who), channel=channel)
    assert world.dispatch() is ContactStatus.REFUSED
    assert (world.kept.decisions[-1].reason_code, world.box.messages) == (reason, [])
    assert [(task.reason, bool(task.address)) for task in world.store.open_tasks(9)] == [(reason, True)]
    assert world.ledger.accounts["cus_anna"].customer.address(channel) == ""


def test_a_channel_without_a_way_out_is_refused_and_not_a_crash() -> None:
    world = World(account(overdue(5), who=changed(PERSON, phone="+12125550111", texts=True)), channel=Channel.WHATSAPP)
    stores = world.store, world.switches, decision_log(), world.addresses
    dispatcher = Dispatcher(world.ledger, world.store, {}, POLICY, lambda: NOW, *stores)
    assert dispatcher.dispatch("cus_anna", world.contact.contact_id) is ContactStatus.REFUSED
    assert world.kept.decisions[-1].reason_code == "CHANNEL_NOT_SET_UP"


@pytest.mark.parametrize(
    ("scope", "reason"),
    [
        ("channel:email", "CHANNEL_STOPPED"),
        ("creditor:example", "CREDITOR_STOPPED"),
        ("jurisdiction:US", "JURISDICTION_STOPPED"),
        ("jurisdiction:US-NY", "JURISDICTION_STOPPED"),
    ],
)
def test_a_switch_stops_what_it_covers_with_its_reason(scope: str, reason: str) -> None:
    world = World()
    turned(world.switches, scope, True, "ops", "test", NOW)
    assert world.dispatch() is ContactStatus.REFUSED
    assert (world.kept.decisions[-1].reason_code, world.kept.decisions[-1].rules) == (reason, (scope,))
    assert world.box.messages == []


@pytest.mark.parametrize("scope", ["channel:sms", "creditor:other", "jurisdiction:US-CA", "jurisdiction:GB"])
def test_a_switch_stops_nothing_else(scope: str) -> None:
    world = World()
    turned(world.switches, scope, True, "ops", "test", NOW)
    assert world.dispatch() is ContactStatus.SENT


def test_what_a_switch_stopped_is_planned_anew_after_it_once_and_not_once_a_day_it_was_stopped() -> None:
    world = World(account(overdue(1), who=PERSON), planned_on=TODAY)
    turned(world.switches, "channel:email", True, "ops", "test", NOW)
    owing = world.ledger.accounts["cus_anna"]
    for days in range(8):
        today, now = TODAY + timedelta(days=days), NOW + timedelta(days=days)
        plan = plan_account(owing, world.store.state("cus_anna"), POLICY, today, now)
        world.store.plan("cus_anna", plan.contacts, ())
        world.now = now
        if days == 4:
            turned(world.switches, "channel:email", False, "ops", "mended", now)
        for made in plan.contacts:
            world.contact = made
            world.dispatch()
    assert [message.contact.planned_on for message in world.box.messages] == [TODAY + timedelta(days=4)]


def test_a_case_in_another_currency_stops_nothing() -> None:
    world = World()
    world.store.open_case(Case("cas_1", "cus_anna", "EUR", NOW, CaseStatus.OPENED, "run"), [])
    assert world.dispatch() is ContactStatus.SENT


def test_a_message_that_cannot_be_rendered_stays_planned_until_it_can() -> None:
    world = World()
    rendered, world.box.prepare = world.box.prepare, Mock(side_effect=LookupError("no template"))  # type: ignore[method-assign]
    with pytest.raises(LookupError):
        world.dispatch()
    assert world.kept.status is ContactStatus.PLANNED
    world.box.prepare = rendered  # type: ignore[method-assign]
    assert world.dispatch() is ContactStatus.SENT


@pytest.mark.parametrize(("days", "status"), [(1, ContactStatus.SENT), (2, ContactStatus.CANCELLED)])
def test_an_event_that_comes_days_late_sends_nothing(days: int, status: ContactStatus) -> None:
    world = World()
    world.now += timedelta(days=days)
    assert world.dispatch() is status


def test_only_what_is_still_open_is_asked_for() -> None:
    invoices = overdue(5), overdue(5, "B"), in_dispute(overdue(5, "C")), overdue(90, "NEW")
    world = World(account(*invoices, who=PERSON), invoice_ids=("inv_a1", "inv_b", "inv_c"))
    paid(world)  # goes to the oldest, which the message is not about
    assert world.dispatch() is ContactStatus.SENT
    assert [item.invoice.number for item in world.box.messages[0].invoices] == ["A1", "B"]


def test_a_stop_that_arrived_in_between_is_heeded() -> None:
    world = World(account(overdue(5), who=changed(PERSON, refuses=[Channel.EMAIL])))
    assert world.dispatch() is ContactStatus.REFUSED
    assert [decision.reason_code for decision in world.kept.decisions] == ["OK", "OPTED_OUT"]
    assert (world.box.messages, world.told) == ([], [CONTACT_REFUSED])


def test_a_queue_that_crosses_nine_in_the_evening_does_not_send() -> None:
    world = World()
    world.now = NOW + timedelta(hours=11)  # 21:00 in New York
    assert world.dispatch() is ContactStatus.REFUSED
    assert world.kept.decisions[-1].reason_code == "HOUSE_QUIET_HOURS"


# --- failing senders ---


def test_a_message_that_the_service_refuses_for_good_is_bounced_and_told() -> None:
    world = World()
    world.box.error = RefusedError("no")
    assert world.dispatch() is ContactStatus.BOUNCED
    assert world.told == [CONTACT_BOUNCED]
    world.box.error = None
    assert world.dispatch() is ContactStatus.BOUNCED
    assert not world.box.messages


def test_a_message_that_the_service_did_not_take_is_planned_again_and_sent_by_the_retry() -> None:
    world = World()
    world.box.error = UnavailableError("throttled")
    with pytest.raises(UnavailableError):
        world.dispatch()
    assert (world.kept.status, world.told) == (ContactStatus.PLANNED, [])
    world.box.error = None
    assert world.dispatch() is ContactStatus.SENT
    assert len(world.box.messages) == 1


@pytest.mark.parametrize("error", [OutcomeUnknownError("lost"), ValueError("a bug"), KeyboardInterrupt()], ids=repr)
def test_a_message_in_doubt_is_never_sent_again(error: BaseException) -> None:
    world = World()
    world.box.error = error
    with pytest.raises(type(error)):
        world.dispatch()
    assert world.kept.status is ContactStatus.SENDING
    world.box.error = None
    assert [world.dispatch(), world.dispatch()] == [ContactStatus.UNCONFIRMED] * 2
    assert (world.box.messages, world.kept.sent_at) == ([], NOW)


def test_words_with_a_gap_are_never_sent_and_a_person_is_told_what_is_missing() -> None:
    world = World()
    world.box.prepare = Mock(side_effect=InvalidInputError("a letter needs the customer's name"))  # type: ignore[method-assign]
    assert world.dispatch() is ContactStatus.REFUSED
    assert [one.reason_code for one in world.kept.decisions] == ["OK", "OK", "MESSAGE_NOT_RENDERED"]
    (task,) = world.store.open_tasks(9)
    assert (task.reason, task.script) == ("MESSAGE_NOT_RENDERED", "a letter needs the customer's name")


def test_a_number_that_the_service_does_not_know_is_not_used_again() -> None:
    world = World(account(overdue(5), who=changed(PERSON, phone="+12125550111", texts=True)), channel=Channel.SMS)
    world.box.error = InvalidAddressError("no such number")
    assert world.dispatch() is ContactStatus.BOUNCED
    assert world.ledger.accounts["cus_anna"].customer.suppressed == {"+12125550111"}
    assert [task.reason for task in world.store.open_tasks(9)] == ["INVALID_NUMBER"]


def test_a_refusal_that_the_service_keeps_becomes_ours() -> None:
    world = World(account(overdue(5), who=changed(PERSON, phone="+12125550111", texts=True)), channel=Channel.SMS)
    world.box.error = OptedOutError("said stop")
    assert world.dispatch() is ContactStatus.BOUNCED
    assert world.ledger.accounts["cus_anna"].customer.opted_out == {Channel.SMS}


# --- thanks ---


def thankful(*facts: Any) -> World:
    """Thanks planned for the payment of invoice A1, on an account with these facts besides."""
    paid_up = replace(payment_of(overdue(5)), on=TODAY)
    return World(account(overdue(5), paid_up, *facts, who=PERSON), stage="thanks", template="thanks")


def test_thanks_are_sent_although_nothing_is_open_and_say_what_else_is() -> None:
    assert thankful().dispatch() is ContactStatus.SENT
    world = thankful(overdue(-20, "B", 700), overdue(3, "C", 900, currency="EUR"), in_dispute(overdue(3, "D")))
    assert world.dispatch() is ContactStatus.SENT
    (message,) = world.box.messages
    assert [item.invoice.number for item in message.invoices] == ["B"]


def test_thanks_are_not_said_for_a_payment_that_went_back_meanwhile() -> None:
    back = Entry("ent_back", EntryKind.REVERSAL, "USD", 10_000, TODAY, of="pay_inv_a1", reason="chargeback")
    world = thankful(back)
    assert world.dispatch() is ContactStatus.CANCELLED
    assert world.box.messages == []


def test_before_its_minute_a_contact_is_left_planned_and_nothing_is_decided() -> None:
    world = World(send_after=NOW + timedelta(minutes=1))
    assert world.dispatch() is ContactStatus.PLANNED
    assert (world.kept, world.bucket.files, world.told) == (world.contact, {}, [])
    world.now = NOW + timedelta(minutes=1)
    assert world.dispatch() is ContactStatus.SENT


# --- what was agreed meanwhile ---


def promised(world: World, *invoice_ids: str) -> None:
    owing = world.ledger.accounts["cus_anna"]
    made = agreement(*invoice_ids)
    world.ledger.commit(Change(owing, agreements={made.agreement_id: made}))


def test_a_message_queued_before_the_customer_promised_is_cancelled() -> None:
    world = World()
    promised(world, "inv_a1")
    assert world.dispatch() is ContactStatus.CANCELLED
    assert (world.kept.decisions[-1].reason_code, world.kept.invoice_ids) == ("AGREED", ("inv_a1",))
    assert (world.box.messages, world.told) == ([], [])


def test_only_what_was_agreed_leaves_a_message_and_its_stage_was_not_said_about_it() -> None:
    world = World(account(overdue(9), overdue(5, "B"), who=PERSON), invoice_ids=("inv_a1", "inv_b"))
    promised(world, "inv_a1")
    assert world.dispatch() is ContactStatus.SENT
    (message,) = world.box.messages
    assert [item.invoice.invoice_id for item in message.invoices] == ["inv_b"]
    assert world.kept.invoice_ids == ("inv_b",)


def test_a_message_goes_out_again_when_the_promised_day_and_its_grace_are_over() -> None:
    world = World()
    made = agreement("inv_a1", pauses_until=TODAY - timedelta(days=1))
    world.ledger.commit(Change(world.ledger.accounts["cus_anna"], agreements={made.agreement_id: made}))
    assert world.dispatch() is ContactStatus.SENT


def test_thanks_do_not_press_for_what_was_agreed() -> None:
    world = thankful(overdue(3, "B", 700), overdue(3, "C", 900))
    promised(world, "inv_b")
    assert world.dispatch() is ContactStatus.SENT
    (message,) = world.box.messages
    assert [item.invoice.number for item in message.invoices] == ["C"]


# --- what is on its way, or not due any more ---


def debited(world: World, minor: int, invoice_id: str = "inv_a1") -> None:
    """A debit that began after planning."""
    owing = world.ledger.accounts["cus_anna"]
    towards = (Direction(invoice_id, minor),)
    entry = Entry("ent_debit", EntryKind.PENDING, "USD", minor, TODAY, directed_to=towards)
    world.ledger.commit(Change(owing, entries={entry.entry_id: entry}))


def test_what_a_debit_will_bring_that_began_after_planning_is_not_asked_for() -> None:
    world = World(account(overdue(9), overdue(5, "B"), who=PERSON), invoice_ids=("inv_a1", "inv_b"))
    debited(world, 6_000)
    assert world.dispatch() is ContactStatus.SENT
    (message,) = world.box.messages
    assert [(one.invoice.number, one.collectable_minor) for one in message.invoices] == [("A1", 4_000), ("B", 10_000)]
    assert world.kept.invoice_ids == ("inv_a1", "inv_b")


def test_an_invoice_wholly_on_its_way_leaves_the_message_and_its_stage_was_not_said_about_it() -> None:
    world = World(account(overdue(9), overdue(5, "B"), who=PERSON), invoice_ids=("inv_a1", "inv_b"))
    debited(world, 10_000)
    assert world.dispatch() is ContactStatus.SENT
    assert [one.invoice.number for one in world.box.messages[0].invoices] == ["B"]
    assert world.kept.invoice_ids == ("inv_b",)


def test_a_message_about_what_is_wholly_on_its_way_is_cancelled() -> None:
    world = World()
    debited(world, 10_000)
    assert world.dispatch() is ContactStatus.CANCELLED
    assert (world.kept.decisions[-1].reason_code, world.box.messages) == ("COVERED", [])


def test_an_instalment_paid_after_planning_leaves_nothing_to_call_overdue() -> None:
    parts = Instalment(TODAY - timedelta(days=9), 5_000), Instalment(TODAY + timedelta(days=21), 5_000)
    world = World(account(overdue(9, instalments=parts), who=PERSON))
    paid(world, 5_000)
    assert world.dispatch() is ContactStatus.CANCELLED
    assert world.box.messages == []
