"""The console from its routes: signing in, the worklist, a case, and what must not get through."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from dunwell.accounts.model import Hold
from dunwell.escalation.case import AgentOutcome
from dunwell_aws.routing import GREEDY
from functions.console import app as console
from tests.support.console import BASE, REFUSED, Browser, World, csrf, path_of, sign_in, text
from tests.support.escalation import (
    NOW,
    TODAY,
    account,
    invoice,
    pay,
)
from tests.support.invocation import lambda_context, proxy_event
from tests.support.user_pool import InMemoryUserPool, access_token

# --- signing in and out ---


def test_an_agent_signs_in_and_sees_the_worklist(world: World, browser: Browser) -> None:
    world.waiting()
    answer = sign_in(browser)
    assert (answer.status_code, answer.headers["Location"]) == (303, f"{BASE}/")
    page = browser.get("/")
    assert page.status_code == 200
    assert "Müller &amp; Söhne" in text(page)
    assert "€100.00" in text(page)
    assert "73.1%" in text(page)
    assert "€61.00" in text(page)  # what is expected within 90 days


def test_the_session_cookie_is_out_of_reach_of_scripts_and_other_sites(browser: Browser) -> None:
    answer = sign_in(browser)
    (line,) = [c for c in answer.headers["Set-Cookie"] if c.startswith("dunwell_agent=")]
    assert {"HttpOnly", "SameSite=Strict", "Secure", "Path=/v1", "Max-Age=3600"} <= set(line.split("; "))


def test_a_wrong_password_and_a_wrong_address_read_the_same(browser: Browser) -> None:
    wrong_password = sign_in(browser, password="wrong")
    nobody = sign_in(browser, email="nobody@example.com")
    assert wrong_password.status_code == nobody.status_code == 403
    said = [re.search(r'role="alert">(.*?)</div>', text(answer)) for answer in (wrong_password, nobody)]
    assert said[0]
    assert said[1]
    assert said[0].group(1) == said[1].group(1)
    assert "dunwell_agent" not in browser.cookies


def test_a_temporary_password_has_to_be_replaced(world: World, browser: Browser) -> None:
    world.pool.temporary.add("ada@example.com")
    page = sign_in(browser)
    assert "Choose a password" in text(page)
    fields = {"csrf": csrf(page), "user": "ada@example.com", "session": "opaque"}
    differing = browser.post("/new-password", **fields, password="Longer-Horse-22", again="Other-Horse-222")
    weak = browser.post("/new-password", **fields, password="short", again="short")
    assert (differing.status_code, weak.status_code) == (400, 400)
    assert "at least 12 characters" in text(weak)
    good = browser.post("/new-password", **fields, password="Longer-Horse-22", again="Longer-Horse-22")
    assert good.status_code == 303
    assert browser.get("/").status_code == 200


def test_a_user_who_is_no_agent_gets_no_session(world: World, browser: Browser) -> None:
    world.pool.groups["ada@example.com"] = ("finance",)
    answer = sign_in(browser)
    assert answer.status_code == 403
    assert "Ask an administrator" in text(answer)
    assert "dunwell_agent" not in browser.cookies


def test_signing_in_needs_the_form_of_this_browser(world: World, browser: Browser) -> None:
    page = browser.get("/sign-in")
    browser.cookies.clear()
    answer = browser.post("/sign-in", csrf=csrf(page), email="ada@example.com", password="Correct-Horse-1")
    assert answer.status_code == 403
    assert world.pool.alive == {}


def test_signing_out_ends_the_session_everywhere(world: World, browser: Browser) -> None:
    sign_in(browser)
    stolen = dict(browser.cookies)
    answer = browser.post("/sign-out", csrf=csrf(browser.get("/")))
    assert answer.headers["Location"] == f"{BASE}/sign-in"
    assert "dunwell_agent" not in browser.cookies
    browser.cookies = stolen
    assert browser.get("/").status_code == 303


def test_a_user_pool_that_does_not_answer_is_said_so(world: World, browser: Browser) -> None:
    world.pool.down = True
    answer = sign_in(browser)
    assert answer.status_code == 503
    assert "sign-in service does not answer" in text(answer)


# --- without a session ---


@pytest.mark.parametrize("path", ["/", "/cases/cus_1/cas_1"])
def test_without_a_session_every_page_leads_to_signing_in(browser: Browser, path: str) -> None:
    answer = browser.get(path)
    assert (answer.status_code, answer.headers["Location"]) == (303, f"{BASE}/sign-in")


@pytest.mark.parametrize("path", ["/cases/cus_1/{}", "/cases/cus_1/{}/assign"])
def test_without_a_session_nothing_is_changed(world: World, browser: Browser, path: str) -> None:
    case = world.waiting()
    answer = browser.post(path.format(case.case_id), csrf="0", outcome="close", note="x", version=str(case.version))
    assert answer.headers["Location"] == f"{BASE}/sign-in"
    assert world.stored(case) == case


@pytest.mark.parametrize(
    "make",
    [
        lambda pool: "",
        lambda pool: "garbage",
        lambda pool: "a.b.c",
        lambda pool: access_token("ada@example.com"),  # not alive
        lambda pool: pool.token("ada@example.com", client_id="somebody-elses-client"),
        lambda pool: pool.token("ada@example.com", token_use="id"),
    ],
    ids=["none", "garbage", "not-json", "revoked", "other-client", "id-token"],
)
def test_a_token_that_is_not_a_living_one_of_ours_is_no_session(
    world: World, browser: Browser, make: Callable[[InMemoryUserPool], str]
) -> None:
    browser.cookies["dunwell_agent"] = make(world.pool)
    assert browser.get("/").status_code == 303


def test_a_living_token_of_somebody_who_is_no_agent_is_refused(world: World, browser: Browser) -> None:
    world.pool.groups["eve@example.com"] = ()
    browser.cookies["dunwell_agent"] = world.pool.token("eve@example.com")
    assert browser.get("/").status_code == 403


# --- a case ---


def test_a_case_shows_invoices_contacts_with_reasons_and_the_assessment_in_words(
    world: World, browser: Browser
) -> None:
    case = world.waiting()
    world.cases.contacts[REFUSED.contact_id] = REFUSED
    pay(world.ledger, "cus_1", 2_500)
    sign_in(browser)
    page = text(browser.get(path_of(case)))
    for expected in ("F-1", "€75.00", "€25.00", "House quiet hours", "HOUSE-1", "Slow payer"):
        assert expected in page
    assert "the last three invoices were paid late" in page
    assert "40 days past due" in page
    assert "€45.75 within 90 days" in page  # 61 % of what is past due now
    for expected in ("41.0%", "52.0%", "61.0%", "The debt is old."):
        assert expected in page


def test_a_case_shows_the_latest_payments_and_where_the_earlier_ones_are(world: World, browser: Browser) -> None:
    case = world.waiting()
    for amount_minor in range(101, 113):
        pay(world.ledger, "cus_1", amount_minor)
    sign_in(browser)
    page = text(browser.get(path_of(case)))
    shown = page.partition("<caption>Latest payments</caption>")[2].partition("</section>")[0]
    assert shown.count('data-label="How"') == 10
    assert "2 earlier ones are on the <a href=" in shown
    assert '/customers/cus_1/statement">statement of account</a>' in shown


def test_a_case_shows_the_holds_in_force_and_the_time_zone_with_its_evidence(world: World, browser: Browser) -> None:
    case, known = world.waiting(), world.ledger.accounts["cus_1"]
    lifted = Hold("cease", None, NOW - timedelta(days=9), lifted_at=NOW - timedelta(days=1), lifted_by="lead")
    attorney = Hold("attorney", None, NOW - timedelta(days=2), placed_by="Ada", note="Letter <of> Monday")
    who = replace(known.customer, holds=(lifted, attorney), country="US", region="NY", removed=True)
    world.ledger.accounts["cus_1"] = replace(known, customer=who)
    sign_in(browser)
    page = text(browser.get(path_of(case)))
    for expected in ("Hold: Attorney", "Letter &lt;of&gt; Monday", "Placed by Ada", "America/New_York", "US-NY"):
        assert expected in page
    assert "removed this customer" in page
    assert "Cease" not in page


def test_recording_an_outcome_keeps_it_and_resumes_the_escalation(world: World, browser: Browser) -> None:
    case = world.waiting()
    sign_in(browser)
    page = browser.get(path_of(case))
    day = TODAY + timedelta(days=7)
    fields = {"outcome": "promise", "how": "no_call", "note": "pays on Friday", "next_on": day.isoformat()}
    answer = browser.post(path_of(case), csrf=csrf(page), version=str(case.version), **fields)
    assert answer.headers["Location"] == f"{BASE}/?done=recorded"
    (entry,) = world.stored(case).history
    assert (entry.outcome, entry.note, entry.next_on) == (AgentOutcome.PROMISE, "pays on Friday", day)
    assert (entry.agent, entry.at) == ("ada@example.com", NOW)
    assert world.executions.resumed == ["token-cus_1"]


def test_sending_the_same_form_twice_records_it_once(world: World, browser: Browser) -> None:
    case = world.waiting()
    sign_in(browser)
    page = browser.get(path_of(case))
    send = {"csrf": csrf(page), "version": str(case.version), "outcome": "contacted", "how": "no_call"}
    assert browser.post(path_of(case), **send).status_code == 303
    again = browser.post(path_of(case), **send)
    assert again.status_code == 409
    assert "Look at it again" in text(again)
    assert len(world.stored(case).history) == 1
    assert world.executions.resumed == ["token-cus_1"]


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({}, "Choose what came of it"),
        ({"outcome": "burn"}, "Choose what came of it"),
        ({"outcome": "close"}, "why the case is closed"),
        ({"outcome": "promise"}, "promised to pay"),
        ({"outcome": "promise", "next_on": "soon"}, "year-month-day"),
        ({"outcome": "promise", "next_on": "2026-11-19"}, "from today on"),
        ({"outcome": "promise", "next_on": "2036-11-19"}, "from today on"),
        ({"outcome": "contacted", "note": "x" * 2001}, "longer than 2,000"),
        ({"outcome": "contacted", "how": ""}, "Choose how it came about"),
        ({"outcome": "contacted", "how": "by_pigeon"}, "Choose how it came about"),
        ({"outcome": "contacted", "how": "no_answer"}, "do not fit each other"),
        ({"outcome": "promise", "how": "voicemail", "next_on": "2026-11-27"}, "do not fit each other"),
        ({"outcome": "no_answer", "how": "they_called"}, "do not fit each other"),
        ({"outcome": "contacted", "how": "reached", "called_at": "at noon"}, "as day and time"),
        ({"outcome": "contacted", "how": "reached", "called_at": "2026-11-20T23:00"}, "a time that is past"),
        ({"outcome": "contacted", "how": "reached", "called_at": "2026-10-20T09:00"}, "a time that is past"),
    ],
)
def test_what_cannot_be_recorded_is_explained_and_the_note_kept(
    world: World, browser: Browser, fields: dict[str, str], said: str
) -> None:
    case = world.waiting()
    sign_in(browser)
    sent = {"version": str(case.version), "csrf": csrf(browser.get(path_of(case)))}
    answer = browser.post(path_of(case), **sent, **({"note": "", "how": "no_call"} | fields))
    assert answer.status_code == 400
    assert said in text(answer)
    assert fields.get("note", "") in text(answer)
    assert world.stored(case) == case


@pytest.mark.parametrize("token", ["", "0" * 64])
@pytest.mark.parametrize("path", ["", "/assign"])
def test_a_form_without_the_sessions_token_changes_nothing(
    world: World, browser: Browser, path: str, token: str
) -> None:
    case = world.waiting()
    sign_in(browser)
    fields = {"outcome": "close", "note": "x", "version": str(case.version)}
    assert browser.post(path_of(case) + path, csrf=token, **fields).status_code == 403
    assert world.stored(case) == case


def test_a_form_that_the_browser_says_another_site_sent_changes_nothing(world: World, browser: Browser) -> None:
    case = world.waiting()
    sign_in(browser)
    token = csrf(browser.get(path_of(case)))
    answer = browser.post(path_of(case) + "/assign", "cross-site", csrf=token)
    assert answer.status_code == 403
    assert world.stored(case) == case


def test_a_form_token_of_another_session_does_not_fit(world: World, browser: Browser) -> None:
    case = world.waiting()
    sign_in(browser)
    token = csrf(browser.get("/"))
    world.pool.passwords["bob@example.com"] = "Correct-Horse-2"
    world.pool.groups["bob@example.com"] = ("agents",)
    sign_in(browser, "bob@example.com", "Correct-Horse-2")
    assert browser.post(path_of(case) + "/assign", csrf=token).status_code == 403


def test_an_agent_takes_a_case(world: World, browser: Browser) -> None:
    case = world.waiting()
    sign_in(browser)
    answer = browser.post(path_of(case) + "/assign", csrf=csrf(browser.get(path_of(case))))
    assert answer.headers["Location"] == f"{BASE}{path_of(case)}?done=assigned"
    assert world.stored(case).assigned_to == "ada@example.com"
    assert world.executions.resumed == []


def test_the_case_of_one_customer_is_not_found_under_another(world: World, browser: Browser) -> None:
    mine, other = world.waiting(), world.waiting("cus_2", "inv_F-2")
    sign_in(browser)
    token = csrf(browser.get("/"))
    swapped = f"/cases/{mine.customer_id}/{other.case_id}"
    fields = {"outcome": "close", "note": "x", "version": str(other.version)}
    assert browser.get(swapped).status_code == 404
    assert browser.post(swapped, csrf=token, **fields).status_code == 404
    assert browser.post(swapped + "/assign", csrf=token).status_code == 404
    assert world.stored(other) == other


def test_a_case_with_a_later_day_stands_apart(world: World, browser: Browser) -> None:
    case = world.waiting()
    sign_in(browser)
    fields = {"outcome": "contacted", "how": "no_call", "next_on": (TODAY + timedelta(days=3)).isoformat()}
    browser.post(path_of(case), csrf=csrf(browser.get("/")), version=str(case.version), **fields)
    world.escalation.await_agent("cus_1", case.case_id, "token-2", NOW, TODAY)
    page = text(browser.get("/"))
    assert "Nothing is waiting" in page
    assert "Later: a day or an agreement is waited for" in page


def test_a_case_that_ended_meanwhile_says_so_and_has_no_form(world: World, browser: Browser) -> None:
    case = world.waiting()
    world.escalation.close("cus_1", case.case_id, "settled", NOW)
    sign_in(browser)
    page = text(browser.get(path_of(case)))
    assert "Closed: settled" in page
    assert 'name="outcome"' not in page


# --- every page ---


def test_pages_are_not_kept_framed_or_scripted_and_names_are_only_text(world: World, browser: Browser) -> None:
    evil = account(invoice(), name="<script>alert(1)</script>")
    world.ledger.accounts["cus_1"] = replace(evil, version=1)
    case = world.waiting()
    sign_in(browser)
    for path in ("/", path_of(case)):
        page = browser.get(path)
        assert page.headers["Cache-Control"] == "no-store"
        assert "default-src 'none'" in page.headers["Content-Security-Policy"]
        assert "unsafe" not in page.headers["Content-Security-Policy"]
        assert "frame-ancestors 'none'" in page.headers["Content-Security-Policy"]
        assert "<script" not in text(page)
        assert "&lt;script&gt;" in text(page)


def test_a_client_that_asks_for_json_gets_a_problem_document(browser: Browser) -> None:
    answer = browser.get("/", Accept="application/json")
    assert (answer.status_code, answer.headers["Content-Type"]) == (401, "application/problem+json")


# --- what API Gateway hands over ---


def greedy(method: str, path: str, **headers: str) -> Any:
    """What the handler answers to a request under the template's greedy path."""
    event = proxy_event(method, GREEDY, pathParameters={"proxy": path})
    event["headers"] = event["headers"] | headers
    return console.handler(event, lambda_context())


def test_the_handler_finds_the_page_of_a_greedy_path(world: World, browser: Browser) -> None:
    case = world.waiting()
    sign_in(browser)
    cookies = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
    answer = greedy("GET", path_of(case).strip("/"), cookie=cookies)
    assert answer["statusCode"] == 200
    assert "Müller &amp; Söhne" in answer["body"]


@pytest.mark.parametrize(("method", "path", "status"), [("GET", "nothing/here", 404), ("POST", "messages", 405)])
def test_what_is_no_page_is_told_by_a_page_that_needs_no_sign_in(
    world: World, method: str, path: str, status: int
) -> None:
    answer = greedy(method, path)
    assert answer["statusCode"] == status
    assert "<!doctype html>" in answer["body"]
    assert "Content-Security-Policy" in answer["multiValueHeaders"] | answer["headers"]


def test_a_program_is_told_of_a_missing_page_by_a_document(world: World) -> None:
    answer = greedy("GET", "nothing", accept="application/json")
    assert answer["headers"]["Content-Type"] == "application/problem+json"
