"""The statement of account at the console: the page, the file, and who may not see it."""

import csv
import io
from dataclasses import replace

import pytest

from dunwell.accounts.merging import merge_customers
from dunwell.accounts.model import CustomerKind
from tests.support.console import Browser, World, path_of, sign_in, text
from tests.support.escalation import NOW

STATEMENT = "/customers/cus_1/statement"


def test_a_case_leads_to_the_customers_statement(world: World, browser: Browser) -> None:
    case = world.waiting()
    sign_in(browser)
    assert STATEMENT in text(browser.get(path_of(case)))
    page = browser.get(f"{STATEMENT}?first=2020-01-01&last=2030-01-01")
    assert page.status_code == 200
    assert "Opening balance" in text(page)
    assert "€100.00" in text(page)
    assert "Müller &amp; Söhne" in text(page)


def test_the_same_is_a_file(browser: Browser) -> None:
    sign_in(browser)
    answer = browser.get(f"{STATEMENT}?first=2020-01-01&last=2030-01-01&format=csv")
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="statement-2020-01-01-2030-01-01.csv"'
    lines = list(csv.DictReader(io.StringIO(text(answer))))
    assert [line["row"] for line in lines] == ["opening", "entry", "closing", "open"]
    assert lines[-2]["balance"] == "100.00"


@pytest.mark.parametrize("period", ["first=x", "first=2026-02-01&last=2026-01-01", "last=2026-02-30&format=csv"])
def test_a_period_that_cannot_be_is_told_beside_the_usual_one(browser: Browser, period: str) -> None:
    sign_in(browser)
    page = browser.get(f"{STATEMENT}?{period}")
    assert page.status_code == 400
    assert 'role="alert"' in text(page)


def test_a_day_without_anything_says_so(browser: Browser) -> None:
    sign_in(browser)
    assert "Nothing to state" in text(browser.get(f"{STATEMENT}?first=2000-01-01&last=2000-01-31"))


def test_who_is_not_signed_in_sees_no_statement(browser: Browser) -> None:
    answer = browser.get(STATEMENT)
    assert (answer.status_code, answer.headers["Location"].endswith("/sign-in")) == (303, True)


def test_there_is_none_of_nobody_nor_of_an_internal_account(world: World, browser: Browser) -> None:
    sign_in(browser)
    assert browser.get("/customers/cus_x/statement").status_code == 404
    account = world.ledger.accounts["cus_1"]
    internal = replace(account.customer, kind=CustomerKind.SUSPENSE)
    world.ledger.accounts["cus_1"] = replace(account, customer=internal)
    assert browser.get(STATEMENT).status_code == 404


def test_an_old_id_shows_the_statement_of_the_customer_it_became_part_of(world: World, browser: Browser) -> None:
    kept, absorbed = (world.ledger.accounts[i] for i in ("cus_1", "cus_2"))
    _, gone = merge_customers(kept.customer, absorbed.customer, NOW, "ada")
    world.ledger.accounts["cus_2"] = replace(absorbed, customer=gone)
    sign_in(browser)
    assert "Müller &amp; Söhne" in text(browser.get("/customers/cus_2/statement"))
