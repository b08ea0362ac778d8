"""Money whose owner is not known stands on an internal account: nobody is asked for it, scored by it or shown it."""

import csv
import io

import pytest

from dunwell.accounts.model import CustomerKind
from dunwell.errors import NotFoundError
from dunwell.outreach.contact import ContactStatus
from dunwell.outreach.dispatch import Dispatcher
from dunwell.outreach.plan import plan_account
from dunwell.outreach.ports import CollectionState
from dunwell.scoring.assess import assess_accounts
from functions.portal import app as portal_app
from tests.functions.test_build_reports import InMemoryBucket, build
from tests.functions.test_daily_pass import given, plan, score
from tests.support.decisions import decision_log
from tests.support.invocation import set_variables
from tests.support.memory import InMemoryCollection, InMemoryLedger, InMemoryMessageIndex, InMemorySwitches
from tests.support.outreach import NOW, POLICY, TODAY, SentBox, assessment, contact, overdue, sent
from tests.support.portal import account, customer
from tests.support.portal_app import PortalWorld
from tests.support.shop import Shop
from tests.unit.scoring.stand_in import ByHandScorer

SUSPENSE = customer(kind=CustomerKind.SUSPENSE, phone="+12125550123", texts=True)
UNKNOWN = account(overdue(40), who=SUSPENSE)
KNOWN = account(overdue(40), who=customer("cus_bert", number="C-7"))


def test_the_daily_pass_scores_and_plans_customers_only(monkeypatch: pytest.MonkeyPatch) -> None:
    set_variables(monkeypatch)
    ledger, store = InMemoryLedger(UNKNOWN, KNOWN), InMemoryCollection()
    plan(score(given(), ledger, store), ledger, store)
    assert set(store.assessments) == {"cus_bert"}
    assert {made.customer_id for made in store.contacts.values()} == {"cus_bert"}


def test_neither_a_message_nor_an_agent_is_planned_for_it() -> None:
    warned = CollectionState((sent("final", 10),), assessment(900).risk_permille)
    assert plan_account(UNKNOWN, warned, POLICY, TODAY, NOW).events == ()
    assert plan_account(UNKNOWN, CollectionState(), POLICY, TODAY, NOW).events == ()


def test_it_has_no_assessment_and_the_others_keep_theirs() -> None:
    made = assess_accounts([UNKNOWN, KNOWN, UNKNOWN], TODAY, ByHandScorer())
    assert [one.customer_id for one in made.assessments] == ["cus_bert"]


def test_what_was_planned_before_an_account_became_internal_is_not_sent() -> None:
    planned, box = contact(), SentBox()
    dispatcher = Dispatcher(
        InMemoryLedger(UNKNOWN),
        InMemoryCollection(planned),
        {planned.channel: box},
        POLICY,
        lambda: NOW,
        InMemoryCollection(),
        InMemorySwitches(),
        decision_log(),
        InMemoryMessageIndex(),
    )
    assert dispatcher.dispatch("cus_anna", planned.contact_id) is ContactStatus.REFUSED
    assert box.messages == []


def test_the_ageing_report_leaves_it_out(monkeypatch: pytest.MonkeyPatch) -> None:
    set_variables(monkeypatch, REPORTS_BUCKET="reports")
    bucket = InMemoryBucket()
    build(bucket, InMemoryLedger(UNKNOWN, KNOWN), {"as_of": TODAY.isoformat()})
    lines = list(csv.DictReader(io.StringIO(bucket.files[f"ageing/{TODAY}.csv"][0])))
    assert [(line["row"], line["customer_number"]) for line in lines] == [("customer", "C-7"), ("total", "")]


def test_nobody_signs_in_to_it_and_a_session_from_before_shows_nothing() -> None:
    world = PortalWorld()
    browser = world.signed_in()
    world.ledger.accounts["cus_anna"] = UNKNOWN
    assert browser.get("/account").status_code == 404
    link = world.links.issue_link("cus_anna", "account", world.clock.now())
    world.browser().post(f"/l/{link}", {"answer": SUSPENSE.number})
    assert len(world.codes.sent) == 1
    portal_app.use(None)


def test_nothing_of_it_is_paid_by_a_customer() -> None:
    shop = Shop()
    shop.ledger.accounts["cus_anna"] = UNKNOWN
    with pytest.raises(NotFoundError):
        shop.start()
