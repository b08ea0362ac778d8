"""One browser a session, and a fresh phone a test, whose console must stay silent."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support.chromium import CHROMIUM, PHONE_WIDTH, WITHOUT, running_chromium, watch
from tests.support.deployment import Deployment
from tests.support.visitors import customer_with_link

expect.set_options(timeout=30_000)  # a busy machine takes seconds for a page


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.skip(WITHOUT)
    with running_chromium() as browser:
        yield browser


@pytest.fixture
def phone(chromium: Browser) -> Iterator[Page]:
    """A phone's page. What its console complains about fails the test."""
    context = chromium.new_context(viewport={"width": PHONE_WIDTH, "height": 812}, has_touch=True, locale="en-US")
    context.set_default_timeout(30_000)
    complaints: list[str] = []
    context.on("page", lambda page: watch(page, complaints))
    yield context.new_page()
    context.close()
    assert complaints == []


@pytest.fixture
def refused_phone(chromium: Browser) -> Iterator[Page]:
    """A phone's page for refusals: Chromium reports every answer of 4xx as an error on the console."""
    context = chromium.new_context(viewport={"width": PHONE_WIDTH, "height": 812})
    yield context.new_page()
    context.close()


@pytest.fixture
def customer_on(deployed: Deployment, phone: Page) -> Callable[[str], Page]:
    """Signs a customer of a number in on the phone; how that looks has a test of its own."""

    def sign_in(number: str) -> Page:
        visitor = customer_with_link(deployed, number, deployed.issue_link(number, "account"))
        phone.context.add_cookies(visitor.cookies)  # type: ignore[arg-type]
        phone.goto(f"{visitor.base}/account")
        return phone

    return sign_in
