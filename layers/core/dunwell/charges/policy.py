"""The creditor's policy on late fees and interest: versioned data. Without rules nothing is ever charged."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum

from dunwell.accounts.model import Customer, CustomerKind
from dunwell.charges.interest import Rounding, percent_of
from dunwell.errors import InvalidInputError


class Regime(StrEnum):
    """Where the right to charge comes from."""

    CONTRACT = "contract"
    UK_LATE_PAYMENT = "uk_late_payment"
    """Late Payment of Commercial Debts (Interest) Act 1998 and SI 2002/1675."""
    EU_LATE_PAYMENT = "eu_late_payment"
    """Directive 2011/7/EU as the member states enacted it."""


@dataclass(frozen=True, slots=True)
class Statute:
    """The numbers of a law.

    Attributes:
        reference: the reference rate that the margin (percentage points) is added to.
        reference_days: month and day whose rate holds for the first and for the second half-year.
        fixed_at_start: whether the rate of the half-year in which interest began stays for that debt.
        fixed_sums: least debt and the sum due for it once, smallest debt first (minor units of ``currency``).
    """

    reference: str
    margin_percent: Decimal
    reference_days: tuple[tuple[int, int], tuple[int, int]]
    fixed_at_start: bool
    currency: str
    fixed_sums: tuple[tuple[int, int], ...]

    def reference_day(self, day: date) -> date:
        """The day whose reference rate holds for the half-year of a day: never after that half-year began."""
        begins = date(day.year, 1 if day.month < 7 else 7, 1)
        month, number = self.reference_days[0 if day.month < 7 else 1]
        found = date(day.year, month, number)
        return found if found <= begins else found.replace(year=day.year - 1)


STATUTES = {
    Regime.UK_LATE_PAYMENT: Statute(
        "bank_rate", Decimal(8), ((12, 31), (6, 30)), True, "GBP", ((0, 40_00), (1_000_00, 70_00), (10_000_00, 100_00))
    ),
    Regime.EU_LATE_PAYMENT: Statute("ecb", Decimal(8), ((1, 1), (7, 1)), False, "EUR", ((0, 40_00),)),
}


@dataclass(frozen=True, slots=True)
class LateFee:
    """A sum due once for an invoice that is late.

    Attributes:
        flat_minor: by currency (minor units); or ``percent`` of what is late.
        at_most_minor: the most that a percentage comes to, by currency.
    """

    flat_minor: Mapping[str, int] = field(default_factory=dict)
    percent: Decimal | None = None
    at_most_minor: Mapping[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if bool(self.flat_minor) == (self.percent is not None):
            raise InvalidInputError("a late fee is either flat, by currency, or a percentage", field="late_fee")
        amounts = [*self.flat_minor.values(), *self.at_most_minor.values(), self.percent or 0]
        if min(amounts) < 0:
            raise InvalidInputError("a late fee is not negative", field="late_fee")

    def amount_minor(self, late_minor: int, currency: str, rounding: Rounding) -> int:
        """The fee for what is late; 0 in a currency that a flat fee does not name."""
        if self.percent is None:
            return self.flat_minor.get(currency, 0)
        found = percent_of(late_minor, self.percent, rounding)
        return min(found, self.at_most_minor.get(currency, found))


@dataclass(frozen=True, slots=True)
class ChargeRule:
    """What is charged, to whom, and for which days.

    To change terms, end a rule and add another one: a rule that is edited corrects what it charged before.

    Attributes:
        since, until: nothing is charged for days outside, both included.
        kinds, countries, currencies: whom it is for; empty countries or currencies stand for all.
        interest_percent: a year, for ``contract``; a statute has its own.
        margin_percent: more than the statute's own margin where national law grants more.
        late_fee: for ``contract``; a statute has its own fixed sums.
        grace_days: who pays within so many days after the due date is charged nothing; interest counts from the due
            date all the same when it takes longer. Statutes know none.
        max_percent: fees and interest of an invoice never exceed this percentage of its amount.
        on_disputed: whether interest runs on what the customer contests.
    """

    regime: Regime
    since: date
    until: date | None = None
    kinds: frozenset[CustomerKind] = frozenset({CustomerKind.BUSINESS})
    countries: frozenset[str] = frozenset()
    currencies: frozenset[str] = frozenset()
    interest_percent: Decimal = Decimal(0)
    margin_percent: Decimal | None = None
    late_fee: LateFee | None = None
    grace_days: int = 0
    max_percent: Decimal | None = None
    on_disputed: bool = False

    def __post_init__(self) -> None:
        if self.until and self.until < self.since:
            raise InvalidInputError("a charge rule ends on or after its first day", field="until")
        if self.grace_days < 0 or self.interest_percent < 0 or (self.max_percent or 0) < 0:
            raise InvalidInputError("days and percentages of a charge rule are not negative", field="charges")
        if self.statute:
            self._check_statute(self.statute)
        elif not (self.interest_percent or self.late_fee) or self.margin_percent is not None:
            raise InvalidInputError("a contract's rule says interest_percent or late_fee, and no margin_percent")

    def _check_statute(self, statute: Statute) -> None:
        if self.kinds != {CustomerKind.BUSINESS}:
            raise InvalidInputError(f"{self.regime} is for business customers only", field="kinds")
        if self.currencies != {statute.currency}:
            raise InvalidInputError(f"{self.regime} is for debts in {statute.currency}", field="currencies")
        if self.interest_percent or self.late_fee or self.grace_days:
            raise InvalidInputError(f"{self.regime} has its own interest, sums and days", field="regime")
        if self.margin_percent is not None and self.margin_percent < statute.margin_percent:
            raise InvalidInputError(f"{self.regime} grants {statute.margin_percent} points", field="margin_percent")

    @property
    def statute(self) -> Statute | None:
        """The law that it follows, or None for a contract."""
        return STATUTES.get(self.regime)

    def covers(self, customer: Customer, currency: str, day: date) -> bool:
        """Whether it is for a customer's debt in a currency on a day."""
        return (
            self.since <= day
            and (self.until is None or day <= self.until)
            and customer.kind in self.kinds
            and (not self.countries or customer.country in self.countries)
            and (not self.currencies or currency in self.currencies)
        )


@dataclass(frozen=True, slots=True)
class ChargePolicy:
    """All rules of a creditor.

    Attributes:
        rules: the first that covers a debt on a day counts.
        reference_rates: by name (``bank_rate``, ``ecb``), percent a year by the day on which the law looks at them.
    """

    rules: tuple[ChargeRule, ...] = ()
    rounding: Rounding = Rounding.HALF_UP
    reference_rates: Mapping[str, Mapping[date, Decimal]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for statute in STATUTES.values():
            for day in self.reference_rates.get(statute.reference, ()):
                if (day.month, day.day) not in statute.reference_days:
                    days = " or ".join(f"{month:02}-{number:02}" for month, number in statute.reference_days)
                    raise InvalidInputError(f"{statute.reference} is looked at on {days}, not on {day}")
        if unknown := set(self.reference_rates) - {statute.reference for statute in STATUTES.values()}:
            raise InvalidInputError(f"no statute refers to the rate {', '.join(sorted(unknown))}")

    def rule_for(self, customer: Customer, currency: str, day: date) -> ChargeRule | None:
        """The rule for a customer's debt in a currency on a day, or None: nothing is charged."""
        if customer.is_internal:
            return None
        return next((rule for rule in self.rules if rule.covers(customer, currency, day)), None)

    def percent(self, rule: ChargeRule, day: date, began_on: date) -> Decimal:
        """The interest of a rule on a day, percent a year.

        Args:
            began_on: the first day on which the debt was late.

        Raises:
            InvalidInputError: the reference rate of the half-year is not in the table.
        """
        statute = rule.statute
        if statute is None:
            return rule.interest_percent
        looked_at = statute.reference_day(began_on if statute.fixed_at_start else day)
        try:
            reference = self.reference_rates[statute.reference][looked_at]
        except KeyError:
            raise InvalidInputError(
                f"the policy has no {statute.reference} of {looked_at}: add it to charges.reference_rates",
                field="reference_rates",
            ) from None
        return reference + (statute.margin_percent if rule.margin_percent is None else rule.margin_percent)

    def fee_minor(self, rule: ChargeRule, late_minor: int, currency: str) -> int:
        """What is due once for a debt that is late (minor units)."""
        if rule.statute:
            return next(fee for least, fee in reversed(rule.statute.fixed_sums) if late_minor >= least)
        return rule.late_fee.amount_minor(late_minor, currency, self.rounding) if rule.late_fee else 0

    def turning_days(self) -> set[date]:
        """Days on which a rule begins or has ended, so that terms may change."""
        ended = {rule.until + timedelta(days=1) for rule in self.rules if rule.until}
        return {rule.since for rule in self.rules} | ended
