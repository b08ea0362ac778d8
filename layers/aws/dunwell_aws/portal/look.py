"""The creditor's look: its colour where words can be read on it, and its logo."""

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from dunwell.outreach.policy import Creditor

_READABLE = 4.5
"""The contrast that WCAG 2.2 AA asks of text."""
_GROUND = "#f4f6f8"
_STEP = 0.92


def contrast(one: str, other: str) -> float:
    """The contrast of two colours such as ``#1d4ed8``, from 1 to 21 (WCAG 2.2)."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def readable(colour: str) -> str:
    """The colour, darkened until white words on it, and words in it on the page's ground, can be read."""
    while contrast(colour, _GROUND) < _READABLE:
        colour = darkened(colour)
    return colour


def darkened(colour: str) -> str:
    """The colour, a shade darker."""
    return "#" + "".join(f"{max(0, int(part * _STEP)):02x}" for part in _parts(colour))


def colours(creditor: "Creditor") -> str:
    """The style sheet's variables that are the creditor's."""
    brand = readable(creditor.colour)
    dark = darkened(darkened(darkened(brand)))
    return f":root {{ --brand: {brand}; --brand-dark: {dark}; }}\n"


def image_sources(creditor: "Creditor") -> tuple[str, ...]:
    """Where the page's only image may come from."""
    address = urlsplit(creditor.logo_url)
    return (f"{address.scheme}://{address.netloc}",) if address.netloc else ()


def _parts(colour: str) -> list[int]:
    return [int(colour[at : at + 2], 16) for at in (1, 3, 5)]


def _luminance(colour: str) -> float:
    shares = [part / 255 for part in _parts(colour)]
    linear = [share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4 for share in shares]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
