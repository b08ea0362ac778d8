"""Idempotency keys: the first answer is kept and given again; another request under the key is refused."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from .errors import ApiError, invalid_request

_KEPT_SECONDS = 24 * 3600
_LONGEST_KEY = 255


@dataclass(frozen=True, slots=True)
class Answer:
    """What a request was answered; `replayed` is the id of the first request when this is its echo."""

    status: int
    body: dict[str, Any]
    replayed: str | None = None


@dataclass(frozen=True, slots=True)
class _Kept:
    request: tuple[Any, ...]
    request_id: str
    answer: Answer
    at: int


class Replays:
    """Answers by key, declines included, for 24 hours."""

    def __init__(self) -> None:
        self._kept: dict[str, _Kept] = {}

    def clear(self) -> None:
        """Forget all keys."""
        self._kept.clear()

    def answer(
        self,
        key: str | None,
        request: tuple[str, str, str],
        request_id: str,
        now: int,
        run: Callable[[], dict[str, Any]],
    ) -> Answer:
        """Run a request of (method, path, form) once per key, and give its answer again ever after.

        Raises ApiError (400) when the key was used for another request, and passes on errors that came before
        execution, which Stripe does not keep.
        """
        if key is None:
            return _run(run)
        if len(key) > _LONGEST_KEY:
            raise invalid_request(f"Idempotency keys may be up to {_LONGEST_KEY} characters long.")
        method, path, form = request
        fingerprint = (method, path, *sorted(parse_qsl(form, keep_blank_values=True)))
        kept = self._kept.get(key)
        if kept is None or kept.at + _KEPT_SECONDS <= now:
            answer = _run(run)
            self._kept[key] = _Kept(fingerprint, request_id, answer, now)
            return answer
        if kept.request != fingerprint:
            raise _other_request(key)
        return Answer(kept.answer.status, kept.answer.body, replayed=kept.request_id)


def _run(run: Callable[[], dict[str, Any]]) -> Answer:
    try:
        return Answer(200, run())
    except ApiError as error:
        if error.before_execution:
            raise
        return Answer(error.status, error.body)


def _other_request(key: str) -> ApiError:
    message = (
        "Keys for idempotent requests can only be used with the same parameters they were first used "
        "with. Try "
        f"using a key other than '{key}' if you meant to execute a different request."
    )
    return ApiError(400, {"message": message, "type": "idempotency_error"}, before_execution=True)
