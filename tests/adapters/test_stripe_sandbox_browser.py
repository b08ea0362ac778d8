"""The hosted page in a real browser: a phone's width, the keyboard alone."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, sync_playwright

from infra.local.stripe_sandbox.server import StripeSandbox
from tests.support.stripe_sandbox import client_of

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on the PATH and CHROMIUM does not name one")


@pytest.fixture(scope="module")
def phone() -> Iterator[Page]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser.new_page(viewport={"width": 360, "height": 740})
        browser.close()


def _session(server: StripeSandbox) -> Any:
    price = {"currency": "usd", "unit_amount": 125_000, "product_data": {"name": "Invoice " + "7" * 60}}
    return client_of(server.url).checkout.sessions.create(
        {
            "mode": "payment",
            "line_items": [{"price_data": price, "quantity": 1}],
            "success_url": f"{server.url}/c/paid?session={{CHECKOUT_SESSION_ID}}",
        }
    )


def _type_into_the_form(page: Page, number: str) -> None:
    """Walk the form with Tab, as someone without a mouse does, and press Enter in the last field."""
    page.get_by_label("E-mail").focus()
    for text in ("ada@example.com", "", "Ada", number, "12/40", "123"):
        if text:
            page.keyboard.press("Control+a")
            page.keyboard.type(text)
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")


def test_a_customer_pays_on_a_phone_with_the_keyboard_alone(server: StripeSandbox, phone: Page) -> None:
    session = _session(server)
    phone.goto(session.url)
    assert phone.evaluate("document.documentElement.scrollWidth") <= 360
    _type_into_the_form(phone, "4000000000000002")
    phone.wait_for_selector("[role=alert]")
    assert phone.get_by_role("alert").inner_text() == "Your card was declined."
    _type_into_the_form(phone, "4242424242424242")
    phone.wait_for_url(f"**/c/paid?session={session.id}")
    assert client_of(server.url).checkout.sessions.retrieve(session.id).payment_status == "paid"


def test_the_form_shows_only_the_fields_of_the_chosen_method(server: StripeSandbox, phone: Page) -> None:
    phone.goto(_session(server).url)
    assert phone.get_by_label("Card number").is_visible()
    assert not phone.get_by_label("Routing number").is_visible()
    phone.get_by_label("US bank account").check()
    assert not phone.get_by_label("Card number").is_visible()
    assert phone.get_by_label("Routing number").is_visible()
