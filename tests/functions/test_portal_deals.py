"""Plans, promises and offers as a customer's browser meets them: every form, every bad input, every id of another."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from dunwell.arrangements.policy import Authority, OfferRule
from dunwell.ledger.agreements import AgreementStatus
from dunwell.scoring.assessment import Assessment, Recovery
from functions.portal import app as portal_app
from tests.support.agreements import method
from tests.support.browser import hidden, text
from tests.support.portal import account, invoice
from tests.support.portal_app import PortalWorld
from tests.support.portal_deals import agreed_plan, followed, forms, proposed_plan, send

SETTLEMENT = OfferRule("late", {Authority.CUSTOMER: 300}, 1, 1000, {"USD": 1_000})


@pytest.fixture
def world() -> Iterator[PortalWorld]:
    yield PortalWorld()
    portal_app.use(None)


def agreements(world: PortalWorld, customer_id: str = "cus_anna") -> list[Any]:
    return list(world.ledger.accounts[customer_id].agreements.values())


def with_method(world: PortalWorld) -> None:
    anna = world.ledger.accounts["cus_anna"]
    world.ledger.accounts["cus_anna"] = replace(anna, methods={"pmt_1": method()})


# --- a plan ---


def test_a_plan_is_found_reviewed_agreed_to_and_its_first_instalment_paid(world: PortalWorld) -> None:
    browser = world.signed_in()
    path, review = proposed_plan(browser)
    assert "Nothing is agreed yet" in text(review)
    assert agreements(world)[0].status is AgreementStatus.PROPOSED
    plan = followed(browser, send(browser, review, f"{path}/agree", -1))
    assert "The plan is agreed" in text(plan)
    paying = send(browser, plan, f"{path}/pay")
    assert paying.headers["Location"].startswith("https://checkout.example/")
    (order,) = world.orders.orders("cus_anna")
    assert (order.amount_minor, order.instalment) == (20_575, 1)
    world.gateway.pays(order)
    world.arrives()
    assert "$205.75 of $1,234.50 paid" in text(browser.get(path))


def test_what_was_agreed_to_is_kept_word_by_word_with_time_address_and_method(world: PortalWorld) -> None:
    browser = world.signed_in()
    _, plan = agreed_plan(browser)
    proof = agreements(world)[0].authorisation
    assert proof.words in text(plan)
    assert "Nothing is debited automatically" in proof.words
    assert (proof.at, proof.method, proof.by, proof.method_id) == (world.clock.now(), "portal", "customer", "")
    assert proof.address == "127.0.0.1"


def test_a_saved_method_is_debited_only_with_the_words_that_say_so(world: PortalWorld) -> None:
    with_method(world)
    browser = world.signed_in()
    path, review = proposed_plan(browser)
    followed(browser, send(browser, review, f"{path}/agree"))
    proof = agreements(world)[0].authorisation
    assert proof.method_id == "pmt_1"
    assert "I authorise Example Supplies Ltd to debit Visa •••• 4242" in proof.words


def test_the_words_of_one_way_to_pay_do_not_agree_to_another(world: PortalWorld) -> None:
    with_method(world)
    browser = world.signed_in()
    path, review = proposed_plan(browser)
    debit, by_hand = forms(review, f"{path}/agree")
    refused = browser.post(f"{path}/agree", debit | {"shown": by_hand["shown"]})
    assert refused.status_code == 409
    assert "The words have changed" in text(refused)
    assert agreements(world)[0].authorisation is None


def test_the_first_instalment_is_paid_and_the_method_saved_for_the_others(world: PortalWorld) -> None:
    browser = world.signed_in()
    path, review = proposed_plan(browser)
    assert send(browser, review, f"{path}/agree").headers["Location"].startswith("https://checkout.example/")
    (order,) = world.orders.orders("cus_anna")
    assert order.consent
    assert "card or bank account that I enter on the next page" in order.consent.words
    assert agreements(world)[0].is_standing


def test_agreeing_twice_and_in_two_tabs_makes_one_plan(world: PortalWorld) -> None:
    browser = world.signed_in()
    path, review = proposed_plan(browser)
    answers = [send(browser, review, f"{path}/agree", -1) for _ in range(2)]
    assert {answer.headers["Location"] for answer in answers} == {f"{world.base}{path}?done=agreed"}
    assert len(agreements(world)) == 1
    assert len(agreements(world)[0].steps) == 2


def test_a_proposal_in_another_tab_ends_with_the_newer_one_and_says_so(world: PortalWorld) -> None:
    browser = world.signed_in()
    old_path, old = proposed_plan(browser)
    new_path, new = proposed_plan(browser, amount="400")
    assert old_path != new_path
    followed(browser, send(browser, new, f"{new_path}/agree", -1))
    refused = send(browser, old, f"{old_path}/agree", -1)
    assert refused.status_code == 403
    assert "To your account" in text(refused)
    assert [one.is_standing for one in agreements(world)] == [False, True]


def test_going_back_after_agreeing_shows_the_plan_and_not_the_form(world: PortalWorld) -> None:
    browser = world.signed_in()
    path, _ = agreed_plan(browser)
    again = browser.get(path)
    assert "Your payment plan" in text(again)
    assert not forms(again, f"{path}/agree")


def test_what_was_paid_meanwhile_by_another_way_cannot_be_agreed_about(world: PortalWorld) -> None:
    browser = world.signed_in()
    path, review = proposed_plan(browser)
    world.pay(world.signed_in())
    (order,) = world.orders.orders("cus_anna")
    world.gateway.pays(order)
    world.arrives()
    assert send(browser, review, f"{path}/agree", -1).status_code == 403
    assert browser.get("/plan?currency=USD").status_code == 200
    assert agreements(world)[0].authorisation is None


def test_a_plan_beyond_the_limits_is_only_a_request_to_an_agent(world: PortalWorld) -> None:
    browser = world.signed_in()
    plans = followed(
        browser, send(browser, browser.get("/plan?currency=USD"), "/plan", amount="250", frequency="monthly")
    )
    beyond = send(browser, plans, "/plans", -1, count="10", frequency="monthly", first="2026-12-01")
    assert "One of us can agree to it" in text(beyond)
    assert agreements(world) == []
    asked = followed(browser, send(browser, beyond, "/plans", -1, count="10", frequency="monthly", first="2026-12-01"))
    assert "Your request is with us" in text(asked)
    assert (agreements(world)[0].approval, agreements(world)[0].authorisation) == ("agent", None)
    assert not forms(asked, "/agree")


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"count": "0"}, "from 1 to 60"),
        ({"count": "999999999999"}, "from 1 to 60"),
        ({"count": "x"}, "from 1 to 60"),
        ({"count": "55"}, "not possible"),
        ({"frequency": "hourly"}, "Choose how often"),
        ({"first": "2026-11-21"}, "Choose a day from"),
        ({"first": "2030-01-01"}, "Choose a day from"),
        ({"first": "31 November"}, "as it stands in the calendar"),
    ],
)
def test_terms_that_cannot_be_are_told_on_the_same_page(world: PortalWorld, fields: dict[str, str], said: str) -> None:
    browser = world.signed_in()
    plans = followed(
        browser, send(browser, browser.get("/plan?currency=USD"), "/plan", amount="250", frequency="monthly")
    )
    good = {"count": "3", "frequency": "monthly", "first": "2026-12-01"}
    refused = send(browser, plans, "/plans", -1, **(good | fields))
    assert refused.status_code == 400
    assert said in text(refused)
    assert agreements(world) == []


def test_what_the_customer_can_afford_is_in_no_address_and_not_in_the_ledger(world: PortalWorld) -> None:
    browser = world.signed_in()
    answer = send(browser, browser.get("/plan?currency=USD"), "/plan", amount="87.65", frequency="weekly")
    assert answer.headers["Location"] == f"{world.base}/plans?currency=USD"
    assert "HttpOnly" in answer.headers["Set-Cookie"][0]
    assert world.ledger.accounts["cus_anna"].version == 2, "signing in wrote, answering did not"


@pytest.mark.parametrize("cookie", ["", "x", "USD.-5.monthly.", "USD.1.yearly.", "EUR.100.monthly.", "USD.9.monthly.x"])
def test_a_cookie_that_says_nothing_asks_again(world: PortalWorld, cookie: str) -> None:
    browser = world.signed_in()
    browser.cookies["dunwell_means"] = cookie
    assert browser.get("/plans?currency=USD").headers["Location"] == f"{world.base}/plan?currency=USD"


def test_a_plan_is_changed_with_new_words_and_the_old_one_ends(world: PortalWorld) -> None:
    browser = world.signed_in()
    path, _ = agreed_plan(browser)
    looked = browser.get(f"{path}/change?count=3&frequency=weekly&first=2026-12-03")
    assert agreements(world)[0].is_standing, "looking changes nothing"
    changed = send(browser, looked, f"{path}/change")
    assert "$411.50 on December 3, 2026" in text(followed(browser, changed))
    assert send(browser, looked, f"{path}/change").headers["Location"] == changed.headers["Location"]
    assert [one.is_standing for one in agreements(world)] == [False, True]


def test_a_cancelled_plan_stays_cancelled_and_asks_for_nothing(world: PortalWorld) -> None:
    browser = world.signed_in()
    path, plan = agreed_plan(browser)
    for _ in range(2):
        ended = followed(browser, send(browser, plan, f"{path}/cancel"))
    assert "The plan was cancelled" in text(ended)
    assert send(browser, plan, f"{path}/pay").status_code == 404
    assert world.gateway.calls == []


def test_a_plan_is_paid_off_in_one_payment(world: PortalWorld) -> None:
    browser = world.signed_in()
    path, plan = agreed_plan(browser)
    send(browser, plan, f"{path}/pay", 1, number="all")
    (order,) = world.orders.orders("cus_anna")
    assert order.amount_minor == 123_450


# --- a promise ---


def promise(world: PortalWorld, browser: Any, **fields: str) -> Any:
    asked = browser.get("/promise?currency=USD")
    return send(browser, asked, "/promise", **({"amount": "100", "day": "2026-11-30"} | fields))


def test_a_promise_stands_says_what_it_pauses_and_is_one_however_often_it_is_sent(world: PortalWorld) -> None:
    browser = world.signed_in()
    pages = [followed(browser, promise(world, browser)) for _ in range(2)]
    assert "We do not remind you about it until December 1, 2026" in text(pages[1])
    (made,) = agreements(world)
    assert (made.status, made.amount_minor) == (AgreementStatus.ACTIVE, 10_000)


def test_another_promise_takes_the_place_of_the_one_before(world: PortalWorld) -> None:
    browser = world.signed_in()
    promise(world, browser)
    version = world.ledger.accounts["cus_anna"].version
    followed(browser, promise(world, browser, amount="200"))
    assert world.ledger.accounts["cus_anna"].version == version + 1, "both in one write"
    assert [(one.amount_minor, one.is_standing) for one in agreements(world)] == [(10_000, False), (20_000, True)]


def test_a_promise_is_paid_and_taken_back(world: PortalWorld) -> None:
    browser = world.signed_in()
    page = followed(browser, promise(world, browser))
    path = f"/promises/{agreements(world)[0].agreement_id}"
    assert send(browser, page, f"{path}/pay").headers["Location"].startswith("https://checkout.example/")
    assert "cancelled" in text(followed(browser, send(browser, page, f"{path}/cancel")))
    assert send(browser, page, f"{path}/pay").status_code == 404


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"amount": "0"}, "greater than zero"),
        ({"amount": "1234.51"}, "at most $1,234.50"),
        ({"day": "2026-11-21"}, "Choose a day from"),
        ({"day": "2026-12-31"}, "Choose a day from"),
        ({"day": ""}, "as it stands in the calendar"),
    ],
)
def test_a_promise_that_cannot_be_is_told_on_the_same_page(
    world: PortalWorld, fields: dict[str, str], said: str
) -> None:
    refused = promise(world, world.signed_in(), **fields)
    assert refused.status_code == 400
    assert said in text(refused)
    assert agreements(world) == []


# --- an offer ---


@pytest.fixture
def offered() -> Iterator[PortalWorld]:
    late = account(invoice("A1", 100_000, date(2026, 2, 1)))
    world = PortalWorld(late)
    world.policy = replace(world.policy, settlements=(SETTLEMENT,))
    hopeless = Recovery("USD", 100_000, 50, 80, 100, 5_000, 8_000, 10_000, (), "v", "card")
    world.contacts.assessments["cus_anna"] = Assessment(
        "cus_anna", date(2026, 11, 22), 950, "s", (), (), "v", "h", "card", recoveries=(hopeless,)
    )
    yield world
    portal_app.use(None)


def test_a_settlement_is_shown_plainly_accepted_with_evidence_and_paid_for_good(offered: PortalWorld) -> None:
    browser = offered.signed_in()
    options = browser.get("/options?currency=USD")
    offer = followed(browser, send(browser, options, "/offers"))
    made = agreements(offered)[0]
    path = f"/offers/{made.agreement_id}"
    assert "nothing more is owed" in text(offer)
    assert offered.ledger.accounts["cus_anna"].balances == {"USD": 100_000}, "nothing is given up before"
    send(browser, offer, f"{path}/accept")
    (order,) = offered.orders.orders("cus_anna")
    assert order.amount_minor == made.amount_minor == 100_000 - made.forgiven_minor
    assert agreements(offered)[0].authorisation.words in text(offer)
    offered.gateway.pays(order)
    offered.arrives()
    assert offered.ledger.accounts["cus_anna"].balances == {}
    assert "paid and settled" in text(browser.get(path))


def test_an_offer_that_has_run_out_is_shown_without_a_button(offered: PortalWorld) -> None:
    browser = offered.signed_in()
    offer = followed(browser, send(browser, browser.get("/options?currency=USD"), "/offers"))
    path = f"/offers/{agreements(offered)[0].agreement_id}"
    offered.clock.moves(days=15)
    later = offered.signed_in()
    assert not forms(later.get(path), "/accept")
    fields = forms(offer, f"{path}/accept")[0] | {"csrf": hidden(later.get("/account"), "csrf")}
    assert later.post(f"{path}/accept", fields).status_code == 403
    assert offered.ledger.accounts["cus_anna"].balances == {"USD": 100_000}


# --- every page ---


@pytest.mark.parametrize("path", ["/part", "/options", "/plan", "/plans", "/promise", "/why"])
@pytest.mark.parametrize("currency", ["", "XXX", "USD'--", "usd"])
def test_a_currency_that_is_none_is_a_page_and_no_crash(world: PortalWorld, path: str, currency: str) -> None:
    assert world.signed_in().get(f"{path}?currency={currency}").status_code == 400


def test_every_page_is_small_enough_for_a_slow_network(world: PortalWorld) -> None:
    browser = world.signed_in()
    path, plan = agreed_plan(browser)
    pages = [browser.get(one) for one in ("/account", "/options?currency=USD", "/plans?currency=USD", "/methods")]
    assert all(len(page.body) < 50_000 for page in [*pages, plan, browser.get(f"{path}/change")])
