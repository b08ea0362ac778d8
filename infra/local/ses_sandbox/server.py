"""The HTTP server: SES v2, the tests' controls and the mailbox page on one loopback port."""

from __future__ import annotations

import json
import os
import threading
import uuid
from collections.abc import Iterable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socket import SHUT_RDWR
from types import TracebackType
from typing import Any
from urllib.parse import parse_qs, urlsplit

from infra.local.ses_sandbox.api import ReplyLostError, SesApi
from infra.local.ses_sandbox.bus import EventBus
from infra.local.ses_sandbox.control import Control
from infra.local.ses_sandbox.errors import SesError, bad_request, not_found
from infra.local.ses_sandbox.faults import Faults
from infra.local.ses_sandbox.publisher import EventPublisher
from infra.local.ses_sandbox.site import Reply, Site
from infra.local.ses_sandbox.sms import SmsInbox
from infra.local.ses_sandbox.store import Mailbox

# 40 MB in base64, with room for the rest of the request.
MAX_BODY_BYTES = 60 * 1024 * 1024
_LOOPBACK_NAMES = frozenset({"127.0.0.1", "localhost", "[::1]"})


class SesSandbox:
    """The whole sandbox. Use it as a context manager, or call `start` and `stop`."""

    def __init__(
        self,
        port: int = 0,
        events_endpoint: str | None = None,
        verified: Iterable[str] = (),
        region: str | None = None,
    ) -> None:
        """Bind 127.0.0.1:`port` (0 takes a free one); raise OSError when it is taken.

        `events_endpoint` is the local AWS's URL: events go there, text messages come from there. None turns
        both off. `verified` are the e-mail addresses and domains that may send. `region` defaults to the
        environment's AWS_DEFAULT_REGION or us-east-1.
        """
        region = region or os.environ.get("AWS_DEFAULT_REGION", "us-east-1")
        self.mailbox = Mailbox(verified)
        self.publisher = EventPublisher(EventBus(events_endpoint, region).put if events_endpoint else None)
        faults = Faults(self.publisher)
        self.api = SesApi(self.mailbox, self.publisher, faults, region)
        self.control = Control(self.mailbox, self.publisher, faults)
        self.site = Site(self.mailbox, SmsInbox(events_endpoint))
        self._http = _Server(("127.0.0.1", port), self)
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True)

    @property
    def url(self) -> str:
        """The endpoint URL for boto3, which is the mailbox page's address too."""
        return f"http://127.0.0.1:{self._http.server_address[1]}"

    def start(self) -> None:
        """Serve in a background thread."""
        self.publisher.start()
        self._thread.start()

    def stop(self) -> None:
        """Stop serving and publishing, and free the port."""
        self._http.shutdown()
        self._http.server_close()
        self.publisher.stop()

    def __enter__(self) -> SesSandbox:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], sandbox: SesSandbox) -> None:
        self.sandbox = sandbox
        super().__init__(address, _Handler)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "ses-sandbox"
    sys_version = ""
    # One write per answer: header and body apart would wait for each other's acknowledgement (40 ms).
    wbufsize = -1
    disable_nagle_algorithm = True
    server: _Server

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def do_PUT(self) -> None:
        self._answer()

    def do_DELETE(self) -> None:
        self._answer()

    def log_message(self, format: str, *args: Any) -> None:
        """Stay quiet: a line per request would bury what a test prints."""

    def _answer(self) -> None:
        url = urlsplit(self.path)
        try:
            self._send(self._reply(url.path, parse_qs(url.query)))
        except ReplyLostError:
            self.close_connection = True
            self.connection.shutdown(SHUT_RDWR)
        except SesError as error:
            self._send(_json({"message": error.message}, error.status, {"x-amzn-ErrorType": error.code}))

    def _reply(self, path: str, query: dict[str, list[str]]) -> Reply:
        body = self._body()
        self._check_host()
        sandbox = self.server.sandbox
        if path.startswith("/v2/email/"):
            return _json(sandbox.api.call(self.command, path, query, _object(body)))
        if path.startswith("/_sandbox/"):
            found = sandbox.control.call(self.command, path, query, _object(body))
            return Reply(200, "message/rfc822", found) if isinstance(found, bytes) else _json(found)
        if self.command != "GET":
            raise not_found(f"The sandbox has nothing at {self.command} {path}.")
        return sandbox.site.get(path, query)

    def _body(self) -> bytes:
        length = int(self.headers.get("Content-Length") or 0)
        if length > MAX_BODY_BYTES:
            self.close_connection = True  # the body stays unread
            raise bad_request(f"The request is longer than {MAX_BODY_BYTES} bytes.")
        return self.rfile.read(length)

    def _check_host(self) -> None:
        """Refuse other host names: a web site could point its own at this machine and read the mails."""
        name = self.headers.get("Host", "127.0.0.1").lower()
        if name.rpartition(":")[0] not in _LOOPBACK_NAMES and name not in _LOOPBACK_NAMES:
            raise bad_request("The sandbox answers at localhost only. Open it as http://127.0.0.1 and its port.")

    def _send(self, reply: Reply) -> None:
        self.send_response(reply.status)
        headers = {
            "Content-Type": reply.content_type,
            "Content-Length": str(len(reply.body)),
            "Cache-Control": "no-store",
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "no-referrer",
            "x-amzn-RequestId": str(uuid.uuid4()),
            **reply.headers,
        }
        if self.close_connection:
            headers["Connection"] = "close"
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(reply.body)


def _json(value: object, status: int = 200, headers: dict[str, str] | None = None) -> Reply:
    return Reply(status, "application/json", json.dumps(value).encode(), headers or {})


def _object(body: bytes) -> dict[str, Any]:
    try:
        value = json.loads(body) if body else {}
    except ValueError as error:
        raise SesError(400, "SerializationException", f"The request is not JSON: {error}.") from error
    if not isinstance(value, dict):
        raise SesError(400, "SerializationException", "The request must be a JSON object.")
    return value
