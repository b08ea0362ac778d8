"""Faults that a test arms beforehand: refused calls, lost replies, events held back or sent twice."""

from __future__ import annotations

import threading
from typing import Any

from infra.local.ses_sandbox.errors import SesError, bad_request
from infra.local.ses_sandbox.publisher import EventPublisher

_KEYS = frozenset({"next", "status", "code", "operation", "lose_reply", "hold_events", "release", "double_events"})
_DEFAULT_CODES = {
    429: "TooManyRequestsException",
    500: "InternalServiceErrorException",
    503: "ServiceUnavailable",
}


class Faults:
    """The armed faults. Each is used up as it strikes."""

    def __init__(self, publisher: EventPublisher) -> None:
        self._publisher = publisher
        self._lock = threading.Lock()
        self.reset()

    def reset(self) -> None:
        """Disarm everything."""
        with self._lock:
            self._refusals = 0
            self._refusal = SesError(500, _DEFAULT_CODES[500], "")
            self._operation = "SendEmail"
            self._lost_replies = 0

    def arm(self, spec: dict[str, Any]) -> None:
        """Arm what `spec` asks for; raise SesError when it asks for something unknown.

        `{"next": n, "status": 429|500|503, "code": …, "operation": "SendEmail"}` refuses the next n calls of
        that operation; `{"lose_reply": n}` accepts the next n mails but drops the connection;
        `{"hold_events": true}` holds events back until `{"release": true}`; `{"double_events": n}` sends
        each of the next n events twice.
        """
        unknown = spec.keys() - _KEYS
        if unknown or not spec:
            raise bad_request(f"Unknown fault {sorted(unknown)}. Known: {', '.join(sorted(_KEYS))}.")
        if "next" in spec:
            self._arm_refusals(spec)
        with self._lock:
            self._lost_replies = _count(spec, "lose_reply", self._lost_replies)
        if spec.get("hold_events"):
            self._publisher.hold()
        if spec.get("release"):
            self._publisher.release()
        if "double_events" in spec:
            self._publisher.double(_count(spec, "double_events", 0))

    def _arm_refusals(self, spec: dict[str, Any]) -> None:
        status = spec.get("status", 500)
        if status not in _DEFAULT_CODES:
            raise bad_request("status must be 429, 500 or 503.")
        code = str(spec.get("code") or _DEFAULT_CODES[status])
        refusals = _count(spec, "next", 0)
        with self._lock:
            self._refusals = refusals
            self._refusal = SesError(status, code, "Refused on purpose: a test armed this fault.")
            self._operation = str(spec.get("operation") or "SendEmail")

    def refuse(self, operation: str) -> None:
        """Raise the armed SesError when one is due for `operation`."""
        with self._lock:
            if self._refusals == 0 or operation != self._operation:
                return
            self._refusals -= 1
            raise self._refusal

    def take_lost_reply(self) -> bool:
        """Tell whether the reply to this accepted mail must be lost, and use the fault up."""
        with self._lock:
            if self._lost_replies == 0:
                return False
            self._lost_replies -= 1
            return True


def _count(spec: dict[str, Any], key: str, default: int) -> int:
    value = spec.get(key, default)
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise bad_request(f"{key} must be a whole number, 0 or more.")
    return value
