"""What the tests of the Stripe sandbox share: a client, commands, and a server that receives webhooks."""

from __future__ import annotations

import json
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
import stripe

from dunwell_aws.stripe_secret import StripeKeys
from infra.local.stripe_sandbox.server import StripeSandbox

KEY = "sk_test_sandbox"
BANK = {
    "payment_method": "us_bank_account",
    "name": "Ada",
    "email": "ada@example.com",
    "routing_number": "110000000",
    "account_number": "000123456789",
}
"""What is typed into the hosted page to pay from a bank account."""


@pytest.fixture(scope="module")
def sandbox() -> Iterator[StripeSandbox]:
    """A sandbox for the tests of a file."""
    with StripeSandbox() as running:
        yield running


class Secret:
    """``StripeSecret`` that has a key."""

    def keys(self) -> StripeKeys:
        """The sandbox's."""
        return StripeKeys(KEY, ())

    def forget(self) -> None:
        """Never asked for."""
        raise AssertionError("the key is good")


class Secrets:
    """The part of Secrets Manager that is asked."""

    def __init__(self, webhook_secret: str) -> None:
        self._value = json.dumps({"api_key": KEY, "webhook_secrets": [webhook_secret]})

    def get_secret_value(self, SecretId: str) -> dict[str, str]:  # noqa: N803 - boto3's own name
        """The gateway's secret."""
        return {"SecretString": self._value}


def client_of(url: str, *, retries: int = 0) -> Any:
    """The real SDK, pointed at the sandbox; `.v1` of it."""
    return stripe.StripeClient(
        KEY,
        base_addresses={"api": url, "files": url, "connect": url, "meter_events": url},
        max_network_retries=retries,
        http_client=stripe.RequestsClient(timeout=10),
    ).v1


def command(url: str, name: str, **arguments: Any) -> Any:
    """`POST /_sandbox/<name>`; raises urllib.error.HTTPError when it is refused."""
    request = urllib.request.Request(f"{url}/_sandbox/{name}", json.dumps(arguments).encode(), method="POST")
    with urllib.request.urlopen(request, timeout=10) as response:
        return json.load(response)


def read(url: str, name: str) -> Any:
    """`GET /_sandbox/<name>`."""
    with urllib.request.urlopen(f"{url}/_sandbox/{name}", timeout=10) as response:
        return json.load(response)


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        return None


def browse(url: str, form: bytes | None = None) -> tuple[int, str, str | None]:
    """Open or submit a page without following redirects: status, HTML, Location."""
    try:
        with urllib.request.build_opener(_NoRedirect).open(url, form, timeout=10) as response:
            return response.status, response.read().decode(), response.headers.get("Location")
    except urllib.error.HTTPError as answer:
        return answer.code, answer.read().decode(), answer.headers.get("Location")


def wait_until(condition: Callable[[], bool], *, timeout_seconds: float = 10) -> None:
    """Wait for what another thread does; raises AssertionError when it does not happen."""
    deadline = time.monotonic() + timeout_seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)


@dataclass
class Receiver:
    """A merchant's webhook handler; answers with the statuses given, then with 200."""

    url: str = ""
    statuses: list[int] = field(default_factory=list)
    received: list[tuple[bytes, str]] = field(default_factory=list)

    @property
    def events(self) -> list[dict[str, Any]]:
        """The bodies received so far."""
        return [json.loads(body) for body, _ in self.received]

    @property
    def types(self) -> list[str]:
        """The event types received so far."""
        return [event["type"] for event in self.events]


@contextmanager
def receiver() -> Iterator[Receiver]:
    """Run a webhook handler on a free port."""
    state = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            state.received.append((body, self.headers["Stripe-Signature"]))
            self.send_response(state.statuses.pop(0) if state.statuses else 200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    state.url = f"http://127.0.0.1:{server.server_port}/stripe"
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()
