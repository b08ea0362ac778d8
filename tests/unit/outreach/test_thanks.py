"""Who is thanked for a payment, once."""

import gzip
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from dunwell.accounts.model import Channel
from dunwell.events import CONTACT_PLANNED
from dunwell.ledger.entry import Direction, Entry, EntryKind
from dunwell.ledger.model import Account
from dunwell.outreach.contact import Contact, ContactStatus
from dunwell.outreach.policy import Override, Policy, Thanks
from dunwell.outreach.ports import CollectionState
from dunwell.outreach.thanks import ThanksDecision, plan_thanks, thank, thanks_due, thanks_facts
from tests.support.decisions import DecisionsBucket, decision_log
from tests.support.ledger import Facts
from tests.support.memory import InMemoryCollection, InMemoryLedger
from tests.support.outreach import NOW, POLICY, TODAY, contact, overdue, sent
from tests.support.portal import account, customer

THANKFUL = replace(POLICY, thanks=Thanks((Channel.EMAIL,), within_days=3))
REMINDED = (sent("due", 5, invoice_ids=("inv_a1", "inv_b")),)


def payment(number: str, days_ago: int = 0, minor: int = 10_000, kind: EntryKind = EntryKind.PAYMENT) -> Entry:
    to = (Direction(f"inv_{number.lower()}", minor),)
    return Entry(f"ent_{number}", kind, "USD", minor, TODAY - timedelta(days=days_ago), directed_to=to)


def owing(*facts: Facts, **changes: Any) -> Account:
    """A customer who was billed A1 and B."""
    return account(overdue(10), overdue(6, "B"), *facts, who=customer(**changes))


def due(*facts: Facts, contacts: tuple[Contact, ...] = REMINDED, policy: Policy = THANKFUL, **state: Any) -> int:
    told = CollectionState(contacts, **state)
    return len(thanks_due(thanks_facts(owing(*facts), told, TODAY), told, policy, TODAY))


def test_a_payment_that_settles_what_was_asked_for_is_thanked_for() -> None:
    assert due(payment("A1", 2), payment("B")) == 1


def test_what_is_left_of_the_reminder_waits_for_its_payment() -> None:
    assert due(payment("A1")) == 0
    assert due(payment("A1"), payment("B", minor=9_999)) == 0


def test_other_invoices_that_are_still_open_do_not_matter() -> None:
    assert due(payment("A1"), payment("B"), overdue(-20, "C")) == 1


@pytest.mark.parametrize(("days_ago", "thanks"), [(3, 1), (4, 0)])
def test_a_payment_that_becomes_known_late_is_not_thanked_for(days_ago: int, thanks: int) -> None:
    assert due(payment("A1", days_ago), payment("B", days_ago)) == thanks


def test_who_paid_before_being_reminded_did_not_pay_because_of_it() -> None:
    late = (sent("due", 1, invoice_ids=("inv_a1", "inv_b")),)
    assert due(payment("A1", 2), payment("B", 2), contacts=late) == 0


@pytest.mark.parametrize("kind", [EntryKind.CREDIT_NOTE, EntryKind.WRITE_OFF])
def test_what_the_creditor_gave_up_is_no_payment(kind: EntryKind) -> None:
    assert due(payment("A1", kind=kind), payment("B", kind=kind)) == 0


@pytest.mark.parametrize(
    "contacts",
    [
        (),
        (contact("due", 5, status=ContactStatus.BOUNCED, invoice_ids=("inv_a1", "inv_b")),),
        (contact("due", 5, status=ContactStatus.REFUSED, invoice_ids=("inv_a1", "inv_b")),),
        (*REMINDED, sent("thanks", 0, invoice_ids=("inv_a1", "inv_b"))),
        (*REMINDED, contact("thanks", 0, status=ContactStatus.REFUSED, invoice_ids=("inv_a1", "inv_b"))),
    ],
)
def test_only_who_was_reminded_is_thanked_and_once(contacts: tuple[Contact, ...]) -> None:
    assert due(payment("A1"), payment("B"), contacts=contacts) == 0


def test_thanks_for_an_earlier_payment_do_not_stand_for_this_one() -> None:
    assert due(payment("A1"), payment("B"), contacts=(sent("thanks", 30), *REMINDED)) == 1


def test_a_policy_a_case_or_an_exclusion_keeps_silent() -> None:
    paid = payment("A1"), payment("B")
    assert due(*paid, policy=POLICY) == 0
    assert due(*paid, currencies_in_case=frozenset({"USD"})) == 0
    excluded = replace(THANKFUL, overrides=(Override(customer="C-1042", exclude=True),))
    assert due(*paid, policy=excluded) == 0


def planned(owing: Account, state: CollectionState) -> tuple[Contact, ...]:
    return plan_thanks(thanks_facts(owing, state, TODAY), state, THANKFUL, TODAY, NOW).contacts


def test_thanks_take_a_channel_that_is_allowed_or_are_refused_with_the_reason() -> None:
    paid, state = (payment("A1"), payment("B")), CollectionState(REMINDED)
    (made,) = planned(owing(*paid), state)
    assert (made.stage, made.template, made.channel) == ("thanks", "thanks", Channel.EMAIL)
    assert made.status is ContactStatus.PLANNED
    assert made.invoice_ids == ("inv_a1", "inv_b")
    refusing = owing(*paid, refuses=[Channel.EMAIL])
    (refused,) = planned(refusing, state)
    assert (refused.status, refused.decisions[0].allowed) == (ContactStatus.REFUSED, False)
    assert planned(owing(*paid, email=""), state) == ()


def test_an_event_that_comes_again_thanks_once() -> None:
    ledger, store = InMemoryLedger(owing(payment("A1"), payment("B"))), InMemoryCollection(*REMINDED)
    log = decision_log()
    assert len(thank("cus_anna", ledger, store, lambda: log, THANKFUL, TODAY, NOW)) == 1
    assert thank("cus_anna", ledger, store, lambda: log, THANKFUL, TODAY, NOW) == ()
    assert [event.name for event in store.events] == [CONTACT_PLANNED]
    assert thank("cus_nobody", ledger, store, lambda: log, THANKFUL, TODAY, NOW) == ()


def test_thanks_are_kept_without_personal_data_and_decided_again_to_the_same_answer() -> None:
    bucket = DecisionsBucket()
    log = decision_log(bucket)
    ledger = InMemoryLedger(owing(payment("A1", 2), payment("B")))
    (made,) = thank("cus_anna", ledger, InMemoryCollection(*REMINDED), lambda: log, THANKFUL, TODAY, NOW)
    found = log.find(made.decisions[-1].decision_id)
    assert isinstance(found.decision, ThanksDecision)
    assert found.decision_id == made.decisions[-1].decision_id
    assert found.decision.again(found.policy) == found.decision.plan
    assert [one.contact_id for one in found.decision.plan.contacts] == [made.contact_id]
    assert found.decision.facts.paid_on == {"inv_a1": TODAY - timedelta(days=2), "inv_b": TODAY}
    assert [one.decision_id for one in log.of_customer("cus_anna", TODAY)] == [found.decision_id]
    (content,) = bucket.files.values()
    assert customer().email not in gzip.decompress(content).decode()


def test_a_record_of_another_payment_is_decided_differently() -> None:
    log = decision_log()
    ledger = InMemoryLedger(owing(payment("A1", 2), payment("B")))
    (made,) = thank("cus_anna", ledger, InMemoryCollection(*REMINDED), lambda: log, THANKFUL, TODAY, NOW)
    kept = log.find(made.decisions[-1].decision_id).decision
    assert isinstance(kept, ThanksDecision)
    late = {one: TODAY - timedelta(days=4) for one in kept.facts.paid_on}
    assert replace(kept, facts=replace(kept.facts, paid_on=late)).again(THANKFUL).contacts == ()


def test_who_has_nobody_to_thank_keeps_no_decision() -> None:
    bucket = DecisionsBucket()
    ledger, store = InMemoryLedger(owing(payment("A1"))), InMemoryCollection(*REMINDED)
    assert thank("cus_anna", ledger, store, lambda: decision_log(bucket), THANKFUL, TODAY, NOW) == ()
    assert bucket.files == {}
