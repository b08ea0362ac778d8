"""How long a text message is: its alphabet decides, and a letter outside the plain one more than halves what fits."""

from dataclasses import dataclass

_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENDED = frozenset("\f^{}\\[~]|€")
_PLAIN = str.maketrans("\u00a0\u202f\u2018\u2019\u201c\u201d\u2013\u2014\u2022", "  ''\"\"--*")


@dataclass(frozen=True, slots=True)
class TextSize:
    """The size of a text message (3GPP TS 23.038).

    Attributes:
        alphabet: ``GSM-7``, or ``UCS-2`` when one character is outside it.
        units: septets, of which an extension character takes two; or UTF-16 code units.
        parts: in how many parts it is sent and paid for.
    """

    alphabet: str
    units: int
    parts: int


def text_size(text: str) -> TextSize:
    """Count a text. A character of two units is never split between two parts."""
    if all(letter in _BASIC or letter in _EXTENDED for letter in text):
        weights = [2 if letter in _EXTENDED else 1 for letter in text]
        return _sized("GSM-7", weights, 160, 153)
    return _sized("UCS-2", [2 if ord(letter) > 0xFFFF else 1 for letter in text], 70, 67)


def plain_text(text: str) -> str:
    """A text with typographic spaces, quotes, dashes and dots replaced by those of the plain alphabet."""
    return text.translate(_PLAIN)


def _sized(alphabet: str, weights: list[int], single: int, part: int) -> TextSize:
    units = sum(weights)
    if units <= single:
        return TextSize(alphabet, units, 1)
    parts, room = 1, part
    for weight in weights:
        if weight > room:
            parts, room = parts + 1, part
        room -= weight
    return TextSize(alphabet, units, parts)
