"""What the console shows of an assessment: to agents on the worklist and on a case, to programs as a document."""

import json
from dataclasses import replace

import pytest

from dunwell_aws.console.values import agent_filters
from tests.support import console as support
from tests.support.console import Browser, World, path_of, sign_in, text
from tests.support.escalation import pay


def test_a_case_shows_chances_the_expected_day_with_its_range_and_the_curve_of_past_scores(
    world: World, browser: Browser
) -> None:
    case = world.waiting()
    sign_in(browser)
    page = text(browser.get(path_of(case)))
    for expected in ("Over 90 days late", "21.2%", "29 November 2026", "from 20 November 2026 to 21 December 2026"):
        assert expected in page
    assert "Recent invoices were often paid after their due date." in page
    assert '<polyline points="6,' in page
    assert "The risk from 23 October 2026 (37.1%) to 20 November 2026 (73.1%)." in page
    assert "all of them from today, 20 November 2026 (left), to 21 December 2026 (right)" in page
    assert '<line class="days" x1="6" y1="10" x2="294" y2="10"></line><circle cx="89" cy="10" r="5">' in page
    assert "<summary>Why F-1 is scored so</summary>" in page
    assert "Over 30 days late" not in page  # it is: nothing is left to forecast


def test_a_customers_page_shows_the_assessment_also_without_a_case(world: World, browser: Browser) -> None:
    sign_in(browser)
    page = text(browser.get("/customers/cus_1"))
    for expected in (
        "<strong>73.1%</strong>",
        'Recent invoices were often paid after their due date. <span class="soft">Raises the risk by 8 points.</span>',
        "Segment: <strong>Slow payer</strong>",
        "pays 21 days late on average",
        "29 November 2026",
        "from 20 November 2026 to 21 December 2026",
        'the last three invoices were paid late <span class="soft">Raises the risk by 12 points.</span>',
        'The debt is old. <span class="soft">Lowers the likelihood by 6 points.</span>',
        "<strong>41.0%</strong> within 30 days",
        "Model m1, card card; recovery r1",
    ):
        assert expected in page
    assert "The customer has not been scored yet." in text(browser.get("/customers/cus_2"))


def test_the_worklist_says_when_payment_is_expected_and_why_the_risk_is_what_it_is(
    world: World, browser: Browser
) -> None:
    world.waiting()
    sign_in(browser)
    page = text(browser.get("/"))
    for expected in ("29 November 2026", "by 21 December 2026", "73.1%", "€61.00"):
        assert expected in page
    assert "Recent invoices were often paid after their due date. (raises the risk)" in page


def test_where_the_model_names_no_day_every_page_says_that_it_is_not_known(
    world: World, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    (item,) = support.ASSESSMENT.invoices
    old = replace(item, expected_on=None, earliest_on=None, latest_on=None)
    monkeypatch.setattr(support, "ASSESSMENT", replace(support.ASSESSMENT, invoices=(old,), risk_reasons=()))
    case = world.waiting()
    sign_in(browser)
    page = text(browser.get(path_of(case)))
    assert "<dt>Payment expected</dt><dd>not known" in page
    assert "four times in five" not in page
    assert "Nothing stands out: the risk is close to what is usual." in page
    assert "not known" in text(browser.get("/"))
    answer = browser.get("/customers/cus_1/assessment", Accept="application/json")
    (document,) = json.loads(answer.body)["invoices"]
    assert document["settlement"] == {"expected_on": None, "earliest_on": None, "latest_on": None}


def test_programs_get_the_assessment_as_a_document(world: World, browser: Browser) -> None:
    sign_in(browser)
    answer = browser.get("/customers/cus_1/assessment", Accept="application/json")
    found = json.loads(answer.body)
    assert answer.headers["Content-Type"] == "application/json"
    assert (found["risk_permille"], found["segment"]["name"]) == (731, "slow_payer")
    assert found["invoices"][0]["settlement"] == {
        "expected_on": "2026-11-29",
        "earliest_on": "2026-11-20",
        "latest_on": "2026-12-21",
    }
    assert found["history"][-1] == {"as_of": "2026-11-20", "risk_permille": 731, "model": None}
    assert found["model"]["version"] == "m1"
    assert found["is_open"] is True
    assert found["risk_reasons"] == [
        {
            "words": "Recent invoices were often paid after their due date.",
            "feature": "recent_late_ratio",
            "direction": "raises",
            "effect_permille": 84,
        }
    ]
    assert [one["direction"] for one in found["recoveries"][0]["reasons"]] == ["lowers"]
    (recovery,) = found["recoveries"]
    assert (recovery["currency"], recovery["past_due_minor"]) == ("EUR", 10_000)
    assert recovery["within"][2] == {"days": 90, "permille": 610, "expected_minor": 6_100}
    assert recovery["model"] == {"version": "r1", "card_id": "card"}


def test_nobody_gets_an_assessment_without_signing_in_nor_one_that_is_not_there(world: World, browser: Browser) -> None:
    assert browser.get("/customers/cus_1/assessment", Accept="application/json").status_code == 401
    sign_in(browser)
    assert browser.get("/customers/cus_2/assessment", Accept="application/json").status_code == 404


@pytest.mark.parametrize(
    ("permille", "shown"), [(0, "under 0.1%"), (1, "0.1%"), (731, "73.1%"), (999, "99.9%"), (1000, "over 99.9%")]
)
def test_no_chance_is_shown_as_certain_or_impossible(permille: int, shown: str) -> None:
    assert agent_filters("UTC")["chance"](permille) == shown


def test_what_was_paid_in_full_shows_no_risk_any_more(world: World, browser: Browser) -> None:
    case = world.waiting()
    sign_in(browser)
    pay(world.ledger, "cus_1", 100_00)
    for page in (text(browser.get(one)) for one in (path_of(case), "/", "/customers/cus_1")):
        assert "73.1%" not in page
        assert "Recent invoices were often paid" not in page
        assert "nothing is open" in page.lower()
    assert "Nothing is open, so there is nothing to assess. The last assessment, of" in text(browser.get(path_of(case)))
    document = browser.get("/customers/cus_1/assessment", Accept="application/json")
    assert json.loads(document.body)["is_open"] is False
