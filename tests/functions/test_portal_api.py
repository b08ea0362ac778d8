"""The portal's JSON API, asked as an app would ask it."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from chalice.test import Client, HTTPResponse

from dunwell.payments.order import CheckoutOrder, OrderLine
from dunwell_aws.api import Operation
from dunwell_aws.portal.api import CustomerApi, operations
from dunwell_aws.rates import WRITES_A_MINUTE
from functions.portal import app as portal_app
from tests.support.agreements import agreement
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


# --- agreements, disputes, preferences ---


def keyed(number: int) -> dict[str, str]:
    return {"Idempotency_Key": f"intent-{number:04d}"}


def test_a_plan_is_recommended_proposed_and_agreed_to_in_its_exact_words(world: PortalWorld) -> None:
    anna = signed_in(world)
    needs = {"currency": "USD", "most_minor": 60_000, "frequency": "monthly"}
    (best, *_) = anna.ask("POST", "/plan-recommendations", needs).json_body["plans"]
    proposed = anna.ask("POST", "/plans", best["terms"], **keyed(1))
    assert proposed.status_code == 201
    plan = proposed.json_body
    assert [one["amount_minor"] for one in plan["instalments"]] == [one["amount_minor"] for one in best["instalments"]]
    path, (way, *_) = f"/agreements/{plan['agreement_id']}", plan["ways"]
    other = anna.ask("POST", f"{path}/authorisation", {"words": way["words"] + " not"}, **keyed(2))
    agreed = anna.ask("POST", f"{path}/authorisation", way, **keyed(3))
    assert (other.status_code, agreed.status_code) == (409, 200)
    assert agreed.json_body["status"] == "authorised"
    kept = world.ledger.accounts["cus_anna"].agreements[plan["agreement_id"]].authorisation
    assert kept
    assert (kept.words, kept.method, kept.by) == (way["words"], "api", "customer")


def test_a_plan_beyond_the_limits_waits_for_a_person_only_when_that_is_asked_for(world: PortalWorld) -> None:
    anna = signed_in(world)
    terms = {"currency": "USD", "instalments": 12, "frequency": "monthly", "first_on": str(world.portal.today)}
    refused = anna.ask("POST", "/plans", terms, **keyed(1))
    asked = anna.ask("POST", "/plans", terms | {"ask_for_approval": True}, **keyed(2))
    assert refused.status_code == 403
    assert (asked.status_code, asked.json_body["waits_for_approval"], asked.json_body["ways"]) == (201, True, [])


def test_a_promise_stands_at_once_and_can_be_taken_back(world: PortalWorld) -> None:
    anna = signed_in(world)
    body = {"currency": "USD", "amount_minor": 10_000, "by": str(world.portal.today + timedelta(days=5))}
    made = anna.ask("POST", "/promises", body, **keyed(1))
    path = f"/agreements/{made.json_body['agreement_id']}"
    assert (made.status_code, made.json_body["status"]) == (201, "active")
    assert [anna.ask("DELETE", path).status_code for _ in range(2)] == [204, 204]
    assert anna.get(path)["status"] == "cancelled"
    assert [one["kind"] for one in anna.get("/agreements")["items"]] == ["promise"]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"amount_minor": 0}, ""),
        ({"amount_minor": 10**9}, "amount_too_much"),
        ({"by": "2020-01-01"}, "day_passed"),
        ({"by": "soon"}, ""),
        ({"currency": "GBP"}, "nothing_to_pay"),
    ],
)
def test_a_promise_that_cannot_be_is_refused_in_words_and_by_its_code(
    world: PortalWorld, change: dict[str, Any], code: str
) -> None:
    body = {"currency": "USD", "amount_minor": 10_000, "by": str(world.portal.today + timedelta(days=5))} | change
    answer = signed_in(world).ask("POST", "/promises", body, **keyed(1))
    assert answer.status_code in {400, 403}
    assert answer.json_body["detail"]
    assert answer.json_body.get("code", "") == code, "what is no request by the description has no code"
    assert not world.ledger.accounts["cus_anna"].agreements


def test_a_dispute_is_noted_once_however_often_it_is_sent(world: PortalWorld) -> None:
    anna = signed_in(world)
    body = {"reason": "wrong_amount", "amount_minor": 5_000, "text": "Too much. My card is 4242 4242 4242 4242."}
    sent = [anna.ask("POST", "/invoices/inv_a1/disputes", body, **keyed(1)) for _ in range(2)]
    assert [one.status_code for one in sent] == [204, 204]
    assert anna.get("/invoices/inv_a1")["disputed_minor"] == 5_000
    (task,) = world.contacts.tasks.values()
    assert "4242 4242" not in task.script


def test_preferences_change_as_far_as_they_are_named(world: PortalWorld) -> None:
    anna = signed_in(world)
    changed = anna.ask("PATCH", "/preferences", {"language": "de", "channel": "email"})
    again = anna.ask("PATCH", "/preferences", {"channel": ""})
    assert (changed.json_body["language"], changed.json_body["channel"]) == ("de", "email")
    assert (again.json_body["language"], again.json_body["channel"]) == ("de", "")


def test_nobody_sees_or_ends_another_customers_agreement(world: PortalWorld) -> None:
    anna, bert = signed_in(world), signed_in(world, "cus_bert", "C-7")
    body = {"currency": "USD", "amount_minor": 10_000, "by": str(world.portal.today + timedelta(days=5))}
    path = f"/agreements/{anna.ask('POST', '/promises', body, **keyed(1)).json_body['agreement_id']}"
    assert [bert.ask(method, path).status_code for method in ("GET", "DELETE")] == [404, 404]
    assert bert.ask("POST", "/invoices/inv_a1/disputes", {"reason": "wrong_amount"}, **keyed(2)).status_code == 404
    assert anna.get(path)["status"] == "active"


OPERATIONS = operations(CustomerApi(lambda: pytest.fail("nothing is asked")))
OF_ANNA = {"invoice_id": "inv_a1", "agreement_id": "agr_anna", "order_id": "ord_anna"}
BODIES: dict[str, Any] = {
    "authoriseAgreement": {"words": "I agree"},
    "raiseDispute": {"reason": "other"},
}


@pytest.mark.parametrize("one", [one for one in OPERATIONS if "{" in one.path], ids=lambda one: one.name)
def test_with_another_customers_ids_there_is_nothing_on_any_operation(world: PortalWorld, one: Operation) -> None:
    anna = world.ledger.accounts["cus_anna"]
    world.ledger.accounts["cus_anna"] = replace(
        anna, agreements={"agr_anna": agreement("inv_a1", agreement_id="agr_anna")}
    )
    world.orders.save(CheckoutOrder("ord_anna", "cus_anna", "USD", (OrderLine("inv_a1", "A1", 1),), world.clock.now()))
    before = world.ledger.accounts["cus_anna"]
    path = one.path.removeprefix("/api/v1").format(**OF_ANNA)
    answer = signed_in(world, "cus_bert", "C-7").ask(one.method, path, BODIES.get(one.name), **keyed(1))
    assert answer.status_code == 404
    assert world.ledger.accounts["cus_anna"] == before


@pytest.mark.parametrize("one", [one for one in OPERATIONS if one.signed_in], ids=lambda one: one.name)
def test_no_operation_that_needs_a_session_does_anything_without_one(world: PortalWorld, one: Operation) -> None:
    before = dict(world.ledger.accounts)
    for stranger in (App(), App("made-up")):
        assert stranger.ask(one.method, one.path.removeprefix("/api/v1"), {}, **keyed(1)).status_code == 401
    assert world.ledger.accounts == before
