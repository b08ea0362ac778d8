"""The console's tasks: calls with script, hours and outcome, and what keeps messages from customers."""

import html
from dataclasses import replace
from datetime import timedelta

import pytest
from chalice.test import HTTPResponse

from dunwell.accounts.contact_points import Channel
from dunwell.accounts.holds import Hold
from dunwell.ledger.agreements import AgreedInstalment, AgreementKind, Authorisation
from dunwell.outreach.blocked import notice_task
from dunwell.outreach.contact import CallOutcome, Contact, ContactStatus, DecisionRecord
from dunwell.outreach.tasks import Task, call_task, trouble_task
from tests.support.agreements import agreement
from tests.support.console import DECISION, Browser, World, csrf, sign_in, text
from tests.support.escalation import NOW, TODAY

NUMBER = "+12125550111"


@pytest.fixture
def call(world: World, browser: Browser) -> Task:
    """A call that waits, before an agent who is signed in."""
    made = Contact(
        "con_call", "cus_1", "EUR", Channel.CALL, "final", ("inv_F-1",), TODAY, ContactStatus.HANDED_OVER, "p1",
        731, "m1", "final", decisions=(DECISION,),
    )  # fmt: skip
    world.cases.contacts[made.contact_id] = made
    task = call_task(made, NUMBER, "Good morning, <b>this is</b> Example Supplies.", NOW)
    world.cases.open_task(task)
    sign_in(browser)
    return task


def path(task: Task) -> str:
    return f"/tasks/{task.customer_id}/{task.task_id}"


def finish(browser: Browser, task: Task, **fields: str) -> HTTPResponse:
    page = browser.get(path(task))
    return browser.post(path(task), csrf=csrf(page), kind=task.kind.value, **fields)


def test_a_call_is_listed_and_says_whom_to_call_what_to_say_and_when(browser: Browser, call: Task) -> None:
    listed = text(browser.get("/tasks"))
    assert path(call) in listed
    assert NUMBER in listed
    page = text(browser.get(path(call)))
    assert NUMBER in page
    assert "&lt;b&gt;this is" in page
    assert "May be called" in page
    assert "Invoice F-1" in page
    for outcome in CallOutcome:
        assert f'value="{outcome.value}"' in page


def test_the_outcome_is_kept_with_the_contact_and_the_task_is_off_the_list(
    world: World, browser: Browser, call: Task
) -> None:
    answer = finish(browser, call, outcome="no_answer", note="Twice.")
    assert (answer.status_code, answer.headers["Location"].endswith("/tasks?done=task")) == (303, True)
    kept = world.cases.contacts["con_call"]
    assert (kept.status, kept.call_outcome) == (ContactStatus.MISSED, CallOutcome.NO_ANSWER)
    page = text(browser.get("/tasks?done=task"))
    assert "Nothing is to be done" in page
    assert "The contact rules count it" in page
    assert "Done by" in text(browser.get(path(call)))


def test_without_an_outcome_the_page_comes_again_with_the_note(browser: Browser, call: Task) -> None:
    answer = finish(browser, call, note="I forgot")
    assert answer.status_code == 400
    assert "Choose what came of the call" in text(answer)
    assert "I forgot" in text(answer)


def test_the_second_agent_is_told_that_somebody_was_faster(browser: Browser, call: Task) -> None:
    page = browser.get(path(call))
    finish(browser, call, outcome="reached")
    answer = browser.post(path(call), csrf=csrf(page), kind="call", outcome="reached")
    assert answer.status_code == 409
    assert "Somebody else did this task first" in text(answer)


def test_a_wrong_address_is_shown_with_its_reason_and_done_with_a_note(
    world: World, browser: Browser, call: Task
) -> None:
    who = world.ledger.accounts["cus_1"].customer
    trouble = trouble_task(who, "INVALID_NUMBER", "12ab", NOW)
    world.cases.open_task(trouble)
    page = text(browser.get(path(trouble)))
    assert "Invalid number" in page
    assert "12ab" in page
    assert finish(browser, trouble).status_code == 400
    assert finish(browser, trouble, note="Asked billing.").status_code == 303
    assert world.cases.tasks[trouble.task_id].note == "Asked billing."


def test_a_form_without_its_token_or_of_no_task_changes_nothing(world: World, browser: Browser, call: Task) -> None:
    assert browser.post(path(call), kind="call", outcome="reached").status_code == 403
    assert browser.get("/tasks/cus_1/tsk_none").status_code == 404
    assert not world.cases.tasks[call.task_id].is_done


# --- notices that no channel may carry ---


@pytest.fixture
def notice(world: World, browser: Browser) -> Task:
    """The copy of a plan that an attorney's hold stops, before an agent who is signed in."""
    known = world.ledger.accounts["cus_1"]
    parts = (
        AgreedInstalment(1, TODAY + timedelta(days=7), 50_00),
        AgreedInstalment(2, TODAY + timedelta(days=37), 50_00),
    )
    words = Authorisation("I agree to pay twice €50.00.", NOW, "portal", "customer", "192.0.2.7")
    plan = agreement("inv_F-1", kind=AgreementKind.PLAN, currency="EUR", instalments=parts, authorisation=words)
    hold = Hold("attorney", None, NOW - timedelta(days=1), note="Attorney Lee, 1 Main St")
    world.ledger.accounts["cus_1"] = replace(
        known, customer=replace(known.customer, holds=(hold,)), agreements={plan.agreement_id: plan}
    )
    stopped = DecisionRecord(False, "ATTORNEY_REPRESENTED", NOW, None, ("HOLD-ATTY",), "p1", "2026f")
    refused = Contact(
        "con_copy", "cus_1", "EUR", Channel.EMAIL, "agreement_copy", ("inv_F-1",), TODAY, ContactStatus.REFUSED, "p1",
        None, "", "agreement_copy", decisions=(stopped,), about={"agreement_id": plan.agreement_id},
    )  # fmt: skip
    world.cases.contacts[refused.contact_id] = refused
    task = notice_task([refused], "cus_1", NOW)
    world.cases.open_task(task)
    sign_in(browser)
    return task


def test_a_notice_says_what_to_send_to_whom_and_why_it_is_the_agents(browser: Browser, notice: Task) -> None:
    listed = text(browser.get("/tasks"))
    assert path(notice) in listed
    assert "Give a notice: agreement copy" in listed
    page = html.unescape(text(browser.get(path(notice))))
    for expected in (
        "attorney represented",
        "The customer's attorney, not the customer.",
        "Attorney Lee, 1 Main St",
        "I agree to pay twice €50.00.",
        "your note is the evidence",
    ):
        assert expected in page, expected
    assert "It may go to the customer now" not in page


def test_a_notice_is_done_with_a_note_of_how_it_was_given(world: World, browser: Browser, notice: Task) -> None:
    assert finish(browser, notice).status_code == 400
    assert finish(browser, notice, note="By post to attorney Lee.").status_code == 303
    assert world.cases.open_tasks(9) == []
    assert "By post to attorney Lee." in text(browser.get(path(notice)))


def test_a_notice_whose_hold_was_lifted_may_go_to_the_customer(world: World, browser: Browser, notice: Task) -> None:
    known = world.ledger.accounts["cus_1"]
    free = replace(known.customer, holds=(), country="US", region="NY")
    world.ledger.accounts["cus_1"] = replace(known, customer=free)
    assert "It may go to the customer now" in text(browser.get(path(notice)))
