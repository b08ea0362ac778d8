"""The console's page of agreements: what was agreed and its progress, and what agents agree on the phone."""

import html
import re
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from chalice.test import HTTPResponse

from dunwell.accounts.model import Channel
from dunwell.arrangements.policy import ArrangementPolicy, Authority, OfferRule, PlanLimits, PlanPolicy
from dunwell.escalation.case import Case
from dunwell.ledger.agreements import Agreement, AgreementStatus
from dunwell.outreach.contact import CallOutcome, Contact, ContactStatus
from dunwell.outreach.tasks import TaskKind, call_task
from dunwell_aws.bootstrap.base import policy as policy_in_force
from dunwell_aws.consent_words import plan_consent
from functions.console import app as console
from functions.portal.app import portal_words
from tests.support.console import DECISION, Browser, World, csrf, path_of, sign_in, text
from tests.support.escalation import NOW, TODAY, pay

PAGE = "/customers/cus_1/agreements"
POLICY = ArrangementPolicy(
    plans=PlanPolicy(
        limits={
            Authority.CUSTOMER: PlanLimits(3),
            Authority.AGENT: PlanLimits(6),
            Authority.SUPERVISOR: PlanLimits(12, max_days=400),
        }
    ),
    settlements=(OfferRule("old", {Authority.AGENT: 200, Authority.SUPERVISOR: 400}, 0, 999, {"EUR": 1_00}),),
)
SUPERVISOR = "sue@example.com"


@pytest.fixture
def browser(world: World, browser: Browser) -> Browser:
    """An agent who is signed in, under a policy with plans and settlements."""
    parts = console.console()
    desk = replace(parts.arrangements(), policy=POLICY)
    console.use(replace(parts, arrangements=lambda: desk))
    world.pool.passwords[SUPERVISOR] = "Correct-Horse-2"
    world.pool.groups[SUPERVISOR] = ("agents", "supervisors")
    sign_in(browser)
    return browser


def send(browser: Browser, action: str, **fields: str) -> HTTPResponse:
    return browser.post(PAGE, csrf=csrf(browser.get("/")), action=action, **{"currency": "EUR"} | fields)


def plan(browser: Browser, instalments: int = 4, action: str = "plan", **fields: str) -> HTTPResponse:
    first = (TODAY + timedelta(days=7)).isoformat()
    return send(browser, action, instalments=str(instalments), frequency="monthly", first_on=first, **fields)


def agreements(world: World) -> list[Agreement]:
    return list(world.ledger.accounts["cus_1"].agreements.values())


def seen(page: HTTPResponse) -> tuple[str, str]:
    """The words that the page reads out, and the name that its form gives them."""
    words = re.search(r'<p class="quote" lang="[a-zA-Z-]+">(.*?)</p>', text(page), re.DOTALL)
    name = re.search(r'name="seen" value="(\w+)"', text(page))
    assert words
    assert name
    return html.unescape(words.group(1)), name.group(1)


def accept(world: World, browser: Browser) -> HTTPResponse:
    (one,) = [one for one in agreements(world) if one.status is AgreementStatus.PROPOSED]
    return send(browser, "accept", agreement=one.agreement_id, seen=seen(browser.get(PAGE))[1])


def test_a_promise_on_the_phone_stands_at_once_and_shows_its_progress(world: World, browser: Browser) -> None:
    answer = send(browser, "promise", promised="60.00", promised_on=(TODAY + timedelta(days=4)).isoformat())
    assert (answer.status_code, answer.headers["Location"].endswith(f"{PAGE}?done=promise")) == (303, True)
    (made,) = agreements(world)
    assert (made.kind.value, made.amount_minor, made.made_by) == ("promise", 60_00, "agent:ada@example.com")
    pay(world.ledger, "cus_1", 20_00)
    page = text(browser.get(f"{PAGE}?done=promise"))
    for expected in ("The promise is kept", "€60.00", "€20.00", "Wait until", "F-1"):
        assert expected in page


def test_a_plan_is_proposed_read_out_and_agreed_to_with_the_words_as_evidence(world: World, browser: Browser) -> None:
    assert plan(browser).status_code == 303
    words, _ = seen(browser.get(PAGE))
    assert "It is about: Invoice F-1." in words
    assert f"I agree to pay €100.00 to {policy_in_force().creditor.name} in" in words
    assert " in 4 payments: €25.00 on " in words
    assert words.endswith("Do you agree?")
    assert accept(world, browser).status_code == 303
    (made,) = agreements(world)
    assert made.status is AgreementStatus.AUTHORISED
    assert made.authorisation
    assert (made.authorisation.words, made.authorisation.method, made.authorisation.by) == (
        words,
        "agent",
        "agent:ada@example.com",
    )
    page = text(browser.get(PAGE))
    assert "Change the plan" in page
    assert "Nothing more to agree about" in page


SPOKEN = {
    "es": ("Acepto pagar", "¿Está usted de acuerdo?", "Hasta ese día y un día hábil después"),
    "fr": ("J'accepte de payer", "Êtes-vous d'accord ?", "Jusqu'à ce jour et un jour ouvré après"),
    "de": ("Ich stimme zu,", "Stimmen Sie zu?", "Bis dahin und einen Werktag danach"),
}


def speaks(world: World, language: str) -> None:
    """Makes it the customer's language."""
    known = world.ledger.accounts["cus_1"]
    world.ledger.accounts["cus_1"] = replace(known, customer=replace(known.customer, language=language))


@pytest.mark.parametrize("language", SPOKEN)
def test_words_are_read_out_in_the_customers_language_with_the_english_beside_them(
    world: World, browser: Browser, language: str
) -> None:
    speaks(world, language)
    plan(browser)
    page = browser.get(PAGE)
    words, _ = seen(page)
    for expected in SPOKEN[language][:2]:
        assert expected in words
    assert re.search(r'lang="en">Please listen.*?I agree to pay €100.00', text(page), re.DOTALL)
    assert accept(world, browser).status_code == 303
    (made,) = agreements(world)
    assert made.authorisation
    assert made.authorisation.words == words


@pytest.mark.parametrize("language", SPOKEN)
def test_what_a_promise_brings_is_read_out_in_the_customers_language(
    world: World, browser: Browser, language: str
) -> None:
    speaks(world, language)
    page = html.unescape(text(browser.get(PAGE)))
    assert SPOKEN[language][2] in page
    assert "Until that day and one business day after it" in page


@pytest.mark.parametrize("language", ["en", "pt", ""])
def test_a_customer_without_words_of_their_own_hears_the_creditors_language_once(
    world: World, browser: Browser, language: str
) -> None:
    speaks(world, language)
    plan(browser)
    page = text(browser.get(PAGE))
    assert page.count("I agree to pay €100.00") == 1
    assert "The same in English" not in page


def test_an_agent_reads_out_what_the_portal_shows(world: World, browser: Browser) -> None:
    speaks(world, "de")
    plan(browser)
    (made,) = agreements(world)
    creditor = policy_in_force().creditor
    portal_says = portal_words(creditor).say("de", world.ledger.accounts["cus_1"].customer.country)
    assert plan_consent(portal_says, creditor, made) in seen(browser.get(PAGE))[0]


def test_words_that_were_not_read_out_are_no_evidence(world: World, browser: Browser) -> None:
    plan(browser)
    (made,) = agreements(world)
    answer = send(browser, "accept", agreement=made.agreement_id, seen="0" * 16)
    assert answer.status_code == 409
    assert "Read out the new ones" in text(answer)
    assert agreements(world)[0].status is AgreementStatus.PROPOSED


def test_a_plan_beyond_the_agent_waits_for_a_supervisor_on_the_worklist(world: World, browser: Browser) -> None:
    plan(browser, 9)
    (made,) = agreements(world)
    assert made.approval == "supervisor"
    page = text(browser.get(PAGE))
    assert "Waits for the approval of a supervisor" in page
    assert 'value="approve"' not in page
    refused = send(browser, "approve", agreement=made.agreement_id)
    assert (refused.status_code, "Only a supervisor" in text(refused)) == (409, True)
    (task,) = world.cases.open_tasks(9)
    assert (task.kind, task.reason) == (TaskKind.APPROVAL, "plan_needs_supervisor")
    assert "Decide on a proposal" in text(browser.get("/tasks"))
    sign_in(browser, SUPERVISOR, "Correct-Horse-2")
    assert 'value="approve"' in text(browser.get(PAGE))
    assert send(browser, "approve", agreement=made.agreement_id).status_code == 303
    assert world.cases.open_tasks(9) == []
    assert accept(world, browser).status_code == 303


def test_a_supervisor_turns_a_proposal_down(world: World, browser: Browser) -> None:
    plan(browser, 9)
    sign_in(browser, SUPERVISOR, "Correct-Horse-2")
    send(browser, "refuse", agreement=agreements(world)[0].agreement_id)
    assert [one.status for one in agreements(world)] == [AgreementStatus.CANCELLED]
    assert world.cases.open_tasks(9) == []
    assert "Nothing is agreed" in text(browser.get(PAGE))


def test_an_offer_is_within_the_agents_authority_or_waits(world: World, browser: Browser) -> None:
    by = (TODAY + timedelta(days=7)).isoformat()
    page = text(browser.get(PAGE))
    assert "at most 20.0%" in page
    send(browser, "offer", rule="settlement:old", forgiven="15.00", pay_by=by)
    assert accept(world, browser).status_code == 303
    (made,) = agreements(world)
    assert (made.amount_minor, made.forgiven_minor) == (85_00, 15_00)
    assert world.ledger.accounts["cus_1"].balances == {"EUR": 85_00}
    send(browser, "cancel", agreement=made.agreement_id)
    assert world.ledger.accounts["cus_1"].balances == {"EUR": 100_00}


def test_an_offer_beyond_the_agent_waits_for_approval(world: World, browser: Browser) -> None:
    send(browser, "offer", rule="settlement:old", forgiven="35.00", pay_by=(TODAY + timedelta(days=7)).isoformat())
    assert [one.approval for one in agreements(world)] == ["supervisor"]


def test_a_customer_declines_and_nothing_is_agreed(world: World, browser: Browser) -> None:
    plan(browser)
    send(browser, "decline", agreement=agreements(world)[0].agreement_id)
    assert [one.status for one in agreements(world)] == [AgreementStatus.CANCELLED]


def test_a_plan_is_changed_after_its_new_words_were_read_out(world: World, browser: Browser) -> None:
    plan(browser)
    accept(world, browser)
    (old,) = agreements(world)
    preview = plan(browser, 2, "preview", agreement=old.agreement_id)
    words, name = seen(preview)
    assert (preview.status_code, "in 2 payments: €50.00 on " in words) == (200, True)
    assert [one.status for one in agreements(world)] == [AgreementStatus.AUTHORISED]
    assert plan(browser, 2, "revise", agreement=old.agreement_id, seen=name).status_code == 303
    _, new = agreements(world)
    assert (new.replaces, new.status, len(new.instalments)) == (old.agreement_id, AgreementStatus.AUTHORISED, 2)
    assert new.authorisation
    assert new.authorisation.words == words


def test_a_change_beyond_the_agent_is_refused_with_what_to_do(world: World, browser: Browser) -> None:
    plan(browser)
    accept(world, browser)
    answer = plan(browser, 9, "preview", agreement=agreements(world)[0].agreement_id)
    assert answer.status_code == 409
    assert "Ask a supervisor" in text(answer)


@pytest.mark.parametrize(
    ("action", "fields", "said"),
    [
        ("promise", {"promised": "60"}, "Enter the day"),
        ("promise", {"promised": "x", "promised_on": "2026-11-27"}, "The amount"),
        ("promise", {"promised": "5000", "promised_on": "2026-11-27"}, ""),
        ("promise", {"promised_on": "soon"}, "year-month-day"),
        ("plan", {"instalments": "many"}, "number of instalments"),
        ("plan", {"instalments": "3", "frequency": "monthly"}, "first instalment"),
        ("offer", {"rule": "gift:old", "forgiven": "1"}, "Choose an offer"),
        ("offer", {"rule": "settlement:old"}, "Choose an offer"),
        ("accept", {"agreement": "agr_x"}, "no such agreement"),
        ("shout", {}, "Choose what to do"),
    ],
)
def test_what_cannot_be_is_said_on_the_page_and_changes_nothing(
    world: World, browser: Browser, action: str, fields: dict[str, str], said: str
) -> None:
    answer = send(browser, action, **fields)
    assert answer.status_code in (400, 409)
    assert said in html.unescape(text(answer))
    assert 'role="alert"' in text(answer)
    assert agreements(world) == []


def test_a_promise_that_came_of_a_call_is_an_agreement_about_its_invoices(world: World, browser: Browser) -> None:
    made = Contact(
        "con_call", "cus_1", "EUR", Channel.CALL, "final", ("inv_F-1",), TODAY, ContactStatus.HANDED_OVER, "p1",
        731, "m1", "final", decisions=(DECISION,),
    )  # fmt: skip
    world.cases.contacts[made.contact_id] = made
    task = call_task(made, "+12125550111", "Good morning.", NOW)
    world.cases.open_task(task)
    path = f"/tasks/cus_1/{task.task_id}"
    fields: dict[str, Any] = {"csrf": csrf(browser.get(path)), "kind": "call", "outcome": "promised"}
    answer = browser.post(path, **fields)
    assert (answer.status_code, "Enter the day" in text(answer)) == (400, True)
    assert browser.post(path, **fields, promised_on=(TODAY + timedelta(days=3)).isoformat()).status_code == 303
    (promise,) = agreements(world)
    assert (promise.invoice_ids, promise.amount_minor) == (("inv_F-1",), 100_00)
    assert world.cases.contacts["con_call"].call_outcome is CallOutcome.PROMISED


def test_a_promise_that_came_of_a_case_is_an_agreement_and_the_case_waits(world: World, browser: Browser) -> None:
    case: Case = world.waiting()
    on = (TODAY + timedelta(days=3)).isoformat()
    fields = {"outcome": "promise", "how": "no_call", "next_on": on, "promised": "100.00"}
    answer = browser.post(path_of(case), csrf=csrf(browser.get("/")), version=str(case.version), **fields)
    assert answer.status_code == 303
    assert [one.amount_minor for one in agreements(world)] == [100_00]
    world.escalation.await_agent("cus_1", case.case_id, "token-2", NOW, TODAY)
    listed = text(browser.get("/"))
    assert "Later: a day or an agreement is waited for" in listed
    assert "€100.00 agreed" in listed
    page = text(browser.get(path_of(case)))
    assert "all that is past due is under a promise" in page


def test_the_page_is_for_agents_and_its_forms_for_this_browser(world: World, browser: Browser) -> None:
    assert browser.post(PAGE, action="promise", currency="EUR").status_code == 403
    assert browser.get("/customers/cus_x/agreements").status_code == 404
    browser.cookies.clear()
    assert browser.get(PAGE).headers["Location"].endswith("/sign-in")
    assert agreements(world) == []
