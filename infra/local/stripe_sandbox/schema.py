"""Checks a request's parameters against the SDK's own types, offline.

Each operation's method, path and parameter type are read from the SDK's service classes, and every value
is checked against the annotations of its TypedDict: unknown, missing and mistyped parameters are refused
with Stripe's own error codes.
"""

from __future__ import annotations

import ast
import inspect
import re
import sys
import textwrap
import types
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import cache
from importlib import import_module
from typing import Any, ForwardRef, Literal, NotRequired, Union, get_args, get_origin

from stripe import RequestOptions
from stripe._stripe_object import UntypedStripeObject

from .errors import ApiError, invalid_request
from .forms import Form

_OPTIONS = frozenset(RequestOptions.__annotations__)


@dataclass(frozen=True, slots=True)
class Operation:
    """One call of Stripe's API: `name` as `client.v1` spells it, `path` with a group for each id."""

    name: str
    method: str
    path: re.Pattern[str]
    params_type: Any


@cache
def read_operation(name: str) -> Operation:
    """Read an operation such as `checkout.sessions.create` from the SDK's services.

    Raises LookupError when the installed SDK has no such operation.
    """
    module, class_name = "stripe._v1_services", "V1Services"
    *services, action = name.split(".")
    for service in services:
        module, class_name = import_module(module)._subservices[service]
    function = getattr(getattr(import_module(module), class_name), action)
    return _operation_of(name, import_module(module), function)


def _operation_of(name: str, module: types.ModuleType, function: Any) -> Operation:
    tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    requests = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "_request"
    ]
    if len(requests) != 1:
        raise LookupError(f"the SDK's {name} does not make exactly one request")
    method, path = requests[0].args[:2]
    template = next(node.value for node in ast.walk(path) if isinstance(node, ast.Constant))
    assert isinstance(method, ast.Constant)
    pattern = re.sub(r"\\\{\w+\\\}", "([^/]+)", re.escape(str(template)))
    return Operation(name, str(method.value).upper(), re.compile(pattern), _params_type(module, function))


def _params_type(module: types.ModuleType, function: Any) -> Any:
    annotation = str(inspect.signature(function).parameters["params"].annotation)
    match = re.search(r"\w+Params", annotation)
    if match is None:
        raise LookupError(f"no parameter type in {annotation}")
    for node in ast.walk(ast.parse(inspect.getsource(module))):
        if isinstance(node, ast.ImportFrom) and any(alias.name == match[0] for alias in node.names):
            return getattr(import_module(str(node.module)), match[0])
    raise LookupError(f"{match[0]} is not imported by {module.__name__}")


def check_parameters(params_type: Any, raw: dict[str, Form], *, extra: dict[str, Any]) -> dict[str, Any]:
    """Return `raw` with every value in its proper type, or raise ApiError (400) naming the parameter.

    `extra` adds parameters to the type, by annotation.
    """
    return _check_object(params_type, raw, "", extra)


def annotations_of(params_type: Any) -> dict[str, Any]:
    """The parameters of a TypedDict of the SDK, without the request's options that some inherit."""
    options = _OPTIONS - params_type.__required_keys__
    return {key: value for key, value in params_type.__annotations__.items() if key not in options}


def _check_object(params_type: Any, raw: Form, path: str, extra: dict[str, Any] | None = None) -> dict[str, Any]:
    if not isinstance(raw, dict):
        raise _refused(f"Invalid object: {path}", path)
    annotations = annotations_of(params_type) | (extra or {})
    for key in raw:
        if key not in annotations:
            where = _join(path, key)
            raise _refused(f"Received unknown parameter: {where}", where, "parameter_unknown")
    for key in params_type.__required_keys__:
        if key not in raw:
            where = _join(path, key)
            raise _refused(f"Missing required param: {where}.", where, "parameter_missing")
    scope = vars(sys.modules[params_type.__module__])
    return {key: _check(annotations[key], value, _join(path, key), scope) for key, value in raw.items()}


def _check(annotation: Any, raw: Form, path: str, scope: dict[str, Any]) -> Any:
    annotation = resolve(annotation, scope)
    origin = get_origin(annotation)
    if origin in (Union, types.UnionType):
        return _check_union([resolve(arg, scope) for arg in get_args(annotation)], raw, path, scope)
    if origin is Literal:
        return _check_literal(get_args(annotation), raw, path)
    if origin is list:
        return _check_list(get_args(annotation)[0], raw, path, scope)
    if origin in (dict, UntypedStripeObject):
        return _check_mapping(raw, path)
    if _is_typed_dict(annotation):
        return _check_object(annotation, raw, path)
    return _check_scalar(annotation, raw, path)


def resolve(annotation: Any, scope: dict[str, Any]) -> Any:
    """The type that an annotation of the SDK means, in its module's names."""
    while isinstance(annotation, ForwardRef | str) or get_origin(annotation) is NotRequired:
        if isinstance(annotation, ForwardRef):
            annotation = annotation.__forward_arg__
        elif isinstance(annotation, str):
            annotation = eval(annotation, scope)
        else:
            annotation = get_args(annotation)[0]
    return annotation


def _check_union(options: list[Any], raw: Form, path: str, scope: dict[str, Any]) -> Any:
    allowed = [value for option in options if get_origin(option) is Literal for value in get_args(option)]
    if raw == "" and "" in allowed:
        return ""
    named = [value for value in allowed if value != ""]
    # The SDK writes an enumeration as `Literal[...] | str`, to survive new values; Stripe takes the named.
    others = [o for o in options if get_origin(o) is not Literal and not (named and o is str)]
    others.sort(key=lambda option: option is str)
    if named and raw in named:
        return raw
    refusals = []
    for option in others:
        try:
            return _check(option, raw, path, scope)
        except ApiError as refusal:
            refusals.append((_is_typed_dict(option) == isinstance(raw, dict), refusal))
    if named and not (refusals and isinstance(raw, dict)):
        return _check_literal(tuple(named), raw, path)
    raise max(refusals, key=lambda pair: pair[0])[1]


def _check_literal(allowed: tuple[Any, ...], raw: Form, path: str) -> Any:
    if raw not in allowed:
        names = [str(value) for value in allowed]
        choice = names[0] if len(names) == 1 else f"one of {', '.join(names[:-1])}, or {names[-1]}"
        raise _refused(f"Invalid {path}: must be {choice}", path)
    return raw


def _check_list(item: Any, raw: Form, path: str, scope: dict[str, Any]) -> list[Any]:
    if isinstance(raw, list):
        items: list[Form] = list(raw)
    elif isinstance(raw, dict) and all(key.isdigit() for key in raw):
        items = [raw[key] for key in sorted(raw, key=int)]
    else:
        raise _refused(f"Invalid array: {path}", path)
    return [_check(item, value, f"{path}[{index}]", scope) for index, value in enumerate(items)]


def _check_mapping(raw: Form, path: str) -> dict[str, str]:
    if not isinstance(raw, dict):
        raise _refused("Invalid object", path)
    checked = {}
    for key, value in raw.items():
        if not isinstance(value, str):
            raise _refused(f"Invalid string: {value}", f"{path}[{key}]")
        checked[key] = value
    return checked


def _check_scalar(kind: Any, raw: Form, path: str) -> Any:
    if not isinstance(raw, str):
        raise _refused(f"Invalid {getattr(kind, '__name__', 'value')}: {path}", path)
    if kind is int:
        if not re.fullmatch(r"-?\d{1,18}", raw):
            raise _refused(f"Invalid integer: {raw}", path, "parameter_invalid_integer")
        return int(raw)
    if kind is bool:
        if raw not in ("true", "false"):
            raise _refused(f"Invalid boolean: {raw}", path)
        return raw == "true"
    if kind in (float, Decimal):
        try:
            return Decimal(raw)
        except InvalidOperation:
            raise _refused(f"Invalid decimal: {raw}", path) from None
    return _check_text(raw, path)


def _check_text(raw: str, path: str) -> str:
    if raw == "":
        raise _refused(
            f"You passed an empty string for '{path}'. We assume empty values are an attempt to unset a "
            f"parameter; however '{path}' cannot be unset. You should remove '{path}' from your request or "
            "supply a non-empty value.",
            path,
            "parameter_invalid_empty",
        )
    return raw


def _is_typed_dict(annotation: Any) -> bool:
    # typing.is_typeddict does not know the TypedDict of typing_extensions, which the SDK uses.
    return hasattr(annotation, "__required_keys__")


def _join(path: str, key: str) -> str:
    return f"{path}[{key}]" if path else key


def _refused(message: str, param: str, code: str | None = None) -> ApiError:
    return invalid_request(message, param=param, code=code, before_execution=True)
