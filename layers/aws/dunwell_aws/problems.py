"""The one map from what the domain raises to what HTTP says (RFC 9457 problem documents)."""

import functools
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from chalice.app import Response

from dunwell.accounts.access import GoneError, SignInRequiredError, TooManyTriesError
from dunwell.errors import (
    ConflictError,
    DunwellError,
    InvalidInputError,
    NotFoundError,
    OutcomeUnknownError,
    RefusedError,
    TooLargeError,
    TooManyRequestsError,
    UnavailableError,
    WrongMethodError,
    WrongTypeError,
)
from dunwell_aws.observability import logger

_MAP: dict[type[BaseException], tuple[int, str]] = {
    InvalidInputError: (400, "The request cannot be understood"),
    SignInRequiredError: (401, "You are not signed in"),
    RefusedError: (403, "This is not permitted"),
    NotFoundError: (404, "There is no such thing"),
    WrongMethodError: (405, "This cannot be done here"),
    ConflictError: (409, "It was changed meanwhile"),
    GoneError: (410, "This is no longer valid"),
    TooManyTriesError: (429, "Too many tries"),
    TooManyRequestsError: (429, "Too many requests"),
    TooLargeError: (413, "This is too large"),
    WrongTypeError: (415, "This is not of a type that we read"),
    UnavailableError: (503, "A service we depend on does not answer"),
    OutcomeUnknownError: (503, "A service we depend on did not answer in time"),
}
_UNKNOWN = (500, "Something went wrong on our side")
_RETRY_AFTER_SECONDS = {503: 30, 429: 3600}
"""Unless the error says so itself."""


@dataclass(frozen=True, slots=True)
class Problem:
    """What a caller is told about an error.

    Attributes:
        status: of HTTP.
        title: the same for every problem of its kind.
        detail: what was wrong this time and what to do; empty for errors that nobody raised on purpose.
        field: the input that was wrong, when it was one.
        retry_after_seconds: when to try again, where it is not the usual time of its status.
        code: names the detail, for pages that say it in the reader's language; empty when it has no name.
    """

    status: int
    title: str
    detail: str = ""
    field: str | None = None
    retry_after_seconds: int | None = None
    code: str = ""

    @property
    def headers(self) -> dict[str, str]:
        """When to try again, where that helps."""
        seconds = self.retry_after_seconds or _RETRY_AFTER_SECONDS.get(self.status)
        return {"Retry-After": str(seconds)} if seconds else {}


def problem_of(error: BaseException) -> Problem:
    """The problem of an error; what the domain did not raise is a 500 that tells nothing of itself."""
    status, title = next((_MAP[kind] for kind in type(error).__mro__ if kind in _MAP), _UNKNOWN)
    detail = str(error) if isinstance(error, DunwellError) else ""
    named, seconds = getattr(error, "code", ""), getattr(error, "retry_after_seconds", None)
    return Problem(status, title, detail, getattr(error, "field", None), seconds, named)


def problem_response(problem: Problem) -> Response:
    """A problem as a document of RFC 9457."""
    members = {
        "type": "about:blank",
        "title": problem.title,
        "status": problem.status,
        "detail": problem.detail,
        "field": problem.field,
        "code": problem.code,
    }
    body = json.dumps({name: value for name, value in members.items() if value})
    headers: dict[str, str | list[str]] = {"Content-Type": "application/problem+json", "Cache-Control": "no-store"}
    headers |= problem.headers
    return Response(body=body, status_code=problem.status, headers=headers)


def answers_problems(
    view: Callable[..., Any], answer: Callable[[Problem], Response] = problem_response
) -> Callable[..., Any]:
    """A Chalice view whose errors become problems; the boundary at which nothing may escape.

    Chalice itself would turn any exception into a bare JSON 500 before a middleware could see it.

    Args:
        answer: how this application says it; a document unless it speaks to browsers.
    """

    @functools.wraps(view)
    def guarded(*args: Any, **kwargs: Any) -> Any:
        try:
            return view(*args, **kwargs)
        except Exception as error:
            problem = problem_of(error)
            if problem.status >= 500:
                logger.exception("request failed", status=problem.status)
            else:
                logger.info("request refused", status=problem.status, error=type(error).__name__)
            return answer(problem)

    return guarded
