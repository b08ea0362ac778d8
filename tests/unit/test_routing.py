"""Paths of a greedy route, matched by the application."""

from typing import Any

import pytest
from chalice.app import Chalice

from dunwell_aws.routing import GREEDY, MISSING, WRONG_METHOD, Router

app = Chalice(app_name="some")
for path in ("/account", "/invoices/{invoice_id}", "/invoices/all", "/{area}/all", MISSING, WRONG_METHOD):
    app.route(path, methods=["GET"])(lambda **_: None)


def event(path: str, method: str = "GET") -> dict[str, Any]:
    context = {"resourcePath": GREEDY, "httpMethod": method}
    return {"resource": GREEDY, "pathParameters": {"proxy": path}, "requestContext": context}


@pytest.mark.parametrize(
    ("path", "route", "names"),
    [
        ("account", "/account", None),
        ("account/", "/account", None),
        ("invoices/inv_1", "/invoices/{invoice_id}", {"invoice_id": "inv_1"}),
        ("invoices/all", "/invoices/all", None),
        ("payments/all", "/{area}/all", {"area": "payments"}),
        ("", MISSING, None),
        ("nothing", MISSING, None),
        ("invoices/inv_1/more", MISSING, None),
        ("invoices//", MISSING, None),
        ("missing", MISSING, None),
        ("wrong-method", MISSING, None),
    ],
)
def test_a_path_leads_to_the_route_that_fits_it_most_literally(path: str, route: str, names: Any) -> None:
    found = Router(app).event(event(path))
    assert (found["requestContext"]["resourcePath"], found["pathParameters"]) == (route, names)


def test_a_method_that_a_route_does_not_take_is_told_apart_from_a_missing_page() -> None:
    assert Router(app).event(event("account", "POST"))["requestContext"]["resourcePath"] == WRONG_METHOD


def test_an_event_of_a_known_route_stays_as_it_is() -> None:
    known = {"resource": "/account", "requestContext": {"resourcePath": "/account", "httpMethod": "GET"}}
    assert Router(app).event(known) == known
