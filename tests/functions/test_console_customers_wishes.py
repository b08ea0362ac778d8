"""What a customer told an agent: a channel or a time that does not suit, and that they called."""

import pytest

from dunwell.accounts.consent import ConsentAct
from dunwell.accounts.model import Channel
from dunwell.outreach.contact import CallOutcome
from tests.support.console import BASE, PAGE, Browser, World, csrf, send, sign_in, stored, text
from tests.support.escalation import NOW

KEY = "0123456789abcdef0"


@pytest.fixture
def browser(browser: Browser) -> Browser:
    sign_in(browser)
    return browser


@pytest.mark.parametrize("channel", ["email", "sms", "whatsapp", "letter", "call"])
def test_a_refusal_that_a_customer_told_an_agent_is_kept_once(browser: Browser, world: World, channel: str) -> None:
    for _ in range(2):
        answer = send(browser, "refuse_channel", channel=channel)
        assert answer.headers["Location"] == f"{BASE}{PAGE}?done=refuse_channel"
    (record,) = stored(world).customer.consents
    assert (record.channel, record.act, record.how, record.at) == (channel, ConsentAct.WITHDRAWN, "agent", NOW)
    assert stored(world).customer.opted_out == {Channel(channel)}
    page = text(browser.get(f"{PAGE}?done=refuse_channel"))
    assert "The refusal is kept" in page
    assert "known by agent" in page


@pytest.mark.parametrize("channel", ["", "portal", "pigeon"])
def test_what_nobody_can_refuse_is_not_kept(browser: Browser, world: World, channel: str) -> None:
    answer = send(browser, "refuse_channel", channel=channel)
    assert answer.status_code == 400
    assert "Choose what they do not want any more" in text(answer)
    assert stored(world).customer.consents == ()


def test_a_time_that_does_not_suit_is_kept_and_taken_back(browser: Browser, world: World) -> None:
    kept = browser.post(
        PAGE,
        csrf=csrf(browser.get("/")),
        action="refuse_time",
        days=["0", "1", "2", "3", "4"],
        start="08:00",
        end="17:00",
        note="at work",
    )
    assert kept.headers["Location"] == f"{BASE}{PAGE}?done=refuse_time"
    (refused,) = stored(world).customer.refused_times
    assert (refused.when, refused.note, refused.recorded_at) == (((0, 1, 2, 3, 4), 480, 1020), "at work", NOW)
    assert "Mon Tue Wed Thu Fri 08:00-17:00" in text(browser.get(PAGE))
    send(browser, "allow_time", when=refused.name)
    assert stored(world).customer.refused_times == ()


@pytest.mark.parametrize(
    "wrong", [{"days": "", "start": "08:00", "end": "17:00"}, {"days": "1", "start": "8", "end": "9"}]
)
def test_what_is_no_time_of_the_week_is_refused(browser: Browser, world: World, wrong: dict[str, str]) -> None:
    assert send(browser, "refuse_time", **wrong).status_code == 400
    assert stored(world).customer.refused_times == ()


def test_that_they_called_is_kept_once_as_a_conversation(browser: Browser, world: World) -> None:
    for _ in range(2):
        answer = send(browser, "they_called", key=KEY)
        assert answer.headers["Location"] == f"{BASE}{PAGE}?done=they_called"
    (called,) = world.cases.state("cus_1").contacts
    assert (called.channel, called.call_outcome, called.sent_at) == (Channel.CALL, CallOutcome.THEY_CALLED, NOW)
    assert called.invoice_ids == tuple(one.invoice.invoice_id for one in stored(world).open_invoices)
