"""The daily cycle's two functions: a worker's shards, page by page, resumable."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any, cast

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from dunwell.accounts.model import Channel
from dunwell.errors import InvalidInputError
from dunwell.escalation.case import AgentOutcome, Case, CaseEntry, CaseStatus
from dunwell.events import Event
from dunwell.outreach.contact import Contact, ContactStatus
from dunwell.outreach.decisions import PlanDecision
from dunwell.outreach.switches import turned
from dunwell.scoring.moment_log import read_line
from dunwell_aws import portfolio
from functions.plan_outreach import app as plan_outreach
from functions.score_portfolio import app as score_portfolio
from tests.support.decisions import DecisionsBucket, decision_log
from tests.support.invocation import lambda_context, set_variables
from tests.support.memory import InMemoryCollection, InMemoryLedger, InMemorySwitches, shard_of
from tests.support.outreach import NOW, TODAY, assessment, contact, overdue
from tests.support.portal import account, customer
from tests.support.reports_bucket import ReportsBucket
from tests.support.stores import CrashError
from tests.unit.scoring.stand_in import ByHandScorer

CUSTOMERS = [f"cus_{n}" for n in range(120)]


@pytest.fixture(autouse=True)
def _variables(monkeypatch: pytest.MonkeyPatch) -> None:
    set_variables(monkeypatch, REPORTS_BUCKET="reports")


def portfolio_of(*customer_ids: str) -> InMemoryLedger:
    return InMemoryLedger(*(account(overdue(12), who=customer(one)) for one in customer_ids))


def given(worker: int = 0, workers: int = 1, as_of: date | None = TODAY, **more: Any) -> dict[str, Any]:
    """What the state machine passes: plain JSON, here and back."""
    event = {"worker": worker, "workers": workers, "request": {"as_of": as_of.isoformat()} if as_of else {}} | more
    passed: dict[str, Any] = json.loads(json.dumps(event))
    return passed


def score(
    event: dict[str, Any], ledger: InMemoryLedger, store: InMemoryCollection, bucket: ReportsBucket | None = None
) -> dict[str, Any]:
    found: dict[str, Any] = score_portfolio.handler(
        event,
        lambda_context(),
        ledger=ledger,
        store=store,
        model=ByHandScorer(),
        bucket=cast("Any", bucket or ReportsBucket()),
        now=NOW,
    )
    passed: dict[str, Any] = json.loads(json.dumps(found))
    return passed


def plan(
    event: dict[str, Any],
    ledger: InMemoryLedger,
    store: InMemoryCollection,
    context: Any = None,
    bucket: DecisionsBucket | None = None,
    switches: InMemorySwitches | None = None,
) -> dict[str, Any]:
    found = plan_outreach.handler(
        event,
        context or lambda_context(),
        ledger=ledger,
        store=store,
        log=decision_log(bucket),
        switches=switches or InMemorySwitches(),
        now=NOW,
    )
    passed: dict[str, Any] = json.loads(json.dumps(found))
    return passed


def test_every_open_account_is_scored_then_planned_and_the_state_is_passed_on() -> None:
    ledger, store = portfolio_of(*CUSTOMERS), InMemoryCollection()
    scored = score(given(), ledger, store)
    assert (scored["cursor"], scored["scored"]) == ("", 120)
    assert set(store.assessments) == set(CUSTOMERS)
    assert {one.as_of for one in store.assessments.values()} == {TODAY}
    planned = plan(scored, ledger, store)
    assert (planned["cursor"], planned["scored"], planned["reasons"]) == ("", 120, {"OK": 120})
    assert {made.customer_id for made in store.contacts.values()} == set(CUSTOMERS)
    assert all(made.risk_permille is not None for made in store.contacts.values())


@pytest.mark.parametrize("workers", [2, 5, 16, 64])
def test_workers_share_the_portfolio_without_gap_or_overlap(workers: int) -> None:
    ledger = portfolio_of(*CUSTOMERS)
    found: list[str] = []
    for worker in range(workers):
        store = InMemoryCollection()
        plan(given(worker, workers), ledger, store)
        mine = [made.customer_id for made in store.contacts.values()]
        assert all(shard_of(one) % workers == worker for one in mine)
        found += mine
    assert sorted(found) == sorted(CUSTOMERS)


def test_a_worker_short_of_time_returns_where_it_stopped_and_goes_on_from_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(portfolio, "PAGE", 2)
    ledger, store, context = portfolio_of(*CUSTOMERS), InMemoryCollection(), lambda_context()
    context.get_remaining_time_in_millis = lambda: 0
    event, calls = given(), 0
    while calls == 0 or event["cursor"]:
        before = len(store.contacts)
        event = plan(event, ledger, store, context)
        assert len(store.contacts) - before <= 2
        calls += 1
    assert (len(store.contacts), event["reasons"]) == (120, {"OK": 120})
    assert calls >= 60


def test_a_pass_in_pieces_sees_every_account_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(portfolio, "PAGE", 2)
    ledger, seen, cursor = portfolio_of(*CUSTOMERS), list[str](), "start"
    while cursor:
        request = portfolio.Pass(worker=0, workers=1, cursor="" if cursor == "start" else cursor)
        cursor = portfolio.run_pass(
            request, ledger, lambda page: seen.extend(one.customer.customer_id for one in page), lambda: 0
        )
    assert sorted(seen) == sorted(CUSTOMERS)


def test_a_page_that_is_done_again_after_a_crash_changes_nothing() -> None:
    ledger, store = portfolio_of(*CUSTOMERS), InMemoryCollection()
    plan(given(), ledger, store)
    contacts, events = dict(store.contacts), len(store.events)
    again = plan(given(), ledger, store)
    assert (again["reasons"], store.contacts, len(store.events)) == ({}, contacts, events)


class DiesOnce(InMemoryCollection):
    """The process dies when the first plan is to be carried out."""

    def __init__(self) -> None:
        super().__init__()
        self.dead = False

    def plan(self, customer_id: str, contacts: Sequence[Contact], events: Sequence[Event]) -> bool:
        if not self.dead:
            self.dead = True
            raise CrashError
        return super().plan(customer_id, contacts, events)


def test_a_page_that_died_after_its_decisions_were_kept_does_what_they_say_whatever_happened_since() -> None:
    ledger, store, bucket = portfolio_of("cus_1"), DiesOnce(), DecisionsBucket()
    event = given(run="execution-1")
    with pytest.raises(CrashError):
        plan(event, ledger, store, bucket=bucket)
    files = dict(bucket.files)
    store.assess([assessment(10, "cus_1")])  # by now the customer would be left alone for a while
    assert plan(event, ledger, store, bucket=bucket)["reasons"] == {"OK": 1}
    assert bucket.files == files
    (made,) = store.contacts.values()
    assert made.risk_permille is None
    assert decision_log(bucket).find(made.decisions[-1].decision_id).decision.customer_id == "cus_1"


def test_when_decisions_cannot_be_kept_nothing_is_planned() -> None:
    ledger, store, bucket = portfolio_of("cus_1"), InMemoryCollection(), DecisionsBucket()
    bucket.refuses = 1
    with pytest.raises(ClientError):
        plan(given(), ledger, store, bucket=bucket)
    assert store.contacts == {}


def test_without_a_date_the_creditors_business_date_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    ledger, store = portfolio_of("cus_1"), InMemoryCollection()
    late = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)  # still the 23rd in New York
    plan_outreach.handler(
        given(as_of=None),
        lambda_context(),
        ledger=ledger,
        store=store,
        log=decision_log(),
        switches=InMemorySwitches(),
        now=late,
    )
    (made,) = store.contacts.values()
    assert made.planned_on == TODAY


def test_accounts_with_nothing_open_are_not_touched() -> None:
    ledger, store = InMemoryLedger(account(who=customer("cus_idle"))), InMemoryCollection()
    assert score(given(), ledger, store)["scored"] == 0
    assert (store.assessments, plan(given(), ledger, store)["reasons"]) == ({}, {})


def test_one_customer_whose_place_makes_no_sense_does_not_stop_the_pass() -> None:
    strange = account(overdue(12), who=customer("cus_x", timezone="Mars/Olympus"))
    ledger, store = portfolio_of("cus_1", "cus_2"), InMemoryCollection()
    ledger.accounts["cus_x"] = strange
    assert plan(given(), ledger, store)["reasons"] == {"OK": 2, "UNCLEAR_CUSTOMER_FACTS": 1}


def test_who_was_written_to_yesterday_is_passed_over() -> None:
    yesterday = contact("due", 1, customer_id="cus_1")
    store = InMemoryCollection(yesterday)
    assert plan(given(), portfolio_of("cus_1"), store)["reasons"] == {}


@pytest.mark.parametrize("event", [{}, {"worker": 0}, {"worker": "x", "workers": 1}])
def test_an_input_that_is_not_the_machines_fails_at_once(event: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="validation error"):
        plan_outreach.handler(event, lambda_context())


@pytest.mark.parametrize("half", [score, plan], ids=["scoring", "planning"])
def test_a_date_that_is_still_to_come_is_refused_before_anything_is_kept(half: Any) -> None:
    store = InMemoryCollection()
    with pytest.raises(InvalidInputError, match="2027-11-23 is still to come: as_of may be 2026-11-23 at the latest"):
        half(given(as_of=date(2027, 11, 23)), portfolio_of("cus_1"), store)
    assert (store.assessments, store.contacts) == ({}, {})


def test_a_score_of_a_past_day_does_not_replace_one_of_today_and_one_dated_ahead_is_replaced() -> None:
    ledger, store = portfolio_of("cus_1"), InMemoryCollection()
    store.assess([assessment(900, "cus_1", as_of=TODAY + timedelta(days=365))])  # once the clock was wrong
    score(given(), ledger, store)
    today = store.assessments["cus_1"]
    assert (today.as_of, [one.as_of for one in today.history]) == (TODAY, [TODAY])
    score(given(as_of=TODAY - timedelta(days=1)), ledger, store)
    assert store.assessments["cus_1"] == today


def test_the_models_answers_are_logged_by_day_and_worker_and_a_page_done_again_replaces_its_own() -> None:
    at_eight_days = [account(overdue(8), who=customer(one)) for one in CUSTOMERS[:5]]
    ledger, bucket = InMemoryLedger(*at_eight_days), ReportsBucket()
    for _ in range(2):
        score(given(), ledger, InMemoryCollection(), bucket)
    ((key, (text, _)),) = bucket.files.items()
    moments = [one for line in text.splitlines() if (one := read_line(line))]
    assert key == f"models/late_payment/log/{TODAY}/00-start.{moments[0].place:08x}.1in1.jsonl"
    assert sorted(one.customer_id for one in moments) == CUSTOMERS[:5]
    assert {one.kind for one in moments} == {"past_due_longer"}
    assert {one.model for one in moments} == {ByHandScorer().model.identity}


def test_a_bucket_that_is_out_of_reach_costs_the_log_and_no_score() -> None:
    class OutOfReach(ReportsBucket):
        def put_object(self, **call: Any) -> None:
            raise EndpointConnectionError(endpoint_url="https://s3.example")

    store = InMemoryCollection()
    assert score(given(), InMemoryLedger(account(overdue(8))), store, OutOfReach())["scored"] == 1
    assert len(store.assessments) == 1


def test_one_customer_that_cannot_be_scored_does_not_stop_the_pass() -> None:
    ledger, store = portfolio_of("cus_1", "cus_2"), InMemoryCollection()
    strange = replace(overdue(12), amount_minor=-5)
    ledger.accounts["cus_x"] = replace(account(overdue(12), strange, who=customer("cus_x")))
    assert score(given(), ledger, store)["scored"] == 2
    assert set(store.assessments) == {"cus_1", "cus_2"}


def test_what_is_expected_of_an_account_follows_what_was_done_about_it() -> None:
    ledger, quiet, promised = portfolio_of("cus_1"), InMemoryCollection(), InMemoryCollection()
    score(given(), ledger, quiet)
    case = Case("cas_1", "cus_1", "USD", NOW - timedelta(days=3), CaseStatus.WAITING, "run")
    said = CaseEntry(NOW - timedelta(days=2), "ada", AgentOutcome.PROMISE, next_on=TODAY + timedelta(days=4))
    promised.open_case(replace(case, history=(said,)), [])
    score(given(), ledger, promised)
    before, after = (one.assessments["cus_1"].recovery("USD") for one in (quiet, promised))
    assert before
    assert after
    assert before.past_due_minor == after.past_due_minor == 10_000
    assert after.permille_30 > before.permille_30
    (told,) = [one for one in after.reasons if one.feature == "promise_open"]
    assert (told.words, told.direction) == ("A promised day of payment is still to come.", "raises")


def test_what_a_switch_stops_is_planned_on_another_channel_and_decided_again_to_the_same_answer() -> None:
    both = customer("cus_1", phone="+12125550111", texts=True)
    ledger, store, bucket = InMemoryLedger(account(overdue(8), who=both)), InMemoryCollection(), DecisionsBucket()
    switches = InMemorySwitches()
    turned(switches, "channel:email", True, "jo", "the provider is down", NOW)
    plan(given(), ledger, store, bucket=bucket, switches=switches)
    (made,) = store.contacts.values()
    assert (made.channel, made.status) == (Channel.SMS, ContactStatus.PLANNED)
    kept = decision_log(bucket).find(made.decisions[-1].decision_id)
    assert isinstance(kept.decision, PlanDecision)
    assert kept.decision.stopped == ("channel:email",)
    assert kept.decision.again(kept.policy) == kept.decision.plan


def test_when_every_way_is_stopped_the_first_is_planned_and_dispatch_says_why_not() -> None:
    ledger, store, switches = portfolio_of("cus_1"), InMemoryCollection(), InMemorySwitches()
    turned(switches, "channel:email", True, "jo", "the provider is down", NOW)
    plan(given(), ledger, store, switches=switches)
    assert [one.channel for one in store.contacts.values()] == [Channel.EMAIL]
