"""Paths into JSON objects, as mappings write them.

``a.b`` is a member of a member, ``a.0`` the first of a list, and ``a[k=v]`` the members of a list, or of one object,
whose path ``k`` reads ``v``: ``Phones[PhoneType=DEFAULT].PhoneNumber``. A key that itself contains dots is found as it
is written. A path that leads nowhere is empty.
"""

import re
from functools import lru_cache
from typing import Any

_STEP = re.compile(r"([^.\[\]]+)(?:\[([^=\]]+)=([^\]]*)\])?")
Step = tuple[str, str, str]


@lru_cache(maxsize=4096)
def steps(path: str) -> tuple[Step, ...]:
    """A path in steps: a member, and what to choose of it."""
    return tuple((found[1], found[2] or "", found[3] or "") for found in _STEP.finditer(path))


def head(path: str) -> str:
    """The member of the object itself that a path goes through."""
    return steps(path)[0][0]


def shape(path: str) -> str:
    """A path as ``shapes`` writes it: without places in lists and choices."""
    return ".".join(name for name, _, _ in steps(path) if not name.isdecimal())


def shapes(value: Any, before: str = "") -> set[str]:
    """Every path of members that an object has, through its lists too."""
    if isinstance(value, list):
        return {path for one in value for path in shapes(one, before)}
    if not isinstance(value, dict):
        return set()
    found = set()
    for name, inner in value.items():
        path = f"{before}.{name}" if before else name
        found |= {path} | shapes(inner, path)
    return found


def members(value: Any, path: str) -> list[Any]:
    """Every value that a path leads to; a list at its end is its members."""
    found = _walk(value, path)
    return [one for item in found for one in (item if isinstance(item, list) else [item])]


def text_at(value: Any, path: str) -> str:
    """The first value that a path leads to, as text: nothing for null, true or false, and no text for objects."""
    if isinstance(value, dict) and path in value:
        return scalar(value[path])
    for found in _walk(value, path):
        return scalar(found)
    return ""


def scalar(value: Any) -> str:
    """A JSON value as the text that a table would hold."""
    if isinstance(value, str):
        return value
    if value is None or isinstance(value, dict | list):
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _walk(value: Any, path: str) -> list[Any]:
    current = [value]
    for name, where, wanted in steps(path):
        current = [found for one in current if (found := _member(one, name)) is not None]
        if where:
            pool = [one for item in current for one in (item if isinstance(item, list) else [item])]
            current = [one for one in pool if text_at(one, where) == wanted]
    return current


def _member(value: Any, name: str) -> Any:
    if isinstance(value, dict):
        return value.get(name)
    if isinstance(value, list) and name.isdecimal():
        return value[int(name)] if int(name) < len(value) else None
    return None
