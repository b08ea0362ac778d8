"""How an announcement finds its channel and its minute, is kept as decided, and is planned once."""

import gzip
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from dunwell.accounts.contact_points import contact_points
from dunwell.accounts.model import Channel, Customer, CustomerKind, Hold
from dunwell.events import (
    AGREEMENT_MADE,
    CONTACT_BOUNCED,
    CONTACT_PLANNED,
    CONTACT_REFUSED,
    INSTALMENT_DUE,
    PAYMENT_APPLIED,
    Event,
    Scalar,
)
from dunwell.hold_kinds import HoldKind
from dunwell.ledger.agreements import Agreement, AgreementStatus
from dunwell.ledger.entry import Direction, Entry, EntryKind
from dunwell.ledger.model import Account
from dunwell.outreach.announce import AnnouncementDecision, announce, plan_announcement
from dunwell.outreach.announced import Announced
from dunwell.outreach.announcements import Announcement
from dunwell.outreach.contact import Contact, ContactStatus
from dunwell.outreach.permission import NO_ADDRESS
from dunwell.outreach.plan import contact_event
from dunwell.outreach.policy import Policy, Receipts, Thanks
from dunwell.outreach.ports import CollectionState
from dunwell.outreach.thanks import plan_thanks, thanks_facts
from infra.cli.__main__ import main
from tests.support.agreements import agreement
from tests.support.decisions import DecisionsBucket, decision_log
from tests.support.memory import InMemoryCollection, InMemoryLedger
from tests.support.outreach import NOW, POLICY, TODAY, contact, overdue, sent
from tests.support.portal import LICENSED, account, changed, customer, proved

COPY = Announcement(Announced.AGREEMENT_COPY, "agr_1", "USD", ("inv_a1",), {"agreement_id": "agr_1"})
DUE = Announcement(Announced.INSTALMENT_DUE, "agr_1#1", "USD", ("inv_a1",), {"agreement_id": "agr_1", "instalment": 1})
RECEIPT = Announcement(Announced.RECEIPT, "pay_1", "USD", ("inv_a1",), {"payment_id": "pay_1"})
PERSON = customer(kind=CustomerKind.PERSON, region="NY")
NIGHT = datetime(2026, 11, 24, 3, 30, tzinfo=UTC)
"""Half past ten in the evening of TODAY in New York."""
POSTED = contact_points(email="anna@bakery.example", postal="12 Mill Lane\nBrooklyn NY 11201")
REFUSES = changed(customer(), refuses=[Channel.EMAIL])
COLLECTOR = replace(POLICY, creditor=replace(POLICY.creditor, party="third", licences=LICENSED))


def planned(one: Announcement, who: Customer = PERSON, *contacts: Contact, **how: Any) -> Contact:
    policy: Policy = how.get("policy", POLICY)
    state = CollectionState(contacts)
    (made,) = plan_announcement(who, state, one, policy, TODAY, how.get("now", NOW)).contacts
    return made


def way(one: Announcement, who: Customer, *contacts: Contact, **how: Any) -> tuple[Channel, ContactStatus, str]:
    made = planned(one, who, *contacts, **how)
    return made.channel, made.status, made.decisions[-1].reason_code


def held(kind: HoldKind, who: Customer = PERSON) -> Customer:
    return replace(who, holds=(Hold(kind, None, NOW - timedelta(days=1)),))


SENT_BY_MAIL = (Channel.EMAIL, ContactStatus.PLANNED, "OK")
ON_THE_PORTAL = (Channel.PORTAL, ContactStatus.PLANNED, "OK")


def test_the_customers_own_channel_comes_first() -> None:
    texter = changed(replace(PERSON, preferred_channel=Channel.SMS), phone="+12125550123", texts=True)
    assert way(DUE, PERSON) == SENT_BY_MAIL
    assert way(DUE, texter)[0] is Channel.SMS
    assert way(COPY, texter) == SENT_BY_MAIL, "a copy is something to keep"


def test_neither_gaps_nor_earlier_messages_of_policy_stop_an_announcement() -> None:
    assert way(DUE, PERSON, sent("due", 0)) == SENT_BY_MAIL


def test_what_time_alone_forbids_waits_for_its_minute() -> None:
    made = planned(DUE, now=NIGHT)
    assert (made.status, made.channel) == (ContactStatus.PLANNED, Channel.EMAIL)
    assert made.send_after == datetime(2026, 11, 24, 13, 0, tzinfo=UTC)
    assert made.decisions[-1].decided_at == NIGHT


def test_who_refuses_mail_finds_it_on_the_portal_and_what_law_demands_in_a_letter() -> None:
    assert way(DUE, REFUSES) == ON_THE_PORTAL
    assert way(COPY, REFUSES) == ON_THE_PORTAL, "nobody knows where to write to"
    lives = replace(REFUSES, contact_points=POSTED)
    assert way(COPY, lives) == (Channel.LETTER, ContactStatus.PLANNED, "OK")
    silent = changed(lives, refuses=[Channel.LETTER])
    assert way(COPY, silent)[0] is Channel.LETTER, "OPTOUT-LETTER: law obliges somebody to send it"
    assert way(replace(DUE, kind=Announced.AGREEMENT_BROKEN), silent) == ON_THE_PORTAL


def test_who_cannot_be_reached_at_all_still_finds_it_on_the_portal() -> None:
    assert way(DUE, customer(email="")) == ON_THE_PORTAL
    only_mail = replace(POLICY, receipts=Receipts((Channel.EMAIL,)))
    assert way(RECEIPT, customer(email=""), policy=only_mail) == (Channel.EMAIL, ContactStatus.REFUSED, NO_ADDRESS)


@pytest.mark.parametrize(
    ("kind", "reasons"),
    [
        (HoldKind.BANKRUPTCY, ["BANKRUPTCY_STAY"] * 3),
        (HoldKind.DECEASED, ["DECEASED"] * 3),
        (HoldKind.CEASE, ["CEASE_COMMUNICATION"] * 3),
        (HoldKind.PAID_OR_SETTLED, ["PAID_OR_SETTLED", "PAID_OR_SETTLED", "OK"]),
        (HoldKind.TIME_BARRED, ["OK", "OK", "OK"]),
    ],
)
def test_a_hold_stops_what_the_hold_table_stops(kind: HoldKind, reasons: list[str]) -> None:
    assert [way(one, held(kind))[2] for one in (COPY, DUE, RECEIPT)] == reasons


def test_the_breathing_space_of_the_uk_lets_notices_pass_that_law_demands() -> None:
    british = replace(held(HoldKind.BREATHING_SPACE), country="GB", region="", postcode="")
    assert way(COPY, british) == SENT_BY_MAIL
    assert way(DUE, british)[1:] == (ContactStatus.REFUSED, "UK_BREATHING_SPACE")


def test_a_receipt_and_a_notice_are_no_second_message_of_the_day_but_a_reminder_of_an_instalment_is() -> None:
    how: dict[str, Any] = {"policy": COLLECTOR}
    today, who = sent("due", 0), proved(replace(PERSON, region="NJ", postcode="07030"))
    assert way(RECEIPT, who, today, **how) == SENT_BY_MAIL
    assert way(COPY, who, today, **how) == SENT_BY_MAIL
    assert planned(DUE, who, today, **how).send_after == datetime(2026, 11, 24, 13, 0, tzinfo=UTC)


# --- planning once, and keeping it ---


def made_event(event_id: str = "evt_1") -> Event:
    return Event(event_id, AGREEMENT_MADE, "cus_anna", NOW, {"agreement_id": "agr_1"})


class World:
    """Anna, who owes A1 and agreed about it."""

    def __init__(self, *agreements: Agreement, who: Customer | None = None) -> None:
        known = {one.agreement_id: one for one in agreements or (agreement("inv_a1"),)}
        self.ledger = InMemoryLedger(replace(account(overdue(5), who=who), agreements=known))
        self.store, self.bucket = InMemoryCollection(), DecisionsBucket()

    def tell(self, event: Event, now: datetime = NOW) -> Contact | None:
        return announce(event, self.ledger, self.store, lambda: decision_log(self.bucket), POLICY, TODAY, now)


def test_an_event_that_comes_again_announces_once() -> None:
    world = World()
    made = world.tell(made_event())
    assert made
    assert world.tell(made_event()) is None
    assert [one.name for one in world.store.events] == [CONTACT_PLANNED]
    assert list(world.store.contacts) == [made.contact_id]
    assert len(world.bucket.files) == 1


def test_nothing_is_kept_about_nothing() -> None:
    world = World(agreement("inv_a1", status=AgreementStatus.CANCELLED))
    assert world.tell(made_event()) is None
    assert world.tell(replace(made_event(), customer_id="cus_nobody")) is None
    assert (world.bucket.files, world.store.contacts) == ({}, {})


def test_an_announcement_is_kept_without_personal_data_and_decided_again_to_the_same_answer() -> None:
    world = World(who=changed(customer(), phone="+12125550123"))
    made = world.tell(made_event(), NIGHT)
    assert made
    found = decision_log(world.bucket).find(made.decisions[-1].decision_id)
    assert isinstance(found.decision, AnnouncementDecision)
    assert found.decision.again(found.policy) == found.decision.plan
    assert [one.contact_id for one in found.decision.plan.contacts] == [made.contact_id]
    assert [one.decision_id for one in decision_log(world.bucket).of_customer("cus_anna", TODAY)] == [found.decision_id]
    (content,) = world.bucket.files.values()
    assert customer().email not in gzip.decompress(content).decode()


def test_why_something_was_announced_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    world = World(who=REFUSES)
    made = world.tell(made_event())
    assert made
    ((key, content),) = world.bucket.files.items()
    file = tmp_path / key
    file.parent.mkdir(parents=True)
    file.write_bytes(content)
    assert main(["explain", made.decisions[-1].decision_id, "--file", str(file)]) == 0
    said = capsys.readouterr().out
    assert "Announcement of 2026-11-23 for customer cus_anna after AgreementMade (evt_1)" in said
    assert "a message was planned: announcement 'agreement_copy' by portal about inv_a1." in said
    assert "agreement id: agr_1" in said
    assert ": the same." in said


# --- a notice that law demands and that does not arrive ---


def came_back(world: World, name: str, status: ContactStatus) -> Contact | None:
    """The newest contact did not reach its customer, and the bus says so, twice."""
    newest = list(world.store.contacts.values())[-1]
    lost = replace(newest, status=status, decisions=(*newest.decisions, replace(newest.decisions[0], allowed=False)))
    world.store.contacts[newest.contact_id] = lost
    event = contact_event(name, lost, NOW)
    found = world.tell(event)
    assert world.tell(event) is None
    return found


@pytest.mark.parametrize(
    ("name", "status"), [(CONTACT_BOUNCED, ContactStatus.BOUNCED), (CONTACT_REFUSED, ContactStatus.REFUSED)]
)
def test_a_copy_that_comes_back_goes_by_letter_and_then_to_the_portal(name: str, status: ContactStatus) -> None:
    world = World(who=replace(customer(), contact_points=POSTED))
    world.tell(made_event())
    ways = []
    for _ in range(2):
        again = came_back(world, name, status)
        assert again
        ways.append(again.channel)
    assert ways == [Channel.LETTER, Channel.PORTAL]
    assert came_back(world, name, status) is None
    assert len(world.store.contacts) == 3


def test_a_reminder_of_an_instalment_that_comes_back_is_left_at_that() -> None:
    world = World()
    data: dict[str, Scalar] = {"agreement_id": "agr_1", "instalment": 1, "is_debited": False}
    assert world.tell(Event("evt_2", INSTALMENT_DUE, "cus_anna", NOW, data))
    assert came_back(world, CONTACT_BOUNCED, ContactStatus.BOUNCED) is None


def test_a_copy_that_was_refused_on_every_channel_is_not_tried_again() -> None:
    world = World(who=held(HoldKind.BANKRUPTCY))
    refused = world.tell(made_event())
    assert refused
    assert refused.status is ContactStatus.REFUSED
    assert world.tell(contact_event(CONTACT_REFUSED, refused, NOW)) is None


# --- receipts and thanks ---


def paid_account(method: str) -> Account:
    to = (Direction("inv_a1", 10_000),)
    return account(overdue(5), Entry("pay_1", EntryKind.PAYMENT, "USD", 10_000, TODAY, NOW, method, "pi", to))


@pytest.mark.parametrize(
    ("method", "receipts", "thanks"),
    [("stripe", Receipts(), 0), ("camt053", Receipts(), 1), ("stripe", None, 1)],
)
def test_a_payment_gets_a_receipt_or_thanks_and_never_both(method: str, receipts: Receipts | None, thanks: int) -> None:
    policy = replace(POLICY, thanks=Thanks(), receipts=receipts)
    it, store = paid_account(method), InMemoryCollection(sent("due", 3))
    event = Event("evt_1", PAYMENT_APPLIED, "cus_anna", NOW, {"payment_id": "pay_1"})
    announce(event, InMemoryLedger(it), store, decision_log, policy, TODAY, NOW)
    state = store.state("cus_anna")
    found = plan_thanks(thanks_facts(it, state, TODAY, receipts), state, policy, TODAY, NOW).contacts
    assert len(found) == thanks
    assert [one.stage for one in store.contacts.values()].count("receipt") == 1 - thanks


def test_nobody_is_thanked_for_paying_after_an_announcement() -> None:
    policy = replace(POLICY, thanks=Thanks(), receipts=None)
    state = CollectionState((contact("instalment_due", 3, status=ContactStatus.SENT, sent_at=NOW - timedelta(days=3)),))
    it = paid_account("camt053")
    assert plan_thanks(thanks_facts(it, state, TODAY), state, policy, TODAY, NOW).contacts == ()


def test_a_validation_notice_whose_mail_bounced_goes_by_letter_and_covers_the_same_debts() -> None:
    who = replace(PERSON, contact_points=POSTED, region="NJ", postcode="07030")
    kind = Announced.VALIDATION_NOTICE.value
    bounced = sent(kind, 0, channel=Channel.EMAIL, template=kind, status=ContactStatus.BOUNCED)
    store, event = InMemoryCollection(bounced), contact_event(CONTACT_BOUNCED, bounced, NOW)
    ledger = InMemoryLedger(account(overdue(12), who=who))
    for _ in range(2):
        made = announce(event, ledger, store, lambda: decision_log(DecisionsBucket()), COLLECTOR, TODAY, NOW)
        if made:
            again = made
    assert (again.channel, again.status, again.invoice_ids) == (Channel.LETTER, ContactStatus.PLANNED, ("inv_a1",))
    assert len(store.contacts) == 2
