"""Routes of the applications and Api events of the template: the same, in both directions."""

import importlib
from collections import Counter
from typing import Any

import pytest

from dunwell_aws.routing import GREEDY
from tests.support.template import function_folder, functions

APPS = {
    name: function_folder(name).name
    for name in functions()
    if "chalice" in (function_folder(name) / "app.py").read_text(encoding="utf-8")
}


def declared(name: str) -> Counter[tuple[str, str]]:
    """Method and path of each Api event of a function."""
    events = functions()[name]["Properties"].get("Events", {}).values()
    found = [event["Properties"] for event in events if event["Type"] == "Api"]
    return Counter((one["Method"].upper(), one["Path"]) for one in found)


def routed(folder: str) -> Counter[tuple[str, str]]:
    """Method and path of each route of an application."""
    module: Any = importlib.import_module(f"functions.{folder}.app")
    app = module.with_api() if hasattr(module, "with_api") else module.app
    return Counter((method, path) for path, methods in app.routes.items() for method in methods)


def test_there_are_applications() -> None:
    assert set(APPS.values()) == {"portal", "console", "stripe_webhook"}


def is_greedy(name: str) -> bool:
    """Whether the function matches its routes itself (``dunwell_aws.routing``)."""
    return GREEDY in {path for _, path in declared(name)}


def test_applications_of_many_pages_match_their_routes_themselves() -> None:
    assert {APPS[name] for name in APPS if is_greedy(name)} == {"portal", "console"}


@pytest.mark.parametrize("name", [name for name in APPS if is_greedy(name)])
def test_beside_a_greedy_path_there_is_the_root_where_it_is_a_page(name: str) -> None:
    """API Gateway's greedy path leaves the root out."""
    besides = {one for one in declared(name) if one[1] != GREEDY}
    assert besides == {one for one in routed(APPS[name]) if one[1] == "/"}


@pytest.mark.parametrize("name", [name for name in APPS if not is_greedy(name)])
def test_every_route_has_an_event_and_every_event_a_route(name: str) -> None:
    assert declared(name) == routed(APPS[name])


@pytest.mark.parametrize("name", [name for name in APPS if is_greedy(name)])
def test_every_method_of_a_route_is_let_in_and_no_other(name: str) -> None:
    let_in = {method for method, _ in declared(name)}
    assert let_in == {method for method, _ in routed(APPS[name])}


def test_a_function_without_an_application_has_no_door() -> None:
    assert not [name for name in functions() if name not in APPS and declared(name)]


@pytest.mark.parametrize("name", APPS)
def test_all_routes_of_an_application_are_on_one_api_of_the_template(name: str) -> None:
    events = functions()[name]["Properties"]["Events"].values()
    assert len({event["Properties"]["RestApiId"]["Ref"] for event in events}) == 1
