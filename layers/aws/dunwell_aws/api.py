"""A JSON API on a Chalice application: operations declared once, served, and described as OpenAPI 3.1.

An operation names its models; what does not fit them is a problem document (RFC 9457) that says where and why. Writes
carry an ``Idempotency-Key``: the same key with the same body gives the first answer again, with another body a 409.
"""

import base64
import binascii
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Any, TypeVar

from chalice.app import Chalice, Request, Response
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from dunwell.accounts.access import Session, SignInRequiredError
from dunwell.errors import InvalidInputError, TooLargeError, WrongTypeError
from dunwell_aws.problems import answers_problems

JSON_TYPE = "application/json"
MOST_BODY_BYTES = 65_536
IDEMPOTENCY_KEY = r"^[A-Za-z0-9_.:-]{8,128}$"
_HEADERS: dict[str, str] = {
    "Content-Type": JSON_TYPE,
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}


class ApiModel(BaseModel):
    """What comes and goes: closed, so that a misspelt name is told and not passed over."""

    model_config = ConfigDict(extra="forbid", frozen=True)


Body = TypeVar("Body", bound=ApiModel)
Item = TypeVar("Item")

Limit = Annotated[int, Field(ge=1, le=100, description="How many at most.")]
Cursor = Annotated[
    str, Field(max_length=512, pattern="^[A-Za-z0-9_-]*$", description="`next_cursor` of the page before; leave out.")
]


class PageQuery(ApiModel):
    """Which part of a list."""

    limit: Limit = 50
    cursor: Cursor = ""


class ProblemDocument(BaseModel):
    """What went wrong, and what to do (RFC 9457)."""

    model_config = ConfigDict(json_schema_extra={"additionalProperties": False})

    type: str = Field(description="Always about:blank: the status says the kind.")
    title: str = Field(description="The same for every problem of its kind.")
    status: int = Field(description="The status of the answer.")
    detail: str = Field(default="", description="What was wrong this time, and what to do.")
    field: str = Field(default="", description="The input that was wrong, when it was one.")
    code: str = Field(default="", description="Names the detail, such as `day_passed`, to be said in another language.")


@dataclass(frozen=True)
class Call:
    """One request, read and checked.

    Attributes:
        session: whose; None where an operation needs no session.
        path: the names in the path. body, query: of the operation's models; None where it has none.
        address: the network address that the request came from.
        key: the ``Idempotency-Key`` of a repeatable operation; empty for others.
    """

    now: datetime
    session: Session | None
    token: str
    path: Mapping[str, str]
    body: Any
    query: Any
    address: str
    key: str = ""

    @property
    def customer_id(self) -> str:
        """Whose session it is."""
        if self.session is None:
            raise SignInRequiredError("Sign in first.")
        return self.session.customer_id


@dataclass(frozen=True)
class Operation:
    """One thing that can be asked for.

    Attributes:
        run: does it; gives the answer's model, or None for an answer without content.
        body, query: models of what is sent; answer: of what comes back, with ``status``.
        signed_in: whether a session is needed.
        repeatable: whether an ``Idempotency-Key`` makes repeating harmless; else repeating is harmless anyway.
        problems: statuses that it may answer beside those that every operation may.
    """

    method: str
    path: str
    name: str
    summary: str
    tag: str
    run: Callable[[Call], ApiModel | None]
    answer: type[ApiModel] | None = None
    body: type[ApiModel] | None = None
    query: type[ApiModel] | None = None
    status: int = HTTPStatus.OK
    signed_in: bool = True
    repeatable: bool = False
    problems: tuple[int, ...] = ()

    @property
    def may_answer(self) -> list[int]:
        """Every status but the good one."""
        own = {400, 429, 500, 503, *self.problems}
        if self.body:
            own |= {413, 415}
        if self.signed_in:
            own |= {401}
        if "{" in self.path:
            own |= {404}
        if self.repeatable:
            own |= {409}
        return sorted(own)


Answer = tuple[int, str]
"""Status and body as JSON."""


@dataclass
class Api:
    """The operations of an application.

    Args:
        sessions: gives the session of a bearer token at an instant. Raises SignInRequiredError.
        counted: counts a write of a session's, and refuses one too many. Raises TooManyTriesError.
        once: runs a write once for an owner and a key; gives its answer, or that of the first time. Given the owner,
            the key, all that was asked, what to run, and the context of the invocation, which says how much time is
            left. Raises ConflictError for another request under the same key, or while the first is still at it.
    """

    operations: Sequence[Operation]
    now: Callable[[], datetime]
    sessions: Callable[[str, datetime], Session]
    counted: Callable[[Session, datetime], None]
    once: Callable[[str, str, str, Callable[[], Answer], Any], Answer]
    _by_route: dict[tuple[str, str], Operation] = field(init=False)

    def __post_init__(self) -> None:
        self._by_route = {(one.method, one.path): one for one in self.operations}

    def answer(self, request: Request, operation: Operation, context: Any = None) -> Response:
        """Read, check, run. Raises what the domain raises."""
        now = self.now()
        token = _bearer(request)
        session = self.sessions(token, now) if operation.signed_in else None
        path = {name: str(value) for name, value in (request.uri_params or {}).items()}
        query = _checked(operation.query, dict(request.query_params or {}), "query") if operation.query else None
        raw = _body_of(request) if operation.body else b""
        body = _checked(operation.body, _json(raw), "body") if operation.body else None
        if session and operation.method != "GET":
            self.counted(session, now)
        key = _key(request) if operation.repeatable else ""
        call = Call(now, session, token, path, body, query, _address(request), key)

        def run() -> Answer:
            made = operation.run(call)
            return operation.status, made.model_dump_json() if made else ""

        if not key:
            return _response(*run())
        asked = json.dumps([operation.name, path, body.model_dump(mode="json") if body else None], sort_keys=True)
        return _response(*self.once(call.customer_id if session else "", key, asked, run, context))


def serve(app: Chalice, operations: Sequence[Operation], api: Callable[[], Api]) -> None:
    """Register operations as routes; ``api`` is asked at each request, so that tests bring their own parts."""
    for one in operations:

        def view(operation: Operation = one, **_: str) -> Response:
            request = app.current_request
            assert request is not None
            return api().answer(request, operation, app.lambda_context)

        view.__name__ = f"api_{one.name}"
        app.route(one.path, methods=[one.method], content_types=["*/*"], name=f"api_{one.name}")(answers_problems(view))


def page_of(items: Sequence[Item], key: Callable[[Item], str], query: PageQuery) -> "tuple[list[Item], str]":
    """A part of a list that is in the order of a key, and the cursor of the next part; empty after the last.

    What is added or taken away meanwhile moves nothing: the cursor is the last item's key.
    """
    after = _decoded(query.cursor) if query.cursor else None
    rest = [one for one in items if after is None or key(one) > after]
    part = rest[: query.limit]
    more = len(rest) > len(part)
    return list(part), _encoded(key(part[-1])) if more else ""


def _encoded(key: str) -> str:
    return base64.urlsafe_b64encode(key.encode()).decode().rstrip("=")


def _decoded(cursor: str) -> str:
    try:
        return base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
    except (binascii.Error, ValueError):
        raise InvalidInputError("This cursor is not one that we gave. Start without one.", field="cursor") from None


def _response(status: int, body: str) -> Response:
    headers: dict[str, str | list[str]] = dict(_HEADERS)
    return Response(body, headers, status)


def _bearer(request: Request) -> str:
    kind, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if kind.lower() == "bearer" else ""


def _address(request: Request) -> str:
    identity = (request.context or {}).get("identity") or {}
    return str(identity.get("sourceIp") or "")


def _body_of(request: Request) -> bytes:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != JSON_TYPE:
        raise WrongTypeError(f"Send the body as {JSON_TYPE}.")
    body = request.raw_body
    raw = body if isinstance(body, bytes) else body.encode()
    if len(raw) > MOST_BODY_BYTES:
        raise TooLargeError(f"A body is at most {MOST_BODY_BYTES:,} bytes.")
    return raw


def _json(raw: bytes) -> Any:
    try:
        return json.loads(raw)
    except (ValueError, RecursionError):
        raise InvalidInputError("The body is not JSON in UTF-8.") from None


def _checked(model: type[Body], data: Any, where: str) -> Body:
    """Data as a model; strict for bodies, so that "1" is no number, and from text for queries."""
    try:
        return (
            model.model_validate(data) if where == "query" else model.model_validate_json(json.dumps(data), strict=True)
        )
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        place = ".".join(str(step) for step in first["loc"])
        said = f"{place}: {first['msg']}" if place else str(first["msg"])
        raise InvalidInputError(f"The {where} is not as described: {said}.", field=place or None) from None


def _key(request: Request) -> str:
    given = str(request.headers.get("idempotency-key", ""))
    if not re.fullmatch(IDEMPOTENCY_KEY, given):
        raise InvalidInputError(
            "Send an Idempotency-Key of 8 to 128 letters, digits and _.:- with this request: a new one for each "
            "intent, the same one for each try.",
            field="Idempotency-Key",
        )
    return given
