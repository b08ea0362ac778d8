"""Which messages are due for an account today, and when it goes to an agent."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dunwell.accounts.model import Channel, Hold
from dunwell.ledger.debits import AttemptStatus, DebitAttempt
from dunwell.ledger.entry import Direction, Entry, EntryKind
from dunwell.ledger.model import Account, Instalment, Invoice
from dunwell.outreach.contact import UNDER_WAY, Contact, ContactStatus
from dunwell.outreach.planning import DueContact, Skipped, SkipReason, considered, escalations_due
from dunwell.outreach.policy import Conditions, Consolidation, Policy, Stage
from dunwell.outreach.ports import CollectionState
from tests.support.agreements import agreement, attempt, method
from tests.support.ledger import Facts, in_dispute, paid
from tests.support.outreach import NOW, POLICY, TODAY, contact, overdue, sent
from tests.support.portal import account, customer


def due_of(found: list[DueContact | Skipped]) -> list[DueContact]:
    return [one for one in found if isinstance(one, DueContact)]


def due(*invoices: Facts, contacts: tuple[Contact, ...] = (), **state: Any) -> list[tuple[str, str, list[str]]]:
    """Currency, stage and invoice numbers of the messages due."""
    found = due_of(considered(account(*invoices), CollectionState(contacts, **state), POLICY, TODAY))
    return [(one.currency, one.stage.name, [item.invoice.number for item in one.invoices]) for one in found]


def escalated(*invoices: Facts, contacts: tuple[Contact, ...], risk: int | None = 700, **state: Any) -> list[str]:
    found = escalations_due(account(*invoices), CollectionState(contacts, risk, "1", **state), POLICY, TODAY)
    return [item.invoice.number for _, item in found]


@pytest.mark.parametrize(
    ("days", "stages"),
    [(-8, []), (-7, ["upcoming"]), (0, ["upcoming"]), (1, ["due"]), (10, ["firm"]), (20, ["final"]), (400, ["final"])],
)
def test_the_stage_follows_the_age_of_the_oldest_invoice(days: int, stages: list[str]) -> None:
    assert [stage for _, stage, _ in due(overdue(days))] == stages


def test_one_message_a_currency_lists_everything_that_is_due_for_one_oldest_first() -> None:
    invoices = overdue(-30, "N"), overdue(3, "B"), overdue(12, "A"), overdue(2, "E", currency="EUR")
    assert due(*invoices) == [("EUR", "due", ["E"]), ("USD", "firm", ["A", "B"])]
    assert due(overdue(-3, "B"), overdue(-7, "A"), overdue(-8, "N")) == [("USD", "upcoming", ["B", "A"])]


@pytest.mark.parametrize("day", [0, -1, -7])
def test_what_is_not_past_due_is_not_listed_where_words_call_it_so(day: int) -> None:
    assert due(overdue(day, "B", 900_000), overdue(24, "A", 1_000)) == [("USD", "final", ["A"])]
    assert due(overdue(day, "B", 900_000), overdue(1, "A", 1_000)) == [("USD", "due", ["A"])]


def test_of_an_invoice_in_instalments_only_the_parts_past_due_are_listed() -> None:
    parts = [Instalment(TODAY + timedelta(days=days), 2_500) for days in (-40, -10, 20, 50)]
    (one,) = due_of(considered(account(overdue(40, instalments=tuple(parts))), CollectionState(), POLICY, TODAY))
    assert [(item.collectable_minor, item.due_on) for item in one.invoices] == [(5_000, parts[0].due_on)]


def test_a_trifle_past_due_does_not_make_what_falls_due_soon_overdue() -> None:
    trifle = overdue(40, "A", 50)
    assert due(trifle, overdue(-4, "B", 900_000)) == [("USD", "upcoming", ["B"])]
    assert due(trifle, overdue(-4, "B", 100)) == []
    trifling = [Instalment(TODAY - timedelta(days=40), 50), Instalment(TODAY + timedelta(days=40), 9_950)]
    assert due(overdue(40, "A", instalments=tuple(trifling))) == []
    assert escalated(trifle, overdue(-4, "B", 900_000), contacts=(sent("final", 10),)) == []


def test_disputed_invoices_are_not_asked_for_and_do_not_raise_the_stage() -> None:
    assert due(in_dispute(overdue(90, "A")), overdue(2, "B")) == [("USD", "due", ["B"])]
    assert due(in_dispute(overdue(90, "A"))) == []


@pytest.mark.parametrize(("amount_minor", "messages"), [(100, 0), (101, 1)])
def test_an_amount_within_the_tolerance_is_not_asked_for(amount_minor: int, messages: int) -> None:
    assert len(due(overdue(40, amount_minor=amount_minor))) == messages


def test_what_is_disputed_or_not_due_yet_does_not_make_a_trifle_worth_a_message() -> None:
    trifle = overdue(40, "A", 50)
    assert due(trifle, in_dispute(overdue(40, "B", 90_000)), overdue(-60, "C", 90_000)) == []
    assert due(overdue(40, "A", 60), overdue(30, "B", 60)) == [("USD", "final", ["A", "B"])]


def test_a_currency_without_a_tolerance_has_none() -> None:
    assert due(overdue(2, amount_minor=1, currency="EUR")) == [("EUR", "due", ["A1"])]


@pytest.mark.parametrize(
    ("risk", "days", "messages"),
    [(149, 3, 0), (149, 4, 1), (150, 3, 1), (None, 3, 1)],
)
def test_who_will_likely_pay_is_left_alone_a_while_longer(risk: int | None, days: int, messages: int) -> None:
    assert len(due(overdue(days), risk_permille=risk)) == messages


@pytest.mark.parametrize("status", sorted(UNDER_WAY))
def test_nothing_is_planned_while_a_message_is_under_way(status: ContactStatus) -> None:
    assert due(overdue(20), contacts=(contact("firm", 1, status=status),)) == []


def test_a_message_that_was_lost_on_its_way_holds_nothing_up() -> None:
    assert len(due(overdue(20), contacts=(contact("firm", 2, status=ContactStatus.PLANNED),))) == 1


@pytest.mark.parametrize(("days_ago", "messages"), [(2, 0), (3, 1)])
def test_a_message_whose_sender_died_counts_as_said(days_ago: int, messages: int) -> None:
    assert len(due(overdue(20), contacts=(contact("firm", days_ago, status=ContactStatus.SENDING),))) == messages


@pytest.mark.parametrize(("days_ago", "messages"), [(0, 0), (2, 0), (3, 1)])
def test_two_messages_to_one_customer_are_days_apart_whatever_the_stage_and_currency(
    days_ago: int, messages: int
) -> None:
    earlier = sent("upcoming", days_ago, currency="EUR", invoice_ids=("inv_e",))
    assert len(due(overdue(20), contacts=(earlier,))) == messages


@pytest.mark.parametrize("status", [ContactStatus.REFUSED, ContactStatus.CANCELLED, ContactStatus.BOUNCED])
def test_what_did_not_reach_the_customer_is_planned_again(status: ContactStatus) -> None:
    assert len(due(overdue(12), contacts=(contact("firm", 1, status=status),))) == 1


@pytest.mark.parametrize(
    "status", [ContactStatus.SENT, ContactStatus.UNCONFIRMED, ContactStatus.DELIVERED, ContactStatus.COMPLAINED]
)
def test_a_stage_is_said_once(status: ContactStatus) -> None:
    assert due(overdue(12), contacts=(sent("firm", 5, status=status),)) == []


@pytest.mark.parametrize(("days_ago", "messages"), [(13, 0), (14, 1)])
def test_a_stage_that_may_be_repeated_is_after_its_days(days_ago: int, messages: int) -> None:
    assert len(due(overdue(60), contacts=(sent("final", 40), sent("final", days_ago)))) == messages


def test_the_next_oldest_invoice_starts_its_own_count_when_the_oldest_is_paid() -> None:
    invoices, said = (overdue(25, "A1"), overdue(12, "B")), (sent("final", 5, invoice_ids=("inv_a1", "inv_b")),)
    assert due(*invoices, contacts=said) == []
    assert due(invoices[1], contacts=said) == [("USD", "firm", ["B"])]


# --- what is really still due ---


def skipped(*invoices: Facts, contacts: tuple[Contact, ...] = (), policy: Policy = POLICY, **state: Any) -> list[str]:
    """Why there is no message, by currency."""
    found = considered(account(*invoices), CollectionState(contacts, **state), policy, TODAY)
    return [str(one.reason) for one in found if isinstance(one, Skipped)]


@pytest.mark.parametrize(
    ("invoice", "reason"),
    [
        (in_dispute(overdue(12)), "NOTHING_TO_ASK_FOR"),
        (overdue(12, removed=True), "NOTHING_TO_ASK_FOR"),
        (overdue(-8), "NOT_DUE"),
        (overdue(12, amount_minor=100), "WITHIN_TOLERANCE"),
    ],
)
def test_each_silence_has_its_own_reason(invoice: Facts, reason: str) -> None:
    assert skipped(invoice) == [reason]


def with_money(*facts: Facts, kind: EntryKind, minor: int, to: str = "", days_ago: int = 1) -> Account:
    """An account to which money came, or is on its way, for an invoice or for none."""
    directed = (Direction(f"inv_{to.lower()}", minor),) if to else ()
    money = Entry("ent_money", kind, "USD", minor, TODAY - timedelta(days=days_ago), directed_to=directed)
    return account(*facts, money)


@pytest.mark.parametrize("kind", [EntryKind.PAYMENT, EntryKind.CREDIT_NOTE, EntryKind.PENDING])
@pytest.mark.parametrize(
    ("minor", "to", "found"),
    [
        (10_000, "", ("firm", ["B"])),
        (9_999, "", ("final", ["A1", "B"])),
        (14_899, "", ("firm", ["B"])),
        (14_900, "", "WITHIN_TOLERANCE"),
        (5_000, "B", ("final", ["A1"])),
    ],
)
def test_money_that_came_or_is_on_its_way_is_not_asked_for(kind: EntryKind, minor: int, to: str, found: object) -> None:
    owing = with_money(overdue(25), overdue(12, "B", 5_000), kind=kind, minor=minor, to=to)
    (one,) = considered(owing, CollectionState(), POLICY, TODAY)
    said = (
        (one.stage.name, [item.invoice.number for item in one.invoices]) if isinstance(one, DueContact) else one.reason
    )
    assert said == found


def test_of_what_is_partly_on_its_way_the_rest_is_asked_for() -> None:
    owing = with_money(overdue(25), overdue(12, "B", 5_000), kind=EntryKind.PENDING, minor=6_000, to="A1")
    (one,) = due_of(considered(owing, CollectionState(), POLICY, TODAY))
    assert [item.collectable_minor for item in one.invoices] == [4_000, 5_000]


@pytest.mark.parametrize(("days_ago", "reasons"), [(14, ["COVERED"]), (15, [])])
def test_a_debit_that_the_gateway_has_not_answered_about_is_on_its_way_too(days_ago: int, reasons: list[str]) -> None:
    begun = NOW - timedelta(days=days_ago)
    tried = attempt(lines=(("inv_a1", 10_000),), amount_minor=10_000, started_at=begun)
    owing = replace(account(overdue(25)), attempts={tried.attempt_id: tried})
    found = considered(owing, CollectionState(), POLICY, TODAY)
    assert [one.reason for one in found if isinstance(one, Skipped)] == reasons


@pytest.mark.parametrize(("days_ago", "reasons"), [(14, ["COVERED"]), (15, [])])
def test_a_debit_that_does_not_arrive_is_not_waited_for_for_ever(days_ago: int, reasons: list[str]) -> None:
    owing = with_money(overdue(25), kind=EntryKind.PENDING, minor=10_000, days_ago=days_ago)
    found = considered(owing, CollectionState(), POLICY, TODAY)
    assert [one.reason for one in found if isinstance(one, Skipped)] == reasons


def test_nobody_is_asked_for_what_an_announced_debit_will_take_until_it_failed_for_good() -> None:
    due_on = overdue(25).due_on
    purpose, lines = f"autopay#inv_a1#{due_on}", (("inv_a1", 10_000),)
    notice = attempt(
        f"{purpose}#0",
        status=AttemptStatus.ANNOUNCED,
        next_on=TODAY + timedelta(days=3),
        amount_minor=10_000,
        started_at=NOW - timedelta(days=7),
        lines=lines,
    )
    failed = attempt(f"{purpose}#1", status=AttemptStatus.FAILED, started_at=NOW, amount_minor=10_000, lines=lines)

    def asked_for(*attempts: DebitAttempt, on: date = TODAY) -> list[object]:
        known = {one.attempt_id: one for one in attempts}
        owing = replace(account(overdue(25)), methods={"pmt_1": method(autopay=True)}, attempts=known)
        found = considered(owing, CollectionState(), POLICY, on)
        return [one.reason for one in found if isinstance(one, Skipped)]

    assert asked_for() == []
    assert asked_for(notice) == ["COVERED"]
    assert asked_for(notice, replace(failed, next_on=TODAY + timedelta(days=4))) == ["COVERED"]
    assert asked_for(notice, failed) == []
    assert asked_for(notice, on=TODAY + timedelta(days=18)) == []
    assert asked_for(replace(notice, amount_minor=4_000)) == []


def test_conditions_count_and_weigh_only_what_may_be_asked_for() -> None:
    large = Stage("large", Conditions(12, unpaid_count=2, balance_minor={"USD": 20_000}), (Channel.EMAIL,))
    policy = replace(POLICY, stages=(*POLICY.stages[:3], large, POLICY.stages[3]))

    def stage(owing: Account) -> str:
        return due_of(considered(owing, CollectionState(), policy, TODAY))[0].stage.name

    assert stage(account(overdue(12), overdue(1, "B"))) == "large"
    assert stage(account(overdue(12), overdue(0, "B"))) == "firm", "not past due yet"
    assert stage(account(overdue(12), in_dispute(overdue(1, "B")))) == "firm"
    assert stage(account(overdue(12), overdue(1, "B", 9_999))) == "firm"
    assert stage(with_money(overdue(12), overdue(1, "B"), kind=EntryKind.PAYMENT, minor=1)) == "firm"


def test_an_invoice_on_hold_is_not_asked_for_and_the_others_are() -> None:
    hold = Hold("dispute_oral", "inv_a1", NOW - timedelta(days=1), NOW + timedelta(days=1))
    who = customer().with_hold(hold)
    (held,) = considered(account(overdue(20), who=who), CollectionState(), POLICY, TODAY)
    (others,) = considered(account(overdue(20), overdue(2, "B"), who=who), CollectionState(), POLICY, TODAY)
    (later,) = considered(account(overdue(20), who=who), CollectionState(), POLICY, TODAY + timedelta(days=2))
    assert held == Skipped("USD", SkipReason.ON_HOLD)
    assert isinstance(others, DueContact)
    assert [item.invoice.number for item in others.invoices] == ["B"]
    assert isinstance(later, DueContact)


def test_what_is_agreed_about_is_not_asked_for_while_the_agreement_pauses_it() -> None:
    promised = agreement("inv_a1", pauses_until=TODAY)
    one = replace(account(overdue(20)), agreements={"agr_1": promised})
    (paused,) = considered(one, CollectionState(), POLICY, TODAY)
    (later,) = considered(one, CollectionState(), POLICY, TODAY + timedelta(days=1))
    both = replace(account(overdue(20), overdue(2, "B")), agreements={"agr_1": promised})
    (other,) = considered(both, CollectionState(), POLICY, TODAY)
    assert paused == Skipped("USD", SkipReason.AGREED)
    assert isinstance(later, DueContact)
    assert isinstance(other, DueContact)
    assert [item.invoice.number for item in other.invoices] == ["B"]


# --- how it is said ---


def test_a_stage_may_list_only_what_reached_it_itself() -> None:
    alone = replace(POLICY.stages[2], consolidation=Consolidation.STAGE)
    policy = replace(POLICY, stages=(*POLICY.stages[:2], alone, POLICY.stages[3]))
    owing = account(overdue(15), overdue(10, "B"), overdue(9, "C"))
    (found,) = due_of(considered(owing, CollectionState(), policy, TODAY))
    assert [item.invoice.number for item in found.invoices] == ["A1", "B"]


@pytest.mark.parametrize(("days_ago", "reasons"), [(6, ["TOO_SOON"]), (7, [])])
def test_a_stage_may_have_a_gap_of_its_own(days_ago: int, reasons: list[str]) -> None:
    apart = replace(POLICY.stages[2], min_gap_days=7)
    policy = replace(POLICY, stages=(*POLICY.stages[:2], apart, POLICY.stages[3]))
    assert skipped(overdue(12), contacts=(sent("due", days_ago),), policy=policy) == reasons


def test_a_stage_for_some_segments_is_said_to_them_alone() -> None:
    some = Stage("some", Conditions(10, segments=frozenset({"fading"})), (Channel.EMAIL,))
    policy = replace(POLICY, stages=(*POLICY.stages[:3], some, POLICY.stages[3]))
    for segment, stage in ("fading", "some"), ("steady", "firm"), ("", "firm"):
        (found,) = due_of(considered(account(overdue(12)), CollectionState(segment=segment), policy, TODAY))
        assert found.stage.name == stage


def test_after_a_stage_no_milder_one_is_said_about_the_same_oldest_invoice() -> None:
    assert skipped(overdue(12), contacts=(sent("final", 5),)) == ["ALREADY_SAID"]
    about_both = sent("final", 5, invoice_ids=("inv_old", "inv_a1"))
    assert skipped(overdue(12), contacts=(about_both,)) == [], "the older one is paid, and this starts its own count"


def test_a_currency_in_a_case_is_the_agents_and_the_others_are_not() -> None:
    invoices = overdue(20), overdue(20, "E", currency="EUR")
    assert [found[0] for found in due(*invoices, currencies_in_case=frozenset({"USD"}))] == ["EUR"]


# --- escalation ---


def test_an_old_risky_warned_and_silent_account_goes_to_an_agent() -> None:
    assert escalated(overdue(30), contacts=(sent("final", 7),)) == ["A1"]


@pytest.mark.parametrize(
    ("days", "contacts", "risk"),
    [
        (29, (sent("final", 7),), 700),
        (30, (sent("final", 6),), 700),
        (30, (sent("final", 7),), 499),
        (30, (sent("final", 7),), None),
        (30, (), 700),
        (90, (sent("firm", 30),), 700),
        (90, (contact("final", 30, status=ContactStatus.REFUSED),), 700),
        (90, (contact("final", 30, status=ContactStatus.BOUNCED),), 700),
        (90, (sent("final", 30, invoice_ids=("inv_other",)),), 700),
    ],
)
def test_one_condition_missing_keeps_the_account(days: int, contacts: tuple[Contact, ...], risk: int | None) -> None:
    assert escalated(overdue(days), contacts=contacts, risk=risk) == []


def test_trifles_disputes_and_currencies_in_a_case_are_not_escalated() -> None:
    warned = (sent("final", 7),)
    assert escalated(overdue(30, amount_minor=50), overdue(-60, "B", 90_000), contacts=warned) == []
    assert escalated(in_dispute(overdue(30)), contacts=warned) == []
    assert escalated(overdue(30), contacts=warned, currencies_in_case=frozenset({"USD"})) == []


# --- whatever the account and its history ---


def maybe_disputed(invoice: Invoice, disputed: bool) -> Facts:
    return in_dispute(invoice) if disputed else invoice


INVOICES = st.lists(
    st.builds(
        lambda number, days, amount, currency, disputed: maybe_disputed(
            overdue(days, f"A{number}", amount, currency=currency), disputed
        ),
        st.integers(1, 5),
        st.integers(-20, 120),
        st.integers(1, 500),
        st.sampled_from(["USD", "EUR"]),
        st.booleans(),
    ),
    max_size=5,
)
CONTACTS = st.lists(
    st.builds(
        lambda stage, days, status, numbers: sent(
            stage, days, status=status, invoice_ids=tuple(f"inv_a{n}" for n in numbers)
        ),
        st.sampled_from([*(stage.name for stage in POLICY.stages), "retired"]),
        st.integers(0, 60),
        st.sampled_from(ContactStatus),
        st.lists(st.integers(1, 5), min_size=1, max_size=3),
    ),
    max_size=6,
)
STATES = st.builds(
    lambda contacts, risk, case: CollectionState(tuple(contacts), risk, "1", case),
    CONTACTS,
    st.none() | st.integers(0, 1000),
    st.sampled_from([frozenset(), frozenset({"USD"})]),
)


def owed(made: DueContact) -> int:
    return sum(item.open_minor for item in made.invoices)


@given(INVOICES, STATES)
def test_every_plan_keeps_the_policys_promises(invoices: list[Facts], state: CollectionState) -> None:
    found = due_of(considered(account(*invoices), state, POLICY, TODAY))
    assert len({one.currency for one in found}) == len(found)
    if any(known.status in UNDER_WAY and not known.is_lost(TODAY) for known in state.contacts):
        assert found == []
    for one in found:
        assert one.currency not in state.currencies_in_case
        assert owed(one) > POLICY.tolerance_minor.get(one.currency, 0)
        assert all(item.is_collectable for item in one.invoices)
        assert {item.invoice.currency for item in one.invoices} == {one.currency}
        days = (TODAY - one.invoices[0].invoice.due_on).days
        ranks = [POLICY.severity(stage.name) for stage in POLICY.stages if stage.when.days_past_due <= days]
        assert POLICY.severity(one.stage.name) == max(ranks)


@given(INVOICES, STATES)
def test_nobody_is_escalated_unwarned(invoices: list[Facts], state: CollectionState) -> None:
    reached = {ContactStatus.SENT, ContactStatus.UNCONFIRMED, ContactStatus.DELIVERED, ContactStatus.COMPLAINED}
    for currency, oldest in escalations_due(account(*invoices), state, POLICY, TODAY):
        assert currency not in state.currencies_in_case
        assert any(
            known.stage == "final"
            and known.status in reached
            and oldest.invoice.invoice_id in known.invoice_ids
            and TODAY - known.planned_on >= timedelta(days=7)
            for known in state.contacts
        )


@given(INVOICES, STATES)
def test_a_settled_account_is_left_in_peace(invoices: list[Facts], state: CollectionState) -> None:
    owing = account(*invoices)
    settled = account(*invoices, *map(paid, owing.invoices.values()))
    assert not due_of(considered(settled, state, POLICY, TODAY))
    assert not escalations_due(settled, state, POLICY, TODAY)


def test_the_first_channel_of_a_stage_is_the_preferred_one() -> None:
    assert [stage.channels[0] for stage in POLICY.stages] == [Channel.EMAIL] * 4
