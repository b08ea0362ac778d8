"""Day after day, with outages, payments, disputes and scores that change: what planning keeps to over time."""

from dataclasses import dataclass, field, replace
from datetime import date, timedelta

from hypothesis import example, given, settings
from hypothesis import strategies as st

from dunwell.accounts.model import Channel
from dunwell.ledger.entry import Direction, Entry, EntryKind
from dunwell.ledger.model import Account, Instalment
from dunwell.outreach.contact import Contact, ContactStatus, contact_id
from dunwell.outreach.planning import DueContact, considered
from dunwell.outreach.policy import Conditions, Policy, Stage
from dunwell.outreach.ports import CollectionState
from tests.support.outreach import POLICY, TODAY, overdue, sent
from tests.support.portal import account

BOTH = (Channel.EMAIL, Channel.SMS)
WARNING = replace(
    POLICY,
    stages=(
        Stage("upcoming", Conditions(-7), BOTH),
        Stage("due", Conditions(1), BOTH),
        Stage("large", Conditions(5, balance_minor={"USD": 15_000}), BOTH),
        Stage("firm", Conditions(10), BOTH, then="final"),
        Stage("risky", Conditions(15, risk_permille=600), BOTH, min_gap_days=6),
        Stage("final", Conditions(20), BOTH, repeat_after_days=14),
        Stage("last", Conditions(45), BOTH),
    ),
)
"""Warns by `then`, and before escalation: nothing is said past `firm`, and nothing past `final`, before those were."""


@dataclass
class Life:
    """One customer, followed from day to day."""

    policy: Policy = WARNING
    owing: Account = field(default_factory=lambda: account(overdue(-10), overdue(5, "B"), overdue(30, "C", 200_000)))
    contacts: list[Contact] = field(default_factory=list)
    anchors: list[str] = field(default_factory=list)
    risk: int = 700

    def plan(self, today: date, status: ContactStatus = ContactStatus.SENT) -> str:
        """What a day's planning says, and what becomes of it; empty when it stays silent."""
        state = CollectionState(tuple(self.contacts), self.risk)
        found = [one for one in considered(self.owing, state, self.policy, today) if isinstance(one, DueContact)]
        for one in found:
            ids = tuple(item.invoice.invoice_id for item in one.invoices)
            made = sent(one.stage.name, (TODAY - today).days, invoice_ids=ids, status=status)
            self.contacts.append(replace(made, contact_id=contact_id("cus_anna", "USD", one.stage.name, today)))
        return found[0].stage.name if found else ""

    def post(self, kind: EntryKind, number: str, today: date, of: str = "") -> None:
        """A fact about an invoice, for all of it."""
        invoice = self.owing.invoices[f"inv_{number.lower()}"]
        whole = (Direction(invoice.invoice_id, invoice.amount_minor),)
        entry_id = f"ent_{kind}_{number}_{today}"
        entry = Entry(entry_id, kind, "USD", invoice.amount_minor, today, directed_to=whole, of=of)
        self.owing = account(*self.owing.invoices.values(), *self.owing.entries.values(), entry)


def alone(days: int, policy: Policy = WARNING) -> Life:
    """One invoice of a customer whom nobody has written to, so many days past due."""
    return Life(policy, account(overdue(days)))


def told(life: Life, days: int) -> list[tuple[int, str]]:
    """What is said on which day from today on."""
    found = [(day, life.plan(TODAY + timedelta(days=day))) for day in range(days)]
    return [(day, stage) for day, stage in found if stage]


# --- by example ---


def test_after_an_outage_the_warning_comes_first_and_what_it_warned_of_when_the_gap_is_over() -> None:
    life = alone(1)
    life.risk = 0
    life.policy = replace(WARNING, patience_permille=0)
    assert life.plan(TODAY) == "due"
    late = TODAY + timedelta(days=30)
    assert [life.plan(late + timedelta(days=day)) for day in range(5)] == ["firm", "", "", "final", ""]


def test_a_debt_that_is_old_when_it_is_first_seen_is_warned_of_step_by_step() -> None:
    assert told(alone(60), 20) == [(0, "firm"), (3, "final"), (6, "last")]


def test_a_stage_that_warns_of_nothing_is_passed_over() -> None:
    assert told(alone(60, POLICY), 3) == [(0, "final")]


def test_a_warning_that_did_not_arrive_is_given_again_before_anything_firmer() -> None:
    life = alone(60)
    assert [life.plan(TODAY, status=ContactStatus.BOUNCED), life.plan(TODAY + timedelta(days=1))] == ["firm", "firm"]


def test_a_warning_whose_sender_died_is_given_again_after_the_gap_and_before_anything_firmer() -> None:
    life = alone(60)
    assert life.plan(TODAY, status=ContactStatus.UNCONFIRMED) == "firm"
    assert [life.plan(TODAY + timedelta(days=day)) for day in range(1, 8)] == ["", "", "firm", "", "", "final", ""]


def test_what_another_policy_said_beyond_a_warning_is_not_followed_by_the_warning() -> None:
    life = alone(60)
    life.contacts.append(sent("final", 20))
    assert life.plan(TODAY) == "last"


def test_a_condition_that_no_longer_holds_never_leads_back_to_a_milder_stage() -> None:
    heavy = Stage("heavy", Conditions(30, balance_minor={"USD": 15_000}), BOTH)
    policy = replace(WARNING, stages=(*WARNING.stages[:-1], heavy))
    life = Life(policy, account(overdue(60), overdue(50, "B")))
    assert [stage for _, stage in told(life, 9)] == ["firm", "final", "heavy"]
    life.post(EntryKind.PAYMENT, "B", TODAY + timedelta(days=9))
    assert [life.plan(TODAY + timedelta(days=day)) for day in range(9, 60)] == [""] * 51, "final could be repeated"


def test_when_the_oldest_invoice_is_paid_the_next_starts_its_own_count_with_its_own_warning() -> None:
    life = Life(WARNING, account(overdue(60), overdue(-4, "B")))
    life.policy = replace(WARNING, patience_permille=0)
    assert [stage for _, stage in told(life, 10)] == ["firm", "final", "last"]
    life.post(EntryKind.PAYMENT, "A1", TODAY + timedelta(days=10))
    days = [TODAY + timedelta(days=day) for day in range(10, 60)]
    assert [stage for day in days if (stage := life.plan(day))][:2] == ["due", "firm"]


def test_a_warning_about_an_older_invoice_is_none_about_one_that_was_too_young_for_it() -> None:
    life = Life(WARNING, account(overdue(60), overdue(2, "B")))
    assert told(life, 4) == [(0, "firm"), (3, "final")]
    assert all("inv_b" in one.invoice_ids for one in life.contacts)
    life.post(EntryKind.PAYMENT, "A1", TODAY + timedelta(days=4))
    later = TODAY + timedelta(days=4 + 60)
    assert [life.plan(later), life.plan(later + timedelta(days=3))] == ["firm", "final"]


def test_the_next_instalment_starts_its_own_count() -> None:
    parts = Instalment(TODAY - timedelta(days=30), 5_000), Instalment(TODAY, 5_000)
    life = Life(WARNING, account(overdue(30, instalments=parts)))
    assert [stage for _, stage in told(life, 4)] == ["firm", "final"]
    half = Entry("ent_half", EntryKind.PAYMENT, "USD", 5_000, TODAY + timedelta(days=4))
    life.owing = account(*life.owing.invoices.values(), half)
    assert [life.plan(TODAY + timedelta(days=day)) for day in (6, 10)] == ["due", "firm"]


# --- whatever happens ---

EVENTS = st.lists(
    st.tuples(
        st.integers(1, 40),
        st.sampled_from(["plan", "plan", "plan", "plan", "pay", "dispute", "end", "risk"]),
        st.sampled_from(["A1", "B", "C"]),
        st.sampled_from(
            [ContactStatus.SENT, ContactStatus.DELIVERED, ContactStatus.BOUNCED, ContactStatus.UNCONFIRMED]
        ),
    ),
    max_size=25,
)
"""Days until something happens, what, to which invoice; and what becomes of a message. Days between are outages."""


@settings(max_examples=150)
@given(EVENTS, st.integers(1, 3))
@example([(1, "plan", "C", ContactStatus.SENT)] * 25, 1)
def test_no_outage_payment_or_dispute_makes_planning_burst_skip_or_go_back(
    events: list[tuple[int, str, str, ContactStatus]], pace: int
) -> None:
    life, today = Life(), TODAY
    for wait, what, number, status in events:
        today += timedelta(days=1 + wait // (pace * pace))
        happen(life, what, number, today)
        before = list(life.contacts)
        stage = life.plan(today, status)
        if stage:
            assert broken_promises(life, before, stage, today) == []


def happen(life: Life, what: str, number: str, today: date) -> None:
    if what == "pay" and life.owing.open_minor(f"inv_{number.lower()}"):
        life.post(EntryKind.PAYMENT, number, today)
    elif what == "dispute":
        life.post(EntryKind.DISPUTE, number, today)
    elif what == "end":
        begun = [one.entry_id for one in life.owing.entries.values() if one.kind is EntryKind.DISPUTE]
        for entry_id in begun[:1]:
            life.post(EntryKind.DISPUTE_END, number, today, of=entry_id)
    elif what == "risk":
        life.risk = 1000 - life.risk


def broken_promises(life: Life, before: list[Contact], stage: str, today: date) -> list[str]:
    """What does not hold of the message just planned, given those before it, and should."""
    policy, anchor = life.policy, life.contacts[-1].invoice_ids[0]
    rank, names = policy.severity(stage), [one.name for one in policy.stages]
    reached = [one for one in before if one.may_have_reached]
    gap = policy.stages[rank].min_gap_days or policy.min_gap_days
    anchored = [one for one in reached if one.invoice_ids[0] == anchor]
    sure = [one for one in reached if one.status is not ContactStatus.UNCONFIRMED]
    counts = sure if stage in ("firm", "final") else reached
    said = [one.planned_on for one in counts if one.stage == stage and is_about(one, life, anchor)]
    again = policy.stages[rank].repeat_after_days
    promises = {
        "no two messages within the gap": all((today - one.planned_on).days >= gap for one in reached),
        "stages of one anchor never go down": all(policy.severity(one.stage) <= rank for one in anchored),
        "each stage once": not said or (again and (today - max(said)).days >= again),
    }
    for warning in ("firm", "final"):
        warned = any(one.stage == warning and is_about(one, life, anchor) for one in sure)
        promises[f"{warning} before {stage}"] = warned or names.index(warning) >= rank
    return [promise for promise, holds in promises.items() if not holds]


def is_about(contact: Contact, life: Life, invoice_id: str) -> bool:
    """Whether a message was about an invoice as its oldest, or listed one that was old enough for its stage."""
    age = (contact.planned_on - life.owing.invoices[invoice_id].due_on).days
    least = life.policy.stages[life.policy.severity(contact.stage)].when.days_past_due
    return invoice_id in contact.invoice_ids and (age >= least or contact.invoice_ids[0] == invoice_id)
