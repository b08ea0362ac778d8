"""The console's page of a case: whether its customer may be called, and calls that were made."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from chalice.test import HTTPResponse

from dunwell.accounts.holds import Hold
from dunwell.accounts.model import Channel, CustomerKind
from dunwell.escalation.case import AgentOutcome, Case
from dunwell.outreach.calls import may_call
from dunwell.outreach.contact import CallOutcome, Contact, ContactStatus
from dunwell_aws.bootstrap.base import policy
from tests.support.console import Browser, World, csrf, path_of, sign_in, text
from tests.support.escalation import NOW, TODAY
from tests.support.portal import changed

NUMBER = "+12125550111"


@pytest.fixture
def case(world: World, browser: Browser) -> Case:
    """The case of a consumer in Ohio, at ten in the morning there, before an agent who is signed in."""
    known = world.ledger.accounts["cus_1"]
    who = changed(known.customer, kind=CustomerKind.PERSON, phone=NUMBER, country="US", region="OH", postcode="44114")
    world.ledger.accounts["cus_1"] = replace(known, customer=who)
    sign_in(browser)
    return world.waiting()


def hold(world: World, kind: str) -> None:
    known = world.ledger.accounts["cus_1"]
    held = replace(known.customer, holds=(Hold(kind, None, NOW - timedelta(days=1)),))
    world.ledger.accounts["cus_1"] = replace(known, customer=held)


def waiting_again(world: World, case: Case) -> Case:
    """The case once the machine has judged it and waits anew."""
    return world.escalation.await_agent("cus_1", case.case_id, "token-again", NOW, TODAY)


def record(browser: Browser, case: Case, **fields: str) -> HTTPResponse:
    sent = {"outcome": "contacted", "how": "reached", "number": NUMBER, "version": str(case.version)} | fields
    return browser.post(path_of(case), csrf=csrf(browser.get("/")), **sent)


def calls(world: World) -> list[Contact]:
    return [one for one in world.cases.state("cus_1").contacts if one.channel is Channel.CALL]


def test_the_page_says_that_the_customer_may_be_called_and_until_when(browser: Browser, case: Case) -> None:
    page = text(browser.get(path_of(case)))
    assert NUMBER in page
    assert "tel:" not in page
    assert "<dt>May be called</dt><dd>now; " in page
    assert "Do not call now" not in page


def test_the_page_says_which_rule_forbids_to_call_and_until_when(world: World, browser: Browser, case: Case) -> None:
    record(browser, case)
    page = text(browser.get(path_of(case)))
    assert "Do not call now:" in page
    assert "House post conversation (" in page
    assert "Possible again from 27 Nov 2026" in page
    assert "not within a day" in page


def test_a_call_is_kept_with_its_outcome_and_the_rules_answer_and_counts(
    world: World, browser: Browser, case: Case
) -> None:
    assert record(browser, case, note="will pay").status_code == 303
    (made,) = calls(world)
    assert (made.status, made.call_outcome, made.sent_at) == (ContactStatus.DELIVERED, CallOutcome.REACHED, NOW)
    assert (made.invoice_ids, made.currency, made.was_against_rules) == (("inv_F-1",), "EUR", False)
    (entry,) = world.stored(case).history
    assert (entry.outcome, entry.contact_id) == (AgentOutcome.CONTACTED, made.contact_id)
    (decided,) = made.decisions
    assert world.calls.log.find(decided.decision_id).decision_id == decided.decision_id  # type: ignore[attr-defined]
    page = text(browser.get(path_of(case)))
    assert "Reached the customer</strong>, by telephone" in page
    assert "Case call</strong> by call" in page


@pytest.mark.parametrize(
    ("fields", "kept"),
    [
        ({"outcome": "no_answer", "how": "no_answer"}, CallOutcome.NO_ANSWER),
        ({"outcome": "no_answer", "how": "voicemail"}, CallOutcome.VOICEMAIL),
        ({"outcome": "no_answer", "how": "wrong_number"}, CallOutcome.WRONG_NUMBER),
        ({"outcome": "promise", "how": "reached", "next_on": "2026-11-27"}, CallOutcome.PROMISED),
        ({"outcome": "promise", "how": "they_called", "next_on": "2026-11-27"}, CallOutcome.THEY_CALLED),
        ({"outcome": "contacted", "how": "they_called"}, CallOutcome.THEY_CALLED),
        ({"outcome": "close", "how": "voicemail", "note": "to the agency"}, CallOutcome.VOICEMAIL),
        ({"outcome": "contacted", "how": "no_call"}, None),
        ({"outcome": "close", "how": "no_call", "note": "to the agency"}, None),
    ],
)
def test_what_came_of_a_case_is_the_outcome_of_its_call(
    world: World, browser: Browser, case: Case, fields: dict[str, str], kept: CallOutcome | None
) -> None:
    assert record(browser, case, **fields).status_code == 303
    assert [one.call_outcome for one in calls(world)] == [kept] * (kept is not None)
    (entry,) = world.stored(case).history
    assert bool(entry.contact_id) == (kept is not None)
    lost = kept is CallOutcome.WRONG_NUMBER
    assert world.ledger.accounts["cus_1"].customer.address(Channel.CALL) == ("" if lost else NUMBER)


def test_the_same_form_twice_is_one_call(world: World, browser: Browser, case: Case) -> None:
    assert record(browser, case).status_code == 303
    again = record(browser, case)
    assert (again.status_code, len(calls(world)), len(world.stored(case).history)) == (409, 1, 1)


def test_a_form_that_died_between_the_call_and_the_entry_is_one_call_when_it_is_sent_again(
    world: World, browser: Browser, case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as dying:
        dying.setattr(world.cases, "move_case", lambda *_: False)
        assert record(browser, case).status_code == 409
    assert (len(calls(world)), world.stored(case).history) == (1, ())
    assert record(browser, case).status_code == 303
    assert (len(calls(world)), len(world.stored(case).history)) == (1, 1)


def test_after_ten_unanswered_calls_and_the_end_of_the_case_the_customer_may_not_be_called(
    world: World, browser: Browser, case: Case
) -> None:
    for number in range(10):
        at = datetime(2026, 11, 19, 14 + number // 2, 30 * (number % 2), tzinfo=UTC)
        fields = {"outcome": "no_answer", "how": "no_answer", "called_at": f"{at:%Y-%m-%dT%H:%M}"}
        assert record(browser, case, **fields).status_code == 303
        case = waiting_again(world, case)
    assert record(browser, case, outcome="close", how="no_call", note="to the agency").status_code == 303
    closed = world.escalation.close("cus_1", case.case_id, "closed_by_agent", NOW)
    assert (closed.is_closed, len(calls(world))) == (True, 10)
    account = world.ledger.accounts["cus_1"]
    asked = may_call(account, world.cases.state("cus_1").contacts, ("inv_F-1",), policy(), NOW)
    assert (asked.allowed, asked.reason_code) == (False, "HOUSE_7_IN_7")


def test_a_call_that_the_rules_forbid_is_refused_with_the_rule_and_the_form_comes_again(
    world: World, browser: Browser, case: Case
) -> None:
    hold(world, "attorney")
    answer = record(browser, case, note="They have a lawyer.")
    assert answer.status_code == 409
    page = text(answer)
    for said in (
        "attorney represented (HOUSE-ATTY,",
        "Do not make it.",
        "They have a lawyer.",
        "A call now is against",
    ):
        assert said in page
    assert (calls(world), world.stored(case)) == ([], case)


def test_a_forbidden_call_with_a_promise_leaves_no_promise(world: World, browser: Browser, case: Case) -> None:
    hold(world, "cease")
    assert record(browser, case, outcome="promise", next_on="2026-11-27").status_code == 409
    assert world.ledger.accounts["cus_1"].agreements == {}


def test_a_call_that_was_made_against_a_rule_is_kept_and_counts_and_the_page_shows_it(
    world: World, browser: Browser, case: Case
) -> None:
    hold(world, "attorney")
    assert record(browser, case, called_at="2026-11-20T09:00").status_code == 303
    (made,) = calls(world)
    assert (made.was_against_rules, made.decisions[-1].reason_code) == (True, "ATTORNEY_REPRESENTED")
    page = text(browser.get(path_of(case)))
    assert "Made against the rules" in page
    assert "not allowed: Attorney represented (HOUSE-ATTY," in page


def test_nothing_past_due_is_nothing_to_call_about(world: World, browser: Browser, case: Case) -> None:
    known = world.ledger.accounts["cus_1"]
    ahead = {i: replace(one, due_on=TODAY + timedelta(days=9)) for i, one in known.invoices.items()}
    world.ledger.accounts["cus_1"] = replace(known, invoices=ahead)
    assert "Nothing is left to call about." in text(browser.get(path_of(case)))
