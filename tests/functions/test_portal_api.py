"""The portal's JSON API, asked as an app would ask it."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from chalice.test import Client, HTTPResponse

from dunwell_aws.rates import WRITES_A_MINUTE
from functions.portal import app as portal_app
from tests.support.portal_app import PortalWorld

KEY = "intent-0001"


class App:
    """An app with a customer's session, or without one."""

    def __init__(self, token: str = "") -> None:
        self._client = Client(portal_app.with_api())
        self.token = token

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> HTTPResponse:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if self.token:
            sent["Authorization"] = f"Bearer {self.token}"
        if body is not None:
            sent.setdefault("Content-Type", "application/json")
        raw = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        return self._client.http.request(method, f"/api/v1{path}", headers=sent, body=raw)

    def get(self, path: str) -> Any:
        answer = self.ask("GET", path)
        assert answer.status_code == 200, answer.body
        return answer.json_body


@pytest.fixture
def world() -> Iterator[PortalWorld]:
    yield PortalWorld()
    portal_app.use(None)


def signed_in(world: PortalWorld, customer_id: str = "cus_anna", answer: str = "C-1042") -> App:
    link = world.links.issue_link(customer_id, "account", world.clock.now())
    asked = App().ask("POST", "/sign-in-codes", {"link": link, "answer": answer})
    assert asked.status_code == 202
    code = {"code_token": asked.json_body["code_token"], "code": world.codes.sent[-1][1]}
    session = App().ask("POST", "/sessions", code)
    assert session.status_code == 201
    return App(session.json_body["token"])


def test_a_customer_signs_in_and_sees_what_is_owed(world: PortalWorld) -> None:
    balances = {one["currency"]: one for one in signed_in(world).get("/account")["balances"]}
    assert balances["USD"]["open_minor"] == 126_000
    assert balances["USD"]["payable_minor"] == 123_450
    assert balances["EUR"]["open_minor"] == 70_000


def test_a_stranger_gets_the_same_answer_as_a_customer(world: PortalWorld) -> None:
    link = world.links.issue_link("cus_anna", "account", world.clock.now())
    right = App().ask("POST", "/sign-in-codes", {"link": link, "answer": "C-1042"})
    wrong = App().ask("POST", "/sign-in-codes", {"link": "no-such-link", "answer": "C-1042"})
    assert (right.status_code, right.json_body.keys()) == (wrong.status_code, wrong.json_body.keys())
    assert len(right.body) == len(wrong.body)
    assert len(world.slept) == 2


def test_a_code_signs_in_once(world: PortalWorld) -> None:
    link = world.links.issue_link("cus_anna", "account", world.clock.now())
    asked = App().ask("POST", "/sign-in-codes", {"link": link, "answer": "C-1042"})
    body = {"code_token": asked.json_body["code_token"], "code": world.codes.sent[-1][1]}
    assert [App().ask("POST", "/sessions", body).status_code for _ in range(2)] == [201, 410]


def test_without_a_session_nothing_is_shown(world: PortalWorld) -> None:
    for path in ("/account", "/invoices", "/invoices/inv_a1", "/payments", "/checkouts/ord_1"):
        answer = App("not-a-session").ask("GET", path)
        assert answer.status_code == 401
        assert answer.headers["Content-Type"] == "application/problem+json"


def test_after_signing_out_the_session_is_gone(world: PortalWorld) -> None:
    anna = signed_in(world)
    assert anna.ask("DELETE", "/session").status_code == 204
    assert anna.ask("GET", "/account").status_code == 401


def test_lists_come_in_parts_that_add_up_to_the_whole(world: PortalWorld) -> None:
    anna = signed_in(world)
    whole = anna.get("/invoices")
    found, cursor = [], ""
    while True:
        part = anna.get(f"/invoices?limit=1&cursor={cursor}")
        assert len(part["items"]) == 1
        found += part["items"]
        cursor = part["next_cursor"]
        if not cursor:
            break
    assert found == whole["items"]
    assert [one["invoice_id"] for one in found] == ["inv_a1", "inv_a2", "inv_e1"]


def test_nobody_reads_another_customers_invoice(world: PortalWorld) -> None:
    bert = signed_in(world, "cus_bert", "C-7")
    assert bert.get("/invoices/inv_b1")["number"] == "B1"
    assert bert.ask("GET", "/invoices/inv_a1").status_code == 404


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("/invoices?limit=0", "limit"),
        ("/invoices?limit=x", "limit"),
        ("/invoices?cursor=%25", "cursor"),
        ("/invoices?cursor=abc", "cursor"),
        ("/invoices?colour=red", "colour"),
    ],
)
def test_a_question_that_cannot_be_understood_is_told_why(world: PortalWorld, path: str, said: str) -> None:
    answer = signed_in(world).ask("GET", path)
    assert answer.status_code == 400
    assert said in answer.json_body["detail"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"{", 400),
        (b"\xff", 400),
        ([1], 400),
        ({}, 400),
        ({"currency": "USD", "amount": 1}, 400),
        ({"currency": "usd"}, 400),
        ({"currency": "USD", "invoice_ids": [1]}, 400),
        ({"currency": "USD", "invoice_ids": ["inv_b1"]}, 404),
        ({"currency": "EUR", "invoice_ids": ["inv_a1"]}, 400),
        ({"currency": "GBP"}, 403),
        (b" " * 70_000, 413),
    ],
)
def test_a_payment_that_makes_no_sense_is_refused_in_words(world: PortalWorld, body: Any, status: int) -> None:
    answer = signed_in(world).ask("POST", "/checkouts", body, Idempotency_Key=KEY)
    assert (answer.status_code, bool(answer.json_body["detail"])) == (status, True)
    assert not world.orders.orders("cus_anna")


def test_a_body_that_is_not_json_by_its_type_is_refused(world: PortalWorld) -> None:
    answer = signed_in(world).ask("POST", "/checkouts", b"currency=USD", Content_Type="text/plain", Idempotency_Key=KEY)
    assert answer.status_code == 415


def test_a_payment_started_again_under_its_key_is_the_same_payment(world: PortalWorld) -> None:
    anna = signed_in(world)
    body = {"currency": "USD", "invoice_ids": ["inv_a1"]}
    first, again = (anna.ask("POST", "/checkouts", body, Idempotency_Key=KEY) for _ in range(2))
    assert first.status_code == again.status_code == 201
    assert first.json_body == again.json_body
    order = anna.get(f"/checkouts/{first.json_body['order_id']}")
    assert (order["status"], order["amount_minor"]) == ("open", 123_450)


def test_a_key_that_was_used_for_something_else_is_refused(world: PortalWorld) -> None:
    anna = signed_in(world)
    anna.ask("POST", "/checkouts", {"currency": "USD"}, Idempotency_Key=KEY)
    assert anna.ask("POST", "/checkouts", {"currency": "EUR"}, Idempotency_Key=KEY).status_code == 409


@pytest.mark.parametrize("key", ["", "short", "with space inside", "x" * 129])
def test_a_payment_without_a_usable_key_is_refused(world: PortalWorld, key: str) -> None:
    answer = signed_in(world).ask("POST", "/checkouts", {"currency": "USD"}, Idempotency_Key=key)
    assert (answer.status_code, answer.json_body["field"]) == (400, "Idempotency-Key")


def test_a_session_that_writes_too_fast_waits_a_minute(world: PortalWorld) -> None:
    anna = signed_in(world)
    body = {"currency": "USD"}
    tries = [anna.ask("POST", "/checkouts", body, Idempotency_Key=KEY) for _ in range(WRITES_A_MINUTE + 1)]
    assert [one.status_code for one in tries] == [201] * WRITES_A_MINUTE + [429]
    assert tries[-1].headers["Retry-After"] == "60"
    world.clock.moves(minutes=1)
    assert anna.ask("POST", "/checkouts", body, Idempotency_Key=KEY).status_code == 201


def test_no_answer_is_kept_by_anybody_on_the_way(world: PortalWorld) -> None:
    anna = signed_in(world)
    for answer in (anna.ask("GET", "/account"), anna.ask("GET", "/invoices/none"), App().ask("GET", "/account")):
        assert answer.headers["Cache-Control"] == "no-store"
