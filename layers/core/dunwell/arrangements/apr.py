"""The annual percentage rate by the actuarial method (Regulation Z, appendix J)."""

from collections.abc import Sequence
from decimal import Decimal

_STEPS = 60
_HUNDRED = Decimal(100)
_MOST_PER_PERIOD = Decimal(10)


def actuarial_percent(advance_minor: int, payments: Sequence[tuple[Decimal, int]], periods_per_year: int) -> Decimal:
    """The rate a year, in percent, at which the payments are worth what was advanced.

    Args:
        payments: how many unit periods after the advance, fractions included, and how much (minor units). Within a
            fraction of a period interest is simple.
        periods_per_year: unit periods in a year, such as 12 for months.

    Returns:
        0 when the payments are not more than the advance.
    """
    low, high = Decimal(0), _MOST_PER_PERIOD
    if sum(amount for _, amount in payments) <= advance_minor:
        return low
    for _ in range(_STEPS):
        rate = (low + high) / 2
        if _worth(payments, rate) > advance_minor:
            low = rate
        else:
            high = rate
    return high * periods_per_year * _HUNDRED


def _worth(payments: Sequence[tuple[Decimal, int]], rate: Decimal) -> Decimal:
    worth = Decimal(0)
    for periods, amount_minor in payments:
        whole = int(periods)
        worth += amount_minor / ((1 + rate * (periods - whole)) * (1 + rate) ** whole)
    return worth
