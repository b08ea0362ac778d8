"""The arithmetic of interest: decimal, rounded once for each amount that is posted."""

from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from enum import StrEnum

from dunwell.errors import InvalidInputError

DAYS_IN_YEAR = 365
"""Day count ACT/365F: the actual days over a year of 365, leap years too."""
_HUNDRED = Decimal(100)


class Rounding(StrEnum):
    """What becomes of half a minor unit."""

    HALF_UP = "half_up"
    HALF_EVEN = "half_even"


_MODES = {Rounding.HALF_UP: ROUND_HALF_UP, Rounding.HALF_EVEN: ROUND_HALF_EVEN}


def rounded(amount_minor: Decimal, rounding: Rounding = Rounding.HALF_UP) -> int:
    """Whole minor units."""
    return int(amount_minor.quantize(Decimal(1), _MODES[rounding]))


def percent_of(amount_minor: int, percent: Decimal, rounding: Rounding = Rounding.HALF_UP) -> int:
    """A percentage of an amount, in whole minor units."""
    return rounded(amount_minor * percent / _HUNDRED, rounding)


def simple_interest(principal_minor: int, percent: Decimal, days: int) -> Decimal:
    """Interest for some days at a rate a year, not rounded yet (minor units)."""
    return principal_minor * percent * days / (_HUNDRED * DAYS_IN_YEAR)


@dataclass(frozen=True, slots=True)
class Repayment:
    """One equal payment of a loan (minor units): what of it is interest, and what is left afterwards."""

    amount_minor: int
    interest_minor: int
    left_minor: int


def amortised(
    principal_minor: int, percent: Decimal, months: int, rounding: Rounding = Rounding.HALF_UP
) -> list[Repayment]:
    """Equal monthly payments at a nominal rate a year; the last one takes up what rounding left over.

    Raises:
        InvalidInputError: the principal or the number of months is not positive, or the rate is negative.
    """
    if principal_minor <= 0 or months <= 0 or percent < 0:
        raise InvalidInputError("instalments need a positive amount, at least one month and a rate of zero or more")
    rate = percent / (_HUNDRED * 12)
    exact = principal_minor * rate / (1 - (1 + rate) ** -months) if rate else Decimal(principal_minor) / months
    payment_minor, left_minor, made = rounded(exact, rounding), principal_minor, list[Repayment]()
    for number in range(1, months + 1):
        interest_minor = rounded(left_minor * rate, rounding)
        amount_minor = left_minor + interest_minor if number == months else payment_minor
        left_minor -= amount_minor - interest_minor
        made.append(Repayment(amount_minor, interest_minor, left_minor))
    return made
