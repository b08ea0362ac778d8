"""Nobody reads or changes another's account, on any route that the portal has: also on those that are added later."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from chalice.test import HTTPResponse

from dunwell.ledger.agreements import AgreementKind, AgreementStatus
from dunwell.ledger.disputing import DisputeReason, dispute
from dunwell.ledger.posting import post_payment
from dunwell_aws.routing import MISSING, WRONG_METHOD
from functions.portal import app as portal_app
from tests.support.agreements import agreement, method
from tests.support.browser import Browser, hidden
from tests.support.portal import NOW, account, customer, invoice
from tests.support.portal_app import PortalWorld

PUBLIC = {"/", "/l/{token}", "/code", "/stop/{token}", "/language", MISSING, WRONG_METHOD}
"""Routes without a session: each has tests of its own."""
ROUTES = sorted((path, method) for path, methods in portal_app.app.routes.items() for method in methods)
SIGNED_IN = [(path, method) for path, method in ROUTES if path not in PUBLIC]
SECRETS = ["Anna", "C-1042", "SECRET", "inv_secret", "987.65", "987,65", "111.11", "anna@"]


AGREEMENTS = {
    one.agreement_id: one
    for one in (
        agreement("inv_secret-3", amount_minor=300, agreement_id="agr_plan", kind=AgreementKind.PLAN),
        agreement("inv_secret-4", amount_minor=400, agreement_id="agr_promises"),
        agreement(
            "inv_secret-5",
            amount_minor=500,
            agreement_id="agr_offers",
            kind=AgreementKind.SETTLEMENT,
            status=AgreementStatus.PROPOSED,
            expires_on=NOW.date(),
            forgiven_minor=100,
        ),
    )
}
"""Of Anna's, by the first word of the paths that they are shown under."""


class TwoCustomers(PortalWorld):
    """Anna with something of every kind that a page shows, and Bert who knows the ids of all of it."""

    def __init__(self) -> None:
        numbers = {"SECRET-1": 98_765, "SECRET-2": 11_111, "SECRET-3": 300, "SECRET-4": 400, "SECRET-5": 500}
        anna = account(*(invoice(number, amount_minor) for number, amount_minor in numbers.items()))
        paid = post_payment(
            anna, method="bank", reference="SECRET-9", currency="USD", amount_minor=5_000, received_at=NOW
        ).applied()
        contested = dispute(
            paid, "inv_secret-2", None, DisputeReason.OTHER, key="1", note="SECRET", on=NOW.date(), at=NOW
        ).applied()
        bert = account(invoice("B1", 9_900), who=customer("cus_bert", number="C-7", name="Bert", email="b@b.example"))
        super().__init__(replace(contested, agreements=AGREEMENTS, methods={"pmt_anna": method("pmt_anna")}), bert)
        (payment,) = paid.payments
        (self.dispute,) = [one for one in contested.entries if contested.entries[one].kind == "dispute"]
        self.pay(self.signed_in())
        (order,) = self.orders.orders("cus_anna")
        self.ids = {
            "invoice_id": "inv_secret-1",
            "entry_id": payment,
            "order": order.order_id,
            "method_id": "pmt_anna",
        }

    def address(self, path: str) -> str:
        """A route's path with Anna's ids. A parameter that is not known here needs an id of hers."""
        ids = self.ids | {"agreement_id": f"agr_{path.split('/')[1]}"}
        for name in portal_app.app.routes[path]["GET" if "GET" in portal_app.app.routes[path] else "POST"].view_args:
            path = path.replace(f"{{{name}}}", ids[name])
        return path

    def form(self, **more: Any) -> dict[str, Any]:
        """A form that names everything that is Anna's."""
        return self.ids | {
            "invoice": ["inv_secret-1"],
            "dispute": self.dispute,
            "customer_id": "cus_anna",
            "currency": "USD",
            "what": "chosen",
            "reason": "other",
            "text": "hello",
            "key": "k",
            "language": "de",
            "channel": "email",
            "allow": "no",
            "email": "evil@b.example",
            "code": "123456",
            **more,
        }


@pytest.fixture
def world() -> Iterator[TwoCustomers]:
    yield TwoCustomers()
    portal_app.use(None)


def ask(browser: Browser, world: TwoCustomers, path: str, method: str, **form: Any) -> HTTPResponse:
    query = f"?order={world.ids['order']}&customer_id=cus_anna&currency=USD"
    browser.cookies["dunwell_means"] = "USD.20000.monthly."
    if method == "GET":
        return browser.get(world.address(path) + query)
    return browser.post(world.address(path), world.form(**form))


def shows_nothing_of_anna(answer: HTTPResponse, path: str) -> bool:
    shown = answer.body.decode(errors="replace") + str(answer.headers)
    # The address that was asked for is the asker's own words; a page may lead back to it.
    return not any(secret in shown.replace(path, "") for secret in SECRETS)


def test_there_are_routes_with_and_without_a_session() -> None:
    assert len(SIGNED_IN) > 15
    assert {path for path, _ in ROUTES} >= PUBLIC


@pytest.mark.parametrize(("path", "method"), SIGNED_IN)
def test_another_customers_ids_show_and_change_nothing(world: TwoCustomers, path: str, method: str) -> None:
    bert = world.signed_in("cus_bert", "C-7")
    before, tasks = world.ledger.accounts["cus_anna"], len(world.gateway.calls)
    answer = ask(bert, world, path, method, csrf=hidden(bert.get("/account"), "csrf"))
    assert shows_nothing_of_anna(answer, world.address(path))
    assert world.ledger.accounts["cus_anna"] == before
    assert len(world.gateway.calls) == tasks
    if "{" in path:
        assert answer.status_code == 404
    assert {task.customer_id for task in world.contacts.open_tasks(9)} <= {"cus_bert"}


@pytest.mark.parametrize(("path", "method"), SIGNED_IN)
def test_nothing_is_shown_or_done_without_a_session(world: TwoCustomers, path: str, method: str) -> None:
    before = dict(world.ledger.accounts)
    for cookies in ({}, {"dunwell_session": "forged"}):
        stranger = world.browser()
        stranger.cookies = dict(cookies)
        answer = ask(stranger, world, path, method, csrf="x")
        assert answer.status_code == 401
        assert shows_nothing_of_anna(answer, world.address(path))
    assert world.ledger.accounts == before


@pytest.mark.parametrize("path", [path for path, method in SIGNED_IN if method == "POST"])
def test_a_form_without_the_sessions_token_or_from_another_site_changes_nothing(world: TwoCustomers, path: str) -> None:
    anna, bert = world.signed_in(), world.signed_in("cus_bert", "C-7")
    tokens = {"of another session": hidden(bert.get("/account"), "csrf"), "none": "", "made up": "0" * 64}
    before = dict(world.ledger.accounts)
    for csrf in tokens.values():
        assert ask(anna, world, path, "POST", csrf=csrf).status_code == 403
    own = hidden(anna.get("/account"), "csrf")
    crossed = anna.post(world.address(path), world.form(csrf=own), Sec_Fetch_Site="cross-site")
    assert crossed.status_code == 403
    assert world.ledger.accounts == before
    assert world.contacts.open_tasks(9) == []


@pytest.mark.parametrize(("path", "method"), ROUTES)
def test_every_answer_is_kept_by_nobody_and_runs_nothing(world: TwoCustomers, path: str, method: str) -> None:
    world.ids["token"] = "unknown"
    anna = world.signed_in()
    answer = ask(anna, world, path, method, csrf=hidden(anna.get("/account"), "csrf"))
    assert answer.headers["Cache-Control"] == "no-store"
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert b"<script" not in answer.body


@pytest.mark.parametrize("path", [path for path, method in SIGNED_IN if method == "GET"])
def test_no_address_on_a_page_says_who_somebody_is(world: TwoCustomers, path: str) -> None:
    page = ask(world.signed_in(), world, path, "GET")
    assert page.status_code == 200
    links = [part.partition('"')[0] for part in page.body.decode(errors="replace").split('href="')[1:]]
    for link in links:
        assert not any(personal in link for personal in ("Anna", "C-1042", "anna%40", "anna@", "cus_anna")), link
