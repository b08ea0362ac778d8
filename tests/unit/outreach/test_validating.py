"""A third party's validation notice to a consumer in the United States: first, once, and nobody is pressed after it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dunwell.accounts.contact_points import contact_points
from dunwell.accounts.model import Channel, Customer, CustomerKind, Hold
from dunwell.compliance.model import Party, ReasonCode
from dunwell.compliance.validation import notice_period_end, requires_notice, validation_period_end
from dunwell.ledger.disputing import DisputeReason, dispute
from dunwell.ledger.model import Account
from dunwell.outreach.announce import plan_announcement
from dunwell.outreach.announced import Announced
from dunwell.outreach.announcements import Announcement
from dunwell.outreach.asking import SkipReason
from dunwell.outreach.contact import Contact, ContactStatus
from dunwell.outreach.decisions import planned
from dunwell.outreach.permission import NO_ADDRESS, may_contact
from dunwell.outreach.plan import AccountPlan, plan_account
from dunwell.outreach.planning import Skipped
from dunwell.outreach.policy import Conditions, EscalationRule, Policy, Stage, Tone
from dunwell.outreach.ports import CollectionState
from dunwell.outreach.preview import days_between
from dunwell.outreach.validating import MOST_DEBTS, debt_facts, on_record
from tests.support.dispatching import World
from tests.support.outreach import NOW, POLICY, TODAY, contact, overdue, sent
from tests.support.portal import LICENSED, account, customer, proved

NOTICE = Announced.VALIDATION_NOTICE.value
ZONE = ZoneInfo("America/New_York")
PRESSING = replace(
    POLICY,
    creditor=replace(POLICY.creditor, party="third", licences=LICENSED, owed_to="Acme Inc"),
    stages=(
        Stage("due", Conditions(1), (Channel.LETTER, Channel.EMAIL)),
        Stage("final", Conditions(1, risk_permille=1), (Channel.EMAIL, Channel.CALL), Tone.FINAL, repeat_after_days=1),
    ),
    escalation=EscalationRule(after_stage="due", silent_days=0, days_past_due=1, min_risk_permille=0),
    min_gap_days=0,
    patience_permille=0,
)
"""A third party's policy that would press as hard as a policy can say, from the first day on."""
HOME = "12 Mill Lane\nBrooklyn NY 11201"
ANNA = proved(
    customer(
        kind=CustomerKind.PERSON,
        region="NJ",
        postcode="07030",
        contact_points=contact_points(email="anna@bakery.example", postal=HOME),
    )
)
ONLY_MAIL = proved(replace(ANNA, contact_points=contact_points(email="anna@bakery.example")))


def plan(
    owing: Account, *contacts: Contact, policy: Policy = PRESSING, as_of: date = TODAY, **known: Any
) -> AccountPlan:
    at = datetime.combine(as_of, time(10), ZONE).astimezone(UTC)
    return plan_account(owing, CollectionState(contacts, 700, "m", **known), policy, as_of, at)


def notice(days_ago: int = 0, channel: Channel = Channel.LETTER, **changes: Any) -> Contact:
    return sent(NOTICE, days_ago, channel=channel, template=NOTICE, **changes)


def told(made: AccountPlan) -> list[tuple[str, Channel, ContactStatus, tuple[str, ...]]]:
    return [(one.stage, one.channel, one.status, one.invoice_ids) for one in made.contacts]


def a_letter(*invoice_ids: str) -> tuple[str, Channel, ContactStatus, tuple[str, ...]]:
    return NOTICE, Channel.LETTER, ContactStatus.PLANNED, invoice_ids


SILENT = (Skipped("USD", SkipReason.VALIDATION),)


# --- who needs one ---


@pytest.mark.parametrize(
    ("party", "consumer", "places", "needs"),
    [
        (Party.THIRD, True, {"US", "US-NJ"}, True),
        (Party.FIRST, True, {"US", "US-NJ"}, False),
        (Party.THIRD, False, {"US"}, False),
        (Party.THIRD, True, {"CA", "CA-ON"}, False),
        (Party.THIRD, True, set(), False),
    ],
)
def test_only_a_third_party_owes_it_to_consumers_in_the_united_states(
    party: Party, consumer: bool, places: set[str], needs: bool
) -> None:
    assert requires_notice(party, consumer, frozenset(places)) is needs


@pytest.mark.parametrize(
    ("who", "policy"),
    [
        (replace(ANNA, kind=CustomerKind.BUSINESS), PRESSING),
        (replace(ANNA, country="GB", region="", postcode=""), PRESSING),
        (ANNA, replace(PRESSING, creditor=POLICY.creditor)),
    ],
)
def test_nobody_else_waits_for_it(who: Customer, policy: Policy) -> None:
    made = plan(account(overdue(12), who=who), policy=policy)
    assert [one.stage for one in made.contacts] == ["due"]


def test_territories_are_in_the_united_states() -> None:
    lives = replace(ANNA, country="PR", region="", postcode="")
    assert told(plan(account(overdue(12), who=lives))) == [a_letter("inv_a1")]


# --- the notice instead of the first reminder ---


def test_a_debt_without_a_notice_gets_one_by_letter_and_no_reminder() -> None:
    made = plan(account(overdue(90), who=ANNA))
    assert told(made) == [a_letter("inv_a1")]
    assert made.skipped == ()
    assert made.escalations == ()


def test_it_goes_by_letter_whatever_the_customer_prefers() -> None:
    prefers = replace(ANNA, preferred_channel=Channel.EMAIL)
    assert told(plan(account(overdue(12), who=prefers))) == [a_letter("inv_a1")]


def test_it_goes_by_mail_where_no_letter_can_and_nothing_was_said_before() -> None:
    made = plan(account(overdue(12), who=ONLY_MAIL))
    assert told(made) == [(NOTICE, Channel.EMAIL, ContactStatus.PLANNED, ("inv_a1",))]


def test_it_does_not_follow_by_mail_what_was_said_before_without_written_consent() -> None:
    made = plan(account(overdue(12), who=ONLY_MAIL), sent("due", 2))
    assert told(made) == [(NOTICE, Channel.EMAIL, ContactStatus.REFUSED, ("inv_a1",))]
    assert made.contacts[0].decisions[-1].reason_code == ReasonCode.ESIGN_CONSENT
    assert "DELIVERY" in made.contacts[0].decisions[-1].rules


def test_without_any_address_it_is_refused_and_the_debt_is_not_asked_for_either() -> None:
    nowhere = replace(ANNA, contact_points=())
    made = plan(account(overdue(12), who=nowhere))
    assert told(made) == [(NOTICE, Channel.LETTER, ContactStatus.REFUSED, ("inv_a1",))]
    assert made.contacts[0].decisions[-1].reason_code == NO_ADDRESS


def test_what_is_refused_is_told_once_and_goes_as_soon_as_it_may() -> None:
    owing = account(overdue(12), who=replace(ANNA, contact_points=()))
    (refused,) = plan(owing).contacts
    tomorrow = TODAY + timedelta(days=1)
    assert plan(owing, refused, as_of=tomorrow).contacts == ()
    assert plan(owing, refused, as_of=tomorrow).skipped == SILENT
    found = replace(owing, customer=ANNA)
    assert told(plan(found, refused, as_of=tomorrow)) == [a_letter("inv_a1")]


def test_what_is_refused_for_one_debt_does_not_silence_another() -> None:
    owing = account(overdue(90), overdue(12, "A2"), who=ONLY_MAIL)
    begun = sent("due", 2, invoice_ids=("inv_a2",))
    first = notice(60, Channel.EMAIL)
    (refused,) = plan(owing, first, begun).contacts
    assert (refused.status, refused.invoice_ids) == (ContactStatus.REFUSED, ("inv_a2",))
    made = plan(owing, first, begun, refused, as_of=TODAY + timedelta(days=1))
    assert [(one.stage, one.invoice_ids) for one in made.contacts] == [("due", ("inv_a1",))]


def test_what_is_not_asked_for_gets_no_notice() -> None:
    not_yet_due = account(overdue(-3), who=ANNA)
    trifle = account(overdue(12, amount_minor=50), who=ANNA)
    held = account(overdue(12), who=replace(ANNA, holds=(Hold("complaint", "inv_a1", NOW - timedelta(days=1)),)))
    reasons = [plan(one).skipped[0].reason for one in (not_yet_due, trifle, held)]
    assert reasons == [SkipReason.NOT_DUE, SkipReason.WITHIN_TOLERANCE, SkipReason.ON_HOLD]


def test_what_something_was_said_about_gets_its_notice_though_it_is_not_asked_for() -> None:
    copied = sent("agreement_copy", 1)
    assert told(plan(account(overdue(-3), who=ANNA), copied)) == [a_letter("inv_a1")]


def test_neither_a_case_nor_a_message_under_way_delays_it() -> None:
    assert told(plan(account(overdue(12), who=ANNA), currencies_in_case=frozenset({"USD"}))) == [a_letter("inv_a1")]
    assert told(plan(account(overdue(12), who=ANNA), contact("due", 0))) == [a_letter("inv_a1")]


def test_each_currency_has_its_own_and_a_long_list_has_several() -> None:
    many = [overdue(40, f"B{number}") for number in range(MOST_DEBTS + 1)]
    made = plan(account(*many, overdue(9, "E1", currency="EUR"), who=ANNA))
    assert [(one.currency, len(one.invoice_ids)) for one in made.contacts] == [("EUR", 1), ("USD", 12), ("USD", 1)]
    assert len({one.contact_id for one in made.contacts}) == 3


def test_it_is_planned_once_as_long_as_it_is_on_its_way_or_on_record() -> None:
    owing = account(overdue(12), who=ANNA)
    (first,) = plan(owing).contacts
    assert plan(owing).contacts == (first,)
    assert plan(owing, first).skipped == (Skipped("USD", SkipReason.UNDER_WAY),)
    assert plan(owing, notice(1)).skipped == SILENT


@pytest.mark.parametrize("status", [ContactStatus.BOUNCED, ContactStatus.REFUSED, ContactStatus.UNCONFIRMED])
def test_one_that_came_back_or_may_not_have_left_is_none(status: ContactStatus) -> None:
    made = plan(account(overdue(12), who=ANNA), notice(3, Channel.EMAIL, status=status))
    assert told(made) == [a_letter("inv_a1")]


def test_a_debt_that_arrives_later_gets_its_own() -> None:
    owing = account(overdue(90), overdue(5, "A2"), who=ANNA)
    assert told(plan(owing, notice(20))) == [a_letter("inv_a2")]
    made = plan(owing, notice(60), notice(2, invoice_ids=("inv_a2",)))
    assert [(one.stage, one.invoice_ids) for one in made.contacts] == [("due", ("inv_a1",))], "its time is over"


# --- nothing overshadows it ---


def test_the_period_counts_from_the_day_on_which_a_letter_is_posted() -> None:
    written = date(2026, 3, 2)
    assert notice_period_end(written, by_post=False) == validation_period_end(written) == date(2026, 4, 8)
    assert notice_period_end(written, by_post=True) == validation_period_end(date(2026, 3, 4)) == date(2026, 4, 10)


@pytest.mark.parametrize(("channel", "silent_days"), [(Channel.LETTER, 40), (Channel.EMAIL, 38)])
def test_the_first_reminder_comes_the_day_after_the_last_day_to_dispute(channel: Channel, silent_days: int) -> None:
    owing = account(overdue(90), who=ANNA)
    last = TODAY + timedelta(days=silent_days)
    assert plan(owing, notice(0, channel), as_of=last).skipped == SILENT
    assert not plan(owing, notice(0, channel), as_of=last).escalations
    assert [one.stage for one in plan(owing, notice(0, channel), as_of=last + timedelta(days=1)).contacts] == ["due"]


@dataclass
class Life:
    """A consumer's account day by day; what is planned is sent at once, and some of it comes back."""

    owing: Account
    policy: Policy
    fails: Sequence[bool]
    contacts: list[Contact] = field(default_factory=list)
    days: list[tuple[date, AccountPlan]] = field(default_factory=list)

    def live(self, first: date, last: date) -> "Life":
        for number, day in enumerate(days_between(first, last)):
            made = plan(self.owing, *self.contacts, policy=self.policy, as_of=day)
            self.days.append((day, made))
            at = datetime.combine(day, time(11), ZONE).astimezone(UTC)
            for one in made.contacts:
                fails = self.fails[number % len(self.fails)]
                status = ContactStatus.BOUNCED if fails else ContactStatus.DELIVERED
                if one.status is ContactStatus.PLANNED:
                    self.contacts.append(replace(one, status=status, sent_at=at))
        return self

    def reminders(self) -> Iterator[tuple[date, Contact]]:
        for day, made in self.days:
            yield from ((day, one) for one in made.contacts if one.stage != NOTICE)


policies = st.builds(
    lambda gap, tone, days, silent: replace(
        PRESSING,
        min_gap_days=gap,
        stages=(replace(PRESSING.stages[0], when=Conditions(days), tone=tone), *PRESSING.stages[1:2])
        if tone in (Tone.FRIENDLY, Tone.NEUTRAL)
        else (replace(PRESSING.stages[0], when=Conditions(days), tone=tone, repeat_after_days=1),),
        escalation=replace(PRESSING.escalation, silent_days=silent),
    ),
    st.integers(0, 20),
    st.sampled_from(list(Tone)),
    st.just(1),
    st.integers(0, 10),
)


@settings(max_examples=50)
@given(
    policy=policies,
    ages=st.lists(st.integers(-30, 200), min_size=1, max_size=4),
    fails=st.lists(st.booleans(), min_size=1, max_size=4).filter(lambda found: not all(found)),
)
def test_whatever_a_policy_says_each_debt_is_asked_for_only_after_its_notices_last_day(
    policy: Policy, ages: list[int], fails: list[bool]
) -> None:
    owing = account(*(overdue(age, f"C{number}") for number, age in enumerate(ages)), who=ANNA)
    life = Life(owing, policy, fails).live(TODAY, TODAY + timedelta(days=60))
    noticed = on_record(life.contacts)
    for day, one in life.reminders():
        for invoice_id in one.invoice_ids:
            sent_on = noticed[invoice_id].at.astimezone(ZONE).date()
            assert notice_period_end(sent_on, by_post=noticed[invoice_id].by_post) < day
    for day, made in life.days:
        for event in made.escalations:
            record = noticed[str(event.data["oldest_invoice_id"])]
            assert notice_period_end(record.at.astimezone(ZONE).date(), by_post=record.by_post) < day
    assert noticed, "what is past due gets its notice within days"


# --- what the contact rules are told ---


def test_the_rules_know_when_debts_were_first_spoken_of_and_when_their_notices_went_out() -> None:
    both = ("inv_a1", "inv_a2")
    assert debt_facts((), both).initial_communication_at is None
    begun = sent("due", 9)
    facts = debt_facts((begun,), both)
    assert (facts.initial_communication_at, facts.validation_notice_sent_at) == (begun.sent_at, None)
    first, second = notice(8), notice(3, invoice_ids=("inv_a2",))
    assert debt_facts((begun, first), both).validation_notice_sent_at is None
    assert debt_facts((begun, first), both).initial_communication_at is None, "of the second nothing was said yet"
    whole = debt_facts((begun, first, second), both)
    assert (whole.initial_communication_at, whole.validation_notice_sent_at) == (begun.sent_at, second.sent_at)


def test_after_five_days_without_a_notice_nothing_else_may_go() -> None:
    def reason(days: int, *contacts: Contact) -> str:
        now = NOW + timedelta(days=days)
        return may_contact(ANNA, contacts, Channel.LETTER, ("inv_a1",), PRESSING, now).reason_code

    assert reason(5, sent("due", 0)) == "OK"
    assert reason(6, sent("due", 0)) == ReasonCode.VALIDATION_NOTICE_OVERDUE
    assert reason(6, sent("due", 0), notice(0)) == "OK"


def test_a_notice_that_bounced_goes_by_letter_and_one_that_was_returned_by_mail() -> None:
    one = Announcement(Announced.VALIDATION_NOTICE, "x#email", "USD", ("inv_a1",), {}, (Channel.LETTER,))
    state = CollectionState((notice(1, Channel.EMAIL, status=ContactStatus.BOUNCED),))
    (made,) = plan_announcement(ANNA, state, one, PRESSING, TODAY, NOW).contacts
    assert (made.channel, made.status) == (Channel.LETTER, ContactStatus.PLANNED)
    back = CollectionState((notice(9, status=ContactStatus.BOUNCED),))
    (made,) = plan_announcement(ANNA, back, replace(one, only=(Channel.EMAIL,)), PRESSING, TODAY, NOW).contacts
    assert (made.channel, made.status) == (Channel.EMAIL, ContactStatus.PLANNED), "what came back began nothing"


# --- a dispute in the period ---


def test_a_dispute_stops_the_disputed_debt_and_leaves_the_other() -> None:
    owing = account(overdue(90), overdue(80, "A2"), who=ANNA)
    at = NOW - timedelta(days=50)
    contested = dispute(
        owing, "inv_a1", None, DisputeReason.NOT_MINE, key="k", note="not mine", on=at.date(), at=at
    ).applied()
    noticed = notice(60, invoice_ids=("inv_a1", "inv_a2"))
    made = plan(contested, noticed)
    assert [(one.stage, one.invoice_ids) for one in made.contacts] == [("due", ("inv_a2",))]
    record = may_contact(contested.customer, (noticed,), Channel.LETTER, ("inv_a1",), PRESSING, NOW)
    assert record.reason_code == ReasonCode.DISPUTE_PENDING_VERIFICATION


# --- just before it leaves ---


def at_dispatch(owing: Account) -> World:
    """A planned letter about both debts of Anna's."""
    both = ("inv_a1", "inv_a2")
    return World(owing, stage=NOTICE, template=NOTICE, channel=Channel.LETTER, invoice_ids=both)


def test_what_was_contested_since_is_not_in_the_notice_and_has_had_none() -> None:
    owing = account(overdue(90), overdue(80, "A2"), who=ANNA)
    how: dict[str, Any] = {"key": "k", "note": "", "on": TODAY, "at": NOW}
    world = at_dispatch(dispute(owing, "inv_a1", None, DisputeReason.NOT_MINE, **how).applied())
    assert world.dispatch() is ContactStatus.SENT
    assert world.kept.invoice_ids == ("inv_a2",)
    assert [one.invoice.invoice_id for one in world.box.messages[0].invoices] == ["inv_a2"]
    assert on_record([world.kept]).keys() == {"inv_a2"}
    assert world.dispatch() is ContactStatus.SENT
    assert len(world.box.messages) == 1


def test_a_notice_of_debts_that_are_paid_does_not_leave() -> None:
    world = at_dispatch(account(who=ANNA))
    assert world.dispatch() is ContactStatus.CANCELLED
    assert world.box.messages == []


# --- kept and decided again ---


@pytest.mark.parametrize("contacts", [(), (notice(5),), (notice(60),), (sent("due", 3),)])
def test_a_decision_is_made_again_from_what_was_kept(contacts: tuple[Contact, ...]) -> None:
    owing = account(overdue(90), who=ANNA)
    kept = planned(owing, CollectionState(contacts, 700, "m"), PRESSING, TODAY, NOW)
    assert kept.again(PRESSING) == kept.plan
    assert kept.plan.contacts or kept.plan.skipped or kept.plan.escalations
