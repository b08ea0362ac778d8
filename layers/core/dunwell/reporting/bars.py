"""The geometry of a bar picture, in whole units of its own coordinate system."""

from collections.abc import Mapping
from dataclasses import dataclass

BAR_SPACE = 600
_STEP = 36


@dataclass(frozen=True, slots=True)
class Bar:
    """One horizontal bar: its label, its amount (minor units), its share in tenths of a percent, where it lies."""

    label: str
    amount_minor: int
    share_permille: int
    y: int
    width: int

    @property
    def share_text(self) -> str:
        """The share as people read it, such as ``12.5%``."""
        return f"{self.share_permille // 10}.{self.share_permille % 10}%"


def bars(amounts: Mapping[str, int]) -> list[Bar]:
    """A bar for each amount of zero or more, the longest filling the space; something is never drawn as nothing."""
    largest = max(amounts.values(), default=0)
    total = sum(amounts.values())
    return [
        Bar(
            label=label,
            amount_minor=amount_minor,
            share_permille=amount_minor * 1000 // total if total else 0,
            y=i * _STEP,
            width=max(amount_minor * BAR_SPACE // largest, 2) if amount_minor else 0,
        )
        for i, (label, amount_minor) in enumerate(amounts.items())
    ]
