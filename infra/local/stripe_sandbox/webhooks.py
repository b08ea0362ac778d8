"""Delivers events to webhook endpoints: signed, retried, and in trouble when a fault says so."""

from __future__ import annotations

import heapq
import http.client
import json
import threading
import time
from collections import deque
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import stripe

from .faults import Faults
from .state import Resource, Sandbox

# Stripe waits hours between attempts, up to three days; a test waits for none of that.
RETRY_SECONDS = (0.1, 0.2, 0.4, 0.8, 1.6)
TIMEOUT_SECONDS = 10.0
_LOG_LENGTH = 10_000


@dataclass(order=True, slots=True)
class _Delivery:
    due: float
    sequence: int
    event_id: str = field(compare=False)
    endpoint_id: str = field(compare=False)
    attempt: int = field(compare=False, default=1)


class Deliveries:
    """One thread that sends what is due, in the order in which it falls due."""

    def __init__(self, sandbox: Sandbox, faults: Faults) -> None:
        self._sandbox = sandbox
        self._faults = faults
        self._changed = threading.Condition(sandbox.lock)
        self._thread = threading.Thread(target=self._run, name="webhooks", daemon=True)
        self._stopping = False
        self.clear()

    def clear(self) -> None:
        """Forget what is queued, held and logged."""
        with self._changed:
            self._queue: list[_Delivery] = []
            self._held: list[_Delivery] = []
            self._missing: set[tuple[str, str]] = set()
            self._sequence = 0
            self._log: deque[dict[str, Any]] = deque(maxlen=_LOG_LENGTH)

    def start(self) -> None:
        """Begin to deliver."""
        self._thread.start()

    def stop(self) -> None:
        """Stop after the attempt that is under way."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        self._thread.join(TIMEOUT_SECONDS + 1)

    def log(self) -> list[dict[str, Any]]:
        """Every attempt so far, oldest first."""
        with self._changed:
            return list(self._log)

    def accept(self, event: Resource) -> None:
        """Queue a new event for every endpoint that wants it."""
        endpoints = [e for e in reversed(self._sandbox.all("webhook_endpoint")) if _wants(e, event["type"])]
        if not endpoints:
            return
        fault = self._faults.for_event(event["type"])
        kind = fault.kind if fault is not None else None
        due = time.monotonic() + (fault.seconds if fault is not None and kind == "late" else 0)
        with self._changed:
            for endpoint in endpoints:
                self._missing.add((event["id"], endpoint["id"]))
                event["pending_webhooks"] += 1
                copies = {"drop": 0, "double": 2}.get(kind or "", 1)
                for _ in range(copies):
                    delivery = self._delivery(due, event["id"], endpoint["id"])
                    if kind == "reorder":
                        self._held.append(delivery)
                    else:
                        heapq.heappush(self._queue, delivery)
            if fault is not None and kind == "reorder" and fault.times == 0:
                self._release_backwards()
            self._changed.notify_all()

    def redeliver(self, event_id: str) -> int:
        """Send an event again to every endpoint that wants it; returns how many. Raises ApiError (404)."""
        with self._changed:
            event = self._sandbox.get("event", event_id)
            endpoints = [e for e in self._sandbox.all("webhook_endpoint") if _wants(e, event["type"])]
            for endpoint in endpoints:
                heapq.heappush(self._queue, self._delivery(time.monotonic(), event_id, endpoint["id"]))
            self._changed.notify_all()
            return len(endpoints)

    def _delivery(self, due: float, event_id: str, endpoint_id: str) -> _Delivery:
        self._sequence += 1
        return _Delivery(due, self._sequence, event_id, endpoint_id)

    def _release_backwards(self) -> None:
        for held in reversed(self._held):
            again = self._delivery(time.monotonic(), held.event_id, held.endpoint_id)
            heapq.heappush(self._queue, again)
        self._held.clear()

    def _run(self) -> None:
        while True:
            with self._changed:
                while not self._stopping and not self._is_due():
                    wait = self._queue[0].due - time.monotonic() if self._queue else None
                    self._changed.wait(wait)
                if self._stopping:
                    return
                delivery = heapq.heappop(self._queue)
                prepared = self._prepare(delivery)
            if prepared is not None:
                status, problem = _post(*prepared)
                self._record(delivery, prepared[0], status, problem)

    def _is_due(self) -> bool:
        return bool(self._queue) and self._queue[0].due <= time.monotonic()

    def _prepare(self, delivery: _Delivery) -> tuple[str, bytes, str] | None:
        """URL, body and signature of an attempt, or None when its endpoint is gone or switched off."""
        endpoint = self._sandbox.find(delivery.endpoint_id)
        event = self._sandbox.find(delivery.event_id)
        if endpoint is None or event is None or endpoint["status"] != "enabled":
            return None
        payload = json.dumps(event, indent=2, ensure_ascii=False)
        secrets = self._sandbox.endpoint_secrets[delivery.endpoint_id]
        return endpoint["url"], payload.encode(), _signature(payload, secrets)

    def _record(self, delivery: _Delivery, url: str, status: int | None, problem: str | None) -> None:
        delivered = status is not None and 200 <= status < 300
        with self._changed:
            event = self._sandbox.find(delivery.event_id)
            if event is None:
                return
            self._log.append(
                {
                    "event": delivery.event_id,
                    "type": event["type"],
                    "endpoint": delivery.endpoint_id,
                    "url": url,
                    "attempt": delivery.attempt,
                    "status": status,
                    "error": problem,
                    "at": time.time(),
                }
            )
            if delivered:
                self._settle(event, delivery.endpoint_id)
            elif delivery.attempt <= len(RETRY_SECONDS):
                due = time.monotonic() + RETRY_SECONDS[delivery.attempt - 1]
                again = self._delivery(due, delivery.event_id, delivery.endpoint_id)
                again.attempt = delivery.attempt + 1
                heapq.heappush(self._queue, again)

    def _settle(self, event: Resource, endpoint_id: str) -> None:
        if (event["id"], endpoint_id) in self._missing:
            self._missing.remove((event["id"], endpoint_id))
            event["pending_webhooks"] -= 1


def _wants(endpoint: Resource, event_type: str) -> bool:
    wanted = endpoint["enabled_events"]
    return endpoint["status"] == "enabled" and ("*" in wanted or event_type in wanted)


def _signature(payload: str, secrets: list[str]) -> str:
    """One header for all secrets, as Stripe sends while a secret is being rolled."""
    timestamp = int(time.time())
    headers = [stripe.WebhookSignature.generate_signature_header(payload, s, timestamp) for s in secrets]
    return ",".join([f"t={timestamp}", *(header.partition(",")[2] for header in headers)])


def _post(url: str, body: bytes, signature: str) -> tuple[int | None, str | None]:
    """Send once, without following redirects; the status, or None and what went wrong."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    # A name such as api.localhost means this machine, whether or not the resolver knows it.
    address = "127.0.0.1" if host.endswith("localhost") else host
    connection = http.client.HTTPConnection(address, parts.port or 80, timeout=TIMEOUT_SECONDS)
    headers = {
        "Content-Type": "application/json; charset=utf-8",
        "Host": parts.netloc,
        "Stripe-Signature": signature,
        "User-Agent": "Stripe/1.0 (+https://stripe.com/docs/webhooks)",
    }
    target = parts.path or "/"
    try:
        connection.request("POST", f"{target}?{parts.query}" if parts.query else target, body, headers)
        response = connection.getresponse()
        response.read()
        return response.status, None
    except (OSError, http.client.HTTPException) as error:
        return None, f"{type(error).__name__}: {error}"
    finally:
        connection.close()
