"""The HTTP server: keys, faults, idempotency, then the API, the hosted pages or a command."""

from __future__ import annotations

import base64
import binascii
import json
import re
import threading
import traceback
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from . import resources
from .api import Api
from .control import health, run_command
from .errors import ApiError, invalid_request
from .faults import Faults, error_of
from .hosted import serve_page
from .idempotency import Replays
from .resources.checkout_sessions import expire_due
from .resources.webhook_endpoints import is_loopback
from .state import API_VERSION, RequestInfo, Sandbox
from .webhooks import Deliveries

assert resources.__all__  # importing the resources is what registers their operations

_TEST_KEY = re.compile(r"(sk|rk)_test_\w+")
_LARGEST_BODY_BYTES = 1_000_000


class StripeSandbox:
    """A running sandbox: `with StripeSandbox() as sandbox: … sandbox.url`."""

    def __init__(self, port: int = 0, host: str = "127.0.0.1", *, seed: int | None = None) -> None:
        """Bind a loopback `host`; port 0 takes a free one. Raises ValueError or OSError."""
        if not is_loopback(host):
            raise ValueError(f"The Stripe sandbox listens on this machine only; {host} is not a loopback address.")
        self._server = ThreadingHTTPServer((host, port), _Handler)
        self._server.daemon_threads = True
        self.url = f"http://{host}:{self._server.server_port}"
        self.sandbox = Sandbox(self.url, seed=seed)
        self.faults = Faults()
        self.replays = Replays()
        self.deliveries = Deliveries(self.sandbox, self.faults)
        self.sandbox.on_event = self.deliveries.accept
        self.api = Api(self.sandbox)
        self._server.app = self  # type: ignore[attr-defined]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    def start(self) -> None:
        """Begin to answer and to deliver webhooks, in threads of their own."""
        self.deliveries.start()
        self._thread.start()

    def stop(self) -> None:
        """Stop answering and delivering."""
        self._server.shutdown()
        self._server.server_close()
        self.deliveries.stop()

    def reset(self) -> None:
        """Forget everything, as after a fresh start."""
        with self.sandbox.lock:
            self.deliveries.clear()
            self.sandbox.reset()
            self.replays.clear()
            self.faults.clear()

    def __enter__(self) -> StripeSandbox:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


class _LostReplyError(Exception):
    """The request was carried out and its answer goes nowhere."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "StripeSandbox"
    disable_nagle_algorithm = True
    wbufsize = -1

    def do_GET(self) -> None:
        self._answer()

    do_POST = do_DELETE = do_GET  # noqa: N815 (the standard library's names)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: the caller's tests have their own output."""

    @property
    def _app(self) -> StripeSandbox:
        app: StripeSandbox = self.server.app  # type: ignore[attr-defined]
        return app

    def _answer(self) -> None:
        try:
            body = self._body()
            path = urlsplit(self.path).path
            # A web page elsewhere could reach loopback under its own name; this keeps it out.
            if not is_loopback(urlsplit(f"//{self.headers.get('Host', '')}").hostname):
                raise invalid_request("The sandbox answers only requests to this machine.", status=403)
            if path.startswith("/_sandbox/"):
                self._control(path.removeprefix("/_sandbox/"), body)
            elif path.startswith("/c/"):
                self._page(path, body)
            else:
                self._call(path, body)
        except _LostReplyError:
            self.close_connection = True
        except ApiError as error:
            headers = {"Retry-After": "1"} if error.status == 429 else {}
            self._send(error.status, "application/json", json.dumps(error.body, indent=2).encode(), headers)
        except ConnectionError:
            self.close_connection = True
        except Exception:
            # A bug here must not look like a lost reply, which clients retry in silence.
            traceback.print_exc()
            message = "The sandbox failed; its output says where."
            self._json(500, {"error": {"type": "api_error", "message": message}})

    def _body(self) -> str:
        length = int(self.headers.get("Content-Length") or 0)
        if length > _LARGEST_BODY_BYTES:
            self.close_connection = True
            raise invalid_request("The request is too large.", status=413)
        try:
            return self.rfile.read(length).decode()
        except UnicodeDecodeError:
            raise invalid_request("The request is not valid UTF-8.") from None

    def _call(self, path: str, body: str) -> None:
        app = self._app
        _check_key(self.headers.get("Authorization"))
        version = self.headers.get("Stripe-Version")
        if version not in (None, API_VERSION):
            raise invalid_request(f"This sandbox speaks only the API version {API_VERSION}, not {version}.")
        if self.headers.get("Stripe-Account"):
            raise invalid_request("The local Stripe sandbox has no connected accounts.", code="account_invalid")
        fault = app.faults.for_request(self.command, path)
        if fault is not None and fault.kind == "error":
            raise error_of(fault)
        form = urlsplit(self.path).query if self.command == "GET" else body
        key = self.headers.get("Idempotency-Key") if self.command == "POST" else None
        with app.sandbox.lock:
            expire_due(app.sandbox)
            request_id = f"req_{app.sandbox.token(14)}"
            app.sandbox.request = RequestInfo(request_id, key, version)
            answer = app.replays.answer(
                key,
                (self.command, path, form),
                request_id,
                app.sandbox.now(),
                lambda: app.api.call(self.command, path, form),
            )
            app.sandbox.request = RequestInfo()
            payload = json.dumps(answer.body, indent=2).encode()
        if fault is not None:
            raise _LostReplyError
        headers = {"Request-Id": request_id, "Stripe-Version": API_VERSION}
        if key is not None:
            headers["Idempotency-Key"] = key
        if answer.replayed is not None:
            headers |= {"Idempotent-Replayed": "true", "Original-Request": answer.replayed}
        self._send(answer.status, "application/json", payload, headers)

    def _page(self, path: str, body: str) -> None:
        app = self._app
        if self.command == "DELETE":
            raise invalid_request("Pages are read and submitted.", status=405)
        with app.sandbox.lock:
            expire_due(app.sandbox)
            page = serve_page(app.sandbox, self.command, path, body)
        headers = {
            "Cache-Control": "no-store",
            "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
            "Referrer-Policy": "no-referrer",
        }
        if page.location is not None:
            headers["Location"] = page.location
        self._send(page.status, "text/html; charset=utf-8", page.html.encode(), headers)

    def _control(self, name: str, body: str) -> None:
        app = self._app
        if self.command == "GET":
            reads: dict[str, Callable[[], dict[str, Any]]] = {
                "health": lambda: health(app.sandbox),
                "deliveries": lambda: {"deliveries": app.deliveries.log()},
                "faults": lambda: {"faults": app.faults.waiting()},
            }
            if name not in reads:
                raise invalid_request(f"No such page. There are: {', '.join(sorted(reads))}.", status=404)
            self._json(200, reads[name]())
            return
        arguments = _json_object(body)
        if name == "reset":
            app.reset()
            self._json(200, {"status": "reset"})
        elif name == "faults":
            app.faults.clear() if self.command == "DELETE" else app.faults.add(arguments)
            self._json(200, {"faults": app.faults.waiting()})
        else:
            with app.sandbox.lock:
                result = run_command(name, app.sandbox, app.deliveries, arguments)
                payload = json.dumps(result, indent=2).encode()
            self._send(200, "application/json", payload, {})

    def _json(self, status: int, body: dict[str, Any]) -> None:
        self._send(status, "application/json", json.dumps(body, indent=2).encode(), {})

    def _send(self, status: int, content_type: str, payload: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(payload)))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(payload)


def _json_object(body: str) -> dict[str, Any]:
    try:
        decoded = json.loads(body or "{}")
    except json.JSONDecodeError:
        decoded = None
    if not isinstance(decoded, dict):
        raise invalid_request("Send a JSON object.")
    return decoded


def _check_key(authorization: str | None) -> None:
    """Raise ApiError (401) unless the request brings a secret test key, as bearer token or basic user."""
    if not authorization:
        raise invalid_request(
            "You did not provide an API key. You need to provide your API key in the Authorization "
            "header, using "
            "Bearer auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY').",
            status=401,
        )
    scheme, _, credentials = authorization.partition(" ")
    if scheme.lower() == "basic":
        try:
            credentials = base64.b64decode(credentials, validate=True).decode().partition(":")[0]
        except (binascii.Error, UnicodeDecodeError):
            credentials = ""
    elif scheme.lower() != "bearer":
        credentials = ""
    if not _TEST_KEY.fullmatch(credentials.strip()):
        shown = f"{credentials[:8]}****"
        raise invalid_request(
            f"Invalid API Key provided: {shown}. The local sandbox takes secret test keys: sk_test_…",
            status=401,
        )
