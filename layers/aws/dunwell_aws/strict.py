"""Documents read strictly: no key twice, no key that means nothing, and every fault with its line."""

import types
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, Union, get_args, get_origin, get_type_hints

import yaml

if TYPE_CHECKING:
    _SafeLoader = yaml.SafeLoader
else:
    _SafeLoader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

Place = tuple[int | str, ...]
"""Keys and list positions from the top of a document down."""


class StrictLoader(_SafeLoader):
    """A safe loader that refuses a key that stands twice in one mapping: YAML would silently take the last."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen = set()
        for key, _ in node.value:
            if key.value != "<<" and (key.tag, str(key.value)) in seen:
                fault = f"the key {key.value!r} stands twice; keep one of them"
                raise yaml.constructor.ConstructorError(None, None, fault, key.start_mark)
            seen.add((key.tag, str(key.value)))
        return super().construct_mapping(node, deep)


def unknown_keys(kind: Any, data: Any, place: Place = ()) -> Iterator[tuple[Place, str]]:
    """Keys of a document that no field of its dataclass takes, with what may have been meant; yes or no for a number.

    Args:
        kind: a dataclass, or a type made of some.
    """
    if is_dataclass(kind) and isinstance(data, dict):
        hints = get_type_hints(kind)
        known = [one.name for one in fields(kind) if one.init]
        for key, value in data.items():
            if key in known:
                yield from unknown_keys(hints[key], value, (*place, key))
            else:
                near = get_close_matches(str(key), known, 1)
                meant = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(known)}"
                yield (*place, key), f"the key {key!r} is not known here; {meant}"
    elif get_origin(kind) in (Union, types.UnionType):
        for one in get_args(kind):
            yield from unknown_keys(one, data, place)
    elif kind is int and isinstance(data, bool):
        yield place, f"{str(data).lower()} is no number: write the number"
    else:
        for step, inner, value in _members(kind, data):
            yield from unknown_keys(inner, value, (*place, step))


def _members(kind: Any, data: Any) -> Iterator[tuple[int | str, Any, Any]]:
    """Of a list or a mapping each member: its place, what it should be, and what it is."""
    if isinstance(data, list) and get_origin(kind) in (tuple, list):
        for number, value in enumerate(data):
            yield number, get_args(kind)[0], value
    elif isinstance(data, dict) and get_origin(kind) is Mapping:
        for key, value in data.items():
            yield key, get_args(kind)[1], value


def line_of(text: str, document: int, place: Place) -> int:
    """The line, from 1, on which a place of a document begins; of the nearest place above it that exists."""
    node: yaml.Node = list(yaml.compose_all(text, Loader=_SafeLoader))[document]
    line = node.start_mark.line
    for step in place:
        found = _child(node, step)
        if found is None:
            break
        node, line = found
    return int(line) + 1


def _child(node: yaml.Node, step: int | str) -> tuple[yaml.Node, int] | None:
    """What stands under a key or list position, and its line from 0; None when there is nothing."""
    if isinstance(node, yaml.MappingNode):
        return next(((value, key.start_mark.line) for key, value in node.value if key.value == str(step)), None)
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
        return node.value[step], node.value[step].start_mark.line
    return None
