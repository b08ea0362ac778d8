"""A browser in front of a Chalice application: keeps cookies, follows nothing, reads forms."""

import re
from html import unescape
from typing import Any
from urllib.parse import urlencode

from chalice.app import Chalice
from chalice.test import Client, HTTPResponse

FORM = "application/x-www-form-urlencoded"
ACCEPT = "text/html,application/xhtml+xml,*/*;q=0.8"
"""What browsers accept."""


class Browser:
    """One customer's browser on the portal at ``base``."""

    def __init__(self, app: Chalice, base: str) -> None:
        self._client = Client(app)
        self._base = base
        self.cookies: dict[str, str] = {}

    def get(self, path: str, **headers: str) -> HTTPResponse:
        return self._request("GET", path, b"", headers)

    def post(self, path: str, fields: Any = (), **headers: str) -> HTTPResponse:
        body = urlencode(dict(fields), doseq=True).encode()
        return self._request("POST", path, body, {"Content-Type": FORM} | headers)

    def path(self, url: str) -> str:
        """The path, without the base, of an address in a page or a redirect."""
        assert url.startswith(self._base), url
        return url.removeprefix(self._base)

    def _request(self, method: str, path: str, body: bytes, headers: dict[str, str]) -> HTTPResponse:
        sent = {"Accept": ACCEPT} | {name.replace("_", "-"): value for name, value in headers.items()}
        if self.cookies:
            sent["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        response = self._client.http.request(method, path, headers=sent, body=body)
        for cookie in response.headers.get("Set-Cookie", []):
            name, _, value = cookie.partition(";")[0].partition("=")
            if value:
                self.cookies[name] = value
            else:
                self.cookies.pop(name, None)
        return response


def text(response: HTTPResponse) -> str:
    """What a page says, without its tags."""
    return re.sub(r"\s+", " ", unescape(re.sub(r"<style>.*?</style>|<[^>]*>", " ", response.body.decode(), flags=re.S)))


def hidden(response: HTTPResponse, name: str) -> str:
    """The value of a hidden field of a page."""
    found = re.search(rf'name="{name}" value="([^"]*)"', response.body.decode())
    assert found, f"the page has no field {name}"
    return unescape(found[1])
