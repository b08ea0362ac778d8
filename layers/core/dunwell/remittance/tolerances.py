"""How far a payment may be from what is owed and still settle it: data, with defaults for most creditors."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from dunwell.money import exponent


@dataclass(frozen=True, slots=True)
class Tolerances:
    """What may be written off without asking, and how generous the terms are read.

    Attributes:
        fee_minor: the most that banks on the way may have kept, by currency; others take ``fee_major`` whole units.
        fee_permille: and never more than this share of what is owed.
        discount_grace_days: a discount taken this late is still granted.
        rounding_minor: an invoice's discount may be rounded differently by this much.
    """

    fee_minor: Mapping[str, int] = field(default_factory=lambda: {"JPY": 4000})
    fee_major: int = 25
    fee_permille: int = 80
    discount_grace_days: int = 5
    rounding_minor: int = 1

    def most_fee_minor(self, currency: str, owed_minor: int) -> int:
        """The most that a bank's fee on a payment of this size may be (minor units)."""
        largest = self.fee_minor.get(currency, self.fee_major * int(10 ** exponent(currency)))
        return min(largest, owed_minor * self.fee_permille // 1000)
