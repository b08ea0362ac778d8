"""Which operations the sandbox serves, and how a checked request reaches its handler."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

from .errors import ApiError, invalid_request, missing, unsupported
from .forms import Form, decode_form
from .schema import Operation, check_parameters, read_operation
from .state import Params, Resource, Sandbox

Handler: TypeAlias = Callable[..., Resource]

_HANDLERS: dict[str, tuple[Handler, frozenset[str]]] = {}
LIST_PARAMETERS = "created ending_before limit starting_after"
# Requests that name no API version (the Stripe CLI's) get an account's older default, which knew this one.
_UNVERSIONED_TYPES = {"payment_method_types": list[str]}
_UNVERSIONED = frozenset(["payment_intents.create", "setup_intents.create"])


def operation(name: str, accepts: str = "") -> Callable[[Handler], Handler]:
    """Register a handler for an operation of the SDK, with the parameters that it really honours.

    A name in `accepts` covers everything beneath it; `a.b` covers one nested parameter.
    """

    def register(handler: Handler) -> Handler:
        _HANDLERS[name] = (handler, frozenset(accepts.split()) | {"expand"})
        return handler

    return register


class Api:
    """The table of operations, read from the SDK when the sandbox starts."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        # Literal paths before those with ids.
        operations = [read_operation(name) for name in _HANDLERS]
        self._operations = sorted(operations, key=lambda operation: operation.path.pattern.count("("))

    def call(self, method: str, path: str, encoded: str) -> Resource:
        """Run one request and return the object it answers with; raises ApiError for any other answer."""
        operation, ids = self._route(method, path)
        raw = decode_form(encoded)
        lenient = self._sandbox.request.version is None and operation.name in _UNVERSIONED
        extra: dict[str, Any] = dict(_UNVERSIONED_TYPES) if lenient else {}
        params = check_parameters(operation.params_type, raw, extra=extra)
        handler, accepted = _HANDLERS[operation.name]
        _refuse_unsupported(raw, accepted | frozenset(extra))
        expand = params.pop("expand", [])
        result = copy.deepcopy(handler(self._sandbox, params, *ids))
        for field in expand:
            _expand(self._sandbox, result, field.split("."), field)
        return result

    def _route(self, method: str, path: str) -> tuple[Operation, tuple[str, ...]]:
        for candidate in self._operations:
            match = candidate.path.fullmatch(path) if candidate.method == method else None
            if match is not None:
                return candidate, match.groups()
        raise invalid_request(
            f"Unrecognized request URL ({method}: {path}). The local Stripe sandbox serves: "
            f"{', '.join(sorted({name.rpartition('.')[0] for name in _HANDLERS}))}.",
            status=404,
            before_execution=True,
        )


def _refuse_unsupported(raw: dict[str, Form], accepted: frozenset[str]) -> None:
    for name in _leaves(raw):
        steps = name.split(".")
        if not any(".".join(steps[:length]) in accepted for length in range(1, len(steps) + 1)):
            raise unsupported(f"the parameter {name}", param=name)


def _leaves(raw: Form, path: str = "") -> Iterator[str]:
    """Dotted names of the given values, without the positions in lists."""
    if not isinstance(raw, dict):
        yield path
        return
    for key, value in raw.items():
        yield from _leaves(value, path if key.isdigit() else f"{path}.{key}".strip("."))


def list_page(resources: list[Resource], params: Params, url: str) -> Resource:
    """One page of a list that is newest first, by Stripe's cursors and `created` filter."""
    limit = params.get("limit", 10)
    if not 1 <= limit <= 100:
        raise invalid_request(f"Invalid limit: must be between 1 and 100, was {limit}", param="limit")
    resources = [item for item in resources if _created_matches(item, params.get("created"))]
    if "starting_after" in params:
        resources = resources[_position(resources, params["starting_after"], "starting_after") + 1 :]
        page, more = resources[:limit], len(resources) > limit
    elif "ending_before" in params:
        resources = resources[: _position(resources, params["ending_before"], "ending_before")]
        page, more = resources[-limit:], len(resources) > limit
    else:
        page, more = resources[:limit], len(resources) > limit
    return {"object": "list", "data": page, "has_more": more, "url": url}


def _created_matches(resource: Resource, created: int | dict[str, int] | None) -> bool:
    if created is None:
        return True
    at = resource["created"]
    if isinstance(created, int):
        return bool(at == created)
    tests = {"gt": at.__gt__, "gte": at.__ge__, "lt": at.__lt__, "lte": at.__le__}
    return all(tests[name](bound) for name, bound in created.items())


def _position(resources: list[Resource], object_id: str, param: str) -> int:
    for position, resource in enumerate(resources):
        if resource["id"] == object_id:
            return position
    raise missing("object", object_id, param)


def _expand(sandbox: Sandbox, target: Any, steps: list[str], whole: str) -> None:
    if isinstance(target, list):
        for item in target:
            _expand(sandbox, item, steps, whole)
        return
    step, *rest = steps
    if not isinstance(target, dict) or step not in target | _includable(sandbox, target):
        raise _not_expandable(whole)
    if step not in target:
        target[step] = _includable(sandbox, target)[step]
    if isinstance(target[step], str):
        found = sandbox.find(target[step])
        if found is None:
            raise _not_expandable(whole)
        target[step] = copy.deepcopy(found)
    if rest and target[step] is not None:
        _expand(sandbox, target[step], rest, whole)


def _includable(sandbox: Sandbox, target: Resource) -> Resource:
    """Lists that Stripe leaves out of an object until they are expanded."""
    if target.get("object") == "charge":
        refunds = copy.deepcopy(sandbox.all("refund", charge=target["id"]))
        return {"refunds": list_page(refunds, {}, f"/v1/charges/{target['id']}/refunds")}
    if target.get("object") == "invoice":
        payments = copy.deepcopy(sandbox.all("invoice_payment", invoice=target["id"]))
        return {"payments": list_page(payments, {}, "/v1/invoice_payments")}
    if target.get("object") == "checkout.session":
        items = copy.deepcopy(sandbox.line_items.get(target["id"], []))
        return {"line_items": list_page(items, {"limit": 100}, f"/v1/checkout/sessions/{target['id']}/line_items")}
    return {}


def _not_expandable(field: str) -> ApiError:
    return invalid_request(f"This property cannot be expanded ({field}).", param="expand")
