"""Dispatch: at most once, and only if it is still right."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from datetime import timedelta
from threading import Barrier
from typing import Any
from unittest.mock import Mock

import pytest

from dunwell.accounts.model import Channel, CustomerKind
from dunwell.errors import OutcomeUnknownError, RefusedError, UnavailableError
from dunwell.escalation.case import Case, CaseStatus
from dunwell.events import CONTACT_BOUNCED, CONTACT_REFUSED, CONTACT_SENT
from dunwell.ledger.model import Account
from dunwell.ledger.posting import post_payment
from dunwell.outreach.contact import Contact, ContactStatus
from dunwell.outreach.dispatch import Dispatcher
from tests.support.decisions import decision_log
from tests.support.ledger import in_dispute
from tests.support.memory import InMemoryCollection, InMemoryLedger
from tests.support.outreach import NOW, POLICY, SentBox, contact, overdue
from tests.support.portal import account, changed, customer

PERSON = customer(kind=CustomerKind.PERSON, region="NY")


class World:
    """One planned contact of a customer with one overdue invoice."""

    def __init__(self, owing: Account | None = None, **changes: Any) -> None:
        self.ledger = InMemoryLedger(owing or account(overdue(5), who=PERSON))
        self.contact = contact(**changes)
        self.store = InMemoryCollection(self.contact)
        self.box, self.now = SentBox(), NOW

    def dispatch(self) -> ContactStatus | None:
        senders: Any = {Channel.EMAIL: self.box}
        dispatcher = Dispatcher(self.ledger, self.store, senders, POLICY, lambda: self.now, decision_log())
        return dispatcher.dispatch("cus_anna", self.contact.contact_id)

    @property
    def kept(self) -> Contact:
        return self.store.contacts[self.contact.contact_id]

    @property
    def told(self) -> list[str]:
        return [event.name for event in self.store.events]


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


def paid(world: World) -> None:
    owing = world.ledger.accounts["cus_anna"]
    posted: dict[str, Any] = {"method": "test", "reference": "r", "currency": "USD", "amount_minor": 10_000}
    world.ledger.commit(post_payment(owing, received_at=NOW, **posted))


def disputed(world: World) -> None:
    world.ledger = InMemoryLedger(account(in_dispute(overdue(5)), who=PERSON))


def without_address(world: World) -> None:
    world.ledger = InMemoryLedger(account(overdue(5), who=changed(PERSON, email="")))


def bounced_meanwhile(world: World) -> None:
    world.ledger = InMemoryLedger(account(overdue(5), who=changed(PERSON, bounced=[PERSON.email])))


def taken_over(world: World) -> None:
    world.store.open_case(Case("cas_1", "cus_anna", "USD", NOW, CaseStatus.OPENED, "run"), [])


@pytest.mark.parametrize("happens", [paid, disputed, without_address, bounced_meanwhile, taken_over])
def test_a_message_with_nothing_left_to_say_to_anybody_is_cancelled(happens: Callable[[World], None]) -> None:
    world = World()
    happens(world)
    assert world.dispatch() is ContactStatus.CANCELLED
    assert (world.kept.status, world.box.messages, world.told) == (ContactStatus.CANCELLED, [], [])


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


# --- two dispatchers ---


def test_of_two_dispatchers_at_the_same_moment_one_sends() -> None:
    world, together = World(), Barrier(8)
    read = world.store.state

    def reads_with_the_others(customer_id: str) -> Any:
        found = read(customer_id)
        together.wait(5)
        return found

    world.store.state = reads_with_the_others  # type: ignore[method-assign]
    with ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(lambda _: world.dispatch(), range(8)))
    assert len(world.box.messages) == 1
    assert set(statuses) <= {ContactStatus.SENT, ContactStatus.SENDING}
    assert (world.kept.status, world.told) == (ContactStatus.SENT, [CONTACT_SENT])


@pytest.mark.parametrize("error", [None, UnavailableError("down"), RefusedError("no")], ids=repr)
def test_a_second_dispatcher_while_the_first_is_sending_never_leads_to_a_second_message(
    error: Exception | None,
) -> None:
    world = World()
    world.box.error = error

    def second() -> None:
        world.box.meanwhile = lambda: None
        assert world.dispatch() is ContactStatus.UNCONFIRMED

    world.box.meanwhile = second
    with pytest.raises(UnavailableError) if isinstance(error, UnavailableError) else nullcontext():
        world.dispatch()
    world.box.error = None
    assert world.dispatch() is ContactStatus.UNCONFIRMED
    assert len(world.box.messages) == (0 if error else 1)
