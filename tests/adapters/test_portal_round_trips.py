"""How often the portal asks its store for a page or an answer: at most three times."""

from collections.abc import Iterator

import pytest
from chalice.test import Client

from functions.portal import app as portal_app
from tests.support.emulator import running_emulator
from tests.support.portal_store import StoredPortal

MOST = 3
"""The page of messages takes four: what was sent and what is shown here are kept apart."""
PAGES = (
    "/account",
    "/invoices",
    "/invoices/inv_a1",
    "/payments",
    "/statement",
    "/preferences",
    "/methods",
)
ANSWERS = ("/account", "/invoices", "/invoices/inv_a1", "/payments", "/agreements", "/payment-methods", "/preferences")


@pytest.fixture(scope="module")
def world() -> Iterator[StoredPortal]:
    with running_emulator() as emulator:
        yield StoredPortal(emulator.client("dynamodb"))
        portal_app.use(None)


@pytest.mark.parametrize("path", PAGES)
def test_a_page_takes_three_round_trips_at_most(world: StoredPortal, path: str) -> None:
    browser = world.signed_in()
    world.meter.reset()
    assert browser.get(path).status_code == 200
    assert world.meter.round_trips <= MOST


@pytest.mark.parametrize("path", ANSWERS)
def test_an_answer_takes_three_round_trips_at_most(world: StoredPortal, path: str) -> None:
    token = world.signed_in().cookies["dunwell_session"]
    world.meter.reset()
    headers = {"Authorization": f"Bearer {token}"}
    assert Client(portal_app.with_api()).http.get(f"/api/v1{path}", headers=headers).status_code == 200
    assert world.meter.round_trips <= MOST
