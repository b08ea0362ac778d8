"""A hundred and twenty days of two hundred customers, judged by nothing but the decisions that were kept."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from dunwell.accounts.model import Channel, CustomerKind
from dunwell.dates import business_date
from dunwell.ledger.agreements import AgreementKind, AgreementStatus
from dunwell.outreach.asking import SkipReason
from dunwell.outreach.contact import REACHED_CUSTOMER, Contact, ContactStatus
from dunwell.outreach.decisions import AccountFacts, DispatchDecision
from tests.support.kept import Kept, lived

CUSTOMERS, DAYS = 200, 120
START = date(2026, 2, 2)
OUTAGE = range(50, 62)
"""Over the change to summer time, which the portfolio's countries make on different days."""
DAWN, NIGHT = 8, 21


@pytest.fixture(scope="module")
def kept() -> Iterator[Kept]:
    with lived(CUSTOMERS, START, DAYS, OUTAGE) as found:
        yield found


def test_every_decision_is_as_it_was_kept_and_made_again_is_the_same(kept: Kept) -> None:
    assert kept.differing() == []


def test_on_every_day_of_the_pass_every_currency_has_a_message_or_a_reason_for_silence(kept: Kept) -> None:
    days = {one.as_of for one in kept.planned()}
    assert days == set(kept.season.passes)
    assert len(days) == DAYS - len(OUTAGE)
    for one in kept.planned():
        said = [contact.currency for contact in one.plan.contacts]
        silent = [skipped.currency for skipped in one.plan.skipped]
        open_in = {item.invoice.currency for item in one.facts.open_invoices}
        assert sorted(said + silent) == sorted(open_in), one.customer_id
        for contact in one.plan.contacts:
            if contact.status is ContactStatus.REFUSED:
                assert contact.decisions[-1].reason_code not in ("", "OK")


def test_every_planned_message_was_decided_again_before_it_left(kept: Kept) -> None:
    asked = {one.contact_id for one in kept.dispatched()}
    planned = {c.contact_id for one in kept.planned() for c in one.plan.contacts if c.status is ContactStatus.PLANNED}
    assert asked == planned


def test_nobody_is_written_to_under_a_hold_or_on_a_channel_that_they_refused(kept: Kept) -> None:
    for one in kept.sent():
        customer = one.facts.customer
        assert one.channel not in customer.opted_out
        in_force = [hold.kind for hold in customer.holds if hold.in_force(one.now)]
        assert not {"bankruptcy", "deceased"} & set(in_force), one.contact_id
        if customer.kind is CustomerKind.PERSON:
            assert not {"cease", "dispute_written"} & set(in_force), one.contact_id
        if one.channel is Channel.SMS:
            assert customer.consent(Channel.SMS), one.contact_id


def test_nobody_is_disturbed_at_night(kept: Kept) -> None:
    checked = 0
    for one in kept.sent():
        customer = one.facts.customer
        if not customer.timezone or (one.channel is Channel.EMAIL and customer.kind is not CustomerKind.PERSON):
            continue
        checked += 1
        assert DAWN <= one.now.astimezone(ZoneInfo(customer.timezone)).hour < NIGHT, one.contact_id
    assert checked > 50
    assert any(not one.record.allowed and "QUIET" in one.record.reason_code for one in kept.dispatched())


def test_what_leaves_says_how_to_stop(kept: Kept) -> None:
    for one in kept.sent():
        assert one.words is not None
        assert one.words.opt_out_notice, one.contact_id


def test_between_two_messages_to_a_customer_there_is_the_gap_of_the_policy(kept: Kept) -> None:
    gap = timedelta(days=kept.season.policy.min_gap_days)
    for messages in _reached(kept).values():
        days = sorted(message.planned_on for message in messages)
        by_day = sorted(set(days))
        assert all(later - earlier >= gap for earlier, later in pairwise(by_day))
        currencies = [(message.planned_on, message.currency) for message in messages]
        assert len(currencies) == len(set(currencies)), "one message a customer, currency and day"


def test_each_stage_came_once_and_in_order_about_each_oldest_invoice(kept: Kept) -> None:
    policy, seen = kept.season.policy, set()
    for messages in _reached(kept).values():
        anchors: dict[tuple[str, str], list[Contact]] = defaultdict(list)
        for message in sorted(messages, key=lambda one: one.planned_on):
            anchors[message.currency, message.invoice_ids[0]].append(message)
        for said in anchors.values():
            ranks = [policy.severity(one.stage) for one in said]
            assert ranks == sorted(ranks), [one.stage for one in said]
            for earlier, later in pairwise(said):
                repeats = policy.stages[policy.severity(later.stage)].repeat_after_days
                if earlier.stage == later.stage:
                    assert repeats, "a stage that is not repeated came twice"
                    assert (later.planned_on - earlier.planned_on).days >= repeats
            seen |= {one.stage for one in said}
    assert seen == {stage.name for stage in policy.stages}


def test_after_the_outage_nobody_gets_two_messages_for_the_days_that_were_missed(kept: Kept) -> None:
    again = START + timedelta(days=OUTAGE.stop)
    first_days = [
        sum(again <= message.planned_on < again + timedelta(days=3) for message in messages)
        for messages in _reached(kept).values()
    ]
    assert max(first_days) == 1


def test_nobody_goes_to_an_agent_without_a_warning_that_reached_them(kept: Kept) -> None:
    warning, escalated = kept.season.policy.escalation.after_stage, 0
    for one in kept.planned():
        for event in one.plan.escalations:
            escalated += 1
            warned = [c for c in one.state.contacts if c.stage == warning and c.status in REACHED_CUSTOMER]
            assert any(c.currency == event.data["currency"] for c in warned), one.customer_id
    assert escalated


def test_promises_and_plans_were_made_and_some_of_each_kept_and_broken(kept: Kept) -> None:
    became = kept.season.promising.became(kept.season.customer_ids())
    for kind in (AgreementKind.PROMISE, AgreementKind.PLAN):
        assert became[kind, AgreementStatus.COMPLETED], became
        assert became[kind, AgreementStatus.BROKEN], became


def test_nobody_is_asked_for_what_they_agreed_about_while_that_stands(kept: Kept) -> None:
    silent = 0
    for one in kept.planned():
        agreed = _agreed(one.facts, one.as_of)
        for contact in one.plan.contacts:
            assert agreed.isdisjoint(contact.invoice_ids), contact.contact_id
        for event in one.plan.escalations:
            assert event.data["oldest_invoice_id"] not in agreed, one.customer_id
        silent += any(skipped.reason is SkipReason.AGREED for skipped in one.plan.skipped)
    for sent in kept.sent():
        assert _agreed(sent.facts, _day(sent, kept)).isdisjoint(sent.invoice_ids), sent.contact_id
    assert silent > 20
    assert any(one.record.reason_code == "AGREED" for one in kept.dispatched()), "somebody agreed just before it left"


def test_messages_go_on_about_what_is_still_owed_after_an_agreement_broke(kept: Kept) -> None:
    paused_on: dict[str, date] = {}
    for one in kept.planned():
        for invoice_id in _agreed(one.facts, one.as_of):
            paused_on[invoice_id] = max(one.as_of, paused_on.get(invoice_id, one.as_of))
    again = [one for one in kept.sent() for i in one.invoice_ids if i in paused_on and _day(one, kept) > paused_on[i]]
    assert again


def _agreed(facts: AccountFacts, on: date) -> set[str]:
    return {invoice_id for one in facts.agreements if one.pauses(on) for invoice_id in one.invoice_ids}


def _day(sent: DispatchDecision, kept: Kept) -> date:
    return business_date(sent.now, kept.season.policy.creditor.timezone)


def _reached(kept: Kept) -> Mapping[str, list[Contact]]:
    """The messages that reached each customer, from decisions alone: the newest later decision says what became of one;
    of the last ones no later decision tells, so that they count as what they were when they left.
    """
    known: dict[str, tuple[datetime, Contact]] = {}
    planned = {c.contact_id: c for one in kept.planned() for c in one.plan.contacts}
    for sent in kept.sent():
        known[sent.contact_id] = (sent.now, planned[sent.contact_id])
    reached = set(known)
    for one in kept.planned():
        for contact in one.state.contacts:
            if contact.contact_id in known and one.now >= known[contact.contact_id][0]:
                known[contact.contact_id] = (one.now, contact)
                if contact.status in REACHED_CUSTOMER:
                    reached.add(contact.contact_id)
                else:
                    reached.discard(contact.contact_id)
    found: dict[str, list[Contact]] = defaultdict(list)
    for contact_id, (_, contact) in known.items():
        if contact_id in reached:
            found[contact.customer_id].append(contact)
    return found
