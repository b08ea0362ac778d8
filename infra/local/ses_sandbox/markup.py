"""HTML that escapes by default: every value put into a template is text unless it is `Markup` already."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape


class Markup(str):
    """HTML that is safe to send as it is."""

    __slots__ = ()


def fill(template: str, /, **values: object) -> Markup:
    """Return `template` with each `{name}` replaced by its value, escaped unless it is Markup."""
    safe = {k: v if isinstance(v, Markup) else escape(str(v)) for k, v in values.items()}
    return Markup(template.format_map(safe))


def join(parts: Iterable[Markup]) -> Markup:
    """Return the parts one after the other."""
    return Markup("".join(parts))
