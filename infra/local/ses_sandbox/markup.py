"""HTML that escapes by default: every value put into a template is text unless it is `Markup` already."""

from __future__ import annotations

import re
from collections.abc import Iterable
from html import escape

_WEB_ADDRESS = re.compile(r"""(https?://[^\s<>"']*[^\s<>"'.,;:!?)\]])""")


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


def linked(text: str) -> Markup:
    """Return `text` with its web addresses as links, the way mail programs and phones show it."""
    link = '<a href="{url}" target="_blank" rel="noopener noreferrer">{url}</a>'
    # Split by one group: every second part is an address.
    return join(
        fill(link, url=part) if position % 2 else fill("{part}", part=part)
        for position, part in enumerate(_WEB_ADDRESS.split(text))
    )
