"""Sixty days of the shipped third party policy and of consumers in the United States, judged by the decisions kept."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest

from dunwell.accounts.contact_points import ContactPoint, PointKind
from dunwell.accounts.model import Channel, CustomerKind
from dunwell.compliance.model import Purpose
from dunwell.compliance.validation import notice_period_end
from dunwell.dates import business_date
from dunwell.ingestion.records import Receivable
from dunwell.ledger.change import Change
from dunwell.ledger.disputing import DisputeEnd, DisputeReason, dispute, end_disputes
from dunwell.ledger.model import Account
from dunwell.ledger.update import update
from dunwell.outreach.announced import Announced
from dunwell.outreach.asking import SkipReason
from dunwell.outreach.contact import Contact, ContactStatus
from dunwell.outreach.decisions import DispatchDecision
from dunwell.outreach.delivery import Feedback, Outcome, record_delivery
from tests.support.kept import Kept, lived
from tests.support.promising import Promising
from tests.support.season import LETTERS, Season

CUSTOMERS, DAYS = 80, 64
START = date(2026, 4, 6)
"""At the time of the pass it is day in all of the mainland."""
ADDRESSES_KNOWN, DISPUTED, VERIFIED = 0, 12, 56
"""Days of the season."""
NOTICE = Announced.VALIDATION_NOTICE.value
ZONE = "America/New_York"


class NobodyPromises(Promising):
    """Nobody agrees to anything."""

    def agree(self, customer_id: str, now: datetime) -> None:
        """Nobody does."""


class CollectedForAnother(Season):
    """Half of the consumers have a postal address, some dispute a debt in the period, and some mail bounces."""

    def __post_init__(self) -> None:
        self.promising = NobodyPromises(self.ledger, ZONE)

    def _happen(self) -> None:
        day = (self.now.date() - START).days
        for number, who in enumerate(self.customer_ids()):
            if self.ledger.load(who) is None:
                continue
            if day == ADDRESSES_KNOWN:
                update(self.ledger, who, lambda account: _with_proof(account, self.now))
            if day == ADDRESSES_KNOWN and number % 2 == 0:
                update(self.ledger, who, _with_home)
            if day == DISPUTED and number % 3 == 0:
                update(self.ledger, who, lambda account: _contested(account, self))
            if day == VERIFIED and number % 6 == 0:
                update(self.ledger, who, lambda account: _verified(account, self))
        for one in self._left():  # a message that waited for the morning leaves
            self.store.move(replace(one, send_after=None), ContactStatus.PLANNED)
            self.store.planned.append(one)

    def _left(self) -> list[Contact]:
        found = (one for who in self.customer_ids() for one in self.store.state(who).contacts)
        return [one for one in found if one.status is ContactStatus.PLANNED and one.send_after]

    def _report(self, contact: Contact) -> None:
        """Every other first mail to a customer comes back, when it is a notice."""
        contacts = self.store.state(contact.customer_id).contacts
        first = contact.stage == NOTICE and not any(one.status is ContactStatus.BOUNCED for one in contacts)
        odd = self.customer_ids().index(contact.customer_id) % 4 == 1
        if contact.channel is not Channel.EMAIL or not (first and odd):
            return super()._report(contact)
        address = f"{contact.customer_id}@was.example"  # one that heals: the address itself is not spoilt
        told = Feedback(contact.customer_id, contact.contact_id, Outcome.BOUNCED, address, "", self.now, False)
        record_delivery(told, self.ledger, self.store, self.tasks)
        return None


def _with_proof(account: Account, at: datetime) -> Change:
    """The consumer used their e-mail address with the collector, which may write there then."""
    who = account.customer
    return Change(account, who.with_proof(who.email, at) if who.email else None)


def _with_home(account: Account) -> Change:
    home = ContactPoint(PointKind.POSTAL, "12 Mill Lane\nSpringfield", source="agent")
    who = account.customer
    return Change(account, replace(who, contact_points=(*who.contact_points, home), legal_entity="Acme Heating"))


def _contested(account: Account, lived: Season) -> Change:
    free = [one.invoice.invoice_id for one in account.open_invoices if one.is_collectable]
    if not free:
        return Change(account)
    today = lived.now.date()
    return dispute(account, free[0], None, DisputeReason.NOT_MINE, key="d", note="not mine", on=today, at=lived.now)


def _verified(account: Account, lived: Season) -> Change:
    change = Change(account)
    for one in account.open_invoices:
        named, today = one.invoice.invoice_id, lived.now.date()
        ended = end_disputes(change.applied(), named, DisputeEnd.VERIFIED, agent="ada", on=today, at=lived.now)
        change = change if ended.is_empty else change.then(ended)
    return replace(change, account=account)


def _books(row: Receivable) -> Receivable | None:
    """Consumers in the United States, who stop paying when the season begins."""
    who, invoice = row.customer, row.invoice
    if who.customer_kind is not CustomerKind.PERSON or who.country != "US":
        return None
    pays = invoice.settled_on and invoice.settled_on < START
    return row if pays else replace(row, invoice=replace(invoice, settled_on=None))


@pytest.fixture(scope="module")
def kept() -> Iterator[Kept]:
    books = (CollectedForAnother, _books)
    with lived(CUSTOMERS, START, DAYS, range(30, 33), "us_consumer_third_party", *books) as found:
        yield found


def _came_back(kept: Kept) -> set[str]:
    """Contacts that bounced, as later decisions tell."""
    told = (contact for one in kept.planned() for contact in one.state.contacts)
    return {one.contact_id for one in told if one.status is ContactStatus.BOUNCED}


def _notices(kept: Kept) -> dict[str, DispatchDecision]:
    """The first notice of each invoice that did not come back."""
    found: dict[str, DispatchDecision] = {}
    back = _came_back(kept)
    for one in kept.sent():
        if one.purpose is Purpose.VALIDATION_NOTICE and one.contact_id not in back:
            for invoice_id in one.invoice_ids:
                found.setdefault(invoice_id, one)
    return found


def _reminders(kept: Kept) -> list[DispatchDecision]:
    return [one for one in kept.sent() if one.purpose is Purpose.COLLECTION]


def _day(one: DispatchDecision) -> date:
    return business_date(one.now, ZONE)


def _last_day(notice: DispatchDecision) -> date:
    return notice_period_end(_day(notice), by_post=notice.channel is Channel.LETTER)


def test_every_decision_made_again_is_the_same(kept: Kept) -> None:
    assert kept.differing() == []


def test_the_first_thing_said_about_each_debt_is_its_notice(kept: Kept) -> None:
    spoken: set[str] = set()
    for one in kept.sent():
        if one.purpose is Purpose.COLLECTION:
            assert spoken.issuperset(one.invoice_ids), one.contact_id
        spoken.update(one.invoice_ids)
    assert len(spoken) > 20


def test_no_debt_is_asked_for_before_the_last_day_to_dispute_it_is_over(kept: Kept) -> None:
    notices = _notices(kept)
    for one in _reminders(kept):
        for invoice_id in one.invoice_ids:
            assert _last_day(notices[invoice_id]) < _day(one), one.contact_id
    assert {one.channel for one in notices.values()} == {Channel.LETTER, Channel.EMAIL}
    assert len(_reminders(kept)) > 5, "after it they are"


def test_nothing_is_handed_on_before_either(kept: Kept) -> None:
    notices = _notices(kept)
    for one in kept.planned():
        for event in one.plan.escalations:
            assert _last_day(notices[str(event.data["oldest_invoice_id"])]) < one.as_of


def test_each_debt_has_one_notice_unless_one_came_back(kept: Kept) -> None:
    back, seen = _came_back(kept), set[str]()
    for one in kept.sent():
        if one.purpose is Purpose.VALIDATION_NOTICE and one.contact_id not in back:
            assert seen.isdisjoint(one.invoice_ids), one.contact_id
            seen.update(one.invoice_ids)
    assert back


def test_within_five_days_of_a_notice_that_came_back_there_is_another_or_nothing_else(kept: Kept) -> None:
    again = 0
    notices = _notices(kept)
    for one in kept.sent():
        if one.contact_id in _came_back(kept) and one.purpose is Purpose.VALIDATION_NOTICE:
            for invoice_id in one.invoice_ids:
                if invoice_id in notices:
                    again += 1
                    assert _day(notices[invoice_id]) - _day(one) <= timedelta(days=5)
    assert again


def test_silence_in_the_period_is_explained(kept: Kept) -> None:
    reasons = [skipped.reason for one in kept.planned() for skipped in one.plan.skipped]
    assert reasons.count(SkipReason.VALIDATION) > 100


def test_what_is_disputed_is_not_asked_for_until_verification_was_sent(kept: Kept) -> None:
    stopped, later = set[str](), set[str]()
    for one in kept.sent():
        for item in one.facts.open_invoices:
            if item.disputed_minor and not item.is_collectable:
                stopped.add(item.invoice.invoice_id)
                assert item.invoice.invoice_id not in one.invoice_ids, one.contact_id
    verified_on = START + timedelta(days=VERIFIED)
    for decision in kept.planned():
        for item in decision.facts.open_invoices:
            if item.disputed_minor and not item.is_collectable:
                stopped.add(item.invoice.invoice_id)
                assert all(item.invoice.invoice_id not in one.invoice_ids for one in decision.plan.contacts)
        if decision.as_of >= verified_on:
            later.update(i for one in decision.plan.contacts for i in one.invoice_ids)
    assert stopped
    assert later & stopped, "after it, it is asked for again"


def test_every_letter_that_was_cleared_lies_in_the_outbox(kept: Kept) -> None:
    s3 = kept.emulator.client("s3")
    keys = [
        one["Key"] for page in s3.get_paginator("list_objects_v2").paginate(Bucket=LETTERS) for one in page["Contents"]
    ]
    letters = {one.contact_id for one in kept.sent() if one.channel is Channel.LETTER}
    assert {key.rpartition("/")[2].removesuffix(".pdf") for key in keys} == letters
