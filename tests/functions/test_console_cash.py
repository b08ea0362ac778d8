"""The console's cash page: what waits, what is proposed and why, and what an agent may do with it."""

from dataclasses import replace

import pytest
from chalice.test import HTTPResponse

from dunwell.ledger.entry import Entry, EntryKind
from dunwell.remittance.gateway_money import GatewayMoney
from dunwell.remittance.records import LineRecord
from tests.support.cash import NOW, euros, line
from tests.support.console import Browser, World, csrf, sign_in, text


@pytest.fixture
def record(world: World, browser: Browser) -> LineRecord:
    """One line that may be of two customers, before an agent who is signed in."""
    money = world.money
    money.owes("C10002", "Walsh Marine LLC", euros("INV-2026-010090", 55_500))
    money.owes("C10003", "Walsh Marine Ltd", euros("INV-2026-010091", 55_500))
    money.apply(line("1", 55_500, "<b>for June</b>", "Walsh Marine", payer_account="DE89370400440532013000"))
    sign_in(browser)
    (waiting,) = money.store.listed()
    return waiting


def decide(browser: Browser, record: LineRecord, **fields: str) -> HTTPResponse:
    page = browser.get(f"/cash/{record.item_id}")
    return browser.post(f"/cash/{record.item_id}", csrf=csrf(page), version=str(record.version), **fields)


def test_the_list_and_the_line_say_what_is_known_and_mask_accounts(browser: Browser, record: LineRecord) -> None:
    listed = text(browser.get("/cash"))
    assert "Walsh Marine" in listed
    assert f"/cash/{record.item_id}" in listed
    page = text(browser.get(f"/cash/{record.item_id}"))
    assert "…3000" in page
    assert "DE8937" not in page
    assert "&lt;b&gt;for June" in page
    assert record.proposals[0].reasons[0] in page.replace("&#39;", "'")
    assert "% sure" in page


def test_accepting_leads_back_to_a_list_without_the_line(world: World, browser: Browser, record: LineRecord) -> None:
    answer = decide(browser, record, action="accept", proposal="0")
    assert (answer.status_code, answer.headers["Location"].endswith("/cash?done=applied")) == (303, True)
    page = text(browser.get("/cash?done=applied"))
    assert "The money is applied" in page
    assert "Nothing is waiting" in page
    assert world.money.unclear() == {}


def test_choosing_otherwise_applies_as_the_agent_says(world: World, browser: Browser, record: LineRecord) -> None:
    decide(browser, record, action="choose", customer="C10003", invoices="INV-2026-010091, ")
    assert world.money.account("cus_c10003").balances == {}
    assert world.money.store.kept[record.item_id].decided_by


def test_what_cannot_be_is_said_on_the_same_page_with_the_fields_as_they_were(
    world: World,
    browser: Browser,
    record: LineRecord,
) -> None:
    answer = decide(browser, record, action="choose", customer="C10003", invoices="INV-777777")
    assert answer.status_code == 400
    assert "no open invoice of this currency" in text(answer)
    assert "INV-777777" in text(answer)
    assert decide(browser, record, action="accept", proposal="9").status_code == 400
    assert world.money.unclear() == {"EUR": 55_500}


def test_a_note_keeps_it_on_the_list(world: World, browser: Browser, record: LineRecord) -> None:
    assert decide(browser, record, action="note", note="Called them.").headers["Location"].endswith("/cash?done=noted")
    assert "1 note" in text(browser.get("/cash"))
    assert "Called them." in text(browser.get(f"/cash/{record.item_id}"))


def test_the_second_agent_is_told_that_somebody_was_faster(world: World, browser: Browser, record: LineRecord) -> None:
    page = browser.get(f"/cash/{record.item_id}")
    decide(browser, record, action="accept", proposal="0")
    fields = {"csrf": csrf(page), "version": str(record.version), "action": "accept", "proposal": "1"}
    answer = browser.post(f"/cash/{record.item_id}", **fields)
    assert answer.status_code == 409
    assert "Somebody else worked on this line" in text(answer)


def test_a_form_without_its_token_or_a_visitor_without_a_session_changes_nothing(
    world: World,
    browser: Browser,
    record: LineRecord,
) -> None:
    posted = browser.post(f"/cash/{record.item_id}", version="2", action="accept", proposal="0")
    assert posted.status_code == 403
    browser.cookies.clear()
    assert browser.get("/cash").headers["Location"].endswith("/sign-in")
    assert world.money.unclear() == {"EUR": 55_500}


def test_there_is_no_other_line(browser: Browser, record: LineRecord) -> None:
    assert browser.get("/cash/EUR.1.2026-06-30.bln_x").status_code == 404
    assert browser.get("/cash/nonsense").status_code == 404


def test_gateway_money_shows_what_went_back_and_whom_the_gateway_names_against_an_agent(
    world: World, browser: Browser
) -> None:
    money, on = world.money, NOW.date()
    money.owes("C10002", "Walsh Marine LLC", euros("INV-2026-010090", 55_500))
    unknown = GatewayMoney(money.cash)
    card = Entry("", EntryKind.PAYMENT, "EUR", 60_000, on, NOW, "stripe", "pi_1#succeeded")
    unknown.keep(card)
    (waiting,) = money.store.listed()
    money.store.keep(replace(waiting, gone_minor=4_500, version=waiting.version + 1))
    sign_in(browser)
    (waiting,) = money.store.listed()
    page = text(browser.get(f"/cash/{waiting.item_id}"))
    assert "€45.00 of it went back to the payer; €555.00 is left" in page
    assert "€555.00" in text(browser.get("/cash"))
    decide(browser, waiting, action="choose", customer="C10002", invoices="INV-2026-010090")

    money.owes("C10003", "Walsh Marine Ltd", euros("INV-2026-010091", 55_500))
    unknown.claim(card, "cus_c10003", NOW)
    (contested,) = money.store.listed()
    assert "Whose?" in text(browser.get("/cash"))
    page = text(browser.get(f"/cash/{contested.item_id}"))
    assert "the gateway names Walsh Marine Ltd" in page
    assert "Accept for Walsh Marine Ltd" in page
    assert "Choose yourself" not in page
    decide(browser, contested, action="close", note="Ltd paid for LLC.")
    assert "Nothing is waiting" in text(browser.get("/cash"))
    assert money.account("cus_c10003").balances == {"EUR": 55_500}
