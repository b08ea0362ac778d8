"""Sensible schedules for a debt: what is worth being looked at, within the limits and what the customer can pay."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import islice

from dunwell.arrangements.affordability import Needs, anchored
from dunwell.arrangements.policy import WHOLE, Frequency, PlanLimits, PlanPolicy
from dunwell.arrangements.schedule import Draft, PlanTerms, draft
from dunwell.ledger.agreements import AgreedDebt

ROUND_COUNTS = (2, 3, 4, 6, 8, 12, 18, 24, 36, 48, 60)
FIRST_DAYS = (0, 7, 14)
"""Days from the first possible one to the first part, where no payday is known."""
PAYDAYS_TRIED = 2
DEPOSIT_PERMILLE = 250
"""A larger first part is tried for who did not say what they can pay."""

Plan = tuple[PlanTerms, Draft]
"""A schedule as it is tried: its rate is not worked out."""


@dataclass(frozen=True, slots=True)
class Case:
    """What a plan would be about, and within what (minor units). ``debts`` are oldest first."""

    currency: str
    plans: PlanPolicy
    limits: PlanLimits
    needs: Needs
    as_of: date
    debts: tuple[AgreedDebt, ...]

    @property
    def debt_minor(self) -> int:
        """What is divided."""
        return sum(one.amount_minor for one in self.debts)


def candidates(case: Case) -> Iterator[Plan]:
    """Sensible schedules within the limits and what the customer can pay."""
    for frequency in case.limits.frequencies:
        most = case.needs.most_minor(frequency)
        if not case.needs.fits(frequency) or most == 0:
            continue
        for first_on in _first_days(case, frequency):
            for first_minor, counts in _divisions(case, most):
                for count in counts:
                    if plan := _plan(case, frequency, first_on, count, first_minor, most):
                        yield plan


def _first_days(case: Case, frequency: Frequency) -> list[date]:
    """Days for the first part: the next paydays, or soon."""
    begin = max(case.as_of, case.needs.first_on or case.as_of)
    latest = case.as_of + timedelta(days=case.limits.max_first_days)
    if case.needs.payday:
        days = list(islice(case.needs.payday.on_or_after(begin), PAYDAYS_TRIED))
    else:
        days = [begin + timedelta(days=one) for one in FIRST_DAYS]
    return [one for one in days if one <= latest]


def _divisions(case: Case, most: int | None) -> Iterator[tuple[int | None, list[int]]]:
    """First parts (None: as the others), each with the numbers of parts to be tried."""
    yield None, _counts(case, case.debt_minor, most, 0)
    least = -(-case.debt_minor * case.limits.min_first_permille // WHOLE)
    deposit = case.debt_minor * DEPOSIT_PERMILLE // WHOLE if most is None else 0
    for first_minor in sorted({least, max(least, deposit)} - {0}):
        rest_minor = case.debt_minor - first_minor
        if rest_minor > 0 and (most is None or first_minor <= most):
            yield first_minor, _counts(case, rest_minor, most, 1)


def _counts(case: Case, divided_minor: int, most: int | None, more: int) -> list[int]:
    """Numbers of parts, fewest first: the fewest that can be borne and the next, round ones, and the most allowed."""
    least_minor = max(1, case.limits.min_instalment_minor.get(case.currency, 0))
    highest = min(case.limits.max_instalments, divided_minor // least_minor + more)
    lowest = max(2, (1 if most is None else -(-divided_minor // most)) + more)
    wanted = {lowest, lowest + 1, highest, *ROUND_COUNTS}
    return sorted(one for one in wanted if lowest <= one <= highest)


def _plan(
    case: Case, frequency: Frequency, first_on: date, count: int, first_minor: int | None, most: int | None
) -> Plan | None:
    """A schedule, or None where it leaves a limit."""
    payday = case.needs.payday
    monthly = payday is not None and payday.frequency is Frequency.MONTHLY
    # January has every day of the month: the anchor stays the 31st where the first payday is the 30th.
    anchor_on = anchored(first_on.replace(month=1), 0, payday.day) if payday and monthly else first_on
    terms = PlanTerms(
        case.currency, count, frequency, first_on, first_minor, anchor_on, tuple(one.invoice_id for one in case.debts)
    )
    made = draft(terms, case.debt_minor, case.as_of, case.plans, with_apr=False)
    return (terms, made) if is_within(case, made, most) else None


def is_within(case: Case, made: Draft, most: int | None) -> bool:
    """Whether a schedule keeps every limit, with parts of at most so much (minor units; None: any)."""
    limits, parts = case.limits, made.instalments
    principal = [part.amount_minor - part.charges_minor for part in parts]
    return (
        (most is None or max(part.amount_minor for part in parts) <= most)
        and min(principal) >= limits.min_instalment_minor.get(case.currency, 0)
        and principal[0] * WHOLE >= case.debt_minor * limits.min_first_permille
        and (case.needs.first_on is None or parts[0].due_on >= case.needs.first_on)
        and (parts[0].due_on - case.as_of).days <= limits.max_first_days
        and (parts[-1].due_on - case.as_of).days <= limits.max_days
    )
