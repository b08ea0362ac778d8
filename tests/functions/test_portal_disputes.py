"""Contesting invoices on the portal, and asking for a person."""

from collections.abc import Iterator
from typing import Any

import pytest
from chalice.test import HTTPResponse

from dunwell.outreach.tasks import TaskKind
from functions.portal import app as portal_app
from tests.support.browser import Browser, hidden, text
from tests.support.portal import account, invoice
from tests.support.portal_app import BASE, PortalWorld

PATH = "/invoices/inv_a1/dispute"


@pytest.fixture
def world() -> Iterator[PortalWorld]:
    yield PortalWorld(account(invoice("A1", 123_450), invoice("A2", 2_550)))
    portal_app.use(None)


def send(browser: Browser, **fields: Any) -> HTTPResponse:
    page = browser.get(PATH)
    told = {"csrf": hidden(page, "csrf"), "reason": "not_received", "part": "whole", "text": "It never came."}
    return browser.post(PATH, told | {"key": hidden(page, "key")} | fields)


def test_a_dispute_of_the_whole_stops_all_asking_for_the_invoice_and_is_an_agents_task(world: PortalWorld) -> None:
    browser = world.signed_in()
    assert send(browser).headers["Location"] == f"{BASE}{PATH}?done=raised"
    anna = world.ledger.accounts["cus_anna"]
    assert anna.disputed_minor("inv_a1") == 123_450
    assert [(one.kind, one.invoice_id) for one in anna.customer.holds] == [("dispute_written", "inv_a1")]
    (task,) = world.contacts.open_tasks(9)
    assert (task.kind, task.reason, task.invoice_ids) == (TaskKind.REQUEST, "dispute", ("inv_a1",))
    assert "It never came." in task.script
    page = text(browser.get(PATH))
    assert "In dispute: $1,234.50" in page
    assert "What is wrong?" not in page
    assert "Pay all $25.50" in text(browser.get("/account"))


def test_a_part_may_be_contested_and_the_rest_stays_payable(world: PortalWorld) -> None:
    browser = world.signed_in()
    send(browser, part="part", amount="100,50", reason="wrong_amount")
    anna = world.ledger.accounts["cus_anna"]
    assert anna.disputed_minor("inv_a1") == 10_050
    assert anna.customer.holds == ()
    send(browser)
    assert world.ledger.accounts["cus_anna"].disputed_minor("inv_a1") == 123_450


@pytest.mark.parametrize(
    "fields",
    [
        {"part": "part", "amount": "0"},
        {"part": "part", "amount": "-5"},
        {"part": "part", "amount": "1234.51"},
        {"part": "part", "amount": "99999999999999999999999"},
        {"part": "part", "amount": "ten"},
        {"part": "part", "amount": ""},
        {"reason": "evil"},
        {"text": "  "},
        {"text": "x" * 2_001},
    ],
)
def test_a_form_that_cannot_be_is_shown_again_with_what_is_wrong(world: PortalWorld, fields: dict[str, str]) -> None:
    answer = send(world.signed_in(), **fields)
    assert answer.status_code == 400
    assert 'role="alert"' in answer.body.decode()
    assert world.ledger.accounts["cus_anna"].disputed_minor("inv_a1") == 0
    assert world.contacts.open_tasks(9) == []


def test_a_double_click_contests_once_and_a_settled_invoice_not_at_all(world: PortalWorld) -> None:
    browser = world.signed_in()
    for _ in range(2):
        send(browser, key="k1", part="part", amount="10")
    assert world.ledger.accounts["cus_anna"].disputed_minor("inv_a1") == 1_000
    assert len(world.contacts.open_tasks(9)) == 1
    send(browser, key="k2")
    csrf = hidden(browser.get("/account"), "csrf")
    again = browser.post(PATH, {"csrf": csrf, "reason": "other", "part": "whole", "text": "x", "key": "k3"})
    assert again.status_code == 409


def test_a_dispute_is_taken_back_once_and_its_hold_with_it(world: PortalWorld) -> None:
    browser = world.signed_in()
    send(browser)
    world.clock.moves(minutes=1)
    page = browser.get(PATH)
    fields = {"csrf": hidden(page, "csrf"), "dispute": hidden(page, "dispute")}
    for _ in range(2):
        assert browser.post(f"{PATH}/withdraw", fields).status_code == 303
    anna = world.ledger.accounts["cus_anna"]
    assert anna.disputed_minor("inv_a1") == 0
    assert anna.customer.holds_in_force(world.clock.now()) == []
    assert browser.post(f"{PATH}/withdraw", fields | {"dispute": "ent_none"}).status_code == 404
    assert send(browser, key="again").status_code == 303
    assert world.ledger.accounts["cus_anna"].disputed_minor("inv_a1") == 123_450


def test_card_numbers_are_not_kept(world: PortalWorld) -> None:
    send(world.signed_in(), text="I paid with 4242 4242 4242 4242, order 1234567890123456.")
    (task,) = world.contacts.open_tasks(9)
    assert "4242" not in task.script
    assert "[card number removed], order 1234567890123456" in task.script
    assert "4242" not in repr(world.ledger.accounts["cus_anna"])


# --- a person ---


def ask(browser: Browser, **fields: Any) -> HTTPResponse:
    page = browser.get("/contact")
    told = {"csrf": hidden(page, "csrf"), "key": hidden(page, "key"), "text": "Please call me about A2."}
    return browser.post("/contact", told | fields)


def test_a_message_is_an_agents_task_once_with_the_number_to_call_back(world: PortalWorld) -> None:
    browser = world.signed_in()
    for _ in range(2):
        assert ask(browser, key="k", number="+1 212 555 0123", hours="evening").status_code == 303
    (task,) = world.contacts.open_tasks(9)
    assert (task.customer_id, task.reason) == ("cus_anna", "call_back")
    assert task.script == "Please call me about A2.\n\nCall back: +1 212 555 0123, evening"
    assert "A person answers you" in text(browser.get("/contact?done=asked"))


@pytest.mark.parametrize("fields", [{"text": ""}, {"number": "call me"}, {"number": "1" * 40}, {"text": "x" * 3_000}])
def test_a_message_that_cannot_be_is_shown_again(world: PortalWorld, fields: dict[str, str]) -> None:
    assert ask(world.signed_in(), **fields).status_code == 400
    assert world.contacts.open_tasks(9) == []
