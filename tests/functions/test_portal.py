"""The portal as a browser, a mail scanner and a stranger meet it."""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from chalice.test import HTTPResponse

from dunwell.accounts.contact_points import Channel, PointKind, address_id
from dunwell.errors import UnavailableError
from dunwell.outreach.contact import ContactStatus
from dunwell.outreach.notices import Notice
from dunwell.payments.gateway_events import GatewayEventKind
from dunwell.payments.ports import PaymentStatus
from dunwell_aws.portal.sign_in_pages import ANSWER_SECONDS
from functions.portal import app as portal_app
from tests.support.browser import hidden, text
from tests.support.outreach import sent
from tests.support.portal import account, changed, customer, invoice
from tests.support.portal_app import BASE, PortalWorld

ROOT = Path(__file__).resolve().parents[2]
ANNA_ONLY = ["Bakery", "C-1042", "1,234.50", "A1", "25.50", "inv_a", "anna@"]


@pytest.fixture
def world() -> Iterator[PortalWorld]:
    yield PortalWorld()
    portal_app.use(None)


def shows_nothing_of_anna(response: HTTPResponse) -> bool:
    return not any(secret in response.body.decode() + str(response.headers) for secret in ANNA_ONLY)


def test_a_notice_is_shown_as_new_once_and_its_contact_is_delivered(world: PortalWorld) -> None:
    made = sent("due", 1, channel=Channel.PORTAL)
    world.contacts.contacts[made.contact_id] = made
    words = "Please pay <b>A1</b>.\n\nThank you."
    world.notices.write_notice(Notice(made.contact_id, "cus_anna", "One invoice is overdue", words, world.clock.now()))
    browser = world.signed_in()
    first = browser.get("/account").body.decode()
    assert "New</span> One invoice is overdue" in first
    assert "<p>Please pay &lt;b&gt;A1&lt;/b&gt;.</p>" in first
    again = browser.get("/account").body.decode()
    assert "New</span> One invoice" not in again
    assert "One invoice is overdue" in again
    kept = world.contacts.contacts[made.contact_id]
    assert kept.status is ContactStatus.DELIVERED
    assert kept.opened_at is not None


# --- signing in ---


def test_a_customer_comes_by_a_link_answers_types_the_code_and_sees_the_account(world: PortalWorld) -> None:
    browser = world.browser()
    link = world.links.issue_link("cus_anna", "account", world.clock.now())
    asked = browser.post(f"/l/{link}", {"answer": " c1042 "})
    assert (asked.status_code, asked.headers["Location"]) == (303, f"{BASE}/code")
    entered = browser.post("/code", {"code": world.codes.sent[0][1]})
    assert (entered.status_code, entered.headers["Location"]) == (303, f"{BASE}/account")
    page = text(browser.get("/account"))
    assert "Anna's Bakery & Sons" in page
    assert "You owe in USD $1,260.00" in page
    assert "Pay $700.00" not in page
    assert "€700.00" in page
    assert "22 days past due" in page
    assert "In dispute" in page


def test_the_question_tells_nothing_and_is_the_same_for_strangers(world: PortalWorld) -> None:
    link = world.links.issue_link("cus_anna", "account", world.clock.now())
    known, unknown = world.browser().get(f"/l/{link}"), world.browser().get("/l/" + "x" * 27)
    assert known.body.replace(link.encode(), b"x" * 27) == unknown.body
    assert known.headers == unknown.headers
    assert shows_nothing_of_anna(unknown)


def test_right_and_wrong_answers_and_unknown_links_get_the_same_answer_in_the_same_time(world: PortalWorld) -> None:
    link = world.links.issue_link("cus_anna", "account", world.clock.now())
    answers = [
        world.browser().post(f"/l/{link}", {"answer": "C-1042"}),
        world.browser().post(f"/l/{link}", {"answer": "wrong"}),
        world.browser().post("/l/unknown", {"answer": "C-1042"}),
        world.browser().post(
            f"/l/{world.links.issue_link('cus_anna', 'stop', world.clock.now())}", {"answer": "C-1042"}
        ),
    ]
    assert {answer.status_code for answer in answers} == {303}
    shapes = {re.sub(r"=[\w-]{43};", "=…;", str(answer.headers)) for answer in answers}
    assert len(shapes) == 1
    assert {answer.body for answer in answers} == {b""}
    assert len(world.codes.sent) == 1
    assert all(ANSWER_SECONDS - 0.1 < slept <= ANSWER_SECONDS for slept in world.slept)
    assert len(world.slept) == 4


def test_a_code_by_text_signs_in_and_choosing_it_tells_nobody_whether_there_is_a_number() -> None:
    anna = account(invoice("A1", 1_000), who=customer(phone="+12125550123", texts=True))
    world = PortalWorld(anna, account(who=customer("cus_bert", number="C-7")))
    links = [world.links.issue_link(who, "account", world.clock.now()) for who in ("cus_anna", "cus_bert")]
    browser = world.browser()
    answers = [
        browser.post(f"/l/{links[0]}", {"answer": "C-1042", "way": "sms"}),
        world.browser().post(f"/l/{links[1]}", {"answer": "C-7", "way": "sms"}),
        world.browser().post("/l/unknown", {"answer": "C-7", "way": "sms"}),
    ]
    assert len({(one.status_code, one.body, re.sub(r"=[\w-]{43};", "", str(one.headers))) for one in answers}) == 1
    ((number, code),) = world.texts.sent
    assert number == "+12125550123"
    assert browser.post("/code", {"code": code}).headers["Location"] == f"{BASE}/account"
    assert all(ANSWER_SECONDS - 0.1 < slept <= ANSWER_SECONDS for slept in world.slept)
    portal_app.use(None)


def test_a_mail_scanner_that_follows_every_link_uses_nothing_up(world: PortalWorld) -> None:
    now = world.clock.now()
    link, stop = (world.links.issue_link("cus_anna", purpose, now) for purpose in ("account", "stop"))
    before = world.store.writes
    for _ in range(20):
        for path in (f"/l/{link}", f"/stop/{stop}", "/code", "/account", "/paid"):
            world.browser().get(path)
    assert world.store.writes == before
    assert world.ledger.accounts["cus_anna"].customer.opted_out == frozenset()
    browser = world.browser()
    browser.post(f"/l/{link}", {"answer": "C-1042"})
    browser.post("/code", {"code": world.codes.sent[0][1]})
    assert browser.get("/account").status_code == 200


def test_wrong_used_and_old_codes_are_told_in_the_same_words(world: PortalWorld) -> None:
    link = world.links.issue_link("cus_anna", "account", world.clock.now())
    browser, thief = world.browser(), world.browser()
    browser.post(f"/l/{link}", {"answer": "C-1042"})
    thief.cookies.update(browser.cookies)
    code = world.codes.sent[0][1]
    wrong = browser.post("/code", {"code": f"{(int(code) + 1) % 1_000_000:06d}"})
    browser.post("/code", {"code": code})
    used = thief.post("/code", {"code": code})
    late = world.browser()
    late.post(f"/l/{link}", {"answer": "C-1042"})
    world.clock.moves(minutes=15)
    old = late.post("/code", {"code": world.codes.sent[1][1]})
    never_asked = world.browser().post("/code", {"code": code})
    assert [answer.status_code for answer in (wrong, used, old, never_asked)] == [403, 410, 410, 410]
    assert wrong.body == used.body == old.body == never_asked.body
    assert "dunwell_session" not in thief.cookies


def test_five_tries_rest_a_link_known_or_not(world: PortalWorld) -> None:
    link = world.links.issue_link("cus_anna", "account", world.clock.now())
    for token in (link, "unknown"):
        for _ in range(5):
            assert world.browser().post(f"/l/{token}", {"answer": "wrong"}).status_code == 303
        refused = world.browser().post(f"/l/{token}", {"answer": "C-1042"})
        assert refused.status_code == 429
        assert refused.headers["Retry-After"] == "3600"
        assert "one hour" in text(refused)
    assert world.codes.sent == []


def test_a_session_ends_with_silence_and_says_so(world: PortalWorld) -> None:
    browser = world.signed_in()
    world.clock.moves(minutes=30)
    ended = browser.get("/account")
    assert ended.status_code == 401
    assert "signed out" in text(ended)
    assert shows_nothing_of_anna(ended)


def test_signing_out_ends_the_session_and_the_cookie(world: PortalWorld) -> None:
    browser = world.signed_in()
    kept = dict(browser.cookies)
    out = browser.post("/sign-out", {"csrf": hidden(browser.get("/account"), "csrf")})
    assert out.status_code == 200
    assert browser.cookies == {}
    browser.cookies.update(kept)
    assert browser.get("/account").status_code == 401


# --- nobody else's data ---


@pytest.mark.parametrize("path", ["/account", "/paid", "/paid?order=ord_x"])
def test_no_page_of_an_account_without_a_session(world: PortalWorld, path: str) -> None:
    world.signed_in()
    stranger = world.browser()
    for cookie in ({}, {"dunwell_session": "forged"}, {"dunwell_session": ""}, {"dunwell_session": 'a"b\\'}):
        stranger.cookies = cookie
        refused = stranger.get(path)
        assert refused.status_code == 401
        assert shows_nothing_of_anna(refused)


@pytest.mark.parametrize("path", ["/pay", "/sign-out"])
def test_no_form_without_a_session(world: PortalWorld, path: str) -> None:
    assert world.browser().post(path, {"csrf": "x"}).status_code == 401


def test_another_customers_ids_show_and_charge_nothing(world: PortalWorld) -> None:
    anna, bert = world.signed_in(), world.signed_in("cus_bert", "C-7")
    world.pay(anna)
    (order,) = world.orders.orders("cus_anna")
    attempts = [
        bert.get(f"/paid?order={order.order_id}"),
        world.pay(bert, what="chosen", invoice="inv_a1"),
        world.pay(bert, what="chosen", invoice=["inv_b1", "inv_a1"]),
    ]
    assert [attempt.status_code for attempt in attempts] == [404, 404, 404]
    assert all(shows_nothing_of_anna(attempt) for attempt in [*attempts, bert.get("/account")])
    assert len(world.gateway.calls) == 1


def test_another_sessions_form_token_is_refused(world: PortalWorld) -> None:
    anna, bert = world.signed_in(), world.signed_in("cus_bert", "C-7")
    csrf = hidden(bert.get("/account"), "csrf")
    assert world.pay(anna, csrf=csrf).status_code == 403
    assert anna.post("/sign-out", {"csrf": csrf}).status_code == 403
    assert anna.post("/pay", {"currency": "USD", "what": "all"}).status_code == 403
    assert world.gateway.calls == []


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_a_form_that_another_site_sends_is_refused(world: PortalWorld, site: str) -> None:
    browser = world.signed_in()
    csrf = hidden(browser.get("/account"), "csrf")
    refused = browser.post("/pay", {"csrf": csrf, "currency": "USD", "what": "all"}, Sec_Fetch_Site=site)
    assert refused.status_code == 403
    assert world.browser().post("/code", {"code": "123456"}, Sec_Fetch_Site=site).status_code == 403


# --- paying ---


def test_paying_leads_to_the_gateways_page_and_a_double_click_to_the_same_one(world: PortalWorld) -> None:
    browser = world.signed_in()
    first, second = world.pay(browser), world.pay(browser)
    assert (first.status_code, first.headers["Location"]) == (303, "https://checkout.example/1")
    assert second.headers["Location"] == first.headers["Location"]
    assert len(world.gateway.calls) == 1


def test_some_invoices_can_be_chosen(world: PortalWorld) -> None:
    browser = world.signed_in()
    world.pay(browser, what="chosen", invoice=["inv_a2"])
    (order,) = world.orders.orders("cus_anna")
    assert order.amount_minor == 2_550


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"what": "chosen"}, 400),
        ({"what": "chosen", "invoice": "inv_e1"}, 400),
        ({"what": "chosen", "invoice": "' OR 1=1"}, 404),
        ({"currency": "XXX"}, 403),
        ({"currency": ""}, 403),
    ],
)
def test_a_form_that_asks_for_what_cannot_be_is_told_so(
    world: PortalWorld, fields: dict[str, Any], status: int
) -> None:
    refused = world.pay(world.signed_in(), **fields)
    assert refused.status_code == status
    assert "To your account" in text(refused)
    assert world.gateway.calls == []


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", "Choose at least one invoice."),
        ("de", "Wählen Sie mindestens eine Rechnung."),
        ("es", "Elija al menos una factura."),
        ("fr", "Choisissez au moins une facture."),
    ],
)
def test_what_a_checkout_refuses_is_said_in_the_customers_language(
    world: PortalWorld, language: str, words: str
) -> None:
    browser = world.signed_in()
    browser.post("/language", {"language": language, "back": "/account"})
    assert words in text(world.pay(browser, what="chosen"))


def test_a_gateway_that_is_down_is_a_page_and_not_a_charge(world: PortalWorld) -> None:
    world.gateway.error = UnavailableError("The payment service does not answer. Nothing was charged.")
    refused = world.pay(world.signed_in())
    assert refused.status_code == 503
    assert "Nothing was charged" in text(refused)


def test_a_client_that_asks_for_json_gets_a_problem_document(world: PortalWorld) -> None:
    refused = world.browser().get("/account", Accept="application/json")
    assert refused.headers["Content-Type"] == "application/problem+json"
    assert refused.json_body["status"] == 401


def test_coming_back_from_the_gateway_waits_for_the_money_and_then_says_so(world: PortalWorld) -> None:
    browser = world.signed_in()
    world.pay(browser)
    (order,) = world.orders.orders("cus_anna")
    waiting = browser.get(f"/paid?order={order.order_id}")
    assert "being confirmed" in text(waiting)
    assert waiting.headers["Refresh"].startswith("3; url=https://portal.example/v1/paid?order=ord_")
    world.gateway.pays(order)
    world.arrives()
    paid = browser.get(f"/paid?order={order.order_id}")
    assert "We have your payment" in text(paid)
    assert "$1,234.50" in text(paid)
    assert "Refresh" not in paid.headers
    account_page = text(browser.get("/account"))
    assert "You owe in USD $25.50" in account_page
    assert "For invoice A1" in account_page


@pytest.mark.parametrize("look", ["10", "99999999999999999999", "-1", "x", "²"])
def test_the_page_stops_looking_by_itself(world: PortalWorld, look: str) -> None:
    browser = world.signed_in()
    world.pay(browser)
    (order,) = world.orders.orders("cus_anna")
    answer = browser.get(f"/paid?order={order.order_id}&look={look}")
    assert answer.status_code == 200
    assert "Refresh" not in answer.headers


def test_a_bank_debit_under_way_is_shown_and_not_asked_for_again(world: PortalWorld) -> None:
    browser = world.signed_in()
    world.pay(browser)
    (order,) = world.orders.orders("cus_anna")
    world.gateway.pays(order, status=PaymentStatus.PROCESSING, amount_minor=0)
    world.arrives(GatewayEventKind.PAYMENT_PROCESSING)
    assert "Your bank is confirming" in text(browser.get(f"/paid?order={order.order_id}"))
    assert "A payment of $1,234.50 is on its way" in text(browser.get("/account"))
    assert world.pay(browser).status_code == 403


# --- ending e-mail ---


def test_one_click_of_a_mail_program_ends_email_without_a_cookie_and_again_changes_nothing(world: PortalWorld) -> None:
    stop = world.links.issue_link("cus_anna", "stop", world.clock.now())
    for _ in range(2):
        done = world.browser().post(f"/stop/{stop}", {"List-Unsubscribe": "One-Click"}, Sec_Fetch_Site="cross-site")
        assert done.status_code == 200
    assert world.ledger.accounts["cus_anna"].customer.opted_out == {Channel.EMAIL}
    assert world.ledger.accounts["cus_anna"].version == 2


def test_one_click_ends_email_for_all_who_were_written_to_at_the_address(world: PortalWorld) -> None:
    where = address_id(PointKind.EMAIL, "anna@bakery.example")
    for one in ("cus_anna", "cus_bert"):
        world.addresses.note_customer(where, one)
    bert = world.ledger.accounts["cus_bert"]
    shared = changed(bert.customer, email="Anna@bakery.example")
    world.ledger.accounts["cus_bert"] = replace(bert, customer=shared)
    stop = world.links.issue_link("cus_anna", "stop", world.clock.now(), address_id=where)
    for _ in range(2):
        assert world.browser().post(f"/stop/{stop}").status_code == 200
    assert world.ledger.accounts["cus_bert"].customer.opted_out == {Channel.EMAIL}
    versions = [world.ledger.accounts[one].version for one in ("cus_anna", "cus_bert")]
    assert versions == [2, bert.version + 1]


def test_one_click_may_come_as_multipart(world: PortalWorld) -> None:
    stop = world.links.issue_link("cus_anna", "stop", world.clock.now())
    body = "multipart/form-data; boundary=b"
    assert world.browser().post(f"/stop/{stop}", Content_Type=body).status_code == 200
    assert world.ledger.accounts["cus_anna"].customer.opted_out == {Channel.EMAIL}


def test_the_page_that_asks_changes_nothing_and_is_the_same_for_strangers(world: PortalWorld) -> None:
    stop = world.links.issue_link("cus_anna", "stop", world.clock.now())
    known, unknown = world.browser().get(f"/stop/{stop}"), world.browser().get("/stop/unknown")
    assert known.body.replace(stop.encode(), b"unknown") == unknown.body
    assert world.ledger.accounts["cus_anna"].version == 1
    assert world.browser().post("/stop/unknown").status_code == 404


def test_links_of_one_purpose_do_not_serve_the_other(world: PortalWorld) -> None:
    link = world.links.issue_link("cus_anna", "account", world.clock.now())
    assert world.browser().post(f"/stop/{link}").status_code == 404
    assert world.ledger.accounts["cus_anna"].customer.opted_out == frozenset()


# --- every page ---


def every_page(world: PortalWorld) -> dict[str, HTTPResponse]:
    browser = world.signed_in()
    world.pay(browser)
    (order,) = world.orders.orders("cus_anna")
    return {
        "question": browser.get("/l/x"),
        "code": browser.get("/code"),
        "account": browser.get("/account"),
        "paid": browser.get(f"/paid?order={order.order_id}"),
        "stop": browser.get("/stop/x"),
        "not found": browser.get("/paid?order=x"),
        "wrong code": browser.post("/code", {"code": "1"}),
        "signed out": world.browser().get("/account"),
    }


def test_every_page_is_guarded_by_its_headers(world: PortalWorld) -> None:
    for name, page in every_page(world).items():
        policy = page.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy, name
        assert "unsafe" not in policy, name
        assert "frame-ancestors 'none'" in policy, name
        assert "form-action 'self' https://checkout.example" in policy, name
        assert page.headers["Cache-Control"] == "no-store", name
        assert page.headers["Referrer-Policy"] == "no-referrer", name
        assert page.headers["X-Content-Type-Options"] == "nosniff", name
        assert page.headers["Strict-Transport-Security"], name
        assert "<script" not in page.body.decode(), name
        assert len(page.body) < 50_000, name


def test_every_page_names_the_creditor_and_how_to_reach_it(world: PortalWorld) -> None:
    for name, page in every_page(world).items():
        said = text(page)
        assert "Example Supplies Ltd" in said, name
        assert "1 Example Street, New York, NY 10001, USA" in said, name
        assert "+1 212 555 0100" in said, name


def test_every_page_has_a_language_a_title_a_main_heading_and_labelled_fields(world: PortalWorld) -> None:
    for name, page in every_page(world).items():
        body = page.body.decode()
        assert re.search(r'<html lang="en(-US)?">', body), name
        assert len(re.findall(r"<h1>", body)) == 1, name
        assert re.search(r"<title>\S.* \u2013 Example Supplies Ltd</title>", body), name
        for field in re.findall(r'<input id="(\w+)"', body):
            assert f'<label for="{field}">' in body, name


def test_cookies_are_kept_from_scripts_other_sites_and_plain_http(world: PortalWorld) -> None:
    link = world.links.issue_link("cus_anna", "account", world.clock.now())
    cookie = world.browser().post(f"/l/{link}", {"answer": "C-1042"}).headers["Set-Cookie"][0]
    assert "; HttpOnly; SameSite=Lax; Secure" in cookie
    assert "; Path=/v1; " in cookie


def test_on_plain_http_cookies_work_and_nothing_is_promised_about_tls() -> None:
    world = PortalWorld(base="http://127.0.0.1:4690/_aws/execute-api/a1/v1")
    link = world.links.issue_link("cus_anna", "account", world.clock.now())
    answer = world.browser().post(f"/l/{link}", {"answer": "C-1042"})
    assert "Secure" not in answer.headers["Set-Cookie"][0]
    assert "Path=/_aws/execute-api/a1/v1;" in answer.headers["Set-Cookie"][0]
    assert answer.headers["Location"] == "http://127.0.0.1:4690/_aws/execute-api/a1/v1/code"
    assert "Strict-Transport-Security" not in answer.headers
    portal_app.use(None)


def test_names_are_escaped(world: PortalWorld) -> None:
    hostile = '<script>alert(1)</script>"'
    anna = world.ledger.accounts["cus_anna"]
    world.ledger.accounts["cus_anna"] = replace(anna, customer=replace(anna.customer, name=hostile))
    body = world.signed_in().get("/account").body.decode()
    assert hostile not in body
    assert "&lt;script&gt;" in body


def test_an_account_with_many_invoices_stays_a_small_page() -> None:
    world = PortalWorld(account(*(invoice(f"INV-2026-{number:05d}", 100 + number) for number in range(500))))
    page = world.signed_in().get("/account")
    assert len(page.body) < 50_000
    assert "440 more open invoices" in text(page)
    portal_app.use(None)


def test_what_nobody_foresaw_is_a_page_that_tells_nothing(world: PortalWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    browser = world.signed_in()
    monkeypatch.setattr(world.ledger, "load", lambda _: 1 / 0)
    broken = browser.get("/account")
    assert broken.status_code == 500
    assert "division" not in broken.body.decode()
    assert "does not work right now" in text(broken)
