"""The shape of what is read of a model: each value is what it has to be, or a ValueError says which is not and why.

A model's files may be damaged in ways that are still JSON. What is wrong is found when the file is read, where it is
the model's fault, and not while a customer is scored, where it would look like the customer's.
"""

from collections.abc import Mapping
from math import isfinite
from typing import Any

MOST = 1e9
"""Far beyond every number of a model, and small enough that what is worked out with it stays a number."""


def mapping_of(value: Any, name: str) -> Mapping[str, Any]:
    """An object's values by name."""
    if not isinstance(value, dict):
        raise ValueError(f"{name} has to be an object, not {_short(value)}")
    return value


def text_of(value: Any, name: str) -> str:
    """A text that is not empty."""
    if not isinstance(value, str) or not value:
        raise ValueError(f"{name} has to be a text, not {_short(value)}")
    return value


def list_of(value: Any, name: str, count: int | None = None) -> list[Any]:
    """A list, of so many where that is known."""
    if not isinstance(value, list):
        raise ValueError(f"{name} has to be a list, not {_short(value)}")
    if count is not None and len(value) != count:
        raise ValueError(f"{name} has to hold {count}, not {len(value)}")
    return value


def texts_of(value: Any, name: str) -> tuple[str, ...]:
    """Texts that are not empty."""
    return tuple(text_of(one, name) for one in list_of(value, name))


def number_of(value: Any, name: str, least: float | None = None, most: float | None = None) -> float:
    """A finite number within its bounds."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value):
        raise ValueError(f"{name} has to be a number, not {_short(value)}")
    if not (-MOST if least is None else least) <= value <= (MOST if most is None else most):
        raise ValueError(f"{name} is {_short(value)}, which is beyond its bounds")
    return value


def whole_of(value: Any, name: str, least: int, most: int | None = None) -> int:
    """A whole number within its bounds."""
    if not isinstance(value, int):
        raise ValueError(f"{name} has to be a whole number, not {_short(value)}")
    return int(number_of(value, name, least, most))


def numbers_of(value: Any, name: str, count: int | None = None, least: float | None = None) -> tuple[float, ...]:
    """Finite numbers, of so many where that is known."""
    return tuple(number_of(one, name, least) for one in list_of(value, name, count))


def _short(value: Any) -> str:
    said = repr(value)
    return said if len(said) <= 40 else f"{said[:40]}…"
