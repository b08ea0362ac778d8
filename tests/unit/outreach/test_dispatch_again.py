"""Dispatch that dies or comes twice: one effect, or none that is known."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import replace
from itertools import count
from threading import Barrier
from typing import Any

import pytest

from dunwell.accounts.contact_points import contact_points
from dunwell.accounts.model import Channel
from dunwell.errors import OutcomeUnknownError, RefusedError, UnavailableError
from dunwell.events import CONTACT_SENT
from dunwell.outreach.contact import ContactStatus
from dunwell.outreach.dispatch import Message
from tests.support.dispatching import PERSON, World, paid
from tests.support.outreach import NOW, SentBox, overdue
from tests.support.portal import account, changed

# --- channels that may be repeated: letters, calls, notices ---


class Outbox(SentBox):
    """Writes under the contact's name, once, and dies when it is told to."""

    def __init__(self) -> None:
        super().__init__(is_repeatable=True)
        self.written: dict[str, Message] = {}
        self.attempts = 0

    def _send(self, message: Message) -> str:
        self.attempts += 1
        name = message.contact.contact_id
        self.written.setdefault(name, message)
        self.meanwhile()
        if self.error:
            raise self.error
        return name


REPEATABLE = [
    (Channel.LETTER, ContactStatus.SENT, [CONTACT_SENT]),
    (Channel.PORTAL, ContactStatus.SENT, [CONTACT_SENT]),
    (Channel.CALL, ContactStatus.HANDED_OVER, []),
]
EVERYWHERE = replace(
    PERSON, contact_points=contact_points(phone="+12125550111", postal="1 Main St\nNew York", portal="anna")
)


def to_be_repeated(channel: Channel) -> tuple[World, Outbox]:
    world = World(account(overdue(5), who=EVERYWHERE), channel=channel)
    world.box = box = Outbox()
    return world, box


@pytest.mark.parametrize(("channel", "end", "told"), REPEATABLE)
@pytest.mark.parametrize("error", [OutcomeUnknownError("lost"), KeyboardInterrupt(), ValueError("a bug")], ids=repr)
def test_who_dies_after_a_repeatable_effect_is_completed_by_the_retry_with_one_effect(
    channel: Channel, end: ContactStatus, told: list[str], error: BaseException
) -> None:
    world, box = to_be_repeated(channel)
    box.error = error
    with pytest.raises(type(error)):
        world.dispatch()
    assert world.kept.status is ContactStatus.SENDING
    box.error = None
    assert [world.dispatch(), world.dispatch()] == [end, end]
    assert (len(box.written), box.attempts, world.told) == (1, 2, told)


@pytest.mark.parametrize(("channel", "end", "told"), REPEATABLE)
@pytest.mark.parametrize("fails_at", range(1, 3))
def test_a_function_that_dies_at_any_write_leaves_one_effect_and_the_same_end(
    channel: Channel, end: ContactStatus, told: list[str], fails_at: int
) -> None:
    world, box = to_be_repeated(channel)
    move, moves = world.store.move, count(1)

    def dies(*given: Any) -> bool:
        if next(moves) == fails_at:
            raise ConnectionError("died")
        return move(*given)

    world.store.move = dies  # type: ignore[method-assign,assignment]
    with pytest.raises(ConnectionError):
        world.dispatch()
    assert world.dispatch() is end
    assert (len(box.written), world.told) == (1, told)


def test_what_was_paid_before_a_letter_in_doubt_could_be_completed_stays_in_doubt() -> None:
    world, box = to_be_repeated(Channel.LETTER)
    box.error = OutcomeUnknownError("lost")
    with pytest.raises(OutcomeUnknownError):
        world.dispatch()
    paid(world)
    assert world.dispatch() is ContactStatus.UNCONFIRMED
    assert box.attempts == 1


@pytest.mark.parametrize("channel", [Channel.EMAIL, Channel.SMS, Channel.WHATSAPP])
@pytest.mark.parametrize("fails_at", range(1, 3))
def test_a_function_that_dies_at_any_write_never_sends_twice_what_cannot_be_taken_back(
    channel: Channel, fails_at: int
) -> None:
    who = changed(PERSON, phone="+12125550111", texts=True).with_consent(Channel.WHATSAPP, NOW, "portal")
    world = World(account(overdue(5), who=who), channel=channel)
    move, moves = world.store.move, count(1)

    def dies(*given: Any) -> bool:
        if next(moves) == fails_at:
            raise ConnectionError("died")
        return move(*given)

    world.store.move = dies  # type: ignore[method-assign,assignment]
    with pytest.raises(ConnectionError):
        world.dispatch()
    ends = [world.dispatch(), world.dispatch()]
    assert ends == ([ContactStatus.SENT] * 2 if fails_at == 1 else [ContactStatus.UNCONFIRMED] * 2)
    assert len(world.box.messages) == 1


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
