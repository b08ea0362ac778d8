"""Which invoices add up to an amount, and whether that says anything."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import gcd

MAX_SUMS = 20_000
MAX_AMOUNTS = 60


@dataclass(frozen=True, slots=True)
class Subsets:
    """Subsets that add up to a target.

    Attributes:
        found: positions of at most two subsets; two say that the target tells nothing.
        chance_permille: how likely some subset would hit a target that has nothing to do with the amounts; 1000 when
            there were too many to count.
    """

    found: tuple[tuple[int, ...], ...]
    chance_permille: int


_NONE = Subsets((), 1000)


def subsets(amounts: Sequence[int], target: int) -> Subsets:
    """Subsets of positive amounts with exactly this sum, at most two of them; none when there is too much to try.

    Sums are built amount by amount. A sum reached in a second way keeps both ways, which is as much as must be known.
    """
    usable = [i for i, amount in enumerate(amounts) if 0 < amount <= target]
    if len(usable) > MAX_AMOUNTS:
        return _NONE
    ways: dict[int, list[tuple[int, ...]]] = {0: [()]}
    for i in usable:
        grown = [(sum_ + amounts[i], tuple(taken)) for sum_, taken in ways.items() if sum_ + amounts[i] <= target]
        for sum_, taken in grown:
            known = ways.setdefault(sum_, [])
            known += [(*way, i) for way in taken][: 2 - len(known)]
        if len(ways) > MAX_SUMS:
            return _NONE
    others = len(ways) - 1 - (target in ways)
    step = gcd(*(amounts[i] for i in usable)) if usable else 1
    return Subsets(tuple(ways.get(target, ())), min(1000, 1000 * others * step // max(target, 1)))
