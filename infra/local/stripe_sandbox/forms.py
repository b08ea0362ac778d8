"""Stripe's form encoding: `a[b][0][c]=1` becomes nested dictionaries of strings."""

from __future__ import annotations

import re
from typing import TypeAlias
from urllib.parse import parse_qsl

from .errors import invalid_request

Form: TypeAlias = "str | list[str] | dict[str, Form]"

_KEY = re.compile(r"^([^\[\]]+)((?:\[[^\[\]]*\])*)$")


def decode_form(encoded: str) -> dict[str, Form]:
    """Decode a query string or a form body; a key ending in `[]` gathers a list of strings.

    Raises ApiError (400) when a key is malformed or used both as a value and as a hash.
    """
    decoded: dict[str, Form] = {}
    for key, value in parse_qsl(encoded, keep_blank_values=True):
        match = _KEY.match(key)
        if match is None:
            raise invalid_request(f"Invalid parameter name: {key}", param=key, before_execution=True)
        _store(decoded, [match[1], *re.findall(r"\[([^\]]*)\]", match[2])], key, value)
    return decoded


def _store(target: dict[str, Form], steps: list[str], key: str, value: str) -> None:
    *parents, last = steps
    if last == "" and parents:
        holder = _descend(target, parents[:-1], key)
        gathered = holder.setdefault(parents[-1], [])
        if not isinstance(gathered, list):
            raise invalid_request(f"Invalid array: {key}", param=key, before_execution=True)
        gathered.append(value)
    else:
        _descend(target, parents, key)[last] = value


def _descend(target: dict[str, Form], steps: list[str], key: str) -> dict[str, Form]:
    for step in steps:
        child = target.setdefault(step, {})
        if not isinstance(child, dict):
            raise invalid_request(f"Invalid object: {key}", param=key, before_execution=True)
        target = child
    return target
