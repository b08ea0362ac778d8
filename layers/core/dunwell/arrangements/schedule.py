"""Dividing a debt into instalments: days on which banks work, amounts that add up to the cent, charges and their rate.

Days go by an anchor, such as a payday, and are counted from it each time: the 31st is the 28th in February and the
31st again in March. Only then a day is moved to one on which banks work, so that moves never add up.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from dunwell.arrangements.apr import actuarial_percent
from dunwell.arrangements.policy import Frequency, PlanPolicy
from dunwell.calendars import Holidays, banking_calendar, following, modified_following, month_end
from dunwell.charges.interest import rounded, simple_interest
from dunwell.errors import InvalidInputError
from dunwell.ledger.agreements import AgreedInstalment
from dunwell.money import split

MOST_INSTALMENTS = 120
_STEP_DAYS = {Frequency.WEEKLY: 7, Frequency.TWO_WEEKS: 14}
_GAP_DAYS = {Frequency.WEEKLY: 3, Frequency.TWO_WEEKS: 7, Frequency.MONTHLY: 14}
"""After the first instalment the next payday counts only when it is at least half a period away."""
PERIODS_PER_YEAR = {Frequency.WEEKLY: 52, Frequency.TWO_WEEKS: 26, Frequency.MONTHLY: 12}
_DAYS_PER_PERIOD = {
    Frequency.WEEKLY: Decimal(7),
    Frequency.TWO_WEEKS: Decimal(14),
    Frequency.MONTHLY: Decimal(365) / 12,
}


@dataclass(frozen=True, slots=True)
class PlanTerms:
    """What somebody chose: how often, how many times, from when.

    Attributes:
        first_on: the wished day of the first instalment; it is moved to a day on which banks work.
        first_minor: what of the debt the first instalment is (minor units), charges come on top; None: as the others.
        anchor_on: any payday: the later instalments are a whole number of periods away from it. None: ``first_on``.
        invoice_ids: the invoices it is about; None: every one that may be agreed about.
    """

    currency: str
    instalments: int
    frequency: Frequency
    first_on: date
    first_minor: int | None = None
    anchor_on: date | None = None
    invoice_ids: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Draft:
    """What a plan comes to (minor units).

    Attributes:
        debt_minor: what is divided. charges_minor: interest and fee, together with it the sum of the instalments.
        setup_fee_minor: the fee within the first instalment.
        apr_permille: the annual percentage rate of the charges, in thousandths.
    """

    instalments: tuple[AgreedInstalment, ...]
    debt_minor: int
    charges_minor: int = 0
    setup_fee_minor: int = 0
    apr_permille: int = 0

    @property
    def total_minor(self) -> int:
        """What the customer pays altogether."""
        return self.debt_minor + self.charges_minor


def draft(
    terms: PlanTerms,
    debt_minor: int,
    as_of: date,
    policy: PlanPolicy,
    *,
    with_fee: bool = True,
    with_apr: bool = True,
) -> Draft:
    """The instalments of a plan; whether it is within anybody's limits is not asked here (``plans.authority_for``).

    Args:
        debt_minor: what is divided, in minor units of the terms' currency.
        with_fee: False for a plan that takes the place of one whose fee was charged.
        with_apr: False leaves the rate at 0, for a schedule that is only tried: it takes the longest to work out.

    Raises:
        InvalidInputError: no instalment or too many, the debt is too small to be divided so, the first instalment is
            not a part of it, or its day has passed.
    """
    _check(terms, debt_minor, as_of)
    days = instalment_days(terms, as_of, banking_calendar(policy.calendar))
    parts = _principal(terms, debt_minor)
    fee_minor = policy.setup_fee_minor.get(terms.currency, 0) if with_fee else 0
    charges = _interest(parts, days, as_of, policy.interest_percent)
    charges[0] += fee_minor
    made = tuple(
        AgreedInstalment(number, on, part + charge, charge)
        for number, (on, part, charge) in enumerate(zip(days, parts, charges, strict=True), start=1)
    )
    charges_minor = sum(charges)
    apr = _apr_permille(made, debt_minor, as_of, terms.frequency) if charges_minor and with_apr else 0
    return Draft(made, debt_minor, charges_minor, fee_minor, apr)


def instalment_days(terms: PlanTerms, as_of: date, holidays: Holidays) -> list[date]:
    """The days of the instalments, strictly increasing, on each of which banks work."""
    first = _working_day(terms.first_on, terms.frequency, holidays)
    if first < as_of:
        first = following(terms.first_on, holidays)
    days = [first]
    if terms.instalments == 1:
        return days
    earliest = terms.first_on + timedelta(days=_GAP_DAYS[terms.frequency])
    for wished in _from_anchor(terms.anchor_on or terms.first_on, terms.frequency, earliest):
        day = _working_day(wished, terms.frequency, holidays)
        if day > days[-1]:
            days.append(day)
        if len(days) == terms.instalments:
            break
    return days


def _working_day(day: date, frequency: Frequency, holidays: Holidays) -> date:
    """Rule CALENDAR: following, and modified following at month ends, which only monthly days are bound to."""
    return (modified_following if frequency is Frequency.MONTHLY else following)(day, holidays)


def _from_anchor(anchor: date, frequency: Frequency, earliest: date) -> Iterator[date]:
    """The days a whole number of periods away from an anchor, before or after it, from a day on."""
    if frequency is Frequency.MONTHLY:
        yield from _months(anchor.day, earliest)
        return
    step = _STEP_DAYS[frequency]
    day = earliest + timedelta(days=(anchor - earliest).days % step)
    while True:
        yield day
        day += timedelta(days=step)


def _months(day_of_month: int, earliest: date) -> Iterator[date]:
    last = month_end(earliest)
    while True:
        day = last.replace(day=min(day_of_month, last.day))
        if day >= earliest:
            yield day
        last = month_end(last + timedelta(days=1))


def _check(terms: PlanTerms, debt_minor: int, as_of: date) -> None:
    if not 1 <= terms.instalments <= MOST_INSTALMENTS:
        raise InvalidInputError(
            f"Choose between 1 and {MOST_INSTALMENTS} instalments.", field="instalments", code="part_count"
        )
    if terms.first_on < as_of:
        raise InvalidInputError(
            "The first day has passed: choose today or a later day.", field="first_on", code="day_passed"
        )
    if debt_minor < terms.instalments:
        raise InvalidInputError(
            "The amount is too small to be divided into so many instalments.",
            field="instalments",
            code="parts_too_small",
        )
    if terms.first_minor is None:
        return
    rest = terms.instalments - 1
    if not 0 < terms.first_minor <= debt_minor - rest or (not rest and terms.first_minor != debt_minor):
        raise InvalidInputError(
            "The first instalment must be more than zero and leave something for each of the others.",
            field="first_minor",
            code="first_part",
        )


def _principal(terms: PlanTerms, debt_minor: int) -> list[int]:
    """What of the debt each instalment is."""
    if terms.first_minor is None:
        return split(debt_minor, [1] * terms.instalments)
    others = terms.instalments - 1
    return [terms.first_minor, *(split(debt_minor - terms.first_minor, [1] * others) if others else ())]


def _interest(parts: Sequence[int], days: Sequence[date], as_of: date, percent: Decimal) -> list[int]:
    """Simple interest on what is left of the debt, by the days between the instalments, rounded once for each."""
    left, before, found = sum(parts), as_of, list[int]()
    for part, day in zip(parts, days, strict=True):
        found.append(rounded(simple_interest(left, percent, (day - before).days)))
        left, before = left - part, day
    return found


def _apr_permille(made: Sequence[AgreedInstalment], debt_minor: int, as_of: date, frequency: Frequency) -> int:
    """The rate at which the instalments are worth the debt today, in thousandths."""
    odd = (made[0].due_on - as_of).days / _DAYS_PER_PERIOD[frequency]
    between = (made[1].due_on - made[0].due_on).days / _DAYS_PER_PERIOD[frequency] if len(made) > 1 else Decimal(1)
    # A first gap that only weekends make odd is a whole period.
    second = odd + (1 if abs(between - 1) < Decimal("0.3") else between)
    periods = [odd, *(second + number for number in range(len(made) - 1))]
    flows = [(period, one.amount_minor) for period, one in zip(periods, made, strict=True)]
    return rounded(actuarial_percent(debt_minor, flows, PERIODS_PER_YEAR[frequency]) * 10)
