"""Records of trained models, changed for a test."""

import copy
from collections.abc import Mapping
from typing import Any


def changed(record: Mapping[str, Any], part: tuple[str, ...], by: Mapping[str, object]) -> dict[str, Any]:
    """A copy of a record whose part, the names that lead to it, has other values."""
    made = copy.deepcopy(dict(record))
    at = made
    for name in part:
        at = at[name]
    at.update(by)
    return made
