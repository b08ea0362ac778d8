"""Decisions are kept whole and without personal data: each is decided again to the same answer; changes are seen."""

import gzip
import json
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dunwell.accounts.model import Channel, Customer, CustomerKind
from dunwell.compliance.model import MessageFacts
from dunwell.errors import InvalidInputError
from dunwell.ledger.agreements import Agreement, AgreementKind, AgreementStatus, Authorisation
from dunwell.ledger.entry import Entry, EntryKind
from dunwell.ledger.model import Account
from dunwell.outreach.choice_policy import ChoicePolicy
from dunwell.outreach.contact import Contact, ContactStatus
from dunwell.outreach.decisions import DispatchDecision, PlanDecision, account_of, dispatch_decision, facts_of, planned
from dunwell.outreach.permission import may_contact
from dunwell.outreach.policy import Policy
from dunwell.outreach.ports import CollectionState
from dunwell.outreach.pseudonyms import without_personal_data
from dunwell_aws.decision_log import packed, unpacked
from tests.support.agreements import agreement
from tests.support.customers import customers, property_of_customers
from tests.support.decisions import DecisionsBucket, decision_log
from tests.support.outreach import NOW, POLICY, TODAY, contact, overdue
from tests.support.portal import account, customer

WORDS = MessageFacts(opt_out_notice=True, disclosure=True)
PLACE = "plan:2026-11-23:07:run-page"
CHOOSING = replace(
    POLICY,
    version="choosing",
    choice=ChoicePolicy(
        enabled=True,
        answers_permille={Channel.EMAIL: 100, Channel.SMS: 300},
        cost_minor={Channel.EMAIL: {"USD": 1}, Channel.SMS: {"USD": 5}},
        patience_minor={"USD": 400},
    ),
)
statuses = st.sampled_from(ContactStatus)


@st.composite
def contacts(draw: st.DrawFn) -> Contact:
    days_ago = draw(st.integers(0, 60))
    sent_at = draw(st.none() | st.just(NOW - timedelta(days=days_ago)))
    return contact(
        draw(st.sampled_from([stage.name for stage in POLICY.stages])),
        days_ago,
        channel=draw(st.sampled_from([Channel.EMAIL, Channel.SMS])),
        status=draw(statuses),
        sent_at=sent_at,
        opened_at=draw(st.none() | st.just(sent_at)),
    )


@st.composite
def accounts(draw: st.DrawFn) -> Account:
    who = draw(customers())
    days = draw(st.lists(st.integers(-20, 60), min_size=1, max_size=3))
    invoices = [
        overdue(day, f"A{n}", draw(st.integers(50, 20_000)), currency=draw(st.sampled_from(["USD", "EUR"])))
        for n, day in enumerate(days, start=1)
    ]
    paid = [
        Entry(f"ent_{n}", EntryKind.PAYMENT, "USD", draw(st.integers(1, 9_000)), TODAY - timedelta(days=day))
        for n, day in enumerate(draw(st.lists(st.integers(0, 90), max_size=2)))
    ]
    owing = account(*invoices, who=who)
    coming = [
        Entry(f"ent_coming_{n}", EntryKind.PENDING, "USD", draw(st.integers(1, 30_000)), TODAY - timedelta(days=day))
        for n, day in enumerate(draw(st.lists(st.integers(0, 20), max_size=2)))
    ]
    agreed = draw(st.lists(agreements(list(owing.invoices)), max_size=2, unique_by=lambda one: one.agreement_id))
    return replace(
        owing,
        entries=owing.entries | {one.entry_id: one for one in (*paid, *coming)},
        agreements={one.agreement_id: one for one in agreed},
    )


@st.composite
def agreements(draw: st.DrawFn, invoice_ids: list[str]) -> Agreement:
    return agreement(
        *draw(st.lists(st.sampled_from(invoice_ids), min_size=1, unique=True)),
        agreement_id=draw(st.sampled_from(["agr_1", "agr_2"])),
        kind=draw(st.sampled_from(AgreementKind)),
        status=draw(st.sampled_from(AgreementStatus)),
        pauses_until=draw(st.none() | st.dates(TODAY - timedelta(days=3), TODAY + timedelta(days=3))),
        authorisation=Authorisation("I, Anna Baker, agree.", NOW, "portal", "customer", "198.51.100.7"),
    )


states = st.builds(
    CollectionState,
    contacts=st.lists(contacts(), max_size=4, unique_by=lambda one: one.contact_id).map(tuple),
    risk_permille=st.none() | st.integers(0, 1000),
    model_version=st.sampled_from(["", "7"]),
    currencies_in_case=st.frozensets(st.sampled_from(["USD", "EUR"]), max_size=1),
)
policies = st.sampled_from([POLICY, CHOOSING])


@property_of_customers
@given(accounts(), states, policies, st.integers(0, 60 * 24))
def test_every_decision_of_the_pass_is_decided_again_to_the_same_answer(
    owing: Account, state: CollectionState, policy: Policy, minutes: int
) -> None:
    decision = planned(owing, state, policy, TODAY, NOW + timedelta(minutes=minutes))
    (decision_id,), content = packed(PLACE, policy, [decision])
    (found,) = unpacked(PLACE, content)
    assert (found.decision_id, found.decision, found.policy) == (decision_id, decision, policy)
    assert isinstance(found.decision, PlanDecision)
    assert found.decision.again(found.policy) == decision.plan
    told = {one.currency for one in decision.plan.contacts} | {one.currency for one in decision.plan.skipped}
    assert told == set(owing.balances) or owing.customer.is_internal


@property_of_customers
@given(accounts(), st.lists(contacts(), max_size=4), st.sampled_from([Channel.EMAIL, Channel.SMS]))
def test_every_decision_before_sending_is_decided_again_to_the_same_answer(
    owing: Account, before: list[Contact], channel: Channel
) -> None:
    about = contact(channel=channel)
    record = may_contact(owing.customer, before, channel, about.invoice_ids, POLICY, NOW, WORDS)
    decision = dispatch_decision(owing, about, before, POLICY, record, WORDS)
    place = PLACE.replace("plan", "dispatch")
    (found,) = unpacked(place, packed(place, POLICY, [decision])[1])
    assert isinstance(found.decision, DispatchDecision)
    assert found.decision == decision
    assert found.decision.again(found.policy) == record


@property_of_customers
@given(customers())
def test_a_kept_customer_has_no_name_address_number_or_note(who: Customer) -> None:
    kept = str(without_personal_data(replace(who, name="Anna Unmistakable", postcode="10001-4321")))
    for point in who.contact_points:
        assert point.address not in kept
    assert "Unmistakable" not in kept
    assert "10001-4321" not in kept


@property_of_customers
@given(accounts())
def test_kept_facts_have_the_accounts_balances(owing: Account) -> None:
    again = account_of(facts_of(owing, CHOOSING, TODAY))
    assert (again.balances, again.unapplied) == (owing.balances, owing.unapplied)
    assert [one.due_on for one in again.open_invoices] == [one.due_on for one in owing.open_invoices]


def kept_page() -> tuple[str, bytes]:
    owing = account(overdue(12), who=customer(phone="+12125550123", texts=True, region="NY"))
    (decision_id,), content = packed(PLACE, POLICY, [planned(owing, CollectionState(), POLICY, TODAY, NOW)])
    return decision_id, content


@pytest.mark.parametrize(
    ("was", "now"),
    [
        ('"open_minor":10000', '"open_minor":10001'),
        ('"region":"NY"', '"region":"NJ"'),
        ('"now":"2026-11-23T15:00:00Z"', '"now":"2026-11-23T16:00:00Z"'),
        ('"patience_days":3', '"patience_days":4'),
        ('"tzdata":"', '"tzdata":"x'),
    ],
)
def test_a_changed_input_policy_or_version_no_longer_has_the_id(was: str, now: str) -> None:
    decision_id, content = kept_page()
    text = gzip.decompress(content).decode()
    changed = text.replace(was, now)
    assert changed != text
    (found,) = unpacked(PLACE, gzip.compress(changed.encode()))
    assert found.decision_id != decision_id


def test_a_record_whose_answer_was_changed_is_decided_differently() -> None:
    _, content = kept_page()
    text = gzip.decompress(content).decode().replace('"status":"planned"', '"status":"refused"')
    (found,) = unpacked(PLACE, gzip.compress(text.encode()))
    assert isinstance(found.decision, PlanDecision)
    assert found.decision.again(found.policy) != found.decision.plan


def test_what_is_kept_says_each_fact_once_and_no_default() -> None:
    head, line = gzip.decompress(kept_page()[1]).splitlines()
    assert json.loads(head)["versions"]["policy"] == "test-1"
    assert len(line) < 2_000


# --- where it is kept ---


def test_a_page_tried_again_does_what_it_decided_first() -> None:
    log = decision_log()
    owing = account(overdue(12), who=customer())
    first = log.keep_page(TODAY, "run", POLICY, [planned(owing, CollectionState(), POLICY, TODAY, NOW)])
    later = planned(owing, CollectionState((contact(),)), POLICY, TODAY, NOW + timedelta(hours=1))
    assert later.plan.contacts == ()
    again = log.keep_page(TODAY, "run", POLICY, [later])
    assert again == first
    assert log.keep_page(TODAY, "another", POLICY, [later]) != first


def test_a_decision_is_found_by_its_id_and_by_customer_and_day() -> None:
    log = decision_log()
    decisions = [
        planned(account(overdue(12), who=customer(f"cus_{n}")), CollectionState(), POLICY, TODAY, NOW) for n in range(9)
    ]
    kept = log.keep_page(TODAY, "run", POLICY, decisions)
    assert len({one.decision_id for one in kept}) == 9
    for one in kept:
        assert log.find(one.decision_id).decision == one.decision
        (found,) = log.of_customer(one.decision.customer_id, TODAY)
        assert found.decision_id == one.decision_id
        assert one.plan.contacts[0].decisions[-1].decision_id == one.decision_id
    assert log.of_customer("cus_1", TODAY - timedelta(days=1)) == []


def test_a_dispatch_decision_is_found_beside_the_days_plan() -> None:
    log, about, owing = decision_log(), contact(), account(overdue(12), who=customer())
    record = may_contact(owing.customer, (), about.channel, about.invoice_ids, POLICY, NOW, WORDS)
    decision = dispatch_decision(owing, about, (), POLICY, record, WORDS)
    decision_id = log.keep_dispatch(POLICY, decision)
    assert log.find(decision_id).decision == decision
    assert [one.decision_id for one in log.of_customer("cus_anna", TODAY)] == [decision_id]


@pytest.mark.parametrize("odd", ["", "con_7", "plan:2026-11-23:07:run:x:00", "other:2026-11-23:07:run:1:00"])
def test_what_is_no_decision_id_is_refused(odd: str) -> None:
    with pytest.raises(InvalidInputError, match="not the id of a decision"):
        decision_log().find(odd)


def test_a_decision_that_is_not_there_and_a_file_that_is_none_are_said() -> None:
    with pytest.raises(InvalidInputError, match="no decision is kept"):
        decision_log().find("plan:2026-11-23:07:run-page:1:00")
    bucket = DecisionsBucket()
    bucket.files["plan/2026-11-23/07/run-page.jsonl.gz"] = b"no gzip"
    with pytest.raises(InvalidInputError, match="not a file of decisions"):
        decision_log(bucket).find("plan:2026-11-23:07:run-page:1:00")


def test_an_internal_account_is_decided_too() -> None:
    owing = account(overdue(12), who=replace(customer(), kind=CustomerKind.SUSPENSE))
    decision = planned(owing, CollectionState(), POLICY, TODAY, NOW)
    assert decision.again(POLICY) == decision.plan


def test_the_evidence_of_consent_is_not_in_a_record_of_a_decision() -> None:
    consent = Authorisation("I, Anna Baker, agree.", NOW, "portal", "customer", "198.51.100.7")
    made = agreement("inv_a1", authorisation=consent, made_by="agent:jo")
    owing = replace(account(overdue(5)), agreements={made.agreement_id: made})
    (_, content) = packed(PLACE, POLICY, [planned(owing, CollectionState(), POLICY, TODAY, NOW)])
    text = gzip.decompress(content)
    assert b"agr_1" in text
    assert not [one for one in (b"Baker", b"198.51", b"agent:jo") if one in text]


def test_two_answers_about_a_contact_at_the_same_instant_are_both_kept() -> None:
    owing, about, bucket = account(overdue(5)), contact(), DecisionsBucket()
    log = decision_log(bucket)
    yes = may_contact(owing.customer, (), about.channel, about.invoice_ids, POLICY, NOW, WORDS)
    no = replace(yes, allowed=False, reason_code="AGREED")
    decisions = [dispatch_decision(owing, about, (), POLICY, record, WORDS) for record in (yes, no)]
    ids = [log.keep_dispatch(POLICY, one) for one in (*decisions, *decisions)]
    assert len(bucket.files) == 2
    assert [log.find(one).decision for one in ids] == decisions * 2
