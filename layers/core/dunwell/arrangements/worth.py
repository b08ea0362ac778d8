"""What a schedule of payments is worth to the creditor today, against agreeing to nothing.

Without an agreement the account's recovery curve says what comes in (``dunwell.scoring.recovery``: within 30, 60 and
90 days). With one, each part has a chance to come, as long as all before it came; what is left of a broken one is
collected as before, and worth less. Earlier money is worth more, at the policy's cost of money.

**The chances of a plan are an assumption.** No public record says which plans are kept: ``Assumptions`` holds every
number with where it is from, and they were checked on a simulated portfolio only (`model_artifacts/arrangements`).
Replace them by your own record once you have one. The directions are fixed, and tested: more risk, broken agreements,
parts that strain the customer, and length make a plan less likely to be kept, and a later part is worth less.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from math import exp
from typing import NamedTuple

from dunwell.arrangements.affordability import PERIOD_DAYS
from dunwell.arrangements.policy import Frequency
from dunwell.ledger.agreements import AgreedInstalment, AgreementStatus
from dunwell.ledger.model import Account
from dunwell.scoring.assessment import Assessment

MILLION = 1_000_000
THOUSAND = 1_000
MONTH_DAYS, YEAR_DAYS = PERIOD_DAYS[Frequency.MONTHLY], 365
CURVE_MONTHS = 24
"""What comes in later than two years from now is not counted."""
USUAL_MONTHS, USUAL_PAYMENTS = 6, 2


@dataclass(frozen=True, slots=True)
class Assumptions:
    """The numbers behind the chances: house assumptions, with ``keeps``, ``change_permille`` and ``salvaged_permille``
    fitted so that expected and realised agree on the simulation's seeds 11 to 15.

    Attributes:
        keeps: log-odds that a part comes, for a risk of one half and parts of half of what the customer can pay: 2.7
            is 94 %. risk, strain: what the whole way from none to full takes away of them.
        kept, broken: log-odds that an agreement kept or broken earlier adds or takes away; at most ``remembered`` each.
        change_permille: in each month something happens to one customer in so many (work, illness) that ends the plan.
        salvaged_permille: what collection brings of a broken plan's rest, of what it would have brought without one.
        tail_permille: each month after day 90 the chance of recovery falls to this of the month before.
        usual_share_permille: who never said what they can pay and never paid: what of the debt they can pay a month.
        certain, certain_falls: shares recovered in 30, 60 and 90 days where no curve is known (nothing past due yet, or
            no assessment), at no risk, and what full risk takes off them; about the means of the recovery card's table.
        risk_permille: of somebody without an assessment.
    """

    keeps: float = 2.7
    risk: float = 3.0
    strain: float = 1.6
    kept: float = 0.4
    broken: float = 0.7
    remembered: int = 2
    change_permille: int = 25
    salvaged_permille: int = 500
    tail_permille: int = 500
    usual_share_permille: int = 333
    certain: tuple[float, float, float] = (0.90, 0.95, 0.97)
    certain_falls: tuple[float, float, float] = (0.55, 0.45, 0.40)
    risk_permille: int = 500


ASSUMED = Assumptions()


class Outlook(NamedTuple):
    """What scoring says of a customer in one currency.

    Attributes:
        risk_permille: in thousandths; None without an assessment. segment: empty without.
        recovered_permille: the part of what is past due expected within 30, 60 and 90 days; None where nothing is.
        model_version: who said so.
    """

    risk_permille: int | None = None
    recovered_permille: tuple[int, int, int] | None = None
    segment: str = ""
    model_version: str = ""


UNKNOWN = Outlook()


def outlook_of(assessment: Assessment | None, currency: str) -> Outlook:
    """The outlook that an assessment gives."""
    if assessment is None:
        return UNKNOWN
    found = assessment.recovery(currency)
    curve = (found.permille_30, found.permille_60, found.permille_90) if found else None
    return Outlook(assessment.risk_permille, curve, assessment.segment, assessment.model_version)


class Habits(NamedTuple):
    """What the account itself shows.

    Attributes:
        kept, broken: earlier agreements.
        monthly_minor: what the customer can pay in 30 days, as they said or as they usually do (minor units).
    """

    kept: int
    broken: int
    monthly_minor: int


def habits_of(account: Account, currency: str, debt_minor: int, said_minor: int | None, as_of: date) -> Habits:
    """What the account shows before a date.

    Args:
        said_minor: what the customer said they can pay in a month; None: what came in on average over half a year
            counts, and where that is nothing, a share of the debt.
    """
    ended = [one.status for one in account.agreements.values()]
    kept, broken = ended.count(AgreementStatus.COMPLETED), ended.count(AgreementStatus.BROKEN)
    if said_minor is not None:
        return Habits(kept, broken, said_minor)
    since = as_of - timedelta(days=USUAL_MONTHS * MONTH_DAYS)
    came = [
        one.amount_minor for one in account.payments.values() if one.currency == currency and since <= one.on <= as_of
    ]
    usual = sum(came) // USUAL_MONTHS if len(came) >= USUAL_PAYMENTS else 0
    return Habits(kept, broken, usual or debt_minor * ASSUMED.usual_share_permille // THOUSAND)


class Worth(NamedTuple):
    """What a schedule is worth today (minor units).

    Attributes:
        expected_minor: with it. waiting_minor: without any agreement.
        completed_permille: the chance that every part comes.
    """

    expected_minor: int
    waiting_minor: int
    completed_permille: int


class Valuation:
    """Values schedules of one customer's debt; what they have in common is worked out once."""

    def __init__(
        self, outlook: Outlook, habits: Habits, cost_of_money_percent: Decimal, assumed: Assumptions = ASSUMED
    ) -> None:
        self._assumed = assumed
        self._habits = habits
        self._risk = (assumed.risk_permille if outlook.risk_permille is None else outlook.risk_permille) / THOUSAND
        self._yearly = 1 + float(cost_of_money_percent) / 100
        self._base = assumed.keeps + self._remembered() - assumed.risk * (self._risk - 0.5)
        self.recovered = self._curve(outlook)
        self.waiting = self._present(self.recovered)

    def of(self, parts: Sequence[AgreedInstalment], as_of: date) -> Worth:
        """What a schedule is worth, the charges within it included."""
        left = debt_minor = sum(part.amount_minor - part.charges_minor for part in parts)
        reached, expected, before = 1.0, 0, as_of
        for part in parts:
            days = (part.due_on - as_of).days
            comes = self.chance(
                part.amount_minor, max(1, (part.due_on - before).days), first=reached == 1.0 and before == as_of
            )
            now = self.later(days)
            salvage = self.waiting * self._assumed.salvaged_permille / THOUSAND
            expected += part.amount_minor * _millionths(reached * comes * now)
            expected += left * _millionths(reached * (1 - comes) * now * salvage)
            reached *= comes
            left -= part.amount_minor - part.charges_minor
            before = part.due_on
        return Worth(expected // MILLION, self.waiting_minor(debt_minor), round(THOUSAND * reached))

    def waiting_minor(self, debt_minor: int) -> int:
        """What comes in of a debt without any agreement, as worth today."""
        return debt_minor * _millionths(self.waiting) // MILLION

    def chance(self, amount_minor: int, gap_days: int, *, first: bool = False) -> float:
        """The chance that a part comes when all before it came."""
        can_pay = max(1, self._habits.monthly_minor)
        span = max(gap_days, MONTH_DAYS) if first else gap_days
        strain = min(2.0, amount_minor * MONTH_DAYS / (span * can_pay))
        stays = pow(1 - self._assumed.change_permille / THOUSAND, gap_days / MONTH_DAYS)
        return float(stays / (1 + exp(-(self._base - self._assumed.strain * (strain - 0.5)))))

    def _remembered(self) -> float:
        most = self._assumed.remembered
        kept, broken = min(most, self._habits.kept), min(most, self._habits.broken)
        return self._assumed.kept * kept - self._assumed.broken * broken

    def _curve(self, outlook: Outlook) -> list[float]:
        """The share recovered by the end of each month."""
        if outlook.recovered_permille:
            found = [one / THOUSAND for one in outlook.recovered_permille]
        else:
            falls = zip(self._assumed.certain, self._assumed.certain_falls, strict=True)
            found = [certain - fall * self._risk for certain, fall in falls]
        still_open = 1 - found[1]
        monthly = (found[2] - found[1]) / still_open if still_open > 0 else 0.0
        while len(found) < CURVE_MONTHS:
            monthly *= self._assumed.tail_permille / THOUSAND
            found.append(found[-1] + (1 - found[-1]) * monthly)
        return found

    def _present(self, curve: Sequence[float]) -> float:
        """What a recovery curve is worth today, of one unit; money is taken to come in the middle of each month."""
        total, before = 0.0, 0.0
        for month, recovered in enumerate(curve):
            total += (recovered - before) * self.later(month * MONTH_DAYS + MONTH_DAYS // 2)
            before = recovered
        return total

    def later(self, days: int) -> float:
        """What one unit after some days is worth today."""
        return float(self._yearly ** (-days / YEAR_DAYS))


def _millionths(share: float) -> int:
    return round(MILLION * share)
