"""A customer at the pages of agreements: forms found and sent as a browser does."""

import re
from html import unescape
from typing import Any

from chalice.test import HTTPResponse

from tests.support.browser import Browser


def forms(page: HTTPResponse, action: str) -> list[dict[str, str]]:
    """The fields, hidden ones and buttons, of each form of a page whose action ends so; of boxes the ticked ones."""
    found = re.findall(rf'<form method="post" action="[^"]*{action}"[^>]*>(.*?)</form>', page.body.decode(), re.S)
    ticked = [re.sub(r'<input type="(?:checkbox|radio)"(?:(?! checked)[^>])*>', "", one) for one in found]
    return [{n: unescape(v) for n, v in re.findall(r'name="([^"]+)" value="([^"]*)"', one)} for one in ticked]


def send(browser: Browser, page: HTTPResponse, path: str, which: int = 0, /, **fields: Any) -> HTTPResponse:
    """Send one of the forms of a page that go to a path, with other fields as well."""
    return browser.post(path, forms(page, re.escape(path))[which] | fields)


def followed(browser: Browser, answer: HTTPResponse) -> HTTPResponse:
    """The page that an answer leads to, which is one of ours."""
    assert answer.status_code == 303, answer.body
    return browser.get(browser.path(answer.headers["Location"]))


def proposed_plan(browser: Browser, currency: str = "USD", **means: str) -> tuple[str, HTTPResponse]:
    """A customer says what they can pay and takes the first plan; the path of its page, and the page."""
    said = {"amount": "250", "frequency": "monthly", "payday": "2026-12-01"} | means
    plans = followed(browser, send(browser, browser.get(f"/plan?currency={currency}"), "/plan", **said))
    proposed = send(browser, plans, "/plans")
    path = browser.path(proposed.headers["Location"])
    return path, browser.get(path)


def agreed_plan(browser: Browser, **means: str) -> tuple[str, HTTPResponse]:
    """The same, agreed to and paid by hand."""
    path, review = proposed_plan(browser, **means)
    return path, followed(browser, send(browser, review, f"{path}/agree", -1))
