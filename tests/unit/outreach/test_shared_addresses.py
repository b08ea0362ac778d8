"""What is refused at an address, or learnt about it, counts for everybody who has it, now or later."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from functools import partial
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dunwell.accounts.choices import permit
from dunwell.accounts.consent import ConsentAct
from dunwell.accounts.contact_points import Channel, PointKind, PointState
from dunwell.ledger.change import Change
from dunwell.ledger.update import update
from dunwell.outreach.contact import Contact, ContactStatus
from dunwell.outreach.delivery import Outcome
from dunwell.outreach.permission import may_contact
from dunwell.outreach.pseudonyms import without_personal_data
from dunwell.outreach.replies import Keyword, record_choice
from tests.support.outreach import NOW, POLICY
from tests.support.shared_address import NUMBER, SAME, SharedAddress

ANNA, BERT, CARL = "cus_anna", "cus_bert", "cus_carl"
HOUR = timedelta(hours=1)
NEW = "new@b.example"


def both_written_to() -> SharedAddress:
    """Anna and Bert have one address and were written to there; Bert's source writes it in capitals."""
    world = SharedAddress(ANNA)
    world.imports(BERT, email=SAME.upper())
    assert [world.dispatch(one).status for one in (ANNA, BERT)] == [ContactStatus.SENT] * 2
    return world


def end(made: Contact) -> tuple[ContactStatus, str]:
    return made.status, made.decisions[-1].reason_code


def moves(world: SharedAddress, name: str, email: str) -> None:
    """The customer gives another address, and proves it."""
    update(world.ledger, name, lambda account: Change(account, account.customer.with_address(email, world.now)))


def asks(world: SharedAddress, name: str, channel: Channel = Channel.EMAIL) -> str:
    """What planning would be told."""
    return may_contact(world.customer(name), [], channel, ("inv_a1",), POLICY, world.now).reason_code


REFUSED, SENT = (ContactStatus.REFUSED, "OPTED_OUT"), (ContactStatus.SENT, "OK")


# --- refusals ---


def test_one_click_ends_email_for_everybody_at_the_address_with_the_evidence_once() -> None:
    world = both_written_to()
    for hours in (0, 1):
        world.click_stop(NOW + hours * HOUR, mail=0)
    assert [asks(world, one) for one in (ANNA, BERT)] == ["OPTED_OUT"] * 2
    (record,) = world.customer(BERT).consents
    assert (record.act, record.how, record.at) == (ConsentAct.ADDRESS_REFUSED, "stop_link", NOW)
    assert "@" not in record.address
    (point,) = world.customer(BERT).contact_points
    assert world.customer(BERT).status(point).state is PointState.OPTED_OUT
    assert end(world.dispatch(BERT)) == REFUSED
    assert len(world.box.sent) == 2


def test_who_is_imported_later_with_the_address_is_refused_before_the_first_mail_and_known_afterwards() -> None:
    world = both_written_to()
    world.click_stop()
    world.now += timedelta(days=900)
    world.imports(CARL)
    assert asks(world, CARL) == "OK"
    assert end(world.dispatch(CARL)) == REFUSED
    assert (asks(world, CARL), len(world.box.sent)) == ("OPTED_OUT", 2)
    (record,) = world.customer(CARL).consents
    assert (record.act, record.at) == (ConsentAct.ADDRESS_REFUSED, NOW)


def test_a_refusal_between_the_note_and_the_next_mail_finds_its_customer_without_another_look() -> None:
    world = both_written_to()
    noted: list[str] = []
    note = world.addresses.note_customer
    world.addresses.note_customer = lambda *it: noted.append(it[1]) or note(*it)  # type: ignore[method-assign,func-returns-value]
    assert world.dispatch(BERT).status is ContactStatus.SENT
    assert noted == []
    world.click_stop(mail=0)
    assert end(world.dispatch(BERT)) == REFUSED
    world.now += timedelta(days=301)
    world.dispatch(BERT)
    assert noted == [BERT]


def test_another_address_is_free_and_the_refused_one_stays_refused() -> None:
    world = both_written_to()
    world.click_stop(mail=0)
    world.now += HOUR
    moves(world, BERT, NEW)
    assert end(world.dispatch(BERT)) == SENT
    assert world.box.sent[-1]["to"] == NEW
    world.imports(CARL)
    assert end(world.dispatch(CARL)) == REFUSED


def test_who_comes_back_to_an_address_that_was_refused_meanwhile_is_refused_there() -> None:
    world = both_written_to()
    update(world.ledger, BERT, lambda it: Change(it, replace(it.customer, contact_points=())))
    world.click_stop(mail=0)
    world.ledger.accounts[BERT] = replace(
        world.ledger.accounts[BERT],
        customer=replace(world.customer(BERT), contact_points=world.customer(ANNA).contact_points),
    )
    assert end(world.dispatch(BERT)) == REFUSED


def test_a_customers_own_consent_at_the_address_lifts_it_for_them_alone_and_for_good() -> None:
    world = both_written_to()
    world.imports(CARL)
    world.dispatch(CARL)
    world.click_stop(mail=0)
    permit(world.ledger, BERT, Channel.EMAIL, True, "I agree.", NOW + HOUR)
    world.now += 2 * HOUR
    assert [asks(world, one) for one in (ANNA, BERT, CARL)] == ["OPTED_OUT", "OK", "OPTED_OUT"]
    world.now += timedelta(days=400)  # noted anew, and told of the old refusal
    assert end(world.dispatch(BERT)) == SENT


def test_a_refusal_of_ones_own_after_anothers_counts_at_every_address() -> None:
    world = both_written_to()
    world.click_stop(mail=0)
    world.click_stop(NOW + HOUR, mail=1)
    world.now += 2 * HOUR
    moves(world, BERT, NEW)
    assert asks(world, BERT) == "OPTED_OUT"


def test_a_source_that_says_consents_does_not_lift_it() -> None:
    world = both_written_to()
    world.click_stop(mail=0)
    world.imports(CARL, consents=())
    described = world.customer(CARL).with_consent(Channel.EMAIL, NOW + HOUR, "source")
    world.ledger.accounts[CARL] = replace(world.ledger.accounts[CARL], customer=described)
    world.now += 2 * HOUR
    assert end(world.dispatch(CARL)) == REFUSED


def test_a_mail_to_a_former_address_is_refused_where_it_was_refused_by_who_has_it_now() -> None:
    world = both_written_to()
    world.now += HOUR
    moves(world, ANNA, NEW)
    about = {"replaced_at": world.now.isoformat()}
    changes: Any = {"stage": "address_changed", "currency": "", "invoice_ids": (), "about": about}
    assert world.dispatch(ANNA, **changes).status is ContactStatus.SENT
    world.click_stop(mail=1)
    assert end(world.dispatch(ANNA, **changes)) == REFUSED
    assert asks(world, ANNA) == "OK"


def test_a_kept_decision_without_addresses_decides_the_same() -> None:
    world = both_written_to()
    world.click_stop(mail=0)
    nameless = without_personal_data(world.customer(BERT))
    assert nameless.opted_out == {Channel.EMAIL}
    world.now += HOUR
    moves(world, BERT, NEW)
    nameless = without_personal_data(world.customer(BERT))
    assert (nameless.opted_out, SAME in repr(nameless).lower()) == (frozenset(), False)


# --- numbers ---


def test_stop_by_text_counts_for_who_is_imported_later_and_start_takes_it_back() -> None:
    world = SharedAddress(ANNA, email="", phone=NUMBER, texts=True)
    assert world.dispatch(ANNA, Channel.SMS).status is ContactStatus.SENT

    def says(word: Keyword, hours: int) -> None:
        record_choice(world.addresses, world.ledger, NUMBER, Channel.SMS, word, NOW + hours * HOUR)

    says(Keyword.STOP, 0)
    world.imports(BERT, email="", phone=NUMBER, texts=True)
    assert end(world.dispatch(BERT, Channel.SMS)) == REFUSED
    assert asks(world, BERT, Channel.WHATSAPP) != "OPTED_OUT"
    says(Keyword.START, 1)
    world.imports(CARL, email="", phone=NUMBER, texts=True)
    assert [end(world.dispatch(one, Channel.SMS)) for one in (ANNA, BERT, CARL)] == [SENT] * 3


def test_start_from_a_number_is_no_consent_for_another() -> None:
    world = SharedAddress(ANNA, email="", phone=NUMBER, texts=True)
    world.dispatch(ANNA, Channel.SMS)
    other = world.customer(ANNA).with_address("+12125550122", NOW, PointKind.PHONE)
    update(world.ledger, ANNA, lambda account: Change(account, replace(other, consents=())))
    record_choice(world.addresses, world.ledger, NUMBER, Channel.SMS, Keyword.START, NOW)
    assert world.customer(ANNA).consents == ()


# --- bounces and complaints ---


@pytest.mark.parametrize("outcome", [Outcome.BOUNCED, Outcome.COMPLAINED])
def test_an_address_that_bounced_or_complained_is_used_for_nobody_who_has_it(outcome: Outcome) -> None:
    world = both_written_to()
    (about, *_) = world.store.contacts.values()
    for _ in range(2):
        world.report(about, outcome)
    world.imports(CARL)
    for name in (BERT, CARL):
        made = world.dispatch(name)
        assert (made.status, made.decisions[-1].reason_code) == (ContactStatus.REFUSED, "NO_USABLE_ADDRESS")
        assert asks(world, name) == "EMAIL_SUPPRESSED"
        (point,) = world.customer(name).contact_points
        assert (point.bounced_at, point.bounce_reason) == (NOW, outcome.value)
    assert {task.customer_id for task in world.store.open_tasks(9)} == {ANNA, BERT, CARL}
    assert len(world.box.sent) == 2


def test_a_bounce_that_may_heal_counts_for_nobody() -> None:
    world = both_written_to()
    (about, *_) = world.store.contacts.values()
    world.report(about, Outcome.BOUNCED, permanent=False)
    world.imports(CARL)
    assert [end(world.dispatch(one)) for one in (BERT, CARL)] == [SENT] * 2


def test_who_gives_the_address_and_proves_it_after_it_bounced_may_be_written_to_there() -> None:
    world = both_written_to()
    (about, *_) = world.store.contacts.values()
    world.report(about, Outcome.BOUNCED)
    world.imports(CARL, email="old@b.example")
    world.now += HOUR
    moves(world, CARL, SAME)
    moves(world, ANNA, SAME)
    world.report(about, Outcome.BOUNCED, at=NOW)  # told again
    assert [end(world.dispatch(one)) for one in (CARL, ANNA)] == [SENT] * 2
    assert world.dispatch(BERT).status is ContactStatus.REFUSED


def test_a_number_that_takes_no_texts_is_used_for_nobody_who_has_it() -> None:
    world = SharedAddress(ANNA, BERT, email="", phone=NUMBER, texts=True)
    about, _ = (world.dispatch(one, Channel.SMS) for one in (ANNA, BERT))
    world.report(about, Outcome.BOUNCED, address=NUMBER, channel=Channel.SMS, reason="invalid")
    assert [world.customer(one).address(Channel.SMS) for one in (ANNA, BERT)] == ["", ""]


# --- whatever comes first ---


def test_every_order_of_what_happens_ends_in_the_same_standing() -> None:
    ends = set()
    for order in permutations(range(4)):
        world = both_written_to()
        (about, *_) = world.store.contacts.values()
        steps: list[Callable[[], object]] = [
            partial(world.click_stop, NOW + HOUR, mail=0),
            partial(world.report, about, Outcome.COMPLAINED, at=NOW + HOUR),
            partial(world.imports, CARL),
            partial(permit, world.ledger, BERT, Channel.CALL, False, "", NOW + 2 * HOUR),
        ]
        for number in (*order, *order[:2]):
            steps[number]()
        world.now += 3 * HOUR
        assert world.dispatch(CARL).status is ContactStatus.REFUSED
        ends.add(tuple((one, asks(world, one), world.customer(one).opted_out) for one in (ANNA, BERT, CARL)))
    assert len(ends) == 1


@settings(max_examples=60)
@given(st.lists(st.sampled_from(["mail anna", "mail bert", "import", "mail carl", "stop", "agree"]), max_size=12))
def test_after_a_refusal_nothing_goes_to_the_address_but_to_who_agreed_since(steps: list[str]) -> None:
    world = both_written_to()
    refused, agreed = False, False
    for step in steps:
        world.now += timedelta(minutes=1)
        word, _, name = step.partition(" ")
        if word == "stop":
            world.click_stop(mail=0)
            refused, agreed = True, False
        elif word == "agree":
            permit(world.ledger, BERT, Channel.EMAIL, True, "I agree.", world.now)
            agreed = True
        elif word == "import" and CARL not in world.ledger.accounts:
            world.imports(CARL)
        elif word == "mail" and f"cus_{name}" in world.ledger.accounts:
            made = world.dispatch(f"cus_{name}")
            may = not refused or (name == "bert" and agreed)
            assert (made.status is ContactStatus.SENT) is may, (steps, end(made))
