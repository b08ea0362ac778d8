"""Trouble on command: answers that fail or get lost; webhooks late, doubled, reordered or dropped."""

from __future__ import annotations

import threading
from dataclasses import asdict, dataclass, fields
from fnmatch import fnmatchcase
from typing import Any

from .errors import ApiError, invalid_request

REQUEST_KINDS = ("error", "lose_reply")
WEBHOOK_KINDS = ("late", "double", "reorder", "drop")


@dataclass(slots=True)
class Fault:
    """One kind of trouble for the next `times` requests or events that match.

    kind: `error` answers with `status` before anything runs; `lose_reply` runs the request and then drops the
    connection; `late` delays delivery by `seconds`; `double` delivers twice; `reorder` holds `times` events
    and delivers them backwards; `drop` never delivers.
    method, path: which requests, the path as a pattern such as `/v1/refunds*`.
    event: which webhooks, as a pattern such as `payment_intent.*`.
    """

    kind: str
    times: int = 1
    status: int = 500
    method: str = "*"
    path: str = "*"
    event: str = "*"
    seconds: float = 1.0


class Faults:
    """The faults that are waiting for their request or event."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: list[Fault] = []

    def add(self, command: dict[str, Any]) -> None:
        """Queue a fault; raises ApiError (400) when the command is not one."""
        names = {field.name for field in fields(Fault)}
        unknown = sorted(set(command) - names)
        if unknown or command.get("kind") not in REQUEST_KINDS + WEBHOOK_KINDS:
            raise invalid_request(
                f"A fault has a kind ({', '.join(REQUEST_KINDS + WEBHOOK_KINDS)}) and may have: "
                f"{', '.join(sorted(names - {'kind'}))}. Not understood: {', '.join(unknown) or 'kind'}."
            )
        for field in fields(Fault):
            expected = int | float if field.name == "seconds" else type(getattr(Fault("error"), field.name))
            if not isinstance(command.get(field.name, getattr(Fault("error"), field.name)), expected):
                raise invalid_request(f"{field.name} has the wrong type.", param=field.name)
        fault = Fault(**command)
        if fault.times < 1 or (fault.kind == "error" and fault.status not in _BODIES):
            raise invalid_request(f"times is at least 1 and status one of {', '.join(map(str, _BODIES))}.")
        with self._lock:
            self._waiting.append(fault)

    def for_request(self, method: str, path: str) -> Fault | None:
        """The fault that this request meets, used up by one."""
        return self._take(
            REQUEST_KINDS,
            lambda fault: fnmatchcase(method, fault.method) and fnmatchcase(path, fault.path),
        )

    def for_event(self, event_type: str) -> Fault | None:
        """The fault that this event's delivery meets, used up by one."""
        return self._take(WEBHOOK_KINDS, lambda fault: fnmatchcase(event_type, fault.event))

    def _take(self, kinds: tuple[str, ...], matches: Any) -> Fault | None:
        with self._lock:
            for fault in self._waiting:
                if fault.kind in kinds and matches(fault):
                    fault.times -= 1
                    if fault.times == 0:
                        self._waiting.remove(fault)
                    return fault
        return None

    def waiting(self) -> list[dict[str, Any]]:
        """The faults still to come."""
        with self._lock:
            return [asdict(fault) for fault in self._waiting]

    def clear(self) -> None:
        """Forget all faults."""
        with self._lock:
            self._waiting.clear()


_BODIES: dict[int, dict[str, Any]] = {
    409: {
        "type": "invalid_request_error",
        "code": "idempotency_key_in_use",
        "message": "There is currently another in-progress request using this Idempotent Key (that "
        "probably means "
        "you submitted twice, and the other request is still going through). Please try again later.",
    },
    429: {
        "type": "invalid_request_error",
        "code": "rate_limit",
        "message": "Request rate limit exceeded. Learn more about rate limits at https://stripe.com/docs/rate-limits.",
    },
    500: {"type": "api_error", "message": "An unknown error occurred."},
    502: {"type": "api_error", "message": "Bad gateway."},
    503: {"type": "api_error", "message": "Stripe is temporarily unavailable."},
}


def error_of(fault: Fault) -> ApiError:
    """The answer of an `error` fault; nothing ran, so it is not remembered under an idempotency key."""
    return ApiError(fault.status, dict(_BODIES[fault.status]), before_execution=True)
